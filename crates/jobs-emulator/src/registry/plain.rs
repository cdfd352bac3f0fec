//! Rows that concern one device and nothing else: written by one statement each.
//!
//! Almost every row of a large import is such a row. What is written is what [`Change`] would write; a row that turns out not to be
//! as simple as it looks is handed back, untouched, to go that way.

use rusqlite::{CachedStatement, Connection};

use super::authentication::{Authentication, AuthenticationType};
use super::change::{Change, generation, new_etag};
use super::identity::status_name;
use super::mode::Mode;
use super::store::Writing;
use super::twin::TwinTexts;
use crate::envelope::Outcome;

/// Where a text stands among the texts of a batch.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    from: usize,
    until: usize,
}

impl Span {
    /// Appends a text.
    pub(crate) fn append(texts: &mut String, text: &str) -> Self {
        let from = texts.len();
        texts.push_str(text);
        Self {
            from,
            until: texts.len(),
        }
    }

    fn of(self, texts: &str) -> &str {
        texts.get(self.from..self.until).unwrap_or_default()
    }
}

/// A row for a device without parents that is no edge device; every rule has been checked. The texts are those of its batch.
pub(crate) struct PlainRow {
    /// One that creates, or [`Mode::Update`].
    pub(crate) mode: Mode,
    pub(crate) id: Span,
    pub(crate) etag: Option<Span>,
    pub(crate) enabled: bool,
    pub(crate) status_reason: Option<Span>,
    pub(crate) kind: AuthenticationType,
    /// Both keys, then both thumbprints.
    pub(crate) credentials: [Option<Span>; 4],
    /// Whether the row says that it is no edge device.
    pub(crate) not_edge: bool,
    /// Tags, desired and reported properties.
    pub(crate) sections: [Option<Span>; 3],
}

impl PlainRow {
    /// The id of the device.
    pub(crate) fn id<'t>(&self, texts: &'t str) -> &'t str {
        self.id.of(texts)
    }

    /// The same row as a change of its own.
    pub(crate) fn to_change(&self, texts: &str) -> Change {
        let owned = |span: Option<Span>| span.map(|span| span.of(texts).to_owned());
        let [
            primary_key,
            secondary_key,
            primary_thumbprint,
            secondary_thumbprint,
        ] = self.credentials.map(owned);
        let [tags, desired, reported] = self.sections.map(owned);
        Change {
            mode: self.mode,
            id: self.id(texts).to_owned(),
            module_id: String::new(),
            etag: owned(self.etag),
            enabled: self.enabled,
            status_reason: owned(self.status_reason),
            authentication: Some(Authentication {
                kind: self.kind,
                primary_key,
                secondary_key,
                primary_thumbprint,
                secondary_thumbprint,
            }),
            twin_etag: None,
            twin: TwinTexts::plain(tags, desired, reported),
            iot_edge: self.not_edge.then_some(false),
            device_scope: None,
            parent_scopes: Vec::new(),
            managed_by: None,
        }
    }

    /// Whether the stored row can be overwritten without being read: no etag to compare, no side of the twin that stays.
    fn overwrites(&self) -> bool {
        matches!(self.mode, Mode::CreateOrUpdate | Mode::Update)
            && matches!(self.sections, [_, Some(_), Some(_)])
    }
}

/// Parameters that stay the same for a whole transaction.
const NOW: usize = 13;
const GENERATION: usize = 14;

/// As `Change` makes a new device.
const INSERT: &str = "INSERT INTO identities (device_id, module_id, generation_id, etag, status, status_reason, status_updated, auth_type, \
    primary_key, secondary_key, primary_thumbprint, secondary_thumbprint, iot_edge, twin_etag, twin_version, twin_updated, \
    desired_version, reported_version, tags, desired, reported) \
    VALUES (?1, '', ?14, ?2, ?3, ?4, iif(?15, 0, ?13), ?5, ?6, ?7, ?8, ?9, 0, 1 + ?16, 2 + ?16, ?13, \
    1 + ?17, 1 + ?18, coalesce(?10, '{}'), coalesce(?11, '{}'), coalesce(?12, '{}')) ON CONFLICT DO NOTHING";

