//! The reading half of an import: lines become checked rows, on any thread, and get their order back on one.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use jobs_devices::parallel::{self, Chunk};
use jobs_devices::rules::{MAX_STATUS_REASON_CHARS, Section, is_plain_section};
use jobs_devices::{
    AuthenticationType, ImportError, ImportMode, Item, Options, Row, RowRef, Status,
};

use super::errors;
use crate::registry::Authentication;
use crate::registry::authentication::{self, AuthenticationRequest, KeyPair, ThumbprintPair};
use crate::registry::change::{Change, RowRefusal};
use crate::registry::mode::Mode;
use crate::registry::plain::{PlainRow, Span};
use crate::registry::repeated::repeats_a_name;
use crate::registry::rules;
use crate::registry::twin::TwinTexts;

/// Most rows of one [`Rows`].
pub(super) const MOST: usize = 1000;

/// Some lines of a file, in a row.
#[derive(Default)]
pub(super) struct Rows {
    /// The texts of the plain rows.
    pub(super) texts: String,
    pub(super) lines: Vec<Line>,
}

/// One line of the input.
pub(super) struct Line {
    /// Hash of the identity it is about.
    identity: Option<u128>,
    what: What,
}

/// What a line means.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every line is the large one, and a box each would cost more"
)]
pub(super) enum What {
    Plain(PlainRow),
    Change(Box<Change>),
    Refused(Box<ImportError>),
    /// Words in place of a row.
    Notice(String),
}

/// Makes rows of a chunk of the file. `keys` are those of the [`Seen`] that will look at them.
pub(super) fn rows_of(chunk: Chunk<'_>, keys: &RandomState) -> Vec<Rows> {
    let mut all = Vec::new();
    let mut rows = Rows::default();
    rows.texts
        .reserve(usize::try_from(chunk.len()).unwrap_or_default());
    chunk.for_each(|entry| {
        let line = line_of(entry.item, keys, &mut rows.texts);
        rows.lines.push(line);
        if rows.lines.len() == MOST {
            all.push(std::mem::take(&mut rows));
        }
    });
    if !rows.lines.is_empty() {
        all.push(rows);
    }
    all
}

/// Reads a text that is small enough to be held as a whole: changes, and refusals, in the order of the lines.
pub(super) fn changes_of(text: &[u8]) -> std::io::Result<Vec<Result<Change, ImportError>>> {
    let mut seen = Seen::default();
    let mut changes = Vec::new();
    let keys = seen.keys.clone();
    parallel::for_each_chunk_with(
        1,
        text,
        &Options::new(),
        |chunk| rows_of(chunk, &keys),
        |all| {
            for Rows { texts, lines } in all {
                for line in lines {
                    match seen.admit(line, &texts) {
                        Some(What::Plain(row)) => changes.push(Ok(row.to_change(&texts))),
                        Some(What::Change(change)) => changes.push(Ok(*change)),
                        Some(What::Refused(error)) => changes.push(Err(*error)),
                        Some(What::Notice(_)) | None => {}
                    }
                }
            }
            std::ops::ControlFlow::Continue(())
        },
    )?;
    Ok(changes)
}

/// What was met so far.
#[derive(Default)]
pub(super) struct Seen {
    /// Whether there was a line at all.
    any: bool,
    pub(super) keys: RandomState,
    /// Identities as hashes of 128 bits: 16 bytes a row, and no false match to be expected.
    identities: HashSet<u128, BuildHasherDefault<AsItIs>>,
}

impl Seen {
    /// What is to be done about a line, now that its turn has come; nothing for the notice that heads a file.
    pub(super) fn admit(&mut self, line: Line, texts: &str) -> Option<What> {
        let heads_the_file = !std::mem::replace(&mut self.any, true);
        let twice = line
            .identity
            .is_some_and(|identity| !self.identities.insert(identity));
        match line.what {
            // The warning of an export without keys, when that is imported again.
            What::Notice(_) if heads_the_file => None,
            What::Notice(text) => {
                let error = errors::unreadable(text.as_bytes(), "The line is no JSON object.");
                Some(What::Refused(Box::new(error)))
            }
            what if twice => Some(What::Refused(Box::new(defined_twice(&what, texts)))),
            what => Some(what),
        }
    }
}

