//! The handle of a running hub.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc;

use crate::admin::Admin;
use crate::auth::Policy;
use crate::clock::Clock;
use crate::shutdown::Phase;
use crate::state::HubState;
use crate::tls::CaFolder;

/// How long a clean stop waits for requests under way.
const GRACE: Duration = Duration::from_secs(5);

/// A running hub. It stops when this is dropped.
pub struct Hub {
    state: Arc<HubState>,
    /// Closed when everything that belongs to the hub has ended.
    ended: mpsc::Receiver<()>,
    /// Removes a temporary CA with the hub.
    _ca: Option<CaFolder>,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("endpoint", &self.endpoint())
            .finish_non_exhaustive()
    }
}

impl Hub {
    pub(crate) fn new(
        state: Arc<HubState>,
        ended: mpsc::Receiver<()>,
        ca: Option<CaFolder>,
    ) -> Self {
        Self {
            state,
            ended,
            _ca: ca,
        }
    }

    #[cfg(test)]
    pub(crate) fn state(&self) -> &Arc<HubState> {
        &self.state
    }

    /// `http://127.0.0.1:PORT` or `https://…`: a numeric address.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.state.about.endpoint
    }

    /// Connection string of the policy `iothubowner`. It holds a key.
    #[must_use]
    pub fn connection_string(&self) -> &str {
        &self.state.about.connection_string
    }

    /// The certificate that clients have to trust, when the hub speaks HTTPS.
    #[must_use]
    pub fn ca_file(&self) -> Option<&Path> {
        self.state.about.ca_file.as_deref()
    }

    /// The shared access policies with their keys.
    #[must_use]
    pub fn policies(&self) -> &[Policy] {
        self.state.traffic.gate.policies.all()
    }

    /// What a person should know about the data folder: one sentence for each record of a job that
    /// cannot be decoded. Such a record stays in the folder, and lists of jobs leave it out.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.state.jobs.table.unreadable();
        warnings.extend(self.state.scheduled.table.unreadable());
        warnings
    }

    /// Base of the admin API.
    #[must_use]
    pub fn admin_endpoint(&self) -> String {
        format!("{}/_local", self.endpoint())
    }

    /// Steers the hub: seeds devices, holds and fails jobs, sets faults.
    #[must_use]
    pub fn admin(&self) -> Admin {
        Admin::new(Arc::clone(&self.state))
    }

    /// The hub's clock, which tests can move.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.state.clock
    }

    /// What the command line prints when the hub is ready: one JSON object, no line break.
    #[must_use]
    pub fn ready_line(&self) -> String {
        let policies: Vec<_> = self
            .policies()
            .iter()
            .map(|policy| {
                json!({
                    "name": policy.name(),
                    "rights": policy.rights().wire(),
                    "primaryKey": policy.primary_key(),
                    "secondaryKey": policy.secondary_key(),
                })
            })
            .collect();
        let mut line = json!({
            "endpoint": self.endpoint(),
            "connectionString": self.connection_string(),
            "policies": policies,
            "adminEndpoint": self.admin_endpoint(),
        });
        if let Some(file) = self.ca_file() {
            line["caFile"] = json!(file);
        }
        line.to_string()
    }

    /// Stops the hub: requests under way are answered, then everything ends and
    /// the data folder is free again.
    pub async fn shutdown(mut self) {
        self.state.shutdown.set(Phase::Closing);
        if tokio::time::timeout(GRACE, self.ended.recv())
            .await
            .is_err()
        {
            self.state.shutdown.set(Phase::Gone);
            let _ = tokio::time::timeout(GRACE, self.ended.recv()).await;
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.state.shutdown.set(Phase::Gone);
    }
}
