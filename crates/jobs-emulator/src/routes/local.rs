//! `/_local`: the admin API, for callers on this machine only.

use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use std::time::Duration;

use super::{Call, Route};
use crate::admin::{self, Order};
use crate::door::Surface;
use crate::envelope::{HubResult, Response, ServiceError, shorten_texts};
use crate::faults::FaultScript;
use crate::jobs;

/// Requests shown when the caller does not say.
const DEFAULT_LIMIT: usize = 100;

const fn local(
    operation: &'static str,
    method: Method,
    pattern: &'static str,
    handle: fn(&Call) -> HubResult<Response>,
) -> Route {
    Route::new(Surface::Local, operation, method, pattern, &[], handle)
}

pub(crate) const ROUTES: &[Route] = &[
    local("Local_Reset", Method::POST, "/_local/reset", reset),
    local("Local_SeedDevices", Method::POST, "/_local/devices", seed),
    local(
        "Local_HoldJob",
        Method::POST,
        "/_local/jobs/{}/hold",
        |call| steer(call, Order::Hold),
    ),
    local(
        "Local_ResumeJob",
        Method::POST,
        "/_local/jobs/{}/resume",
        |call| steer(call, Order::Resume),
    ),
    local(
        "Local_FinishJob",
        Method::POST,
        "/_local/jobs/{}/finish",
        |call| steer(call, Order::Finish),
    ),
    local("Local_FailJob", Method::POST, "/_local/jobs/{}/fail", fail),
    local("Local_MoveClock", Method::POST, "/_local/clock", move_clock),
    local("Local_GetClock", Method::GET, "/_local/clock", clock),
    local("Local_SetFaults", Method::PUT, "/_local/faults", set_faults),
    local("Local_GetFaults", Method::GET, "/_local/faults", faults),
    local(
        "Local_GetRequests",
        Method::GET,
        "/_local/requests",
        requests,
    ),
    local("Local_Overview", Method::GET, "/_local/overview", overview),
];

fn reset(call: &Call) -> HubResult<Response> {
    admin::reset(&call.hub)?;
    Ok(Response::json(&json!({})))
}

/// 200 when every row was applied, else 400 with the rows that were not; the others are applied.
fn seed(call: &Call) -> HubResult<Response> {
    let seeded = jobs::seed(&call.hub.store, call.now, &call.body)?;
    let mut body = json!(seeded);
    shorten_texts(&mut body["errors"]);
    let mut response = Response::json(&body);
    if !seeded.errors.is_empty() {
        response.status = StatusCode::BAD_REQUEST;
    }
    Ok(response)
}

fn steer(call: &Call, order: Order) -> HubResult<Response> {
    let job = admin::steer(&call.hub, call.parameter(0), order)?;
    Ok(Response::raw_json(job))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fail {
    reason: String,
}

fn fail(call: &Call) -> HubResult<Response> {
    let Fail { reason } = call.object()?;
    steer(call, Order::Fail(reason))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Advance {
    advance_seconds: f64,
}

fn move_clock(call: &Call) -> HubResult<Response> {
    let Advance { advance_seconds } = call.object()?;
    let length = Duration::try_from_secs_f64(advance_seconds).map_err(|_| {
        ServiceError::argument(
            "advanceSeconds is no positive number of seconds: the clock goes forward only",
        )
    })?;
    if !call.hub.clock.can_advance(length) {
        return Err(ServiceError::argument(
            "advanceSeconds would take the clock beyond the year 9999, where dates end",
        ));
    }
    call.hub.clock.advance(length);
    clock(call)
}

fn clock(call: &Call) -> HubResult<Response> {
    Ok(Response::json(
        &json!({ "now": call.hub.clock.now().wire() }),
    ))
}

fn set_faults(call: &Call) -> HubResult<Response> {
    let text = std::str::from_utf8(&call.body)
        .map_err(|_| ServiceError::format("The body is not UTF-8."))?;
    let script: FaultScript = text
        .parse()
        .map_err(|error: crate::faults::FaultScriptError| {
            ServiceError::argument(error.to_string())
        })?;
    call.hub.traffic.faults.replace(script);
    faults(call)
}

/// The script, and how often each rule has acted.
fn faults(call: &Call) -> HubResult<Response> {
    let (script, acted) = call.hub.traffic.faults.report();
    let mut body: Value = json!(script);
    body["acted"] = json!(acted);
    Ok(Response::json(&body))
}

fn requests(call: &Call) -> HubResult<Response> {
    let limit = match call.query("limit") {
        None => DEFAULT_LIMIT,
        Some(text) => text
            .parse()
            .map_err(|_| ServiceError::argument(format!("limit '{text}' is no whole number")))?,
    };
    Ok(Response::json(&call.hub.traffic.requests.latest(limit)))
}

fn overview(call: &Call) -> HubResult<Response> {
    Ok(Response::json(&admin::overview(&call.hub)?))
}
