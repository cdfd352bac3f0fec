//! What the import of a device file would do to a hub, counted before anything is sent.

use std::collections::BTreeMap;
use std::io::Read;

use serde::Serialize;

use super::identities::Identities;
use super::{Context, Passed, Run, TransformError};
use crate::{AuthenticationEffect, AuthenticationType, ImportMode, RowRef};

/// How many identities an [`Affected`] names; all rows are counted. One more than a caller asks a hub about,
/// so that "more than 2,000" shows.
pub const MAX_PLANNED_IDS: usize = 2_001;

/// The key of [`ImportPlan::by_mode`] for rows whose mode the hub does not know. The hub rejects them.
pub const UNKNOWN_MODE: &str = "unknown";

/// What the import of a device file would do to a hub.
///
/// Rows are counted, not identities: an identity that the file names twice counts twice, although the hub rejects the
/// second row. So no number here is too small. [`count_identities`] counts each identity once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImportPlan {
    /// What was read: rows, lines of plain text, lines that are not rows.
    #[serde(flatten)]
    pub passed: Passed,
    /// Rows by the mode that applies to them, as it is called on the wire: those without one count as `createOrUpdate`,
    /// those with an unknown one as [`UNKNOWN_MODE`].
    pub by_mode: BTreeMap<&'static str, u64>,
    /// Rows that delete an identity.
    pub deletions: u64,
    /// Rows for which the hub makes new keys, if the identity exists.
    pub keys_regenerated: Affected,
    /// Rows that set another type of authentication than `sas`: the identity loses its keys, if it exists and has keys.
    pub authentication_replaced: Affected,
    /// Rows that bring keys, of type `sas`: an identity that has certificates cannot use them any more, if it exists.
    pub keys_given: Affected,
    /// Rows that replace all tags of an identity, if it exists, by mode.
    pub tags_replaced: BTreeMap<&'static str, u64>,
}

/// Rows with the same effect on an identity that exists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Affected {
    /// All such rows.
    pub rows: u64,
    /// The identities of the first [`MAX_PLANNED_IDS`] of them, in the order of the file.
    pub identities: Vec<AffectedIdentity>,
}

/// An identity that a row of the file would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AffectedIdentity {
    /// The device's id.
    pub id: String,
    /// The module's id, where the row is that of a module.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module_id: Option<String>,
    /// The type of authentication that the row sets: `sas` where the hub makes new keys.
    pub authentication: AuthenticationType,
}

impl Affected {
    /// Whether some of the rows are not among the identities.
    pub fn is_cut(&self) -> bool {
        self.rows > self.identities.len() as u64
    }

    fn add(&mut self, row: &RowRef<'_>, authentication: AuthenticationType) {
        self.rows += 1;
        if self.identities.len() < MAX_PLANNED_IDS {
            self.identities.push(AffectedIdentity {
                id: row.id().into_owned(),
                module_id: row.module().map(|id| id.into_owned()),
                authentication,
            });
        }
    }

    fn append(&mut self, mut other: Self) {
        self.rows += other.rows;
        other
            .identities
            .truncate(MAX_PLANNED_IDS - self.identities.len());
        self.identities.append(&mut other.identities);
    }
}

/// Reads a device file once and counts what its import would do. Memory is flat, whatever the size of the file.
///
/// ```
/// use jobs_devices::transform::{Context, plan_import};
/// let file = "{\"id\":\"a\",\"status\":\"enabled\"}\n{\"id\":\"b\",\"importMode\":\"Delete\",\"status\":\"enabled\"}\n";
/// let plan = plan_import(file.as_bytes(), &mut Context::new())?;
/// assert_eq!((plan.passed.rows, plan.deletions), (2, 1));
/// assert_eq!(plan.by_mode["createOrUpdate"], 1);
/// assert_eq!(plan.keys_regenerated.identities[0].id, "a");
/// # Ok::<(), jobs_devices::transform::TransformError>(())
/// ```
///
/// # Errors
/// When the source fails. A bad line is counted, unless reading is strict.
pub fn plan_import<R: Read + Send>(
    source: R,
    context: &mut Context<'_>,
) -> Result<ImportPlan, TransformError> {
    let mut plan = ImportPlan::default();
    let mut run = Run::new(context);
    run.parts(
        source,
        |row, _, part: &mut ImportPlan| part.row(row),
        |part| {
            plan.append(part);
            Ok(())
        },
    )?;
    plan.passed = run.passed;
    Ok(plan)
}

/// Counts the identities that the rows of a device file name, each once, in flat memory: what exceeds it goes to a
/// temporary file.
///
/// # Errors
/// When the source or the temporary file fails.
pub fn count_identities<R: Read>(
    source: R,
    context: &mut Context<'_>,
) -> Result<u64, TransformError> {
    let mut identities = Identities::new(context);
    let mut run = Run::new(context);
    run.rows(source, |_, place, row| identities.note(&row, place))?;
    let mut count = run.passed.rows;
    identities.repeated(|_, _| count -= 1)?;
    Ok(count)
}

impl ImportPlan {
    fn row(&mut self, row: &RowRef<'_>) {
        let mode = row.effective_mode();
        let name = wire_name(&mode);
        *self.by_mode.entry(name).or_default() += 1;
        self.deletions += u64::from(mode.deletes());
        if row.replaces_tags() {
            *self.tags_replaced.entry(name).or_default() += 1;
        }
        match row.authentication_effect() {
            AuthenticationEffect::KeysRegenerated => {
                self.keys_regenerated.add(row, AuthenticationType::Sas);
            }
            AuthenticationEffect::KeysGiven => self.keys_given.add(row, AuthenticationType::Sas),
            AuthenticationEffect::ReplacedBy(kind) => self.authentication_replaced.add(row, kind),
            _ => {}
        }
    }

    fn append(&mut self, other: Self) {
        for (counts, more) in [
            (&mut self.by_mode, other.by_mode),
            (&mut self.tags_replaced, other.tags_replaced),
        ] {
            for (name, rows) in more {
                *counts.entry(name).or_default() += rows;
            }
        }
        self.deletions += other.deletions;
        self.keys_regenerated.append(other.keys_regenerated);
        self.keys_given.append(other.keys_given);
        self.authentication_replaced
            .append(other.authentication_replaced);
    }
}

fn wire_name(mode: &ImportMode) -> &'static str {
    let known = ImportMode::NAMES
        .iter()
        .find(|name| **name == mode.as_str());
    known.copied().unwrap_or(UNKNOWN_MODE)
}
