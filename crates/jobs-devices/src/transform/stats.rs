//! What a device file holds, in numbers.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::ControlFlow;

use serde::Serialize;

use super::marks::{Kind, Mark, Marker, Marks};
use super::{Context, Progress, TransformError};
use crate::{Item, RowRef, parallel};

/// Under which name rows are counted whose status or authentication is absent or `null`.
pub const UNSET: &str = "null";

/// Under which name rows are counted whose status or authentication is one of too many: names are data, and must not fill the memory.
pub const OTHERS: &str = "…";

/// How many names are counted by themselves.
const MOST_NAMES: usize = 100;

/// What the rows of device files are, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StatsReport {
    /// Identities: devices and modules.
    pub rows: u64,
    /// Rows of devices.
    pub devices: u64,
    /// Rows of modules.
    pub modules: u64,
    /// Lines of plain words.
    pub notices: u64,
    /// Lines that are no rows.
    pub bad_lines: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// Rows by status; those without one under [`UNSET`], those of further names than a hundred under [`OTHERS`].
    pub by_status: BTreeMap<String, u64>,
    /// Rows by authentication type; those without one, as in an export without keys, under [`UNSET`].
    pub by_authentication: BTreeMap<String, u64>,
    /// Edge devices.
    pub edge: u64,
    /// Rows whose tags are not empty.
    pub with_tags: u64,
    /// Rows whose identity stood in a row before.
    pub duplicates: u64,
}

/// Counts what one file holds. [`Stats`] takes several.
///
/// ```
/// use jobs_devices::transform::{Context, stats};
/// let file = "{\"id\":\"a\",\"status\":\"enabled\"}\n{\"id\":\"a\",\"moduleId\":\"m\",\"status\":\"enabled\"}\n";
/// let report = stats(file.as_bytes(), &mut Context::new())?;
/// assert_eq!((report.devices, report.modules, report.by_status["enabled"]), (1, 1, 2));
/// # Ok::<(), jobs_devices::transform::TransformError>(())
/// ```
///
/// # Errors
/// When the source or a temporary file fails. A bad line is counted, unless reading is strict.
pub fn stats<R: Read + Send>(
    source: R,
    context: &mut Context<'_>,
) -> Result<StatsReport, TransformError> {
    let mut stats = Stats::new(context);
    stats.add(source)?;
    stats.finish()
}

/// Counts what several files hold together.
#[derive(Debug)]
pub struct Stats<'c, 'a> {
    context: &'c mut Context<'a>,
    report: StatsReport,
    marker: Marker,
    marks: Marks,
    lines: u64,
}

impl<'c, 'a> Stats<'c, 'a> {
    /// Nothing counted yet.
    pub fn new(context: &'c mut Context<'a>) -> Self {
        let marks = Marks::new(context);
        Stats {
            context,
            report: StatsReport::default(),
            marker: Marker::default(),
            marks,
            lines: 0,
        }
    }

    /// Counts one more file.
    ///
    /// # Errors
    /// When the source or a temporary file fails, or with strict reading at the first bad line.
    pub fn add<R: Read + Send>(&mut self, source: R) -> Result<(), TransformError> {
        let options = self.context.options.clone();
        let (marker, before) = (&self.marker, self.lines);
        let mut outcome = Ok(());
        let work = |chunk: parallel::Chunk<'_>| {
            let mut part = Part {
                bytes: chunk.len(),
                ..Part::default()
            };
            part.lines = chunk.for_each(|entry| match entry.item {
                Item::Row(row) => part.row(&row, marker, before + entry.line, entry.offset),
                Item::Notice(_) => part.notices += 1,
                Item::Bad(bad) => {
                    part.bad_lines += 1;
                    part.strict = options.is_strict().then(|| (entry.line, bad.to_string()));
                }
            });
            part
        };
        let (report, marks, context, lines) = (
            &mut self.report,
            &mut self.marks,
            &mut *self.context,
            &mut self.lines,
        );
        parallel::for_each_chunk(source, &options, work, |mut part| {
            outcome = part.marks.drain(..).try_for_each(|mark| marks.push(mark));
            if let Some((line, message)) = part.strict.take() {
                outcome = Err(TransformError::Input { line, message });
            }
            *lines += part.lines;
            part.add_to(report);
            context.tell(Progress {
                lines: *lines,
                bytes: report.bytes,
            });
            if outcome.is_ok() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })
        .map_err(TransformError::Read)?;
        outcome
    }

    /// The counts so far. Duplicates are counted at the end.
    pub fn so_far(&self) -> &StatsReport {
        &self.report
    }

    /// The counts.
    ///
    /// # Errors
    /// When a temporary file fails.
    pub fn finish(self) -> Result<StatsReport, TransformError> {
        let Stats {
            mut report, marks, ..
        } = self;
        let mut last: Option<Mark> = None;
        marks.sorted(|mark| {
            report.duplicates += u64::from(last.is_some_and(|last| last.is_about(&mark)));
            last = Some(mark);
        })?;
        Ok(report)
    }
}

/// The counts of one chunk. Names are few, so a list is faster than a map.
#[derive(Default)]
struct Part {
    lines: u64,
    bytes: u64,
    devices: u64,
    modules: u64,
    notices: u64,
    bad_lines: u64,
    edge: u64,
    with_tags: u64,
    by_status: Vec<(String, u64)>,
    by_authentication: Vec<(String, u64)>,
    marks: Vec<Mark>,
    strict: Option<(u64, String)>,
}

impl Part {
    fn row(&mut self, row: &RowRef<'_>, marker: &Marker, line: u64, offset: u64) {
        let module = row.module_id();
        if module.is_some() {
            self.modules += 1;
        } else {
            self.devices += 1;
        }
        self.edge += u64::from(row.is_edge() && module.is_none());
        self.with_tags += u64::from(row.has_tags());
        count(
            &mut self.by_status,
            row.status()
                .as_ref()
                .map_or(UNSET, |status| status.as_str()),
        );
        count(
            &mut self.by_authentication,
            row.authentication_type()
                .as_ref()
                .map_or(UNSET, |kind| kind.as_str()),
        );
        self.marks
            .push(marker.mark(Kind::Identity, (&row.id(), module.as_deref()), line, offset));
    }

    fn add_to(self, report: &mut StatsReport) {
        report.rows += self.devices + self.modules;
        report.devices += self.devices;
        report.modules += self.modules;
        report.notices += self.notices;
        report.bad_lines += self.bad_lines;
        report.bytes += self.bytes;
        report.edge += self.edge;
        report.with_tags += self.with_tags;
        for (counts, all) in [
            (self.by_status, &mut report.by_status),
            (self.by_authentication, &mut report.by_authentication),
        ] {
            for (name, count) in counts {
                let full = all.len() >= MOST_NAMES && !all.contains_key(&name);
                let name = if full { OTHERS.to_owned() } else { name };
                *all.entry(name).or_default() += count;
            }
        }
    }
}

fn count(counts: &mut Vec<(String, u64)>, name: &str) {
    match counts.iter_mut().find(|(known, _)| known == name) {
        Some((_, count)) => *count += 1,
        None => counts.push((name.to_owned(), 1)),
    }
}
