//! Import and export jobs: their records, their one slot, and how they are steered.

mod errors;
mod export;
mod import;
mod pipeline;
mod record;
mod request;
mod run;
mod seed;
mod work;

#[cfg(test)]
mod property;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::params;
use tokio::sync::watch;

pub(crate) use record::{JobRecord, JobStatus, JobType};
pub(crate) use request::CreateBody;
pub(crate) use run::create;
pub(crate) use seed::seed;

use crate::clock::Time;
use crate::envelope::{Flavour, Outcome, ServiceError};
use crate::registry::Store;
use crate::state::HubState;

/// How long a finished job can be looked up.
const HISTORY: Duration = Duration::from_secs(30 * 24 * 3600);

/// What a job that was under way when the hub ended says about it.
const INTERRUPTED: &str =
    "The hub stopped while the job was under way; rows that were applied stay applied.";

/// What a job has been told to do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Orders {
    /// Stay where it is.
    pub(crate) held: bool,
    /// Skip the delays.
    pub(crate) hurried: bool,
    /// End: the record says why already.
    pub(crate) stop: bool,
}

/// A job and its controls.
struct Job {
    record: JobRecord,
    /// Rows read or written so far.
    rows: u64,
    orders: watch::Sender<Orders>,
}

/// The import and export jobs of a hub, oldest first.
pub(crate) struct Jobs(Mutex<BTreeMap<(i64, String), Job>>);

/// A job as others may see it.
#[derive(Clone, Debug)]
pub(crate) struct JobView {
    pub(crate) record: JobRecord,
    /// Rows read or written so far.
    pub(crate) rows: u64,
}

impl Jobs {
    /// Takes up the records of an earlier run; what was under way then has failed.
    pub(crate) fn load(store: &Store, now: Time) -> Outcome<Self> {
        let texts: Vec<String> = store.read(|connection| {
            let mut statement = connection.prepare("SELECT record FROM jobs")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })?;
        let jobs = Self(Mutex::default());
        for mut record in texts
            .iter()
            .filter_map(|text| serde_json::from_str::<JobRecord>(text).ok())
        {
            if !record.status.is_terminal() {
                record.status = JobStatus::Failed;
                record.failure = Some(INTERRUPTED.to_owned());
                record.ended = Some(now.ticks());
                save(store, &record, now)?;
            }
            jobs.insert(record);
        }
        Ok(jobs)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(i64, String), Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(&self, record: JobRecord) -> watch::Receiver<Orders> {
        let orders = watch::Sender::new(Orders::default());
        let receiver = orders.subscribe();
        self.lock().insert(
            (record.started, record.id.clone()),
            Job {
                record,
                rows: 0,
                orders,
            },
        );
        receiver
    }

    /// Every job of the last 30 days, oldest first.
    pub(crate) fn all(&self, now: Time) -> Vec<JobView> {
        let mut jobs = self.lock();
        jobs.retain(|_, job| !is_history(&job.record, now));
        jobs.values()
            .map(|job| JobView {
                record: job.record.clone(),
                rows: job.rows,
            })
            .collect()
    }

    /// One job.
    pub(crate) fn get(&self, id: &str, now: Time) -> Outcome<JobView> {
        self.all(now)
            .into_iter()
            .find(|job| job.record.id.eq_ignore_ascii_case(id))
            .ok_or_else(|| missing(id))
    }

    /// Refuses while a job is active: a hub has one slot, whatever its tier.
    pub(crate) fn check_slot(&self) -> Outcome<()> {
        if self
            .lock()
            .values()
            .any(|job| !job.record.status.is_terminal())
        {
            Err(ServiceError::job_quota())
        } else {
            Ok(())
        }
    }

    /// Adds a job, unless another one is active.
    fn admit(&self, record: &JobRecord) -> Outcome<watch::Receiver<Orders>> {
        let mut jobs = self.lock();
        if jobs.values().any(|job| !job.record.status.is_terminal()) {
            return Err(ServiceError::job_quota());
        }
        let orders = watch::Sender::new(Orders::default());
        let receiver = orders.subscribe();
        jobs.insert(
            (record.started, record.id.clone()),
            Job {
                record: record.clone(),
                rows: 0,
                orders,
            },
        );
        Ok(receiver)
    }

    /// Forgets all jobs; those under way end.
    pub(crate) fn clear(&self) {
        for job in std::mem::take(&mut *self.lock()).into_values() {
            job.orders.send_modify(|orders| orders.stop = true);
        }
    }

    /// Changes the orders of an active job.
    pub(crate) fn order(&self, id: &str, change: impl FnOnce(&mut Orders)) -> Outcome<()> {
        let jobs = self.lock();
        let job = jobs
            .values()
            .find(|job| job.record.id.eq_ignore_ascii_case(id))
            .ok_or_else(|| missing(id))?;
        job.orders.send_modify(change);
        Ok(())
    }

    /// Notes how many rows a job has done.
    fn note_rows(&self, id: &str, rows: u64) {
        if let Some(job) = self.lock().values_mut().find(|job| job.record.id == id) {
            job.rows = rows;
        }
    }

    /// Moves an active job on. `None` when it is over (or gone): then nothing changes.
    fn advance(&self, id: &str, change: impl FnOnce(&mut JobRecord)) -> Option<JobRecord> {
        let mut jobs = self.lock();
        let job = jobs
            .values_mut()
            .find(|job| job.record.id.eq_ignore_ascii_case(id))?;
        if job.record.status.is_terminal() {
            return None;
        }
        change(&mut job.record);
        if job.record.status.is_terminal() {
            job.orders.send_modify(|orders| orders.stop = true);
        }
        Some(job.record.clone())
    }
}

impl HubState {
    /// Moves an active job on and keeps it. `false` when it was over already.
    pub(crate) fn advance_job(
        &self,
        id: &str,
        change: impl FnOnce(&mut JobRecord),
    ) -> Outcome<bool> {
        match self.jobs.advance(id, change) {
            Some(record) => save(&self.store, &record, self.clock.now()).map(|()| true),
            None => Ok(false),
        }
    }

