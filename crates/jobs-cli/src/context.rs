//! What every command is handed: settings, streams, and the job that must be named whatever happens.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use jobs_ext::Endpoint;

use crate::args::hub::HubArgs;
use crate::args::jobs::ContainerArgs;
use crate::duration;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::outfile;
use crate::printer::Printer;
use crate::proxy::Proxies;
use crate::settings::{self, ContainerText, HubSettings, Stdin};
use crate::supervisor::Stop;

/// Shared by the parts of one command.
pub(crate) struct Context {
    hub: HubArgs,
    environment: Environment,
    /// What `--timeout` allows the whole command.
    pub(crate) limit: Option<Duration>,
    pub(crate) printer: Printer,
    pub(crate) stdin: Stdin,
    pub(crate) job: Arc<JobTracker>,
    /// Says when a signal or the time limit ends the command.
    pub(crate) stop: Stop,
    /// Where requests go.
    endpoint: OnceLock<Endpoint>,
}

impl Context {
    pub(crate) fn new(
        hub: HubArgs,
        environment: Environment,
        limit: Option<Duration>,
        printer: Printer,
    ) -> Self {
        Self {
            hub,
            environment,
            limit,
            printer,
            stdin: Stdin::default(),
            job: Arc::default(),
            stop: Stop::default(),
            endpoint: OnceLock::new(),
        }
    }

    /// How to reach the hub.
    pub(crate) async fn hub_settings(&self) -> Result<HubSettings, Failure> {
        settings::hub(&self.hub, &self.environment, &self.stdin).await
    }

    /// The proxies that requests go through.
    pub(crate) fn proxies(&self) -> Proxies {
        self.environment
            .proxies
            .with_option(self.hub.proxy.as_ref())
    }

    /// Hosts besides loopback whose storage may be used over plain http.
    pub(crate) fn http_storage_hosts(&self) -> &[String] {
        &self.hub.http_storage_host
    }

    /// Remembers where requests go, for failures to say.
    pub(crate) fn talks_to(&self, endpoint: Endpoint) {
        // A command that makes two clients makes them for the same hub.
        let _ = self.endpoint.set(endpoint);
    }

    /// Adds to a failure what the reader needs in any case: the job, and where the hub was looked for.
    pub(crate) fn complete(&self, failure: Failure) -> Failure {
        let failure = self.job.name_in(failure);
        match self.endpoint.get() {
            Some(endpoint) if failure.is_unreached() => {
                let failure = failure.hint(format_args!("looked for the hub at {endpoint}"));
                match self.proxies().in_use(endpoint) {
                    Some(proxy) => failure.hint(proxy),
                    None => failure,
                }
            }
            _ => failure,
        }
    }

    /// Rejects a target that would replace a file which the command reads: one of `inputs`, or one that leads to the hub or to the container.
    pub(crate) fn refuse_inputs(
        &self,
        container: &ContainerArgs,
        inputs: &[(&str, Option<&Path>)],
        target: (&str, Option<&Path>),
    ) -> Result<(), Failure> {
        let hub = &self.hub;
        let common = [
            (
                "--connection-string-file",
                hub.connection_string_file.as_deref(),
            ),
            ("--ca-file", hub.ca_file.as_deref()),
            ("--container-file", container.container_file.as_deref()),
        ];
        // `-` among the inputs is standard input, and not the target.
        let files = inputs.iter().chain(&common);
        files
            .filter(|(_, path)| *path != Some(Path::new("-")))
            .try_for_each(|input| outfile::refuse_same(&[*input, target]))
    }

    /// The container of a job.
    pub(crate) async fn container(&self, args: &ContainerArgs) -> Result<ContainerText, Failure> {
        let mut container = settings::container(args, &self.environment, &self.stdin).await?;
        container.http_hosts = self.http_storage_hosts().to_vec();
        self.warn_if_cut(&container);
        Ok(container)
    }

    /// The container if one is named at all.
    pub(crate) async fn container_if_named(
        &self,
        args: &ContainerArgs,
    ) -> Result<Option<ContainerText>, Failure> {
        if args.is_named() || self.environment.container_uri.is_some() {
            return self.container(args).await.map(Some);
        }
        Ok(None)
    }

    /// The container for an import's error log, if it is another one.
    pub(crate) async fn output_container(
        &self,
        uri: Option<&str>,
        file: Option<&std::path::PathBuf>,
    ) -> Result<Option<ContainerText>, Failure> {
        let mut container =
            settings::output_container(uri, file, &self.environment, &self.stdin).await?;
        if let Some(container) = &mut container {
            container.http_hosts = self.http_storage_hosts().to_vec();
            self.warn_if_cut(container);
        }
        Ok(container)
    }

    fn warn_if_cut(&self, container: &ContainerText) {
        if container.looks_cut() {
            self.printer.warn(format_args!(
                "the container URI in {} has a query but no signature (sig=); was it cut at `&` by a shell?",
                container.origin
            ));
            self.printer.hint(
                "quote the URI, or better keep it out of the arguments with --container-file",
            );
        }
    }
}

