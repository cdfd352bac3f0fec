//! Automatic device configurations: stored as JSON in the wire's camelCase, exported in PascalCase.
//!
//! Every member is one that a line of a file may have, for what is stored must be exported again.

use std::io::{self, Read};

use jobs_devices::{Configuration, ImportError, ImportMode, Item, NameCase, Options, Reader};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::{Map, Value, json};

use super::column;
use super::configuration_rules;
use super::identity::{identity_etag, matches};
use super::rejection::unreadable;
use super::rules;
use super::store::{Store, Writing};
use crate::envelope::{HubResult, ServiceError};

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
        let id: String = row.get(0)?;
        Ok(Self {
            etag: row.get(1)?,
            members: column::decoded(row, 2, &format!("configuration {id}"))?,
            id,
        })
    }
}

/// Members with names of their own inside. The names of labels, metrics, modules and properties are the user's.
const NESTED: [(&str, &[&str]); 3] = [
    (
        "content",
        &["deviceContent", "moduleContent", "modulesContent"],
    ),
    ("metrics", &["results", "queries"]),
    ("systemMetrics", &["results", "queries"]),
];

/// The members of a configuration as the wire spells them, however they were spelt.
pub(crate) fn members_of(configuration: &Configuration) -> Map<String, Value> {
    let mut configuration = configuration.clone();
    configuration.name_case = NameCase::Camel;
    let mut members = match serde_json::to_value(&configuration) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    spell_nested(&mut members, str::to_owned);
    members
}

/// Spells the names inside of [`NESTED`] members; `spell` makes them of the wire's names.
fn spell_nested(members: &mut Map<String, Value>, spell: impl Fn(&str) -> String) {
    for (member, names) in NESTED {
        let Some(Value::Object(inside)) = members.get_mut(member) else {
            continue;
        };
        *inside = std::mem::take(inside)
            .into_iter()
            .map(|(name, value)| {
                let known = names.iter().find(|known| known.eq_ignore_ascii_case(&name));
                (known.map_or(name, |known| spell(known)), value)
            })
            .collect();
    }
}

fn pascal(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_ascii_uppercase() + rest
}

