//! How the hub stops.

use tokio::sync::{mpsc, watch};

/// How far the hub is in stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// Requests under way are answered, nothing new is taken.
    Closing,
    /// Everything ends at once.
    Gone,
}

/// The phase of a hub, shared by everything that has to end with it.
#[derive(Clone)]
pub(crate) struct Shutdown {
    phase: watch::Sender<Phase>,
    alive: mpsc::WeakSender<()>,
}

impl Shutdown {
    /// `alive` is held by everything that must end before the hub counts as stopped.
    pub(crate) fn new(alive: &mpsc::Sender<()>) -> Self {
        Self {
            phase: watch::Sender::new(Phase::Running),
            alive: alive.downgrade(),
        }
    }

    pub(crate) fn set(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Waits until the hub is asked to stop at once.
    pub(crate) async fn gone(&self) {
        let mut phase = self.phase.subscribe();
        // An error means the sender is gone, which is the end as well.
        let _ = phase.wait_for(|phase| *phase == Phase::Gone).await;
    }

    /// True from the moment the hub starts to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.phase.borrow() != Phase::Running
    }

    /// Keeps the hub from counting as stopped until this is dropped.
    pub(crate) fn keep_alive(&self) -> Option<mpsc::Sender<()>> {
        self.alive.upgrade()
    }
}