    /// Ends an active job: it failed for this reason. `false` when it was over already.
    pub(crate) fn fail_job(&self, id: &str, reason: &str) -> Outcome<bool> {
        let now = self.clock.now();
        self.advance_job(id, |record| {
            record.status = JobStatus::Failed;
            record.failure = Some(reason.to_owned());
            record.ended = Some(now.ticks());
        })
    }

    /// Ends an active job: it was cancelled. `false` when it was over already.
    pub(crate) fn cancel_job(&self, id: &str) -> Outcome<bool> {
        let now = self.clock.now();
        self.advance_job(id, |record| {
            record.status = JobStatus::Cancelled;
            record.ended = Some(now.ticks());
        })
    }
}

fn is_history(record: &JobRecord, now: Time) -> bool {
    record
        .ended
        .is_some_and(|ended| now.since(Time::from_ticks(ended)) > HISTORY)
}

fn missing(id: &str) -> ServiceError {
    ServiceError::job_not_found(format!("Job not found: {id}"))
}

/// Writes a record down, and forgets those that are too old.
fn save(store: &Store, record: &JobRecord, now: Time) -> Outcome<()> {
    let text =
        serde_json::to_string(record).map_err(|error| ServiceError::server(error.to_string()))?;
    let too_old = now.ticks() - i64::try_from(HISTORY.as_nanos() / 100).unwrap_or(i64::MAX);
    store.write(now, |writing| {
        let connection = writing.connection();
        connection
            .prepare_cached("INSERT INTO jobs (id, started, record) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET record = ?3")?
            .execute(params![record.id, record.started, text])?;
        connection
            .prepare_cached("DELETE FROM jobs WHERE started < ?1 AND json_extract(record, '$.ended') < ?1")?
            .execute([too_old])?;
        Ok(())
    })
}

/// A refusal of a container, in the job service's flavour.
fn container_refused(text: impl Into<String>) -> ServiceError {
    ServiceError::container(text).flavoured(Flavour::Job)
}
