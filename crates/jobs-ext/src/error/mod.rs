//! The one error of this crate, and how service answers become it.

pub(crate) mod decode;
mod envelope;
mod hint;
mod kind;
mod quoted;
mod source;

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

#[cfg(feature = "blob")]
pub(crate) use envelope::redirected;
pub(crate) use envelope::{ServiceAnswer, read_answer};
pub use kind::ErrorKind;
pub(crate) use quoted::values_of;

use self::source::Source;
use crate::job::Job;
use crate::redact;

/// What this crate's calls return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How many characters of a foreign message are kept.
pub(crate) const MESSAGE_LIMIT: usize = 600;

/// How many of the jobs that a lost create may have made stand in the line; [`Error::lost_create`] has them all.
const SHOWN_CANDIDATES: usize = 5;

/// Why a call did not succeed.
///
/// [`kind`](Self::kind) says what a program can do about it; `Display` says it to a person in one line: the operation and the job, the
/// service's code and message, the ids that support asks for, and a cure where there is one. [`source`](StdError::source) returns what
/// caused it, down to the socket; `Display` does not repeat it, so print the whole chain. An [`io::Error`](std::io::Error) in the chain can
/// be downcast. Neither ever carries a key, a token or a container signature.
///
/// ```no_run
/// # async fn example(hub: jobs_ext::JobsClient) -> Result<(), jobs_ext::Error> {
/// use jobs_ext::ErrorKind;
///
/// match hub.get("8b0c7f3e-1111-4222-8333-000000000000").await {
///     Ok(job) => println!("{}", job.status()),
///     Err(error) if error.kind() == ErrorKind::NotFound => println!("no such job"),
///     Err(error) => return Err(error),
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Error(Box<Detail>);

#[derive(Clone)]
pub(crate) struct Detail {
    pub(crate) kind: ErrorKind,
    pub(crate) operation: Option<&'static str>,
    pub(crate) job_id: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) number: Option<u64>,
    pub(crate) message: String,
    pub(crate) tracking_id: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) attempts: u32,
    pub(crate) hint: Option<&'static str>,
    pub(crate) job: Option<Job>,
    pub(crate) lost_create: Option<LostCreate>,
    pub(crate) source: Option<Source>,
    /// The hub's own time, from the header `Date`.
    pub(crate) server_date: Option<jiff::Timestamp>,
    /// Whether both sides do not agree on TLS (the certificate was refused, or one of them speaks none), which no further try changes.
    pub(crate) untrusted: bool,
    /// Whether the request can have reached the hub. Decides if a create may be sent again.
    pub(crate) sent: bool,
}

