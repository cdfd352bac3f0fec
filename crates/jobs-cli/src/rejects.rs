//! The rows that a hub rejected: counted, grouped by cause, shown, kept in a file.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use jobs_devices::ImportError;
use jobs_devices::rules::MAX_ID_CHARS;
use jobs_ext::{BlobReader, ErrorKind};
use serde_json::Value;

use crate::args::Format;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::groups::Groups;
use crate::outfile::Output;
use crate::printer::Printer;
use crate::table::Table;

/// How many equal rejects a table shows one by one, and how many lines of one code; a document or a file holds all.
const SHOWN: usize = 10;

/// What the logs of an import hold.
#[derive(Debug)]
pub(crate) struct Rejects {
    pub(crate) count: u64,
    by_cause: BTreeMap<String, u64>,
    /// Rows with the same code and cause, by their number, with the name of each.
    shown: Groups<(u64, String)>,
    documents: Vec<Value>,
}

impl Rejects {
    pub(crate) fn new() -> Self {
        Self {
            count: 0,
            by_cause: BTreeMap::new(),
            shown: Groups::keeping(SHOWN),
            documents: Vec::new(),
        }
    }

    /// Reads one log to its end, and copies it byte for byte to `file` if there is one. A log that holds no row is copied too: it is what
    /// the hub's container holds. What goes to standard output is kept for no other use.
    pub(crate) async fn read(
        &mut self,
        printer: &Printer,
        log: BlobReader,
        file: Option<Output>,
    ) -> Result<(), Failure> {
        let alone = file.as_ref().is_some_and(Output::is_stdout);
        let copy = Copy::of(file);
        let read = self.read_rows(printer, copy.attached_to(log), alone).await;
        match read {
            Ok(()) => copy.finish(),
            Err(error) if error.kind() == ErrorKind::UnknownOutcome => {
                copy.finish()?;
                Err(error.into())
            }
            Err(error) => Err(unreadable(error)),
        }
    }

    async fn read_rows(
        &mut self,
        printer: &Printer,
        log: BlobReader,
        alone: bool,
    ) -> Result<(), jobs_ext::Error> {
        let mut rows = log.records::<ImportError>().await?;
        while let Some(row) = rows.next().await {
            let row = match row {
                Ok(row) => row,
                Err(error) => match error.read_error() {
                    Some(error) => return Err(error.clone()),
                    // A line that is not a record still shows that something was rejected.
                    None => ImportError::unreadable(0, error.to_string()),
                },
            };
            self.add(printer, row, alone);
        }
        Ok(())
    }

    fn add(&mut self, printer: &Printer, row: ImportError, alone: bool) {
        self.count += 1;
        if alone {
            return;
        }
        *self.by_cause.entry(name(row.error_code)).or_default() += 1;
        if printer.format != Format::Table {
            self.documents.push(document(printer, row));
            return;
        }
        let key = format!("{}\n{}", row.error_code, cause(printer, &row));
        self.shown.add(&key, (self.count, subject(&row)));
    }

    /// How many rows were rejected for each cause, and the rows as documents, with the log's own member names.
    pub(crate) fn into_documents(self) -> (BTreeMap<String, u64>, Vec<Value>) {
        (self.by_cause, self.documents)
    }

    /// A table of the rejected rows. Many equal ones are one line with their count.
    pub(crate) fn print_table(self, printer: &Printer) -> Result<(), Failure> {
        if self.count == 0 {
            return Ok(());
        }
        let mut table = Table::new(["REJECTED", "CODE", "MEANING", "CAUSE"]);
        let mut lines: HashMap<String, usize> = HashMap::new();
        let mut left_out: BTreeMap<String, u64> = BTreeMap::new();
        for group in self.shown.into_groups() {
            let (code, cause) = group.key.split_once('\n').unwrap_or((&group.key, ""));
            let number = code.parse().unwrap_or_default();
            let lines = lines.entry(code.to_owned()).or_default();
            let is_cut = group.hidden() > 0;
            let names: Vec<String> = group.first.into_iter().map(|(_, name)| name).collect();
            let rows = if is_cut {
                vec![(
                    format!("{} rows: {}, …", group.count, names.join(", ")),
                    group.count,
                )]
            } else {
                names.into_iter().map(|name| (name, 1)).collect()
            };
            for (subject, count) in rows {
                if *lines < SHOWN {
                    table.row([&subject, code, meaning(number), cause]);
                    *lines += 1;
                } else {
                    *left_out.entry(name(number)).or_default() += count;
                }
            }
        }
        printer.line("")?;
        printer.table(&table)?;
        for (cause, count) in &left_out {
            printer.line(&format!("{cause}: {count} more rows"))?;
        }
        if !left_out.is_empty() {
            printer.note("--rejects FILE and -o json have every rejected row");
        }
        Ok(())
    }
}

/// A response that is not the log leaves the result of the rows unknown, as a missing log does.
pub(crate) fn unreadable(error: jobs_ext::Error) -> Failure {
    let failure = Failure::from(&error);
    match error.kind() {
        ErrorKind::Decode => failure.with_exit(Exit::WorkFailed),
        _ => failure,
    }
}

/// Copies the bytes of a log while its rows are read.
#[derive(Clone)]
struct Copy(Arc<Mutex<Copying>>);

struct Copying {
    file: Option<Output>,
    failed: Option<io::Error>,
}

impl Copy {
    fn of(file: Option<Output>) -> Self {
        Self(Arc::new(Mutex::new(Copying { file, failed: None })))
    }

