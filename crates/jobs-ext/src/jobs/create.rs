//! Creating import and export jobs: once, waiting for the slot if asked to, and finding out what became of a lost answer.

use std::sync::Arc;
use std::time::Duration;

use jobs_api::types::{JobProperties, JobType};
use serde_json::{Map, Value};

use crate::container::ContainerUri;
use crate::container::storage_auth::StorageAuth;
use crate::error::{Error, ErrorKind, LostCreate, Result};
use crate::http::core::JobsClient;
use crate::http::pipeline::Call;
use crate::http::poll::PollPolicy;
use crate::job::Job;
use crate::polling::progress::{Progress, ProgressEvent};
use crate::timestamp;

/// What every create shares, whichever kind of job it is.
#[derive(Clone, Default)]
pub(crate) struct Creation {
    pub(crate) storage_auth: StorageAuth,
    pub(crate) wait_for_slot: Option<Duration>,
    pub(crate) poll: Option<PollPolicy>,
    pub(crate) progress: Option<Arc<dyn Progress>>,
}

impl Creation {
    pub(crate) fn tell(&self, event: &ProgressEvent<'_>) {
        if let Some(progress) = &self.progress {
            progress.event(event);
        }
    }
}

impl JobsClient {
    /// Checks the containers, creates the job, and waits for the hub's slot when that was asked for.
    pub(crate) async fn create(
        &self,
        operation: &'static str,
        containers: &[(&ContainerUri, &str)],
        model: &JobProperties,
        creation: &Creation,
    ) -> Result<Job> {
        self.check_containers(containers, &creation.storage_auth)
            .map_err(|error| error.with_operation(operation, None))?;
        let clock = &self.core().clock;
        let extra = creation.storage_auth.extra();
        let poll = creation.poll.as_ref().unwrap_or(&self.core().poll);
        let started = clock.elapsed();
        let mut turns = 0;
        loop {
            let sent = clock.elapsed();
            creation.tell(&ProgressEvent::Creating {});
            let error = match self.create_once(operation, model, extra.as_ref()).await {
                Ok(job) => {
                    creation.tell(&ProgressEvent::Created { job: &job });
                    return Ok(job);
                }
                Err(error) => error,
            };
            if error.kind() != ErrorKind::JobQuota {
                let mut error = self.after_loss(error, model, sent).await;
                let is_folder = containers.iter().any(|(uri, _)| uri.folder().is_some());
                if error.kind() == ErrorKind::ContainerRejected && is_folder {
                    error.detail_mut().hint = Some(FOLDER);
                }
                return Err(error);
            }
            let error = self.with_holder(error).await;
            let waited = clock.elapsed().saturating_sub(started);
            let left = creation
                .wait_for_slot
                .map_or(Duration::ZERO, |bound| bound.saturating_sub(waited));
            if left.is_zero() {
                return Err(error);
            }
            creation.tell(&ProgressEvent::SlotBusy {
                holder: error.job(),
                waited,
            });
            tracing::info!(
                holder = error.job().map(Job::id),
                waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
                "waiting for the hub's job slot"
            );
            clock
                .sleep(poll.interval(turns, error.retry_after()).min(left))
                .await;
            turns += 1;
        }
    }

    async fn create_once(
        &self,
        operation: &'static str,
        model: &JobProperties,
        extra: Option<&Map<String, Value>>,
    ) -> Result<Job> {
        let call = Call {
            extra,
            ..Call::once(operation, None)
        };
        let (made, answer) = self
            .core()
            .call(call, |api| async move {
                api.jobs_create_import_export_job(model).await
            })
            .await?;
        let named = |job: Job| job.check_named("").map(|()| job);
        Job::from_import_export(made, answer.body().clone(), "")
            .and_then(named)
            .map_err(|error| error.of_answer(&answer).with_operation(operation, None))
    }

    /// What can be seen of the containers before the hub looks.
    pub(crate) fn check_containers(
        &self,
        containers: &[(&ContainerUri, &str)],
        auth: &StorageAuth,
    ) -> Result<()> {
        let core = self.core();
        auth.check(&core.api_version)?;
        for (uri, role) in containers {
            auth.check_container(uri, role, core.clock.now())?;
            if uri.folder().is_some() && is_service(core.endpoint.authority()) {
                return Err(Error::configuration(format!(
                    "the {role} container is a folder of a machine; only a local hub can use one"
                )));
            }
        }
        Ok(())
    }

    /// Puts the job that holds the slot into the error, as far as the hub tells.
    async fn with_holder(&self, mut error: Error) -> Error {
        error.detail_mut().job = self
            .list_import_export()
            .await
            .ok()
            .and_then(|jobs| jobs.into_iter().find(Job::is_active));
        error
    }

