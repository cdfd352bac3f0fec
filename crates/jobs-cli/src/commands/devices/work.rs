//! What the device-file commands share: opening files, progress, reports, exit codes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use jobs_devices::transform::{self, TransformError};
use serde::Serialize;
use serde_json::Value;

use crate::args::Format;
use crate::args::devices::OutArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome, plain};
use crate::outfile::{self, Output};
use crate::printer::Printer;
use crate::progress::Progress;
use crate::table::Table;

/// How many problems are quoted on standard error; the rest are counted.
const MOST_QUOTED: usize = 20;

/// Something to read device rows from.
pub(super) struct Source {
    pub(super) read: Box<dyn Read + Send>,
    pub(super) name: String,
    pub(super) size: Option<u64>,
}

impl Source {
    /// Opens a file, or standard input for `-`.
    pub(super) fn open(context: &Context, path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            context.stdin.take("FILE")?;
            return Ok(Self {
                read: Box::new(io::stdin()),
                name: "standard input".to_owned(),
                size: None,
            });
        }
        let file: File = outfile::open(path)?;
        let size = file
            .metadata()
            .ok()
            .filter(std::fs::Metadata::is_file)
            .map(|metadata| metadata.len());
        Ok(Self {
            read: Box::new(file),
            name: path.display().to_string(),
            size,
        })
    }
}

/// As much of a file as its form can be told from.
const BEGINNING: usize = 64 * 1024;

impl Source {
    /// The beginning of the file, which is read again afterwards.
    pub(super) fn beginning(mut self) -> Result<(Vec<u8>, Self), Failure> {
        let mut start = Vec::new();
        let read = (&mut self.read)
            .take(BEGINNING as u64)
            .read_to_end(&mut start);
        read.map_err(|error| {
            Failure::usage(format_args!("cannot read {}: {}", self.name, plain(&error)))
        })?;
        let again = io::Cursor::new(start.clone()).chain(self.read);
        Ok((
            start,
            Self {
                read: Box::new(again),
                ..self
            },
        ))
    }
}

/// Where a transform writes, and where it leaves the lines that it cannot take.
pub(super) struct Targets {
    pub(super) out: Output,
    rejects: Option<Output>,
    /// Whether rows go to standard output, so that a report cannot.
    to_stdout: bool,
}

impl Targets {
    pub(super) fn create(args: &OutArgs, inputs: &[&Path]) -> Result<Self, Failure> {
        let rejects = args.rejects.as_deref();
        outfile::refuse_same(&[("--out", Some(&args.out)), ("--rejects", rejects)])?;
        for input in inputs.iter().filter(|input| **input != Path::new("-")) {
            outfile::refuse_same(&[("FILE", Some(input)), ("--rejects", rejects)])?;
        }
        let rejects = args.rejects.as_deref().map(Output::create).transpose()?;
        Ok(Self {
            out: Output::create(&args.out)?,
            rejects,
            to_stdout: [Some(args.out.as_path()), args.rejects.as_deref()]
                .contains(&Some(Path::new("-"))),
        })
    }
}

/// Refuses to write over a file that the command reads for something other than its rows.
pub(super) fn keep(option: &str, path: &Path, args: &OutArgs) -> Result<(), Failure> {
    // Standard input is not standard output.
    let path = Some(path).filter(|path| *path != Path::new("-"));
    outfile::refuse_same(&[(option, path), ("--out", Some(&args.out))])?;
    outfile::refuse_same(&[(option, path), ("--rejects", args.rejects.as_deref())])
}

/// Runs one transform on a thread of its own and reports what it did.
pub(super) async fn run<Report, Work>(
    context: &Context,
    label: &'static str,
    source: Source,
    targets: Targets,
    work: Work,
) -> Outcome
where
    Report: Serialize + Send + 'static,
    Work: FnOnce(
            Box<dyn Read + Send>,
            &mut Output,
            &mut transform::Context<'_>,
        ) -> Result<Report, TransformError>
        + Send
        + 'static,
{
    let printer = context.printer.clone();
    let to_stdout = targets.to_stdout;
    let report = blocking(move || transform_file(&printer, label, source, targets, work)).await?;
    let Some(report) = report else {
        return Ok(Exit::Done);
    };
    show_report(&context.printer, label, &report, to_stdout)
}

fn transform_file<Report: Serialize>(
    printer: &Printer,
    label: &str,
    source: Source,
    mut targets: Targets,
    work: impl FnOnce(
        Box<dyn Read + Send>,
        &mut Output,
        &mut transform::Context<'_>,
    ) -> Result<Report, TransformError>,
) -> Result<Option<Value>, Failure> {
    let progress = Progress::bytes(printer, label, source.size);
    let mut tell = |at: transform::Progress| progress.position(at.bytes);
    let mut context = transform::Context::new().progress(&mut tell);
    if let Some(rejects) = &mut targets.rejects {
        context = context.rejects(rejects);
    }
    let report = match work(source.read, &mut targets.out, &mut context) {
        Ok(report) => report,
        Err(TransformError::Write(error))
            if targets.to_stdout && outfile::system(&error).kind() == io::ErrorKind::BrokenPipe =>
        {
            return Ok(None);
        }
        Err(error) => return Err(failure(&source.name, error)),
    };
    progress.finish();
    targets.out.finish()?;
    if let Some(rejects) = targets.rejects {
        rejects.finish()?;
    }
    to_value(&report).map(Some)
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
        TransformError::Write(error) => {
            let error = outfile::system(&error);
            Failure::usage(format_args!("cannot write the result: {}", plain(&error)))
        }
        TransformError::Input { line, message } => {
            Failure::usage(format_args!("{name}, line {line}: {message}"))
        }
        other => Failure::of_chain(&other),
    }
}

/// Shows a report where the data is not: on standard output when the data went to a file. Lines that were left out make the command fail.
pub(super) fn show_report(
    printer: &Printer,
    label: &str,
    report: &Value,
    data_on_stdout: bool,
) -> Outcome {
    show_problems(printer, report);
    match (data_on_stdout, printer.format) {
        (false, Format::Table) => printer.table(&properties(report))?,
        (false, Format::Json | Format::Jsonl) => printer.json(report.clone())?,
        (true, Format::Table) => printer.note(format_args!("{label}: {}", sentence(report))),
        (true, Format::Json | Format::Jsonl) => printer.note(report),
    }
    let lost = ["badLines", "refused"]
        .iter()
        .filter_map(|name| report.get(*name)?.as_u64())
        .sum::<u64>();
    if lost > 0 {
        let rows = if lost == 1 { "line was" } else { "lines were" };
        return Err(Failure::work(format_args!("{lost} {rows} not taken over")));
    }
    Ok(Exit::Done)
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
const COUNTED: [&str; 8] = [
    "rows",
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
