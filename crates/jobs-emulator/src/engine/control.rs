//! The controls of a job: hold, resume, finish.

use tokio::sync::watch;

use super::Ending;
use crate::clock::Time;
use crate::state::HubState;

/// The controls that are set for a job.
#[derive(Clone, Debug, Default)]
pub(crate) struct Control {
    /// Stay where it is.
    pub(crate) held: bool,
    /// Skip the delays.
    pub(crate) hurried: bool,
    /// The job is over, or gone.
    pub(crate) stop: bool,
}

/// Waits for a moment of the hub's clock, and as long as the job is held.
///
/// Returns the moment from which the next wait counts: this one, or that of the release when the job was held beyond it.
/// So every step of a test's clock counts, whoever is faster.
pub(super) async fn hold(
    hub: &HubState,
    control: &mut watch::Receiver<Control>,
    until: Time,
) -> Result<Time, Ending> {
    let mut phase = hub.phase.subscribe();
    let mut held_beyond = false;
    loop {
        let now = control.borrow_and_update().clone();
        if now.stop || hub.is_stopping() {
            return Err(Ending::Stopped);
        }
        let elapsed = now.hurried || hub.clock.now() >= until;
        if elapsed && !now.held {
            return Ok(if held_beyond { hub.clock.now() } else { until });
        }
        held_beyond |= elapsed;
        tokio::select! {
            changed = control.changed() => if changed.is_err() { return Err(Ending::Stopped) },
            () = hub.clock.sleep_until(until), if !elapsed => {}
            _ = phase.changed() => {}
        }
    }
}
