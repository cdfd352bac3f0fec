//! From settings to a client, and from the client's errors to exit codes.

use jobs_ext::{
    ApiVersion, ConnectionString, ContainerUri, ContainerUriParser, Endpoint, ErrorKind, Job,
    JobsClient, JobsClientBuilder, LostCreate, StorageAuth, Timeouts,
};

use crate::args::jobs::{PollArgs, StorageAuthArg};
use crate::context::Context;
use crate::entra::{AzureCli, GivenToken};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome, root_cause};
use crate::settings::{ContainerText, Secret, SignIn};
use crate::{following, job_view};

/// Makes the client that a command works with.
pub(crate) async fn client(
    context: &Context,
    poll: Option<PollArgs>,
) -> Result<JobsClient, Failure> {
    client_of(context, poll, None).await
}

/// As [`client`], asking for `version` of the service API unless the user asked for another.
pub(crate) async fn client_of(
    context: &Context,
    poll: Option<PollArgs>,
    version: Option<&str>,
) -> Result<JobsClient, Failure> {
    let settings = context.hub_settings().await?;
    let (mut builder, origin) = signed_in(settings.sign_in)?;
    let mut named = format!("hub named by {origin}");
    let mut is_local = false;
    if let Some((endpoint, origin)) = settings.endpoint {
        match endpoint.parse::<Endpoint>() {
            Ok(endpoint) => is_local = endpoint.is_loopback(),
            Err(error) => {
                return Err(Failure::usage(format_args!(
                    "{origin}: {}",
                    error.message()
                )));
            }
        }
        builder = builder.endpoint(endpoint);
    }
    if let Some((pem, path)) = settings.ca_pem {
        builder = builder.ca_pem(pem);
        // All else has been looked at by then.
        named = format!("the CA file {}", path.display());
    }
    if let Some(version) = settings.api_version.as_deref()
        && let Err(error) = version.parse::<ApiVersion>()
    {
        return Err(Failure::usage(format_args!(
            "--api-version: {}",
            error.message()
        )));
    }
    if let Some(version) = settings.api_version.as_deref().or(version) {
        builder = builder.api_version(version);
    }
    if let Some(limit) = context.limit {
        // A try that the limit leaves no time for is not waited for: the last one's cause says more than the clock.
        builder = builder.timeouts(Timeouts::default().operation(limit));
    }
    if let Some(poll) = poll {
        builder = builder.poll(following::policy(poll));
    }
    let proxies = context.proxies();
    let proxies = if is_local {
        proxies.for_this_machine()
    } else {
        proxies
    };
    let client = proxies
        .apply(builder)?
        .user_agent(concat!("iothub-jobs/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| {
            let failure = Failure::usage(format_args!("{named}: {}", error.message()));
            failure.hint_of(&error).caused_by(&error)
        })?;
    context.talks_to(client.endpoint().clone());
    Ok(client)
}

/// A builder that knows the hub and how to sign in, and where that was said.
fn signed_in(sign_in: SignIn) -> Result<(JobsClientBuilder, String), Failure> {
    match sign_in {
        SignIn::ConnectionString { text, origin } => {
            refuse_quotes(&text, "connection string", &origin)?;
            if let Err(error) = text.expose().parse::<ConnectionString>() {
                let failure = Failure::usage(format_args!(
                    "connection string in {origin}: {}",
                    error.message()
                ));
                return Err(failure.hint_of(&error));
            }
            Ok((
                JobsClient::builder_from_connection_string(text.expose()),
                origin,
            ))
        }
        SignIn::Entra { host, token } => {
            if let Err(error) = host.parse::<Endpoint>() {
                return Err(Failure::usage(format_args!("--host: {}", error.message())));
            }
            let builder = JobsClient::builder(host);
            let builder = match token {
                Some(token) => builder.credential(GivenToken(token)),
                None => builder
                    .credential(AzureCli::for_hub())
                    .storage_credential(AzureCli::for_storage()),
            };
            Ok((builder, "--host".to_owned()))
        }
    }
}

