//! Exports of the identity registry.

use std::fmt;
use std::time::Duration;

use jobs_api::types::{JobProperties, JobType};

use crate::container::ContainerUri;
use crate::container::blob_name::check_blob_name;
use crate::container::storage_auth::StorageAuth;
use crate::error::Result;
use crate::http::core::JobsClient;
use crate::http::poll::PollPolicy;
use crate::job::Job;
use crate::jobs::create::{Creation, check_type};
use crate::polling::poller::JobPoller;
use crate::polling::progress::Progress;

/// The blob that devices are exported to and imported from, unless another is named.
pub const DEVICES_BLOB: &str = "devices.txt";
/// The blob that configurations are exported to and imported from, unless another is named.
pub const CONFIGURATIONS_BLOB: &str = "configurations.txt";

/// What to export, and where to. Keys are left out unless asked for.
///
/// ```no_run
/// # async fn example(hub: jobs_ext::JobsClient, container: jobs_ext::ContainerUri) -> Result<(), jobs_ext::Error> {
/// use jobs_ext::ExportOptions;
///
/// let done = hub.begin_export(ExportOptions::to(container).blob("fleet.txt").include_keys(true)).await?.await?;
/// println!("{} is written", done.blob());
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "options do nothing until they are given to `begin_export`"]
pub struct ExportOptions {
    pub(crate) container: ContainerUri,
    pub(crate) blob: Option<String>,
    pub(crate) include_keys: bool,
    pub(crate) configurations: Option<String>,
    pub(crate) creation: Creation,
}

impl ExportOptions {
    /// Exports to this container; the hub needs to read, write, delete and list in it.
    pub fn to(container: ContainerUri) -> Self {
        Self {
            container,
            blob: None,
            include_keys: false,
            configurations: None,
            creation: Creation::default(),
        }
    }

    /// The blob to write; `devices.txt` unless said otherwise. An existing one is replaced.
    pub fn blob(mut self, name: impl Into<String>) -> Self {
        self.blob = Some(name.into());
        self
    }

    /// Whether the devices' keys are exported too. Without them, an import of the file gives every device new keys.
    pub fn include_keys(mut self, include: bool) -> Self {
        self.include_keys = include;
        self
    }

    /// Exports the automatic device configurations too, to `configurations.txt`.
    pub fn configurations(self) -> Self {
        self.configurations_to(CONFIGURATIONS_BLOB)
    }

    /// Exports the automatic device configurations too, to this blob.
    pub fn configurations_to(mut self, name: impl Into<String>) -> Self {
        self.configurations = Some(name.into());
        self
    }

    /// How the hub is let into the container.
    pub fn storage_auth(mut self, auth: StorageAuth) -> Self {
        self.creation.storage_auth = auth;
        self
    }

    /// Waits up to this long for another import or export to end: a hub runs one at a time.
    pub fn wait_for_slot(mut self, bound: Duration) -> Self {
        self.creation.wait_for_slot = Some(bound);
        self
    }

    /// Waits for the job by another policy than the client's.
    pub fn poll(mut self, policy: PollPolicy) -> Self {
        self.creation.poll = Some(policy);
        self
    }

    /// Tells what goes on.
    pub fn progress(mut self, progress: impl Progress) -> Self {
        self.creation.progress = Some(std::sync::Arc::new(progress));
        self
    }

    fn model(&self) -> JobProperties {
        let mut model = JobProperties::default();
        model.type_ = Some(JobType::Export);
        model.output_blob_container_uri = Some(self.container.expose().into());
        model.output_blob_name.clone_from(&self.blob);
        model.exclude_keys_in_export = Some(!self.include_keys);
        model.storage_authentication_type = self.creation.storage_auth.wire();
        if let Some(name) = &self.configurations {
            model.include_configurations = Some(true);
            model.configurations_blob_name =
                Some(name.clone()).filter(|n| n != CONFIGURATIONS_BLOB);
        }
        model
    }

    fn check(&self, client: &JobsClient) -> Result<()> {
        if let Some(name) = &self.blob {
            check_blob_name(name, "output")?;
        }
        if let Some(name) = &self.configurations {
            check_blob_name(name, "configurations")?;
            check_configurations(client)?;
        }
        Ok(())
    }
}

