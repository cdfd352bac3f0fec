//! `get`, `list`.

use futures_util::StreamExt as _;
use jobs_ext::{Job, JobsClient};

use crate::args::Format;
use crate::args::jobs::{GetArgs, ListArgs};
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

/// Lists jobs of both kinds.
pub(crate) async fn list(context: &Context, args: &ListArgs) -> Outcome {
    warn_of_unknown(context, args);
    let jobs = hub::client(context, None).await?.list().await?;
    show_list(context, args, jobs)
}

/// Lists scheduled jobs only.
pub(crate) async fn list_scheduled(context: &Context, args: &ListArgs) -> Outcome {
    warn_of_unknown(context, args);
    let jobs = hub::client(context, None)
        .await?
        .list_scheduled(None, None)
        .await?;
    show_list(context, args, jobs)
}

/// A mistyped filter would silently select nothing; the hub may know words that this version does not, so it is no error.
fn warn_of_unknown(context: &Context, args: &ListArgs) {
    let filters = [
        ("--type", &args.kind, TYPES.as_slice()),
        ("--status", &args.status, STATUSES.as_slice()),
    ];
    for (option, value, known) in filters {
        if let Some(value) = value
            && !known.iter().any(|name| name.eq_ignore_ascii_case(value))
        {
            context.printer.warn(format_args!(
                "{option} {value} is not known to this version; known are {}",
                known.join(", ")
            ));
        }
    }
}

fn show_list(context: &Context, args: &ListArgs, mut jobs: Vec<Job>) -> Outcome {
    let all = jobs.len();
    jobs.retain(|job| {
        let fits = |wanted: &Option<String>, value: &str| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(value))
        };
        fits(&args.kind, job.job_type().as_str()) && fits(&args.status, job.status().as_str())
    });
    job_view::print_list(&context.printer, &jobs)?;
    if jobs.len() != all {
        context
            .printer
            .note(format_args!("{} of {all} jobs", jobs.len()));
    } else if jobs.is_empty() {
        context.printer.note("the hub has no jobs");
    }
    Ok(Exit::Done)
}

/// Types that a job of a hub has in practice.
const TYPES: [&str; 4] = [
    "export",
    "import",
    "scheduleDeviceMethod",
    "scheduleUpdateTwin",
];
/// States of a job.
const STATUSES: [&str; 8] = [
    "unknown",
    "enqueued",
    "running",
    "completed",
    "failed",
    "cancelled",
    "scheduled",
    "queued",
];
