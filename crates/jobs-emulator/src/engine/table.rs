//! The jobs of one kind: in the database first, in memory second.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use tokio::sync::{Notify, watch};

use super::{Control, End, Host, Record, rows};
use crate::clock::Time;
use crate::envelope::{HubResult, ServiceError};
use crate::registry::Writing;

/// How long a finished job can be looked up.
const HISTORY: Duration = Duration::from_secs(30 * 24 * 3600);

/// Creation and id: the order of the jobs.
type Key = (i64, String);

/// A job in memory.
struct Job<R> {
    record: R,
    control: watch::Sender<Control>,
    /// Whether the database has this record. Only an end can be missing there.
    is_recorded: bool,
}

/// What memory holds.
struct Jobs<R> {
    all: BTreeMap<Key, Job<R>>,
    /// Ids of the records that cannot be decoded, with the reason.
    unreadable: BTreeMap<String, String>,
}

impl<R: Record> Jobs<R> {
    fn find(&self, id: &str) -> Option<&Job<R>> {
        self.all.values().find(|job| job.record.has_id(id))
    }

    fn find_mut(&mut self, id: &str) -> Option<&mut Job<R>> {
        self.all.values_mut().find(|job| job.record.has_id(id))
    }

    fn insert(&mut self, record: R, is_recorded: bool) -> watch::Receiver<Control> {
        let (control, receiver) = watch::channel(Control::default());
        let job = Job {
            record,
            control,
            is_recorded,
        };
        self.all.insert(key(&job.record), job);
        receiver
    }

    fn active(&self) -> impl Iterator<Item = &Job<R>> {
        self.all.values().filter(|job| !is_over(&job.record))
    }
}

impl<R: Record> Job<R> {
    fn set(&mut self, record: R, is_recorded: bool) {
        self.record = record;
        self.is_recorded = is_recorded;
        if is_over(&self.record) {
            self.control.send_modify(|control| control.stop = true);
        }
    }
}

/// The jobs of one kind.
///
/// Creating, advancing and failing a job writes the database and may block.
pub(crate) struct JobTable<R> {
    jobs: Mutex<Jobs<R>>,
    /// Notified while the database lacks the end of a job.
    pub(super) unrecorded: Notify,
    pub(super) host: Host,
}

impl<R: Record> JobTable<R> {
    /// Reads the records of an earlier run.
    pub(crate) fn load(host: Host) -> HubResult<Self> {
        let now = host.clock.now();
        let mut jobs = Jobs {
            all: BTreeMap::new(),
            unreadable: BTreeMap::new(),
        };
        for (id, record) in host.store.read(rows::all)? {
            match record {
                Ok(mut record) => {
                    let was_over = is_over::<R>(&record);
                    if !was_over {
                        record.take_up(now);
                    }
                    let is_recorded = was_over || !is_over(&record);
                    jobs.insert(record, is_recorded);
                }
                Err(reason) => drop(jobs.unreadable.insert(id, reason)),
            }
        }
        let table = Self {
            jobs: Mutex::new(jobs),
            unrecorded: Notify::new(),
            host,
        };
        table.record_ends();
        Ok(table)
    }

    fn now(&self) -> Time {
        self.host.clock.now()
    }

    fn lock(&self) -> MutexGuard<'_, Jobs<R>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every job of the last 30 days, oldest first.
    pub(crate) fn all(&self) -> Vec<R> {
        let now = self.now();
        let jobs = self.lock();
        let recent = jobs.all.values().map(|job| &job.record);
        recent
            .filter(|record| !is_history(*record, now))
            .cloned()
            .collect()
    }

    /// One job of the last 30 days. An error when its record cannot be decoded.
    pub(crate) fn get(&self, id: &str) -> HubResult<Option<R>> {
        let now = self.now();
        let jobs = self.lock();
        if let Some(reason) = jobs.unreadable.get(id) {
            return Err(ServiceError::server(cannot_be_read(id, reason)));
        }
        let found = jobs.find(id).map(|job| &job.record);
        Ok(found.filter(|record| !is_history(*record, now)).cloned())
    }

