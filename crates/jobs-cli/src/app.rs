//! From arguments to an exit code.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::args::Cli;
use crate::context::Context;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::{self, Printer};
use crate::{redact, streams, supervisor, trace};

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
    let context = Context::new(cli.hub, environment, cli.output.timeout, printer.clone());
    supervisor::run(context, cli.command, move |failure| {
        printer.failure(failure, verbose);
    })
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
        if let Err(failure) = streams::refuse_closed_stdout() {
            let _ = writeln!(io::stderr().lock(), "error: {}", failure.message());
            return failure.exit();
        }
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
