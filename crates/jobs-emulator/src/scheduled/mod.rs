//! Scheduled jobs: a twin update or a method for every device that a condition selects.
//!
//! [`request`] checks what a caller asks for, [`record`] is what is kept and shown, [`run`] is the life of a job.

mod record;
mod request;
mod run;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use rusqlite::{Connection, params};
use tokio::sync::watch;

pub(crate) use record::{ScheduledRecord, ScheduledStatus, unknown};
pub(crate) use request::read as read_request;
pub(crate) use run::{create, resume};

use crate::clock::Time;
use crate::envelope::{Flavour, Outcome, ServiceError};
use crate::jobs::Orders;
use crate::registry::Store;
use crate::state::HubState;

/// How long a finished job can be looked up.
const HISTORY: Duration = Duration::from_secs(30 * 24 * 3600);

struct Job {
    record: ScheduledRecord,
    orders: watch::Sender<Orders>,
}

/// The scheduled jobs of a hub, oldest first.
pub(crate) struct Scheduled(Mutex<BTreeMap<(i64, String), Job>>);

impl Scheduled {
    /// Takes up the records of an earlier run; [`resume`] sets going what was not over.
    pub(crate) fn load(store: &Store) -> Outcome<Self> {
        let texts: Vec<String> = store.read(|connection| {
            let mut statement = connection.prepare("SELECT record FROM scheduled_jobs")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })?;
        let jobs = Self(Mutex::default());
        for record in texts
            .iter()
            .filter_map(|text| serde_json::from_str::<ScheduledRecord>(text).ok())
        {
            jobs.insert(&mut jobs.lock(), record);
        }
        Ok(jobs)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(i64, String), Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(
        &self,
        jobs: &mut BTreeMap<(i64, String), Job>,
        record: ScheduledRecord,
    ) -> watch::Receiver<Orders> {
        let orders = watch::Sender::new(Orders::default());
        let receiver = orders.subscribe();
        jobs.insert((record.created, record.id.clone()), Job { record, orders });
        receiver
    }

    /// Every job of the last 30 days, newest first.
    pub(crate) fn all(&self, now: Time) -> Vec<ScheduledRecord> {
        let mut jobs = self.lock();
        jobs.retain(|_, job| {
            job.record
                .ended
                .is_none_or(|ended| now.since(Time::from_ticks(ended)) <= HISTORY)
        });
        jobs.values().rev().map(|job| job.record.clone()).collect()
    }

    /// One job.
    pub(crate) fn get(&self, id: &str, now: Time) -> Option<ScheduledRecord> {
        self.all(now).into_iter().find(|record| record.id == id)
    }

    /// Adds a job, unless its id is taken or all slots of the tier are.
    fn admit(
        &self,
        record: &ScheduledRecord,
        slots: usize,
        now: Time,
    ) -> Outcome<watch::Receiver<Orders>> {
        if self.get(&record.id, now).is_some() {
            return Err(ServiceError::new(
                StatusCode::CONFLICT,
                "JobAlreadyExists",
                format!("Job {} already exists", record.id),
            ));
        }
        let mut jobs = self.lock();
        let active = jobs
            .values()
            .filter(|job| !job.record.status.is_terminal())
            .count();
        if active >= slots {
            let text = format!("The number of active jobs has reached the maximum of {slots}");
            let error = ServiceError::new(
                StatusCode::TOO_MANY_REQUESTS,
                "ThrottlingMaxActiveJobCountExceeded",
                text,
            );
            return Err(error.flavoured(Flavour::Nested));
        }
        Ok(self.insert(&mut jobs, record.clone()))
    }

    /// The orders of the jobs that are not over.
    fn unfinished(&self) -> Vec<(ScheduledRecord, watch::Receiver<Orders>)> {
        let jobs = self.lock();
        let open = jobs.values().filter(|job| !job.record.status.is_terminal());
        open.map(|job| (job.record.clone(), job.orders.subscribe()))
            .collect()
    }

    /// Forgets all jobs; those under way end.
    pub(crate) fn clear(&self) {
        for job in std::mem::take(&mut *self.lock()).into_values() {
            job.orders.send_modify(|orders| orders.stop = true);
        }
    }

    /// Changes the orders of a job. `false` when there is no such job.
    pub(crate) fn order(&self, id: &str, change: impl FnOnce(&mut Orders)) -> bool {
        let jobs = self.lock();
        let job = jobs.values().find(|job| job.record.id == id);
        if let Some(job) = job {
            job.orders.send_modify(change);
        }
        job.is_some()
    }

    /// Moves an active job on; `None` when it is over or gone, or when the change refuses.
    fn advance(
        &self,
        id: &str,
        change: impl FnOnce(&mut ScheduledRecord) -> bool,
    ) -> Option<ScheduledRecord> {
        let mut jobs = self.lock();
        let job = jobs.values_mut().find(|job| job.record.id == id)?;
        if job.record.status.is_terminal() || !change(&mut job.record) {
            return None;
        }
        if job.record.status.is_terminal() {
            job.orders.send_modify(|orders| orders.stop = true);
        }
        Some(job.record.clone())
    }
}

impl HubState {
    /// Moves an active job on and keeps it; `None` when it was over already or the change refuses.
    fn advance_scheduled(
        &self,
        id: &str,
        change: impl FnOnce(&mut ScheduledRecord) -> bool,
    ) -> Outcome<Option<ScheduledRecord>> {
        let Some(record) = self.scheduled.advance(id, change) else {
            return Ok(None);
        };
        self.store.write(self.clock.now(), |writing| {
            save(writing.connection(), &record)
        })?;
        Ok(Some(record))
    }

    /// Cancels a job that has not begun.
    pub(crate) fn cancel_scheduled(&self, id: &str) -> Outcome<ScheduledRecord> {
        let now = self.clock.now();
        if self.scheduled.get(id, now).is_none() {
            return Err(ServiceError::job_not_found(format!("Job not found: {id}")));
        }
        let cancelled = self.advance_scheduled(id, |record| {
            let waiting = record.status != ScheduledStatus::Running;
            if waiting {
                record.finish(ScheduledStatus::Cancelled, now);
            }
            waiting
        })?;
        cancelled.ok_or_else(|| {
            ServiceError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "OperationNotAllowedInCurrentState",
                format!("Job {id} cannot be cancelled in its current state"),
            )
        })
    }

    /// Ends an active job: it failed for this reason. `false` when it was over already.
    pub(crate) fn fail_scheduled(&self, id: &str, reason: &str) -> Outcome<bool> {
        let now = self.clock.now();
        let failed = self.advance_scheduled(id, |record| {
            record.failure = Some(reason.to_owned());
            record.finish(ScheduledStatus::Failed, now);
            true
        })?;
        Ok(failed.is_some())
    }
}

/// Writes a record down.
fn save(connection: &Connection, record: &ScheduledRecord) -> Outcome<()> {
    let text =
        serde_json::to_string(record).map_err(|error| ServiceError::server(error.to_string()))?;
    connection
        .prepare_cached(
            "INSERT INTO scheduled_jobs (id, created, record) VALUES (?1, ?2, ?3) \
             ON CONFLICT (id) DO UPDATE SET created = ?2, record = ?3",
        )?
        .execute(params![record.id, record.created, text])?;
    Ok(())
}
