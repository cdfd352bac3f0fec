//! What the work of a job has in common: it can be stopped, held, and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use super::Orders;
use super::record::JobRecord;
use super::run::Ending;
use crate::state::{HubState, Phase};

/// A job at work, on a thread that may block.
pub(super) struct Work {
    pub(super) hub: Arc<HubState>,
    id: String,
    orders: watch::Receiver<Orders>,
    rows: AtomicU64,
}

impl Work {
    pub(super) fn new(
        hub: Arc<HubState>,
        record: &JobRecord,
        orders: watch::Receiver<Orders>,
    ) -> Self {
        Self {
            hub,
            id: record.id.clone(),
            orders,
            rows: AtomicU64::new(0),
        }
    }

    /// To be called between batches: ends the work when the job is over, waits while it is held.
    pub(super) fn check(&self) -> Result<(), Ending> {
        let (stop, held) = {
            let orders = self.orders.borrow();
            (orders.stop, orders.held)
        };
        if stop || self.hub.is_stopping() {
            return Err(Ending::Stopped);
        }
        if !held {
            return Ok(());
        }
        let mut orders = self.orders.clone();
        let mut phase = self.hub.phase.subscribe();
        self.hub.runtime.block_on(async {
            tokio::select! {
                _ = orders.wait_for(|orders| orders.stop || !orders.held) => {}
                _ = phase.wait_for(|phase| *phase != Phase::Running) => {}
            }
        });
        let stop = self.orders.borrow().stop;
        if stop || self.hub.is_stopping() {
            Err(Ending::Stopped)
        } else {
            Ok(())
        }
    }

    /// Whether the job is over. Asked within a transaction, so that a job that was ended writes nothing after it.
    pub(super) fn is_over(&self) -> bool {
        self.orders.borrow().stop
    }

    /// Counts rows done.
    pub(super) fn count(&self, rows: u64) {
        let total = self.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        self.hub.jobs.note_rows(&self.id, total);
    }
}
