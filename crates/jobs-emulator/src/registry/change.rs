//! One change to the registry: what a line of an import file, an element of a
//! bulk call, or a seeded row asks for.

use jobs_devices::ImportMode;

use super::Authentication;
use super::identity::{Identity, delete_module, matches, new_etag};
use super::rejection::{RowRejection, Trouble};
use super::rules;
use super::scope::{self, set_scopes};
use super::store::Writing;
use super::system_modules;
use super::twin;
use super::twin_parts::TwinTexts;
use crate::envelope::{HubResult, ServiceError};

/// A change to one device or module.
#[derive(Clone)]
pub(crate) struct Change {
    pub(crate) mode: ImportMode,
    pub(crate) id: String,
    /// Empty for a device.
    pub(crate) module_id: String,
    pub(crate) etag: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) status_reason: Option<String>,
    /// `None`: the hub makes keys.
    pub(crate) authentication: Option<Authentication>,
    pub(crate) twin_etag: Option<String>,
    pub(crate) twin: TwinTexts,
    /// `None`: not said, hence unchanged (or false for a new device).
    pub(crate) iot_edge: Option<bool>,
    pub(crate) device_scope: Option<String>,
    pub(crate) parent_scopes: Vec<String>,
    pub(crate) managed_by: Option<String>,
}

impl Change {
    /// It needs a device that may stand further down in the same file.
    pub(crate) fn depends_on_others(&self) -> bool {
        !self.module_id.is_empty() || self.device_scope.is_some() || !self.parent_scopes.is_empty()
    }

    /// Applies the change. The outer result is the hub's state, the inner one the row's.
    pub(crate) fn apply(self, writing: &mut Writing<'_>) -> HubResult<Result<(), RowRejection>> {
        match self.run(writing) {
            Ok(()) => Ok(Ok(())),
            Err(Trouble::Row(rejection)) => Ok(Err(rejection)),
            Err(Trouble::Hub(error)) => Err(error),
        }
    }

    fn run(self, writing: &mut Writing<'_>) -> Result<(), Trouble> {
        rules::check_device_id(&self.id).map_err(RowRejection::argument)?;
        if !self.module_id.is_empty() {
            rules::check_module_id(&self.module_id).map_err(RowRejection::argument)?;
        }
        let existing = Identity::find(writing.connection(), &self.id, &self.module_id)?;
        match existing {
            Some(existing) => self.run_on(existing, writing),
            None if self.mode.creates() => self.create(writing),
            None => Err(self.not_found(writing)?.into()),
        }
    }

    fn run_on(self, existing: Identity, writing: &mut Writing<'_>) -> Result<(), Trouble> {
        self.check_etags(&existing)?;
        match &self.mode {
            ImportMode::Create => Err(self.already_there().into()),
            mode if mode.deletes() => Ok(delete(writing, &existing)?),
            mode if mode.updates_twin_only() => self.update_twin(existing, writing),
            _ => self.overwrite(existing, writing),
        }
    }

    fn check_etags(&self, existing: &Identity) -> Result<(), RowRejection> {
        let mismatch = |kind: &str| {
            RowRejection::new(
                "PreconditionFailed",
                format!("{kind} etag does not match: {}", self.name()),
            )
        };
        match self.mode {
            ImportMode::CreateOrUpdateIfMatchETag | ImportMode::UpdateIfMatchETag
                if !matches(self.etag.as_deref(), &existing.wire_etag()) =>
            {
                Err(mismatch("device"))
            }
            // The service deletes when no etag is given at all (recorded on its bulk API).
            ImportMode::DeleteIfMatchETag
                if self.etag.is_some() && !matches(self.etag.as_deref(), &existing.wire_etag()) =>
            {
                Err(mismatch("device"))
            }
            ImportMode::UpdateTwinIfMatchETag
                if !matches(self.twin_etag.as_deref(), &existing.twin.wire_etag()) =>
            {
                Err(mismatch("twin"))
            }
            _ => Ok(()),
        }
    }

    fn create(self, writing: &mut Writing<'_>) -> Result<(), Trouble> {
        if !self.module_id.is_empty() {
            check_parent(writing, &self.id)?;
        }
        // The row's own rules come after: a full hub says that it is full.
        writing.check_quota()?;
        let mut fresh = Identity::new(&self.id, &self.module_id, writing.now);
        if let Some(generation) = self.carried_generation() {
            fresh.generation_id = generation;
        }
        self.settle(&mut fresh, writing)?;
        insert(writing, &fresh)?;
        Ok(())
    }

    /// The generation that the exported row of an edge device brings along in its scope: keeping it keeps the links of the
    /// children.
    fn carried_generation(&self) -> Option<i64> {
        self.iot_edge.filter(|edge| *edge)?;
        scope::generation_in(self.device_scope.as_deref()?, &self.id)
    }

