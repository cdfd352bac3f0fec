//! Cancelling jobs.

#[cfg(doc)]
use crate::error::ErrorKind;
use crate::error::Result;
use crate::http::core::JobsClient;
use crate::http::pipeline::Call;
use crate::job::{Job, JobSystem};
use crate::polling::fetch::scheduled_job;

impl JobsClient {
    /// Asks the hub to cancel a job of either kind and gives it as seen afterwards. A job that has ended already is left as it is and
    /// returned.
    ///
    /// What an import did until then stays done. A scheduled job can be cancelled only before it runs.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`]; [`ErrorKind::Conflict`] for a scheduled job that runs; else as the hub refuses.
    pub async fn cancel(&self, id: &str) -> Result<Job> {
        // The hub answers 500 to cancelling an unknown or long finished job, so a look comes first.
        let job = self.get(id).await?;
        self.cancel_seen(job, id).await
    }

    /// As [`cancel`](Self::cancel), for an import or export alone.
    ///
    /// # Errors
    /// As [`cancel`](Self::cancel); a scheduled job of this id is [`ErrorKind::NotFound`].
    pub async fn cancel_import_export(&self, id: &str) -> Result<Job> {
        let job = self.get_import_export(id).await?;
        self.cancel_seen(job, id).await
    }

    /// As [`cancel`](Self::cancel), for a scheduled job alone.
    ///
    /// # Errors
    /// As [`cancel`](Self::cancel); an import or export of this id is [`ErrorKind::NotFound`].
    pub async fn cancel_scheduled(&self, id: &str) -> Result<Job> {
        let job = self.get_scheduled(id).await?;
        self.cancel_seen(job, id).await
    }

    async fn cancel_seen(&self, job: Job, id: &str) -> Result<Job> {
        if job.is_finished() {
            return Ok(job);
        }
        let system = job.system();
        let asked = match system {
            JobSystem::ImportExport => {
                let call = Call::repeatable("cancel job", Some(id));
                let cancel = |api: jobs_api::Client| async move {
                    api.jobs_cancel_import_export_job(id).await
                };
                self.core().call(call, cancel).await.map(|_| None)
            }
            JobSystem::Scheduled => {
                let call = Call::repeatable("cancel scheduled job", Some(id));
                let cancel =
                    |api: jobs_api::Client| async move { api.jobs_cancel_scheduled_job(id).await };
                let answer = self.core().call(call, cancel).await;
                // A look right after it may still show the state before (recorded from the service), so the answer counts.
                answer.and_then(|(model, answer)| {
                    let job = scheduled_job(model, &answer, id);
                    job.map(Some)
                        .map_err(|error| error.with_operation("cancel scheduled job", Some(id)))
                })
            }
        };
        match asked {
            Ok(Some(cancelled)) => Ok(cancelled),
            Ok(None) => Ok(self.fetch(id, Some(system)).await?.job),
            // It ended by itself in between, or the answer to an earlier try was lost: a fault or a conflict then.
            Err(error) => match self.fetch(id, Some(system)).await {
                Ok(seen) if seen.job.is_finished() => Ok(seen.job),
                _ => Err(error),
            },
        }
    }
}
