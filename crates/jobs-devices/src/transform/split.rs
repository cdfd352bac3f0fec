use std::io::{self, Read, Write};

use serde::Serialize;

use super::{Context, Output, Passed, Run, TransformError};

/// How many files [`split`] writes at most. The report has an entry for each.
pub const MAX_SPLIT_FILES: usize = 100_000;

/// When [`split`] starts the next file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SplitAt {
    /// After this many rows.
    Rows(u64),
    /// Before the row with which the file would have more bytes. A single row that is larger has a file of its own.
    Bytes(u64),
}

/// What [`split`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SplitReport {
    /// What was read.
    #[serde(flatten)]
    pub passed: Passed,
    /// Rows written: all that were read.
    pub written: u64,
    /// The files, in order.
    pub files: Vec<SplitFile>,
}

/// One file that [`split`] wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SplitFile {
    /// Which one, from 1.
    pub number: u64,
    /// Its rows.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
}

/// Writes the rows to one file after the other; a row is never cut, and the order stays.
///
/// `open` gives the sink of the file with that number, from 1; `close` takes it back when the file is complete.
/// An input without rows makes no file.
///
/// # Errors
/// When the input cannot be read, an output cannot be opened, written or closed, the size of a file is zero, or there would be
/// more than [`MAX_SPLIT_FILES`] files.
pub fn split<R: Read, W: Write>(
    source: R,
    at: SplitAt,
    mut open: impl FnMut(u64) -> io::Result<W>,
    mut close: impl FnMut(W) -> io::Result<()>,
    context: &mut Context<'_>,
) -> Result<SplitReport, TransformError> {
    if matches!(at, SplitAt::Rows(0) | SplitAt::Bytes(0)) {
        return Err(TransformError::Asked(
            "a file needs room for at least one row or one byte".to_owned(),
        ));
    }
    let mut run = Run::new(context);
    let mut files: Vec<SplitFile> = Vec::new();
    let mut current: Option<Output<W>> = None;
    let mut line = Vec::new();
    run.rows(source, |_, _, row| {
        line.clear();
        row.write_line(&mut line);
        let size = line.len() as u64 + 1;
        let full = files.last().is_some_and(|file| match at {
            SplitAt::Rows(most) => file.rows >= most,
            SplitAt::Bytes(most) => file.bytes + size > most,
        });
        if full && let Some(output) = current.take() {
            close(output.into_sink()?).map_err(TransformError::Write)?;
        }
        let output = match &mut current {
            Some(output) => output,
            None if files.len() == MAX_SPLIT_FILES => {
                return Err(TransformError::Asked(format!(
                    "the rows would need more than {MAX_SPLIT_FILES} files; ask for larger ones"
                )));
            }
            None => {
                let number = files.len() as u64 + 1;
                let sink = open(number).map_err(TransformError::Write)?;
                files.push(SplitFile {
                    number,
                    ..SplitFile::default()
                });
                current.insert(Output::new(sink))
            }
        };
        if let Some(file) = files.last_mut() {
            file.rows += 1;
            file.bytes += size;
        }
        output.raw(&line)
    })?;
    if let Some(output) = current {
        close(output.into_sink()?).map_err(TransformError::Write)?;
    }
    Ok(SplitReport {
        written: run.passed.rows,
        passed: run.passed,
        files,
    })
}
