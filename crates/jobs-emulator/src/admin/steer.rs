//! Resetting the hub and steering single jobs.

use hyper::StatusCode;

use crate::engine::Record;
use crate::envelope::{Outcome, ServiceError};
use crate::faults::FaultScript;
use crate::jobs::{JobRecord, missing};
use crate::scheduled::ScheduledRecord;
use crate::state::HubState;

/// What a job is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Stay where it is, from its next step on.
    Hold,
    /// Go on.
    Resume,
    /// Go on, past every delay, to the end.
    Finish,
    /// Be over: failed, for this reason.
    Fail(String),
}

/// Empties the hub: identities, configurations, jobs, faults, noted requests. Its clock and its keys stay.
pub(crate) fn reset(hub: &HubState) -> Outcome<()> {
    hub.store.write_then(
        hub.clock.now(),
        |writing| {
            for table in [
                "identities",
                "configurations",
                "jobs",
                "scheduled_jobs",
                "device_jobs",
            ] {
                writing
                    .connection()
                    .execute(&format!("DELETE FROM {table}"), [])?;
            }
            writing.depopulate();
            Ok(())
        },
        |outcome| {
            // Under the lock, so that no job writes after the rest is gone.
            outcome.map(|()| {
                hub.jobs.clear();
                hub.scheduled.clear();
            })
        },
    )?;
    hub.faults.replace(FaultScript::default());
    hub.requests.clear();
    Ok(())
}

/// Gives a job an order. Returns the job afterwards, as JSON text in the service's order of members.
pub(crate) fn steer(hub: &HubState, id: &str, order: Order) -> Outcome<String> {
    if hub.scheduled.get(id, hub.clock.now())?.is_some() {
        steer_one::<ScheduledRecord>(hub, id, order)
    } else {
        steer_one::<JobRecord>(hub, id, order)
    }
}

fn steer_one<R: Record>(hub: &HubState, id: &str, order: Order) -> Outcome<String> {
    let (jobs, now) = (R::table(hub), hub.clock.now());
    let find = || jobs.get(id, now)?.ok_or_else(|| missing(id));
    find()?;
    let was_active = match order {
        Order::Fail(reason) => jobs.fail(&hub.store, now, id, &reason),
        order => jobs.control(id, |control| {
            control.held = order == Order::Hold;
            control.hurried |= order == Order::Finish;
        }),
    };
    if !was_active {
        let text = format!("Job {id} is over already");
        return Err(ServiceError::new(
            StatusCode::CONFLICT,
            "GenericConflict",
            text,
        ));
    }
    serde_json::to_string(&find()?.body()).map_err(|error| ServiceError::server(error.to_string()))
}
