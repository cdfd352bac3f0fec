//! What goes on while a job is being made, told on standard error.

use std::sync::{Arc, Mutex, PoisonError};

use jobs_ext::ProgressEvent;

use crate::context::{Context, JobTracker};
use crate::printer::Printer;
use crate::progress::Progress;

/// Listens to the client: to the upload of a file, to the hub's word that it has taken the job, and to its silence while the job goes on.
pub(crate) struct Watcher {
    printer: Printer,
    job: Arc<JobTracker>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    upload: Option<Progress>,
    /// Which job was last said to hold the slot.
    holder: Option<String>,
}

impl Watcher {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            printer: context.printer.clone(),
            job: Arc::clone(&context.job),
            state: Mutex::default(),
        }
    }

    fn busy(&self, state: &mut State, holder: Option<&jobs_ext::Job>) {
        let holder = match holder {
            Some(job) => format!(
                "job {} ({}, {})",
                job.id(),
                job.job_type().as_str(),
                job.status().as_str()
            ),
            None => "another job".to_owned(),
        };
        if state.holder.as_ref() != Some(&holder) {
            self.printer.note(format_args!(
                "waiting for the hub's only slot: {holder} holds it"
            ));
            state.holder = Some(holder);
        }
    }

    /// Told once for each outage, however often the hub is asked meanwhile.
    fn silent(&self, id: &str, error: &jobs_ext::Error) {
        let kind = error.kind();
        let why = match (error.status(), error.code()) {
            (Some(status), Some(code)) => format!("{kind}, {status} {code}"),
            (Some(status), None) => format!("{kind}, {status}"),
            _ => kind.to_string(),
        };
        if self.job.silent(&why) {
            self.printer.warn(format_args!(
                "still waiting for job {id}, of which nothing is heard ({why})"
            ));
        }
    }

    fn heard(&self, id: &str) {
        if self.job.heard() {
            self.printer
                .note(format_args!("the hub tells of job {id} again"));
        }
    }
}

impl jobs_ext::Progress for Watcher {
    fn event(&self, event: &ProgressEvent<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            ProgressEvent::Uploading { bytes, total, .. } => {
                self.job.uploading();
                state
                    .upload
                    .get_or_insert_with(|| Progress::bytes(&self.printer, "uploading", *total))
                    .position(*bytes);
            }
            ProgressEvent::Creating { .. } => {
                state.upload = None;
                self.job.creating();
            }
            ProgressEvent::SlotBusy { holder, .. } => {
                self.job.preparing();
                self.busy(&mut state, *holder);
            }
            ProgressEvent::Created { job, .. } => {
                self.job.active(job.id());
                self.printer.note(format_args!(
                    "created job {} ({})",
                    job.id(),
                    job.job_type().as_str()
                ));
            }
            ProgressEvent::LookFailed { id, error, .. } => {
                self.silent(id, error);
            }
            ProgressEvent::Polled { job, .. } => {
                self.heard(job.id());
            }
            _ => {}
        }
    }
}
