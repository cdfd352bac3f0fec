//! What is wrong, or may be, with a device file.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Serialize, Serializer};

use found::Found;

use super::marks::{Mark, Marker, Marks};
use super::{Context, Progress, TransformError};
use crate::rules::Severity;
use crate::{AuthenticationEffect, BadLine, Entry, Item, RowRef, parallel};

mod circles;
mod duplicate;
mod edges;
mod format;
mod found;
mod links;
mod row;

/// How many findings [`check`] keeps; all are counted. [`check_each`] gives every one.
pub const MAX_FINDINGS: usize = 100_000;

/// What the file is checked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// A file that the service exported, or that could be one: whatever the service writes is no finding.
    #[default]
    Export,
    /// A file to be imported: system modules, versions without a mode that compares them, and words in place of rows are findings, too.
    Import,
}

impl std::str::FromStr for Purpose {
    type Err = TransformError;

    fn from_str(text: &str) -> Result<Self, TransformError> {
        match text {
            "export" => Ok(Purpose::Export),
            "import" => Ok(Purpose::Import),
            other => Err(TransformError::Asked(format!(
                "`{other}` is no purpose of a check; use export or import"
            ))),
        }
    }
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Finding {
    /// The line, from 1; what concerns the file as a whole stands at line 1.
    pub line: u64,
    /// The offset of its first byte.
    pub offset: u64,
    /// `error` or `warning`.
    #[serde(serialize_with = "severity")]
    pub severity: Severity,
    /// The rule's name, stable across releases.
    pub rule: &'static str,
    /// What is wrong and what to do. Never quotes a key.
    pub message: String,
}

fn severity<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(severity.as_str())
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CheckReport {
    /// Rows that could be read.
    pub rows: u64,
    /// What was found, in the order of lines: the first [`MAX_FINDINGS`].
    pub findings: Vec<Finding>,
    /// How many findings each rule has.
    #[serde(skip)]
    pub by_rule: BTreeMap<&'static str, u64>,
    /// How many of the findings are errors.
    #[serde(skip)]
    pub errors: u64,
    /// How many of the findings are warnings.
    #[serde(skip)]
    pub warnings: u64,
}

impl CheckReport {
    /// Whether anything found is an error.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }
}

/// Checks a file and keeps what it finds.
///
/// Rules that concern several lines: `duplicate`, `parent-missing`, `parent-order`, `delete-order`; for an import also `parent-cycle`
/// (edge devices above themselves), `edge-scope` (the file shows that no edge device has the scope that a row names as its
/// parent's), `modules` (more modules of one device than a hub takes) and `authentication-replaced`. Where it depends on what is
/// on the hub whether the row is rejected, the finding is a warning.
///
/// ```
/// use jobs_devices::transform::{check, Context, Purpose};
/// let file = "{\"id\":\"edge\",\"moduleId\":\"$edgeHub\",\"status\":\"enabled\"}\n{\"id\":\"edge\",\"status\":\"enabled\"}\n";
/// assert_eq!(check(file.as_bytes(), Purpose::Export, &mut Context::new())?.findings, []);
/// let report = check(file.as_bytes(), Purpose::Import, &mut Context::new())?;
/// assert!(report.findings.iter().any(|finding| finding.rule == "system-module"));
/// # Ok::<(), jobs_devices::transform::TransformError>(())
/// ```
///
/// # Errors
/// When the source or a temporary file fails. A bad line is a finding.
pub fn check<R: Read + Send>(
    source: R,
    purpose: Purpose,
    context: &mut Context<'_>,
) -> Result<CheckReport, TransformError> {
    let mut findings = Vec::new();
    let mut report = check_each(source, purpose, context, |finding| {
        if findings.len() < MAX_FINDINGS {
            findings.push(finding);
        }
    })?;
    report.findings = findings;
    Ok(report)
}

/// Checks a file and gives every finding to `each`, in the order of lines. The report holds the counts.
///
/// Memory is flat whatever is found, and in however many lines. Findings, and what is compared between lines, are held as
/// [`Context::spill_at`] allows, the rest in temporary files until the whole file was read.
///
/// # Errors
/// As [`check`].
pub fn check_each<R: Read + Send>(
    source: R,
    purpose: Purpose,
    context: &mut Context<'_>,
    each: impl FnMut(Finding),
) -> Result<CheckReport, TransformError> {
    let found = format::check(source, context, |source, context| {
        check_rows(source, purpose, context)
    })?;
    found.give(each)
}

/// Checks what is read as rows.
fn check_rows<R: Read + Send>(
    source: R,
    purpose: Purpose,
    context: &mut Context<'_>,
) -> Result<Found, TransformError> {
    let (options, marker) = (context.options.clone(), Marker::default());
    let shared = Shared {
        found: Mutex::new(Found::new(context)),
        marks: Mutex::new(Marks::new(context)),
    };
    let (mut progress, mut outcome) = (Progress::default(), Ok(()));
    let work = |chunk: parallel::Chunk<'_>| {
        let mut part = Part::new(purpose, &marker, &shared, chunk.len());
        part.lines = chunk.for_each(|entry| part.entry(&entry));
        part.hand_in();
        part
    };
    let (mut nested, mut replaced) = (circles::Circles::default(), Replaced::default());
    let (mut rows, mut names) = (0, links::Names::default());
    parallel::for_each_chunk(source, &options, work, |part| {
        rows += part.rows;
        part.nested.into_iter().for_each(|link| nested.push(link));
        names.append(part.names);
        replaced.append(part.replaced);
        outcome = part.outcome;
        progress = Progress {
            lines: progress.lines + part.lines,
            bytes: progress.bytes + part.bytes,
        };
        context.tell(progress);
        if outcome.is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })
    .map_err(TransformError::Read)?;
    outcome?;
    let (mut found, marks) = shared.into_parts();
    found.report.rows = rows;
    if purpose == Purpose::Import && rows == 0 && found.report.errors == 0 {
        found.push(nothing_to_import(progress.bytes))?;
    }
    if let Some(finding) = replaced.finding() {
        found.push(finding)?;
    }
    let mut outcome = Ok(());
    links::between_lines(marks, nested, &names, purpose, |finding| {
        if outcome.is_ok() {
            outcome = found.push(finding);
        }
    })?;
    outcome.map(|()| found)
}