/// The number of configurations.
pub(crate) fn count(connection: &Connection) -> HubResult<i64> {
    let mut statement = connection.prepare_cached("SELECT count(*) FROM configurations")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Rejects another configuration in a hub that may have `most` and has them.
pub(crate) fn check_quota(connection: &Connection, most: usize) -> HubResult<()> {
    if usize::try_from(count(connection)?).is_ok_and(|count| count < most) {
        Ok(())
    } else {
        Err(ServiceError::too_many_configurations(format!(
            "This hub may have {most} configurations"
        )))
    }
}

/// The configuration of this id.
pub(crate) fn find(connection: &Connection, id: &str) -> HubResult<Option<Stored>> {
    let mut statement =
        connection.prepare_cached("SELECT id, etag, body FROM configurations WHERE id = ?1")?;
    Ok(statement.query_row([id], Stored::from_row).optional()?)
}

/// The first `limit` configurations, by id.
pub(crate) fn list(connection: &Connection, limit: u32) -> HubResult<Vec<Stored>> {
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
) -> HubResult<Stored> {
    let old = find(writing.connection(), id)?;
    if let Some(old) = &old {
        // The content of a configuration never changes.
        match old.members.get("content") {
            Some(content) => members.insert("content".to_owned(), content.clone()),
            None => members.remove("content"),
        };
    }
    configuration_rules::check(&members)?;
    let created = old
        .as_ref()
        .and_then(|old| old.members.get("createdTimeUtc").cloned());
    for own in ["id", "etag", "importMode"] {
        members.remove(own);
    }
    members.insert(
        "createdTimeUtc".to_owned(),
        created.unwrap_or_else(|| json!(writing.now.trimmed())),
    );
    members.insert(
        "lastUpdatedTimeUtc".to_owned(),
        json!(writing.now.trimmed()),
    );
    let stored = Stored {
        id: id.to_owned(),
        // A counter of its own (recorded).
        etag: old.map_or(1, |old| old.etag + 1),
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
pub(crate) fn delete(writing: &Writing<'_>, id: &str) -> HubResult<bool> {
    Ok(writing
        .connection()
        .prepare_cached("DELETE FROM configurations WHERE id = ?1")?
        .execute([id])?
        > 0)
}

/// All configurations as the lines of `configurations.txt`, names in PascalCase.
pub(crate) fn export(store: &Store) -> HubResult<Vec<u8>> {
    let all = store.read(|connection| list(connection, u32::MAX))?;
    let mut text = Vec::new();
    for mut stored in all {
        spell_nested(&mut stored.members, pascal);
        let mut line: Configuration = serde_json::from_value(stored.json()).map_err(|error| {
            ServiceError::server(format!("a stored configuration cannot be read: {error}"))
        })?;
        line.name_case = NameCase::Pascal;
        line.write_line(&mut text);
        text.push(b'\n');
    }
    Ok(text)
}

/// A line of `configurations.txt` that can be applied.
pub(crate) struct Line {
    configuration: Configuration,
    mode: ImportMode,
}

/// The lines of `configurations.txt`; one that cannot be read is the error that reports it.
pub(crate) fn lines(
    file: Box<dyn Read + Send>,
) -> impl Iterator<Item = io::Result<Result<Line, ImportError>>> {
    let entries = Reader::<_, Configuration>::of(file, Options::new());
    entries.filter_map(|entry| match entry.map(|entry| entry.item) {
        Ok(Item::Row(configuration)) => Some(Ok(match mode_of(&configuration) {
            Ok(mode) => Ok(Line {
                configuration,
                mode,
            }),
            Err(why) => Err(unreadable(
                "configuration",
                configuration.to_line().as_bytes(),
                &why,
            )),
        })),
        Ok(Item::Bad(line)) => Some(Ok(Err(unreadable(
            "configuration",
            line.raw(),
            &line.cause.to_string(),
        )))),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}

/// What is to be done with a line; a word that is no mode of configurations makes it unreadable.
fn mode_of(line: &Configuration) -> Result<ImportMode, String> {
    let Some(word) = line.import_mode.as_ref() else {
        return Ok(ImportMode::CreateOrUpdate);
    };
    word.as_str()
        .parse()
        .ok()
        .filter(|mode: &ImportMode| !mode.updates_twin_only())
        .ok_or_else(|| {
            format!(
                "Error converting value \"{}\" of 'importMode'.",
                word.as_str()
            )
        })
}

impl Line {
    /// Applies the line, to a hub of at most `most` configurations. Returns what is wrong with it, if anything.
    pub(crate) fn apply(
        &self,
        writing: &Writing<'_>,
        most: usize,
    ) -> HubResult<Option<ImportError>> {
        let (line, mode) = (&self.configuration, &self.mode);
        let id = &line.id;
        let fail = |code: i64, text: String| {
            let mut error = ImportError::unreadable(code, text);
            error.configuration_id = Some(id.clone());
            Some(error)
        };
        if let Err(text) = rules::check_configuration_id(id) {
            return Ok(fail(400_004, text));
        }
        let existing = find(writing.connection(), id)?;
        let rejection = match (mode, &existing) {
            (ImportMode::Create, Some(_)) => fail(409_000, format!("{id} exists already")),
            (mode, None) if !mode.creates() => fail(404_000, format!("{id} was not found")),
            (_, None) => check_quota(writing.connection(), most)
                .err()
                .and_then(|error| fail(413_000, error.text)),
            (mode, Some(stored)) if !etag_fits(mode, line.etag.as_deref(), &stored.wire_etag()) => {
                fail(412_001, format!("the etag of {id} does not match"))
            }
            _ => None,
        };
        if rejection.is_some() {
            return Ok(rejection);
        }
        if mode.deletes() {
            delete(writing, id)?;
        } else {
            match put(writing, id, members_of(line)) {
                Err(error) if error.status.is_client_error() => {
                    return Ok(fail(400_004, error.text));
                }
                stored => stored?,
            };
        }
        Ok(None)
    }
}

/// As with devices: only a deletion goes without an etag.
fn etag_fits(mode: &ImportMode, given: Option<&str>, actual: &str) -> bool {
    !mode.checks_etag() || matches(given, actual) || (given.is_none() && mode.deletes())
}
