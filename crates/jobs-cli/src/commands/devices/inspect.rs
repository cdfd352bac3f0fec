//! What is in a device file: `stats` and `check`.

use jobs_devices::transform::{self, CheckReport, Purpose, Stats};

use super::work::{self, Source};
use crate::args::Format;
use crate::args::devices::{CheckArgs, PurposeArg, StatsArgs};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::printer::{Printer, counted, one_line};
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
        for source in sources {
            let added = stats.add(source.read);
            added.map_err(|error| work::failure(&source.name, error))?;
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

/// Reports what the hub would refuse or silently change; an error among the findings makes the command fail.
pub(super) async fn check(context: &Context, args: CheckArgs) -> Outcome {
    let source = Source::open(context, &args.file)?;
    let purpose = match args.purpose {
        PurposeArg::Export => Purpose::Export,
        PurposeArg::Import => Purpose::Import,
    };
    let name = source.name.clone();
    let printer = context.printer.clone();
    let report = work::blocking(move || {
        let progress = Progress::bytes(&printer, "check", source.size);
        let mut tell = |at: transform::Progress| progress.position(at.bytes);
        let mut with = transform::Context::new().progress(&mut tell);
        transform::check(source.read, purpose, &mut with)
            .map_err(|error| work::failure(&source.name, error))
    })
    .await?;
    match context.printer.format {
        Format::Table => lines(&context.printer, &name, &report)?,
        Format::Json | Format::Jsonl => context.printer.json(work::to_value(&report)?)?,
    }
    let shown = report.findings.len() as u64;
    if report.errors + report.warnings > shown {
        context.printer.warn(format_args!(
            "{shown} of {} findings are shown; cure these and check again",
            report.errors + report.warnings
        ));
    }
    Ok(if report.has_errors() {
        Exit::WorkFailed
    } else {
        Exit::Done
    })
}

/// One line for each finding, as compilers write them, so that editors can jump to the place.
fn lines(printer: &Printer, name: &str, report: &CheckReport) -> Result<(), Failure> {
    for finding in &report.findings {
        let text = format!(
            "{name}:{}: {}: {} [{}]",
            finding.line,
            finding.severity.as_str(),
            finding.message,
            finding.rule
        );
        printer.line(&one_line(&crate::redact::text(&text)))?;
    }
    printer.note(format_args!(
        "{}: {}, {}",
        counted(report.rows, "row"),
        counted(report.errors, "error"),
        counted(report.warnings, "warning")
    ));
    Ok(())
}