/// What all threads put what they found into: it is sorted in the end, so the order does not matter, and nothing waits for its turn.
struct Shared {
    found: Mutex<Found>,
    marks: Mutex<Marks>,
}

impl Shared {
    fn into_parts(self) -> (Found, Marks) {
        let found = self.found.into_inner();
        let marks = self.marks.into_inner();
        (
            found.unwrap_or_else(PoisonError::into_inner),
            marks.unwrap_or_else(PoisonError::into_inner),
        )
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many findings, or marks, a thread holds before it hands them in.
const MOST_HELD: usize = 1024;

/// What was found in one chunk.
struct Part<'m> {
    purpose: Purpose,
    marker: &'m Marker,
    shared: &'m Shared,
    bytes: u64,
    lines: u64,
    rows: u64,
    findings: Vec<Finding>,
    marks: Vec<Mark>,
    outcome: Result<(), TransformError>,
    nested: Vec<circles::Link>,
    names: links::Names,
    replaced: Replaced,
}

impl<'m> Part<'m> {
    fn new(purpose: Purpose, marker: &'m Marker, shared: &'m Shared, bytes: u64) -> Self {
        Part {
            purpose,
            marker,
            shared,
            bytes,
            lines: 0,
            rows: 0,
            findings: Vec::new(),
            marks: Vec::new(),
            outcome: Ok(()),
            nested: Vec::new(),
            names: links::Names::default(),
            replaced: Replaced::default(),
        }
    }