/// What a look at the hub's jobs found after the answer to a create was lost.
///
/// The create itself is never sent again: it may have worked, and a second one would be a second job.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum LostCreate {
    /// The hub lists no job that could be the one: it was most likely not created.
    NotCreated,
    /// Jobs of the same kind that began since the request left; [`JobsClient::resume`](crate::JobsClient::resume) waits for one.
    Candidates(Vec<Job>),
    /// The jobs could not be listed either.
    Unknown,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl AsRef<str>) -> Self {
        Self(Box::new(Detail {
            kind,
            operation: None,
            job_id: None,
            status: None,
            code: None,
            number: None,
            message: redact::clean(message.as_ref(), MESSAGE_LIMIT),
            tracking_id: None,
            request_id: None,
            retry_after: None,
            attempts: 0,
            hint: None,
            job: None,
            lost_create: None,
            source: None,
            server_date: None,
            untrusted: false,
            sent: false,
        }))
    }

    pub(crate) fn configuration(message: impl AsRef<str>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(Source::copy(source.into().as_ref()));
        self
    }

    pub(crate) fn with_job(mut self, job: Job) -> Self {
        self.0.job_id = Some(job.id().to_owned());
        self.0.job = Some(job);
        self
    }

    pub(crate) fn with_operation(mut self, operation: &'static str, job_id: Option<&str>) -> Self {
        self.0.operation = Some(operation);
        if self.0.job_id.is_none() {
            self.0.job_id = job_id.map(str::to_owned);
        }
        self
    }

    pub(crate) fn detail(&self) -> &Detail {
        &self.0
    }

    pub(crate) fn detail_mut(&mut self) -> &mut Detail {
        &mut self.0
    }

    pub(crate) fn was_sent(&self) -> bool {
        self.0.sent
    }

    /// What a program can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The operation that failed, such as `get job`.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.operation
    }

    /// The job that the operation was about.
    #[must_use]
    pub fn job_id(&self) -> Option<&str> {
        self.0.job_id.as_deref()
    }

    /// The HTTP status, when there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The service's symbolic code, such as `JobNotFound`: from the header `iothub-errorcode`, else from the body.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The service's numeric code, such as `404002`, when the body had one.
    #[must_use]
    pub fn error_number(&self) -> Option<u64> {
        self.0.number
    }

    /// The message alone, without operation, codes and hint.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The service's tracking id, to be quoted to support.
    #[must_use]
    pub fn tracking_id(&self) -> Option<&str> {
        self.0.tracking_id.as_deref()
    }

    /// The answer's `x-ms-request-id`.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long the service asked to wait before another try.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many times the request was sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.or_else(|| hint::of(&self.0))
    }

    /// The job that explains the error: the failed or cancelled one, or the one that holds the hub's only slot ([`ErrorKind::JobQuota`]).
    #[must_use]
    pub fn job(&self) -> Option<&Job> {
        self.0.job.as_ref()
    }

    /// What became of a create whose answer was lost; none for every other error.
    #[must_use]
    pub fn lost_create(&self) -> Option<&LostCreate> {
        self.0.lost_create.as_ref()
    }

    /// Whether the same call may succeed later without anything being changed: throttled, slot taken, service fault, transport, timeout.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.0.kind.is_transient()
    }

    /// Shorthand for [`ErrorKind::NotFound`].
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
    }

    fn write_codes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = &self.0;
        match (detail.status, detail.code.as_deref(), detail.number) {
            (Some(status), Some(code), _) => write!(f, " ({status} {code})"),
            (Some(status), None, Some(number)) => write!(f, " ({status}, error {number})"),
            (Some(status), None, None) => write!(f, " ({status})"),
            (None, Some(code), _) => write!(f, " ({code})"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = &self.0;
        if let Some(operation) = detail.operation {
            f.write_str(operation)?;
            if let Some(id) = &detail.job_id {
                write!(f, " {}", redact::clean(id, 128))?;
            }
            f.write_str(": ")?;
        }
        f.write_str(detail.kind.phrase())?;
        self.write_codes(f)?;
        if !detail.message.is_empty() {
            write!(f, ": {}", detail.message)?;
        }
        if let (ErrorKind::JobQuota, Some(job)) = (detail.kind, &detail.job) {
            let holder = format!("{} {} ({})", job.job_type(), job.id(), job.status());
            write!(f, "; held by {}", redact::clean(&holder, 200))?;
        }
        match &detail.lost_create {
            Some(LostCreate::NotCreated) => {
                f.write_str("; whether it was done was not told, and the hub lists no job that it could have made")?;
            }
            Some(LostCreate::Candidates(jobs)) => {
                f.write_str(
                    "; whether it was done was not told, but it may have made these jobs:",
                )?;
                jobs.iter()
                    .take(SHOWN_CANDIDATES)
                    .try_for_each(|job| write!(f, " {}", redact::clean(job.id(), 128)))?;
                if let Some(more @ 1..) = jobs.len().checked_sub(SHOWN_CANDIDATES) {
                    write!(f, " and {more} more")?;
                }
            }
            Some(LostCreate::Unknown) => {
                f.write_str(
                    "; whether it was done was not told, and the jobs could not be listed either",
                )?;
            }
            None => {}
        }
        if let Some(id) = &detail.tracking_id {
            write!(f, "; tracking id {id}")?;
        }
        if let Some(id) = &detail.request_id {
            write!(f, "; request id {id}")?;
        }
        if detail.attempts > 1 {
            write!(f, "; after {} attempts", detail.attempts)?;
        }
        match self.hint() {
            Some(hint) => write!(f, "; hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = &self.0;
        let job_id = detail.job_id.as_deref().map(|id| redact::clean(id, 128));
        f.debug_struct("Error")
            .field("kind", &detail.kind)
            .field("operation", &detail.operation)
            .field("job_id", &job_id)
            .field("status", &detail.status)
            .field("code", &detail.code)
            .field("number", &detail.number)
            .field("message", &detail.message)
            .field("tracking_id", &detail.tracking_id)
            .field("request_id", &detail.request_id)
            .field("attempts", &detail.attempts)
            .field("retry_after", &detail.retry_after)
            .field("job", &detail.job)
            .field("lost_create", &detail.lost_create)
            .field("source", &detail.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(Source::as_error)
    }
}
