use std::io::{Read, Write};

use serde::Serialize;

use super::identities::Identities;
use super::order::ParentsFirst;
use super::{Context, Output, Passed, ProblemKind, Run, TransformError};
use crate::rules::Severity;
use crate::{Authentication, AuthenticationType, Field, ImportMode, Row, Status};

/// How [`prepare_import`] makes a file ready.
#[derive(Default)]
#[must_use]
pub struct PrepareOptions<'a> {
    mode: Option<ImportMode>,
    regenerate_keys: bool,
    system_modules: Option<&'a mut dyn Write>,
}

impl std::fmt::Debug for PrepareOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrepareOptions")
            .field("mode", &self.mode)
            .field("regenerate_keys", &self.regenerate_keys)
            .field("system_modules", &self.system_modules.is_some())
            .finish()
    }
}

impl<'a> PrepareOptions<'a> {
    /// Modes as they are, keys wanted, system modules left out.
    pub fn new() -> Self {
        Self::default()
    }

    /// The mode of every row. Rows keep their own otherwise, and those without one mean `createOrUpdate`.
    pub fn mode(mut self, mode: ImportMode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Takes what is left of keys out of rows without a pair of them, and gives no warning of such rows: the hub makes new
    /// keys, and devices that have the old ones cannot connect.
    pub fn regenerate_keys(mut self, regenerate: bool) -> Self {
        self.regenerate_keys = regenerate;
        self
    }

    /// Where the rows of `$edgeAgent` and `$edgeHub` go, which an import refuses. They are left out otherwise.
    pub fn system_modules(mut self, sink: &'a mut dyn Write) -> Self {
        self.system_modules = Some(sink);
        self
    }
}

/// What [`prepare_import`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PrepareReport {
    /// What was read; refused rows are among the problems.
    #[serde(flatten)]
    pub passed: Passed,
    /// Rows written.
    pub written: u64,
    /// Rows that the import would refuse, not written.
    pub refused: u64,
    /// Rows of system modules, not written.
    pub system_modules: u64,
    /// Rows written with keys.
    pub with_keys: u64,
    /// Rows written for which the hub makes new keys, if the identity exists or when new keys were asked for.
    pub keys_regenerated: u64,
    /// Rows whose mode was set.
    pub modes_set: u64,
    /// Rows whose etags were taken out, for their mode compares none.
    pub etags_removed: u64,
    /// Rows that had no status and were given `enabled`, which every imported line needs.
    pub status_added: u64,
    /// Rows written for an identity that another row before them is about; an import refuses them.
    pub duplicates: u64,
}

/// Writes the rows so that an import takes them: parents before their children and devices before their modules, with
/// modes, without system modules, without etags that no mode compares.
///
/// A row that the service would refuse is not written but refused here, with the reason. A row for which the hub makes new
/// keys, if its identity exists, is written with a warning, unless new keys are asked for. When the mode asked for deletes,
/// the order is the reverse, children and modules first.
///
/// Rows wait in temporary files; memory grows with the number of edge devices, by some twenty bytes each.
///
/// # Errors
/// When the input cannot be read, an output not written or a temporary file not used.
pub fn prepare_import<R: Read, W: Write>(
    source: R,
    sink: W,
    mut options: PrepareOptions<'_>,
    context: &mut Context<'_>,
) -> Result<PrepareReport, TransformError> {
    let mut report = PrepareReport::default();
    let mut order = ParentsFirst::new(context)?;
    let mut identities = Identities::new(context);
    let mut run = Run::new(context);
    run.rows_with_lines(source, |run, place, mut row, line| {
        if row.is_system_module() {
            report.system_modules += 1;
            return put_aside(&mut options, &row);
        }
        let before = report.clone();
        if let Some(why) = make_ready(&mut row, &options, &mut report) {
            // What was done to a row that is not written does not count.
            report = before;
            report.refused += 1;
            return run.refuse(place, &row, line, why);
        }
        if !options.regenerate_keys && row.authentication_effect().regenerates_keys() {
            let why = "has no keys; if it exists, the hub makes new keys and the device cannot connect any more: \
                       export with keys, or set the mode `create` for new identities";
            run.problem(place, ProblemKind::Warning, Some(&row), why.to_owned());
        }
        identities.note(&row, place)?;
        order.push(&row, place)
    })?;
    identities.repeated(|first, place| {
        report.duplicates += 1;
        let message = format!(
            "the identity stands on line {}, too; an import takes one row of an identity and refuses the others",
            first.line
        );
        run.problem(place, ProblemKind::Warning, None, message);
    })?;
    let mut output = Output::new(sink);
    let reverse = options.mode.as_ref().is_some_and(ImportMode::deletes);
    order.write(&mut output, reverse, &mut run)?;
    report.written = output.finish()?;
    report.passed = run.passed;
    Ok(report)
}

