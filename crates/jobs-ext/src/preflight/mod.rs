//! Looking for what would go wrong, before a job is begun.

mod finding;
mod signature;

use std::time::SystemTime;

use jiff::Timestamp;

use crate::container::ContainerUri;
use crate::container::storage_auth::StorageAuth;
use crate::error::{Error, ErrorKind};
use crate::http::core::JobsClient;
use crate::job::Job;

pub use finding::{Finding, PreflightReport, Severity};

/// What to look at. The hub itself always is: reachability, credential, clock, and who holds the job slot.
///
/// ```no_run
/// # async fn example(hub: jobs_ext::JobsClient, uri: jobs_ext::ContainerUri) {
/// use jobs_ext::Preflight;
///
/// let report = hub.preflight(Preflight::new().input(&uri, "devices.txt").output(&uri)).await;
/// for finding in report.findings() {
///     println!("{finding}");
/// }
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a preflight does nothing until it is given to `preflight`"]
pub struct Preflight {
    input: Option<(ContainerUri, String)>,
    output: Option<ContainerUri>,
    storage_auth: StorageAuth,
}

impl Preflight {
    /// Looks at the hub alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at the container that an import reads from, and at its blob.
    pub fn input(mut self, container: &ContainerUri, blob: impl Into<String>) -> Self {
        self.input = Some((container.clone(), blob.into()));
        self
    }

    /// Looks at the container that an export, or the log of an import, is written to.
    pub fn output(mut self, container: &ContainerUri) -> Self {
        self.output = Some(container.clone());
        self
    }

    /// How the hub will be let into the containers.
    pub fn storage_auth(mut self, auth: StorageAuth) -> Self {
        self.storage_auth = auth;
        self
    }
}

/// Apart by this much and the hub refuses tokens.
const SKEW_REFUSED: i64 = 300;
/// Apart by this much and something is wrong with a clock.
const SKEW_ODD: i64 = 60;

impl JobsClient {
    /// Looks for what would go wrong and says how to cure it. Nothing is changed anywhere; only reads are sent.
    pub async fn preflight(&self, what: Preflight) -> PreflightReport {
        let mut report = PreflightReport::default();
        self.look_at_hub(&mut report).await;
        if let Err(error) = what.storage_auth.check(self.api_version()) {
            report.add(Finding::of_error("storage access", &error));
        }
        let now = self.core().clock.now();
        if let Some((container, blob)) = &what.input {
            self.look_at_container(&mut report, container, "input", &what.storage_auth, now);
            self.look_at_blob(&mut report, container, blob).await;
        }
        if let Some(container) = &what.output {
            self.look_at_container(&mut report, container, "output", &what.storage_auth, now);
            self.look_at_output(&mut report, container).await;
        }
        report
    }

    async fn look_at_hub(&self, report: &mut PreflightReport) {
        match self.list_with_answer().await {
            Ok((jobs, answer)) => {
                report.add(Finding::ok(
                    "hub",
                    format!("{} answers and accepts the credential", self.endpoint()),
                ));
                let date = answer
                    .header("date")
                    .and_then(crate::timestamp::parse_http_date);
                self.judge_clock(report, date);
                judge_slot(report, &jobs);
            }
            Err(error) => {
                report.add(Finding::of_hub(&self.endpoint().to_string(), &error));
                self.judge_clock(report, error.server_date());
            }
        }
    }

    fn judge_clock(&self, report: &mut PreflightReport, hub: Option<Timestamp>) {
        let (Some(hub), Ok(own)) = (hub, Timestamp::try_from(self.core().clock.now())) else {
            return;
        };
        let apart = own.as_second() - hub.as_second();
        let way = if apart > 0 { "ahead of" } else { "behind" };
        let message = format!("this machine's clock is {} s {way} the hub's", apart.abs());
        report.add(match apart.abs() {
            0..SKEW_ODD => Finding::ok("clock", "this machine's clock agrees with the hub's"),
            SKEW_ODD..SKEW_REFUSED => Finding::warning("clock", message, "set the clock by a time server"),
            _ => Finding::error(
                "clock",
                ErrorKind::Configuration,
                message,
                "set the clock by a time server: more than 5 minutes apart and the hub refuses every token",
            ),
        });
    }

    fn look_at_container(
        &self,
        report: &mut PreflightReport,
        uri: &ContainerUri,
        role: &'static str,
        auth: &StorageAuth,
        now: SystemTime,
    ) {
        let subject = format!("{role} container");
        match auth.check_container(uri, role, now) {
            Err(error) => report.add(Finding::of_error(&subject, &error)),
            Ok(()) if uri.folder().is_some() => {
                report.add(Finding::note(
                    &subject,
                    format!("{uri} is a folder, which only a local hub can use"),
                ));
            }
            Ok(()) if uri.grant().is_none() => {
                report.add(Finding::note(
                    &subject,
                    format!("{uri} is opened by the hub's identity; its role (Storage Blob Data Contributor) cannot be seen from here"),
                ));
            }
            Ok(()) => {}
        }
        if let Some(grant) = uri.grant() {
            signature::judge(report, &subject, role, uri, grant, now);
        }
    }