    fn overwrite(self, mut existing: Identity, writing: &mut Writing<'_>) -> Result<(), Trouble> {
        let had_edge = existing.iot_edge;
        self.settle(&mut existing, writing)?;
        existing.etag = new_etag();
        system_modules::follow(writing, &existing, had_edge)?;
        existing.update(writing.connection())?;
        Ok(())
    }

    /// Takes over what the row says about identity and twin.
    fn settle(self, into: &mut Identity, writing: &Writing<'_>) -> Result<(), Trouble> {
        if into.enabled != self.enabled {
            into.status_updated = writing.now.ticks();
        }
        into.enabled = self.enabled;
        rules::check_status_reason(self.status_reason.as_deref())
            .map_err(RowRejection::argument)?;
        into.status_reason = self.status_reason;
        into.authentication = self
            .authentication
            .unwrap_or_else(Authentication::generated);
        into.managed_by = self.managed_by;
        if into.module_id.is_empty() {
            into.iot_edge = self.iot_edge.unwrap_or(into.iot_edge);
            set_scopes(into, self.device_scope, self.parent_scopes, writing)?;
        }
        if into.seq == 0 {
            twin::create(&mut into.twin, self.twin);
        } else if !self.twin.is_empty() {
            twin::replace(&mut into.twin, self.twin, writing.now);
        }
        Ok(())
    }

    fn update_twin(self, mut existing: Identity, writing: &mut Writing<'_>) -> Result<(), Trouble> {
        twin::replace(&mut existing.twin, self.twin, writing.now);
        existing.update(writing.connection())?;
        Ok(())
    }

    fn name(&self) -> String {
        if self.module_id.is_empty() {
            self.id.clone()
        } else {
            format!("{}/{}", self.id, self.module_id)
        }
    }

    fn already_there(&self) -> RowRejection {
        if self.module_id.is_empty() {
            RowRejection::new(
                "DeviceAlreadyExists",
                format!("A device with ID '{}' is already registered.", self.id),
            )
        } else {
            let text = format!(
                "A module with ID '{}' is already registered on device '{}'.",
                self.module_id, self.id
            );
            RowRejection::new("ModuleAlreadyExistsOnDevice", text)
        }
    }

    fn not_found(&self, writing: &Writing<'_>) -> HubResult<RowRejection> {
        if self.module_id.is_empty() || !Identity::exists(writing.connection(), &self.id, "")? {
            Ok(RowRejection::new("DeviceNotFound", self.id.clone()))
        } else {
            Ok(RowRejection::new("ModuleNotFound", self.name()))
        }
    }
}

/// Adds an identity, and the system modules of an edge device; when there is no room for all of them, nothing.
pub(crate) fn insert(writing: &mut Writing<'_>, fresh: &Identity) -> HubResult<()> {
    let modules = if fresh.iot_edge {
        system_modules::NAMES.len()
    } else {
        0
    };
    writing.check_quota_for(1 + modules)?;
    fresh.insert(writing.connection())?;
    writing.populate(1);
    if fresh.iot_edge {
        system_modules::insert(writing, fresh)
    } else {
        Ok(())
    }
}

/// Removes an identity; a device takes its modules along.
pub(crate) fn delete(writing: &mut Writing<'_>, existing: &Identity) -> HubResult<()> {
    if !existing.module_id.is_empty() {
        return delete_module(writing, &existing.device_id, &existing.module_id);
    }
    let removed = writing
        .connection()
        .prepare_cached("DELETE FROM identities WHERE device_id = ?1")?
        .execute([&existing.device_id])?;
    writing.populate(-i64::try_from(removed).unwrap_or_default());
    Ok(())
}

/// The parent of a module must be there, and have room.
fn check_parent(writing: &Writing<'_>, device_id: &str) -> Result<(), Trouble> {
    if !Identity::exists(writing.connection(), device_id, "")? {
        return Err(RowRejection {
            may_resolve: true,
            ..RowRejection::new("DeviceNotFound", device_id)
        }
        .into());
    }
    check_room(writing, device_id).map_err(|error| match error.code {
        "TooManyModulesOnDevice" => RowRejection::new(error.code, error.text).into(),
        _ => error.into(),
    })
}

/// A device has a limited number of modules, not counting the system's.
pub(crate) fn check_room(writing: &Writing<'_>, device_id: &str) -> HubResult<()> {
    let mut statement =
        writing.connection().prepare_cached("SELECT count(*) FROM identities WHERE device_id = ?1 AND module_id <> '' AND module_id NOT LIKE '$%'")?;
    let modules: i64 = statement.query_row([device_id], |row| row.get(0))?;
    if modules < rules::MAX_MODULES {
        Ok(())
    } else {
        Err(ServiceError::too_many_modules(format!(
            "{device_id} has {} modules already",
            rules::MAX_MODULES
        )))
    }
}
