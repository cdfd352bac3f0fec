//! How jobs are shown.

use jobs_ext::{Job, JobSystem};
use serde_json::Value;

use crate::args::Format;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::table::Table;

/// The job as the hub described it, with the hub's own member names.
pub(crate) fn wire(printer: &Printer, job: &Job) -> Value {
    if printer.shows_secrets() {
        // The client gives no job whose text is not JSON.
        return serde_json::from_slice(job.raw().expose()).unwrap_or_default();
    }
    job.raw().redacted()
}

/// Prints one job.
pub(crate) fn print(printer: &Printer, job: &Job) -> Result<(), Failure> {
    match printer.format {
        Format::Table => printer.table(&properties(job)),
        Format::Json | Format::Jsonl => printer.json(wire(printer, job)),
    }
}

/// Prints many jobs.
pub(crate) fn print_list(printer: &Printer, jobs: &[Job]) -> Result<(), Failure> {
    if printer.format != Format::Table {
        return printer.json_list(jobs.iter().map(|job| wire(printer, job)).collect());
    }
    let mut table = Table::new(["JOB", "TYPE", "STATUS", "PROGRESS", "STARTED", "ENDED"]);
    for job in jobs {
        table.row([
            job.id(),
            job.job_type().as_str(),
            job.status().as_str(),
            &percent(job),
            job.start_time().unwrap_or("-"),
            job.end_time().unwrap_or("-"),
        ]);
    }
    printer.table(&table)
}

/// One line about a job that changed.
pub(crate) fn change(job: &Job) -> String {
    let mut line = format!(
        "{}  {}  {}  {}",
        job.id(),
        job.job_type().as_str(),
        job.status().as_str(),
        percent(job)
    );
    if let Some(reason) = job.failure_reason() {
        line.push_str("  ");
        line.push_str(reason);
    }
    line
}

fn percent(job: &Job) -> String {
    job.progress()
        .map_or_else(|| "-".to_owned(), |percent| format!("{percent}%"))
}

/// Names and values of what is known about a job.
fn properties(job: &Job) -> Table {
    let mut table = Table::properties();
    table.row(["job", job.id()]);
    table.row(["type", job.job_type().as_str()]);
    table.row(["status", job.status().as_str()]);
    table.row(["progress", &percent(job)]);
    for (name, value) in [
        ("started", job.start_time()),
        ("ended", job.end_time()),
        ("reason", job.failure_reason()),
    ] {
        if let Some(value) = value {
            table.row([name, value]);
        }
    }
    if let Some(counts) = job.statistics() {
        table.row([
            "devices",
            &format!(
                "{} selected, {} succeeded, {} failed, {} running, {} pending",
                counts.devices, counts.succeeded, counts.failed, counts.running, counts.pending
            ),
        ]);
    }
    let wire = job.raw().redacted();
    for (label, member) in DETAILS {
        match wire.get(member) {
            Some(Value::String(text)) if !text.is_empty() => table.row([label, text]),
            Some(value @ (Value::Bool(_) | Value::Number(_))) => {
                table.row([label, &value.to_string()])
            }
            _ => {}
        }
    }
    table
}

/// Further members worth a line, when the hub sends them.
const DETAILS: [(&str, &str); 10] = [
    ("input container", "inputBlobContainerUri"),
    ("input blob", "inputBlobName"),
    ("output container", "outputBlobContainerUri"),
    ("output blob", "outputBlobName"),
    ("keys excluded", "excludeKeysInExport"),
    ("configurations", "includeConfigurations"),
    ("configurations blob", "configurationsBlobName"),
    ("storage sign-in", "storageAuthenticationType"),
    ("query", "queryCondition"),
    ("time limit (s)", "maxExecutionTimeInSeconds"),
];

/// Which endpoint of the hub knows the job, in words.
pub(crate) fn answered_by(job: &Job) -> &'static str {
    match job.system() {
        JobSystem::ImportExport => "answered by the import/export endpoint (/jobs)",
        JobSystem::Scheduled => "answered by the scheduled-job endpoint (/jobs/v2)",
        _ => "answered by another endpoint",
    }
}