fn put_aside(options: &mut PrepareOptions<'_>, row: &Row) -> Result<(), TransformError> {
    match &mut options.system_modules {
        Some(sink) => {
            let mut line = Vec::new();
            row.write_line(&mut line);
            line.push(b'\n');
            sink.write_all(&line).map_err(TransformError::Write)
        }
        None => Ok(()),
    }
}

/// Changes the row as the options say; gives the reason when it cannot be imported.
fn make_ready(
    row: &mut Row,
    options: &PrepareOptions<'_>,
    report: &mut PrepareReport,
) -> Option<String> {
    if let Some(mode) = &options.mode {
        report.modes_set += u64::from(row.import_mode.as_ref() != Some(mode));
        row.import_mode = Field::Value(mode.clone());
    }
    let mode = row.effective_mode();
    if row.status.is_none() {
        row.status = Field::Value(Status::Enabled);
        report.status_added += 1;
    }
    let dropped_etag = !mode.checks_etag() && row.etag.take().is_some();
    let dropped_twin = !mode.checks_twin_etag() && row.twin_etag.take().is_some();
    report.etags_removed += u64::from(dropped_etag || dropped_twin);
    if mode.creates() || mode.overwrites_identity() {
        match keys(row) {
            Keys::There => report.with_keys += 1,
            Keys::NotNeeded => {}
            Keys::Unclear => {
                return Some(
                    "has thumbprints without the type selfSigned, and no keys. Say how it authenticates: \
                     set `authentication.type`, or take the thumbprints out"
                        .to_owned(),
                );
            }
            Keys::Missing => {
                if options.regenerate_keys {
                    take_keys_out(row);
                }
                report.keys_regenerated += u64::from(
                    options.regenerate_keys || row.authentication_effect().regenerates_keys(),
                );
            }
        }
    }
    let broken = crate::rules::row(row);
    let first = broken.iter().find(|one| one.severity == Severity::Error);
    first.map(ToString::to_string)
}

enum Keys {
    There,
    Missing,
    /// Missing, but there are thumbprints.
    Unclear,
    NotNeeded,
}

fn keys(row: &Row) -> Keys {
    let Some(authentication) = row.authentication.as_ref() else {
        return Keys::Missing;
    };
    match authentication.kind.as_ref() {
        None | Some(AuthenticationType::Sas) => {}
        Some(_) => return Keys::NotNeeded,
    }
    if row.has_key_pair() {
        Keys::There
    } else if has_thumbprints(authentication) {
        Keys::Unclear
    } else {
        Keys::Missing
    }
}

fn has_thumbprints(authentication: &Authentication) -> bool {
    authentication.x509_thumbprint.as_ref().is_some_and(|part| {
        [&part.primary_thumbprint, &part.secondary_thumbprint]
            .iter()
            .any(|print| print.as_ref().is_some_and(|print| !print.is_empty()))
    })
}

/// Without the member the hub makes keys; with half of it, it refuses the row. Members that are not known stay.
fn take_keys_out(row: &mut Row) {
    let Some(part) = row.authentication.as_mut() else {
        return;
    };
    if let Some(keys) = part.symmetric_key.as_mut() {
        keys.primary_key.take();
        keys.secondary_key.take();
        if keys.extra.is_empty() {
            part.symmetric_key = Field::Absent;
        }
    }
    let prints = part.x509_thumbprint.as_ref();
    let known_alone = part.extra.is_empty() && prints.is_none_or(|part| part.extra.is_empty());
    if known_alone && part.symmetric_key.is_none() {
        row.authentication = Field::Absent;
    }
}
