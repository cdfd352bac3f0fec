//! One file for each command.

mod completions;
mod devices;
pub(crate) mod emulator;

use crate::args::Command;
use crate::context::Context;
use crate::failure::Outcome;

/// Runs one command.
pub(crate) async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Completions(args) => completions::completions(context, &args),
        Command::Devices(command) => Box::pin(devices::run(context, command)).await,
        Command::Man(_) => completions::man(context),
        Command::Emulator(_) => Ok(crate::exit::Exit::Done),
    }
}
