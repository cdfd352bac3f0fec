//! What the device-file commands share: running a transform, progress, reports, exit codes.

use std::io::{self, Read};

use jobs_devices::transform::{self, TransformError};
use serde::Serialize;
use serde_json::Value;

use super::source::{Input, Lines, Source};
use super::targets::{Lost, Results, Targets};
use crate::args::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome, plain};
use crate::outfile;
use crate::printer::Printer;
use crate::progress::Progress;
use crate::table::Table;

/// How many problems are quoted on standard error; the rest are counted.
const MOST_QUOTED: usize = 20;

/// Why a transform stopped: by itself, or by the command around it.
pub(super) enum Stop {
    Transform(TransformError),
    Command(Failure),
}

impl From<TransformError> for Stop {
    fn from(error: TransformError) -> Self {
        Self::Transform(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Command(failure)
    }
}

/// The arguments of `iothub-jobs` that read a device file from a pipe.
pub(super) fn piped(label: &str) -> String {
    match label {
        "stats" | "check" | "merge" => format!("devices {label} -"),
        _ => format!("devices {label} - …"),
    }
}

/// Runs one transform on a thread of its own and reports what it did.
pub(super) async fn run<Report, Error, Work>(
    context: &Context,
    label: &'static str,
    source: Source,
    targets: Targets,
    work: Work,
) -> Outcome
where
    Report: Serialize + Send + 'static,
    Error: Into<Stop>,
    Work: FnOnce(
            Box<dyn Read + Send>,
            &mut Results,
            &mut transform::Context<'_>,
        ) -> Result<Report, Error>
        + Send
        + 'static,
{
    let size = source.size;
    run_recognized(context, label, size, targets, work, move || {
        source.rows(&piped(label))
    })
    .await
}

/// As [`run`], for a command that reads other formats as well: `open` recognizes the input on the thread of the transform.
pub(super) async fn run_recognized<Report, Error, Work>(
    context: &Context,
    label: &'static str,
    size: Option<u64>,
    targets: Targets,
    work: Work,
    open: impl FnOnce() -> Result<(Input, Box<dyn Read + Send>), Failure> + Send + 'static,
) -> Outcome
where
    Report: Serialize + Send + 'static,
    Error: Into<Stop>,
    Work: FnOnce(
            Box<dyn Read + Send>,
            &mut Results,
            &mut transform::Context<'_>,
        ) -> Result<Report, Error>
        + Send
        + 'static,
{
    let printer = context.printer.clone();
    let (to_stdout, skips) = (targets.to_stdout, targets.skip_bad_lines);
    let report = blocking(move || {
        let (input, read) = open()?;
        let progress = Progress::bytes(&printer, label, size);
        let mut update = |at: transform::Progress| progress.position(at.bytes);
        let done = transform_file(&printer, label, (&input, read), targets, &mut update, work)?;
        progress.finish();
        Ok(done)
    })
    .await?;
    let Some(report) = report else {
        return Ok(Exit::Done);
    };
    show_report(&context.printer, label, &report, to_stdout, skips)
}

fn transform_file<Report: Serialize, Error: Into<Stop>>(
    printer: &Printer,
    label: &str,
    (input, read): (&Input, Box<dyn Read + Send>),
    mut targets: Targets,
    progress: &mut dyn FnMut(transform::Progress),
    work: impl FnOnce(
        Box<dyn Read + Send>,
        &mut Results,
        &mut transform::Context<'_>,
    ) -> Result<Report, Error>,
) -> Result<Option<Value>, Failure> {
    let mut context = transform::Context::new().progress(progress);
    if let Some(rejects) = &mut targets.rejects {
        context = context.rejects(rejects);
    }
    let report = match work(read, &mut targets.results, &mut context).map_err(Into::into) {
        Ok(report) => to_value(&report)?,
        Err(Stop::Transform(TransformError::Write(error)))
            if targets.to_stdout && outfile::system(&error).kind() == io::ErrorKind::BrokenPipe =>
        {
            return Ok(None);
        }
        Err(Stop::Transform(error)) => return Err(failure(&input.name, error)),
        Err(Stop::Command(failure)) => {
            targets.results.out.discard();
            return Err(failure);
        }
    };
    let lines = Lines::of_report(&report);
    // The sentence about the format says it all.
    if let Err(failure) = input.refuse_format(lines, &piped(label)) {
        targets.results.out.discard();
        return Err(failure);
    }
    let judged = input
        .refuse_no_row(lines, first_bad_line(&report))
        .and_then(|()| targets.refuse_loss(Lost::of_report(&report)));
    if let Err(failure) = judged {
        show_problems(printer, &report);
        targets.results.out.discard();
        return Err(failure);
    }
    targets.finish()?;
    Ok(Some(report))
}

/// Work that would block the threads of the runtime.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Failure::work(format_args!("the work broke off: {error}"))),
    }
}

/// A report as its JSON document.
pub(super) fn to_value(report: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(report)
        .map_err(|error| Failure::work(format_args!("the report cannot be shown: {error}")))
}

