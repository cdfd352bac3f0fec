//! Scheduled jobs: twin updates and method calls on every device that a query selects.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jobs_api::types::{CloudToDeviceMethod, JobRequest, JobType, Twin, TwinProperties};
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, LostCreate, Result, values_of};
use crate::http::core::JobsClient;
use crate::http::pipeline::Call;
use crate::job::JobSystem;
use crate::polling::fetch::{FetchedJob, scheduled_job};
use crate::polling::poller::JobPoller;

/// The longest payload of a method.
const LONGEST_PAYLOAD: usize = 128 * 1024;
/// How far ahead a job may be scheduled.
const FARTHEST_START: Duration = Duration::from_secs(168 * 3600);

/// A job on many devices, to be given to [`JobsClient::schedule`]. What the service needs beside the caller's words is filled in.
///
/// ```no_run
/// # async fn example(hub: jobs_ext::JobsClient) -> Result<(), jobs_ext::Error> {
/// use serde_json::json;
/// use jobs_ext::{DirectMethod, ScheduledJob, TwinPatch};
///
/// let patch = TwinPatch::new().tag("site", json!("north")).desired("interval", json!(30));
/// let done = hub.schedule(ScheduledJob::update_twin("set-north-1", "tags.plant = 7", patch)).await?.await?;
/// println!("{:?}", done.statistics());
///
/// let reboot = DirectMethod::new("reboot").payload(json!({ "delay": 5 }));
/// hub.schedule(ScheduledJob::call_method("reboot-1", "*", reboot)).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "a scheduled job does nothing until it is given to `schedule`"]
pub struct ScheduledJob {
    id: String,
    condition: String,
    work: Work,
    start: Option<Timestamp>,
    max_execution: Duration,
}

#[derive(Clone)]
enum Work {
    UpdateTwin(TwinPatch),
    CallMethod(DirectMethod),
}

/// What to change in the twins: tags and desired properties, merged into what is there. A `null` value deletes a key.
#[derive(Clone, Default)]
#[must_use = "a patch does nothing until it is part of a scheduled job"]
pub struct TwinPatch {
    tags: Map<String, Value>,
    desired: Map<String, Value>,
    etag: Option<String>,
}

impl TwinPatch {
    /// A patch that changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets one tag.
    pub fn tag(mut self, name: impl Into<String>, value: Value) -> Self {
        self.tags.insert(name.into(), value);
        self
    }

    /// Sets all tags of a map.
    pub fn tags(mut self, tags: Map<String, Value>) -> Self {
        self.tags.extend(tags);
        self
    }

    /// Sets one desired property.
    pub fn desired(mut self, name: impl Into<String>, value: Value) -> Self {
        self.desired.insert(name.into(), value);
        self
    }

    /// Sets all desired properties of a map.
    pub fn desired_properties(mut self, properties: Map<String, Value>) -> Self {
        self.desired.extend(properties);
        self
    }

    /// Changes only twins of this etag; without it, any (`*`), which is what the service wants said.
    pub fn etag(mut self, etag: impl Into<String>) -> Self {
        self.etag = Some(etag.into());
        self
    }

    fn model(&self) -> Twin {
        let filled = |map: &Map<String, Value>| Some(map.clone()).filter(|map| !map.is_empty());
        let mut twin = Twin::default();
        twin.etag = Some(self.etag.clone().unwrap_or_else(|| "*".to_owned()));
        twin.tags = filled(&self.tags);
        twin.properties = filled(&self.desired).map(|desired| {
            let mut properties = TwinProperties::default();
            properties.desired = Some(desired);
            properties
        });
        twin
    }
}

/// A direct method, called on each device. It reaches devices that are connected or connect in time.
#[derive(Clone)]
#[must_use = "a method does nothing until it is part of a scheduled job"]
pub struct DirectMethod {
    name: String,
    payload: Option<Value>,
    response_timeout: Option<Duration>,
    connect_timeout: Option<Duration>,
}

