//! `/jobs/v2`: scheduled jobs.

use hyper::Method;
use serde_json::Value;

use super::query::page_size;
use super::{Call, Route};
use crate::auth::Rights;
use crate::envelope::{Answer, CONTINUATION, ITEM_TYPE, Outcome, ServiceError};
use crate::scheduled;

/// No source says which right a scheduled job needs, and the SDKs' documentation names either.
const READ: &[Rights] = &[Rights::SERVICE_CONNECT, Rights::REGISTRY_READ];
const WRITE: &[Rights] = &[Rights::SERVICE_CONNECT, Rights::REGISTRY_WRITE];

pub(crate) const ROUTES: &[Route] = &[
    Route::service(
        "Jobs_QueryScheduledJobs",
        Method::GET,
        "/jobs/v2/query",
        READ,
        query,
    ),
    Route::service(
        "Jobs_CancelScheduledJob",
        Method::POST,
        "/jobs/v2/{}/cancel",
        WRITE,
        cancel,
    ),
    Route::service(
        "Jobs_CreateScheduledJob",
        Method::PUT,
        "/jobs/v2/{}",
        WRITE,
        create,
    ),
    Route::service(
        "Jobs_GetScheduledJob",
        Method::GET,
        "/jobs/v2/{}",
        READ,
        get,
    ),
];

fn create(call: &Call) -> Outcome<Answer> {
    let request: Value = call.json()?;
    let record = scheduled::read_request(call.parameter(0), &request, call.now)?;
    scheduled::create(&call.hub, &record)?;
    Ok(Answer::json(&record.created_body()))
}

fn get(call: &Call) -> Outcome<Answer> {
    let id = call.parameter(0);
    let found = call.hub.scheduled.get(id, call.now);
    Ok(Answer::json(&found.map_or_else(
        || scheduled::unknown(id),
        |record| record.body(),
    )))
}

fn cancel(call: &Call) -> Outcome<Answer> {
    let record = call.hub.cancel_scheduled(call.parameter(0))?;
    Ok(Answer::json(&record.body()))
}

/// Newest first. A token is the number of jobs given already.
fn query(call: &Call) -> Outcome<Answer> {
    let wanted = |name: &str, value: &str| {
        call.query(name)
            .filter(|text| !text.is_empty())
            .is_none_or(|text| text.eq_ignore_ascii_case(value))
    };
    let size = page_size(call)?;
    let given = match call
        .header(&CONTINUATION)
        .or_else(|| call.query("continuationToken"))
    {
        None | Some("") => 0,
        Some(token) => token
            .parse::<usize>()
            .map_err(|_| ServiceError::argument("x-ms-continuation is no token of this hub"))?,
    };
    let mut found = call.hub.scheduled.all(call.now);
    found
        .retain(|job| wanted("jobType", job.kind.wire()) && wanted("jobStatus", job.status.wire()));
    let page: Vec<Value> = found
        .iter()
        .skip(given)
        .take(size)
        .map(|job| job.body())
        .collect();
    let next = given.saturating_add(page.len());
    // The .NET client reads nothing but its own enum's name here, in exact case.
    let answer = Answer::json(&page).header(ITEM_TYPE, "JobResponse");
    Ok(if next < found.len() {
        answer.header(CONTINUATION, &next.to_string())
    } else {
        answer
    })
}