    /// As [`JobTable::get`]; a missing one is the service's 404.
    pub(crate) fn require(&self, id: &str) -> HubResult<R> {
        let found = self.get(id)?;
        found.ok_or_else(|| ServiceError::job_not_found(format!("Job not found: {id}")))
    }

    /// What is wrong with each record that cannot be decoded.
    pub(crate) fn unreadable(&self) -> Vec<String> {
        let jobs = self.lock();
        let unreadable = jobs.unreadable.iter();
        unreadable
            .map(|(id, reason)| cannot_be_read(id, reason))
            .collect()
    }

    /// The number of jobs that are not over.
    pub(crate) fn active_count(&self) -> usize {
        self.lock().active().count()
    }

    /// The jobs that are not over.
    pub(super) fn unfinished(&self) -> Vec<(R, watch::Receiver<Control>)> {
        let jobs = self.lock();
        jobs.active()
            .map(|job| (job.record.clone(), job.control.subscribe()))
            .collect()
    }

    /// Adds a job, unless its id is taken or `admit`, called with the number of active jobs, returns an error.
    /// Jobs older than 30 days are deleted.
    pub(super) fn create(
        &self,
        record: R,
        admit: impl FnOnce(usize) -> HubResult<()>,
    ) -> HubResult<watch::Receiver<Control>> {
        let now = self.now();
        self.host.store.write_then(
            now,
            |writing| {
                if self.get(record.id()).map_or(true, |job| job.is_some()) {
                    return Err(already_exists(record.id()));
                }
                admit(self.active_count())?;
                let connection = writing.connection();
                let expired = self.keys(|job| is_history(&job.record, now));
                for (_, id) in &expired {
                    rows::delete::<R>(connection, id)?;
                }
                rows::save(connection, &record)?;
                Ok((record, expired))
            },
            |outcome| {
                let (record, expired) = outcome?;
                let mut jobs = self.lock();
                jobs.all.retain(|key, _| !expired.contains(key));
                Ok(jobs.insert(record, true))
            },
        )
    }

