//! What a command is about to change on a hub: shown, limited and confirmed in one place, before anything is sent.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Read as _, Write as _};

use jobs_ext::JobsClient;
use serde_json::{Map, Value};

use crate::args::Format;
use crate::args::change::ChangeArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome, plain};
use crate::input;
use crate::printer::{Printer, counted, one_line};

/// The terminal itself, whatever standard input and output are connected to.
const TERMINAL: &str = if cfg!(windows) { "CONIN$" } else { "/dev/tty" };
/// The longest answer that is read.
const MAX_ANSWER: u64 = 1024;

/// A change that a command is about to make.
#[derive(Debug)]
pub(crate) struct Change {
    hub: String,
    noun: &'static str,
    count: Count,
    /// How many identities are touched, where that is less than `count`.
    identities: Option<u64>,
    what: String,
    dangers: Vec<String>,
}

/// How many rows or devices a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// This many: rows of a file, or devices.
    Known(u64),
    /// The number cannot be had before the change.
    Unknown,
}

/// What to do after [`Change::confirm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Decision {
    /// Make the change.
    Proceed,
    /// It was only to be shown.
    DryRun,
}

impl Change {
    /// A change of so many `noun`s ("row", "device") on the hub that this client talks to. `what` says what happens to them.
    pub(crate) fn new(
        client: &JobsClient,
        noun: &'static str,
        count: Count,
        what: impl Into<String>,
    ) -> Self {
        let endpoint = client.endpoint().to_string();
        let hub = endpoint.split_once("://").map_or("", |(_, host)| host);
        Self {
            hub: hub.to_owned(),
            noun,
            count,
            identities: None,
            what: what.into(),
            dangers: Vec::new(),
        }
    }

    /// Says that several rows are about one identity, so that fewer identities are touched than there are rows.
    pub(crate) fn touches(&mut self, identities: u64) {
        self.identities = Some(identities);
    }

    /// Adds a reason to ask first, such as `20 identities are deleted`.
    pub(crate) fn danger(&mut self, reason: impl Into<String>) {
        self.dangers.push(reason.into());
    }

    /// The members that describe the change in JSON output.
    pub(crate) fn members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert("hub".to_owned(), self.hub.as_str().into());
        if let Count::Known(count) = self.count {
            members.insert(format!("{}s", self.noun), count.into());
        }
        members
    }

    /// What a dry run prints besides the line: the request that would be sent; in JSON within a document about the change.
    pub(crate) fn show(&self, printer: &Printer, request: Value) -> Outcome {
        if printer.format == Format::Table {
            printer.json(request)?;
            return Ok(Exit::Done);
        }
        let mut members = self.members();
        members.insert("dryRun".to_owned(), true.into());
        members.insert("request".to_owned(), request);
        printer.json(Value::Object(members))?;
        Ok(Exit::Done)
    }

    /// Prints the line about the change, also with `-q`, holds it against `--max-devices`, and asks the question where there is a danger.
    ///
    /// The question is asked on the terminal when standard input and standard error are terminals. Otherwise `--yes` has to be given.
    pub(crate) async fn confirm(
        &self,
        context: &Context,
        args: &ChangeArgs,
    ) -> Result<Decision, Failure> {
        context.printer.always(self.line());
        let over_limit = self.over_limit(args.max_devices);
        if args.dry_run {
            for reason in over_limit.iter().chain(&self.dangers) {
                context.printer.always(format_args!("warning: {reason}"));
            }
            context.printer.note("dry run: nothing was changed");
            return Ok(Decision::DryRun);
        }
        if let Some(reason) = over_limit {
            return Err(Failure::usage(format_args!(
                "{reason}; nothing was changed"
            )));
        }
        if self.dangers.is_empty() || args.yes {
            return Ok(Decision::Proceed);
        }
        let question = self.dangers.join("; ");
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            return Err(Failure::usage(format_args!(
                "{question}: this needs a confirmation, and there is no terminal to ask on; nothing was changed"
            ))
            .hint("look at the change with --dry-run, then add --yes"));
        }
        context.job.asking();
        let is_confirmed = ask(format!("{question}. Continue?")).await?;
        context.job.preparing();
        if is_confirmed {
            return Ok(Decision::Proceed);
        }
        Err(Failure::usage("not confirmed; nothing was changed"))
    }

    /// `hub HOST: 300 rows: 280 createOrUpdate, 20 delete`.
    pub(crate) fn line(&self) -> String {
        let Self {
            hub, noun, what, ..
        } = self;
        match self.count {
            Count::Known(count) => format!("hub {hub}: {}: {what}", counted(count, noun)),
            Count::Unknown => format!("hub {hub}: {noun}s unknown: {what}"),
        }
    }

    fn over_limit(&self, limit: Option<u64>) -> Option<String> {
        let limit = limit?;
        match self.identities.map_or(self.count, Count::Known) {
            Count::Known(count) if count <= limit => None,
            Count::Known(count) => Some(format!(
                "--max-devices {limit}: {} would be touched",
                counted(count, "identity")
            )),
            Count::Unknown => Some(format!(
                "--max-devices {limit}: the number of identities that would be touched is unknown"
            )),
        }
    }
}

/// Asks on the terminal; anything but `y` or `yes` is a no.
async fn ask(question: String) -> Result<bool, Failure> {
    // Standard error is the terminal. If it cannot be written, there is nobody to answer.
    write!(io::stderr().lock(), "{} [y/N] ", one_line(&question))
        .map_err(|error| Failure::usage(format_args!("cannot ask: {}", plain(&error))))?;
    let answer = input::aside(|| {
        let mut answer = String::new();
        match File::open(TERMINAL) {
            Ok(terminal) => BufReader::new(terminal.take(MAX_ANSWER)).read_line(&mut answer)?,
            // A terminal that the process has but does not control is standard input itself.
            Err(_) => io::stdin().lock().take(MAX_ANSWER).read_line(&mut answer)?,
        };
        Ok(answer)
    })
    .await
    .map_err(|error| Failure::usage(format_args!("cannot read the answer: {}", plain(&error))))?;
    Ok(matches!(
        answer.trim().to_ascii_lowercase().as_str(),
        "y" | "yes"
    ))
}