    /// Waits, where that was asked for, until no import or export is active, and takes the time off what the create may wait: the blob that
    /// an upload replaces may be the one that a job is working on.
    #[cfg(feature = "blob")]
    pub(crate) async fn before_upload(
        &self,
        operation: &'static str,
        creation: &mut Creation,
    ) -> Result<()> {
        let clock = &self.core().clock;
        let poll = creation.poll.as_ref().unwrap_or(&self.core().poll);
        let bound = creation.wait_for_slot.unwrap_or_default();
        let (started, mut turns) = (clock.elapsed(), 0);
        loop {
            let jobs = match self.list_import_export().await {
                Ok(jobs) => jobs,
                // A policy may allow to create jobs and not to list them; the hub then tells at the create.
                Err(error)
                    if matches!(error.kind(), ErrorKind::Unauthorized | ErrorKind::Forbidden) =>
                {
                    Vec::new()
                }
                Err(error) => return Err(error),
            };
            let waited = clock.elapsed().saturating_sub(started);
            let Some(holder) = jobs.into_iter().find(Job::is_active) else {
                creation.wait_for_slot = creation.wait_for_slot.map(|b| b.saturating_sub(waited));
                return Ok(());
            };
            if waited >= bound {
                let mut error = Error::new(ErrorKind::JobQuota, "nothing was uploaded");
                error.detail_mut().hint = Some(BUSY);
                error.detail_mut().job = Some(holder);
                return Err(error.with_operation(operation, None));
            }
            creation.tell(&ProgressEvent::SlotBusy {
                holder: Some(&holder),
                waited,
            });
            clock
                .sleep(poll.interval(turns, None).min(bound - waited))
                .await;
            turns += 1;
        }
    }

    /// Looks for the job of a create whose answer was lost. It is never sent again from here: it may have worked.
    async fn after_loss(&self, mut error: Error, model: &JobProperties, sent: Duration) -> Error {
        let lost = error.was_sent()
            && matches!(
                error.kind(),
                ErrorKind::Service | ErrorKind::Transport | ErrorKind::Timeout | ErrorKind::Decode
            );
        if !lost {
            return error;
        }
        tracing::warn!("the answer to a create was lost; looking for its job");
        let mut found = LostCreate::Unknown;
        for delay in LOOKS {
            self.core().clock.sleep(delay).await;
            match self.candidates(model, sent).await {
                Ok(jobs) if jobs.is_empty() => found = LostCreate::NotCreated,
                Ok(jobs) => {
                    found = LostCreate::Candidates(jobs);
                    break;
                }
                // What an earlier look saw is no longer sure, and a hub that is silent now has had its tries.
                Err(_) => {
                    found = LostCreate::Unknown;
                    break;
                }
            }
        }
        error.detail_mut().lost_create = Some(found);
        error
    }

    /// The listed jobs that may be the one of a create: those of its type that began since it was sent. The hub notes the beginning when
    /// it accepts a job (recorded from the service).
    async fn candidates(&self, model: &JobProperties, sent: Duration) -> Result<Vec<Job>> {
        let (mut jobs, answer) = self.list_with_answer().await?;
        let date = answer.header("date").and_then(timestamp::parse_http_date);
        let since = self.began_after(date, sent);
        jobs.retain(|job| {
            let same_type = model.type_.as_ref() == Some(job.job_type());
            let fits = match (job.started_at(), since) {
                (Some(start), Some(since)) => start.as_second() >= since,
                _ => job.is_active(),
            };
            same_type && fits
        });
        Ok(jobs)
    }

    /// The moment of sending by the hub's clock, in seconds: its `Date` now less the time gone since. Dates have no fractions, so two
    /// seconds are allowed for; without a date, the five minutes that clocks may differ.
    pub(crate) fn began_after(&self, date: Option<jiff::Timestamp>, sent: Duration) -> Option<i64> {
        let clock = &self.core().clock;
        let gone = i64::try_from(clock.elapsed().saturating_sub(sent).as_secs()).ok()?;
        match date {
            Some(date) => Some(date.as_second() - gone - 2),
            None => {
                let now = jiff::Timestamp::try_from(clock.now()).ok()?;
                Some(now.as_second() - gone - 300)
            }
        }
    }
}

/// Waits before the looks for a job whose create was not answered. The hub checks the containers before it has a job, which takes seconds.
const LOOKS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_secs(2),
    Duration::from_secs(5),
];

/// What to do when the slot is taken before an upload.
#[cfg(feature = "blob")]
const BUSY: &str = "a hub runs one import or export job at a time in every tier, and that job may be at work on the blob that the upload replaces; wait for it, cancel it, or ask to wait for the slot";

/// What a local hub wants of a folder; its answers come under the service's code, whose cure is about signatures.
const FOLDER: &str = "the folder must exist on the hub's machine, and the hub be allowed to write it; the input blob is a file in it that is not empty";

/// Whether the host is the service's own, in any of its clouds.
fn is_service(authority: &str) -> bool {
    crate::endpoint::host_of(authority)
        .to_ascii_lowercase()
        .contains(".azure-devices.")
}

/// Refuses to make an outcome of one kind out of a job of another.
pub(crate) fn check_type(job: &Job, wanted: &JobType) -> Result<()> {
    if job.import_export().is_some() && job.job_type() == wanted {
        return Ok(());
    }
    let message = format!("the job is no {wanted} but {}", job.job_type());
    Err(Error::configuration(message)
        .with_job(job.clone())
        .with_operation("wait for job", None))
}