/// Remembers the job that this process made or follows, so that every ending can name it.
#[derive(Debug, Default)]
pub(crate) struct JobTracker {
    state: Mutex<State>,
    /// Whether a hub has shown the job, and it is not only asked for.
    is_shown: AtomicBool,
    /// Why the hub does not tell of it at present.
    silence: Mutex<Option<String>>,
    /// Options that `wait` needs to finish the job as this command would.
    wait_options: OnceLock<WaitOptions>,
}

/// Options of `wait`.
#[derive(Debug)]
pub(crate) struct WaitOptions {
    pub(crate) text: String,
    /// Whether they make `wait` delete the blob that this command uploaded.
    pub(crate) with_upload: bool,
}

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    None,
    /// A change waits for the answer to a question.
    Asking,
    /// One is going to be made; nothing of it is at the hub yet.
    Preparing,
    /// Its file is on its way to the container.
    Uploading,
    /// A create is on its way; whether the hub has accepted it is not known.
    Creating,
    /// The hub has accepted it.
    Active(String),
    /// It has ended.
    Ended(String),
    /// Its hub is a part of this process, and ends with it.
    Inside,
}

impl JobTracker {
    /// A question is open: nothing has been sent.
    pub(crate) fn asking(&self) {
        self.set(State::Asking);
    }

    /// A job is going to be made: a file may go up first, or the hub's slot be waited for.
    pub(crate) fn preparing(&self) {
        self.set(State::Preparing);
    }

    /// The file of the job goes up.
    pub(crate) fn uploading(&self) {
        self.set(State::Uploading);
    }

    /// A create is about to be sent.
    pub(crate) fn creating(&self) {
        self.set(State::Creating);
    }

    /// The create failed: there is no job, unless its answer was lost on the way.
    pub(crate) fn not_created(&self, error: &jobs_ext::Error) {
        if error.lost_create().is_none() {
            self.set(State::None);
        }
    }

    /// Sets the options that `wait` needs to finish the job as this command would, for the hints that name it.
    pub(crate) fn wait_needs(&self, options: WaitOptions) {
        // A command makes one job.
        let _ = self.wait_options.set(options);
    }

    /// The command that takes up the wait for a job.
    pub(crate) fn wait_command(&self, id: &str) -> String {
        match self.wait_options.get() {
            Some(options) if !options.text.is_empty() => {
                format!("iothub-jobs wait {id} {}", options.text)
            }
            _ => format!("iothub-jobs wait {id}"),
        }
    }

    /// Whether a blob was uploaded for the job that `wait` deletes.
    fn has_upload(&self) -> bool {
        self.wait_options
            .get()
            .is_some_and(|options| options.with_upload)
    }

