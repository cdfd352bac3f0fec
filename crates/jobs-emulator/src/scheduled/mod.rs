//! Scheduled jobs: a twin update or a method for every device that a condition selects.
//!
//! [`request`] checks what a caller asks for, [`record`] is what is kept and shown, [`work`] what is done to the devices.
//! [`engine`](crate::engine) keeps and runs the jobs.

mod record;
mod request;
mod work;

use std::sync::Arc;

use hyper::StatusCode;

pub(crate) use record::{ScheduledRecord, unknown};
pub(crate) use request::read as read_request;

use crate::engine::{self, End, JobTable, Record as _};
use crate::envelope::{Flavour, Outcome, ServiceError};
use crate::state::HubState;
use record::ScheduledStatus;

/// The scheduled jobs of a hub.
pub(crate) type Scheduled = JobTable<ScheduledRecord>;

/// Takes a slot for the job and starts it. Returns the body of the response.
pub(crate) fn create(
    hub: &Arc<HubState>,
    mut record: ScheduledRecord,
) -> Outcome<serde_json::Value> {
    let body = record.created_body();
    if record.start > record.created {
        record.status = ScheduledStatus::Scheduled;
    }
    let slots = hub.sku.scheduled_job_slots();
    engine::create(hub, &record, |active| check_slots(active, slots), work::run)?;
    Ok(body)
}

fn check_slots(active: usize, slots: usize) -> Outcome<()> {
    if active < slots {
        return Ok(());
    }
    let text = format!("The number of active jobs has reached the maximum of {slots}");
    let error = ServiceError::new(
        StatusCode::TOO_MANY_REQUESTS,
        "ThrottlingMaxActiveJobCountExceeded",
        text,
    );
    Err(error.flavoured(Flavour::Nested))
}

/// Starts again what an earlier run of the hub left unfinished.
pub(crate) fn resume(hub: &Arc<HubState>) {
    engine::resume(hub, work::run);
}

/// Cancels a job that does not run yet.
pub(crate) fn cancel(hub: &HubState, id: &str) -> Outcome<ScheduledRecord> {
    let now = hub.clock.now();
    if hub.scheduled.get(id, now)?.is_none() {
        return Err(ServiceError::job_not_found(format!("Job not found: {id}")));
    }
    let cancelled = hub.scheduled.advance(&hub.store, now, id, |record, _| {
        let waiting = record.status != ScheduledStatus::Running;
        Ok(waiting.then(|| {
            record.end(End::Cancelled, now);
            record.clone()
        }))
    })?;
    cancelled.ok_or_else(|| {
        ServiceError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "OperationNotAllowedInCurrentState",
            format!("Job {id} cannot be cancelled in its current state"),
        )
    })
}
