//! The rule `format`: the file is not a device file, and its format has a name.

use std::io::Read;

use super::found::Found;
use super::{Context, Finding, TransformError};
use crate::format::{self, FileFormat};
use crate::rules::Severity;

/// Findings of so many lines are replaced by the one that names the format; more are given with it.
const MOST_REPLACED: u64 = 1000;

/// Finds a file of another format. Whatever else may be one is checked by `rows`, and only if it has no row, its findings are
/// replaced by the one that names the format.
pub(super) fn check<R: Read + Send>(
    source: R,
    context: &mut Context<'_>,
    rows: impl FnOnce(format::Whole<R>, &mut Context<'_>) -> Result<Found, TransformError>,
) -> Result<Found, TransformError> {
    let (start, source) = format::start(source).map_err(TransformError::Read)?;
    let format = format::recognize(&start);
    let mut found = match format.is_certain() {
        true => Found::new(context),
        false => rows(source, context)?,
    };
    let is_known = format.may_be_device_file() && !format.is_certain();
    if is_known || found.report.rows > 0 {
        return Ok(found);
    }
    if found.count() <= MOST_REPLACED {
        found = Found::new(context);
    }
    found.push(finding(format))?;
    Ok(found)
}

fn finding(format: FileFormat) -> Finding {
    Finding {
        line: 1,
        offset: 0,
        severity: Severity::Error,
        rule: "format",
        message: format.sentence("devices check -"),
    }
}
