//! What all requests of one hub share.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use crate::auth::Gate;
use crate::clock::Clock;
use crate::faults::Faults;
use crate::jobs::Jobs;
use crate::rates::Rates;
use crate::registry::Store;
use crate::requests::RequestLog;
use crate::scheduled::Scheduled;
use crate::sku::Sku;
use crate::storage::StorageAccess;

/// How far the hub is in stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// Requests under way are answered, nothing new is taken.
    Closing,
    /// Everything ends at once.
    Gone,
}

/// How clients find the hub.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    /// `http://127.0.0.1:PORT`: a numeric address that this machine can use.
    pub(crate) endpoint: String,
    /// Of `iothubowner`. A secret when the keys are random.
    pub(crate) connection_string: String,
    pub(crate) ca_file: Option<PathBuf>,
}

/// The hub.
pub(crate) struct HubState {
    pub(crate) clock: Clock,
    pub(crate) gate: Gate,
    pub(crate) store: Store,
    pub(crate) jobs: Jobs,
    pub(crate) scheduled: Scheduled,
    pub(crate) faults: Faults,
    pub(crate) requests: RequestLog,
    pub(crate) reach: Reach,
    pub(crate) sku: Sku,
    /// The tier's request rates, when they are applied.
    pub(crate) rates: Rates,
    /// Spent once in `enqueued` and once in `running`.
    pub(crate) job_delay: Duration,
    pub(crate) runtime: Handle,
    /// Opens the containers of jobs.
    pub(crate) storage: StorageAccess,
    pub(crate) phase: watch::Sender<Phase>,
    /// Held by everything that must end before the hub counts as stopped.
    pub(crate) alive: mpsc::WeakSender<()>,
    /// Keeps other processes off the data folder.
    pub(crate) _lock: Option<File>,
}

impl HubState {
    /// Waits until the hub is asked to stop at once.
    pub(crate) async fn gone(&self) {
        let mut phase = self.phase.subscribe();
        // An error means the sender is gone, which is the end as well.
        let _ = phase.wait_for(|phase| *phase == Phase::Gone).await;
    }

    /// True from the moment the hub begins to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.phase.borrow() != Phase::Running
    }
}
