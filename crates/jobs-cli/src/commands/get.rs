//! `get`, `list`.

use futures_util::StreamExt as _;
use jobs_ext::{Job, JobsClient};

use crate::args::Format;
use crate::args::jobs::GetArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::following::take_up;
use crate::{hub, job_view};

/// Shows one job; with `--watch` each change until it ends.
pub(crate) async fn get(context: &Context, args: &GetArgs) -> Outcome {
    let client = hub::client(context, Some(args.poll)).await?;
    if args.watch {
        return watch(context, &client, args).await;
    }
    let job = client.get(&args.id).await?;
    context.printer.note(job_view::answered_by(&job));
    job_view::print(&context.printer, &job)?;
    Ok(Exit::Done)
}

async fn watch(context: &Context, client: &JobsClient, args: &GetArgs) -> Outcome {
    let show = |job: &Job| match context.printer.format {
        Format::Table => context
            .printer
            .line(&crate::printer::one_line(&job_view::change(job))),
        // One document for each change: a line of its own is what readers of a stream expect.
        Format::Json | Format::Jsonl => context
            .printer
            .json_line(job_view::wire(&context.printer, job)),
    };
    let mut shown = None;
    let mut poller = take_up(context, client, &args.id);
    while let Some(job) = poller.next().await {
        let job = job?;
        if shown.is_none() {
            context.printer.note(job_view::answered_by(&job));
            context.job.active(job.id());
        }
        if job.is_finished() {
            context.job.ended(job.id());
        }
        let change = job_view::change(&job);
        if shown.as_ref() != Some(&change) {
            show(&job)?;
            shown = Some(change);
        }
        if context.printer.is_closed() {
            break;
        }
    }
    Ok(Exit::Done)
}