    /// Whether no job reads its blobs any more: it has ended, or it was never created.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.get(), State::None | State::Ended(_))
    }

    /// The job exists and is being followed.
    pub(crate) fn active(&self, id: &str) {
        self.is_shown.store(true, Ordering::Relaxed);
        self.set(State::Active(id.to_owned()));
    }

    /// The job is asked for by its id; whether there is one is not known yet.
    pub(crate) fn asked_for(&self, id: &str) {
        self.set(State::Active(id.to_owned()));
    }

    /// The hub is a part of this process: of its jobs nothing is left to be named.
    pub(crate) fn inside(&self) {
        self.set(State::Inside);
    }

    /// The hub does not tell of the job at present. Whether it did until now.
    pub(crate) fn silent(&self, why: &str) -> bool {
        self.silence().replace(why.to_owned()).is_none()
    }

    /// The hub told of the job. Whether it did not before.
    pub(crate) fn heard(&self) -> bool {
        self.is_shown.store(true, Ordering::Relaxed);
        self.silence().take().is_some()
    }

    fn silence(&self) -> MutexGuard<'_, Option<String>> {
        self.silence.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The job has ended.
    pub(crate) fn ended(&self, id: &str) {
        self.set(State::Ended(id.to_owned()));
    }

    /// The command was stopped by a signal.
    pub(crate) fn interrupted(&self) -> Failure {
        self.stopped(Exit::Interrupted, "interrupted")
    }

    /// The command took longer than it was given.
    pub(crate) fn timed_out(&self, limit: Duration) -> Failure {
        let failure = self.stopped(
            Exit::NotReached,
            &format!("timed out after {}", duration::format(limit)),
        );
        match self.get() {
            State::None => failure.unreached(),
            // An upload may have taken the time, or the hub has answered for the job.
            _ => failure,
        }
    }

    fn stopped(&self, exit: Exit, what: &str) -> Failure {
        match self.get() {
            State::None | State::Inside => Failure::new(exit, what),
            State::Asking => Failure::new(
                exit,
                format_args!("{what} before the question was answered; nothing was changed"),
            ),
            State::Preparing => Failure::new(exit, format_args!("{what}; no job was created")),
            State::Uploading => Failure::new(
                exit,
                format_args!("{what} during the upload; no job was created"),
            ),
            State::Creating => {
                let failure =
                    Failure::new(exit, format_args!("{what}; a job may have been created"))
                        .hint("see whether it was: iothub-jobs list");
                match self.wait_options.get() {
                    Some(_) => {
                        failure.hint(format_args!("then finish it: {}", self.wait_command("ID")))
                    }
                    None => failure,
                }
            }
            State::Active(id) => {
                let stands = match self.silence().as_deref() {
                    None => format!("job {id} goes on at the hub"),
                    Some(why) => {
                        format!("job {id} may go on at the hub, of which nothing is heard ({why})")
                    }
                };
                Failure::new(exit, format_args!("{what}; {stands}"))
                    .hint(format_args!("follow it: {}", self.wait_command(&id)))
                    .hint(format_args!("stop it: iothub-jobs cancel {id}"))
            }
            State::Ended(id) => {
                let failure = Failure::new(exit, format_args!("{what}; job {id} had ended"))
                    .hint(format_args!("see it: iothub-jobs get {id}"));
                match self.wait_options.get() {
                    Some(options) => failure.hint(format_args!(
                        "read its result{}: {}",
                        if options.with_upload {
                            " and delete the uploaded blob"
                        } else {
                            ""
                        },
                        self.wait_command(&id)
                    )),
                    None => failure,
                }
            }
        }
    }

    /// Adds the job to a failure that does not name it, and the way back to one that was not followed to its end.
    pub(crate) fn name_in(&self, failure: Failure) -> Failure {
        match self.get() {
            State::Creating if self.has_upload() => failure.hint(format_args!(
                "the uploaded blob stays for the job that may have been created; finish it: {}",
                self.wait_command("ID")
            )),
            State::Active(id) if !failure.names(&id) => failure.hint(format_args!(
                "job {id} was created and may go on; follow it: {}",
                self.wait_command(&id)
            )),
            // A hub that has shown the job before and now rejects to do so may still run it.
            State::Active(id)
                if failure.exit() == Exit::NotReached
                    || failure.exit() == Exit::Refused && self.is_shown.load(Ordering::Relaxed) =>
            {
                failure.hint_once(&format!("follow it: {}", self.wait_command(&id)))
            }
            State::Ended(id) if !failure.names(&id) => failure.hint(format_args!(
                "job {id} has ended; see it: iothub-jobs get {id}"
            )),
            _ => failure,
        }
    }

    fn get(&self) -> State {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, state: State) {
        let mut held = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*held, State::Inside) {
            *held = state;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_names_the_job_exactly_once() {
        let job = JobTracker::default();
        assert!(job.name_in(Failure::work("disk full")).hints().is_empty());
        job.active("j-1");
        let failure = job.name_in(Failure::work("disk full"));
        assert!(
            failure.hints()[0].contains("iothub-jobs wait j-1"),
            "{failure:?}"
        );
        assert!(
            job.name_in(Failure::work("job j-1 failed"))
                .hints()
                .is_empty()
        );
        let interrupted = job.name_in(job.interrupted());
        assert_eq!(interrupted.exit(), Exit::Interrupted);
        assert_eq!(
            interrupted.message(),
            "interrupted; job j-1 goes on at the hub"
        );
        assert_eq!(interrupted.hints().len(), 2);
    }

    #[test]
    fn a_job_that_was_given_up_is_named_with_the_way_back() {
        let job = JobTracker::default();
        job.active("j-1");
        let given_up = || Failure::new(Exit::NotReached, "get job j-1: the service failed");
        let hints = ["follow it: iothub-jobs wait j-1"];
        assert_eq!(job.name_in(given_up()).hints(), hints);
        let told = job.name_in(job.name_in(given_up()));
        assert_eq!(told.hints(), hints);
        let refused = Failure::new(Exit::Refused, "get job j-1: not found");
        assert_eq!(job.name_in(refused).hints(), hints);
        let asked = JobTracker::default();
        asked.asked_for("j-1");
        let refused = Failure::new(Exit::Refused, "get job j-1: not found");
        assert!(asked.name_in(refused).hints().is_empty());
    }

    #[test]
    fn a_job_of_a_hub_in_this_process_is_not_spoken_of() {
        let job = JobTracker::default();
        job.inside();
        job.active("j-1");
        assert_eq!(job.interrupted().message(), "interrupted");
        assert!(job.interrupted().hints().is_empty());
    }

    #[test]
    fn before_a_create_is_sent_no_job_is_spoken_of_as_possible() {
        let job = JobTracker::default();
        job.preparing();
        assert_eq!(
            job.interrupted().message(),
            "interrupted; no job was created"
        );
        assert!(job.interrupted().hints().is_empty());
    }

    #[test]
    fn an_unanswered_create_is_admitted() {
        let job = JobTracker::default();
        job.creating();
        let failure = job.timed_out(Duration::from_secs(90));
        assert_eq!(
            failure.message(),
            "timed out after 1m30s; a job may have been created"
        );
        assert_eq!(failure.exit(), Exit::NotReached);
    }
}