/// Why a transform ended, with the name of the file.
pub(crate) fn failure(name: &str, error: TransformError) -> Failure {
    match error {
        TransformError::Read(error) => {
            Failure::usage(format_args!("cannot read {name}: {}", plain(&error)))
        }
        TransformError::Write(error) => Failure::usage(outfile::write_message(&error)),
        TransformError::Input { line, message } => {
            Failure::usage(format_args!("{name}, line {line}: {message}"))
        }
        TransformError::Spill(error) => no_temporary_file(&error),
        other => Failure::of_chain(&other),
    }
}

/// A file for what does not fit into memory cannot be made, written or read.
pub(super) fn no_temporary_file(error: &io::Error) -> Failure {
    let folder = std::env::temp_dir();
    Failure::usage(format_args!(
        "cannot use a temporary file in {}: {}",
        folder.display(),
        plain(error)
    ))
    .hint("set TMPDIR to a folder with room")
}

/// Shows a report where the data is not: on standard output when the data went to a file. Lines that were left out make the command
/// fail, except bad lines with `--skip-bad-lines`.
pub(super) fn show_report(
    printer: &Printer,
    label: &str,
    report: &Value,
    data_on_stdout: bool,
    skips_bad_lines: bool,
) -> Outcome {
    show_problems(printer, report);
    match (data_on_stdout, printer.format) {
        (false, Format::Table) => printer.table(&properties(report))?,
        (false, Format::Json | Format::Jsonl) => printer.json(report.clone())?,
        (true, Format::Table) => printer.note(format_args!("{label}: {}", sentence(report))),
        (true, Format::Json | Format::Jsonl) => printer.note(report),
    }
    let lost: &[&str] = match skips_bad_lines {
        true => &["refused"],
        false => &["badLines", "refused", "laterNotices"],
    };
    let lost = lost
        .iter()
        .filter_map(|name| report.get(*name)?.as_u64())
        .sum::<u64>();
    if lost > 0 {
        let rows = if lost == 1 { "line was" } else { "lines were" };
        return Err(Failure::work(format_args!("{lost} {rows} not taken over")));
    }
    Ok(Exit::Done)
}

/// The first line that is not a row, and why.
fn first_bad_line(report: &Value) -> Option<String> {
    let problems = report.get("problems")?.as_array()?;
    let first = problems
        .iter()
        .find(|problem| problem.get("kind").and_then(Value::as_str) == Some("badLine"))?;
    let message = first.get("message")?.as_str()?;
    Some(format!("line {}: {message}", first.get("line")?))
}

fn show_problems(printer: &Printer, report: &Value) {
    let problems = report
        .get("problems")
        .and_then(Value::as_array)
        .map(Vec::as_slice);
    let problems = problems.unwrap_or_default();
    for problem in problems.iter().take(MOST_QUOTED) {
        show_problem(printer, "", problem);
    }
    if problems.len() > MOST_QUOTED {
        printer.note(format_args!(
            "and {} more lines with problems",
            problems.len() - MOST_QUOTED
        ));
    }
}

/// One line of a file that needs attention; the hub's own words in a file are no fault.
pub(super) fn show_problem(printer: &Printer, file: &str, problem: &Value) {
    let text = |name: &str| {
        problem
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let line = problem
        .get("line")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    let subject = match (text("id"), text("moduleId")) {
        ("", _) => String::new(),
        (id, "") => format!("{id}: "),
        (id, module) => format!("{id}/{module}: "),
    };
    let message = format!("{file}line {line}: {subject}{}", text("message"));
    if text("kind") == "notice" {
        printer.note(format_args!("{message} (a notice, no row)"));
    } else {
        printer.warn(message);
    }
}

/// The members of a report, nested ones under their path; lists are shown elsewhere.
pub(super) fn properties(report: &Value) -> Table {
    let mut table = Table::properties();
    for (name, value) in scalars(report) {
        table.row([&name, &value]);
    }
    table
}

/// What reports count, by names that have an `s` too many when there is one.
const COUNTED: [&str; 10] = [
    "rows",
    "cut lines",
    "later notices",
    "notices",
    "bad lines",
    "devices",
    "modules",
    "system modules",
    "duplicates",
    "files",
];

fn sentence(report: &Value) -> String {
    scalars(report)
        .into_iter()
        .map(
            |(name, value)| match (value.as_str(), name.strip_suffix('s')) {
                ("1", Some(one)) if COUNTED.contains(&name.as_str()) => format!("1 {one}"),
                _ => format!("{value} {name}"),
            },
        )
        .collect::<Vec<_>>()
        .join(", ")
}

fn scalars(report: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, value) in report.as_object().into_iter().flatten() {
        match value {
            Value::Object(inner) => {
                found.extend(
                    inner
                        .iter()
                        .map(|(key, value)| (format!("{}: {key}", words(name)), text(value))),
                );
            }
            Value::Array(_) | Value::Null => {}
            other => found.push((words(name), text(other))),
        }
    }
    found
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// `badLines` as `bad lines`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_reads_as_words() {
        let report = json!({"badLines": 1, "byStatus": {"enabled": 2}, "problems": [], "rows": 3});
        assert_eq!(
            sentence(&report),
            "1 bad line, 2 by status: enabled, 3 rows"
        );
        assert_eq!(
            properties(&report).to_string(),
            "bad lines           1\nby status: enabled  2\nrows                3\n"
        );
    }
}
