//! Following a job until it ends.

use std::time::Duration;

use futures_util::StreamExt as _;
use jobs_ext::{Job, JobPoller, JobStatus, JobsClient, PollPolicy};

use crate::args::jobs::PollArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::progress::Progress;
use crate::watcher::Watcher;

/// The first pause between two looks, unless a shorter one was asked for.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// How often to look at a job: short pauses first, growing to what was asked for; and for how long a hub that does not answer is borne.
pub(crate) fn policy(args: PollArgs) -> PollPolicy {
    let policy = PollPolicy::default().patience(args.patience.unwrap_or_default());
    match args.poll_interval {
        Some(longest) => policy.first(longest.min(FIRST_PAUSE)).cap(longest),
        None => policy,
    }
}

/// A poller of a job that is there already, whose outages are told of.
pub(crate) fn take_up(context: &Context, client: &JobsClient, id: &str) -> JobPoller {
    client.resume(id).progress(Watcher::new(context))
}

/// Waits for the end of a job, with progress, and gives its last state, whichever it is.
pub(crate) async fn to_end<T>(
    context: &Context,
    poller: &mut JobPoller<T>,
) -> Result<Job, Failure> {
    let label = format!("job {}", poller.id());
    let mut progress = Progress::job(&context.printer, &label);
    while let Some(job) = poller.next().await {
        let job = job?;
        progress.status(&label, job.status().as_str(), job.progress());
    }
    let last = poller.last().cloned();
    let job = last.ok_or_else(|| never_seen(poller.id()))?;
    context.job.ended(job.id());
    if let Some(counts) = job.statistics()
        && *job.status() == JobStatus::Completed
        && counts.devices == 0
    {
        context.printer.warn(format_args!(
            "the condition of job {} selects no device",
            job.id()
        ));
    }
    Ok(job)
}

/// A wait ended before the hub told of the job.
pub(crate) fn never_seen(id: &str) -> Failure {
    Failure::new(Exit::NotReached, format_args!("job {id} was never seen"))
}

/// What the end of a job means for a command that waited for it. A scheduled job can be completed although the work failed on its devices.
pub(crate) fn verdict(job: &Job) -> Outcome {
    let ending = match (job.status(), job.statistics()) {
        (JobStatus::Completed, Some(counts)) if counts.failed > 0 => {
            return Err(Failure::work(format_args!(
                "job {}: the work failed on {} of {} devices",
                job.id(),
                counts.failed,
                counts.devices
            )));
        }
        (JobStatus::Completed, _) => return Ok(Exit::Done),
        (JobStatus::Failed, _) => "failed".to_owned(),
        (other, _) => format!("was {other}"),
    };
    let reason = job
        .failure_reason()
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    Err(Failure::work(format_args!(
        "job {} {ending}{reason}",
        job.id()
    )))
}
