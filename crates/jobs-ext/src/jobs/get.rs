//! One job by its id.

#[cfg(doc)]
use crate::error::ErrorKind;
use crate::error::Result;
use crate::http::core::JobsClient;
use crate::job::{Job, JobSystem};
use crate::polling::poller::JobPoller;

impl JobsClient {
    /// One job by its id, of either kind: imports and exports are asked for first, scheduled jobs when there is none.
    /// [`Job::system`] says which answered.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when neither knows it; else as the hub refuses.
    pub async fn get(&self, id: &str) -> Result<Job> {
        Ok(self.fetch(id, None).await?.job)
    }

    /// One import or export job.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none with this id; else as the hub refuses.
    pub async fn get_import_export(&self, id: &str) -> Result<Job> {
        Ok(self.fetch(id, Some(JobSystem::ImportExport)).await?.job)
    }

    /// One scheduled job. The hub answers even for unknown ids, with type and status `unknown`; that is an error here.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none with this id; else as the hub refuses.
    pub async fn get_scheduled(&self, id: &str) -> Result<Job> {
        Ok(self.fetch(id, Some(JobSystem::Scheduled)).await?.job)
    }

    /// Watches a job that was begun elsewhere, by another process for instance. Nothing is sent until the poller is used.
    pub fn resume(&self, id: impl Into<String>) -> JobPoller {
        JobPoller::new(self.clone(), id.into(), None)
    }
}
