use std::io::{Read, Write};

use serde::Serialize;

use super::{Context, Output, Passed, ProblemKind, Run, TransformError};
use crate::{Field, ImportMode};

/// What [`set_mode`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SetModeReport {
    /// What was read.
    #[serde(flatten)]
    pub passed: Passed,
    /// Rows written: all that were read.
    pub written: u64,
    /// Rows whose mode was another before, or none.
    pub changed: u64,
    /// Rows without the etag that the mode compares; the first of them are among the problems.
    pub without_etag: u64,
}

/// Gives every row the import mode.
///
/// Nothing else changes. Rows that lack the etag which the mode compares are written and reported, for an import will
/// refuse most of them.
///
/// # Errors
/// When the input cannot be read or the output not written.
pub fn set_mode<R: Read, W: Write>(
    source: R,
    sink: W,
    mode: &ImportMode,
    context: &mut Context<'_>,
) -> Result<SetModeReport, TransformError> {
    let mut output = Output::new(sink);
    let mut run = Run::new(context);
    let (mut changed, mut without_etag) = (0, 0);
    run.rows(source, |run, place, mut row| {
        changed += u64::from(row.import_mode.as_ref() != Some(mode));
        let missing = (mode.checks_etag() && row.etag.is_none()).then_some("eTag");
        let missing =
            missing.or((mode.checks_twin_etag() && row.twin_etag.is_none()).then_some("twinETag"));
        if let Some(member) = missing {
            without_etag += 1;
            let message = format!("has no {member}, which {mode} compares");
            run.problem(place, ProblemKind::Warning, Some(&row), message);
        }
        row.import_mode = Field::Value(mode.clone());
        output.row(&row)
    })?;
    Ok(SetModeReport {
        written: output.finish()?,
        passed: run.passed,
        changed,
        without_etag,
    })
}
