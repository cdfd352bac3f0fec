//! `iothub-jobs`: the command line for Azure IoT Hub jobs, device files and a local hub.

#![expect(dead_code, reason = "the commands that talk to a hub use the rest")]

mod app;
mod args;
mod commands;
mod context;
mod duration;
mod environment;
mod exit;
mod failure;
mod outfile;
mod printer;
mod progress;
mod redact;
mod settings;
mod signals;
mod table;
mod trace;

fn main() -> std::process::ExitCode {
    app::run(
        std::env::args_os(),
        environment::Environment::from_process(),
    )
    .into()
}
