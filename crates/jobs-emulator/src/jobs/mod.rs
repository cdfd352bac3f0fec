//! Import and export jobs: what a request asks for, what is kept and shown, and the work.
//!
//! [`engine`](crate::engine) keeps and runs them.

mod apply;
mod containers;
mod create;
mod errors;
mod export;
mod import;
mod record;
mod request;
mod rows;
mod seed;

pub(crate) use create::create;
pub(crate) use record::{JobRecord, JobType};
pub(crate) use request::CreateBody;
pub(crate) use seed::seed;

use std::sync::Arc;

use crate::engine::{Host, JobTable};
use crate::envelope::HubResult;
use crate::sku::Sku;
use crate::storage::StorageAccess;

/// The import and export jobs of a hub, and what they need besides their [`Host`].
pub(crate) struct Jobs {
    pub(crate) table: Arc<JobTable<JobRecord>>,
    /// Opens the containers.
    storage: StorageAccess,
    configuration_quota: usize,
}

impl Jobs {
    /// Reads the records of an earlier run.
    pub(crate) fn load(host: Host, storage: StorageAccess, sku: Sku) -> HubResult<Self> {
        Ok(Self {
            table: Arc::new(JobTable::load(host)?),
            storage,
            configuration_quota: sku.configuration_quota(),
        })
    }
}
