//! `iothub-jobs`: the command line for Azure IoT Hub jobs, device files and a local hub.

mod app;
mod args;
mod assignments;
mod change;
mod commands;
mod context;
mod duration;
mod entra;
mod environment;
mod exit;
mod failure;
mod following;
mod groups;
mod hub;
mod input;
mod input_file;
mod job_view;
mod json_input;
mod outfile;
mod printer;
mod progress;
mod proxy;
mod recognize;
mod redact;
mod rejects;
mod secret_file;
mod settings;
mod signals;
mod start_time;
mod streams;
mod supervisor;
mod table;
mod trace;
mod watcher;

fn main() -> std::process::ExitCode {
    app::run(
        std::env::args_os(),
        environment::Environment::from_process(),
    )
    .into()
}
