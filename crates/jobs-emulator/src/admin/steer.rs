//! Resetting the hub and steering single jobs.

use hyper::StatusCode;
use serde::Serialize;

use crate::envelope::{Outcome, ServiceError};
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
pub(crate) fn reset(hub: &HubState) -> Outcome<()> {
    // Jobs first, so that none of them writes after the rest is gone.
    hub.jobs.clear();
    hub.scheduled.clear();
    hub.store.write(hub.clock.now(), |writing| {
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
    })?;
    hub.faults.replace(FaultScript::default());
    hub.requests.clear();
    Ok(())
}

/// Gives a job an order, and the job as it is then: as text, in the service's order of members.
pub(crate) fn steer(hub: &HubState, id: &str, order: Order) -> Outcome<String> {
    let now = hub.clock.now();
    if let Some(job) = hub.scheduled.get(id, now) {
        refuse_when_over(id, job.status.is_terminal())?;
        match order {
            Order::Fail(reason) => drop(hub.fail_scheduled(id, &reason)?),
            order => drop(hub.scheduled.order(id, |orders| {
                carry_out(order, &mut orders.held, &mut orders.hurried)
            })),
        }
        return written(&hub.scheduled.get(id, now).map(|job| job.body()));
    }
    let job = hub.jobs.get(id, now)?;
    refuse_when_over(id, job.record.status.is_terminal())?;
    match order {
        Order::Fail(reason) => drop(hub.fail_job(id, &reason)?),
        order => hub.jobs.order(id, |orders| {
            carry_out(order, &mut orders.held, &mut orders.hurried)
        })?,
    }
    written(&hub.jobs.get(id, now)?.record.body())
}

fn written(body: &impl Serialize) -> Outcome<String> {
    serde_json::to_string(body).map_err(|error| ServiceError::server(error.to_string()))
}

fn carry_out(order: Order, held: &mut bool, hurried: &mut bool) {
    *held = order == Order::Hold;
    *hurried = *hurried || order == Order::Finish;
}

fn refuse_when_over(id: &str, over: bool) -> Outcome<()> {
    if over {
        let text = format!("Job {id} is over already");
        return Err(ServiceError::new(
            StatusCode::CONFLICT,
            "GenericConflict",
            text,
        ));
    }
    Ok(())
}
