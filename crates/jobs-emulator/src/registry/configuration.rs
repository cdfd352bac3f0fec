//! Automatic device configurations: stored as JSON in the wire's camelCase, exported in PascalCase.

use std::io::{self, Read};

use jobs_devices::{
    Configuration, ImportError, ImportMode, Item, NameCase, Options, Reader, rules,
};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::{Map, Value, json};

use super::change::{self, new_etag};
use super::identity::identity_etag;
use super::store::{Store, Writing};
use crate::clock::Time;
use crate::envelope::{Outcome, ServiceError};

/// A stored configuration.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: String,
    etag: i64,
    /// All members but `id` and `etag`.
    pub(crate) members: Map<String, Value>,
}

impl Stored {
    /// The etag as it stands on the wire.
    pub(crate) fn wire_etag(&self) -> String {
        identity_etag(self.etag)
    }

    /// The configuration as `/configurations/{id}` shows it.
    pub(crate) fn json(&self) -> Value {
        let mut document = Map::new();
        document.insert("id".to_owned(), json!(self.id));
        document.extend(self.members.clone());
        document.insert("etag".to_owned(), json!(self.wire_etag()));
        Value::Object(document)
    }

    fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let members: String = row.get(2)?;
        Ok(Self {
            id: row.get(0)?,
            etag: row.get(1)?,
            members: serde_json::from_str(&members).unwrap_or_default(),
        })
    }
}

/// The configuration of this id.
pub(crate) fn find(connection: &Connection, id: &str) -> Outcome<Option<Stored>> {
    let mut statement =
        connection.prepare_cached("SELECT id, etag, body FROM configurations WHERE id = ?1")?;
    Ok(statement.query_row([id], Stored::from_row).optional()?)
}

/// The first `limit` configurations, by id.
pub(crate) fn list(connection: &Connection, limit: u32) -> Outcome<Vec<Stored>> {
    let mut statement = connection
        .prepare_cached("SELECT id, etag, body FROM configurations ORDER BY id LIMIT ?1")?;
    let rows = statement.query_map([limit], Stored::from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes a configuration, in the place of one of the same id. Times and the
/// etag are the hub's; `members` may hold everything else.
pub(crate) fn put(
    writing: &Writing<'_>,
    id: &str,
    mut members: Map<String, Value>,
) -> Outcome<Stored> {
    let created =
        find(writing.connection(), id)?.and_then(|old| old.members.get("createdTimeUtc").cloned());
    for own in ["id", "etag", "importMode"] {
        members.remove(own);
    }
    members.insert(
        "createdTimeUtc".to_owned(),
        created.unwrap_or_else(|| json!(writing.now.wire())),
    );
    members.insert("lastUpdatedTimeUtc".to_owned(), json!(writing.now.wire()));
    let stored = Stored {
        id: id.to_owned(),
        etag: new_etag(),
        members,
    };
    let body = Value::Object(stored.members.clone()).to_string();
    writing
        .connection()
        .prepare_cached("INSERT INTO configurations (id, etag, body) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET etag = ?2, body = ?3")?
        .execute(params![stored.id, stored.etag, body])?;
    Ok(stored)
}

/// Removes a configuration; `false` when there is none.
pub(crate) fn delete(writing: &Writing<'_>, id: &str) -> Outcome<bool> {
    Ok(writing
        .connection()
        .prepare_cached("DELETE FROM configurations WHERE id = ?1")?
        .execute([id])?
        > 0)
}

/// All configurations as the lines of `configurations.txt`, names in PascalCase.
pub(crate) fn export(store: &Store) -> Outcome<Vec<u8>> {
    let all = store.read(|connection| list(connection, u32::MAX))?;
    let mut text = Vec::new();
    for stored in all {
        let mut line: Configuration = serde_json::from_value(stored.json()).map_err(|error| {
            ServiceError::server(format!("a stored configuration cannot be read: {error}"))
        })?;
        line.name_case = NameCase::Pascal;
        line.write_line(&mut text);
        text.push(b'\n');
    }
    Ok(text)
}

/// Applies the lines of `configurations.txt`; `refused` hears of those that are not taken.
pub(crate) fn import(
    store: &Store,
    lines: Box<dyn Read + Send>,
    now: Time,
    mut refused: impl FnMut(&ImportError) -> io::Result<()>,
) -> io::Result<()> {
    for entry in Reader::<_, Configuration>::of(lines, Options::new()) {
        let result = match entry?.item {
            Item::Row(line) => take(store, line, now)?,
            Item::Bad(line) => {
                let text = format!(
                    "Invalid configuration format in line: {}. {}",
                    String::from_utf8_lossy(line.raw()),
                    line.cause
                );
                Some(ImportError::unreadable(400_012, text))
            }
            _ => None,
        };
        if let Some(error) = result {
            refused(&error)?;
        }
    }
    Ok(())
}

/// Takes one line; gives what is wrong with it, if anything.
fn take(store: &Store, mut line: Configuration, now: Time) -> io::Result<Option<ImportError>> {
    let id = line.id.clone();
    let fail = |code: i64, text: String| {
        let mut error = ImportError::unreadable(code, text);
        error.configuration_id = Some(id.clone());
        Some(error)
    };
    if let Err(violation) = rules::configuration_id(&id) {
        return Ok(fail(
            400_004,
            format!("{} {}", violation.field, violation.message),
        ));
    }
    line.name_case = NameCase::Camel;
    let Ok(Value::Object(members)) = serde_json::to_value(&line) else {
        return Ok(fail(400_012, "the line is not a configuration".to_owned()));
    };
    let mode = line
        .import_mode
        .take()
        .unwrap_or(ImportMode::CreateOrUpdate);
    let done = store.write(now, |writing| {
        let existing = find(writing.connection(), &id)?;
        let refusal = match (&mode, &existing) {
            (ImportMode::Create, Some(_)) => fail(409_000, format!("{id} exists already")),
            (mode, None) if !mode.creates() => fail(404_000, format!("{id} was not found")),
            (mode, Some(stored))
                if mode.checks_etag()
                    && !etag_fits(mode, line.etag.as_deref(), &stored.wire_etag()) =>
            {
                fail(412_001, format!("the etag of {id} does not match"))
            }
            _ => None,
        };
        if refusal.is_some() {
            return Ok(refusal);
        }
        if mode.deletes() {
            delete(writing, &id)?;
        } else {
            put(writing, &id, members)?;
        }
        Ok(None)
    });
    done.map_err(|error| io::Error::other(error.text))
}

/// As with devices: only a deletion goes without an etag.
fn etag_fits(mode: &ImportMode, given: Option<&str>, actual: &str) -> bool {
    change::matches(given, actual) || (given.is_none() && mode.deletes())
}
