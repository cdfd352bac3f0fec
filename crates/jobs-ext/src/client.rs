//! The client: its parts, and the operations on single jobs and lists of them.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use jobs_api::Answer;
use jobs_api::types::{JobResponse, JobStatus, JobType};
use tokio::sync::Semaphore;

use crate::api_version::ApiVersion;
use crate::builder::JobsClientBuilder;
use crate::clock::Clock;
use crate::credential::TokenCache;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::job::{Job, JobSystem};
use crate::pipeline::{Call, unreadable};
use crate::poll::PollPolicy;
use crate::poller::JobPoller;
use crate::retry::{RetryPolicy, retry_after};
use crate::timestamp::parse_http_date;
use crate::transport::Timeouts;

/// A client of one hub. Cheap to clone, and every clone shares connections and tokens.
///
/// ```no_run
/// # async fn example(text: String) -> Result<(), jobs_ext::Error> {
/// use jobs_ext::JobsClient;
///
/// let hub = JobsClient::from_connection_string(&text)?;
/// for job in hub.list().await? {
///     println!("{} {} {}", job.id(), job.job_type(), job.status());
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct JobsClient(Arc<Core>);

pub(crate) struct Core {
    pub(crate) api: jobs_api::Client,
    pub(crate) tokens: TokenCache,
    pub(crate) endpoint: Endpoint,
    pub(crate) api_version: ApiVersion,
    pub(crate) retry: RetryPolicy,
    pub(crate) timeouts: Timeouts,
    pub(crate) poll: PollPolicy,
    pub(crate) clock: Arc<dyn Clock>,
    /// How many pollers may look at once. However many jobs are waited for, connections and memory stay bounded.
    pub(crate) looks: Semaphore,
    #[cfg(feature = "blob")]
    pub(crate) wiring: crate::transport::Wiring,
    /// What opens containers without a signature.
    #[cfg(feature = "blob")]
    pub(crate) storage_tokens: Option<TokenCache>,
    #[cfg(feature = "blob")]
    pub(crate) storage_http: crate::blob::StorageHttp,
}

/// A job as one request saw it, and the answer that told of it.
pub(crate) struct Seen {
    pub(crate) job: Job,
    answer: Answer,
}

impl Seen {
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

/// More jobs than this in one list are not a hub's: it remembers 30 days.
pub(crate) const MOST_JOBS: usize = 100_000;
/// More pages than this are not a list's.
pub(crate) const MOST_PAGES: usize = 10_000;

impl JobsClient {
    pub(crate) fn from_core(core: Core) -> Self {
        Self(Arc::new(core))
    }

    pub(crate) fn core(&self) -> &Core {
        &self.0
    }

    /// A client by a service connection string, with every option at its default.
    ///
    /// # Errors
    /// Configuration, naming the part of the string that is missing or malformed, never quoting the key.
    pub fn from_connection_string(text: &str) -> Result<Self> {
        JobsClientBuilder::new().connection_string(text).build()
    }

    /// A builder for the hub at `endpoint`: a host name or `https://…`; `http://…` for this machine alone.
    pub fn builder(endpoint: impl Into<String>) -> JobsClientBuilder {
        JobsClientBuilder::new().endpoint(endpoint)
    }

    /// A builder whose endpoint comes from the connection string unless one is set.
    pub fn builder_from_connection_string(text: &str) -> JobsClientBuilder {
        JobsClientBuilder::new().connection_string(text)
    }

    /// The hub's address.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    /// The version of the API that requests name.
    #[must_use]
    pub fn api_version(&self) -> &ApiVersion {
        &self.0.api_version
    }

    /// One job by its id, of either kind: imports and exports are asked for first, scheduled jobs when there is none.
    /// [`Job::system`] says which answered.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when neither knows it; else as the hub refuses.
    pub async fn get(&self, id: &str) -> Result<Job> {
        Ok(self.see(id, None).await?.job)
    }

    /// One import or export job.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none with this id; else as the hub refuses.
    pub async fn get_import_export(&self, id: &str) -> Result<Job> {
        Ok(self.see(id, Some(JobSystem::ImportExport)).await?.job)
    }

    /// One scheduled job. The hub answers even for unknown ids, with type and status `unknown`; that is an error here.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none with this id; else as the hub refuses.
    pub async fn get_scheduled(&self, id: &str) -> Result<Job> {
        Ok(self.see(id, Some(JobSystem::Scheduled)).await?.job)
    }

    pub(crate) async fn see(&self, id: &str, system: Option<JobSystem>) -> Result<Seen> {
        check_id(id).map_err(|error| error.with_operation("get job", None))?;
        match system {
            Some(JobSystem::ImportExport) => self.see_import_export(id).await,
            Some(JobSystem::Scheduled) => self.see_scheduled(id).await,
            None => self.see_either(id).await,
        }
    }

