//! Imports into the identity registry.

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
use crate::jobs::export::{CONFIGURATIONS_BLOB, DEVICES_BLOB, check_configurations};
use crate::polling::poller::JobPoller;
use crate::polling::progress::Progress;

/// The create, as errors and traces name it.
pub(crate) const OPERATION: &str = "create import job";

/// The log of rejected devices in the output container.
pub const IMPORT_ERRORS_BLOB: &str = "importErrors.log";
/// The log of rejected configurations in the output container.
pub const CONFIG_ERRORS_BLOB: &str = "importConfigErrors.log";

/// What to import, and from where.
///
/// ```no_run
/// # async fn example(hub: jobs_ext::JobsClient, container: jobs_ext::ContainerUri) -> Result<(), jobs_ext::Error> {
/// use std::time::Duration;
/// use jobs_ext::ImportOptions;
///
/// let options = ImportOptions::from(container).wait_for_slot(Duration::from_secs(600));
/// let outcome = hub.begin_import(options).await?.await?;
/// println!("ended {:?}", outcome.job().ended_at());
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "options do nothing until they are given to `begin_import`"]
pub struct ImportOptions {
    pub(crate) input: ContainerUri,
    pub(crate) output: Option<ContainerUri>,
    pub(crate) blob: Option<String>,
    pub(crate) configurations: Option<String>,
    pub(crate) creation: Creation,
}

impl ImportOptions {
    /// Imports from this container, which the hub needs to read, and logs rejected rows into the same one, which it then needs to write,
    /// delete and list as well.
    pub fn from(container: ContainerUri) -> Self {
        Self {
            input: container,
            output: None,
            blob: None,
            configurations: None,
            creation: Creation::default(),
        }
    }

    /// Logs rejected rows into another container than the input.
    pub fn output(mut self, container: ContainerUri) -> Self {
        self.output = Some(container);
        self
    }

    /// The blob to read; `devices.txt` unless said otherwise.
    pub fn blob(mut self, name: impl Into<String>) -> Self {
        self.blob = Some(name.into());
        self
    }

    /// Names a blob that no other upload uses, `import-<UTC time>-<random>.txt`, unless a blob was named.
    /// [`begin_import_file`](JobsClient::begin_import_file) and [`begin_import_rows`](JobsClient::begin_import_rows) do this themselves,
    /// because `devices.txt` is the name of the last export; call it first where the name has to be known.
    pub fn unique_blob(mut self) -> Self {
        self.blob.get_or_insert_with(|| {
            let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
            format!("import-{now}-{:08x}.txt", fastrand::u32(..))
        });
        self
    }

    /// Whether a blob has a name that [`unique_blob`](Self::unique_blob) makes, so that it was uploaded for one import.
    #[must_use]
    pub fn is_unique_blob(name: &str) -> bool {
        let parts = name
            .strip_prefix("import-")
            .and_then(|rest| rest.strip_suffix(".txt"))
            .and_then(|rest| rest.split_once('-'));
        parts.is_some_and(|(time, random)| {
            let is_time = time.len() == 16
                && time.bytes().enumerate().all(|(at, byte)| match at {
                    8 => byte == b'T',
                    15 => byte == b'Z',
                    _ => byte.is_ascii_digit(),
                });
            is_time && random.len() == 8 && random.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    }

    /// Imports automatic device configurations too, from `configurations.txt`.
    pub fn configurations(self) -> Self {
        self.configurations_from(CONFIGURATIONS_BLOB)
    }

    /// Imports automatic device configurations too, from this blob.
    pub fn configurations_from(mut self, name: impl Into<String>) -> Self {
        self.configurations = Some(name.into());
        self
    }

    /// How the hub is let into the containers.
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

    /// The container that is read from.
    #[must_use]
    pub fn input_container(&self) -> &ContainerUri {
        &self.input
    }

    /// The container that the log is written to.
    #[must_use]
    pub fn output_container(&self) -> &ContainerUri {
        self.output.as_ref().unwrap_or(&self.input)
    }

    /// The blob that will be read.
    #[must_use]
    pub fn blob_name(&self) -> &str {
        self.blob.as_deref().unwrap_or(DEVICES_BLOB)
    }

    fn model(&self) -> JobProperties {
        let mut model = JobProperties::default();
        model.type_ = Some(JobType::Import);
        model.input_blob_container_uri = Some(self.input.expose().into());
        model.input_blob_name.clone_from(&self.blob);
        model.output_blob_container_uri = Some(self.output_container().expose().into());
        model.storage_authentication_type = self.creation.storage_auth.wire();
        if let Some(name) = &self.configurations {
            model.include_configurations = Some(true);
            model.configurations_blob_name =
                Some(name.clone()).filter(|n| n != CONFIGURATIONS_BLOB);
        }
        model
    }

    /// The containers and what each is for.
    fn containers(&self) -> Vec<(&ContainerUri, &'static str)> {
        let mut containers = vec![(&self.input, "input")];
        containers.extend(self.output.as_ref().map(|output| (output, "output")));
        containers
    }

    pub(crate) fn check(&self, client: &JobsClient) -> Result<()> {
        check_blob_name(self.blob_name(), "input")?;
        if let Some(name) = &self.configurations {
            check_blob_name(name, "configurations")?;
            check_configurations(client)?;
        }
        Ok(())
    }
}

impl fmt::Debug for ImportOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportOptions")
            .field("input", &self.input)
            .field("output", &self.output)
            .field("blob", &self.blob)
            .field("configurations", &self.configurations)
            .field("storage_auth", &self.creation.storage_auth)
            .finish_non_exhaustive()
    }
}

