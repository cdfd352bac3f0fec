use std::borrow::Cow;
use std::io::Read;

use serde::Serialize;

use super::canonical::{canonical, sorted_members};
use super::spill::{Key, Record, Sorted, Sorter};
use super::{Context, Passed, Run, TransformError};
use crate::field::string;

/// What [`diff`] compares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiffOptions {
    /// Whether a change of `eTag` or `twinETag`, or of `$version` and `$metadata` in desired or reported
    /// properties, is a difference. The service moves them by itself, so they are none otherwise.
    pub with_etags: bool,
}

impl DiffOptions {
    /// Everything but versions.
    pub fn new() -> Self {
        Self::default()
    }

    /// With versions, or without.
    #[must_use]
    pub fn with_etags(mut self, with: bool) -> Self {
        self.with_etags = with;
        self
    }
}

/// One difference between two files.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// Only in the second file.
    Added(Identity),
    /// Only in the first file.
    Removed(Identity),
    /// In both, with fields that differ.
    Changed(ChangedIdentity),
}

/// Which device, or which module of a device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Identity {
    /// The device's id.
    pub id: String,
    /// The module's id, for a module.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module_id: Option<String>,
}

impl From<Key> for Identity {
    fn from(key: Key) -> Self {
        Identity {
            id: key.id,
            module_id: key.module_id,
        }
    }
}

/// An identity in both files whose rows differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ChangedIdentity {
    /// Which.
    #[serde(flatten)]
    pub identity: Identity,
    /// The members that differ, with the names that lead to them: `status`, `tags.site`. Values are not shown, for
    /// some are keys.
    pub fields: Vec<String>,
}

/// What [`diff`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DiffReport {
    /// Only in the second file, by id.
    pub added: Vec<Identity>,
    /// Only in the first file, by id.
    pub removed: Vec<Identity>,
    /// In both, different, by id.
    pub changed: Vec<ChangedIdentity>,
    /// The counts, and what was read.
    #[serde(flatten)]
    pub summary: DiffSummary,
}

impl DiffReport {
    /// Whether the files say the same of the same identities.
    pub fn is_same(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// Counts of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DiffSummary {
    /// Identities that are the same in both.
    pub unchanged: u64,
    /// Rows that a later row of the same file and identity replaced.
    pub duplicates: u64,
    /// What was read of the first file.
    pub first: Passed,
    /// What was read of the second file.
    pub second: Passed,
}

/// Compares two files by identity and collects what differs; see [`diff_each`] for files with more differences than
/// memory has room for.
///
/// # Errors
/// When an input cannot be read or a temporary file not used.
pub fn diff<A: Read + Send, B: Read + Send>(
    first: A,
    second: B,
    options: DiffOptions,
    context: &mut Context<'_>,
) -> Result<DiffReport, TransformError> {
    let mut report = DiffReport::default();
    report.summary = diff_each(first, second, options, context, |difference| {
        match difference {
            Difference::Added(identity) => report.added.push(identity),
            Difference::Removed(identity) => report.removed.push(identity),
            Difference::Changed(identity) => report.changed.push(identity),
        }
        Ok(())
    })?;
    Ok(report)
}

/// Compares two files by identity and calls `each` with every difference, ordered by device id, a device before its
/// modules.
///
/// Neither file need be sorted or fit in memory. Order of members, spaces, escapes and the spelling of numbers are no
/// difference, nor is a member that is absent in one and `null` in the other. A difference deeper than 32 names is told of by the
/// first of them. Of several rows for one identity the
/// last counts, as for an import.
///
/// # Errors
/// When an input cannot be read, a temporary file not used, or `each` fails.
pub fn diff_each<A: Read + Send, B: Read + Send>(
    first: A,
    second: B,
    options: DiffOptions,
    context: &mut Context<'_>,
    mut each: impl FnMut(Difference) -> Result<(), TransformError>,
) -> Result<DiffSummary, TransformError> {
    let (left, first) = sorted(first, context)?;
    let (right, second) = sorted(second, context)?;
    let mut summary = DiffSummary {
        first,
        second,
        ..DiffSummary::default()
    };
    let (mut left, mut right) = (Latest::new(left), Latest::new(right));
    let (mut a, mut b) = (left.next()?, right.next()?);
    loop {
        let order = match (&a, &b) {
            (Some(a), Some(b)) => a.key.cmp(&b.key),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => break,
        };
        let old = if order.is_le() {
            std::mem::replace(&mut a, left.next()?)
        } else {
            None
        };
        let new = if order.is_ge() {
            std::mem::replace(&mut b, right.next()?)
        } else {
            None
        };
        match (old, new) {
            (Some(old), None) => each(Difference::Removed(old.key.into()))?,
            (None, Some(new)) => each(Difference::Added(new.key.into()))?,
            (Some(old), Some(new)) => {
                let fields = changed_fields(&old.body, &new.body, options);
                if fields.is_empty() {
                    summary.unchanged += 1;
                } else {
                    let identity = new.key.into();
                    each(Difference::Changed(ChangedIdentity { identity, fields }))?;
                }
            }
            (None, None) => break,
        }
    }
    summary.duplicates = left.replaced + right.replaced;
    Ok(summary)
}

fn sorted<R: Read + Send>(
    source: R,
    context: &mut Context<'_>,
) -> Result<(Sorted, Passed), TransformError> {
    let mut sorter = Sorter::new(context);
    let mut run = Run::new(context);
    run.parts(
        source,
        |row, place, records: &mut Vec<Record>| {
            records.push(Record {
                key: Key::of(row),
                number: place.line,
                body: row.line().as_bytes().to_vec(),
            });
        },
        |records| {
            records
                .into_iter()
                .try_for_each(|record| sorter.push(record))
        },
    )?;
    let passed = run.passed;
    Ok((sorter.sorted()?, passed))
}

/// The last record of each key.
struct Latest {
    records: Sorted,
    ahead: Option<Record>,
    started: bool,
    replaced: u64,
}

impl Latest {
    fn new(records: Sorted) -> Self {
        Latest {
            records,
            ahead: None,
            started: false,
            replaced: 0,
        }
    }

