//! The rows of a device file: each line becomes a change, or the error that the log gets.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, Read};
use std::ops::ControlFlow;

use jobs_devices::{
    AuthenticationType, ImportError, ImportMode, Item, Options, Row, RowRef, Status, parallel,
};

use super::errors;
use crate::registry::change::Change;
use crate::registry::rejection::unreadable;
use crate::registry::twin_parts::TwinTexts;
use crate::registry::{Authentication, RowRejection};

/// What a row asks for, or the error about it.
pub(super) type RowResult = Result<Box<Change>, Box<ImportError>>;

/// One line of the input.
enum Line {
    Row(RowResult),
    /// Plain text in place of a row.
    Text(String),
}

/// Reads a device file and passes what each line asks for to `take`, in the order of the lines.
///
/// # Errors
/// That of the source, or the one with which `take` ends the reading.
pub(super) fn for_each_change<E: From<io::Error>>(
    source: impl Read + Send,
    mut take: impl FnMut(RowResult) -> Result<(), E>,
) -> Result<(), E> {
    let mut order = Order::default();
    let mut outcome = Ok(());
    parallel::for_each_chunk(
        source,
        &Options::new(),
        |chunk| {
            let mut lines = Vec::new();
            chunk.for_each(|entry| lines.push(line_of(entry.item)));
            lines
        },
        |lines| {
            outcome = lines
                .into_iter()
                .filter_map(|line| order.admit(line))
                .try_for_each(&mut take);
            if outcome.is_ok() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        },
    )?;
    outcome
}

/// What depends on the lines before.
#[derive(Default)]
struct Order {
    /// Whether there was a line at all.
    any: bool,
    keys: RandomState,
    /// Identities as hashes of 128 bits: 16 bytes a row, and no false match to be expected.
    identities: HashSet<u128>,
}

impl Order {
    /// What the next line asks for; `None` for the text that heads an export without keys.
    fn admit(&mut self, line: Line) -> Option<RowResult> {
        let is_first = !std::mem::replace(&mut self.any, true);
        let row = match line {
            Line::Text(_) if is_first => return None,
            Line::Text(text) => {
                let error = unreadable("device", text.as_bytes(), "The line is no JSON object.");
                return Some(Err(Box::new(error)));
            }
            Line::Row(row) => row,
        };
        let (id, module_id) = match &row {
            Ok(change) => (change.id.as_str(), change.module_id.as_str()),
            Err(error) => match &error.device_id {
                Some(id) => (id.as_str(), error.module_id.as_deref().unwrap_or_default()),
                None => return Some(row),
            },
        };
        if self.identities.insert(hash_of(id, module_id, &self.keys)) {
            return Some(row);
        }
        let text = format!("{id} is defined more than once in the input.");
        let rejection = RowRejection::new("DeviceDefinedMultipleTimes", text);
        Some(Err(Box::new(errors::refused(id, module_id, &rejection))))
    }
}

/// Both halves come from one pass over the id, whose keyed state has 256 bits.
fn hash_of(id: &str, module_id: &str, keys: &RandomState) -> u128 {
    let mut hasher = keys.build_hasher();
    hasher.write(id.as_bytes());
    // No id has such a byte.
    hasher.write_u8(0xff);
    hasher.write(module_id.as_bytes());
    let low = hasher.finish();
    hasher.write_u8(0xff);
    u128::from(hasher.finish()) << 64 | u128::from(low)
}

fn line_of(item: Item<RowRef<'_>>) -> Line {
    let bad = |raw: &[u8], why: &str| Err(Box::new(unreadable("device", raw, why)));
    Line::Row(match item {
        Item::Row(line) => match read_row(&line) {
            Ok(row) => change_of(row),
            Err(why) => bad(line.line().as_bytes(), &why),
        },
        Item::Notice(text) => return Line::Text(text),
        Item::Bad(line) => bad(line.raw(), &line.cause.to_string()),
        other => bad(format!("{other:?}").as_bytes(), "The line is no device."),
    })
}

fn read_row(line: &RowRef<'_>) -> Result<Row, String> {
    let row = line.to_row().map_err(|error| error.to_string())?;
    check_words(&row)?;
    Ok(row)
}

fn change_of(row: Row) -> RowResult {
    let (id, module_id) = (
        row.id.clone(),
        row.module_id.clone().into_option().unwrap_or_default(),
    );
    checked_change(row).map(Box::new).map_err(|text| {
        let rejection = RowRejection::new("ArgumentInvalid", text);
        Box::new(errors::refused(&id, &module_id, &rejection))
    })
}

/// The service reads these words while it parses, so a wrong one makes the line unreadable.
fn check_words(row: &Row) -> Result<(), String> {
    let unknown =
        |word: &str, member: &str| Err(format!("Error converting value \"{word}\" of '{member}'."));
    match row.status.as_ref() {
        None => return Err("Required property 'status' is missing.".to_owned()),
        Some(Status::Unknown(word)) => return unknown(word, "status"),
        Some(_) => {}
    }
    if let Some(ImportMode::Unknown(word)) = row.import_mode.as_ref() {
        return unknown(word, "importMode");
    }
    let authentication = row.authentication.as_ref();
    match authentication.and_then(|part| part.kind.as_ref()) {
        Some(AuthenticationType::Unknown(word)) => unknown(word, "authentication.type"),
        _ => Ok(()),
    }
}

fn checked_change(mut row: Row) -> Result<Change, String> {
    let mode = row.effective_mode();
    let authentication = if mode.deletes() || mode.updates_twin_only() {
        None
    } else {
        let asked = row.authentication.take().unwrap_or_default();
        Some(Authentication::settle(&asked)?)
    };
    let twin = if mode.deletes() {
        TwinTexts::default()
    } else {
        TwinTexts::of_row(&mut row)?
    };
    Ok(Change {
        mode,
        iot_edge: row
            .capabilities
            .as_ref()
            .and_then(|part| part.iot_edge.into_option()),
        id: row.id,
        module_id: row.module_id.into_option().unwrap_or_default(),
        etag: row.etag.into_option(),
        enabled: row.status.as_ref() != Some(&Status::Disabled),
        status_reason: row.status_reason.into_option(),
        authentication,
        twin_etag: row.twin_etag.into_option(),
        twin,
        device_scope: row.device_scope.into_option(),
        parent_scopes: row.parent_scopes.into_option().unwrap_or_default(),
        managed_by: None,
    })
}
