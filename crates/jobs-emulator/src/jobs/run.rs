//! The life of a job: created, enqueued, running, over.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::record::{Echo, JobRecord, JobStatus, JobType};
use super::request::{CONFIGURATIONS_BLOB, DEVICES_BLOB};
use super::work::Work;
use super::{Orders, container_refused, export, import, save};
use crate::clock::Time;
use crate::envelope::{Outcome, ServiceError};
use crate::state::HubState;
use crate::storage::{Container, StorageError};

/// Checks the containers, takes the slot, and sets the job going.
/// The answer is what the job was at its creation.
pub(crate) fn create(
    hub: &Arc<HubState>,
    record: JobRecord,
    echo: Echo,
) -> Outcome<(JobRecord, Echo)> {
    hub.jobs.check_slot()?;
    let containers = check_containers(hub, &record, &echo)?;
    let orders = hub.jobs.admit(&record)?;
    save(&hub.store, &record, hub.clock.now())?;
    let alive = hub.alive.upgrade();
    let (of_hub, of_job) = (Arc::clone(hub), record.clone());
    hub.runtime.spawn(async move {
        run(of_hub, of_job, containers, orders).await;
        drop::<Option<mpsc::Sender<()>>>(alive);
    });
    Ok((record, echo))
}

/// Both containers of a job, opened.
pub(super) struct Containers {
    pub(super) input: Option<Container>,
    pub(super) output: Container,
}

/// As the service does at creation: a probe is written to the output and
/// deleted again, and the input has to be there.
fn check_containers(hub: &HubState, record: &JobRecord, echo: &Echo) -> Outcome<Containers> {
    let refused = |error: StorageError| container_refused(error.text());
    let output = Container::open(&echo.output, &hub.runtime).map_err(refused)?;
    output.check_output().map_err(refused)?;
    let Some(uri) = echo
        .input
        .as_ref()
        .filter(|_| record.kind == JobType::Import)
    else {
        return Ok(Containers {
            input: None,
            output,
        });
    };
    let input = Container::open(uri, &hub.runtime).map_err(refused)?;
    let mut names = vec![record.input_blob.as_deref().unwrap_or(DEVICES_BLOB)];
    if record.include_configurations == Some(true) {
        names.push(
            record
                .configurations_blob
                .as_deref()
                .unwrap_or(CONFIGURATIONS_BLOB),
        );
    }
    for name in names {
        match input.size(name) {
            Ok(0) => {
                return Err(container_refused(format!(
                    "The input blob '{name}' is empty."
                )));
            }
            Ok(_) => {}
            Err(StorageError::NotFound(_)) => {
                return Err(container_refused(format!(
                    "The input blob '{name}' is missing."
                )));
            }
            Err(StorageError::Denied(text)) => {
                return Err(container_refused(format!(
                    "Unauthorized to read from input blob container. {text}"
                )));
            }
            Err(StorageError::Unreached(text)) => {
                return Err(container_refused(format!(
                    "The input blob container was not reached: {text}"
                )));
            }
            Err(StorageError::Failed(text)) => {
                return Err(container_refused(format!(
                    "The input blob '{name}' cannot be read. {text}"
                )));
            }
        }
    }
    Ok(Containers {
        input: Some(input),
        output,
    })
}

async fn run(
    hub: Arc<HubState>,
    record: JobRecord,
    containers: Containers,
    mut orders: watch::Receiver<Orders>,
) {
    // Both delays count from the creation, so that every step of the clock counts, whoever is faster.
    let until = Time::from_ticks(record.started).plus(hub.job_delay);
    let Some(enqueued_until) = linger(&hub, &mut orders, until).await else {
        return;
    };
    let until = enqueued_until.plus(hub.job_delay);
    if !matches!(
        hub.advance_job_on_thread(&record.id, |record| record.status = JobStatus::Running)
            .await,
        Ok(true)
    ) {
        return;
    }
    if linger(&hub, &mut orders, until).await.is_none() {
        return;
    }
    let (of_hub, of_job, of_orders) = (Arc::clone(&hub), record.clone(), orders.clone());
    let done = tokio::task::spawn_blocking(move || {
        let work = Work::new(of_hub, &of_job, of_orders);
        match of_job.kind {
            JobType::Import => import::run(&work, &of_job, &containers),
            JobType::Export => export::run(&work, &of_job, &containers),
        }
    })
    .await;
    let result =
        done.unwrap_or_else(|_| Err(Ending::Failed("The job failed inside the hub.".to_owned())));
    // A hold during the work keeps the job from being over.
    if result.is_ok() && linger(&hub, &mut orders, until).await.is_none() {
        return;
    }
    let now = hub.clock.now();
    let ended = hub
        .advance_job_on_thread(&record.id, move |record| match result {
            Ok(()) => {
                record.status = JobStatus::Completed;
                record.progress = 100;
                record.ended = Some(now.ticks());
            }
            Err(Ending::Failed(reason)) => {
                record.status = JobStatus::Failed;
                record.failure = Some(reason);
                record.ended = Some(now.ticks());
            }
            // Whoever stopped the job has written its record, or the next start of the hub will.
            Err(Ending::Stopped) => {}
        })
        .await;
    if let Err(error) = ended {
        tracing::error!(
            job = record.id,
            error = error.text,
            "the end of a job could not be kept"
        );
    }
}

/// Why a job's work ended early.
pub(super) enum Ending {
    /// It was cancelled, failed or forgotten from outside, or the hub stops.
    Stopped,
    Failed(String),
}

impl From<ServiceError> for Ending {
    fn from(error: ServiceError) -> Self {
        Self::Failed(error.text)
    }
}

impl From<StorageError> for Ending {
    fn from(error: StorageError) -> Self {
        Self::Failed(format!("The blob container cannot be used: {error}"))
    }
}

impl From<std::io::Error> for Ending {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(format!("The blob container cannot be used: {error}"))
    }
}

/// Waits for this moment of the hub's clock, and as long as the job is held.
/// Gives the moment from which the next wait counts: this one, or that of the
/// release when the job was held beyond it. `None` when the job is to stop.
async fn linger(hub: &HubState, orders: &mut watch::Receiver<Orders>, until: Time) -> Option<Time> {
    let mut phase = hub.phase.subscribe();
    let mut held_beyond = false;
    loop {
        let now = orders.borrow_and_update().clone();
        if now.stop || hub.is_stopping() {
            return None;
        }
        let elapsed = now.hurried || hub.clock.now() >= until;
        if elapsed && !now.held {
            return Some(if held_beyond { hub.clock.now() } else { until });
        }
        held_beyond |= elapsed;
        tokio::select! {
            changed = orders.changed() => if changed.is_err() { return None },
            () = hub.clock.sleep_until(until), if !elapsed => {}
            _ = phase.changed() => {}
        }
    }
}

impl HubState {
    /// As `advance_job`, from a task that may not block.
    async fn advance_job_on_thread(
        self: &Arc<Self>,
        id: &str,
        change: impl FnOnce(&mut JobRecord) + Send + 'static,
    ) -> Outcome<bool> {
        let (hub, id) = (Arc::clone(self), id.to_owned());
        tokio::task::spawn_blocking(move || hub.advance_job(&id, change))
            .await
            .unwrap_or_else(|_| Err(ServiceError::server("the job's record could not be kept")))
    }
}