    /// Changes an active job: record and whatever else `change` writes, in one transaction.
    ///
    /// `None` when the job is over or gone, or when `change` returns `None`, before it has written anything. On an error
    /// the job has ended as failed.
    pub(crate) fn advance<T>(
        &self,
        id: &str,
        change: impl FnOnce(&mut R, &mut Writing<'_>) -> HubResult<Option<T>>,
    ) -> HubResult<Option<T>> {
        let reason = |error: &ServiceError| format!("The job could not go on: {}", error.text);
        self.step(id, reason, change)
    }

    /// Ends an active job as failed, whether or not the database can be written. `false` when it was over already.
    pub(crate) fn fail(&self, id: &str, reason: &str) -> bool {
        let failed = self.step(
            id,
            |_| reason.to_owned(),
            |record, writing| {
                record.end(End::Failed(reason.to_owned()), writing.now);
                Ok(Some(()))
            },
        );
        // On an error it has ended in memory.
        failed.map_or(true, |done| done.is_some())
    }

    fn step<T>(
        &self,
        id: &str,
        reason: impl FnOnce(&ServiceError) -> String,
        change: impl FnOnce(&mut R, &mut Writing<'_>) -> HubResult<Option<T>>,
    ) -> HubResult<Option<T>> {
        if self.active(id).is_none() {
            return Ok(None);
        }
        let now = self.now();
        let outcome = self.host.store.write_then(
            now,
            |writing| {
                let Some(mut record) = self.active(id) else {
                    return Ok(None);
                };
                let Some(value) = change(&mut record, writing)? else {
                    return Ok(None);
                };
                rows::save(writing.connection(), &record)?;
                Ok(Some((record, value)))
            },
            |outcome| match outcome {
                Ok(Some((record, value))) => {
                    if let Some(job) = self.lock().all.get_mut(&key(&record)) {
                        job.set(record, true);
                    }
                    Ok(Some(value))
                }
                Ok(None) => Ok(None),
                Err(error) => {
                    self.end_unrecorded(id, reason(&error), now);
                    tracing::error!(job = id, error = error.text, "a job has failed");
                    Err(error)
                }
            },
        );
        if outcome.is_err() {
            self.record_ends();
        }
        outcome
    }

    fn active(&self, id: &str) -> Option<R> {
        let jobs = self.lock();
        let record = &jobs.find(id)?.record;
        (!is_over(record)).then(|| record.clone())
    }

    fn end_unrecorded(&self, id: &str, reason: String, now: Time) {
        let mut jobs = self.lock();
        if let Some(job) = jobs.find_mut(id).filter(|job| !is_over(&job.record)) {
            let mut record = job.record.clone();
            record.end(End::Failed(reason), now);
            job.set(record, false);
        }
    }

    /// Writes the ends that the database could not take when they happened. What is still missing is notified.
    pub(super) fn record_ends(&self) {
        for key in self.keys(|job| !job.is_recorded) {
            let unrecorded = || {
                let jobs = self.lock();
                let job = jobs.all.get(&key).filter(|job| !job.is_recorded);
                job.map(|job| job.record.clone())
            };
            self.host.store.write_then(
                self.now(),
                |writing| {
                    // None after a reset.
                    unrecorded().map_or(Ok(()), |record| rows::save(writing.connection(), &record))
                },
                |outcome| match (outcome, self.lock().all.get_mut(&key)) {
                    (Ok(()), Some(job)) => job.is_recorded = true,
                    (Ok(()), None) => {}
                    (Err(error), _) => {
                        let (_, job) = &key;
                        let error = error.text;
                        tracing::debug!(job, error, "the end of a job is not recorded yet");
                        self.unrecorded.notify_one();
                    }
                },
            );
        }
    }

    fn keys(&self, wanted: impl Fn(&Job<R>) -> bool) -> Vec<Key> {
        let jobs = self.lock();
        let found = jobs.all.iter().filter(|(_, job)| wanted(job));
        found.map(|(key, _)| key.clone()).collect()
    }

    /// Changes a record in memory; the database gets it with the next change. To be called under the lock of the database.
    pub(super) fn note(&self, id: &str, change: impl FnOnce(&mut R)) {
        if let Some(job) = self.lock().find_mut(id) {
            change(&mut job.record);
        }
    }

    /// Sets controls of an active job. `false` when it is over or gone.
    pub(crate) fn control(&self, id: &str, change: impl FnOnce(&mut Control)) -> bool {
        let jobs = self.lock();
        let active = jobs.find(id).filter(|job| !is_over(&job.record));
        if let Some(job) = active {
            job.control.send_modify(change);
        }
        active.is_some()
    }

    /// Forgets all jobs; those under way end. To be called under the lock of the database, once their records are deleted.
    pub(crate) fn clear(&self) {
        let mut jobs = self.lock();
        jobs.unreadable.clear();
        for job in std::mem::take(&mut jobs.all).into_values() {
            job.control.send_modify(|control| control.stop = true);
        }
    }
}

fn key<R: Record>(record: &R) -> Key {
    (record.created(), record.id().to_owned())
}

fn is_over<R: Record>(record: &R) -> bool {
    record.ended().is_some()
}

fn is_history<R: Record>(record: &R, now: Time) -> bool {
    record
        .ended()
        .is_some_and(|ended| now.since(Time::from_ticks(ended)) > HISTORY)
}

fn cannot_be_read(id: &str, reason: &str) -> String {
    format!("the record of job {id} cannot be read: {reason}")
}

fn already_exists(id: &str) -> ServiceError {
    ServiceError::new(
        StatusCode::CONFLICT,
        "JobAlreadyExists",
        format!("Job {id} already exists"),
    )
}
