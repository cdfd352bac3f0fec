//! Telling what goes on while an operation works and a job is waited for.

use std::time::Duration;

use crate::error::Error;
use crate::job::Job;

/// Something that happened on the way. Events never carry a secret.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProgressEvent<'a> {
    /// Part of a file or of rows was sent to the container.
    #[non_exhaustive]
    Uploading {
        /// Bytes handed to the storage so far.
        bytes: u64,
        /// Bytes to send in all, when that is known.
        total: Option<u64>,
    },
    /// The request that creates the job goes out next. Until then there is no job, whatever ends the operation.
    #[non_exhaustive]
    Creating {},
    /// The hub's slot is taken, and no job was created; the create is tried again later.
    #[non_exhaustive]
    SlotBusy {
        /// The job that holds it, when the hub's list shows one.
        holder: Option<&'a Job>,
        /// How long this has been so.
        waited: Duration,
    },
    /// The hub accepted the job.
    #[non_exhaustive]
    Created {
        /// The job as accepted.
        job: &'a Job,
    },
    /// The hub did not answer a look, and by [`PollPolicy::patience`](crate::PollPolicy::patience) it is looked again.
    #[non_exhaustive]
    LookFailed {
        /// The job that is waited for.
        id: &'a str,
        /// Why, after the repetitions of the request.
        error: &'a Error,
        /// How long looks have failed: zero for the first one after the hub last told of the job.
        lasted: Duration,
    },
    /// The job was looked at.
    #[non_exhaustive]
    Polled {
        /// The job as it stands.
        job: &'a Job,
        /// How long it has been waited for.
        waited: Duration,
    },
}

/// Receives what happens. Closures `Fn(&ProgressEvent)` are receivers too.
///
/// It is called between requests, on the task that waits: return soon.
///
/// ```
/// use jobs_ext::{Progress, ProgressEvent};
///
/// let print = |event: &ProgressEvent<'_>| {
///     if let ProgressEvent::Polled { job, waited, .. } = event {
///         eprintln!("{} after {waited:?}", job.status());
///     }
/// };
/// fn takes(_: impl Progress) {}
/// takes(print);
/// ```
pub trait Progress: Send + Sync + 'static {
    /// One event.
    fn event(&self, event: &ProgressEvent<'_>);
}

impl<F> Progress for F
where
    F: Fn(&ProgressEvent<'_>) + Send + Sync + 'static,
{
    fn event(&self, event: &ProgressEvent<'_>) {
        self(event);
    }
}
