//! What is in a device file: `stats` and `check`.

use jobs_devices::transform::{self, CheckReport, Finding, Purpose, Stats, StatsReport};

use super::findings::{Every, Summary};
use super::source::{Lines, Source};
use super::work;
use crate::args::Format;
use crate::args::devices::{CheckArgs, PurposeArg, StatsArgs};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::printer::{Printer, counted};
use crate::progress::Progress;

/// Counts what all files hold together. Bad lines are counted too, and no failure.
pub(super) async fn stats(context: &Context, args: StatsArgs) -> Outcome {
    let sources = args
        .files
        .iter()
        .map(|path| Source::open(context, path))
        .collect::<Result<Vec<_>, _>>()?;
    let printer = context.printer.clone();
    let report = work::blocking(move || {
        let size = sources.iter().map(|source| source.size).sum();
        let progress = Progress::bytes(&printer, "stats", size);
        let mut tell = |at: transform::Progress| progress.position(at.bytes);
        let mut with = transform::Context::new().progress(&mut tell);
        let mut stats = Stats::new(&mut with);
        let command = work::piped("stats");
        for source in sources {
            let (input, read) = source.rows(&command)?;
            let before = lines(stats.so_far());
            let added = stats.add(read);
            added.map_err(|error| work::failure(&input.name, error))?;
            let after = lines(stats.so_far());
            let added = Lines {
                rows: after.rows - before.rows,
                bad: after.bad - before.bad,
                notices: after.notices - before.notices,
            };
            input.refuse_format(added, &command)?;
        }
        stats
            .finish()
            .map_err(|error| work::failure("the files", error))
    })
    .await?;
    let report = work::to_value(&report)?;
    match context.printer.format {
        Format::Table => context.printer.table(&work::properties(&report))?,
        Format::Json | Format::Jsonl => context.printer.json(report)?,
    }
    Ok(Exit::Done)
}

fn lines(report: &StatsReport) -> Lines {
    Lines {
        rows: report.rows,
        bad: report.bad_lines,
        notices: report.notices,
    }
}

/// Reports what the hub would refuse or silently change; an error among the findings makes the command fail.
pub(super) async fn check(context: &Context, args: CheckArgs) -> Outcome {
    let source = Source::open(context, &args.file)?;
    let purpose = match args.purpose {
        PurposeArg::Export => Purpose::Export,
        PurposeArg::Import => Purpose::Import,
    };
    let every = args.all || context.printer.format != Format::Table;
    let printer = context.printer.clone();
    let found = work::blocking(move || {
        if every {
            print_every(&printer, source, purpose)
        } else {
            print_summary(&printer, source, purpose)
        }
    })
    .await?;
    let report = found.report;
    if context.printer.format == Format::Table {
        context.printer.note(format_args!(
            "{}: {}, {}",
            counted(report.rows, "row"),
            counted(report.errors, "error"),
            counted(report.warnings, "warning")
        ));
    }
    Ok(if found.is_of_another_format {
        // As every other command that reads a device file.
        Exit::Usage
    } else if report.has_errors() {
        Exit::WorkFailed
    } else {
        Exit::Done
    })
}

/// The rule of a file that is not a device file.
const FORMAT: &str = "format";

/// What a check found.
struct Found {
    report: CheckReport,
    is_of_another_format: bool,
}

fn print_every(printer: &Printer, source: Source, purpose: Purpose) -> Result<Found, Failure> {
    let name = source.name.clone();
    let mut every = Every::new(printer, &name);
    let mut written = Ok(());
    let found = find(printer, source, purpose, |finding| {
        if written.is_ok() {
            written = every.add(&finding);
        }
    })?;
    written?;
    every.finish(found.report.rows)?;
    Ok(found)
}

fn print_summary(printer: &Printer, source: Source, purpose: Purpose) -> Result<Found, Failure> {
    let name = source.name.clone();
    let mut summary = Summary::new();
    let found = find(printer, source, purpose, |finding| summary.add(finding))?;
    let lines = summary.lines(&name, "--all");
    lines.iter().try_for_each(|line| printer.line(line))?;
    Ok(found)
}

fn find(
    printer: &Printer,
    source: Source,
    purpose: Purpose,
    mut each: impl FnMut(Finding),
) -> Result<Found, Failure> {
    let progress = Progress::bytes(printer, "check", source.size);
    let mut tell = |at: transform::Progress| progress.position(at.bytes);
    let mut with = transform::Context::new().progress(&mut tell);
    let mut is_of_another_format = false;
    let report = transform::check_each(source.read, purpose, &mut with, |finding| {
        is_of_another_format |= finding.rule == FORMAT;
        each(finding);
    })
    .map_err(|error| work::failure(&source.name, error))?;
    Ok(Found {
        report,
        is_of_another_format,
    })
}
