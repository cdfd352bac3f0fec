//! `/jobs`: import and export jobs.

use super::{Call, Route};
use crate::auth::Rights;
use crate::engine::{End, Record};
use crate::envelope::{HubResult, Response};
use crate::jobs::{self, CreateBody, JobRecord};

const READ: &[Rights] = &[Rights::REGISTRY_READ];
const WRITE: &[Rights] = &[Rights::REGISTRY_WRITE];

pub(crate) const ROUTES: &[Route] = &[
    Route::post("Jobs_CreateImportExportJob", "/jobs/create", WRITE, create),
    Route::get("Jobs_GetImportExportJobs", "/jobs", READ, list),
    Route::get("Jobs_GetImportExportJob", "/jobs/{}", READ, get),
    Route::delete("Jobs_CancelImportExportJob", "/jobs/{}", WRITE, cancel),
];

fn create(call: &Call) -> HubResult<Response> {
    let body: CreateBody = call.object()?;
    let (record, echo) = body.check(call.now)?;
    let (record, echo) = jobs::create(&call.hub.jobs, record, echo)?;
    Ok(Response::json(&record.created_body(&echo)))
}

fn list(call: &Call) -> HubResult<Response> {
    let jobs = call.hub.jobs.table.all();
    let bodies: Vec<_> = jobs.iter().map(Record::body).collect();
    Ok(Response::json(&bodies))
}

fn get(call: &Call) -> HubResult<Response> {
    Ok(Response::json(&find(call)?.body()))
}

/// A job that is over stays as it is; an `If-Match` (one client sends it) is not looked at.
fn cancel(call: &Call) -> HubResult<Response> {
    let id = find(call)?.id;
    call.hub.jobs.table.advance(&id, |job, writing| {
        job.end(End::Cancelled, writing.now);
        Ok(Some(()))
    })?;
    Ok(Response::no_content())
}

fn find(call: &Call) -> HubResult<JobRecord> {
    call.hub.jobs.table.require(call.parameter(0))
}
