//! The life of a job: created, waiting, running, over.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::control::{Control, hold};
use super::{End, Ending, Record, Work};
use crate::envelope::Outcome;
use crate::state::{HubState, Phase};

/// Time between two attempts to write the ends that are missing in the database.
const RECORD_AGAIN: Duration = Duration::from_secs(1);

/// Adds a job and starts it; see [`JobTable::create`](super::JobTable::create).
pub(crate) fn create<R: Record>(
    hub: &Arc<HubState>,
    record: &R,
    admit: impl FnOnce(usize) -> Outcome<()>,
    work: impl FnOnce(&Work<R>) -> Result<(), Ending> + Send + 'static,
) -> Outcome<()> {
    let now = hub.clock.now();
    let control = R::table(hub).create(&hub.store, now, record.clone(), admit)?;
    start(hub, record.clone(), control, work);
    Ok(())
}

/// Starts again what an earlier run of the hub left unfinished.
pub(crate) fn resume<R: Record>(
    hub: &Arc<HubState>,
    work: impl FnOnce(&Work<R>) -> Result<(), Ending> + Copy + Send + 'static,
) {
    for (record, control) in R::table(hub).unfinished() {
        start(hub, record, control, work);
    }
}

fn start<R: Record>(
    hub: &Arc<HubState>,
    record: R,
    control: watch::Receiver<Control>,
    work: impl FnOnce(&Work<R>) -> Result<(), Ending> + Send + 'static,
) {
    let alive = hub.alive.upgrade();
    let hub = Arc::clone(hub);
    hub.runtime.clone().spawn(async move {
        let id = record.id().to_owned();
        if let Err(Ending::Failed(reason)) = run(&hub, record, control, work).await {
            let fail = blocking(&hub, move |hub| {
                R::table(hub).fail(&hub.store, hub.clock.now(), &id, &reason)
            });
            // An error means that the runtime stops, which ends everything.
            let _ = fail.await;
        }
        drop::<Option<mpsc::Sender<()>>>(alive);
    });
}

async fn run<R: Record>(
    hub: &Arc<HubState>,
    record: R,
    mut control: watch::Receiver<Control>,
    work: impl FnOnce(&Work<R>) -> Result<(), Ending> + Send + 'static,
) -> Result<(), Ending> {
    let due = hold(hub, &mut control, record.due().plus(hub.job_delay)).await?;
    // Before a caller can see that the job runs: who steps the clock on seeing it steps over this moment.
    let started = hub.clock.now();
    advance(hub, &record, R::start_running).await?;
    let deadline = record.limit().map(|limit| started.plus(limit));
    let ready = due.plus(hub.job_delay);
    let until = deadline.map_or(ready, |deadline| deadline.min(ready));
    hold(hub, &mut control, until).await?;
    let (at_work, receiver) = (record.clone(), control.clone());
    blocking(hub, move |hub| {
        work(&Work {
            hub: Arc::clone(hub),
            record: at_work,
            control: receiver,
            deadline,
        })
    })
    .await??;
    // A hold during the work keeps the job from being over.
    hold(hub, &mut control, until).await?;
    let now = hub.clock.now();
    advance(hub, &record, move |record| record.end(End::Completed, now)).await
}

/// Changes a record, from a task that may not block.
async fn advance<R: Record>(
    hub: &Arc<HubState>,
    record: &R,
    change: impl FnOnce(&mut R) + Send + 'static,
) -> Result<(), Ending> {
    let id = record.id().to_owned();
    let advanced = blocking(hub, move |hub| {
        R::table(hub).advance(&hub.store, hub.clock.now(), &id, |record, _| {
            change(record);
            Ok(Some(()))
        })
    });
    advanced.await??.ok_or(Ending::Stopped)
}

/// Works on a thread that may block. A panic there is the job's failure.
async fn blocking<T: Send + 'static>(
    hub: &Arc<HubState>,
    work: impl FnOnce(&Arc<HubState>) -> T + Send + 'static,
) -> Result<T, Ending> {
    let hub = Arc::clone(hub);
    let done = tokio::task::spawn_blocking(move || work(&hub)).await;
    done.map_err(|error| {
        if error.is_panic() {
            Ending::Failed("The job failed inside the hub.".to_owned())
        } else {
            Ending::Stopped
        }
    })
}

/// Starts the task that writes the ends of jobs that the database could not take when they happened.
pub(crate) fn spawn_recorder<R: Record>(hub: &Arc<HubState>) {
    let alive = hub.alive.upgrade();
    let hub = Arc::clone(hub);
    hub.runtime.clone().spawn(async move {
        let mut phase = hub.phase.subscribe();
        loop {
            tokio::select! {
                () = R::table(&hub).unrecorded.notified() => {}
                _ = phase.wait_for(|phase| *phase != Phase::Running) => {}
            }
            let written = blocking(&hub, |hub| {
                R::table(hub).record_ends(&hub.store, hub.clock.now());
            });
            if written.await.is_err() || hub.is_stopping() {
                break;
            }
            tokio::select! {
                () = tokio::time::sleep(RECORD_AGAIN) => {}
                _ = phase.wait_for(|phase| *phase != Phase::Running) => {}
            }
        }
        drop::<Option<mpsc::Sender<()>>>(alive);
    });
}
