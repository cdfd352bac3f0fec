//! One file for each command.

mod cancel;
mod completions;
mod demo;
mod devices;
mod doctor;
mod emulator;
mod export;
mod get;
mod import;
mod list;
mod man;
mod schedule;
mod schema;
mod wait;

use crate::args::Command;
use crate::context::Context;
use crate::failure::Outcome;
use crate::streams;

/// Runs one command.
pub(crate) async fn run(context: &Context, command: Command) -> Outcome {
    if prints(&command) {
        streams::refuse_closed_stdout()?;
    }
    match command {
        Command::Get(args) => get::get(context, &args).await,
        Command::List(args) => list::list(context, &args).await,
        Command::Export(args) => export::export(context, &args).await,
        Command::Import(args) => import::import(context, &args).await,
        Command::Wait(args) => wait::wait(context, &args).await,
        Command::Cancel(args) => cancel::cancel(context, &args).await,
        Command::Schedule(command) => schedule::run(context, command).await,
        Command::Doctor(args) => doctor::doctor(context, &args).await,
        Command::Devices(command) => devices::run(context, command).await,
        Command::Demo(args) => Box::pin(demo::run(context, &args)).await,
        Command::Completions(args) => completions::completions(context, &args),
        Command::Man(_) => man::man(context),
        Command::Schema(args) => schema::schema(context, &args),
        Command::Emulator(args) => emulator::run(context, args).await,
    }
}

/// Whether the command prints on standard output whatever happens. Where that is closed, it has to be known before anything is
/// changed. The dry run of an import may print nothing, nor may a command on device files that writes them to a file.
fn prints(command: &Command) -> bool {
    match command {
        Command::Devices(_) => false,
        Command::Import(args) => !args.change.dry_run,
        _ => true,
    }
}
