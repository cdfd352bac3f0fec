//! The rule `format`: the file is not a device file, and its format has a name.

use std::io::Read;

use super::{CheckReport, Finding, TransformError};
use crate::format::{self, FileFormat};
use crate::rules::Severity;

/// How many findings are held back until it is known whether the file has a row.
const MOST_HELD: usize = 1000;

/// Finds a file of another format. Whatever else may be one is checked by `rows`, and only if it has no row, its findings are
/// replaced by the one that names the format.
pub(super) fn check<R: Read + Send>(
    source: R,
    mut each: impl FnMut(Finding),
    rows: impl FnOnce(format::Whole<R>, &mut dyn FnMut(Finding)) -> Result<CheckReport, TransformError>,
) -> Result<CheckReport, TransformError> {
    let (start, source) = format::start(source).map_err(TransformError::Read)?;
    let format = format::recognize(&start);
    if format.is_certain() {
        each(finding(format));
        return Ok(CheckReport {
            errors: 1,
            ..CheckReport::default()
        });
    }
    if format.may_be_device_file() {
        return rows(source, &mut each);
    }
    let (mut held, mut is_held) = (Vec::new(), true);
    let mut report = rows(source, &mut |found| {
        if is_held && held.len() < MOST_HELD {
            held.push(found);
            return;
        }
        is_held = false;
        held.drain(..).for_each(&mut each);
        each(found);
    })?;
    if report.rows > 0 {
        held.into_iter().for_each(each);
        return Ok(report);
    }
    let replaced = |severity| {
        held.iter()
            .filter(|found| found.severity == severity)
            .count() as u64
    };
    report.errors -= replaced(Severity::Error);
    report.warnings -= replaced(Severity::Warning);
    report.errors += 1;
    each(finding(format));
    Ok(report)
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