/// Whether this program can open a container by itself, and need not leave it to the hub: it is a folder, its URI carries a signature, or
/// the client has tokens for storage.
pub(crate) fn can_open(client: &JobsClient, container: &ContainerUri) -> bool {
    container.grant().is_some()
        || container.folder().is_some()
        || client.container(container).is_ok()
}

/// Refuses a file that could not be filled after the job, because this program cannot read what the job leaves in its container.
pub(crate) fn refuse_unreadable(
    client: &JobsClient,
    container: &ContainerUri,
    option: &str,
) -> Result<(), Failure> {
    if can_open(client, container) {
        return Ok(());
    }
    Err(Failure::usage(format_args!(
        "{option} cannot be written: the container {container} cannot be read from here, for its URI carries no signature"
    ))
    .hint(format_args!(
        "leave {option} out and read the blob by other means, or let this program in: {OWN_WAY}"
    )))
}

/// How this program comes into a container that the hub enters by its identity.
pub(crate) const OWN_WAY: &str = "sign in with --auth entra and the Azure command line, or give a URI with a signature and --storage-auth sas";

/// Reads a container URI; what is wrong with it can be seen before anything is sent.
pub(crate) fn container(text: &ContainerText) -> Result<ContainerUri, Failure> {
    refuse_quotes(&text.uri, "container URI", &text.origin)?;
    let parser = text
        .http_hosts
        .iter()
        .fold(ContainerUriParser::new(), |parser, host| {
            parser.http_storage_host(host)
        });
    parser.parse(text.uri.expose()).map_err(|error| {
        Failure::usage(format_args!(
            "container URI in {}: {}",
            text.origin,
            error.message()
        ))
    })
}

/// Files of variables, as containers are started with, hand quotes on as part of the value.
fn refuse_quotes(text: &Secret, what: &str, origin: &str) -> Result<(), Failure> {
    if !text.expose().starts_with(['"', '\'']) {
        return Ok(());
    }
    Err(
        Failure::usage(format_args!("{what} in {origin}: it stands in quotes"))
            .hint("take the quotes off: they are part of the value here"),
    )
}

/// The name of a blob (`--blob`); one that storage refuses is seen before anything is sent.
pub(crate) fn blob_name(name: &str) -> Result<&str, Failure> {
    match ContainerUri::check_blob_name(name) {
        Ok(()) => Ok(name),
        Err(error) => Err(Failure::usage(format_args!(
            "--blob {name}: {}",
            error.message()
        ))),
    }
}

impl Failure {
    /// Says what to do after a create whose answer was lost: it is never sent twice by itself.
    fn of_lost_create(self, found: &LostCreate) -> Self {
        match found {
            LostCreate::Candidates(jobs) if jobs.len() == 1 => {
                jobs.iter().fold(self, |failure, job| {
                    failure.hint(format_args!("follow it: iothub-jobs wait {}", job.id()))
                })
            }
            LostCreate::Candidates(jobs) => jobs.iter().fold(self, |failure, job| {
                failure.hint(format_args!(
                    "it may be this one: iothub-jobs wait {}",
                    job.id()
                ))
            }),
            _ => self.hint("look with `iothub-jobs list` before starting it again"),
        }
    }

    /// Says how to come by the hub's only slot.
    fn slot_taken(self, holder: Option<&str>) -> Self {
        let failure = self.hint(
            "a hub runs one import or export at a time; --wait-for-slot 10m waits for its turn",
        );
        match holder {
            Some(id) => failure.hint(format_args!(
                "the slot is held by job {id}: iothub-jobs wait {id}"
            )),
            None => failure,
        }
    }

