//! The life of a job: created, waiting, running, over.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{Control, End, Ending, JobTable, Record, Work};
use crate::envelope::HubResult;
use crate::shutdown::Phase;

/// Time between two attempts to write the ends that are missing in the database.
const RECORD_AGAIN: Duration = Duration::from_secs(1);

/// Adds a job and starts it; see [`JobTable::create`](super::JobTable::create).
pub(crate) fn create<R: Record>(
    jobs: &Arc<JobTable<R>>,
    record: &R,
    admit: impl FnOnce(usize) -> HubResult<()>,
    work: impl FnOnce(&Work<R>) -> Result<(), Ending> + Send + 'static,
) -> HubResult<()> {
    let control = jobs.create(record.clone(), admit)?;
    start(jobs, record.clone(), control, work);
    Ok(())
}

/// Starts again what an earlier run of the hub left unfinished.
pub(crate) fn resume<R: Record>(
    jobs: &Arc<JobTable<R>>,
    work: impl FnOnce(&Work<R>) -> Result<(), Ending> + Copy + Send + 'static,
) {
    for (record, control) in jobs.unfinished() {
        start(jobs, record, control, work);
    }
}

fn start<R: Record>(
    jobs: &Arc<JobTable<R>>,
    record: R,
    control: watch::Receiver<Control>,
    work: impl FnOnce(&Work<R>) -> Result<(), Ending> + Send + 'static,
) {
    let alive = jobs.host.shutdown.keep_alive();
    let jobs = Arc::clone(jobs);
    jobs.host.runtime.clone().spawn(async move {
        let id = record.id().to_owned();
        if let Err(Ending::Failed(reason)) = run(&jobs, record, control, work).await {
            let fail = blocking(&jobs, move |jobs| jobs.fail(&id, &reason));
            // An error means that the runtime stops, which ends everything.
            let _ = fail.await;
        }
        drop(alive);
    });
}

async fn run<R: Record>(
    jobs: &Arc<JobTable<R>>,
    record: R,
    mut control: watch::Receiver<Control>,
    work: impl FnOnce(&Work<R>) -> Result<(), Ending> + Send + 'static,
) -> Result<(), Ending> {
    let host = &jobs.host;
    let due = host
        .hold(&mut control, record.due().plus(host.delay))
        .await?;
    // Before a caller can see that the job runs: who steps the clock on seeing it steps over this moment.
    let started = host.clock.now();
    advance(jobs, &record, R::start_running).await?;
    let deadline = record.limit().map(|limit| started.plus(limit));
    let ready = due.plus(host.delay);
    let until = deadline.map_or(ready, |deadline| deadline.min(ready));
    host.hold(&mut control, until).await?;
    let (at_work, receiver) = (record.clone(), control.clone());
    blocking(jobs, move |jobs| {
        work(&Work {
            jobs: Arc::clone(jobs),
            record: at_work,
            control: receiver,
            deadline,
        })
    })
    .await??;
    // A hold during the work keeps the job from being over.
    host.hold(&mut control, until).await?;
    let now = host.clock.now();
    advance(jobs, &record, move |record| record.end(End::Completed, now)).await
}

/// Changes a record, from a task that may not block.
async fn advance<R: Record>(
    jobs: &Arc<JobTable<R>>,
    record: &R,
    change: impl FnOnce(&mut R) + Send + 'static,
) -> Result<(), Ending> {
    let id = record.id().to_owned();
    let advanced = blocking(jobs, move |jobs| {
        jobs.advance(&id, |record, _| {
            change(record);
            Ok(Some(()))
        })
    });
    advanced.await??.ok_or(Ending::Stopped)
}

/// Works on a thread that may block. A panic there is the job's failure.
async fn blocking<R: Record, T: Send + 'static>(
    jobs: &Arc<JobTable<R>>,
    work: impl FnOnce(&Arc<JobTable<R>>) -> T + Send + 'static,
) -> Result<T, Ending> {
    let jobs = Arc::clone(jobs);
    let done = tokio::task::spawn_blocking(move || work(&jobs)).await;
    done.map_err(|error| {
        if error.is_panic() {
            Ending::Failed("The job failed inside the hub.".to_owned())
        } else {
            Ending::Stopped
        }
    })
}

/// Starts the task that writes the ends of jobs that the database could not take when they happened.
pub(crate) fn spawn_recorder<R: Record>(jobs: &Arc<JobTable<R>>) {
    let alive = jobs.host.shutdown.keep_alive();
    let jobs = Arc::clone(jobs);
    jobs.host.runtime.clone().spawn(async move {
        let shutdown = &jobs.host.shutdown;
        let mut phase = shutdown.subscribe();
        loop {
            tokio::select! {
                () = jobs.unrecorded.notified() => {}
                _ = phase.wait_for(|phase| *phase != Phase::Running) => {}
            }
            let written = blocking(&jobs, |jobs| jobs.record_ends());
            if written.await.is_err() || shutdown.is_stopping() {
                break;
            }
            tokio::select! {
                () = tokio::time::sleep(RECORD_AGAIN) => {}
                _ = phase.wait_for(|phase| *phase != Phase::Running) => {}
            }
        }
        drop(alive);
    });
}
