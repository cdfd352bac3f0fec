//! One view over the hub's two kinds of jobs.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use jobs_api::types::{JobProperties, JobResponse, JobStatus, JobType};

use crate::error::decode;
use crate::error::{Error, ErrorKind, Result};
use crate::redact;
use crate::timestamp;

/// A job as the hub described it: an import or export job, or a scheduled job.
///
/// What both kinds share has an accessor here; the models of each kind are at [`import_export`](Self::import_export) and
/// [`scheduled`](Self::scheduled), and the answer itself, members unknown to this version included, at [`raw`](Self::raw).
#[derive(Clone)]
pub struct Job(Arc<Inner>);

struct Inner {
    model: Model,
    id: String,
    failure_reason: Option<String>,
    raw: RawReply,
}

enum Model {
    ImportExport(Box<JobProperties>),
    Scheduled(Box<JobResponse>),
}

/// Which of the hub's two job systems a job lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobSystem {
    /// `/jobs`: imports and exports of the identity registry.
    ImportExport,
    /// `/jobs/v2`: scheduled twin updates and method calls.
    Scheduled,
}

impl fmt::Display for JobSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ImportExport => "import-export",
            Self::Scheduled => "scheduled",
        })
    }
}

/// What a scheduled job did to its devices so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobStatistics {
    /// Devices that the query selected.
    pub devices: u32,
    /// Devices on which the work succeeded.
    pub succeeded: u32,
    /// Devices on which it failed. A job can be `completed` with failures.
    pub failed: u32,
    /// Devices being worked on.
    pub running: u32,
    /// Devices still to come.
    pub pending: u32,
}

static UNKNOWN_TYPE: JobType = JobType::Unknown;
static UNKNOWN_STATUS: JobStatus = JobStatus::Unknown;

impl Job {
    /// `asked` stands in for an id that the answer leaves out.
    pub(crate) fn from_import_export(
        model: Box<JobProperties>,
        raw: Bytes,
        asked: &str,
    ) -> Result<Self> {
        check_raw(&raw)?;
        Ok(Self(Arc::new(Inner {
            id: named(model.job_id.as_deref(), asked),
            failure_reason: reason(model.failure_reason.as_deref()),
            model: Model::ImportExport(model),
            raw: RawReply(raw),
        })))
    }

    /// `asked` stands in for an id that the answer leaves out.
    pub(crate) fn from_scheduled(model: Box<JobResponse>, raw: Bytes, asked: &str) -> Result<Self> {
        check_raw(&raw)?;
        Ok(Self(Arc::new(Inner {
            id: named(model.job_id.as_deref(), asked),
            failure_reason: reason(model.failure_reason.as_deref())
                .or_else(|| reason(model.status_message.as_deref())),
            model: Model::Scheduled(model),
            raw: RawReply(raw),
        })))
    }

    /// Rejects a job with an id that no request can name, or with another one than was asked for. `asked` is empty where the hub chooses.
    pub(crate) fn check_named(&self, asked: &str) -> Result<()> {
        let id = self.id();
        let invalid = |message: String| {
            let mut error = Error::new(ErrorKind::Decode, message);
            error.detail_mut().sent = true;
            Err(error)
        };
        if id.is_empty() {
            return invalid("the hub's response names no job".to_owned());
        }
        let shown = redact::clean(id, SHOWN_ID);
        if check_id(id).is_err() {
            return invalid(format!(
                "the hub's response names a job with an invalid id: {shown}"
            ));
        }
        if !asked.is_empty() && !id.eq_ignore_ascii_case(asked) {
            return invalid(format!("the hub's response is about another job, {shown}"));
        }
        Ok(())
    }

    /// The id: made by the hub for imports and exports, chosen by the caller for scheduled jobs.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Which job system answered.
    #[must_use]
    pub fn system(&self) -> JobSystem {
        match self.0.model {
            Model::ImportExport(_) => JobSystem::ImportExport,
            Model::Scheduled(_) => JobSystem::Scheduled,
        }
    }

    /// What the job does. A value that this version does not know is kept as it came.
    #[must_use]
    pub fn job_type(&self) -> &JobType {
        match &self.0.model {
            Model::ImportExport(model) => model.type_.as_ref(),
            Model::Scheduled(model) => model.type_.as_ref(),
        }
        .unwrap_or(&UNKNOWN_TYPE)
    }

    /// Where the job stands. A value that this version does not know is kept as it came.
    #[must_use]
    pub fn status(&self) -> &JobStatus {
        match &self.0.model {
            Model::ImportExport(model) => model.status.as_ref(),
            Model::Scheduled(model) => model.status.as_ref(),
        }
        .unwrap_or(&UNKNOWN_STATUS)
    }

