//! Resetting the hub and steering single jobs.

use hyper::StatusCode;

use crate::engine::{JobTable, Record};
use crate::envelope::{HubResult, ServiceError};
use crate::faults::FaultScript;
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
pub(crate) fn reset(hub: &HubState) -> HubResult<()> {
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
                hub.jobs.table.clear();
                hub.scheduled.table.clear();
            })
        },
    )?;
    hub.traffic.faults.replace(FaultScript::default());
    hub.traffic.requests.clear();
    Ok(())
}

/// Gives a job an order. Returns the job afterwards, as JSON text in the service's order of members.
pub(crate) fn steer(hub: &HubState, id: &str, order: Order) -> HubResult<String> {
    if hub.scheduled.table.get(id)?.is_some() {
        steer_one(&hub.scheduled.table, id, order)
    } else {
        steer_one(&hub.jobs.table, id, order)
    }
}

fn steer_one<R: Record>(jobs: &JobTable<R>, id: &str, order: Order) -> HubResult<String> {
    jobs.require(id)?;
    let was_active = match order {
        Order::Fail(reason) => jobs.fail(id, &reason),
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
    serde_json::to_string(&jobs.require(id)?.body())
        .map_err(|error| ServiceError::server(error.to_string()))
}
