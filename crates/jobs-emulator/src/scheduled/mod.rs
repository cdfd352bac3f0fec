//! Scheduled jobs: a twin update or a method for every device that a condition selects.
//!
//! [`request`] checks what a caller asks for, [`record`] is what is kept and shown, [`work`] what is done to the devices.
//! [`engine`](crate::engine) keeps and runs the jobs.

mod record;
mod request;
mod work;

use std::sync::Arc;

use hyper::StatusCode;

pub(crate) use record::{ScheduledRecord, unknown, word};
pub(crate) use request::read as read_request;

use crate::engine::{self, End, Host, JobTable, Record as _};
use crate::envelope::{Flavour, HubResult, ServiceError};
use crate::sku::Sku;
use record::ScheduledStatus;
use work::Pace;

/// The scheduled jobs of a hub, and what they need besides their [`Host`].
pub(crate) struct Scheduled {
    pub(crate) table: Arc<JobTable<ScheduledRecord>>,
    /// Jobs that may be active at the same time.
    slots: usize,
    pace: Pace,
}

impl Scheduled {
    /// Reads the records of an earlier run. `throttle`: the rates of the tier are applied.
    pub(crate) fn load(host: Host, sku: Sku, throttle: bool) -> HubResult<Self> {
        Ok(Self {
            table: Arc::new(JobTable::load(host)?),
            slots: sku.scheduled_job_slots(),
            pace: Pace::new(sku, throttle),
        })
    }
}

/// Takes a slot for the job and starts it. Returns the body of the response.
pub(crate) fn create(
    jobs: &Scheduled,
    mut record: ScheduledRecord,
) -> HubResult<serde_json::Value> {
    let body = record.created_body();
    if record.start > record.created {
        record.status = ScheduledStatus::Scheduled;
    }
    let (slots, pace) = (jobs.slots, jobs.pace);
    engine::create(
        &jobs.table,
        &record,
        |active| check_slots(active, slots),
        move |work| work::run(work, pace),
    )?;
    Ok(body)
}

fn check_slots(active: usize, slots: usize) -> HubResult<()> {
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
pub(crate) fn resume(jobs: &Scheduled) {
    let pace = jobs.pace;
    engine::resume(&jobs.table, move |work| work::run(work, pace));
}

/// Cancels a job that does not run yet.
pub(crate) fn cancel(jobs: &Scheduled, id: &str) -> HubResult<ScheduledRecord> {
    jobs.table.require(id)?;
    let cancelled = jobs.table.advance(id, |record, writing| {
        let waiting = record.status != ScheduledStatus::Running;
        Ok(waiting.then(|| {
            record.end(End::Cancelled, writing.now);
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
