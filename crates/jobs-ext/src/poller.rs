//! Waiting for a job: `JobPoller`.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use jobs_api::types::JobStatus;

use crate::client::{JobsClient, Seen};
use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind, Result};
use crate::job::{Job, JobSystem};
use crate::poll::PollPolicy;
use crate::progress::{Progress, ProgressEvent};

/// A job that is being waited for.
///
/// It is a [`Stream`] of the job as it was seen each time, ending after the last state, and it can be awaited for its result.
/// Both may be mixed: look a few times, then await. Dropping it leaves the job running; [`cancel`](Self::cancel) stops it; any process
/// can take up the waiting again with [`JobsClient::resume`] and the id.
///
/// ```no_run
/// # async fn example(hub: jobs_ext::JobsClient) -> Result<(), jobs_ext::Error> {
/// use futures_util::StreamExt;
///
/// let mut poller = hub.resume("8b0c7f3e-1111-4222-8333-000000000000");
/// while let Some(job) = poller.next().await {
///     let job = job?;
///     println!("{} {}%", job.status(), job.progress().unwrap_or(0));
/// }
/// let finished = poller.await?; // an error if the job failed or was cancelled
/// # let _ = finished; Ok(()) }
/// ```
#[must_use = "a poller does nothing unless it is awaited or read; the job goes on without it"]
pub struct JobPoller<T = Job> {
    client: JobsClient,
    id: String,
    system: Option<JobSystem>,
    policy: PollPolicy,
    progress: Option<Arc<dyn Progress>>,
    last: Option<Job>,
    state: State,
    /// When waiting began, and when the present unknown state was first seen, by the client's clock.
    started: Option<Duration>,
    unknown_since: Option<Duration>,
    looks: u32,
    asked: Option<Duration>,
    finish: Arc<dyn Fn(Job) -> T + Send + Sync>,
}

