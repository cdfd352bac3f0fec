//! `/_local`: the admin API, for callers on this machine only.

use hyper::header::{HOST, HeaderMap, ORIGIN};
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use std::net::IpAddr;
use std::time::Duration;

use super::{Call, Route, Surface};
use crate::admin::{self, Order};
use crate::envelope::{Answer, Outcome, ServiceError};
use crate::faults::FaultScript;
use crate::jobs;

/// Requests shown when the caller does not say.
const DEFAULT_LIMIT: usize = 100;

const fn local(
    operation: &'static str,
    method: Method,
    pattern: &'static str,
    handle: fn(&Call) -> Outcome<Answer>,
) -> Route {
    Route {
        operation,
        method,
        pattern,
        surface: Surface::Local,
        rights: &[],
        handle,
    }
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

/// Lets a caller pass that is on this machine and asked for this machine by name.
///
/// The name keeps out a web page whose own host name was made to lead here; the origin keeps out any web page but the
/// hub's own.
pub(super) fn check_caller(peer: IpAddr, headers: &HeaderMap) -> Outcome<()> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    judge(peer, text(HOST).unwrap_or_default(), text(ORIGIN))
        .map_err(|why| ServiceError::new(StatusCode::FORBIDDEN, "LocalOnly", why))
}

fn judge(peer: IpAddr, host: &str, origin: Option<&str>) -> Result<(), &'static str> {
    if !peer.to_canonical().is_loopback() {
        return Err("the admin API answers callers on the hub's own machine only");
    }
    if !is_loopback_name(host) {
        return Err("the admin API is asked for as localhost or by a loopback address");
    }
    match origin.map(|origin| origin.split_once("://").map_or("", |(_, host)| host)) {
        Some(origin) if !origin.eq_ignore_ascii_case(host) => {
            Err("the admin API is not for other web pages")
        }
        _ => Ok(()),
    }
}

/// `localhost`, `127.x.y.z` or `[::1]`, with or without a port.
fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn reset(call: &Call) -> Outcome<Answer> {
    admin::reset(&call.hub)?;
    Ok(Answer::json(&json!({})))
}

/// 200 when every row was applied, else 400 with the rows that were not; the others are applied.
fn seed(call: &Call) -> Outcome<Answer> {
    let seeded = jobs::seed(&call.hub, &call.body)?;
    let mut answer = Answer::json(&seeded);
    if !seeded.errors.is_empty() {
        answer.status = StatusCode::BAD_REQUEST;
    }
    Ok(answer)
}

fn steer(call: &Call, order: Order) -> Outcome<Answer> {
    let job = admin::steer(&call.hub, call.parameter(0), order)?;
    Ok(Answer::raw_json(job))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fail {
    reason: String,
}

fn fail(call: &Call) -> Outcome<Answer> {
    let Fail { reason } = call.object()?;
    steer(call, Order::Fail(reason))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Advance {
    advance_seconds: f64,
}

fn move_clock(call: &Call) -> Outcome<Answer> {
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

fn clock(call: &Call) -> Outcome<Answer> {
    Ok(Answer::json(&json!({ "now": call.hub.clock.now().wire() })))
}

fn set_faults(call: &Call) -> Outcome<Answer> {
    let text = std::str::from_utf8(&call.body)
        .map_err(|_| ServiceError::format("The body is not UTF-8."))?;
    let script: FaultScript = text
        .parse()
        .map_err(|error: crate::faults::FaultScriptError| {
            ServiceError::argument(error.to_string())
        })?;
    call.hub.faults.replace(script);
    faults(call)
}

/// The script, and how often each rule has acted.
fn faults(call: &Call) -> Outcome<Answer> {
    let (script, acted) = call.hub.faults.report();
    let mut body: Value = json!(script);
    body["acted"] = json!(acted);
    Ok(Answer::json(&body))
}

fn requests(call: &Call) -> Outcome<Answer> {
    let limit = match call.query("limit") {
        None => DEFAULT_LIMIT,
        Some(text) => text
            .parse()
            .map_err(|_| ServiceError::argument(format!("limit '{text}' is no whole number")))?,
    };
    Ok(Answer::json(&call.hub.requests.latest(limit)))
}

fn overview(call: &Call) -> Outcome<Answer> {
    Ok(Answer::json(&admin::overview(&call.hub)?))
}

#[cfg(test)]
mod tests {
    use super::{is_loopback_name, judge};

    #[test]
    fn a_caller_on_another_machine_is_refused_whatever_name_it_asks_for() {
        for peer in ["127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1"] {
            judge(peer.parse().unwrap(), "localhost:80", None).unwrap();
        }
        for peer in ["10.0.0.1", "192.168.1.2", "::ffff:10.0.0.1", "fe80::1"] {
            judge(peer.parse().unwrap(), "localhost:80", None).unwrap_err();
        }
    }

    #[test]
    fn only_names_of_this_machine_are_loopback_names() {
        for name in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1",
            "127.0.0.1:1",
            "127.8.8.8",
            "[::1]",
            "[::1]:443",
        ] {
            assert!(is_loopback_name(name), "{name}");
        }
        for name in [
            "",
            "evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "[::2]",
            "127.0.0.1.evil.example",
            "hub:1",
        ] {
            assert!(!is_loopback_name(name), "{name}");
        }
    }
}
