use std::io::{Read, Write};

use serde::Serialize;

use super::{Context, Passed, Run, TransformError};
use crate::query::Condition;

/// What [`filter`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FilterReport {
    /// What was read.
    #[serde(flatten)]
    pub passed: Passed,
    /// Rows that met the condition.
    pub written: u64,
}

/// Writes the rows for which the condition is true, in their order.
///
/// Rows are written as they stand in their lines; see [`crate::query`] for what a condition means.
///
/// # Errors
/// When the input cannot be read or the output not written.
pub fn filter<R: Read + Send, W: Write>(
    source: R,
    mut sink: W,
    condition: &Condition,
    context: &mut Context<'_>,
) -> Result<FilterReport, TransformError> {
    let mut run = Run::new(context);
    let mut written = 0;
    run.parts(
        source,
        |row, _, (lines, rows): &mut (Vec<u8>, u64)| {
            if condition.matches(row) {
                lines.extend_from_slice(row.line().as_bytes());
                lines.push(b'\n');
                *rows += 1;
            }
        },
        |(lines, rows)| {
            written += rows;
            sink.write_all(&lines).map_err(TransformError::Write)
        },
    )?;
    sink.flush().map_err(TransformError::Write)?;
    Ok(FilterReport {
        written,
        passed: run.passed,
    })
}