    fn next(&mut self) -> Result<Option<Record>, TransformError> {
        if !self.started {
            self.started = true;
            self.ahead = self.records.next().transpose()?;
        }
        let Some(mut record) = self.ahead.take() else {
            return Ok(None);
        };
        while let Some(next) = self.records.next().transpose()? {
            if next.key != record.key {
                self.ahead = Some(next);
                break;
            }
            self.replaced += 1;
            record = next;
        }
        Ok(Some(record))
    }
}

/// Members of a row whose words mean the same in any case.
fn is_word(path: &[Cow<'_, str>]) -> bool {
    match path {
        [name] => matches!(name.as_ref(), "status" | "importMode"),
        [part, name] => part == "authentication" && name == "type",
        _ => false,
    }
}

/// Whether two strings are one word, however they are spelt.
fn is_one_word(one: &str, other: &str) -> bool {
    match (string(one), string(other)) {
        (Ok(one), Ok(other)) => one.eq_ignore_ascii_case(&other),
        _ => false,
    }
}

/// Members of a row that are versions, by the names that lead to them.
fn is_version(path: &[Cow<'_, str>]) -> bool {
    match path {
        [name] => matches!(name.as_ref(), "eTag" | "twinETag"),
        [properties, section, name] => {
            properties == "properties"
                && (section == "desired" || section == "reported")
                && matches!(name.as_ref(), "$version" | "$metadata")
        }
        _ => false,
    }
}

fn changed_fields(old: &[u8], new: &[u8], options: DiffOptions) -> Vec<String> {
    let mut fields = Vec::new();
    if old != new {
        let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
        compare(&old, &new, &mut Vec::new(), options, &mut fields);
    }
    fields
}

/// How many names a path of a difference has at most, which is more than a twin has levels. What lies deeper is compared as a whole.
const LONGEST_PATH: usize = 32;

/// Collects the paths of members that differ; objects are compared member by member, all else as a whole.
fn compare<'t>(
    old: &'t str,
    new: &'t str,
    path: &mut Vec<Cow<'t, str>>,
    options: DiffOptions,
    fields: &mut Vec<String>,
) {
    let (old, new) = (sorted_members(old), sorted_members(new));
    let (mut a, mut b) = (old.into_iter().peekable(), new.into_iter().peekable());
    loop {
        let order = match (a.peek(), b.peek()) {
            (Some((a, _)), Some((b, _))) => a.cmp(b),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => return,
        };
        let left = if order.is_le() { a.next() } else { None };
        let right = if order.is_ge() { b.next() } else { None };
        let Some(name) = left
            .as_ref()
            .or(right.as_ref())
            .map(|(name, _)| name.clone())
        else {
            return;
        };
        let top = path.is_empty();
        path.push(name.shown());
        let (left, right) = (left.map(|(_, v)| v), right.map(|(_, v)| v));
        if options.with_etags || !is_version(path) {
            match (left, right) {
                (Some(l), Some(r)) if l == r => {}
                (Some(l), Some(r))
                    if l.starts_with('{') && r.starts_with('{') && path.len() < LONGEST_PATH =>
                {
                    compare(l, r, path, options, fields);
                }
                // Of the row itself, absent and null both mean not given.
                (None, Some("null")) | (Some("null"), None) if top => {}
                (Some(l), Some(r)) if is_word(path) && is_one_word(l, r) => {}
                (Some(l), Some(r)) if canonical(l) == canonical(r) => {}
                _ => fields.push(path.join(".")),
            }
        }
        path.pop();
    }
}
