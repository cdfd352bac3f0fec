//! Device files into other device files, streaming.
//!
//! Every function here reads its input once, line by line, writes as it goes and gives a report that serialises to the
//! JSON the command line prints. Memory stays flat whatever the size of the file; what has to be sorted is spilled to
//! temporary files that only their owner can read and that are gone when the function returns.
//!
//! No line is lost in silence: a [notice](crate::Item::Notice) or a [bad line](crate::Item::Bad) is counted in
//! [`Passed`], quoted there as a [`Problem`] (the first [`MAX_PROBLEMS`] of them), and a bad line is handed
//! byte for byte to the writer of rejects where [`Context::rejects`] gave one, as is a row that a transform refuses.
//!
//! ```
//! use jobs_devices::{query::parse_condition, transform::{filter, Context}};
//!
//! let file = "{\"id\":\"a\",\"status\":\"enabled\"}\n{\"id\":\"b\",\"status\":\"disabled\"}\n{oops\n";
//! let (mut kept, mut rejects) = (Vec::new(), Vec::new());
//! let condition = parse_condition("status = 'enabled'")?;
//! let report = filter(file.as_bytes(), &mut kept, &condition, &mut Context::new().rejects(&mut rejects))?;
//! assert_eq!(kept, b"{\"id\":\"a\",\"status\":\"enabled\"}\n");
//! assert_eq!((report.passed.rows, report.written, report.passed.bad_lines), (2, 1, 1));
//! assert_eq!(rejects, b"{oops\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

use crate::{Options, Row, Writer};
use run::Run;

mod anonymise;
mod canonical;
mod check;
mod convert;
mod diff;
mod filter;
mod generate;
mod identities;
mod marks;
mod merge;
mod order;
mod plan;
mod prepare;
mod run;
mod scope;
mod set_mode;
mod spill;
mod split;
mod stats;

pub use anonymise::{AnonymiseKey, AnonymiseReport, TwinText, anonymise};
pub use check::{CheckReport, Finding, MAX_FINDINGS, Purpose, check, check_each};
pub use convert::{Columns, ColumnsError, ConvertReport, Format, NotCarried, convert};
pub use diff::{
    ChangedIdentity, DiffOptions, DiffReport, DiffSummary, Difference, Identity, diff, diff_each,
};
pub use filter::{FilterReport, filter};
pub use generate::{
    GenerateOptions, GenerateReport, TEST_KEY_MARK, Template, TemplateError, generate,
};
pub use merge::{Duplicate, Keep, MAX_PLACES, MergeReport, RowPlace, merge};
pub use plan::{
    Affected, AffectedIdentity, ImportPlan, MAX_PLANNED_IDS, UNKNOWN_MODE, count_identities,
    plan_import,
};
pub use prepare::{PrepareOptions, PrepareReport, prepare_import};
pub use set_mode::{SetModeReport, set_mode};
pub use split::{MAX_SPLIT_FILES, SplitAt, SplitFile, SplitReport, split};
pub use stats::{OTHERS, Stats, StatsReport, UNSET, stats};

/// How many problems a report quotes; all are counted.
pub const MAX_PROBLEMS: usize = 100;

/// How many lines go by between two calls of a progress callback.
const PROGRESS_EVERY: u64 = 2048;

/// How far a transform has come in its input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Lines read, blank ones included.
    pub lines: u64,
    /// Bytes before the line last read.
    pub bytes: u64,
}

/// How a transform reads, whom it tells, and where rejected lines and temporary files go.
#[derive(Default)]
#[must_use]
pub struct Context<'a> {
    options: Options,
    rejects: Option<&'a mut dyn Write>,
    progress: Option<&'a mut dyn FnMut(Progress)>,
    temporary: Option<std::path::PathBuf>,
    memory: Option<usize>,
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("options", &self.options)
            .field("rejects", &self.rejects.is_some())
            .field("progress", &self.progress.is_some())
            .field("temporary", &self.temporary)
            .field("memory", &self.memory())
            .finish()
    }
}

impl<'a> Context<'a> {
    /// Lenient reading, no rejects, no progress.
    pub fn new() -> Self {
        Self::default()
    }

    /// How lines are read.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Where lines go that a transform cannot take, as they stood. Of a line that was too long to be read these are its first bytes alone.
    pub fn rejects(mut self, rejects: &'a mut dyn Write) -> Self {
        self.rejects = Some(rejects);
        self
    }

    /// Whom to tell every few thousand lines, and at the end.
    pub fn progress(mut self, progress: &'a mut dyn FnMut(Progress)) -> Self {
        self.progress = Some(progress);
        self
    }