    /// Whether the job has ended: completed, failed or cancelled.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(
            self.status(),
            JobStatus::Completed | JobStatus::Failed | JobStatus::Cancelled
        )
    }

    /// Whether the job is known to be waiting or working, and so holds a slot.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(
            self.status(),
            JobStatus::Enqueued | JobStatus::Running | JobStatus::Queued | JobStatus::Scheduled
        )
    }

    /// Percent done, from 0 to 100. The hub is known to jump from 0 to 100; for scheduled jobs it is worked out from the devices done.
    #[must_use]
    pub fn progress(&self) -> Option<u8> {
        let percent = match &self.0.model {
            Model::ImportExport(model) => i64::from(model.progress?),
            Model::Scheduled(_) => {
                let stats = self.statistics()?;
                let done = i64::from(stats.succeeded) + i64::from(stats.failed);
                (done * 100).checked_div(i64::from(stats.devices))?
            }
        };
        u8::try_from(percent.clamp(0, 100)).ok()
    }

    /// When the job began, as the hub wrote it: for imports and exports the moment it was accepted.
    #[must_use]
    pub fn start_time(&self) -> Option<&str> {
        match &self.0.model {
            Model::ImportExport(model) => model.start_time_utc.as_deref(),
            Model::Scheduled(model) => model.start_time.as_deref(),
        }
    }

    /// When the job ended, as the hub wrote it. None while it has not: scheduled jobs carry a far-off placeholder until then.
    #[must_use]
    pub fn end_time(&self) -> Option<&str> {
        match &self.0.model {
            Model::ImportExport(model) => model.end_time_utc.as_deref(),
            Model::Scheduled(model) => model.end_time.as_deref(),
        }
        .filter(|_| self.is_finished())
    }

    /// [`start_time`](Self::start_time) read leniently: no zone means UTC, any number of fractional digits, and the hub's year 1 means none.
    #[must_use]
    pub fn started_at(&self) -> Option<Timestamp> {
        timestamp::parse(self.start_time()?)
    }

    /// [`end_time`](Self::end_time) read in the same lenient way.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        timestamp::parse(self.end_time()?)
    }

    /// Why the job failed, in the hub's words, on one line.
    #[must_use]
    pub fn failure_reason(&self) -> Option<&str> {
        self.0.failure_reason.as_deref()
    }

    /// What a scheduled job did to its devices; none for other jobs, and none early.
    #[must_use]
    pub fn statistics(&self) -> Option<JobStatistics> {
        let Model::Scheduled(model) = &self.0.model else {
            return None;
        };
        let stats = model.device_job_statistics.as_ref()?;
        let count = |value: Option<i32>| value.and_then(|v| u32::try_from(v).ok()).unwrap_or(0);
        Some(JobStatistics {
            devices: count(stats.device_count),
            succeeded: count(stats.succeeded_count),
            failed: count(stats.failed_count),
            running: count(stats.running_count),
            pending: count(stats.pending_count),
        })
    }

    /// The model of an import or export job.
    #[must_use]
    pub fn import_export(&self) -> Option<&JobProperties> {
        match &self.0.model {
            Model::ImportExport(model) => Some(model),
            Model::Scheduled(_) => None,
        }
    }

    /// The model of a scheduled job.
    #[must_use]
    pub fn scheduled(&self) -> Option<&JobResponse> {
        match &self.0.model {
            Model::Scheduled(model) => Some(model),
            Model::ImportExport(_) => None,
        }
    }

    /// The answer as it came.
    #[must_use]
    pub fn raw(&self) -> &RawReply {
        &self.0.raw
    }

    /// Whether the hub meant "no such job": the scheduled-job endpoint answers 200 with unknown type and status then.
    pub(crate) fn is_unknown_scheduled(&self) -> bool {
        matches!(self.0.model, Model::Scheduled(_))
            && *self.status() == JobStatus::Unknown
            && *self.job_type() == JobType::Unknown
    }
}

/// How many characters of an id are printed.
const SHOWN_ID: usize = 128;

/// What [`RawReply`] promises: that its text can be read as JSON. A text that is not there (a 204) is none.
fn check_raw(raw: &[u8]) -> Result<()> {
    if raw.is_empty() {
        return Ok(());
    }
    decode::check(raw).map_err(|cause| {
        let mut error = Error::new(ErrorKind::Decode, decode::explain(&cause, raw));
        error.detail_mut().sent = true;
        error
    })
}

fn named(id: Option<&str>, asked: &str) -> String {
    id.filter(|id| !id.is_empty()).unwrap_or(asked).to_owned()
}

fn reason(text: Option<&str>) -> Option<String> {
    text.map(|text| redact::clean(text, 2000))
        .filter(|text| !text.is_empty())
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // All of these are the hub's words.
        let shown = |text: &str| redact::clean(text, 128);
        f.debug_struct("Job")
            .field("id", &shown(self.id()))
            .field("system", &self.system())
            .field("type", &shown(self.job_type().as_str()))
            .field("status", &shown(self.status().as_str()))
            .field("progress", &self.progress())
            .field("started", &self.start_time().map(shown))
            .field("ended", &self.end_time().map(shown))
            .field("failure_reason", &self.failure_reason())
            .finish_non_exhaustive()
    }
}

/// A job's part of an answer, as it came. Printing it shows its length alone: the answer to a create repeats the container URIs.
#[derive(Clone)]
pub struct RawReply(Bytes);

impl RawReply {
    /// The JSON text in full, container signatures included: keep it away from logs.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for RawReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawReply({} bytes)", self.0.len())
    }
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
