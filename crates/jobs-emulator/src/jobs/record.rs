//! What is known about a job, and the bodies made of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Time;
use crate::engine::{End, Record};
use crate::storage::ContainerUri;

/// What a job that was under way when the hub ended says about it.
const INTERRUPTED: &str =
    "The hub stopped while the job was under way; rows that were applied stay applied.";

/// What an import/export job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum JobType {
    Import,
    Export,
}

/// Where a job is. No other states occur: two of the official clients know no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum JobStatus {
    Enqueued,
    Running,
    Completed,
    Failed,
    Cancelled,
}

/// A job as it is kept. The container URIs are not part of it: they hold
/// signatures, and nobody needs them once the job is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JobRecord {
    pub(crate) id: String,
    pub(crate) kind: JobType,
    pub(crate) status: JobStatus,
    /// Ticks; set when the job is created.
    pub(crate) started: i64,
    /// Ticks; set when the job is over.
    pub(crate) ended: Option<i64>,
    pub(crate) progress: u8,
    /// Rows read or written so far.
    #[serde(default)]
    pub(crate) rows: u64,
    pub(crate) failure: Option<String>,
    pub(crate) input_blob: Option<String>,
    pub(crate) output_blob: Option<String>,
    pub(crate) exclude_keys: bool,
    pub(crate) include_configurations: Option<bool>,
    pub(crate) configurations_blob: Option<String>,
}

/// The parts of a request that only the response to it repeats.
#[derive(Clone, Debug)]
pub(crate) struct Echo {
    pub(crate) input: Option<ContainerUri>,
    pub(crate) output: ContainerUri,
    pub(crate) storage_authentication: Option<String>,
    pub(crate) identity: Option<Value>,
}

/// `JobProperties` in the service's order; what is not known is left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobBody<'a> {
    job_id: &'a str,
    start_time_utc: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time_utc: Option<String>,
    #[serde(rename = "type")]
    kind: JobType,
    status: JobStatus,
    progress: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_blob_container_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_blob_name: Option<&'a str>,
    output_blob_container_uri: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_blob_name: Option<&'a str>,
    exclude_keys_in_export: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_authentication_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    include_configurations: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    configurations_blob_name: Option<&'a str>,
    use_secondary_storage_as_source: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<&'a str>,
}

impl Record for JobRecord {
    const TABLE: &'static str = "jobs";
    const CREATED: &'static str = "started";

    fn id(&self) -> &str {
        &self.id
    }

    fn has_id(&self, id: &str) -> bool {
        self.id.eq_ignore_ascii_case(id)
    }

    fn created(&self) -> i64 {
        self.started
    }

    fn ended(&self) -> Option<i64> {
        self.ended
    }

    fn due(&self) -> Time {
        Time::from_ticks(self.started)
    }

    fn start_running(&mut self) {
        self.status = JobStatus::Running;
    }

    fn end(&mut self, end: End, now: Time) {
        self.ended = Some(now.ticks());
        match end {
            End::Completed => {
                self.status = JobStatus::Completed;
                self.progress = 100;
            }
            End::Failed(reason) => {
                self.status = JobStatus::Failed;
                self.failure = Some(reason);
            }
            End::Cancelled => self.status = JobStatus::Cancelled,
        }
    }

    /// No container is named, and nothing of the request's credentials.
    fn body(&self) -> impl Serialize {
        self.body_with(None)
    }

    /// The containers are not kept, so the job cannot go on.
    fn take_up(&mut self, now: Time) {
        self.end(End::Failed(INTERRUPTED.to_owned()), now);
    }
}

impl JobRecord {
    /// The body of the response to the creation, which echoes the request.
    pub(crate) fn created_body<'a>(&'a self, echo: &'a Echo) -> JobBody<'a> {
        self.body_with(Some(echo))
    }

    fn body_with<'a>(&'a self, echo: Option<&'a Echo>) -> JobBody<'a> {
        JobBody {
            job_id: &self.id,
            start_time_utc: Time::from_ticks(self.started).trimmed(),
            end_time_utc: self.ended.map(|ticks| Time::from_ticks(ticks).trimmed()),
            kind: self.kind,
            status: self.status,
            progress: self.progress,
            input_blob_container_uri: echo
                .and_then(|echo| echo.input.as_ref())
                .map(ContainerUri::expose),
            input_blob_name: self.input_blob.as_deref(),
            output_blob_container_uri: echo.map_or("", |echo| echo.output.expose()),
            // Recorded: the response to the creation alone repeats it.
            output_blob_name: echo.and(self.output_blob.as_deref()),
            exclude_keys_in_export: self.exclude_keys,
            storage_authentication_type: echo
                .and_then(|echo| echo.storage_authentication.as_deref()),
            identity: echo.and_then(|echo| echo.identity.as_ref()),
            include_configurations: self.include_configurations,
            configurations_blob_name: self.configurations_blob.as_deref(),
            use_secondary_storage_as_source: false,
            failure_reason: self.failure.as_deref(),
        }
    }
}