    fn attached_to(&self, log: BlobReader) -> BlobReader {
        let this = self.clone();
        log.inspect(move |chunk| this.write(chunk))
    }

    fn write(&self, chunk: &[u8]) {
        let mut copying = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if copying.failed.is_some() {
            return;
        }
        if let Some(file) = &mut copying.file
            && let Err(error) = file.write_all(chunk)
        {
            copying.failed = Some(error);
        }
    }

    /// Puts the complete copy in its place.
    fn finish(&self) -> Result<(), Failure> {
        let mut copying = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, failed) = (copying.file.take(), copying.failed.take());
        match (file, failed) {
            (Some(file), Some(error)) => file.failure(&error).map_or(Ok(()), Err),
            (Some(file), None) => file.finish(),
            (None, _) => Ok(()),
        }
    }
}

/// What rows of one cause have in common: the service's name for the code, or the code where it has none.
fn name(code: i64) -> String {
    match meaning(code) {
        "-" if code == 0 => "unreadable".to_owned(),
        "-" => code.to_string(),
        name => name.to_owned(),
    }
}

/// A row as a document, without the line that it may quote unless secrets were asked for.
fn document(printer: &Printer, mut row: ImportError) -> Value {
    if !printer.shows_secrets() {
        row.error_status = row.summary();
    }
    serde_json::from_str(&row.to_line()).unwrap_or_default()
}

/// Whom a row of the log is about. A line that could not be read has no id of its own; the one in its text serves then.
pub(crate) fn subject(row: &ImportError) -> String {
    if let Some(subject) = row.subject() {
        return subject;
    }
    quoted_id(&row.error_status).map_or_else(|| "(no id)".to_owned(), |id| format!("{id}{UNREAD}"))
}

/// Stands behind an id that comes from a line which could not be read.
pub(crate) const UNREAD: &str = " (unread)";

/// The id in the line that a log quotes.
fn quoted_id(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("\"id\"")?;
    let value = rest
        .trim_start()
        .strip_prefix(':')?
        .trim_start()
        .strip_prefix('"')?;
    // Without its closing quote it may go on with anything.
    let (id, _) = value.split_once(['"', '\\'])?;
    (!id.is_empty() && id.chars().count() <= MAX_ID_CHARS).then_some(id)
}

/// Why a row was rejected. The log's text may quote the whole row, which can hold keys, or merely repeat the id.
pub(crate) fn cause(printer: &Printer, row: &ImportError) -> String {
    let repeats_id = row
        .device_id
        .as_deref()
        .is_some_and(|id| id == row.error_status);
    match CODES.iter().find(|(number, ..)| *number == row.error_code) {
        Some((_, _, words)) if repeats_id || row.error_status.is_empty() => (*words).to_owned(),
        _ if printer.shows_secrets() => row.error_status.clone(),
        _ => row.summary(),
    }
}

/// What the service's table of error codes calls a number.
pub(crate) fn meaning(code: i64) -> &'static str {
    CODES
        .iter()
        .find(|(number, ..)| *number == code)
        .map_or("-", |(_, name, _)| name)
}

/// Codes of rejected rows: number, the service's name, and what it means for the row.
const CODES: [(i64, &str, &str); 14] = [
    (
        400_004,
        "ArgumentInvalid",
        "a member of the row has a value that is not allowed",
    ),
    (
        400_009,
        "ImportWarningExistsError",
        "the row was taken over with a warning",
    ),
    (
        400_011,
        "DeviceDefinedMultipleTimes",
        "the id stands more than once in the file",
    ),
    (
        400_012,
        "DeserializationError",
        "the line could not be read as a row",
    ),
    (
        400_013,
        "BulkRegistryOperationFailure",
        "the registry could not do what the row asks for",
    ),
    (
        400_023,
        "EtagDoesNotMatch",
        "the identity has changed: its etag is another",
    ),
    (
        400_028,
        "InvalidDeviceScope",
        "the device scope names no edge device of this hub",
    ),
    (
        403_002,
        "IotHubQuotaExceeded",
        "the hub holds as many identities as it may",
    ),
    (
        404_001,
        "DeviceNotFound",
        "there is no such device in the hub",
    ),
    (
        404_010,
        "ModuleNotFound",
        "there is no such module in the hub",
    ),
    (
        409_001,
        "DeviceAlreadyExists",
        "a device of this id exists, and the mode is `create`",
    ),
    (
        409_301,
        "ModuleAlreadyExistsOnDevice",
        "a module of this id exists, and the mode is `create`",
    ),
    (
        412_001,
        "PreconditionFailed",
        "the identity has changed: its etag is another",
    ),
    (
        413_003,
        "TooManyModulesOnDevice",
        "the device has as many modules as it may",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_a_readable_id_is_called_by_the_id_in_its_text() {
        for (text, name) in [
            (
                r#"Invalid device format in line: {"id":"d-1","status":"ena. Unterminated"#,
                "d-1 (unread)",
            ),
            (r#"in line: {"status":1, "id" : "d 2"}"#, "d 2 (unread)"),
            ("no line at all", "(no id)"),
            (r#"{"id":7}"#, "(no id)"),
            (r#"in line: {"id":"u8,primaryKey:PLANTED}"#, "(no id)"),
        ] {
            assert_eq!(subject(&ImportError::unreadable(400_012, text)), name);
        }
        assert_eq!(
            subject(&ImportError::new("d", 404_001, r#"{"id":"other"}"#)),
            "d"
        );
    }
}