/// Older versions ignore the member in silence, and the configurations would be missing without a word.
pub(crate) fn check_configurations(client: &JobsClient) -> Result<()> {
    let version = client.api_version();
    if version.has("2020-05-31") {
        return Ok(());
    }
    Err(crate::Error::configuration(format!(
        "configurations need api-version 2020-05-31-preview or later, not {version}"
    )))
}

impl fmt::Debug for ExportOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportOptions")
            .field("container", &self.container)
            .field("blob", &self.blob)
            .field("include_keys", &self.include_keys)
            .field("configurations", &self.configurations)
            .field("storage_auth", &self.creation.storage_auth)
            .finish_non_exhaustive()
    }
}

/// A completed export: the job, and where its blobs are.
#[derive(Debug, Clone)]
pub struct ExportOutcome {
    #[cfg_attr(not(feature = "blob"), expect(dead_code, reason = "reads the blobs"))]
    pub(crate) client: JobsClient,
    pub(crate) job: Job,
    container: ContainerUri,
    /// When this client created the job, by its clock for intervals; none when it was created elsewhere.
    #[cfg_attr(
        not(feature = "blob"),
        expect(dead_code, reason = "compared with the times of blobs")
    )]
    pub(crate) created: Option<Duration>,
    blob: String,
    /// The name of the blob is the default, and the job may have written another.
    #[cfg_attr(
        not(feature = "blob"),
        expect(dead_code, reason = "decides whether the blob is checked")
    )]
    pub(crate) guessed: bool,
    configurations: Option<String>,
}

impl ExportOutcome {
    /// The job as it ended.
    #[must_use]
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The container with the blobs.
    #[must_use]
    pub fn container(&self) -> &ContainerUri {
        &self.container
    }

    /// The blob with the devices.
    #[must_use]
    pub fn blob(&self) -> &str {
        &self.blob
    }

    /// The blob with the configurations, when they were exported.
    #[must_use]
    pub fn configurations_blob(&self) -> Option<&str> {
        self.configurations.as_deref()
    }
}

impl JobsClient {
    /// Begins an export and gives the poller that waits for it.
    ///
    /// # Errors
    /// Configuration, before anything is sent, for what the service would refuse; [`JobQuota`](crate::ErrorKind::JobQuota) when another
    /// import or export is active; [`ContainerRejected`](crate::ErrorKind::ContainerRejected); else as the hub refuses. When the answer was
    /// lost, [`Error::lost_create`](crate::Error::lost_create) says what a look at the jobs found.
    pub async fn begin_export(&self, options: ExportOptions) -> Result<JobPoller<ExportOutcome>> {
        const OPERATION: &str = "create export job";
        options
            .check(self)
            .map_err(|error| error.with_operation(OPERATION, None))?;
        let job = self
            .create(
                OPERATION,
                &[(&options.container, "output")],
                &options.model(),
                &options.creation,
            )
            .await?;
        let created = Some(self.core().clock.elapsed());
        Ok(self.export_poller(JobPoller::begun(self.clone(), job), options, created))
    }

    /// Takes up an export that was begun elsewhere; the options are those that it was begun with. A job of another type is told as
    /// [`Configuration`](crate::ErrorKind::Configuration) once it has completed. Without the blob's name in the options, `devices.txt`
    /// counts only when it was written while the job ran.
    pub fn resume_export(
        &self,
        id: impl Into<String>,
        options: ExportOptions,
    ) -> JobPoller<ExportOutcome> {
        self.export_poller(self.resume(id), options, None)
    }

    fn export_poller(
        &self,
        poller: JobPoller,
        options: ExportOptions,
        created: Option<Duration>,
    ) -> JobPoller<ExportOutcome> {
        let client = self.clone();
        let ExportOptions {
            container,
            blob,
            configurations,
            creation,
            ..
        } = options;
        // The hub does not report which blob a job wrote that was created elsewhere.
        let guessed = created.is_none() && blob.is_none();
        let blob = blob.unwrap_or_else(|| DEVICES_BLOB.to_owned());
        let poller = poller.shared_progress(creation.progress);
        let poller = match creation.poll {
            Some(policy) => poller.policy(policy),
            None => poller,
        };
        poller.map(move |job| {
            check_type(&job, &JobType::Export)?;
            Ok(ExportOutcome {
                client: client.clone(),
                job,
                container: container.clone(),
                created,
                guessed,
                blob: blob.clone(),
                configurations: configurations.clone(),
            })
        })
    }
}