    #[cfg(not(feature = "blob"))]
    async fn look_at_blob(&self, report: &mut PreflightReport, _: &ContainerUri, blob: &str) {
        report.add(Finding::note(
            "input blob",
            format!("{blob} was not looked at: this build has no storage access (feature `blob`)"),
        ));
    }

    #[cfg(not(feature = "blob"))]
    async fn look_at_output(&self, _: &mut PreflightReport, _: &ContainerUri) {}

    #[cfg(feature = "blob")]
    async fn look_at_blob(&self, report: &mut PreflightReport, uri: &ContainerUri, blob: &str) {
        const SUBJECT: &str = "input blob";
        if let Some(reason) = self.closed(uri) {
            report.add(Finding::note(
                SUBJECT,
                format!("{blob} was not looked at: {reason}"),
            ));
            return;
        }
        let looked = async {
            let container = self.container(uri)?;
            Ok((container.size(blob).await?, container))
        };
        report.add(match looked.await {
            Ok((Some(0), _)) => Finding::error(
                SUBJECT,
                ErrorKind::ContainerRejected,
                format!("{blob} is empty"),
                "upload the device file again: the service refuses an empty one",
            ),
            Ok((Some(size), _)) => Finding::ok(SUBJECT, format!("{blob} is there, {size} bytes")),
            Ok((None, container)) => Finding::error(
                SUBJECT,
                ErrorKind::ContainerRejected,
                format!(
                    "there is no blob {blob} in {uri}{}",
                    present(&container).await
                ),
                "upload the device file, or give the right blob name; names are case-sensitive",
            ),
            Err(error) => Finding::of_error(SUBJECT, &error),
        });
    }

    /// Why there is no use in opening a container from here. What a job would fail of was told already, as a finding of the container;
    /// that this client has no identity of its own is nothing that a job would fail of.
    #[cfg(feature = "blob")]
    fn closed(&self, uri: &ContainerUri) -> Option<&'static str> {
        let core = self.core();
        match uri.grant() {
            _ if uri.folder().is_some() => None,
            Some(grant) if grant.is_expired(core.clock.now()) => {
                Some("its container's signature no longer opens it")
            }
            None if core.storage_tokens.is_none() => Some(
                "this client has neither a signature nor a storage credential for its container",
            ),
            _ => None,
        }
    }

    /// Asks for the log that an import leaves: whether it is there does not matter, only whether the storage lets in.
    #[cfg(feature = "blob")]
    async fn look_at_output(&self, report: &mut PreflightReport, uri: &ContainerUri) {
        const SUBJECT: &str = "output container";
        if self.closed(uri).is_some() {
            return;
        }
        let answer = match self.container(uri) {
            Ok(container) => {
                container
                    .size(crate::jobs::import::IMPORT_ERRORS_BLOB)
                    .await
            }
            Err(error) => Err(error),
        };
        report.add(match answer {
            Ok(_) => Finding::ok(SUBJECT, format!("{uri} can be reached from here")),
            Err(error) => Finding::of_error(SUBJECT, &error),
        });
    }
}

/// Some of the names that are there instead, as far as the container lets them be listed.
#[cfg(feature = "blob")]
async fn present(container: &crate::BlobContainer) -> String {
    match container.names(5).await {
        Ok(names) if names.is_empty() => "; the container is empty".to_owned(),
        Ok(names) => format!("; it has {}", names.join(", ")),
        Err(_) => String::new(),
    }
}

fn judge_slot(report: &mut PreflightReport, jobs: &[Job]) {
    report.add(match jobs.iter().find(|job| job.is_active()) {
        Some(job) => Finding::warning(
            "job slot",
            format!(
                "{}, and a hub runs one import or export at a time",
                told(job)
            ),
            "wait for it, cancel it, or ask to wait for the slot",
        ),
        None => Finding::ok("job slot", "no import or export is active"),
    });
}

/// What the hub says of a job, which may be anything, on one line.
fn told(job: &Job) -> String {
    let text = format!("{} {} is {}", job.job_type(), job.id(), job.status());
    crate::redact::clean(&text, 200)
}

impl Error {
    /// The hub's time when it refused.
    fn server_date(&self) -> Option<Timestamp> {
        self.detail().server_date
    }
}
