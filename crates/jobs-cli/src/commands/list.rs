//! `list` and `schedule list`.

use jobs_ext::Job;

use crate::args::jobs::ListArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::{hub, job_view};

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
