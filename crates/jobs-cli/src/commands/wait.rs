//! `wait` and `cancel`.

use jobs_ext::JobStatus;

use crate::args::jobs::{CancelArgs, WaitArgs};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::following::{to_end, verdict};
use crate::{hub, job_view};

/// Waits until a job ends.
pub(crate) async fn wait(context: &Context, args: &WaitArgs) -> Outcome {
    let client = hub::client(context, Some(args.poll))?;
    context.job.active(&args.id);
    let job = to_end(context, &mut client.resume(&args.id)).await?;
    job_view::print(&context.printer, &job)?;
    verdict(&job)
}

/// Cancels a job.
pub(crate) async fn cancel(context: &Context, args: &CancelArgs) -> Outcome {
    let client = hub::client(context, Some(args.poll))?;
    let mut job = client.cancel(&args.id).await?;
    if args.wait && !job.is_finished() {
        context.job.active(job.id());
        job = to_end(context, &mut client.resume(&args.id)).await?;
    }
    job_view::print(&context.printer, &job)?;
    match job.status() {
        status @ (JobStatus::Completed | JobStatus::Failed) => Err(Failure::work(format_args!(
            "job {} had {status} before it could be cancelled",
            job.id()
        ))),
        _ => Ok(Exit::Done),
    }
}
