//! From arguments to an exit code.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::args::{Cli, Command};
use crate::context::Context;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::printer::{self, Printer};
use crate::signals::Signals;
use crate::{commands, outfile, redact, trace};

/// Runs one command line.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>, environment: Environment) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return show_parse_error(&error, &environment),
    };
    let printer = Printer::new(&cli.output, &environment);
    trace::install(
        cli.output.verbose,
        io::stderr().is_terminal() && !environment.no_color,
    );
    let verbose = cli.output.verbose > 0;
    let outcome = in_runtime(cli, environment, &printer);
    outfile::remove_unfinished();
    match outcome {
        Ok(exit) => exit,
        Err(failure) => {
            printer.failure(&failure, verbose);
            failure.exit()
        }
    }
}

fn in_runtime(cli: Cli, environment: Environment, printer: &Printer) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::usage(format_args!("cannot start: {error}")))?;
    let outcome = runtime.block_on(async {
        // Handlers stand before anything else happens, so that no signal is lost.
        let signals = Signals::install()
            .map_err(|error| Failure::usage(format_args!("cannot handle signals: {error}")))?;
        let timeout = cli.output.timeout;
        let context = Context::new(cli.hub, environment, timeout, printer.clone());
        if let Command::Emulator(args) = cli.command {
            return commands::emulator::run(&context, args, signals, timeout).await;
        }
        bounded(&context, cli.command, signals, timeout).await
    });
    // A thread that is blocked in a read must not hold up the end.
    runtime.shutdown_background();
    outcome
}

/// The command, a signal or the time limit: whichever comes first.
async fn bounded(
    context: &Context,
    command: Command,
    mut signals: Signals,
    timeout: Option<Duration>,
) -> Outcome {
    // In this order, so that the limit on the whole begins before, and is seen before, that of a request.
    let outcome = tokio::select! {
        biased;
        () = signals.next() => Err(context.job.interrupted()),
        () = limit(timeout) => Err(context.job.timed_out(timeout.unwrap_or_default())),
        outcome = Box::pin(commands::run(context, command)) => outcome,
    };
    outcome.map_err(|failure| context.complete(failure))
}

/// Waits for the end of the time that the whole command was given.
pub(crate) async fn limit(timeout: Option<Duration>) {
    match timeout {
        Some(length) => tokio::time::sleep(length).await,
        None => std::future::pending().await,
    }
}

/// Help and version go to standard output; a usage error goes to standard error without any secret that it quotes.
fn show_parse_error(error: &clap::Error, environment: &Environment) -> Exit {
    let rendered = error.render();
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        let text = if io::stdout().is_terminal() && !environment.no_color {
            rendered.ansi().to_string()
        } else {
            rendered.to_string()
        };
        let mut out = io::stdout().lock();
        return match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            // A closed pipe is no error.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let failure = Failure::stdout(&error);
                let _ = writeln!(io::stderr().lock(), "error: {}", failure.message());
                failure.exit()
            }
            _ => Exit::Done,
        };
    }
    let text = if io::stderr().is_terminal() && !environment.no_color {
        rendered.ansi().to_string()
    } else {
        rendered.to_string()
    };
    let _ = io::stderr()
        .lock()
        .write_all(printer::bounded(&redact::message(&text)).as_bytes());
    Exit::Usage
}
