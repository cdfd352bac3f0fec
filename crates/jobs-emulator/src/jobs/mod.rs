//! Import and export jobs: what a request asks for, what is kept and shown, and the work.
//!
//! [`engine`](crate::engine) keeps and runs them.

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

use crate::engine::JobTable;
use crate::envelope::{Flavour, ServiceError};

/// The import and export jobs of a hub.
pub(crate) type Jobs = JobTable<JobRecord>;

/// An unknown id, in the service's words.
pub(crate) fn missing(id: &str) -> ServiceError {
    ServiceError::job_not_found(format!("Job not found: {id}"))
}

/// A container that cannot be used, in the job service's flavour.
fn container_refused(text: impl Into<String>) -> ServiceError {
    ServiceError::container(text).flavoured(Flavour::Job)
}
