//! The creation of a job: its containers are checked, then it is added and started.

use super::record::{Echo, JobRecord, JobType};
use super::request::{CONFIGURATIONS_BLOB, DEVICES_BLOB};
use super::{Jobs, container_refused, export, import};
use crate::engine;
use crate::envelope::{Outcome, ServiceError};
use crate::storage::{Container, StorageAccess, StorageError};

/// Checks the containers, takes the slot, and starts the job.
/// Returns the job as it was at its creation.
pub(crate) fn create(jobs: &Jobs, record: JobRecord, echo: Echo) -> Outcome<(JobRecord, Echo)> {
    // Before the containers, which may be slow. The slot is taken when the record is written.
    check_slot(jobs.table.active_count())?;
    let containers = check_containers(&jobs.storage, &record, &echo)?;
    let quota = jobs.configuration_quota;
    engine::create(&jobs.table, &record, check_slot, move |work| {
        match work.record.kind {
            JobType::Import => import::run(work, &containers, quota),
            JobType::Export => export::run(work, &containers),
        }
    })?;
    Ok((record, echo))
}

/// A hub has one slot, whatever its tier.
fn check_slot(active: usize) -> Outcome<()> {
    if active == 0 {
        Ok(())
    } else {
        Err(ServiceError::job_quota())
    }
}

/// Both containers of a job, opened.
pub(super) struct Containers {
    pub(super) input: Option<Container>,
    pub(super) output: Container,
}

/// As the service does at creation: a probe is written to the output and
/// deleted again, and the input has to be there.
fn check_containers(
    storage: &StorageAccess,
    record: &JobRecord,
    echo: &Echo,
) -> Outcome<Containers> {
    let refused = |error: StorageError| container_refused(error.text());
    let output = storage.open(&echo.output).map_err(refused)?;
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
    let input = storage.open(uri).map_err(refused)?;
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
