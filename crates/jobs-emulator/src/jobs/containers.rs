//! The containers of a job.

use super::record::{Echo, JobRecord, JobType};
use super::request::{CONFIGURATIONS_BLOB, DEVICES_BLOB};
use crate::envelope::{Flavour, HubResult, ServiceError};
use crate::storage::{Container, StorageAccess, StorageError};

/// Both containers of a job, opened.
pub(super) struct Containers {
    pub(super) input: Option<Container>,
    pub(super) output: Container,
}

impl Containers {
    /// As the service does at creation: a probe is written to the output and
    /// deleted again, and the input has to be there.
    pub(super) fn check(
        storage: &StorageAccess,
        record: &JobRecord,
        echo: &Echo,
    ) -> HubResult<Self> {
        let failed = |error: StorageError| rejected(error.text());
        let output = storage.open(&echo.output).map_err(failed)?;
        output.check_output().map_err(failed)?;
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
        let input = storage.open(uri).map_err(failed)?;
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
            let problem = match input.size(name) {
                Ok(0) => format!("The input blob '{name}' is empty."),
                Ok(_) => continue,
                Err(StorageError::NotFound(_)) => format!("The input blob '{name}' is missing."),
                Err(StorageError::Denied(text)) => {
                    format!("Unauthorized to read from input blob container. {text}")
                }
                Err(StorageError::Unreached(text)) => {
                    format!("The input blob container was not reached: {text}")
                }
                Err(StorageError::Failed(text)) => {
                    format!("The input blob '{name}' cannot be read. {text}")
                }
            };
            return Err(rejected(problem));
        }
        Ok(Containers {
            input: Some(input),
            output,
        })
    }
}

/// A container that cannot be used, in the job service's flavour.
fn rejected(text: impl Into<String>) -> ServiceError {
    ServiceError::container(text).flavoured(Flavour::Job)
}
