//! The rows that a hub rejected: counted, shown with causes, kept in a file.

use std::io::Write as _;

use futures_util::StreamExt as _;
use jobs_devices::ImportError;
use jobs_ext::Records;
use serde_json::Value;

use crate::args::Format;
use crate::failure::Failure;
use crate::outfile::Output;
use crate::printer::Printer;
use crate::table::Table;

/// How many rejected rows a table shows; a document or a file holds all.
const MOST_SHOWN: usize = 200;

/// What the logs of an import hold.
#[derive(Debug, Default)]
pub(crate) struct Rejects {
    pub(crate) count: u64,
    /// There was no log at all where one was looked for.
    pub(crate) without_log: bool,
    shown: Vec<ImportError>,
    documents: Vec<Value>,
}

impl Rejects {
    /// Reads one log to its end, copying each line as it is to `file` if there is one. What goes to standard output is kept for no other use.
    pub(crate) async fn read(
        &mut self,
        printer: &Printer,
        mut log: Records<ImportError>,
        mut file: Option<&mut Output>,
    ) -> Result<(), Failure> {
        let alone = file.as_deref().is_some_and(Output::is_stdout);
        while let Some(row) = log.next().await {
            let row = match row {
                Ok(row) => row,
                Err(error) if error.read_error().is_some() => {
                    return Err(Failure::work(format_args!("the log broke off: {error}")));
                }
                // A line that is no record still tells that something was rejected.
                Err(error) => ImportError::unreadable(0, error.to_string()),
            };
            self.count += 1;
            if let Some(target) = file.as_deref_mut()
                && let Err(error) = writeln!(target, "{}", row.to_line())
            {
                match target.failure(&error) {
                    Some(failure) => return Err(failure),
                    None => file = None,
                }
            }
            if alone {
                continue;
            }
            if printer.format != Format::Table {
                self.documents.push(document(printer, row));
            } else if self.shown.len() < MOST_SHOWN {
                self.shown.push(row);
            }
        }
        Ok(())
    }

    /// The rows as documents, with the log's own member names.
    pub(crate) fn into_documents(self) -> Vec<Value> {
        self.documents
    }

    /// A table of the first rows.
    pub(crate) fn print_table(&self, printer: &Printer) -> Result<(), Failure> {
        if self.count == 0 {
            return Ok(());
        }
        let mut table = Table::new(["REJECTED", "CODE", "MEANING", "CAUSE"]);
        for row in &self.shown {
            table.row([
                &subject(row),
                &row.error_code.to_string(),
                meaning(row.error_code),
                &cause(printer, row),
            ]);
        }
        printer.line("")?;
        printer.table(&table)?;
        if self.count > self.shown.len() as u64 {
            printer.note(format_args!(
                "{} of {} rejected rows shown; --rejects FILE writes all",
                self.shown.len(),
                self.count
            ));
        }
        Ok(())
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
    (!id.is_empty() && id.chars().count() <= 128).then_some(id)
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
