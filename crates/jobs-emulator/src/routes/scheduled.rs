//! `/jobs/v2`: scheduled jobs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::query::{asked_size, page_size};
use super::{Call, Route};
use crate::auth::Rights;
use crate::engine::Record;
use crate::envelope::{CONTINUATION, HubResult, ITEM_TYPE, Response, ServiceError};
use crate::scheduled::{self, ScheduledRecord, word};

/// No source says which right a scheduled job needs, and the SDKs' documentation names either.
const READ: &[Rights] = &[Rights::SERVICE_CONNECT, Rights::REGISTRY_READ];
const WRITE: &[Rights] = &[Rights::SERVICE_CONNECT, Rights::REGISTRY_WRITE];

pub(crate) const ROUTES: &[Route] = &[
    Route::get("Jobs_QueryScheduledJobs", "/jobs/v2/query", READ, query),
    Route::post(
        "Jobs_CancelScheduledJob",
        "/jobs/v2/{}/cancel",
        WRITE,
        cancel,
    ),
    Route::put("Jobs_CreateScheduledJob", "/jobs/v2/{}", WRITE, create),
    Route::get("Jobs_GetScheduledJob", "/jobs/v2/{}", READ, get),
];

fn create(call: &Call) -> HubResult<Response> {
    let request: Value = call.json()?;
    let record = scheduled::read_request(call.parameter(0), &request, call.now)?;
    Ok(Response::json(&scheduled::create(
        &call.hub.scheduled,
        record,
    )?))
}

fn get(call: &Call) -> HubResult<Response> {
    let id = call.parameter(0);
    Ok(match call.hub.scheduled.table.get(id)? {
        Some(record) => Response::json(&record.body()),
        None => Response::json(&scheduled::unknown(id)),
    })
}

fn cancel(call: &Call) -> HubResult<Response> {
    let record = scheduled::cancel(&call.hub.scheduled, call.parameter(0))?;
    Ok(Response::json(&record.body()))
}

/// Newest first. A token names the last job given, so that jobs added meanwhile shift nothing. Size and token may stand in the
/// query too, as the documentation writes them.
fn query(call: &Call) -> HubResult<Response> {
    let wanted = |name: &str, value: String| {
        call.query(name)
            .filter(|text| !text.is_empty())
            .is_none_or(|text| text.eq_ignore_ascii_case(&value))
    };
    let size = page_size(asked_size(call).or_else(|| Some(("pageSize", call.query("pageSize")?))))?;
    let after = [call.header(&CONTINUATION), call.query("continuationToken")]
        .into_iter()
        .flatten()
        .find(|token| !token.is_empty())
        .map(|token| {
            place_of(token)
                .ok_or_else(|| ServiceError::argument("x-ms-continuation is no token of this hub"))
        })
        .transpose()?;
    let mut found = call.hub.scheduled.table.all();
    found.reverse();
    found.retain(|job| {
        after
            .as_ref()
            .is_none_or(|(created, id)| (job.created, &job.id) < (*created, id))
            && wanted("jobType", word(job.kind))
            && wanted("jobStatus", word(job.status))
    });
    let another = found.len() > size;
    found.truncate(size);
    let page: Vec<_> = found.iter().map(Record::body).collect();
    // The .NET client reads nothing but its own enum's name here, in exact case.
    let response = Response::json(&page).header(ITEM_TYPE, "JobResponse");
    Ok(match found.last() {
        Some(last) if another => response.header(CONTINUATION, &token_of(last)),
        _ => response,
    })
}

fn token_of(job: &ScheduledRecord) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}/{}", job.created, job.id))
}

/// Creation and id of the job that a token names.
fn place_of(token: &str) -> Option<(i64, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (created, id) = text.split_once('/')?;
    Some((created.parse().ok()?, id.to_owned()))
}
