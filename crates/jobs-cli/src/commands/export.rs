//! `export`.

use std::io::Write as _;
use std::path::Path;

use futures_util::StreamExt as _;
use jobs_ext::{ExportOptions, ExportOutcome, Job, JobPoller, JobsClient, StorageAuth};

use crate::args::jobs::ExportArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::following::{to_end, verdict};
use crate::outfile::Output;
use crate::watcher::Watcher;
use crate::{hub, job_view};

/// Exports, waits, and copies the rows to a file if asked to.
pub(crate) async fn export(context: &Context, args: &ExportArgs) -> Outcome {
    let (auth, version) = hub::storage_auth(&args.storage_auth);
    let client = hub::client_of(context, Some(args.poll), version).await?;
    let container = hub::container(&context.container(&args.container).await?)?;
    if auth != StorageAuth::Sas && args.download.is_some() {
        hub::refuse_unreadable(&client, &container, "--download")?;
    }
    let target = ("--download", args.download.as_deref());
    context.refuse_inputs(&args.container, &[], target)?;
    // A target that cannot be written is better known before the hub has worked for an hour.
    args.download.as_deref().map(Output::create).transpose()?;
    let mut options = ExportOptions::to(container)
        .include_keys(args.include_keys)
        .storage_auth(auth)
        .progress(Watcher::new(context));
    if let Some(name) = &args.blob {
        options = options.blob(hub::blob_name(name)?);
    }
    if args.configurations {
        options = options.configurations();
    }
    if let Some(bound) = args.wait_for_slot {
        options = options.wait_for_slot(bound);
    }
    context.job.preparing();
    let poller = client
        .begin_export(options)
        .await
        .inspect_err(|error| context.job.not_created(error))?;
    context.job.active(poller.id());
    if args.no_wait {
        return hub::accepted(context, poller.last());
    }
    let wanted = Wanted {
        target: args.download.as_deref(),
        delete_blob: args.delete_blob,
    };
    finish(context, &client, poller, wanted).await
}

/// What happens to the rows of an export.
pub(crate) struct Wanted<'a> {
    /// Where they are copied to.
    pub(crate) target: Option<&'a Path>,
    /// Whether their blob is deleted then.
    pub(crate) delete_blob: bool,
}

/// Waits for an export, copies its rows if asked to, and shows the job.
pub(crate) async fn finish(
    context: &Context,
    client: &JobsClient,
    mut poller: JobPoller<ExportOutcome>,
    wanted: Wanted<'_>,
) -> Outcome {
    let target = wanted.target;
    // Rows on standard output leave no room for the job there.
    let has_room = target != Some(Path::new("-"));
    let show = |job: &Job| {
        if has_room {
            job_view::print(&context.printer, job)
        } else {
            Ok(())
        }
    };
    let job = to_end(context, &mut poller).await?;
    if let Err(failure) = verdict(&job) {
        show(&job)?;
        return Err(failure);
    }
    let done = poller.await?;
    context.printer.note(format_args!(
        "the export is in blob {} of {}",
        done.blob(),
        done.container()
    ));
    let copied = match target {
        Some(path) => download(context, &done, path).await,
        None => Ok(()),
    };
    show(&job)?;
    copied?;
    if wanted.delete_blob && context.printer.is_closed() {
        context.printer.warn(format_args!(
            "blob {} was not deleted: the reader of standard output left before the end",
            done.blob()
        ));
    } else if wanted.delete_blob {
        let container = client.container(done.container())?;
        container.delete(done.blob()).await.map_err(|error| {
            Failure::from(error).hint(format_args!(
                "the rows were copied; blob {} is still in the container",
                done.blob()
            ))
        })?;
        context
            .printer
            .note(format_args!("deleted blob {}", done.blob()));
    } else if holds_keys(&job) {
        context.printer.note(format_args!(
            "blob {} holds the keys of the devices; delete it when it is not needed (--download FILE --delete-blob does)",
            done.blob()
        ));
    }
    Ok(Exit::Done)
}

/// Whether the exported rows have keys.
fn holds_keys(job: &Job) -> bool {
    job.import_export()
        .is_some_and(|model| model.exclude_keys_in_export == Some(false))
}

/// Copies the exported rows to a file, or to standard output for `-`.
async fn download(context: &Context, done: &ExportOutcome, path: &Path) -> Result<(), Failure> {
    if path != Path::new("-") {
        let bytes = done.download(path).await?;
        context
            .printer
            .note(format_args!("{bytes} bytes written to {}", path.display()));
        return Ok(());
    }
    let mut rows = done.devices().await?;
    if let Some(notice) = rows.notice() {
        context.printer.note(format_args!("the hub says: {notice}"));
    }
    let mut out = Output::create(path)?;
    let mut line = Vec::new();
    let mut written = Ok(());
    while let Some(row) = rows.next().await
        && written.is_ok()
    {
        line.clear();
        row.map_err(|error| Failure::work(format_args!("the export cannot be read: {error}")))?
            .write_line(&mut line);
        line.push(b'\n');
        written = out.write_all(&line);
    }
    if let Err(error) = written.and_then(|()| out.flush()) {
        // Who reads standard output may leave before the end.
        context.printer.close();
        return out.failure(&error).map_or(Ok(()), Err);
    }
    out.finish()
}
