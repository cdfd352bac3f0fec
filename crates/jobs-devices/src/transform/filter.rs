use std::io::{Read, Write};

use serde::Serialize;

use super::{Context, Output, Passed, Run, TransformError};
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
/// Rows are written as rows, in the service's order of members; see [`crate::query`] for what a condition means.
///
/// # Errors
/// When the input cannot be read or the output not written.
pub fn filter<R: Read, W: Write>(
    source: R,
    sink: W,
    condition: &Condition,
    context: &mut Context<'_>,
) -> Result<FilterReport, TransformError> {
    let mut output = Output::new(sink);
    let mut run = Run::new(context);
    run.rows(source, |_, _, row| match condition.matches(&row) {
        true => output.row(&row),
        false => Ok(()),
    })?;
    Ok(FilterReport {
        written: output.finish()?,
        passed: run.passed,
    })
}
