//! The creation of a job: its containers are checked, then it is added and started.

use super::containers::Containers;
use super::record::{Echo, JobRecord, JobType};
use super::{Jobs, export, import};
use crate::engine;
use crate::envelope::{HubResult, ServiceError};

/// Checks the containers, takes the slot, and starts the job.
/// Returns the job as it was at its creation.
pub(crate) fn create(jobs: &Jobs, record: JobRecord, echo: Echo) -> HubResult<(JobRecord, Echo)> {
    // Before the containers, which may be slow. The slot is taken when the record is written.
    check_slot(jobs.table.active_count())?;
    let containers = Containers::check(&jobs.storage, &record, &echo)?;
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
fn check_slot(active: usize) -> HubResult<()> {
    if active == 0 {
        Ok(())
    } else {
        Err(ServiceError::job_quota())
    }
}