/// A completed import: the job, and where its logs are. Completed does not mean that every row was accepted.
#[derive(Debug, Clone)]
pub struct ImportOutcome {
    #[cfg_attr(not(feature = "blob"), expect(dead_code, reason = "reads the logs"))]
    pub(crate) client: JobsClient,
    pub(crate) job: Job,
    container: ContainerUri,
    /// When this client created the job, by its clock for intervals; none when it was created elsewhere.
    #[cfg_attr(
        not(feature = "blob"),
        expect(dead_code, reason = "compared with the times of blobs")
    )]
    pub(crate) created: Option<Duration>,
    /// Configurations were imported too, so that there is a log about them.
    #[cfg_attr(
        not(feature = "blob"),
        expect(dead_code, reason = "decides whether there is a log to read")
    )]
    pub(crate) with_configurations: bool,
}

impl ImportOutcome {
    /// The job as it ended.
    #[must_use]
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The container with the logs `importErrors.log` and `importConfigErrors.log`.
    #[must_use]
    pub fn container(&self) -> &ContainerUri {
        &self.container
    }
}

impl JobsClient {
    /// Begins an import of a blob that is in its container already, and gives the poller that waits for it.
    ///
    /// # Errors
    /// As [`begin_export`](Self::begin_export).
    pub async fn begin_import(&self, options: ImportOptions) -> Result<JobPoller<ImportOutcome>> {
        options
            .check(self)
            .map_err(|error| error.with_operation(OPERATION, None))?;
        let job = self
            .create(
                OPERATION,
                &options.containers(),
                &options.model(),
                &options.creation,
            )
            .await?;
        let created = Some(self.core().clock.elapsed());
        Ok(self.import_poller(JobPoller::begun(self.clone(), job), options, created))
    }

    /// Checks an import as [`begin_import`](Self::begin_import) does, and sends nothing.
    ///
    /// # Errors
    /// Configuration: the hub would reject the job, for example for a blob's name or a container URI without a signature.
    pub fn check_import(&self, options: &ImportOptions) -> Result<()> {
        options
            .check(self)
            .and_then(|()| {
                self.check_containers(&options.containers(), &options.creation.storage_auth)
            })
            .map_err(|error| error.with_operation(OPERATION, None))
    }

    /// Takes up an import that was begun elsewhere; the options are those that it was begun with. A job of another type is told as
    /// [`Configuration`](crate::ErrorKind::Configuration) once it has completed.
    pub fn resume_import(
        &self,
        id: impl Into<String>,
        options: ImportOptions,
    ) -> JobPoller<ImportOutcome> {
        self.import_poller(self.resume(id), options, None)
    }

    fn import_poller(
        &self,
        poller: JobPoller,
        options: ImportOptions,
        created: Option<Duration>,
    ) -> JobPoller<ImportOutcome> {
        let client = self.clone();
        let container = options.output_container().clone();
        let configurations = options.configurations.is_some();
        let poller = poller.shared_progress(options.creation.progress);
        let poller = match options.creation.poll {
            Some(policy) => poller.policy(policy),
            None => poller,
        };
        poller.map(move |job| {
            check_type(&job, &JobType::Import)?;
            let reported = job
                .import_export()
                .and_then(|model| model.include_configurations);
            Ok(ImportOutcome {
                with_configurations: configurations || reported == Some(true),
                client: client.clone(),
                job,
                container: container.clone(),
                created,
            })
        })
    }
}
