//! `cancel` and `schedule cancel`.

use jobs_ext::{Job, JobStatus, JobsClient};

use crate::args::jobs::CancelArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::following::{take_up, to_end};
use crate::{hub, job_view};

/// Cancels a job of either kind.
pub(crate) async fn cancel(context: &Context, args: &CancelArgs) -> Outcome {
    let client = hub::client(context, Some(args.poll)).await?;
    let job = client.cancel(&args.id).await?;
    cancelled(context, &client, args, job).await
}

/// Cancels a scheduled job, and leaves imports and exports alone.
pub(crate) async fn cancel_scheduled(context: &Context, args: &CancelArgs) -> Outcome {
    let client = hub::client(context, Some(args.poll)).await?;
    let job = client.cancel_scheduled(&args.id).await?;
    cancelled(context, &client, args, job).await
}

/// Waits for the end if asked to, and judges it.
async fn cancelled(
    context: &Context,
    client: &JobsClient,
    args: &CancelArgs,
    mut job: Job,
) -> Outcome {
    if args.wait && !job.is_finished() {
        context.job.active(job.id());
        let mut poller = take_up(context, client, &args.id);
        job = to_end(context, &mut poller).await?;
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
