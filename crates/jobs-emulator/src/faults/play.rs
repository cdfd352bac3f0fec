//! Carrying out a fault around the work of a request.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use jobs_devices::Json;
use serde_json::{Map, Value};

use super::members::with_members;
use super::plan::{Fault, FaultPlan};
use super::script::{FaultAction, FaultScript, Moment};
use crate::clock::Time;
use crate::envelope::{ERROR_CODE, JSON, Response, closes_connection, envelope, tracking_id};
use crate::shutdown::Shutdown;

/// The script of a hub and how far it has been played.
pub(crate) struct Faults(Mutex<FaultPlan>);

/// What happens before the work.
pub(crate) enum Step {
    /// Go on.
    Continue,
    /// Do not do the work, answer this.
    Respond(Response),
    /// Do not do the work, cut the connection.
    Cut,
}

/// What happens to the response of the work.
pub(crate) enum Delivery {
    /// Send it (it may have been changed).
    Whole(Response),
    /// The work is done, but its response is lost.
    Cut,
    /// Headers and about half of the body, then the connection is cut.
    Half(Response),
}

impl Faults {
    pub(crate) fn new(script: FaultScript) -> Self {
        Self(Mutex::new(FaultPlan::new(script)))
    }

    /// Replaces the script; its counts start anew.
    pub(crate) fn replace(&self, script: FaultScript) {
        *self.plan() = FaultPlan::new(script);
    }

    /// The fault for a request of this operation, if any; counts the request.
    pub(crate) fn choose(&self, operation: &str) -> Option<Fault> {
        self.plan().next(operation)
    }

    /// The script, and how often each of its rules has acted.
    pub(crate) fn report(&self) -> (FaultScript, Vec<u64>) {
        self.plan().report()
    }

    fn plan(&self) -> std::sync::MutexGuard<'_, FaultPlan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    pub(crate) async fn before_work(&self, now: Time, shutdown: &Shutdown) -> Step {
        if !wait(shutdown, self.delay).await {
            return Step::Cut;
        }
        match &self.action {
            Some(FaultAction::Respond {
                status,
                error_code,
                retry_after,
                message,
            }) => {
                let text = message
                    .as_deref()
                    .unwrap_or("A scripted fault answered this request.");
                Step::Respond(rejection(
                    *status,
                    error_code,
                    text,
                    retry_after.as_deref(),
                    now,
                ))
            }
            Some(FaultAction::Body {
                status,
                content_type,
                text,
            }) => Step::Respond(response(*status, content_type, text.clone())),
            Some(FaultAction::Cut {
                when: Moment::BeforeWork,
            }) => Step::Cut,
            Some(FaultAction::Stall { seconds }) => {
                match wait(shutdown, Duration::from_secs(*seconds)).await {
                    true => Step::Continue,
                    false => Step::Cut,
                }
            }
            _ => Step::Continue,
        }
    }

    pub(crate) fn after_work(&self, response: Response) -> Delivery {
        match &self.action {
            Some(FaultAction::Cut {
                when: Moment::AfterWork,
            }) => Delivery::Cut,
            Some(FaultAction::Cut {
                when: Moment::MidBody,
            }) => Delivery::Half(response),
            Some(FaultAction::Patch { set }) => Delivery::Whole(patched(response, set)),
            _ => Delivery::Whole(response),
        }
    }
}

/// Waits in real time. `false` when the hub ended meanwhile.
async fn wait(shutdown: &Shutdown, length: Duration) -> bool {
    if length.is_zero() {
        return true;
    }
    tokio::select! {
        () = tokio::time::sleep(length) => true,
        () = shutdown.gone() => false,
    }
}

/// A refusal in the service's envelope, with any status and name.
fn rejection(
    status: u16,
    code: &str,
    text: &str,
    retry_after: Option<&str>,
    now: Time,
) -> Response {
    let body = envelope(&format!("ErrorCode:{code};{text}"), &tracking_id(now));
    let mut made = response(status, JSON, body).header(ERROR_CODE, code);
    if let Some(value) = retry_after {
        made = made.header(RETRY_AFTER, value);
    }
    made
}

fn response(status: u16, content_type: &str, body: impl Into<Bytes>) -> Response {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(content_type) {
        headers.insert(CONTENT_TYPE, value);
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Response {
        status,
        headers,
        body: body.into(),
        close: closes_connection(status),
    }
}

/// Sets members of the response's JSON object, or of each object where it is an array; any other body stays as it is, and so does
/// the order of the members.
fn patched(mut response: Response, set: &Map<String, Value>) -> Response {
    let patched = match serde_json::from_slice::<Vec<Json>>(&response.body) {
        Ok(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| {
                    with_members(item.as_str(), set).unwrap_or_else(|| item.as_str().to_owned())
                })
                .collect();
            Some(format!("[{}]", items.join(",")))
        }
        Err(_) => std::str::from_utf8(&response.body)
            .ok()
            .and_then(|text| with_members(text, set)),
    };
    if let Some(text) = patched {
        response.body = text.into();
    }
    response
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn a_patch_reaches_an_object_and_each_element_of_an_array() {
        let odd = set(json!({"status": "paused", "endTimeUtc": null}));
        let one = patched(
            Response::json(&json!({"jobId": "a", "status": "running"})),
            &odd,
        );
        assert_eq!(
            serde_json::from_slice::<Value>(&one.body).unwrap(),
            json!({"jobId": "a", "status": "paused", "endTimeUtc": null})
        );
        let many = patched(
            Response::json(&json!([{"status": "running"}, {}])),
            &set(json!({"status": "paused"})),
        );
        assert_eq!(
            serde_json::from_slice::<Value>(&many.body).unwrap(),
            json!([{"status": "paused"}, {"status": "paused"}])
        );
        assert_eq!(patched(Response::no_content(), &odd).body, Bytes::new());
    }

    #[test]
    fn a_refusal_is_the_services_own_in_every_part() {
        let refused = rejection(
            429,
            "ThrottlingException",
            "slow down",
            Some("1"),
            Time::from_ticks(0),
        );
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.headers[RETRY_AFTER], "1");
        assert_eq!(refused.headers[ERROR_CODE], "ThrottlingException");
        assert!(refused.body.starts_with(b"{\"Message\":\"ErrorCode:"));
        let body: Value = serde_json::from_slice(&refused.body).unwrap();
        assert_eq!(body["Message"], "ErrorCode:ThrottlingException;slow down");
        assert!(
            body["ExceptionMessage"]
                .as_str()
                .unwrap()
                .starts_with("Tracking ID:")
        );
    }
}
