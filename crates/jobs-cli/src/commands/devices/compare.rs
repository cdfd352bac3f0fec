//! `devices diff`.

use jobs_devices::transform::{self, DiffOptions, DiffReport, Identity};

use super::source::Source;
use super::work;
use crate::args::Format;
use crate::args::devices::DiffArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::printer::{Printer, counted};
use crate::progress::Progress;

/// Compares two files.
pub(super) async fn diff(context: &Context, args: DiffArgs) -> Outcome {
    let (first, second) = (
        Source::open(context, &args.before)?,
        Source::open(context, &args.after)?,
    );
    let options = DiffOptions::new().with_etags(args.with_etags);
    let printer = context.printer.clone();
    let report = work::blocking(move || {
        let progress = Progress::bytes(&printer, "diff", None);
        let mut tell = |at: transform::Progress| progress.position(at.bytes);
        let mut with = transform::Context::new().progress(&mut tell);
        let command = work::piped("diff");
        let (first, first_read) = first.rows(&command)?;
        let (second, second_read) = second.rows(&command)?;
        let names = format!("{} or {}", first.name, second.name);
        let report = transform::diff(first_read, second_read, options, &mut with)
            .map_err(|error| work::failure(&names, error))?;
        first.refuse_without_rows((&report.summary.first).into(), &command)?;
        second.refuse_without_rows((&report.summary.second).into(), &command)?;
        Ok(report)
    })
    .await?;
    for (path, passed) in [
        (&args.before, &report.summary.first),
        (&args.after, &report.summary.second),
    ] {
        let file = format!("{}, ", path.display());
        for problem in &passed.problems {
            work::show_problem(&context.printer, &file, &work::to_value(problem)?);
        }
    }
    match context.printer.format {
        Format::Table => lines(&context.printer, &report)?,
        Format::Json | Format::Jsonl => {
            let mut document = work::to_value(&report)?;
            // Ids and the names of members are no secrets, whatever they look like; the words of a file may hold some.
            for read in ["first", "second"] {
                context.printer.mask(&mut document[read]);
            }
            context.printer.masked_json(&document)?;
        }
    }
    let bad = report.summary.first.bad_lines + report.summary.second.bad_lines;
    if bad > 0 {
        return Err(Failure::work(format_args!(
            "{} could not be compared",
            counted(bad, "bad line")
        )));
    }
    Ok(if report.is_same() {
        Exit::Done
    } else {
        Exit::WorkFailed
    })
}

fn lines(printer: &Printer, report: &DiffReport) -> Result<(), Failure> {
    let name = |identity: &Identity| match &identity.module_id {
        Some(module) => format!("{}/{module}", identity.id),
        None => identity.id.clone(),
    };
    let one_line = crate::printer::one_line;
    for identity in &report.removed {
        printer.line(&format!("- {}", one_line(&name(identity))))?;
    }
    for identity in &report.added {
        printer.line(&format!("+ {}", one_line(&name(identity))))?;
    }
    for changed in &report.changed {
        printer.line(&format!(
            "~ {}  {}",
            one_line(&name(&changed.identity)),
            one_line(&changed.fields.join(", "))
        ))?;
    }
    printer.note(format_args!(
        "{} added, {} removed, {} changed, {} the same",
        report.added.len(),
        report.removed.len(),
        report.changed.len(),
        report.summary.unchanged
    ));
    Ok(())
}
