//! The command line as clap types. Nothing here reads a file, an environment variable or the network.

pub(crate) mod change;
pub(crate) mod devices;
pub(crate) mod doctor;
pub(crate) mod hub;
pub(crate) mod jobs;
pub(crate) mod local;
pub(crate) mod schedule;

use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::{duration, environment, exit};

/// Jobs of an Azure IoT Hub, the device files they read and write, and a local hub to try them on.
#[derive(Parser, Debug)]
#[command(
    name = "iothub-jobs",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = "Start with `iothub-jobs demo`: the whole round trip on a hub inside this program.\n\
                  `iothub-jobs --help` lists environment variables and exit codes.",
    after_long_help = long_help(),
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) hub: hub::HubArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

fn long_help() -> String {
    format!(
        "{}\n\n{}\n\n\
         Data goes to standard output, everything else to standard error. Durations are written like\n\
         250ms, 2s, 1m30s. Global options may stand before or after the command.\n\n\
         Examples:\n  \
         iothub-jobs demo\n  \
         iothub-jobs export --container-file container.uri --download devices.txt\n  \
         iothub-jobs import devices.txt --container-file container.uri\n  \
         iothub-jobs devices check devices.txt --for import",
        environment::HELP,
        exit::HELP
    )
}

/// How results and messages are shown; accepted before and after the command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output options")]
pub(crate) struct OutputArgs {
    /// Form of the data on standard output
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value = "table"
    )]
    pub(crate) output: Format,
    /// Print secrets (keys, signatures) in data instead of masking them
    #[arg(long, global = true)]
    pub(crate) show_secrets: bool,
    /// No messages but errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Log what happens to standard error; twice for more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// No progress bars or progress lines
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
    /// Give up when the whole command takes longer, for example 10m
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration::parse_positive)]
    pub(crate) timeout: Option<Duration>,
}

/// The forms of data on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns for people
    Table,
    /// One JSON document
    Json,
    /// One JSON document a line
    Jsonl,
}

/// Every command.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Get(jobs::GetArgs),
    List(jobs::ListArgs),
    Export(jobs::ExportArgs),
    Import(jobs::ImportArgs),
    Wait(jobs::WaitArgs),
    Cancel(jobs::CancelArgs),
    #[command(subcommand)]
    Schedule(schedule::ScheduleCommand),
    Doctor(doctor::DoctorArgs),
    #[command(subcommand)]
    Devices(devices::DevicesCommand),
    Emulator(local::EmulatorArgs),
    Demo(local::DemoArgs),
    Completions(local::CompletionsArgs),
    Man(local::ManArgs),
    Schema(local::SchemaArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        let options = ["-o", "json", "--timeout", "1m30s", "--host", "h"];
        let before = ["iothub-jobs"].iter().chain(&options).chain(&["get", "id"]);
        let after = ["iothub-jobs", "get", "id"].iter().chain(&options);
        for cli in [Cli::try_parse_from(before), Cli::try_parse_from(after)] {
            let cli = cli.unwrap();
            assert_eq!(cli.output.output, Format::Json);
            assert_eq!(cli.output.timeout, Some(Duration::from_secs(90)));
            assert_eq!(cli.hub.host.as_deref(), Some("h"));
        }
    }

    #[test]
    fn no_option_takes_a_key_as_its_value() {
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                let long = argument.get_long().unwrap_or_default();
                let secret = [
                    "connection-string",
                    "key",
                    "token",
                    "secret",
                    "password",
                    "sas",
                ]
                .contains(&long);
                assert!(!secret, "{} --{long}", command.get_name());
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }
}
