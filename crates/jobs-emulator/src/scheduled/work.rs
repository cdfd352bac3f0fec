//! The work of a scheduled job: its devices in batches, each in one transaction with the counts of the job.

use std::time::Duration;

use jobs_devices::query::{Collection, Condition, module_condition, parse_condition};
use rusqlite::params;
use serde_json::{Value, json};

use super::record::{ScheduledKind, ScheduledRecord, Statistics};
use crate::clock::Time;
use crate::engine::{Ending, Work};
use crate::envelope::HubResult;
use crate::query;
use crate::registry::identity::matches;
use crate::registry::twin;
use crate::registry::twin_parts::TwinParts;
use crate::registry::{Identity, Writing};
use crate::sku::Sku;

/// Devices that are done in one transaction.
const BATCH: usize = 200;

pub(super) fn run(work: &Work<ScheduledRecord>, pace: Pace) -> Result<(), Ending> {
    let (from, text) = match module_condition(&work.record.condition) {
        Some(text) => (Collection::Modules, text),
        None => (Collection::Devices, work.record.condition.as_str()),
    };
    let condition = match parse_condition(text) {
        Ok(condition) => condition,
        Err(error) => {
            work.write(|job, _| {
                job.statistics = Some(Statistics::default());
                Ok(())
            })?;
            let reason = format!("The query condition cannot be read: {error}");
            return Err(Ending::Failed(reason));
        }
    };
    let devices = select(work, from, &condition)?;
    work.check()?;
    for batch in devices.chunks(pace.batch) {
        work.pause(pace.pause)?;
        work.write(|job, writing| do_batch(job, batch, writing))?;
    }
    Ok(())
}

/// Devices of a batch, and the time before it.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    batch: usize,
    pause: Duration,
}

impl Pace {
    /// With throttling that of the tier.
    pub(super) fn new(sku: Sku, throttle: bool) -> Self {
        if throttle {
            Self {
                batch: sku.job_device_operations_per_second(),
                pause: Duration::from_secs(1),
            }
        } else {
            Self {
                batch: BATCH,
                pause: Duration::ZERO,
            }
        }
    }
}

/// The devices still to do, and the counts for them.
fn select(
    work: &Work<ScheduledRecord>,
    from: Collection,
    condition: &Condition,
) -> Result<Vec<i64>, Ending> {
    let devices = query::matching(work.store(), from, condition, work.record.reached)?;
    let found = devices.len() as u64;
    work.write(|job, _| {
        let statistics = job.statistics.get_or_insert_default();
        statistics.device_count = statistics.failed_count + statistics.succeeded_count + found;
        statistics.pending_count = found;
        Ok(())
    })?;
    Ok(devices)
}

/// Within one transaction: the devices, their records and the job's counts.
fn do_batch(job: &mut ScheduledRecord, batch: &[i64], writing: &mut Writing<'_>) -> HubResult<()> {
    let now = writing.now;
    let (mut succeeded, mut failed) = (0, 0);
    for seq in batch {
        let found = Identity::select(writing.connection(), "seq = ?1", [seq])?.pop();
        let Some(identity) = found else {
            // Deleted since the job started.
            failed += 1;
            continue;
        };
        let name = (identity.device_id.clone(), identity.module_id.clone());
        let result = apply(job, identity, writing, now)?;
        match &result {
            Ok(()) => succeeded += 1,
            Err(_) => failed += 1,
        }
        note(job, &name, &result, writing, now)?;
    }
    let statistics = job.statistics.get_or_insert_default();
    statistics.succeeded_count += succeeded;
    statistics.failed_count += failed;
    statistics.pending_count = statistics.pending_count.saturating_sub(succeeded + failed);
    job.reached = batch.last().copied().unwrap_or(job.reached);
    Ok(())
}

/// Why a device could not be done: the service's name and a text.
type DeviceRefusal = (&'static str, String);

/// Does one device. The outer result is the hub's state, the inner one the device's.
fn apply(
    job: &ScheduledRecord,
    mut identity: Identity,
    writing: &mut Writing<'_>,
    now: Time,
) -> HubResult<Result<(), DeviceRefusal>> {
    let Some(wanted) = job
        .update_twin
        .as_ref()
        .filter(|_| job.kind == ScheduledKind::ScheduleUpdateTwin)
    else {
        return Ok(Err((
            "DeviceNotOnline",
            "The device is not connected; nothing connects to this hub.".to_owned(),
        )));
    };
    // Without an etag there is no condition, as with `*`.
    let etag = wanted.get("etag").and_then(Value::as_str);
    let etag = etag.filter(|etag| !etag.is_empty());
    if etag.is_some() && !matches(etag, &identity.twin.wire_etag()) {
        return Ok(Err((
            "PreconditionFailed",
            "The twin's etag does not match.".to_owned(),
        )));
    }
    let merged = TwinParts::from_document(wanted).and_then(|mut parts| {
        parts.reported = None;
        twin::merge(&mut identity.twin, parts, now)
    });
    if let Err(problem) = merged {
        return Ok(Err(("ArgumentInvalid", problem)));
    }
    identity.update(writing.connection())?;
    Ok(Ok(()))
}

/// Keeps what `devices.jobs` shows of one device.
fn note(
    job: &ScheduledRecord,
    (device_id, module_id): &(String, String),
    result: &Result<(), DeviceRefusal>,
    writing: &mut Writing<'_>,
    now: Time,
) -> HubResult<()> {
    let mut record = json!({
        "deviceId": device_id,
        "jobId": job.id,
        "jobType": job.kind,
        "status": if result.is_ok() { "completed" } else { "failed" },
        "startTimeUtc": now.wire(),
        "endTimeUtc": now.wire(),
        "createdDateTimeUtc": Time::from_ticks(job.created).wire(),
        "lastUpdatedDateTimeUtc": now.wire(),
    });
    if !module_id.is_empty() {
        record["moduleId"] = json!(module_id);
    }
    if let Err((code, description)) = result {
        record["error"] = json!({ "code": code, "description": description });
    }
    let sql = "INSERT INTO device_jobs (job_id, record) VALUES (?1, ?2)";
    writing
        .connection()
        .prepare_cached(sql)?
        .execute(params![job.id, record.to_string()])?;
    Ok(())
}
