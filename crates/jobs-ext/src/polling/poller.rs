//! Waiting for a job: `JobPoller`.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use jobs_api::types::JobStatus;
use tracing::Instrument as _;

use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind, Result};
use crate::http::core::JobsClient;
use crate::http::poll::PollPolicy;
use crate::job::{Job, JobSystem};
use crate::polling::fetch::FetchedJob;
use crate::polling::outage::Outage;
use crate::polling::progress::{Progress, ProgressEvent};

/// A job that is being waited for.
///
/// It is a [`Stream`] of the job as it was seen each time, ending after the last state, and it can be awaited for its result. A look that
/// failed for now (a throttle, a fault, a broken connection, each after the client's own repetitions) is an error in the stream, and reading
/// on looks again; after any other error, the deadline's among them, the stream ends. Awaited, every error ends the waiting.
/// With [`PollPolicy::patience`] a look that failed for now is no error until looks have failed for so long.
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
    /// The error that ended the waiting.
    ended: Option<Error>,
    state: State,
    /// When waiting began, and when the present unknown state was first seen, by the client's clock.
    started: Option<Duration>,
    unknown_since: Option<Duration>,
    /// Since the hub last told of the job.
    outage: Option<Outage>,
    /// The pause after a look that failed and was borne.
    borne: Option<Duration>,
    looks: u32,
    /// No poll has found the job yet: it may have been created a moment ago, and the endpoint that responds may not know it.
    is_first: bool,
    asked: Option<Duration>,
    finish: Arc<dyn Fn(Job) -> Result<T> + Send + Sync>,
}

enum State {
    /// A snapshot stands ready to be given out: the answer to the create.
    Fresh,
    /// The next look is due at once.
    Due,
    /// Between looks.
    Idle,
    Sleeping(BoxFuture<'static, ()>),
    Looking(Look),
    Finished,
}

/// A look that begins at the deadline may take this long: it is the one that tells how the job stands.
const LAST_LOOK: Duration = Duration::from_secs(2);

/// A look under way. It is a task of its own, so that one that nobody polls holds up no other, and it ends with its poller.
struct Look {
    task: tokio::task::JoinHandle<Result<FetchedJob>>,
    /// Completes when the deadline has passed, by the clock of the runtime.
    end: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Drop for Look {
    fn drop(&mut self) {
        self.task.abort();
    }
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
            ended: None,
            state: State::Due,
            started: None,
            unknown_since: None,
            outage: None,
            borne: None,
            looks: 0,
            is_first: true,
            asked: None,
            finish: Arc::new(Ok),
        }
    }

    /// A poller that starts from an answer just received.
    pub(crate) fn begun(client: JobsClient, job: Job) -> Self {
        let mut poller = Self::new(client, job.id().to_owned(), Some(job.system()));
        poller.last = Some(job);
        poller.state = State::Fresh;
        poller
    }

