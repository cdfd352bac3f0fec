//! `completions SHELL` and `man`.

use clap::CommandFactory as _;

use crate::args::Cli;
use crate::args::local::CompletionsArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Outcome;

/// Prints a completion script.
pub(crate) fn completions(context: &Context, args: &CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "iothub-jobs", &mut script);
    context.printer.raw(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