enum State {
    /// A snapshot stands ready to be given out: the answer to the create.
    Fresh,
    /// The next look is due at once.
    Due,
    /// Between looks.
    Idle,
    Sleeping(BoxFuture<'static, ()>),
    Looking(BoxFuture<'static, Result<Seen>>),
    Finished,
}

impl JobPoller {
    pub(crate) fn new(client: JobsClient, id: String, system: Option<JobSystem>) -> Self {
        let policy = client.core().poll.clone();
        Self {
            client,
            id,
            system,
            policy,
            progress: None,
            last: None,
            state: State::Due,
            started: None,
            unknown_since: None,
            looks: 0,
            asked: None,
            finish: Arc::new(|job| job),
        }
    }

    /// A poller that starts from an answer just received.
    pub(crate) fn begun(client: JobsClient, job: Job) -> Self {
        let mut poller = Self::new(client, job.id().to_owned(), Some(job.system()));
        poller.last = Some(job);
        poller.state = State::Fresh;
        poller
    }

    /// Makes the result out of the finished job.
    pub(crate) fn map<U>(self, finish: impl Fn(Job) -> U + Send + Sync + 'static) -> JobPoller<U> {
        JobPoller {
            client: self.client,
            id: self.id,
            system: self.system,
            policy: self.policy,
            progress: self.progress,
            last: self.last,
            state: self.state,
            started: self.started,
            unknown_since: self.unknown_since,
            looks: self.looks,
            asked: self.asked,
            finish: Arc::new(finish),
        }
    }
}

impl<T> JobPoller<T> {
    /// The job's id, for [`JobsClient::resume`].
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The job as it was seen last.
    #[must_use]
    pub fn last(&self) -> Option<&Job> {
        self.last.as_ref()
    }

    /// Waits by another policy.
    pub fn policy(mut self, policy: PollPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Tells of every look.
    pub fn progress(mut self, progress: impl Progress) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    pub(crate) fn shared_progress(mut self, progress: Option<Arc<dyn Progress>>) -> Self {
        self.progress = progress;
        self
    }

    /// Asks the hub to cancel the job. The poller can be awaited afterwards; it then reports [`ErrorKind::JobCancelled`].
    ///
    /// # Errors
    /// As [`JobsClient::cancel`].
    pub async fn cancel(&self) -> Result<Job> {
        self.client.cancel(&self.id).await
    }

    /// Waits for the end, whichever it is: a failed or cancelled job is a result here and no error.
    ///
    /// # Errors
    /// When the job cannot be looked at, the deadline passes, or the job stays in an unknown state.
    pub async fn finished(mut self) -> Result<Job> {
        self.wait().await
    }

    async fn wait(&mut self) -> Result<Job> {
        loop {
            let next = std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await;
            match (next, &self.last) {
                (Some(Ok(job)), _) if job.is_finished() => return Ok(job),
                (Some(Ok(_)), _) => {}
                (Some(Err(error)), _) => return Err(error),
                (None, Some(job)) => return Ok(job.clone()),
                (None, None) => {
                    return Err(Error::new(
                        ErrorKind::UnknownState,
                        "the job was never seen",
                    ));
                }
            }
        }
    }

    fn elapsed(&mut self) -> Duration {
        let now = self.client.core().clock.elapsed();
        now.saturating_sub(*self.started.get_or_insert(now))
    }

    /// The wait before the next look, or the error that ends the waiting.
    fn pause(&mut self) -> Result<BoxFuture<'static, ()>> {
        let waited = self.elapsed();
        let mut interval = self.policy.interval(self.looks, self.asked.take());
        if let Some(deadline) = self.policy.deadline {
            let left = deadline.saturating_sub(waited);
            if left.is_zero() {
                return Err(self.gave_up(
                    ErrorKind::Timeout,
                    format!("the job has not ended within {deadline:?}; it goes on, and can be waited for again by its id"),
                ));
            }
            interval = interval.min(left);
        }
        Ok(self.client.core().clock.sleep(interval))
    }

    fn gave_up(&self, kind: ErrorKind, message: String) -> Error {
        let error = Error::new(kind, message);
        let error = match &self.last {
            Some(job) => error.with_job(job.clone()),
            None => error,
        };
        error.with_operation("wait for job", Some(&self.id))
    }

    /// Takes note of a look, and refuses to go on with a state that stays unknown.
    fn note(&mut self, seen: Seen) -> Result<Job> {
        self.looks = self.looks.saturating_add(1);
        self.asked = seen.wait;
        let waited = self.elapsed();
        let job = seen.job;
        self.system = Some(job.system());
        tracing::debug!(job_id = %self.id, status = %job.status(), looks = self.looks, waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX), "job looked at");
        if let Some(progress) = &self.progress {
            progress.event(&ProgressEvent::Polled { job: &job, waited });
        }
        self.last = Some(job.clone());
        if job.is_finished() {
            self.state = State::Finished;
            return Ok(job);
        }
        self.state = State::Idle;
        if job.is_active() {
            self.unknown_since = None;
            return Ok(job);
        }
        let since = *self.unknown_since.get_or_insert(waited);
        if waited.saturating_sub(since) >= self.policy.unknown_limit {
            let status = match job.status() {
                JobStatus::Unrecognized(text) => crate::redact::clean(text, 60),
                known => known.to_string(),
            };
            return Err(self.gave_up(
                ErrorKind::UnknownState,
                format!("status {status:?} for {:?}", self.policy.unknown_limit),
            ));
        }
        Ok(job)
    }
}

impl<T> Unpin for JobPoller<T> {}

impl<T> Stream for JobPoller<T> {
    type Item = Result<Job>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Finished => return Poll::Ready(None),
                State::Fresh => {
                    this.elapsed();
                    let last = this.last.clone();
                    this.state = match &last {
                        Some(job) if job.is_finished() => State::Finished,
                        _ => State::Idle,
                    };
                    if let Some(job) = last {
                        return Poll::Ready(Some(Ok(job)));
                    }
                }
                State::Idle => match this.pause() {
                    Ok(sleep) => this.state = State::Sleeping(sleep),
                    Err(error) => return Poll::Ready(Some(Err(error))),
                },
                State::Sleeping(sleep) => {
                    ready!(sleep.as_mut().poll(cx));
                    this.state = State::Due;
                }
                State::Due => {
                    this.elapsed();
                    let (client, id, system) = (this.client.clone(), this.id.clone(), this.system);
                    this.state = State::Looking(Box::pin(async move {
                        // A closed semaphore is not to be; it would only mean that nobody counts.
                        let _turn = client.core().looks.acquire().await.ok();
                        // Boxed, so that those who wait for their turn take little memory.
                        Box::pin(client.see(&id, system)).await
                    }));
                }
                State::Looking(look) => {
                    let seen = ready!(look.as_mut().poll(cx));
                    this.state = State::Idle;
                    return Poll::Ready(Some(seen.and_then(|seen| this.note(seen))));
                }
            }
        }
    }
}

impl<T: 'static> IntoFuture for JobPoller<T> {
    type Output = Result<T>;
    type IntoFuture = BoxFuture<'static, Result<T>>;

    /// The result of a completed job; an error with the job in it when it failed or was cancelled.
    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            let job = self.wait().await?;
            let (kind, message) = match job.status() {
                JobStatus::Failed => (
                    ErrorKind::JobFailed,
                    job.failure_reason()
                        .unwrap_or("the hub gives no reason")
                        .to_owned(),
                ),
                JobStatus::Cancelled => (ErrorKind::JobCancelled, String::new()),
                _ => return Ok((self.finish)(job)),
            };
            Err(Error::new(kind, message)
                .with_job(job)
                .with_operation("wait for job", Some(&self.id)))
        })
    }
}

impl<T> fmt::Debug for JobPoller<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobPoller")
            .field("id", &self.id)
            .field("last", &self.last)
            .field("looks", &self.looks)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
