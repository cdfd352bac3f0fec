//! Waiting for jobs.

pub(crate) mod fetch;
mod outage;
pub(crate) mod poller;
pub(crate) mod progress;
