//! `/jobs`: import and export jobs.

use hyper::Method;

use super::{Call, Route};
use crate::auth::Rights;
use crate::envelope::{Answer, Outcome};
use crate::jobs::{self, CreateBody};

const READ: &[Rights] = &[Rights::REGISTRY_READ];
const WRITE: &[Rights] = &[Rights::REGISTRY_WRITE];

pub(crate) const ROUTES: &[Route] = &[
    Route::service(
        "Jobs_CreateImportExportJob",
        Method::POST,
        "/jobs/create",
        WRITE,
        create,
    ),
    Route::service("Jobs_GetImportExportJobs", Method::GET, "/jobs", READ, list),
    Route::service(
        "Jobs_GetImportExportJob",
        Method::GET,
        "/jobs/{}",
        READ,
        get,
    ),
    Route::service(
        "Jobs_CancelImportExportJob",
        Method::DELETE,
        "/jobs/{}",
        WRITE,
        cancel,
    ),
];

fn create(call: &Call) -> Outcome<Answer> {
    let body: CreateBody = call.object()?;
    let (record, echo) = body.check(call.now)?;
    let (record, echo) = jobs::create(&call.hub, record, echo)?;
    Ok(Answer::json(&record.created_body(&echo)))
}

fn list(call: &Call) -> Outcome<Answer> {
    let jobs = call.hub.jobs.all(call.now);
    let bodies: Vec<_> = jobs.iter().map(|job| job.record.body()).collect();
    Ok(Answer::json(&bodies))
}

fn get(call: &Call) -> Outcome<Answer> {
    let job = call.hub.jobs.get(call.parameter(0), call.now)?;
    Ok(Answer::json(&job.record.body()))
}

/// A job that is over stays as it is; an `If-Match` (one client sends it) is not looked at.
fn cancel(call: &Call) -> Outcome<Answer> {
    let job = call.hub.jobs.get(call.parameter(0), call.now)?;
    call.hub.cancel_job(&job.record.id)?;
    Ok(Answer::no_content())
}
