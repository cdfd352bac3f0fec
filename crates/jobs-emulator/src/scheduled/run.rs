//! The life of a scheduled job: queued, scheduled when its time is not yet come, running, over.

use std::sync::Arc;
use std::time::Duration;

use jobs_devices::query::{Condition, parse_condition};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::record::{ScheduledKind, ScheduledRecord, ScheduledStatus, Statistics};
use super::save;
use crate::clock::Time;
use crate::envelope::{Outcome, ServiceError};
use crate::jobs::Orders;
use crate::query;
use crate::registry::change::matches;
use crate::registry::identity::COLUMNS;
use crate::registry::twin::{self, TwinParts};
use crate::registry::{Identity, Writing};
use crate::state::HubState;

/// Devices that are done in one transaction.
const BATCH: usize = 200;

/// Takes a slot for the job and sets it going.
pub(crate) fn create(hub: &Arc<HubState>, record: &ScheduledRecord) -> Outcome<()> {
    let now = hub.clock.now();
    let orders = hub
        .scheduled
        .admit(record, hub.sku.scheduled_job_slots(), now)?;
    hub.store.write(now, |writing| {
        let forget = "DELETE FROM device_jobs WHERE job_id = ?1";
        writing
            .connection()
            .prepare_cached(forget)?
            .execute([&record.id])?;
        save(writing.connection(), record)
    })?;
    spawn(hub, record.clone(), orders);
    Ok(())
}

/// Sets going again what an earlier run of the hub left unfinished.
pub(crate) fn resume(hub: &Arc<HubState>) {
    for (record, orders) in hub.scheduled.unfinished() {
        spawn(hub, record, orders);
    }
}

fn spawn(hub: &Arc<HubState>, record: ScheduledRecord, orders: watch::Receiver<Orders>) {
    let alive = hub.alive.upgrade();
    let hub = Arc::clone(hub);
    hub.runtime.clone().spawn(async move {
        let id = record.id.clone();
        if let Err(error) = run(&hub, record, orders).await {
            tracing::error!(
                job = id,
                error = error.text,
                "a scheduled job could not be kept"
            );
        }
        drop::<Option<mpsc::Sender<()>>>(alive);
    });
}

async fn run(
    hub: &Arc<HubState>,
    record: ScheduledRecord,
    mut orders: watch::Receiver<Orders>,
) -> Outcome<()> {
    let start = Time::from_ticks(record.start);
    if start > hub.clock.now() {
        move_to(hub, &record.id, ScheduledStatus::Scheduled).await?;
    }
    let begin = start
        .max(Time::from_ticks(record.created))
        .plus(hub.job_delay);
    if !wait_until(hub, &mut orders, begin).await {
        return Ok(());
    }
    // Before anybody can see that it runs: who steps the clock on seeing it steps over this moment.
    let began = hub.clock.now();
    if !move_to(hub, &record.id, ScheduledStatus::Running).await? {
        return Ok(());
    }
    let seconds = u64::try_from(record.max_seconds).unwrap_or(u64::MAX);
    let deadline = began.plus(Duration::from_secs(seconds));
    let due = began.plus(hub.job_delay);
    if !wait_until(hub, &mut orders, due.min(deadline)).await {
        return Ok(());
    }
    // The work would begin when there is no time left for it. Who wants the job to finish does not wait for its delay.
    let is_late = deadline < due && !orders.borrow().hurried;
    let (of_hub, of_orders) = (Arc::clone(hub), orders);
    let work = Work {
        hub: of_hub,
        orders: of_orders,
        deadline,
        is_late,
    };
    tokio::task::spawn_blocking(move || work.run(&record))
        .await
        .unwrap_or_else(|_| Err(ServiceError::server("the job failed inside the hub")))
}

async fn move_to(hub: &Arc<HubState>, id: &str, status: ScheduledStatus) -> Outcome<bool> {
    let (hub, id) = (Arc::clone(hub), id.to_owned());
    let moved = tokio::task::spawn_blocking(move || {
        hub.advance_scheduled(&id, |record| {
            record.status = status;
            true
        })
    });
    let moved = moved
        .await
        .unwrap_or_else(|_| Err(ServiceError::server("the job's record could not be kept")))?;
    Ok(moved.is_some())
}

/// Waits for a moment on the hub's clock, and as long as the job is held. `false` when the job is to stop.
async fn wait_until(hub: &HubState, orders: &mut watch::Receiver<Orders>, until: Time) -> bool {
    let mut phase = hub.phase.subscribe();
    loop {
        let now = orders.borrow_and_update().clone();
        if now.stop || hub.is_stopping() {
            return false;
        }
        let elapsed = now.hurried || hub.clock.now() >= until;
        if elapsed && !now.held {
            return true;
        }
        tokio::select! {
            changed = orders.changed() => if changed.is_err() { return false },
            () = hub.clock.sleep_until(until), if !elapsed => {}
            _ = phase.changed() => {}
        }
    }
}

/// A job at work, on a thread that may block.
struct Work {
    hub: Arc<HubState>,
    orders: watch::Receiver<Orders>,
    deadline: Time,
    /// Its time was over before it began.
    is_late: bool,
}