    /// Gives what was found so far, and the memory that it takes, to those who sort it.
    fn hand_in(&mut self) {
        let (findings, marks) = (
            std::mem::take(&mut self.findings),
            std::mem::take(&mut self.marks),
        );
        if self.outcome.is_err() {
            return;
        }
        if !findings.is_empty() {
            let mut found = lock(&self.shared.found);
            self.outcome = findings
                .into_iter()
                .try_for_each(|finding| found.push(finding));
        }
        if !marks.is_empty() && self.outcome.is_ok() {
            let mut all = lock(&self.shared.marks);
            self.outcome = marks.into_iter().try_for_each(|mark| all.push(mark));
        }
    }
}

/// Rows that set another type of authentication than `sas` on an identity that may exist. Nearly every row of some fleets is one,
/// so the file has one finding of them.
#[derive(Default)]
struct Replaced {
    rows: u64,
    /// Line and offset of the first.
    first: (u64, u64),
}

impl Replaced {
    fn note(&mut self, row: &RowRef<'_>, place: (u64, u64)) {
        if matches!(
            row.authentication_effect(),
            AuthenticationEffect::ReplacedBy(_)
        ) {
            self.append(Replaced {
                rows: 1,
                first: place,
            });
        }
    }

    fn append(&mut self, other: Replaced) {
        if self.rows == 0 {
            self.first = other.first;
        }
        self.rows += other.rows;
    }

    fn finding(self) -> Option<Finding> {
        let rows = match self.rows {
            0 => return None,
            1 => "1 row sets".to_owned(),
            rows => format!("{rows} rows, this one first, set"),
        };
        Some(Finding {
            line: self.first.0,
            offset: self.first.1,
            severity: Severity::Warning,
            rule: "authentication-replaced",
            message: format!(
                "{rows} another type of authentication than sas; identities that exist and have keys lose them"
            ),
        })
    }
}

impl Part<'_> {
    fn entry(&mut self, entry: &Entry<RowRef<'_>>) {
        let mut at = Place {
            line: entry.line,
            offset: entry.offset,
            findings: &mut self.findings,
        };
        match &entry.item {
            Item::Row(row) => {
                self.rows += 1;
                row::check(row, self.purpose, &mut at);
                self.mark(row, (entry.line, entry.offset));
                if self.purpose == Purpose::Import {
                    self.replaced.note(row, (entry.line, entry.offset));
                }
            }
            Item::Notice(_) => notice(self.purpose, &mut at),
            Item::Bad(bad) => bad_line(bad, &mut at),
        }
        if self.findings.len().max(self.marks.len()) >= MOST_HELD {
            self.hand_in();
        }
    }
}

/// A line, and where to put what is found there.
struct Place<'f> {
    line: u64,
    offset: u64,
    findings: &'f mut Vec<Finding>,
}

impl Place<'_> {
    fn find(&mut self, severity: Severity, rule: &'static str, message: String) {
        self.findings.push(Finding {
            line: self.line,
            offset: self.offset,
            severity,
            rule,
            message,
        });
    }

    fn error(&mut self, rule: &'static str, message: impl Into<String>) {
        self.find(Severity::Error, rule, message.into());
    }

    fn warning(&mut self, rule: &'static str, message: impl Into<String>) {
        self.find(Severity::Warning, rule, message.into());
    }
}

/// The hub writes one itself, in the first line, and the local hub skips it there; whether the service does is not recorded.
fn notice(purpose: Purpose, at: &mut Place<'_>) {
    match (purpose, at.line) {
        (Purpose::Export, 1) => {}
        (Purpose::Import, 1) => at.warning(
            "notice",
            "plain text, as in an export without keys; the service may reject the line, `devices prepare-import` leaves it out",
        ),
        (Purpose::Import, _) => at.error(
            "notice",
            "plain text instead of a row; an import rejects the line, remove it",
        ),
        (Purpose::Export, _) => at.warning(
            "notice",
            "plain text instead of a row; the service writes it in the first line only",
        ),
    }
}

/// The service refuses the import of an empty blob before a job is made (`BlobContainerValidationError`); of a file of blank lines a
/// job is made, and does nothing.
fn nothing_to_import(bytes: u64) -> Finding {
    let message = match bytes {
        0 => "the file is empty; the hub refuses the import of an empty blob",
        _ => "the file holds no row; there is nothing to import",
    };
    Finding {
        line: 1,
        offset: 0,
        severity: Severity::Error,
        rule: "empty",
        message: message.to_owned(),
    }
}

fn bad_line(bad: &BadLine, at: &mut Place<'_>) {
    at.error(bad.cause.rule(), bad.to_string());
}
