//! The admin operations for Rust tests that hold the hub in their own process.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Order, reset, steer};
use crate::envelope::{HubResult, ServiceError};
use crate::faults::FaultScript;
use crate::jobs::seed;
use crate::state::HubState;

/// Steers a hub from within its process, as the admin API does from outside.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use jobs_emulator::Emulator;
///
/// let hub = Emulator::builder().start().await?;
/// let admin = hub.admin();
/// admin.seed(r#"{"id":"d1","status":"enabled"}"#).await?;
/// admin.set_faults(r#"{"rules":[{"operation":"*","times":1,"action":{"kind":"cut","when":"beforeWork"}}]}"#.parse()?);
/// admin.advance(std::time::Duration::from_secs(60));
/// admin.reset().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Admin(Arc<HubState>);

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin")
            .field("endpoint", &self.0.about.endpoint)
            .finish_non_exhaustive()
    }
}

/// Why an admin operation was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AdminError(String);

impl From<ServiceError> for AdminError {
    fn from(error: ServiceError) -> Self {
        Self(format!("{}: {}", error.code, error.text))
    }
}

impl Admin {
    pub(crate) fn new(hub: Arc<HubState>) -> Self {
        Self(hub)
    }

    /// Empties the hub: identities, configurations, jobs, faults, noted requests. Its clock and its keys stay.
    ///
    /// # Errors
    /// When the hub's database fails.
    pub async fn reset(&self) -> Result<(), AdminError> {
        self.on_thread(reset).await
    }

    /// Applies rows as they stand in a device file, one JSON object a line; gives the number applied.
    ///
    /// # Errors
    /// Names the first row that was refused; the rows that were not refused are applied.
    pub async fn seed(&self, lines: impl Into<String>) -> Result<usize, AdminError> {
        let lines = lines.into();
        let seeded = self
            .on_thread(move |hub| seed(&hub.store, hub.clock.now(), lines.as_bytes()))
            .await?;
        match seeded.errors.first() {
            None => Ok(seeded.applied),
            Some(error) => Err(AdminError(format!(
                "{} rows refused, the first one: {}",
                seeded.errors.len(),
                json!(error)
            ))),
        }
    }

    /// Keeps a job where it is, from its next step on; gives the job.
    ///
    /// # Errors
    /// When there is no such job, or it is over.
    pub async fn hold(&self, job_id: &str) -> Result<Value, AdminError> {
        self.steer(job_id, Order::Hold).await
    }

    /// Lets a held job go on; gives the job.
    ///
    /// # Errors
    /// As [`Admin::hold`].
    pub async fn resume(&self, job_id: &str) -> Result<Value, AdminError> {
        self.steer(job_id, Order::Resume).await
    }

    /// Lets a job go on past every delay; gives the job.
    ///
    /// # Errors
    /// As [`Admin::hold`].
    pub async fn finish(&self, job_id: &str) -> Result<Value, AdminError> {
        self.steer(job_id, Order::Finish).await
    }

    /// Ends a job at once: failed, for this reason; gives the job.
    ///
    /// # Errors
    /// As [`Admin::hold`].
    pub async fn fail(&self, job_id: &str, reason: impl Into<String>) -> Result<Value, AdminError> {
        self.steer(job_id, Order::Fail(reason.into())).await
    }

    /// Moves the hub's clock forward, as [`Clock::advance`](crate::Clock::advance) does.
    pub fn advance(&self, by: Duration) {
        self.0.clock.advance(by);
    }

    /// Replaces the fault script; its counts start anew. A script made in code is not held to
    /// [`FaultScript::check`] here.
    pub fn set_faults(&self, script: FaultScript) {
        self.0.traffic.faults.replace(script);
    }

    /// How often each rule of the fault script has acted, in the order of the rules.
    #[must_use]
    pub fn fault_counts(&self) -> Vec<u64> {
        self.0.traffic.faults.report().1
    }

    /// The latest requests, newest first, as the admin API shows them: time, method, target with secrets redacted,
    /// operation, status, error code, request id, milliseconds.
    #[must_use]
    pub fn requests(&self, limit: usize) -> Vec<Value> {
        self.0
            .traffic
            .requests
            .latest(limit)
            .iter()
            .map(|record| json!(record))
            .collect()
    }

    async fn steer(&self, job_id: &str, order: Order) -> Result<Value, AdminError> {
        let id = job_id.to_owned();
        let job = self.on_thread(move |hub| steer(hub, &id, order)).await?;
        serde_json::from_str(&job).map_err(|error| AdminError(error.to_string()))
    }

    /// The database is used from threads that may block.
    async fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&HubState) -> HubResult<T> + Send + 'static,
    ) -> Result<T, AdminError> {
        let hub = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&hub)).await;
        Ok(done.map_err(|error| AdminError(error.to_string()))??)
    }
}
