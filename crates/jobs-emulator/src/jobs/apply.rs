//! Changes in the order of a file: one that depends on a later one waits for it.

use jobs_devices::ImportError;

use super::errors;
use crate::envelope::HubResult;
use crate::registry::Writing;
use crate::registry::change::Change;

/// Applies changes, and keeps those that may succeed later.
pub(super) struct Applier {
    /// Changes that may wait at the same time.
    most: usize,
    deferred: Vec<Deferred>,
    /// Changes applied.
    pub(super) applied: usize,
    /// What the log gets in the place of others.
    pub(super) errors: Vec<ImportError>,
}

/// A change that waits for another one, and the error if that never comes.
struct Deferred {
    change: Change,
    error: ImportError,
}

impl Applier {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            deferred: Vec::new(),
            applied: 0,
            errors: Vec::new(),
        }
    }

    pub(super) fn apply(&mut self, change: Change, writing: &mut Writing<'_>) -> HubResult<()> {
        let spare = change.depends_on_others().then(|| change.clone());
        let (id, module_id) = (change.id.clone(), change.module_id.clone());
        let Err(rejection) = change.apply(writing)? else {
            self.applied += 1;
            return Ok(());
        };
        let error = errors::refused(&id, &module_id, &rejection);
        match spare {
            Some(change) if rejection.may_resolve && self.deferred.len() < self.most => {
                self.deferred.push(Deferred { change, error });
            }
            _ => self.errors.push(error),
        }
        Ok(())
    }

    /// Whether a change waits.
    pub(super) fn is_waiting(&self) -> bool {
        !self.deferred.is_empty()
    }

    /// Applies what waits. When nothing of it succeeds or fails for good, nothing waits any more.
    pub(super) fn retry(&mut self, writing: &mut Writing<'_>) -> HubResult<()> {
        let waiting = std::mem::take(&mut self.deferred);
        let before = waiting.len();
        for Deferred { change, .. } in waiting {
            self.apply(change, writing)?;
        }
        if self.deferred.len() == before {
            let left = self.deferred.drain(..).map(|waiting| waiting.error);
            self.errors.extend(left);
        }
        Ok(())
    }
}
