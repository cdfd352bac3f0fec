//! What is known about a scheduled job, and the bodies made of it.

use std::time::Duration;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock::Time;
use crate::engine::{End, Record};
use crate::envelope::HubResult;

/// What is done to each device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ScheduledKind {
    ScheduleUpdateTwin,
    ScheduleDeviceMethod,
}

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ScheduledStatus {
    Queued,
    Scheduled,
    Running,
    Completed,
    Failed,
    Cancelled,
}

/// The word that stands for a kind or a status on the wire.
pub(crate) fn word(value: impl Serialize) -> String {
    json!(value).as_str().unwrap_or_default().to_owned()
}

/// How far the devices of a job are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Statistics {
    pub(crate) device_count: u64,
    pub(crate) failed_count: u64,
    pub(crate) succeeded_count: u64,
    pub(crate) running_count: u64,
    pub(crate) pending_count: u64,
}

/// A job as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ScheduledRecord {
    pub(crate) id: String,
    pub(crate) kind: ScheduledKind,
    pub(crate) status: ScheduledStatus,
    /// Ticks, as all times here.
    pub(crate) created: i64,
    /// When it is, or was, to begin.
    pub(crate) start: i64,
    pub(crate) ended: Option<i64>,
    pub(crate) max_seconds: i64,
    pub(crate) condition: String,
    /// What the request carried for its kind.
    pub(crate) update_twin: Option<Value>,
    pub(crate) method: Option<Value>,
    pub(crate) failure: Option<String>,
    pub(crate) statistics: Option<Statistics>,
    /// Row of the last device done, so that a job can be taken up again.
    pub(crate) reached: i64,
}

/// What the service shows as the end of a job that has none yet.
const NO_END: &str = "9999-12-31T23:59:59.9999999Z";

impl Record for ScheduledRecord {
    const TABLE: &'static str = "scheduled_jobs";
    const CREATED: &'static str = "created";

    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }

    fn ended(&self) -> Option<i64> {
        self.ended
    }

    fn due(&self) -> Time {
        Time::from_ticks(self.start.max(self.created))
    }

    fn limit(&self) -> Option<Duration> {
        let seconds = u64::try_from(self.max_seconds).unwrap_or(u64::MAX);
        Some(Duration::from_secs(seconds))
    }

    fn start_running(&mut self) {
        self.status = ScheduledStatus::Running;
    }

    fn end(&mut self, end: End, now: Time) {
        self.ended = Some(now.ticks());
        self.status = match end {
            End::Completed => ScheduledStatus::Completed,
            End::Failed(reason) => {
                self.failure = Some(reason);
                ScheduledStatus::Failed
            }
            End::Cancelled => ScheduledStatus::Cancelled,
        };
    }

    /// `JobResponse`; what is not known is left out.
    fn body(&self) -> impl Serialize {
        let wire = |ticks: i64| Time::from_ticks(ticks).wire();
        let mut body = json!({
            "jobId": self.id,
            "createdTime": wire(self.created),
            "startTime": wire(self.start),
            "endTime": self.ended.map_or_else(|| NO_END.to_owned(), wire),
            "maxExecutionTimeInSeconds": self.max_seconds,
            "type": self.kind,
        });
        if let Some(method) = &self.method {
            body["cloudToDeviceMethod"] = method_shown(method);
        }
        if let Some(twin) = &self.update_twin {
            body["updateTwin"] = twin.clone();
            body["updateTwin"]["deviceId"] = Value::Null;
        }
        body["status"] = json!(self.status);
        if let Some(failure) = &self.failure {
            body["failureReason"] = json!(failure);
        }
        body["queryCondition"] = json!(self.condition);
        if let Some(statistics) = &self.statistics {
            body["deviceJobStatistics"] = json!(statistics);
        }
        body
    }

    /// Deletes what `devices.jobs` shows.
    fn forget(connection: &Connection, id: &str) -> HubResult<()> {
        let sql = "DELETE FROM device_jobs WHERE job_id = ?1";
        connection.prepare_cached(sql)?.execute([id])?;
        Ok(())
    }
}

impl ScheduledRecord {
    /// How far it is, in percent.
    pub(crate) fn progress(&self) -> u64 {
        match (self.status, &self.statistics) {
            (ScheduledStatus::Completed, _) => 100,
            (_, Some(count)) if count.device_count > 0 => {
                (count.failed_count + count.succeeded_count) * 100 / count.device_count
            }
            _ => 0,
        }
    }

    /// The short body of the response to the creation.
    pub(crate) fn created_body(&self) -> Value {
        json!({ "jobId": self.id, "type": self.kind, "status": self.status })
    }
}

/// The method with its payload as the service shows it: the bytes of its JSON, one number each.
fn method_shown(method: &Value) -> Value {
    let mut shown = method.clone();
    if let Some(payload) = method.get("payload").filter(|payload| !payload.is_null()) {
        shown["payload"] = json!(payload.to_string().into_bytes());
    }
    shown
}

/// What stands for a job that this API does not know, import and export jobs included. The vendor's command line turns
/// to the other API on this response alone.
pub(crate) fn unknown(id: &str) -> Value {
    json!({ "jobId": id, "type": "unknown", "status": "unknown" })
}
