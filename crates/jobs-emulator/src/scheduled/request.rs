//! `PUT /jobs/v2/{id}`: reading and checking the request.

use std::time::Duration;

use serde_json::Value;

use super::record::{ScheduledKind, ScheduledRecord, ScheduledStatus, word};
use crate::clock::Time;
use crate::envelope::{HubResult, ServiceError};
use crate::query::check_length;
use crate::registry::twin_parts::TwinParts;

/// How far ahead a job may be scheduled.
const HORIZON: Duration = Duration::from_secs(168 * 3600);
/// Bytes of JSON that a method's payload may have.
const MAX_PAYLOAD: usize = 128 * 1024;
/// Seconds that a job may take when the caller does not say.
const DEFAULT_MAX_SECONDS: i64 = 3600;
/// Seconds that a method may be given to answer.
const RESPONSE_TIMEOUT: std::ops::RangeInclusive<i64> = 5..=300;

/// A new job. Its condition is not looked at: the service takes a bad one, and the job fails later.
pub(crate) fn read(id: &str, request: &Value, now: Time) -> HubResult<ScheduledRecord> {
    check_id(id)?;
    if !request.is_object() {
        return Err(ServiceError::format("The body is not a JSON object."));
    }
    check_same_id(id, request)?;
    check_nulls(request)?;
    let kind = kind(request)?;
    let update_twin = (kind == ScheduledKind::ScheduleUpdateTwin)
        .then(|| update_twin(request))
        .transpose()?;
    let method = (kind == ScheduledKind::ScheduleDeviceMethod)
        .then(|| method(request))
        .transpose()?;
    let start = start(request, now)?;
    Ok(ScheduledRecord {
        id: id.to_owned(),
        kind,
        status: ScheduledStatus::Queued,
        created: now.ticks(),
        start: start.ticks(),
        ended: None,
        max_seconds: max_seconds(request)?,
        condition: condition(request)?,
        update_twin,
        method,
        failure: None,
        statistics: None,
        reached: 0,
    })
}

/// At most 64 characters. The vendor's tests and samples use capitals; `_`, `.` and space are rejected.
fn check_id(id: &str) -> HubResult<()> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'\'');
    if id.is_empty() || id.len() > 64 {
        return Err(invalid("a job id has 1 to 64 characters"));
    }
    if id == "query" {
        return Err(invalid(
            "a job cannot be called query: GET /jobs/v2/query asks for all jobs",
        ));
    }
    match id.bytes().position(|byte| !allowed(byte)) {
        None => Ok(()),
        Some(at) => Err(invalid(format!(
            "the job id has a character that is not allowed, at position {}: use letters, digits and -",
            at + 1
        ))),
    }
}

/// The body may repeat the id, also as a number.
fn check_same_id(id: &str, request: &Value) -> HubResult<()> {
    let repeated = match request.get("jobId") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    if repeated.is_empty() || repeated == id {
        Ok(())
    } else {
        Err(invalid(format!(
            "jobId '{repeated}' is not the id in the path"
        )))
    }
}

/// Members that a job may leave out, but not send as null.
const NEVER_NULL: [&str; 2] = ["startTime", "maxExecutionTimeInSeconds"];

fn check_nulls(request: &Value) -> HubResult<()> {
    let null = NEVER_NULL
        .into_iter()
        .find(|name| request.get(name).is_some_and(Value::is_null));
    match null {
        None => Ok(()),
        Some(name) => Err(invalid(format!("{name} is null; leave it out"))),
    }
}

fn kind(request: &Value) -> HubResult<ScheduledKind> {
    let Some(text) = request.get("type").and_then(Value::as_str) else {
        return Err(ServiceError::argument_null(
            "type is missing; use scheduleUpdateTwin or scheduleDeviceMethod",
        ));
    };
    [
        ScheduledKind::ScheduleUpdateTwin,
        ScheduledKind::ScheduleDeviceMethod,
    ]
    .into_iter()
    .find(|kind| word(kind).eq_ignore_ascii_case(text))
    .ok_or_else(|| {
        invalid(format!(
            "type '{text}' cannot be scheduled; use scheduleUpdateTwin or scheduleDeviceMethod"
        ))
    })
}

fn update_twin(request: &Value) -> HubResult<Value> {
    let Some(twin) = request.get("updateTwin").filter(|twin| twin.is_object()) else {
        return Err(ServiceError::argument_null("updateTwin is missing"));
    };
    TwinParts::from_document(twin).map_err(|problem| invalid(format!("updateTwin: {problem}")))?;
    Ok(twin.clone())
}

fn method(request: &Value) -> HubResult<Value> {
    let Some(method) = request
        .get("cloudToDeviceMethod")
        .filter(|method| method.is_object())
    else {
        return Err(ServiceError::argument_null(
            "cloudToDeviceMethod is missing",
        ));
    };
    if method
        .get("methodName")
        .and_then(Value::as_str)
        .is_none_or(str::is_empty)
    {
        return Err(ServiceError::argument_null(
            "cloudToDeviceMethod.methodName is missing",
        ));
    }
    let response = seconds(method, "responseTimeoutInSeconds")?;
    let connect = seconds(method, "connectTimeoutInSeconds")?;
    if response.is_some_and(|seconds| !RESPONSE_TIMEOUT.contains(&seconds)) {
        let (least, most) = (RESPONSE_TIMEOUT.start(), RESPONSE_TIMEOUT.end());
        return Err(invalid(format!(
            "responseTimeoutInSeconds is not between {least} and {most}"
        )));
    }
    if connect
        .is_some_and(|seconds| seconds < 0 || seconds > response.unwrap_or(*RESPONSE_TIMEOUT.end()))
    {
        return Err(invalid(
            "connectTimeoutInSeconds is negative or longer than responseTimeoutInSeconds",
        ));
    }
    let payload = method
        .get("payload")
        .map_or(0, |payload| payload.to_string().len());
    if payload > MAX_PAYLOAD {
        return Err(invalid(format!(
            "the payload has {payload} bytes of JSON; {MAX_PAYLOAD} are allowed"
        )));
    }
    Ok(method.clone())
}

fn seconds(object: &Value, name: &str) -> HubResult<Option<i64>> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_i64()
            .map(Some)
            .ok_or_else(|| invalid(format!("{name} is no whole number of seconds"))),
    }
}

/// Absent means now; a moment in the past does too.
fn start(request: &Value, now: Time) -> HubResult<Time> {
    let text = match request.get("startTime") {
        None => return Ok(now),
        Some(value) => value.as_str().unwrap_or_default(),
    };
    let start = Time::parse(text).ok_or_else(|| invalid("startTime is no ISO 8601 time"))?;
    if start > now.plus(HORIZON) {
        return Err(invalid("startTime lies more than 168 hours ahead"));
    }
    Ok(start.max(now))
}

fn max_seconds(request: &Value) -> HubResult<i64> {
    match seconds(request, "maxExecutionTimeInSeconds")? {
        None => Ok(DEFAULT_MAX_SECONDS),
        Some(seconds) if seconds > 0 => Ok(seconds),
        Some(_) => Err(invalid("maxExecutionTimeInSeconds is not positive")),
    }
}

fn condition(request: &Value) -> HubResult<String> {
    match request.get("queryCondition").and_then(Value::as_str) {
        Some(text) if !text.trim().is_empty() => {
            check_length(text)?;
            Ok(text.to_owned())
        }
        _ => Err(ServiceError::argument_null(
            "queryCondition is missing; * selects all devices",
        )),
    }
}

fn invalid(text: impl Into<String>) -> ServiceError {
    ServiceError::argument(text)
}
