//! What is wrong, or may be, with a device file.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::ControlFlow;

use serde::{Serialize, Serializer};

use super::marks::{Mark, Marker, Marks};
use super::{Context, Progress, TransformError};
use crate::rules::Severity;
use crate::{AuthenticationEffect, BadLine, Entry, Item, RowRef, parallel};

mod circles;
mod duplicate;
mod format;
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
    findings.sort();
    report.findings = findings;
    Ok(report)
}

/// Checks a file and gives every finding to `each`: those of a line in the order of lines, then those between lines. The report holds the counts.
///
/// Memory is flat whatever is found. What is compared between lines is held as [`Context::spill_at`] allows, the rest in a temporary file.
///
/// # Errors
/// As [`check`].
pub fn check_each<R: Read + Send>(
    source: R,
    purpose: Purpose,
    context: &mut Context<'_>,
    each: impl FnMut(Finding),
) -> Result<CheckReport, TransformError> {
    format::check(source, each, |source, each| {
        check_rows(source, purpose, context, each)
    })
}

/// Checks what is read as rows.
fn check_rows<R: Read + Send>(
    source: R,
    purpose: Purpose,
    context: &mut Context<'_>,
    mut each: impl FnMut(Finding),
) -> Result<CheckReport, TransformError> {
    let (options, marker) = (context.options.clone(), Marker::default());
    let mut marks = Marks::new(context);
    let (mut report, mut progress, mut outcome) =
        (CheckReport::default(), Progress::default(), Ok(()));
    let work = |chunk: parallel::Chunk<'_>| {
        let mut part = Part {
            purpose,
            marker: &marker,
            bytes: chunk.len(),
            lines: 0,
            rows: 0,
            findings: Vec::new(),
            marks: Vec::new(),
            nested: Vec::new(),
            names: links::Names::default(),
            replaced: Replaced::default(),
        };
        part.lines = chunk.for_each(|entry| part.entry(&entry));
        part
    };
    let (mut nested, mut replaced) = (circles::Circles::default(), Replaced::default());
    let mut names = links::Names::default();
    let mut tell = |report: &mut CheckReport, finding: Finding| {
        *report.by_rule.entry(finding.rule).or_default() += 1;
        match finding.severity {
            Severity::Error => report.errors += 1,
            Severity::Warning => report.warnings += 1,
        }
        each(finding);
    };
    parallel::for_each_chunk(source, &options, work, |part| {
        report.rows += part.rows;
        part.findings
            .into_iter()
            .for_each(|finding| tell(&mut report, finding));
        part.nested.into_iter().for_each(|link| nested.push(link));
        names.append(part.names);
        replaced.append(part.replaced);
        outcome = part.marks.into_iter().try_for_each(|mark| marks.push(mark));
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
    if purpose == Purpose::Import && report.rows == 0 && report.errors == 0 {
        tell(&mut report, nothing_to_import(progress.bytes));
    }
    if let Some(finding) = replaced.finding() {
        tell(&mut report, finding);
    }
    links::between_lines(marks, nested, &names, purpose, |finding| {
        tell(&mut report, finding)
    })?;
    Ok(report)
}

/// What was found in one chunk.
struct Part<'m> {
    purpose: Purpose,
    marker: &'m Marker,
    bytes: u64,
    lines: u64,
    rows: u64,
    findings: Vec<Finding>,
    marks: Vec<Mark>,
    nested: Vec<circles::Link>,
    names: links::Names,
    replaced: Replaced,
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

/// The hub writes one itself, in the first line; an import cannot read it as a row.
fn notice(purpose: Purpose, at: &mut Place<'_>) {
    match purpose {
        Purpose::Import => at.error(
            "notice",
            "words in place of a row; an import refuses the line, take it out",
        ),
        Purpose::Export if at.line > 1 => at.warning(
            "notice",
            "words in place of a row; the service writes these in the first line alone",
        ),
        Purpose::Export => {}
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
