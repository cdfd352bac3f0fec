//! The jobs that the hub remembers.

use bytes::Bytes;
use jobs_api::Answer;
use jobs_api::types::{JobResponse, JobStatus, JobType};

use crate::error::{Error, ErrorKind, Result};
use crate::http::core::JobsClient;
use crate::http::paging::Pages;
use crate::http::pipeline::{Call, MOST_JOBS, unreadable};
use crate::job::Job;
use crate::polling::fetch::is_tier;

impl JobsClient {
    /// Every job that the hub remembers, of both kinds, imports and exports first. The hub forgets after up to 30 days.
    ///
    /// # Errors
    /// As the hub refuses. A tier without scheduled jobs gives the others alone.
    pub async fn list(&self) -> Result<Vec<Job>> {
        let mut jobs = self.list_import_export().await?;
        match self.list_scheduled(None, None).await {
            Ok(more) => jobs.extend(more),
            Err(error) if is_tier(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(jobs)
    }

    /// Every import and export job that the hub remembers.
    ///
    /// # Errors
    /// As the hub refuses.
    pub async fn list_import_export(&self) -> Result<Vec<Job>> {
        Ok(self.list_with_answer().await?.0)
    }

    pub(crate) async fn list_with_answer(&self) -> Result<(Vec<Job>, Answer)> {
        let call = Call::repeatable("list jobs", None);
        let (models, answer) = self
            .core()
            .call(call, |api| async move {
                api.jobs_get_import_export_jobs().await
            })
            .await?;
        let jobs = pair(*models, &answer, Job::from_import_export)
            .map_err(|error| error.with_operation("list jobs", None))?;
        Ok((jobs, answer))
    }

    /// The scheduled jobs that the hub remembers, all pages of them, of one type and status if wanted.
    ///
    /// # Errors
    /// As the hub refuses.
    pub async fn list_scheduled(
        &self,
        job_type: Option<JobType>,
        status: Option<JobStatus>,
    ) -> Result<Vec<Job>> {
        const OPERATION: &str = "list scheduled jobs";
        let mut jobs: Vec<Job> = Vec::new();
        let mut pages = Pages::new(self.core(), OPERATION);
        loop {
            let (status, job_type) = (status.as_ref(), job_type.as_ref());
            let token = pages.token();
            let (models, answer) = self
                .core()
                .call(pages.call(), |api| async move {
                    api.jobs_query_scheduled_jobs(status, job_type, token, None)
                        .await
                })
                .await?;
            let more = pair::<JobResponse>(*models, &answer, Job::from_scheduled)
                .map_err(|error| error.with_operation(OPERATION, None))?;
            jobs.extend(more);
            if jobs.len() > MOST_JOBS {
                let text =
                    format!("the hub lists more than {MOST_JOBS} jobs; ask for one type or status");
                return Err(Error::new(ErrorKind::Decode, text).with_operation(OPERATION, None));
            }
            if !pages.advance(&answer)? {
                return Ok(jobs);
            }
        }
    }
}

/// Gives each model of a list its own part of the answer's text, without copying.
fn pair<M>(
    models: Vec<M>,
    answer: &Answer,
    make: impl Fn(Box<M>, Bytes, &str) -> Result<Job>,
) -> Result<Vec<Job>> {
    let body = answer.body();
    let parts: Vec<&serde_json::value::RawValue> =
        serde_json::from_slice(body).map_err(|cause| unreadable(&cause, answer))?;
    if parts.len() != models.len() {
        let text = "the list of jobs cannot be told apart";
        return Err(Error::new(ErrorKind::Decode, text).of_answer(answer));
    }
    let jobs = models.into_iter().zip(parts).enumerate();
    jobs.map(|(at, (model, part))| {
        let raw = body.slice_ref(part.get().as_bytes());
        make(Box::new(model), raw, "").map_err(|mut error| {
            let message = &mut error.detail_mut().message;
            *message = format!("job {} of the list: {message}", at + 1);
            error.of_answer(answer)
        })
    })
    .collect()
}