    /// The folder of temporary files; the system's own otherwise.
    pub fn temporary_folder(mut self, folder: impl Into<std::path::PathBuf>) -> Self {
        self.temporary = Some(folder.into());
        self
    }

    /// About how many bytes of rows are held in memory before they are spilled to a temporary file: 32 MiB otherwise.
    pub fn spill_at(mut self, bytes: usize) -> Self {
        self.memory = Some(bytes);
        self
    }

    pub(crate) fn memory(&self) -> usize {
        self.memory.unwrap_or(32 << 20).max(1)
    }

    fn tell(&mut self, progress: Progress) {
        if let Some(callback) = &mut self.progress {
            callback(progress);
        }
    }

    fn reject(&mut self, line: &[u8]) -> Result<(), TransformError> {
        if let Some(rejects) = &mut self.rejects {
            rejects
                .write_all(line)
                .and_then(|()| rejects.write_all(b"\n"))
                .map_err(TransformError::Write)?;
        }
        Ok(())
    }
}

/// Why a transform ended before its input did.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransformError {
    /// The input could not be read on.
    #[error("cannot read the input")]
    Read(#[source] io::Error),
    /// The output, or the file of rejects, could not be written.
    #[error("cannot write the output")]
    Write(#[source] io::Error),
    /// A temporary file could not be made, written or read.
    #[error("cannot use a temporary file; give it a folder with room")]
    Spill(#[source] io::Error),
    /// The input is of a form that the transform cannot begin with, or strict reading met a bad line.
    #[error("line {line}: {message}")]
    Input {
        /// The line, from 1.
        line: u64,
        /// What is wrong and what to do.
        message: String,
    },
    /// What was asked for makes no sense.
    #[error("{0}")]
    Asked(String),
}

/// What went through a transform.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Passed {
    /// Rows read.
    pub rows: u64,
    /// Lines of plain words, which the hub writes before an export without keys.
    pub notices: u64,
    /// Lines that are no rows.
    pub bad_lines: u64,
    /// Bad lines that are too long to be kept whole as a reject.
    #[serde(skip_serializing_if = "is_zero")]
    pub cut_lines: u64,
    /// Lines of plain text that are not the notice which a hub puts before the rows: they come later, or have a row in them. They go to
    /// the rejects.
    #[serde(skip_serializing_if = "is_zero")]
    pub later_notices: u64,
    /// The first notices, bad lines and refused rows.
    pub problems: Vec<Problem>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A line that did not go through, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Problem {
    /// The line, from 1.
    pub line: u64,
    /// The offset of its first byte.
    pub offset: u64,
    /// What it is.
    pub kind: ProblemKind,
    /// The device's id, where the line is a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The module's id, where the line is the row of a module.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module_id: Option<String>,
    /// The words of a notice, or what is wrong.
    pub message: String,
}

/// The kinds of [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ProblemKind {
    /// Plain words.
    Notice,
    /// No row.
    BadLine,
    /// A row that the transform will not pass on.
    Refused,
    /// A row that was passed on and may not do what is expected.
    Warning,
}

impl Passed {
    fn problem(&mut self, problem: Problem) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

/// Where a row stood.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) line: u64,
    pub(crate) offset: u64,
}

/// A writer of rows whose errors are those of a transform.
pub(crate) struct Output<W: Write> {
    writer: Writer<W>,
    pub(crate) written: u64,
}

impl<W: Write> Output<W> {
    pub(crate) fn new(sink: W) -> Self {
        Output {
            writer: Writer::new(sink),
            written: 0,
        }
    }

    pub(crate) fn row(&mut self, row: &Row) -> Result<(), TransformError> {
        self.written += 1;
        self.writer.write(row).map_err(TransformError::Write)
    }

    /// Writes the row and says how many bytes its line has, the line break included.
    pub(crate) fn row_sized(&mut self, row: &Row) -> Result<u64, TransformError> {
        self.written += 1;
        self.writer.write_sized(row).map_err(TransformError::Write)
    }

    pub(crate) fn raw(&mut self, line: &[u8]) -> Result<(), TransformError> {
        self.written += 1;
        self.writer.write_raw(line).map_err(TransformError::Write)
    }

    /// The sink, with all rows handed to it.
    pub(crate) fn into_sink(self) -> Result<W, TransformError> {
        self.writer.finish().map_err(TransformError::Write)
    }

    /// The number of rows written, all of them handed to the sink.
    pub(crate) fn finish(self) -> Result<u64, TransformError> {
        self.writer.finish().map_err(TransformError::Write)?;
        Ok(self.written)
    }
}