impl DirectMethod {
    /// The method of this name, without payload.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            payload: None,
            response_timeout: None,
            connect_timeout: None,
        }
    }

    /// The argument: any JSON up to 128 KB.
    pub fn payload(mut self, payload: Value) -> Self {
        self.payload = Some(payload);
        self
    }

    /// How long each device may take to answer; whole seconds count.
    pub fn response_timeout(mut self, bound: Duration) -> Self {
        self.response_timeout = Some(bound);
        self
    }

    /// How long to wait for a device that is not connected; no longer than the response timeout. Whole seconds count.
    pub fn connect_timeout(mut self, bound: Duration) -> Self {
        self.connect_timeout = Some(bound);
        self
    }

    fn model(&self) -> CloudToDeviceMethod {
        let seconds = |bound: Duration| i32::try_from(bound.as_secs()).unwrap_or(i32::MAX);
        let mut method = CloudToDeviceMethod::default();
        method.method_name = Some(self.name.clone());
        method.payload.clone_from(&self.payload);
        method.response_timeout_in_seconds = self.response_timeout.map(seconds);
        method.connect_timeout_in_seconds = self.connect_timeout.map(seconds);
        method
    }

    fn check(&self) -> Result<()> {
        if self.name.trim().is_empty() {
            return Err(Error::configuration("the method has no name"));
        }
        let size = self
            .payload
            .as_ref()
            .map_or(0, |payload| payload.to_string().len());
        if size > LONGEST_PAYLOAD {
            return Err(Error::configuration(format!(
                "the method's payload has {size} bytes of JSON; the service takes up to {LONGEST_PAYLOAD}"
            )));
        }
        match (self.connect_timeout, self.response_timeout) {
            (Some(connect), Some(response)) if connect > response => Err(Error::configuration(
                "the method's connect timeout is longer than its response timeout",
            )),
            _ => Ok(()),
        }
    }
}

impl ScheduledJob {
    /// Updates the twins of the devices that `condition` selects: a WHERE clause of the hub's query language without the word `WHERE`, or
    /// `*` for all. The id is the caller's own: up to 64 letters, digits, hyphens and apostrophes.
    /// Lower case is the safe choice: one report says that a live hub rejected capitals, while the vendor's tests use them.
    pub fn update_twin(
        id: impl Into<String>,
        condition: impl Into<String>,
        patch: TwinPatch,
    ) -> Self {
        Self::new(id.into(), condition.into(), Work::UpdateTwin(patch))
    }

    /// Calls a method on the devices that `condition` selects; the arguments are as in [`update_twin`](Self::update_twin).
    pub fn call_method(
        id: impl Into<String>,
        condition: impl Into<String>,
        method: DirectMethod,
    ) -> Self {
        Self::new(id.into(), condition.into(), Work::CallMethod(method))
    }

    fn new(id: String, condition: String, work: Work) -> Self {
        Self {
            id,
            condition,
            work,
            start: None,
            max_execution: Duration::from_secs(3600),
        }
    }

    /// Begins then and not now; up to 168 hours ahead. A job that waits for its time already counts against the limit of active jobs.
    pub fn start_at(mut self, time: Timestamp) -> Self {
        self.start = Some(time);
        self
    }

    /// How long the job may run; an hour unless said otherwise. Whole seconds count.
    pub fn max_execution(mut self, bound: Duration) -> Self {
        self.max_execution = bound;
        self
    }

    /// The request as it is sent to the hub, for example to show it before.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self.model()).unwrap_or_default()
    }

    fn model(&self) -> JobRequest {
        let mut model = JobRequest::default();
        model.job_id = Some(self.id.clone());
        model.query_condition = Some(self.condition.clone());
        model.start_time = self.start.map(|time| format!("{time:.3}"));
        model.max_execution_time_in_seconds = i64::try_from(self.max_execution.as_secs()).ok();
        match &self.work {
            Work::UpdateTwin(patch) => {
                model.type_ = Some(JobType::ScheduleUpdateTwin);
                model.update_twin = Some(patch.model());
            }
            Work::CallMethod(method) => {
                model.type_ = Some(JobType::ScheduleDeviceMethod);
                model.cloud_to_device_method = Some(method.model());
            }
        }
        model
    }

    fn check(&self, now: std::time::SystemTime) -> Result<()> {
        check_scheduled_id(&self.id)?;
        let condition = self.condition.trim();
        if condition.is_empty() {
            return Err(Error::configuration(
                "the job has no condition: give `*` for all devices",
            ));
        }
        let first = condition.split_whitespace().next().unwrap_or_default();
        if ["where", "select"]
            .iter()
            .any(|word| first.eq_ignore_ascii_case(word))
        {
            return Err(Error::configuration(
                "the condition is the WHERE clause alone, without the word WHERE and without SELECT",
            ));
        }
        if let (Some(start), Ok(now)) = (self.start, Timestamp::try_from(now)) {
            let ahead = start.as_second().saturating_sub(now.as_second());
            if u64::try_from(ahead).is_ok_and(|ahead| ahead > FARTHEST_START.as_secs()) {
                return Err(Error::configuration(
                    "the start lies more than 168 hours ahead, which the service refuses",
                ));
            }
        }
        match &self.work {
            Work::UpdateTwin(patch) if patch.tags.is_empty() && patch.desired.is_empty() => {
                Err(Error::configuration(
                    "the twin update changes neither a tag nor a desired property",
                ))
            }
            Work::UpdateTwin(_) => Ok(()),
            Work::CallMethod(method) => method.check(),
        }
    }
}

