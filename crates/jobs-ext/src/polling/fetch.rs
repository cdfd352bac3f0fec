//! One job as the hub has it now.

use std::time::{Duration, SystemTime};

use jobs_api::Answer;
use jobs_api::types::JobResponse;

use crate::error::{Error, ErrorKind, Result};
use crate::http::core::JobsClient;
use crate::http::pipeline::Call;
use crate::http::retry::retry_after;
use crate::job::{Job, JobSystem, check_id};
use crate::timestamp::parse_http_date;

/// A job, and the response that it came with.
pub(crate) struct FetchedJob {
    pub(crate) job: Job,
    answer: Answer,
}

impl FetchedJob {
    /// How long the hub asked to wait before the next look.
    pub(crate) fn wait(&self, now: SystemTime) -> Option<Duration> {
        let asked = self.answer.header("retry-after")?;
        retry_after(asked, self.answer.header("date"), now)
    }

    /// The hub's own time.
    pub(crate) fn date(&self) -> Option<jiff::Timestamp> {
        parse_http_date(self.answer.header("date")?)
    }
}

impl JobsClient {
    pub(crate) async fn fetch(&self, id: &str, system: Option<JobSystem>) -> Result<FetchedJob> {
        check_id(id).map_err(|error| error.with_operation("get job", None))?;
        match system {
            Some(JobSystem::ImportExport) => self.fetch_import_export(id).await,
            Some(JobSystem::Scheduled) => self.fetch_scheduled(id).await,
            None => self.fetch_either(id).await,
        }
    }

    /// Imports and exports first. A policy may hold the right to one kind of jobs alone, so the other kind is asked for then, too.
    async fn fetch_either(&self, id: &str) -> Result<FetchedJob> {
        let first = match self.fetch_import_export(id).await {
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::Unauthorized | ErrorKind::Forbidden
                ) =>
            {
                error
            }
            answer => return answer,
        };
        // Boxed: nearly every look ends with the first answer.
        match Box::pin(self.fetch_scheduled(id)).await {
            Ok(seen) => Ok(seen),
            Err(error) if !first.is_not_found() => {
                Err(if error.is_transient() { error } else { first })
            }
            Err(error) if error.is_not_found() || is_tier(&error) => Err(first),
            // Whether there is such a job is not known then.
            Err(mut error) => {
                let message = &mut error.detail_mut().message;
                message.push_str("; no import or export job has this id");
                Err(error)
            }
        }
    }

    async fn fetch_import_export(&self, id: &str) -> Result<FetchedJob> {
        let call = Call::repeatable("get job", Some(id));
        let (model, answer) = self
            .core()
            .call(call, |api| async move {
                api.jobs_get_import_export_job(id).await
            })
            .await?;
        let job = Job::from_import_export(model, answer.body().clone(), id)
            .and_then(|job| job.check_named(id).map(|()| job))
            .map_err(|error| error.of_answer(&answer).with_operation("get job", Some(id)))?;
        Ok(FetchedJob { job, answer })
    }

    async fn fetch_scheduled(&self, id: &str) -> Result<FetchedJob> {
        let call = Call::repeatable("get scheduled job", Some(id));
        let (model, answer) = self
            .core()
            .call(
                call,
                |api| async move { api.jobs_get_scheduled_job(id).await },
            )
            .await?;
        let failed = |error: Error| error.with_operation("get scheduled job", Some(id));
        let job = Job::from_scheduled(model, answer.body().clone(), id)
            .map_err(|error| failed(error.of_answer(&answer)))?;
        if job.is_unknown_scheduled() {
            return Err(failed(Error::new(
                ErrorKind::NotFound,
                "the hub knows no scheduled job with this id",
            )));
        }
        job.check_named(id)
            .map_err(|error| failed(error.of_answer(&answer)))?;
        Ok(FetchedJob { job, answer })
    }
}

/// Whether scheduled jobs are refused because the hub's tier has none.
pub(crate) fn is_tier(error: &Error) -> bool {
    error.error_number() == Some(403_010)
}

/// The scheduled job that a response is about.
pub(crate) fn scheduled_job(model: Box<JobResponse>, answer: &Answer, asked: &str) -> Result<Job> {
    Job::from_scheduled(model, answer.body().clone(), asked)
        .and_then(|job| job.check_named(asked).map(|()| job))
        .map_err(|error| error.of_answer(answer))
}
