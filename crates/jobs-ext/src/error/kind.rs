//! The classes of errors that a caller acts on.

/// What went wrong, as far as a program's next step depends on it.
///
/// The service's code decides, and the HTTP status only where there is none: a 403 can be a missing right, a firewall or a busy slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The job (or the hub) does not exist.
    NotFound,
    /// Another job holds the hub's slot, or all its slots for scheduled jobs are taken. For imports and exports it can be waited out: see
    /// `wait_for_slot` of their options.
    JobQuota,
    /// Too many requests; wait and try again.
    Throttled,
    /// The hub does not accept the credential.
    Unauthorized,
    /// The credential is good but does not allow this.
    Forbidden,
    /// The hub or the storage service refuses the container: its signature, its rights, a missing or empty blob.
    ContainerRejected,
    /// The request contradicts the present state (a job with this id exists, a finished job is cancelled, an etag differs).
    Conflict,
    /// The hub finds the request malformed.
    BadRequest,
    /// The hub failed (5xx).
    Service,
    /// The hub or the storage was not reached, or the connection broke.
    Transport,
    /// The time allowed for a try, an operation or a wait is spent.
    Timeout,
    /// The answer could not be read.
    Decode,
    /// Something given to this client is wrong, seen before anything was sent.
    Configuration,
    /// The credential could not be obtained.
    Credential,
    /// The job ended as failed.
    JobFailed,
    /// The job ended as cancelled.
    JobCancelled,
    /// The job stayed in a state that this client does not know for longer than allowed.
    UnknownState,
    /// A local file could not be read or written.
    File,
    /// The job completed, but its result is unknown: its log or blob is missing, is from another job, or is something else.
    UnknownOutcome,
}

impl ErrorKind {
    /// Whether the same call may succeed later without anything being changed.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::JobQuota | Self::Throttled | Self::Service | Self::Transport | Self::Timeout
        )
    }

    pub(crate) fn phrase(self) -> &'static str {
        match self {
            Self::NotFound => "not found",
            Self::JobQuota => "another job is active",
            Self::Throttled => "throttled",
            Self::Unauthorized => "unauthorised",
            Self::Forbidden => "forbidden",
            Self::ContainerRejected => "container rejected",
            Self::Conflict => "conflict",
            Self::BadRequest => "bad request",
            Self::Service => "the service failed",
            Self::Transport => "connection failed",
            Self::Timeout => "timed out",
            Self::Decode => "unreadable answer",
            Self::Configuration => "invalid configuration",
            Self::Credential => "no credential",
            Self::JobFailed => "the job failed",
            Self::JobCancelled => "the job was cancelled",
            Self::UnknownState => "the job stays in an unknown state",
            Self::File => "file",
            Self::UnknownOutcome => "the result is unknown",
        }
    }

    /// The kind of an answer, by its code where there is one.
    pub(crate) fn classify(status: u16, code: Option<&str>) -> Self {
        match code {
            Some("JobQuotaExceeded" | "ThrottlingMaxActiveJobCountExceeded") => {
                return Self::JobQuota;
            }
            Some(
                "BlobContainerValidationError"
                | "InvalidStorageEndpointOrBlob"
                | "ManagedIdentityNotEnabled",
            ) => return Self::ContainerRejected,
            Some("JobNotFound" | "IotHubNotFound") => return Self::NotFound,
            Some("JobAlreadyExists" | "OperationNotAllowedInCurrentState") => {
                return Self::Conflict;
            }
            Some("IotHubQuotaExceeded") => return Self::Throttled,
            _ => {}
        }
        match status {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 | 410 => Self::NotFound,
            405 | 409 | 412 => Self::Conflict,
            429 => Self::Throttled,
            408 => Self::Timeout,
            400..=499 => Self::BadRequest,
            500..=599 => Self::Service,
            _ => Self::Decode,
        }
    }
}

impl std::fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.phrase())
    }
}