    /// Adds the client's advice, if it has any.
    pub(crate) fn hint_of(self, error: &jobs_ext::Error) -> Self {
        match error.hint() {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }
}

impl From<&jobs_ext::Error> for Failure {
    fn from(error: &jobs_ext::Error) -> Self {
        let text = error.to_string();
        let line = error
            .hint()
            .and_then(|hint| text.strip_suffix(&format!("; hint: {hint}")))
            .unwrap_or(&text);
        let failure = Self::new(exit_of(error), with_cause(line, error));
        let failure = failure.caused_by(error);
        if let Some(found) = error.lost_create() {
            return failure.hint_of(error).of_lost_create(found);
        }
        let failure = if error.kind() == ErrorKind::Transport && !is_of_storage(error) {
            failure.unreached()
        } else {
            failure
        };
        if error.code() == Some("ThrottlingMaxActiveJobCountExceeded") {
            return failure
                .hint_of(error)
                .hint("see them: iothub-jobs schedule list");
        }
        if error.kind() == ErrorKind::JobQuota {
            return failure.slot_taken(error.job().map(Job::id));
        }
        // "No such job" says all there is to say in its one line.
        if error.is_not_found() {
            failure
        } else {
            failure.hint_of(error)
        }
    }
}

impl From<jobs_ext::Error> for Failure {
    fn from(error: jobs_ext::Error) -> Self {
        Self::from(&error)
    }
}

/// The line of an error with what the system said about it, right behind the message.
fn with_cause(line: &str, error: &jobs_ext::Error) -> String {
    let Some(cause) = root_cause(error).filter(|cause| !line.contains(cause)) else {
        return line.to_owned();
    };
    let message = error.message();
    let end = line.rfind(message).map(|at| at + message.len());
    let (before, after) = line.split_at(end.filter(|_| !message.is_empty()).unwrap_or(line.len()));
    format!("{before}: {cause}{after}")
}

/// Whether it was the storage, not the hub, that was spoken to.
pub(crate) fn is_of_storage(error: &jobs_ext::Error) -> bool {
    matches!(
        error.operation(),
        Some(
            "upload blob"
                | "look at blob"
                | "read blob"
                | "download blob"
                | "list blobs"
                | "delete blob"
        )
    )
}

/// The exit code for an error. A status that the hub answered decides; without one the kind does.
fn exit_of(error: &jobs_ext::Error) -> Exit {
    match (error.kind(), error.status()) {
        (ErrorKind::JobFailed | ErrorKind::JobCancelled, _) => Exit::WorkFailed,
        (_, Some(408 | 429 | 500..)) => Exit::NotReached,
        (_, Some(400..=499)) => Exit::Refused,
        (kind, _) => exit_of_kind(kind),
    }
}

/// The exit code for a kind of error when no answer tells more.
pub(crate) fn exit_of_kind(kind: ErrorKind) -> Exit {
    match kind {
        ErrorKind::JobFailed | ErrorKind::JobCancelled | ErrorKind::UnknownOutcome => {
            Exit::WorkFailed
        }
        ErrorKind::Configuration | ErrorKind::File | ErrorKind::Credential => Exit::Usage,
        ErrorKind::NotFound
        | ErrorKind::JobQuota
        | ErrorKind::Unauthorized
        | ErrorKind::Forbidden
        | ErrorKind::ContainerRejected
        | ErrorKind::Conflict
        | ErrorKind::BadRequest => Exit::Refused,
        _ => Exit::NotReached,
    }
}

/// Whether the hub responded to a look-up and rejected it, so that its answer cannot be had.
pub(crate) fn is_denied(error: &jobs_ext::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Unauthorized
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::BadRequest
    )
}

/// How the hub signs in to storage, and the version of the API that this needs, if it is a later one than usual.
pub(crate) fn storage_auth(argument: &StorageAuthArg) -> (StorageAuth, Option<&'static str>) {
    match argument {
        StorageAuthArg::Sas => (StorageAuth::Sas, None),
        StorageAuthArg::System => (StorageAuth::SystemIdentity, None),
        StorageAuthArg::User(id) => (StorageAuth::UserIdentity(id.clone()), Some("2021-04-12")),
    }
}

/// Prints a job that nobody waits for, and says how to come back to it.
pub(crate) fn accepted(context: &Context, job: Option<&Job>) -> Outcome {
    if let Some(job) = job {
        job_view::print(&context.printer, job)?;
        context.printer.note(format_args!(
            "follow it: {}",
            context.job.wait_command(job.id())
        ));
    }
    Ok(Exit::Done)
}
