//! Import and export jobs.

use crate::clock::Time;
use crate::envelope::Outcome;
use crate::registry::Store;

/// The import and export jobs of a hub.
pub(crate) struct Jobs {}

impl Jobs {
    /// Takes up the jobs of an earlier run.
    pub(crate) fn load(_store: &Store, _now: Time) -> Outcome<Self> {
        Ok(Self {})
    }
}