impl fmt::Debug for ScheduledJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScheduledJob")
            .field("id", &self.id)
            .field("condition", &self.condition)
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TwinPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwinPatch")
            .field("tags", &self.tags.len())
            .field("desired", &self.desired.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DirectMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectMethod")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What the live service takes; its documentation says more, but the service refuses upper case, `_`, `.` and spaces.
/// The create, as errors and traces name it.
const OPERATION: &str = "create scheduled job";

fn check_scheduled_id(id: &str) -> Result<()> {
    let fits = (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-'".contains(&b));
    if fits {
        Ok(())
    } else {
        Err(Error::configuration(
            "the id of a scheduled job must be 1 to 64 letters, digits, hyphens or apostrophes; the service rejects others",
        ))
    }
}

/// Twin values and payloads, which can be secrets of devices: the hub's errors may quote them.
fn private_values(model: &JobRequest) -> Vec<String> {
    let payload = model
        .cloud_to_device_method
        .as_ref()
        .and_then(|method| method.payload.as_ref());
    let twin = model.update_twin.as_ref().map(serde_json::to_value);
    // What cannot be written as JSON is not sent either.
    let twin = twin.and_then(Result::ok);
    payload
        .into_iter()
        .chain(&twin)
        .flat_map(values_of)
        .collect()
}

impl JobsClient {
    /// Checks a job as [`schedule`](Self::schedule) does, and sends nothing.
    ///
    /// # Errors
    /// Configuration: the service would reject the job, for example for its id or its start.
    pub fn check_schedule(&self, job: &ScheduledJob) -> Result<()> {
        job.check(self.core().clock.now())
            .map_err(|error| error.with_operation(OPERATION, None))
    }

    /// Schedules a job and gives the poller that waits for it. A completed job can have failed on some devices: see [`Job::statistics`](crate::Job::statistics).
    ///
    /// # Errors
    /// Configuration, before anything is sent, for what the service would refuse; [`Conflict`](ErrorKind::Conflict) when the id is taken;
    /// [`JobQuota`](ErrorKind::JobQuota) when the tier's number of active jobs is reached; else as the hub refuses. When the answer was lost,
    /// [`Error::lost_create`] says whether the hub has a job of this id.
    pub async fn schedule(&self, job: ScheduledJob) -> Result<JobPoller> {
        self.check_schedule(&job)?;
        let id = job.id.as_str();
        let model = job.model();
        let private = private_values(&model);
        let model = &model;
        let sent = self.core().clock.elapsed();
        let call = Call {
            private: &private,
            ..Call::once(OPERATION, Some(id))
        };
        let made = self
            .core()
            .call(call, |api| async move {
                api.jobs_create_scheduled_job(id, model).await
            })
            .await;
        let job = made.and_then(|(model, answer)| {
            scheduled_job(model, &answer, id).map_err(|e| e.with_operation(OPERATION, Some(id)))
        });
        match job {
            Ok(job) => Ok(JobPoller::begun(self.clone(), job)),
            Err(error) => Err(self.after_lost_schedule(error, id, sent).await),
        }
    }

    async fn after_lost_schedule(&self, mut error: Error, id: &str, sent: Duration) -> Error {
        let lost = error.was_sent()
            && matches!(
                error.kind(),
                ErrorKind::Service | ErrorKind::Transport | ErrorKind::Timeout | ErrorKind::Decode
            );
        if !lost {
            return error;
        }
        let found = match self.fetch(id, Some(JobSystem::Scheduled)).await {
            // The id may have been taken before.
            Ok(seen) if self.is_older(&seen, sent) => LostCreate::NotCreated,
            Ok(seen) => LostCreate::Candidates(vec![seen.job]),
            Err(look) if look.is_not_found() => LostCreate::NotCreated,
            Err(_) => LostCreate::Unknown,
        };
        error.detail_mut().lost_create = Some(found);
        error
    }

    /// Whether a job was created before a request was sent; not, where the hub does not tell.
    fn is_older(&self, seen: &FetchedJob, sent: Duration) -> bool {
        let created = seen
            .job
            .scheduled()
            .and_then(|job| job.created_time.as_deref());
        let created = created.and_then(crate::timestamp::parse);
        match (created, self.began_after(seen.date(), sent)) {
            (Some(created), Some(since)) => created.as_second() < since,
            _ => false,
        }
    }
}
