//! The parts of one hub, for those who serve requests and steer it.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use crate::auth::Gate;
use crate::clock::Clock;
use crate::door::Door;
use crate::faults::Faults;
use crate::jobs::Jobs;
use crate::rates::Rates;
use crate::registry::Store;
use crate::requests::RequestLog;
use crate::scheduled::Scheduled;
use crate::shutdown::Shutdown;
use crate::sku::Sku;

/// What callers are told about the hub.
#[derive(Clone, Debug)]
pub(crate) struct About {
    /// `http://127.0.0.1:PORT`: a numeric address that this machine can use.
    pub(crate) endpoint: String,
    /// Of `iothubowner`. A secret when the keys are random.
    pub(crate) connection_string: String,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) sku: Sku,
}

/// What every request passes before and after its work.
pub(crate) struct Traffic {
    pub(crate) door: Door,
    pub(crate) gate: Gate,
    pub(crate) rates: Rates,
    pub(crate) faults: Faults,
    pub(crate) requests: RequestLog,
}

/// The hub.
pub(crate) struct HubState {
    pub(crate) about: About,
    pub(crate) clock: Clock,
    pub(crate) store: Arc<Store>,
    pub(crate) jobs: Jobs,
    pub(crate) scheduled: Scheduled,
    pub(crate) traffic: Traffic,
    pub(crate) shutdown: Shutdown,
    /// Keeps other processes off the data folder.
    pub(crate) _lock: Option<File>,
}
