//! Test fleets.

use std::io::Write;

use serde::Serialize;

use super::identities::Identities;
use super::{Context, Output, PROGRESS_EVERY, Place, Progress, TransformError};
use crate::Row;

mod fleet;
mod random;
mod template;

pub use template::{Template, TemplateError};

use fleet::Fleet;
use random::Random;

/// How every generated key begins, as it stands in the file: a key that says it is none.
pub const TEST_KEY_MARK: &str = "TestKeyDoNotUseInProduction0";

/// What fleet [`generate`] makes.
#[derive(Debug, Clone)]
#[must_use]
pub struct GenerateOptions {
    count: u64,
    seed: u64,
    prefix: String,
    template: Option<Template>,
    system_modules: bool,
    etags: bool,
}

impl GenerateOptions {
    /// A fleet of so many rows, devices and modules together.
    pub fn new(count: u64) -> Self {
        GenerateOptions {
            count,
            seed: 0,
            prefix: "test-".to_owned(),
            template: None,
            system_modules: false,
            etags: false,
        }
    }

    /// The seed: the same options give the same bytes. 0 otherwise.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What every device id begins with; `test-` otherwise.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Makes every row from the template, in place of a mixed fleet.
    pub fn template(mut self, template: Template) -> Self {
        self.template = Some(template);
        self
    }

    /// Whether edge devices have their `$edgeAgent` and `$edgeHub`, as in an export; an import refuses these.
    pub fn system_modules(mut self, with: bool) -> Self {
        self.system_modules = with;
        self
    }

    /// Whether rows have `eTag` and `twinETag`, as in an export.
    pub fn etags(mut self, with: bool) -> Self {
        self.etags = with;
        self
    }
}

/// What [`generate`] made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GenerateReport {
    /// Rows written.
    pub rows: u64,
    /// Rows of devices.
    pub devices: u64,
    /// Rows of modules.
    pub modules: u64,
    /// Edge devices among them.
    pub edge: u64,
    /// Devices with a parent.
    pub children: u64,
    /// Rows for an identity that another row is about, as a template can make them: an import refuses these.
    pub duplicates: u64,
    /// The seed that makes the same fleet again.
    pub seed: u64,
}

/// Writes a fleet made from a seed: devices of every kind of authentication, modules, edge devices with children and
/// with nested edge devices, disabled ones with a reason, twins with names in several scripts.
///
/// A parent stands before its children and a device before its modules, and every scope is that of an edge device in the
/// file. The keys are valid for a hub and all begin with [`TEST_KEY_MARK`]: they come from the seed and are no secret.
///
/// ```
/// use jobs_devices::transform::{generate, Context, GenerateOptions};
/// let mut file = Vec::new();
/// let report = generate(&mut file, &GenerateOptions::new(100).seed(7), &mut Context::new())?;
/// assert_eq!(report.rows, 100);
/// assert_eq!(file.iter().filter(|byte| **byte == b'\n').count(), 100);
/// # Ok::<(), jobs_devices::transform::TransformError>(())
/// ```
///
/// # Errors
/// When the output cannot be written, or the template or the prefix makes rows that the service would refuse.
pub fn generate<W: Write>(
    sink: W,
    options: &GenerateOptions,
    context: &mut Context<'_>,
) -> Result<GenerateReport, TransformError> {
    let mut output = Output::new(sink);
    let mut report = GenerateReport {
        seed: options.seed,
        ..GenerateReport::default()
    };
    let mut random = Random::new(options.seed);
    let mut fleet = Fleet::new(options);
    let mut identities = options.template.as_ref().map(|_| Identities::new(context));
    let mut bytes = 0;
    for number in 1..=options.count {
        let row = match &options.template {
            Some(template) => template.row(number, &mut random)?,
            None => fleet.next(&mut random),
        };
        // Ids grow with their numbers alone, so the first row tells of a prefix that does not do.
        if number == 1 || options.template.is_some() {
            row.validate().map_err(|broken| {
                TransformError::Asked(format!("row {number} would be refused: {broken}"))
            })?;
        }
        count(&row, &mut report);
        if let Some(identities) = &mut identities {
            let place = Place {
                line: number,
                offset: bytes,
            };
            identities.note(&row, place)?;
        }
        bytes += output.row_sized(&row)?;
        if number % PROGRESS_EVERY == 0 || number == options.count {
            context.tell(Progress {
                lines: number,
                bytes,
            });
        }
    }
    report.rows = output.finish()?;
    if let Some(identities) = identities {
        identities.repeated(|_, _| report.duplicates += 1)?;
    }
    Ok(report)
}

fn count(row: &Row, report: &mut GenerateReport) {
    if row.module_id.is_some() {
        report.modules += 1;
        return;
    }
    report.devices += 1;
    report.edge += u64::from(row.is_edge());
    report.children += u64::from(super::scope::parent_scope(row).is_some());
}