/// A hash that is hashed already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        for half in bytes.chunks_exact(8) {
            self.0 ^= half.try_into().map_or(0, u64::from_ne_bytes);
        }
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = u64::try_from(hash & u128::from(u64::MAX)).unwrap_or_default();
    }

    fn finish(&self) -> u64 {
        self.0
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

fn defined_twice(what: &What, texts: &str) -> ImportError {
    let (id, module_id) = match what {
        What::Plain(row) => (row.id(texts), ""),
        What::Change(change) => (change.id.as_str(), change.module_id.as_str()),
        What::Refused(error) => (
            error.device_id.as_deref().unwrap_or_default(),
            error.module_id.as_deref().unwrap_or_default(),
        ),
        What::Notice(_) => ("", ""),
    };
    let text = format!("{id} is defined more than once in the input.");
    errors::refused(
        id,
        module_id,
        &RowRefusal::new("DeviceDefinedMultipleTimes", text),
    )
}

fn line_of(item: Item<RowRef<'_>>, keys: &RandomState, texts: &mut String) -> Line {
    let unreadable = |raw: &[u8], why: &str| Line {
        identity: None,
        what: What::Refused(Box::new(errors::unreadable(raw, why))),
    };
    match item {
        Item::Row(row) => match check_words(&row) {
            Ok(()) => prepare(&row, keys, texts),
            Err(why) => unreadable(row.line().as_bytes(), &why),
        },
        Item::Notice(text) => Line {
            identity: None,
            what: What::Notice(text),
        },
        Item::Bad(line) => unreadable(line.raw(), &line.cause.to_string()),
        other => unreadable(format!("{other:?}").as_bytes(), "The line is no device."),
    }
}

/// The service reads these words while it parses, so a wrong one makes the line unreadable.
fn check_words(row: &RowRef<'_>) -> Result<(), String> {
    match row.status() {
        None => return Err("Required property 'status' is missing.".to_owned()),
        Some(Status::Unknown(word)) => {
            return Err(format!("Error converting value \"{word}\" of 'status'."));
        }
        Some(_) => {}
    }
    if let Some(ImportMode::Unknown(word)) = row.import_mode() {
        return Err(format!(
            "Error converting value \"{word}\" of 'importMode'."
        ));
    }
    if let Some(AuthenticationType::Unknown(word)) = row.authentication_type() {
        return Err(format!(
            "Error converting value \"{word}\" of 'authentication.type'."
        ));
    }
    Ok(())
}

fn prepare(row: &RowRef<'_>, keys: &RandomState, texts: &mut String) -> Line {
    let (id, module_id) = (row.id(), row.module_id().unwrap_or_default());
    let identity = Some(hash_of(&id, &module_id, keys));
    let mode = row
        .import_mode()
        .and_then(|mode| Mode::parse(mode.as_str()))
        .unwrap_or(Mode::CreateOrUpdate);
    if let Some(row) = plain(row, mode, &id, texts) {
        return Line {
            identity,
            what: What::Plain(row),
        };
    }
    let change = row
        .to_row()
        .map_err(|error| error.to_string())
        .and_then(|owned| change_of(owned, request_of(row), mode));
    let what = match change {
        Ok(change) => What::Change(Box::new(change)),
        Err(text) => {
            let refusal = RowRefusal::new("ArgumentInvalid", text);
            What::Refused(Box::new(errors::refused(&id, &module_id, &refusal)))
        }
    };
    Line { identity, what }
}

/// The row as one that needs no look at others, if it is one. Whatever breaks a rule goes the long way, which finds the words for it.
fn plain(row: &RowRef<'_>, mode: Mode, id: &str, texts: &mut String) -> Option<PlainRow> {
    let alone = row.module_id().is_none_or(|module| module.is_empty())
        && row.device_scope().is_none()
        && row.parent_scopes().is_none_or(|parents| parents == "[]")
        && row.iot_edge() != Some(true);
    if !alone || !(mode.creates() || mode == Mode::Update) {
        return None;
    }
    let reason = row.status_reason();
    let sections = [
        (Section::Tags, row.tags()),
        (Section::Desired, row.desired()),
        (Section::Reported, row.reported()),
    ];
    let keeps_rules = rules::check_device_id(id).is_ok()
        // In bytes: one that is longer gets its characters counted elsewhere.
        && reason
            .as_ref()
            .is_none_or(|reason| reason.len() <= MAX_STATUS_REASON_CHARS)
        && sections
            .iter()
            .all(|(section, json)| json.is_none_or(|json| is_stored_as_it_is(*section, json)));
    if !keeps_rules {
        return None;
    }
    let settled = request_of(row).settle().ok()?;
    let credentials = [
        settled.primary_key,
        settled.secondary_key,
        settled.primary_thumbprint,
        settled.secondary_thumbprint,
    ];
    let mut span = |text: &str| Span::append(texts, text);
    Some(PlainRow {
        mode,
        id: span(id),
        etag: row.etag().as_deref().map(&mut span),
        enabled: row.status() != Some(Status::Disabled),
        status_reason: reason.as_deref().map(&mut span),
        kind: settled.kind,
        credentials: credentials.map(|text| text.as_deref().map(&mut span)),
        not_edge: row.iot_edge() == Some(false),
        sections: sections.map(|(_, json)| json.map(&mut span)),
    })
}

/// Whether a section keeps the rules, is one line, and means the same to whoever reads it.
fn is_stored_as_it_is(section: Section, json: &str) -> bool {
    is_plain_section(section, json) && !json.contains('\r') && !repeats_a_name(json)
}

fn change_of(
    mut row: Row,
    authentication: AuthenticationRequest<Cow<'_, str>>,
    mode: Mode,
) -> Result<Change, String> {
    let authentication = if mode.writes_identity() {
        let settled = authentication.settle()?;
        Some(Authentication {
            kind: settled.kind,
            primary_key: settled.primary_key.map(Cow::into_owned),
            secondary_key: settled.secondary_key.map(Cow::into_owned),
            primary_thumbprint: settled.primary_thumbprint.map(Cow::into_owned),
            secondary_thumbprint: settled.secondary_thumbprint.map(Cow::into_owned),
        })
    } else {
        None
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

fn request_of<'a>(row: &RowRef<'a>) -> AuthenticationRequest<Cow<'a, str>> {
    let kind = row.authentication_type().and_then(|kind| {
        let known = authentication::AuthenticationType::parse(kind.as_str())?;
        Some(Cow::Borrowed(known.wire()))
    });
    let [primary_key, secondary_key] = row.expose_keys();
    let [primary_thumbprint, secondary_thumbprint] = row.thumbprints();
    AuthenticationRequest {
        kind,
        symmetric_key: Some(KeyPair {
            primary_key,
            secondary_key,
        }),
        x509_thumbprint: Some(ThumbprintPair {
            primary_thumbprint,
            secondary_thumbprint,
        }),
    }
}
