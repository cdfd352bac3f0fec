//! What every job needs of its hub.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::{Control, Ending};
use crate::clock::{Clock, Time};
use crate::registry::Store;
use crate::shutdown::Shutdown;

/// What every job needs of its hub. Clones share the same hub.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Clock,
    /// How long a job stays in `enqueued`, and again at least in `running`.
    pub(crate) delay: Duration,
    pub(crate) runtime: Handle,
    pub(crate) shutdown: Shutdown,
}

impl Host {
    /// Waits for a moment of the hub's clock, and as long as the job is held.
    ///
    /// Returns the moment from which the next wait counts: this one, or that of the release when the job was held beyond it.
    /// So every step of a test's clock counts, whoever is faster.
    pub(super) async fn hold(
        &self,
        control: &mut watch::Receiver<Control>,
        until: Time,
    ) -> Result<Time, Ending> {
        let mut phase = self.shutdown.subscribe();
        let mut held_beyond = false;
        loop {
            let now = control.borrow_and_update().clone();
            if now.stop || self.shutdown.is_stopping() {
                return Err(Ending::Stopped);
            }
            let elapsed = now.hurried || self.clock.now() >= until;
            if elapsed && !now.held {
                return Ok(if held_beyond { self.clock.now() } else { until });
            }
            held_beyond |= elapsed;
            tokio::select! {
                changed = control.changed() => if changed.is_err() { return Err(Ending::Stopped) },
                () = self.clock.sleep_until(until), if !elapsed => {}
                _ = phase.changed() => {}
            }
        }
    }
}