    /// Makes the result out of the completed job.
    pub(crate) fn map<U>(
        self,
        finish: impl Fn(Job) -> Result<U> + Send + Sync + 'static,
    ) -> JobPoller<U> {
        JobPoller {
            client: self.client,
            id: self.id,
            system: self.system,
            policy: self.policy,
            progress: self.progress,
            last: self.last,
            ended: self.ended,
            state: self.state,
            started: self.started,
            unknown_since: self.unknown_since,
            outage: self.outage,
            borne: self.borne,
            looks: self.looks,
            is_first: self.is_first,
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
        // A wait that was begun by the former one is begun anew.
        if matches!(self.state, State::Sleeping(_)) {
            self.state = State::Idle;
        }
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
    /// When the job cannot be looked at, the deadline passes, or the job stays in an unknown state. The job goes on then, and
    /// [`JobsClient::resume`] takes up the waiting.
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
                (None, Some(job)) if job.is_finished() => return Ok(job.clone()),
                // The stream had ended with an error before.
                (None, _) => return Err(self.ended.clone().unwrap_or_else(|| self.too_late())),
            }
        }
    }

    fn elapsed(&mut self) -> Duration {
        let now = self.client.core().clock.elapsed();
        now.saturating_sub(*self.started.get_or_insert(now))
    }

    /// What is left until the deadline, if there is one.
    fn left(&mut self) -> Option<Duration> {
        let waited = self.elapsed();
        let deadline = self.policy.deadline?;
        Some(deadline.saturating_sub(waited))
    }

    /// The wait before the next look, or the error that ends the waiting.
    fn pause(&mut self) -> Result<BoxFuture<'static, ()>> {
        let left = self.left();
        let asked = self.asked.take();
        let interval = match self.borne.take() {
            Some(pause) => pause,
            None => self.policy.interval(self.looks, asked),
        };
        match left {
            Some(Duration::ZERO) => Err(self.too_late()),
            Some(left) => Ok(self.client.core().clock.sleep(interval.min(left))),
            None => Ok(self.client.core().clock.sleep(interval)),
        }
    }

    fn look(&mut self) -> Look {
        let end = self
            .left()
            .map(|left| Box::pin(tokio::time::sleep(left.max(LAST_LOOK))));
        let (client, id, system) = (self.client.clone(), self.id.clone(), self.system);
        let look = async move {
            // A closed semaphore is not to be; it would only mean that nobody counts.
            let _turn = client.core().looks.acquire().await.ok();
            // Boxed, so that those who wait for their turn take little memory.
            Box::pin(client.fetch(&id, system)).await
        };
        Look {
            task: tokio::spawn(look.in_current_span()),
            end,
        }
    }

    fn too_late(&self) -> Error {
        let deadline = self.policy.deadline.unwrap_or_default();
        let again = "and can be waited for again by its id";
        match &self.outage {
            None => self.gave_up(
                ErrorKind::Timeout,
                format!("the job has not ended within {deadline:?}; it goes on, {again}"),
            ),
            Some(outage) => self
                .gave_up(
                    ErrorKind::Timeout,
                    format!("the job was not seen to end within {deadline:?}, and the hub did not answer at last; it may go on, {again}"),
                )
                .with_source(outage.error.clone()),
        }
    }

    /// A failed look: one that may succeed later leaves the stream open, and is borne with for a while; any other ends it.
    fn failed(&mut self, error: Error) -> Option<Error> {
        self.asked = error.retry_after();
        if error.is_not_found() && std::mem::take(&mut self.is_first) {
            tracing::warn!(job_id = %self.id, "the hub does not know the job; the client polls once more");
            return None;
        }
        let waited = self.elapsed();
        let outage = Outage::after(self.outage.take(), error.clone(), waited);
        let lasted = outage.lasted(waited);
        self.borne = outage.pause(&self.policy, waited, self.last.is_some());
        self.outage = Some(outage);
        if self.borne.is_some() {
            tracing::warn!(job_id = %self.id, error = %error.kind(), lasted_ms = u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX), "job not seen; it is looked again");
            if let Some(progress) = &self.progress {
                let (id, error) = (self.id.as_str(), &error);
                progress.event(&ProgressEvent::LookFailed { id, error, lasted });
            }
            return None;
        }
        if error.is_transient() {
            return Some(error);
        }
        Some(self.end_with(error))
    }

    /// Ends the waiting. Who awaits the poller afterwards is told the same.
    fn end_with(&mut self, error: Error) -> Error {
        self.state = State::Finished;
        self.ended = Some(error.clone());
        error
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
    fn note(&mut self, seen: FetchedJob) -> Result<Job> {
        self.looks = self.looks.saturating_add(1);
        self.is_first = false;
        self.asked = seen.wait(self.client.core().clock.now());
        let waited = self.elapsed();
        self.outage = None;
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
            let error = self.gave_up(
                ErrorKind::UnknownState,
                format!("status {status:?} for {:?}", self.policy.unknown_limit),
            );
            return Err(self.end_with(error));
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
                    Err(error) => return Poll::Ready(Some(Err(this.end_with(error)))),
                },
                State::Sleeping(sleep) => {
                    ready!(sleep.as_mut().poll(cx));
                    this.state = State::Due;
                }
                State::Due => this.state = State::Looking(this.look()),
                State::Looking(look) => {
                    let seen = match Pin::new(&mut look.task).poll(cx) {
                        Poll::Ready(seen) => seen,
                        Poll::Pending => {
                            match &mut look.end {
                                Some(end) => ready!(end.as_mut().poll(cx)),
                                None => return Poll::Pending,
                            }
                            let error = this.too_late();
                            return Poll::Ready(Some(Err(this.end_with(error))));
                        }
                    };
                    this.state = State::Idle;
                    let noted = match seen {
                        Ok(Ok(seen)) => this.note(seen),
                        Ok(Err(error)) => match this.failed(error) {
                            Some(error) => Err(error),
                            None => continue,
                        },
                        // Whoever awaits the poller sees the panic as if it had polled by itself.
                        Err(ended) if ended.is_panic() => {
                            this.state = State::Finished;
                            std::panic::resume_unwind(ended.into_panic())
                        }
                        Err(_) => {
                            let text = "the look ended with its runtime".to_owned();
                            let error = this.gave_up(ErrorKind::Transport, text);
                            Err(this.end_with(error))
                        }
                    };
                    return Poll::Ready(Some(noted));
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
                _ => return (self.finish)(job),
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
