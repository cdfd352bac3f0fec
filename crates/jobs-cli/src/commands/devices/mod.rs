//! `devices …`: commands on device files.

mod compare;
pub(crate) mod findings;
mod inspect;
mod produce;
mod reshape;
mod source;
mod split;
mod spool;
mod targets;
pub(crate) mod work;

use crate::args::devices::DevicesCommand;
use crate::context::Context;
use crate::failure::Outcome;

/// Runs one of them.
pub(crate) async fn run(context: &Context, command: DevicesCommand) -> Outcome {
    match command {
        DevicesCommand::Stats(args) => inspect::stats(context, args).await,
        DevicesCommand::Check(args) => inspect::check(context, args).await,
        DevicesCommand::Filter(args) => reshape::filter(context, args).await,
        DevicesCommand::SetMode(args) => reshape::set_mode(context, args).await,
        DevicesCommand::PrepareImport(args) => reshape::prepare_import(context, args).await,
        DevicesCommand::Split(args) => split::split(context, args).await,
        DevicesCommand::Merge(args) => reshape::merge(context, args).await,
        DevicesCommand::Diff(args) => compare::diff(context, args).await,
        DevicesCommand::Convert(args) => produce::convert(context, args).await,
        DevicesCommand::Generate(args) => produce::generate(context, args).await,
        DevicesCommand::Anonymise(args) => produce::anonymise(context, args).await,
    }
}
