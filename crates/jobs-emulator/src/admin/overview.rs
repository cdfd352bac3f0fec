//! What the page shows, in one document.

use std::time::Duration;

use serde_json::{Value, json};

use crate::auth::token_for;
use crate::clock::Time;
use crate::envelope::HubResult;
use crate::jobs::{JobRecord, JobType};
use crate::registry::configuration;
use crate::registry::identity::device_counts;
use crate::scheduled::ScheduledRecord;
use crate::state::HubState;

/// Jobs and requests shown.
const MOST: usize = 50;

/// The hub, its registry, jobs and latest requests.
pub(crate) fn overview(hub: &HubState) -> HubResult<Value> {
    let now = hub.clock.now();
    let ((devices, disabled), configurations) = hub.store.read(|connection| {
        Ok((
            device_counts(connection)?,
            configuration::count(connection)?,
        ))
    })?;
    let population = hub.store.population();
    Ok(json!({
        "now": now.wire(),
        "hub": about(hub),
        "registry": {
            "devices": devices,
            "enabled": devices - disabled,
            "disabled": disabled,
            "modules": population - devices,
            "configurations": configurations,
        },
        "jobs": jobs(hub, population),
        "requests": hub.traffic.requests.latest(MOST),
    }))
}

fn about(hub: &HubState) -> Value {
    let owner = hub.traffic.gate.policies.find("iothubowner");
    let expiry = Time::real().plus(Duration::from_secs(3600));
    json!({
        "endpoint": hub.about.endpoint,
        "connectionString": hub.about.connection_string,
        "caFile": hub.about.ca_file,
        "sku": hub.about.sku.to_string(),
        "tls": hub.about.ca_file.is_some(),
        "authentication": hub.traffic.gate.required,
        "faultRules": hub.traffic.faults.report().0.rules.len(),
        "token": owner.map(|policy| token_for("localhost", policy, expiry)),
    })
}

/// Both kinds of jobs, newest first.
fn jobs(hub: &HubState, population: i64) -> Vec<Value> {
    let mut all: Vec<(i64, Value)> = hub
        .scheduled
        .table
        .all()
        .iter()
        .map(|job| (job.created, scheduled(job)))
        .collect();
    all.extend(
        hub.jobs
            .table
            .all()
            .iter()
            .map(|job| (job.started, transfer(job, population))),
    );
    all.sort_by_key(|(begun, _)| std::cmp::Reverse(*begun));
    all.into_iter().take(MOST).map(|(_, job)| job).collect()
}

fn scheduled(job: &ScheduledRecord) -> Value {
    let done = job.statistics.map(|count| {
        format!(
            "{} of {} devices, {} failed",
            count.succeeded_count + count.failed_count,
            count.device_count,
            count.failed_count
        )
    });
    json!({
        "id": job.id,
        "type": job.kind,
        "status": job.status,
        "progress": job.progress(),
        "started": Time::from_ticks(job.start).wire(),
        "ended": job.ended.map(|ticks| Time::from_ticks(ticks).wire()),
        "details": job.failure.clone().or(done).unwrap_or_else(|| job.condition.clone()),
    })
}

/// The service shows no progress between 0 and 100; the page does, where the end is known.
fn transfer(job: &JobRecord, population: i64) -> Value {
    let share = match job.kind {
        _ if job.ended.is_some() => Some(u64::from(job.progress)),
        JobType::Export => u64::try_from(population)
            .ok()
            .filter(|all| *all > 0)
            .map(|all| (job.rows * 100 / all).min(99)),
        JobType::Import => None,
    };
    json!({
        "id": job.id,
        "type": job.kind,
        "status": job.status,
        "progress": share,
        "started": Time::from_ticks(job.started).wire(),
        "ended": job.ended.map(|ticks| Time::from_ticks(ticks).wire()),
        "details": job.failure.clone().unwrap_or_else(|| format!("{} rows", job.rows)),
    })
}