impl Work {
    fn run(mut self, record: &ScheduledRecord) -> Outcome<()> {
        let condition = match parse_condition(&record.condition) {
            Ok(condition) => condition,
            Err(error) => {
                self.hub.advance_scheduled(&record.id, |record| {
                    record.statistics = Some(Statistics::default());
                    true
                })?;
                let reason = format!("The query condition cannot be read: {error}");
                return self.hub.fail_scheduled(&record.id, &reason).map(drop);
            }
        };
        let devices = self.devices(record, &condition)?;
        if self.has_no_time_left() {
            return self.fail_for_time(record);
        }
        for batch in devices.chunks(self.batch_size()) {
            if !self.may_go_on() {
                return Ok(());
            }
            if self.has_no_time_left() {
                return self.fail_for_time(record);
            }
            self.do_batch(record, batch)?;
        }
        if !self.may_go_on() {
            return Ok(());
        }
        let now = self.hub.clock.now();
        self.hub.advance_scheduled(&record.id, |record| {
            record.finish(ScheduledStatus::Completed, now);
            true
        })?;
        Ok(())
    }

    fn has_no_time_left(&self) -> bool {
        self.is_late || self.hub.clock.now() > self.deadline
    }

    fn fail_for_time(&self, record: &ScheduledRecord) -> Outcome<()> {
        let reason = format!(
            "The job took longer than its {} seconds.",
            record.max_seconds
        );
        self.hub.fail_scheduled(&record.id, &reason).map(drop)
    }

    /// The devices still to do, and the counts for them.
    fn devices(&self, record: &ScheduledRecord, condition: &Condition) -> Outcome<Vec<i64>> {
        let devices = query::matching(&self.hub.store, condition, record.reached)?;
        let found = devices.len() as u64;
        self.hub.advance_scheduled(&record.id, |record| {
            let statistics = record.statistics.get_or_insert_default();
            statistics.device_count = statistics.failed_count + statistics.succeeded_count + found;
            statistics.pending_count = found;
            true
        })?;
        Ok(devices)
    }

    fn batch_size(&self) -> usize {
        match self.hub.rates.are_applied() {
            true => self.hub.sku.job_device_operations_per_second(),
            false => BATCH,
        }
    }

    /// Waits while the job is held, and for the tier's pace. `false` when it is to stop.
    fn may_go_on(&mut self) -> bool {
        let pace = if self.hub.rates.are_applied() {
            Duration::from_secs(1)
        } else {
            Duration::ZERO
        };
        let until = self.hub.clock.now().plus(pace);
        let hub = Arc::clone(&self.hub);
        self.hub
            .runtime
            .clone()
            .block_on(wait_until(&hub, &mut self.orders, until))
    }

    /// One transaction: the devices, their records and the job's counts.
    fn do_batch(&self, record: &ScheduledRecord, batch: &[i64]) -> Outcome<()> {
        let now = self.hub.clock.now();
        self.hub.store.write(now, |writing| {
            // Ended meanwhile: nothing more is written, not even after a reset.
            if self.orders.borrow().stop {
                return Ok(());
            }
            let (mut succeeded, mut failed) = (0, 0);
            for seq in batch {
                let Some(identity) = device_at(writing.connection(), *seq)? else {
                    // Deleted since the job began.
                    failed += 1;
                    continue;
                };
                let device_id = identity.device_id.clone();
                let result = apply(record, identity, writing, now)?;
                match &result {
                    Ok(()) => succeeded += 1,
                    Err(_) => failed += 1,
                }
                note(record, &device_id, &result, writing, now)?;
            }
            let counted = self.hub.scheduled.advance(&record.id, |record| {
                let statistics = record.statistics.get_or_insert_default();
                statistics.succeeded_count += succeeded;
                statistics.failed_count += failed;
                statistics.pending_count =
                    statistics.pending_count.saturating_sub(succeeded + failed);
                record.reached = batch.last().copied().unwrap_or(record.reached);
                true
            });
            counted.map_or(Ok(()), |record| save(writing.connection(), &record))
        })
    }
}

fn device_at(connection: &Connection, seq: i64) -> Outcome<Option<Identity>> {
    let sql = format!("SELECT {COLUMNS} FROM identities WHERE seq = ?1");
    Ok(connection
        .prepare_cached(&sql)?
        .query_row([seq], Identity::from_row)
        .optional()?)
}

/// Why a device could not be done: the service's name and a text.
type DeviceRefusal = (&'static str, String);

/// Does one device. The outer result is the hub's state, the inner one the device's.
fn apply(
    job: &ScheduledRecord,
    mut identity: Identity,
    writing: &mut Writing<'_>,
    now: Time,
) -> Outcome<Result<(), DeviceRefusal>> {
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
    if !matches(
        wanted.get("etag").and_then(Value::as_str),
        &identity.twin.wire_etag(),
    ) {
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
    device_id: &str,
    result: &Result<(), DeviceRefusal>,
    writing: &mut Writing<'_>,
    now: Time,
) -> Outcome<()> {
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
