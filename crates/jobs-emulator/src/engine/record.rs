//! What the engine needs to know about a job.

use std::time::Duration;

use rusqlite::Connection;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::Time;
use crate::envelope::{HubResult, ServiceError};
use crate::storage::StorageError;

/// How a job ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Completed,
    /// With the reason that callers see.
    Failed(String),
    Cancelled,
}

/// Why a job does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The job is over or gone already, or the hub stops.
    Stopped,
    /// With the reason that callers see.
    Failed(String),
}

impl From<ServiceError> for Ending {
    fn from(error: ServiceError) -> Self {
        Self::Failed(error.text)
    }
}

impl From<StorageError> for Ending {
    fn from(error: StorageError) -> Self {
        Self::Failed(format!("The blob container cannot be used: {error}"))
    }
}

impl From<std::io::Error> for Ending {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(format!("The blob container cannot be used: {error}"))
    }
}

/// The record of a job: what the database keeps and callers see.
pub(crate) trait Record:
    Clone + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Table of the database, and its column for the time of creation. The others are `id` and `record`.
    const TABLE: &'static str;
    const CREATED: &'static str;

    fn id(&self) -> &str;

    /// Whether a caller who sends this id means this job.
    fn has_id(&self, id: &str) -> bool {
        self.id() == id
    }

    /// Ticks of the creation.
    fn created(&self) -> i64;

    /// Ticks of the end. A job without one is active.
    fn ended(&self) -> Option<i64>;

    /// When the job may run at the earliest, without the hub's delay.
    fn due(&self) -> Time;

    /// How long the job may run.
    fn limit(&self) -> Option<Duration> {
        None
    }

    /// The job runs from now on.
    fn start_running(&mut self);

    /// The job is over.
    fn end(&mut self, end: End, now: Time);

    /// The body that GET returns.
    fn body(&self) -> impl Serialize;

    /// Called at the start of the hub for a job that an earlier run left unfinished.
    fn take_up(&mut self, _now: Time) {}

    /// Deletes what the database keeps of a job next to its record.
    fn forget(_connection: &Connection, _id: &str) -> HubResult<()> {
        Ok(())
    }
}