    /// Imports and exports first. A policy may hold the right to one kind of jobs alone, so the other kind is asked for then, too.
    async fn see_either(&self, id: &str) -> Result<Seen> {
        let first = match self.see_import_export(id).await {
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
        match Box::pin(self.see_scheduled(id)).await {
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

    async fn see_import_export(&self, id: &str) -> Result<Seen> {
        let call = Call::repeatable("get job", Some(id));
        let (model, answer) = self
            .0
            .call(call, |api| async move {
                api.jobs_get_import_export_job(id).await
            })
            .await?;
        let job = Job::from_import_export(model, answer.body().clone(), id)
            .and_then(|job| job.check_named(id).map(|()| job))
            .map_err(|error| error.of_answer(&answer).with_operation("get job", Some(id)))?;
        Ok(Seen { job, answer })
    }

    async fn see_scheduled(&self, id: &str) -> Result<Seen> {
        let call = Call::repeatable("get scheduled job", Some(id));
        let (model, answer) = self
            .0
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
        Ok(Seen { job, answer })
    }

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
            .0
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
        let failed =
            |text: &str| Error::new(ErrorKind::Decode, text).with_operation(OPERATION, None);
        // The time of the whole operation counts over all pages.
        let began = self.0.clock.elapsed();
        let mut jobs: Vec<Job> = Vec::new();
        let mut pages: HashSet<String> = HashSet::new();
        let mut page: Option<String> = None;
        loop {
            let (status, job_type, token) = (status.as_ref(), job_type.as_ref(), page.as_deref());
            let call = Call {
                began: Some(began),
                ..Call::repeatable(OPERATION, None)
            };
            let (models, answer) = self
                .0
                .call(call, |api| async move {
                    api.jobs_query_scheduled_jobs(status, job_type, token, None)
                        .await
                })
                .await?;
            let more = pair::<JobResponse>(*models, &answer, Job::from_scheduled)
                .map_err(|error| error.with_operation(OPERATION, None))?;
            jobs.extend(more);
            if jobs.len() > MOST_JOBS {
                return Err(failed(
                    "the hub lists more than 100000 jobs; ask for one type or status",
                ));
            }
            let next = match answer.header("x-ms-continuation") {
                Some(next) if !next.is_empty() => next.to_owned(),
                None if answer.has_header("x-ms-continuation") => {
                    return Err(failed("the hub's token for the next page cannot be read"));
                }
                _ => return Ok(jobs),
            };
            if !pages.insert(next.clone()) || pages.len() > MOST_PAGES {
                return Err(failed("the hub gives the same pages again and again"));
            }
            page = Some(next);
        }
    }

    /// Watches a job that was begun elsewhere, by another process for instance. Nothing is sent until the poller is used.
    pub fn resume(&self, id: impl Into<String>) -> JobPoller {
        JobPoller::new(self.clone(), id.into(), None)
    }

    /// The generated client with a token that is valid now: one method per operation of the API, for what this crate does not cover.
    ///
    /// This is the one place where the types of `jobs-api`, and through them those of the generator and the HTTP library, are part of this
    /// crate's interface; they may change with any minor version. Calls made through it are not retried, and its errors print whole
    /// answers, which can hold container signatures. The token is fixed: ask again for each use.
    ///
    /// # Errors
    /// [`ErrorKind::Credential`] when no token can be obtained.
    pub async fn api(&self) -> Result<jobs_api::Client> {
        let issued = self.0.tokens.get().await?;
        Ok(self.0.api.with_context(self.0.context(&issued)))
    }
}

/// Whether scheduled jobs are refused because the hub's tier has none.
fn is_tier(error: &Error) -> bool {
    error.error_number() == Some(403_010)
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

/// The scheduled job that a response is about.
pub(crate) fn scheduled_job(model: Box<JobResponse>, answer: &Answer, asked: &str) -> Result<Job> {
    Job::from_scheduled(model, answer.body().clone(), asked)
        .and_then(|job| job.check_named(asked).map(|()| job))
        .map_err(|error| error.of_answer(answer))
}

/// Ids become a path segment: an empty one would list, and `.` and `..` would be taken for other paths.
pub(crate) fn check_id(id: &str) -> Result<()> {
    // As nearly all are.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if (1..=256).contains(&id.len()) && id.bytes().all(plain) {
        return Ok(());
    }
    let fits = !id.trim().is_empty()
        && id.len() <= 256
        && id != "."
        && id != ".."
        && !id.contains(|c: char| c.is_control() || c == '/' || c == '\\');
    if fits {
        Ok(())
    } else {
        Err(Error::configuration(
            "the job id is empty or holds what no id has (a slash, a control character, dots alone)",
        ))
    }
}

impl fmt::Debug for JobsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobsClient")
            .field("endpoint", &self.0.endpoint.to_string())
            .field("api_version", &self.0.api_version.as_str())
            .finish_non_exhaustive()
    }
}
