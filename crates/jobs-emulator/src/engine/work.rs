//! What the work of a job has in common: it is stopped, held, limited in time, and counted.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{Control, Ending, JobTable, Record};
use crate::clock::Time;
use crate::envelope::HubResult;
use crate::registry::{Store, Writing};

/// A job at work, on a thread that may block.
pub(crate) struct Work<R> {
    pub(super) jobs: Arc<JobTable<R>>,
    /// As it was when the work started.
    pub(crate) record: R,
    pub(super) control: watch::Receiver<Control>,
    /// When the time of the job is over.
    pub(super) deadline: Option<Time>,
}

impl<R: Record> Work<R> {
    pub(crate) fn store(&self) -> &Store {
        &self.jobs.host.store
    }

    /// To be called between batches: ends the work when the job is over, waits while it is held.
    pub(crate) fn check(&self) -> Result<(), Ending> {
        self.pause(Duration::ZERO)
    }

    /// As [`Work::check`], after a time of the hub's clock.
    pub(crate) fn pause(&self, length: Duration) -> Result<(), Ending> {
        let host = &self.jobs.host;
        let mut control = self.control.clone();
        let until = host.clock.now().plus(length);
        host.runtime.block_on(host.hold(&mut control, until))?;
        match self.deadline {
            Some(deadline) if host.clock.now() >= deadline => {
                let seconds = self.record.limit().unwrap_or_default().as_secs();
                Err(Ending::Failed(format!(
                    "The job took longer than its {seconds} seconds."
                )))
            }
            _ => Ok(()),
        }
    }

    /// Writes one batch: its rows and the job's record, in one transaction. Nothing is written when the job is over.
    pub(crate) fn write<T>(
        &self,
        change: impl FnOnce(&mut R, &mut Writing<'_>) -> HubResult<T>,
    ) -> Result<T, Ending> {
        let written = self.jobs.advance(self.record.id(), |record, writing| {
            change(record, writing).map(Some)
        })?;
        written.ok_or(Ending::Stopped)
    }

    /// Changes the record in memory alone, for what a reader of rows counts. To be called within a read of the database.
    pub(crate) fn note(&self, change: impl FnOnce(&mut R)) {
        self.jobs.note(self.record.id(), change);
    }
}
