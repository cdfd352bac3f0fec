//! The reading half of an import: lines become checked changes, on a thread of its own.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read;
use std::sync::mpsc::SyncSender;

use jobs_devices::{AuthenticationType, ImportError, ImportMode, Item, Reader, Row, Status};

use super::errors;
use crate::registry::authentication::{AuthenticationRequest, KeyPair, ThumbprintPair};
use crate::registry::change::{Change, RowRefusal};
use crate::registry::mode::Mode;
use crate::registry::twin::TwinTexts;

/// Rows that travel, and are applied, together.
pub(super) const BATCH: usize = 1000;

/// What a line of the input means.
pub(super) enum Line {
    Change(Box<Change>),
    Refused(ImportError),
}

/// Reads the input to its end. A closed channel means that nobody wants more.
pub(super) fn read(input: Box<dyn Read + Send>, batches: &SyncSender<std::io::Result<Vec<Line>>>) {
    let mut seen = Seen::default();
    let mut batch = Vec::with_capacity(BATCH);
    for entry in Reader::new(input) {
        let line = match entry {
            Err(error) => {
                let _ = batches.send(Err(error));
                return;
            }
            Ok(entry) => match line_of(entry.item, &mut seen) {
                Some(line) => line,
                None => continue,
            },
        };
        batch.push(line);
        if batch.len() == BATCH
            && batches
                .send(Ok(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))))
                .is_err()
        {
            return;
        }
    }
    let _ = batches.send(Ok(batch));
}

/// Reads a text that is small enough to be held as a whole.
pub(super) fn lines_of(text: &[u8]) -> std::io::Result<Vec<Line>> {
    let mut seen = Seen::default();
    Reader::new(text)
        .filter_map(|entry| {
            entry
                .map(|entry| line_of(entry.item, &mut seen))
                .transpose()
        })
        .collect()
}

/// What one line means; nothing when it is the notice that heads a file.
fn line_of(item: Item, seen: &mut Seen) -> Option<Line> {
    let heads_the_file = !std::mem::replace(&mut seen.any, true);
    match item {
        Item::Row(row) => Some(prepare(row, seen)),
        // The warning of an export without keys, when that is imported again.
        Item::Notice(_) if heads_the_file => None,
        Item::Notice(text) => Some(Line::Refused(errors::unreadable(
            text.as_bytes(),
            "The line is no JSON object.",
        ))),
        Item::Bad(line) => Some(Line::Refused(errors::unreadable(
            line.raw(),
            &line.cause.to_string(),
        ))),
        other => Some(Line::Refused(errors::unreadable(
            format!("{other:?}").as_bytes(),
            "The line is no device.",
        ))),
    }
}

/// What was met so far.
#[derive(Default)]
struct Seen {
    /// Whether there was a line at all.
    any: bool,
    /// Identities as hashes of 128 bits: 16 bytes a row, and no false match to be expected.
    identities: HashSet<u128>,
}

impl Seen {
    /// `false` when it was there already.
    fn insert(&mut self, id: &str, module_id: &str) -> bool {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, id, module_id).hash(&mut hasher);
            u128::from(hasher.finish())
        };
        self.identities.insert(half(0) << 64 | half(1))
    }
}

fn prepare(row: Row, seen: &mut Seen) -> Line {
    if let Err(why) = check_words(&row) {
        return Line::Refused(errors::unreadable(row.to_line().as_bytes(), &why));
    }
    let (id, module_id) = (row.id.clone(), row.module_id.clone().unwrap_or_default());
    let result = if seen.insert(&id, &module_id) {
        change_of(row).map_err(|text| RowRefusal::new("ArgumentInvalid", text))
    } else {
        Err(RowRefusal::new(
            "DeviceDefinedMultipleTimes",
            format!("{id} is defined more than once in the input."),
        ))
    };
    match result {
        Ok(change) => Line::Change(Box::new(change)),
        Err(refusal) => Line::Refused(errors::refused(&id, &module_id, &refusal)),
    }
}

/// The service reads these words while it parses, so a wrong one makes the line unreadable.
fn check_words(row: &Row) -> Result<(), String> {
    match &row.status {
        None => return Err("Required property 'status' is missing.".to_owned()),
        Some(Status::Unknown(word)) => {
            return Err(format!("Error converting value \"{word}\" of 'status'."));
        }
        Some(_) => {}
    }
    if let Some(ImportMode::Unknown(word)) = &row.import_mode {
        return Err(format!(
            "Error converting value \"{word}\" of 'importMode'."
        ));
    }
    if let Some(AuthenticationType::Unknown(word)) = row
        .authentication
        .as_ref()
        .and_then(|part| part.kind.as_ref())
    {
        return Err(format!(
            "Error converting value \"{word}\" of 'authentication.type'."
        ));
    }
    Ok(())
}

fn change_of(mut row: Row) -> Result<Change, String> {
    let mode = row
        .import_mode
        .as_ref()
        .and_then(|mode| Mode::parse(mode.as_str()))
        .unwrap_or(Mode::CreateOrUpdate);
    let authentication = match row.authentication.take().filter(|_| mode.writes_identity()) {
        None => None,
        Some(part) => Some(request_of(part).settle()?),
    };
    let twin = if mode.deletes() {
        TwinTexts::default()
    } else {
        TwinTexts::of_row(&mut row)?
    };
    Ok(Change {
        mode,
        iot_edge: row.capabilities.as_ref().and_then(|part| part.iot_edge),
        id: row.id,
        module_id: row.module_id.unwrap_or_default(),
        etag: row.etag,
        enabled: row.status != Some(Status::Disabled),
        status_reason: row.status_reason,
        authentication,
        twin_etag: row.twin_etag,
        twin,
        device_scope: row.device_scope,
        parent_scopes: row.parent_scopes.unwrap_or_default(),
        managed_by: None,
    })
}

fn request_of(part: jobs_devices::Authentication) -> AuthenticationRequest {
    AuthenticationRequest {
        kind: part.kind.map(|kind| kind.as_str().to_owned()),
        symmetric_key: part.symmetric_key.map(|keys| KeyPair {
            primary_key: keys.primary_key.map(|key| key.expose().to_owned()),
            secondary_key: keys.secondary_key.map(|key| key.expose().to_owned()),
        }),
        x509_thumbprint: part.x509_thumbprint.map(|prints| ThumbprintPair {
            primary_thumbprint: prints.primary_thumbprint,
            secondary_thumbprint: prints.secondary_thumbprint,
        }),
    }
}