/// As `Change` overwrites a device that is no edge device.
const UPDATE: &str = "UPDATE identities SET etag = ?2, status_updated = iif(status = ?3, status_updated, ?13), status = ?3, \
    status_reason = ?4, auth_type = ?5, primary_key = ?6, secondary_key = ?7, primary_thumbprint = ?8, secondary_thumbprint = ?9, \
    device_scope = NULL, parent_scopes = NULL, managed_by = NULL, twin_etag = twin_etag + 1, twin_version = twin_version + 1, \
    twin_updated = ?13, desired_version = desired_version + 1, reported_version = reported_version + 1, desired_metadata = NULL, \
    reported_metadata = NULL, tags = coalesce(?10, tags), desired = ?11, reported = ?12 \
    WHERE device_id = ?1 AND module_id = '' AND iot_edge = 0";

/// Writes plain rows within one transaction.
pub(crate) struct PlainWriter<'c> {
    insert: CachedStatement<'c>,
    update: CachedStatement<'c>,
    /// Whether the next row is likely to be a new device, as the last one was.
    pub(crate) expects_new: bool,
}

impl<'c> PlainWriter<'c> {
    pub(crate) fn new(writing: &Writing<'c>, expects_new: bool) -> Outcome<Self> {
        let connection: &'c Connection = writing.connection();
        let mut insert = connection.prepare_cached(INSERT)?;
        let mut update = connection.prepare_cached(UPDATE)?;
        insert.raw_bind_parameter(NOW, writing.now.ticks())?;
        update.raw_bind_parameter(NOW, writing.now.ticks())?;
        insert.raw_bind_parameter(GENERATION, generation(writing))?;
        Ok(Self {
            insert,
            update,
            expects_new,
        })
    }

    /// Writes one row. `false`: nothing was done, and the row needs a closer look.
    pub(crate) fn write(
        &mut self,
        row: &PlainRow,
        texts: &str,
        writing: &mut Writing<'_>,
    ) -> Outcome<bool> {
        let (first, second) = (self.expects_new, !self.expects_new);
        for inserts in [first, second] {
            let written = if inserts {
                self.insert(row, texts, writing)?
            } else {
                self.update(row, texts)?
            };
            if written {
                self.expects_new = inserts;
                return Ok(true);
            }
        }
        self.expects_new = false;
        Ok(false)
    }

    fn insert(&mut self, row: &PlainRow, texts: &str, writing: &mut Writing<'_>) -> Outcome<bool> {
        if !row.mode.creates() || writing.check_quota().is_err() {
            return Ok(false);
        }
        let insert = &mut self.insert;
        bind(insert, row, texts)?;
        let [tags, desired, reported] = row.sections.map(|section| section.is_some());
        insert.raw_bind_parameter(15, row.enabled)?;
        insert.raw_bind_parameter(16, tags || desired || reported)?;
        insert.raw_bind_parameter(17, desired)?;
        insert.raw_bind_parameter(18, reported)?;
        let inserted = insert.raw_execute()? == 1;
        if inserted {
            writing.populate(1);
        }
        Ok(inserted)
    }

    fn update(&mut self, row: &PlainRow, texts: &str) -> Outcome<bool> {
        if !row.overwrites() {
            return Ok(false);
        }
        bind(&mut self.update, row, texts)?;
        Ok(self.update.raw_execute()? == 1)
    }
}

fn bind(statement: &mut CachedStatement<'_>, row: &PlainRow, texts: &str) -> rusqlite::Result<()> {
    let text = |span: Option<Span>| span.map(|span| span.of(texts));
    statement.raw_bind_parameter(1, row.id(texts))?;
    statement.raw_bind_parameter(2, new_etag())?;
    statement.raw_bind_parameter(3, status_name(row.enabled))?;
    statement.raw_bind_parameter(4, text(row.status_reason))?;
    statement.raw_bind_parameter(5, row.kind.wire())?;
    for (number, span) in (6..).zip(row.credentials) {
        statement.raw_bind_parameter(number, text(span))?;
    }
    for (number, span) in (10..).zip(row.sections) {
        statement.raw_bind_parameter(number, text(span))?;
    }
    Ok(())
}
