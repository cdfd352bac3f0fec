//! `wait` and `cancel`.

use std::path::Path;

use futures_util::StreamExt as _;
use jobs_ext::{
    ContainerUri, ExportOptions, IMPORT_ERRORS_BLOB, ImportOptions, Job, JobType, JobsClient,
};
use serde_json::Value;

use super::import::Upload;
use super::{export, import};
use crate::args::jobs::WaitArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::following::{never_seen, take_up, to_end, verdict};
use crate::outfile::Output;
use crate::watcher::Watcher;
use crate::{hub, job_view};

/// Waits until a job ends. With its container an import or an export is finished as by its own command.
pub(crate) async fn wait(context: &Context, args: &WaitArgs) -> Outcome {
    let client = hub::client(context, Some(args.poll)).await?;
    let containers = Containers::of(context, args).await?;
    context.job.asked_for(&args.id);
    if containers.is_none() {
        return bare(context, &client, args).await;
    }
    // What is to be done at the end depends on what the job is.
    let mut first = take_up(context, &client, &args.id);
    let job = first.next().await.transpose()?;
    let job = job.ok_or_else(|| never_seen(&args.id))?;
    match (job.job_type(), containers) {
        (
            JobType::Import,
            Containers {
                logs: Some(uri),
                rows,
            },
        ) => {
            refuse(args.download.as_deref(), "--download is for exports", &job)?;
            let upload = upload(context, &client, args, rows, &job).await?;
            let outcome = wait_for_import(context, &client, args, &job, uri).await;
            if let Some(upload) = upload
                && context.job.is_over()
            {
                upload.delete(context, &client).await;
            }
            outcome
        }
        (
            JobType::Export,
            Containers {
                rows: Some(uri), ..
            },
        ) => {
            refuse(args.rejects.as_deref(), "--rejects is for imports", &job)?;
            refuse(input_blob(args), "--input-blob is for imports", &job)?;
            wait_for_export(context, &client, args, &job, uri).await
        }
        _ => {
            refuse(args.rejects.as_deref(), "--rejects is for imports", &job)?;
            refuse(args.download.as_deref(), "--download is for exports", &job)?;
            refuse(input_blob(args), "--input-blob is for imports", &job)?;
            bare(context, &client, args).await
        }
    }
}

/// The containers that the job may write to. The hub does not tell: what it says of a job names none.
struct Containers {
    /// Where an export goes.
    rows: Option<ContainerUri>,
    /// Where the log of an import goes.
    logs: Option<ContainerUri>,
}

impl Containers {
    async fn of(context: &Context, args: &WaitArgs) -> Result<Self, Failure> {
        let rows = context.container_if_named(&args.container).await?;
        let rows = rows.as_ref().map(hub::container).transpose()?;
        let mut logs = rows.clone();
        // An option names the container, whatever the environment says.
        let file = args.output_container_file.as_ref();
        if (file.is_some() || !args.container.is_named())
            && let Some(text) = context.output_container(None, file).await?
        {
            logs = Some(hub::container(&text)?);
        }
        for (asked, option, container) in [
            (args.rejects.is_some(), "--rejects", &logs),
            (args.download.is_some(), "--download", &rows),
            (args.input_blob.is_some(), "--input-blob", &rows),
        ] {
            if asked && container.is_none() {
                return Err(Failure::usage(format_args!(
                    "{option} needs the container that the job writes to"
                ))
                .hint("name it with --container-file or --container"));
            }
        }
        Ok(Self { rows, logs })
    }

    fn is_none(&self) -> bool {
        self.rows.is_none() && self.logs.is_none()
    }
}

fn refuse(option: Option<&Path>, why: &str, job: &Job) -> Result<(), Failure> {
    match option {
        Some(_) => Err(Failure::usage(format_args!(
            "{why}, and job {} is of type {}",
            job.id(),
            job.job_type()
        ))),
        None => Ok(()),
    }
}

fn input_blob(args: &WaitArgs) -> Option<&Path> {
    args.input_blob.as_deref().map(Path::new)
}

/// The blob that was uploaded for the import, which goes once the job has ended.
async fn upload(
    context: &Context,
    client: &JobsClient,
    args: &WaitArgs,
    rows: Option<ContainerUri>,
    job: &Job,
) -> Result<Option<Upload>, Failure> {
    let output = (None, args.output_container_file.as_deref());
    let (Some(rows), Some(name)) = (rows, args.input_blob.as_deref()) else {
        let resume = import::wait_options(&args.container, output, None);
        context.job.wait_needs(resume);
        return Ok(None);
    };
    let upload = Upload::named(rows, name, job)?;
    let is_reported = job
        .import_export()
        .is_some_and(|model| model.input_blob_name.is_some());
    // Where the hub does not say which blob the job reads, another job that is not over may read this one.
    if !is_reported
        && let Some(other) = client
            .list_import_export()
            .await?
            .iter()
            .find(|other| !other.is_finished() && other.id() != job.id())
    {
        return Err(Failure::usage(format_args!(
            "--input-blob {name}: job {} is not over and may read it",
            other.id()
        )));
    }
    let resume = import::wait_options(&args.container, output, Some(&upload));
    context.job.wait_needs(resume);
    Ok(Some(upload))
}

/// Rejects a target that the command reads.
fn refuse_inputs(
    context: &Context,
    args: &WaitArgs,
    target: (&str, Option<&Path>),
) -> Result<(), Failure> {
    let output_file = args.output_container_file.as_deref();
    let inputs = [("--output-container-file", output_file)];
    context.refuse_inputs(&args.container, &inputs, target)
}

async fn wait_for_import(
    context: &Context,
    client: &JobsClient,
    args: &WaitArgs,
    job: &Job,
    container: ContainerUri,
) -> Outcome {
    if args.rejects.is_some() {
        hub::refuse_unreadable(client, &container, "--rejects")?;
    }
    refuse_inputs(context, args, ("--rejects", args.rejects.as_deref()))?;
    let log = import::LogWanted {
        configurations: job.raw().redacted()["includeConfigurations"] == Value::Bool(true),
        file: args
            .rejects
            .as_deref()
            .map(Output::create_rejects)
            .transpose()?,
        planned: None,
    };
    let options = ImportOptions::from(container).progress(Watcher::new(context));
    let poller = client.resume_import(&args.id, options);
    import::finish(context, client, poller, log).await
}

async fn wait_for_export(
    context: &Context,
    client: &JobsClient,
    args: &WaitArgs,
    job: &Job,
    container: ContainerUri,
) -> Outcome {
    if args.download.is_some() {
        hub::refuse_unreadable(client, &container, "--download")?;
    }
    refuse_inputs(context, args, ("--download", args.download.as_deref()))?;
    args.download.as_deref().map(Output::create).transpose()?;
    let mut options = ExportOptions::to(container).progress(Watcher::new(context));
    let wire = job.raw().redacted();
    let told = wire.get("outputBlobName").and_then(Value::as_str);
    let told = told.filter(|name| !name.is_empty());
    if let Some(name) = args.blob.as_deref().or(told) {
        options = options.blob(hub::blob_name(name)?);
    }
    let poller = client.resume_export(&args.id, options);
    let wanted = export::Wanted {
        target: args.download.as_deref(),
        delete_blob: args.delete_blob,
    };
    let outcome = export::finish(context, client, poller, wanted).await;
    outcome.map_err(|failure| match failure.exit() {
        Exit::WorkFailed if args.blob.is_none() && args.download.is_some() => {
            failure.hint("--blob NAME names the blob; the hub does not report it")
        }
        _ => failure,
    })
}

/// Waits for a job, and judges it by what the hub tells of it.
async fn bare(context: &Context, client: &JobsClient, args: &WaitArgs) -> Outcome {
    let printer = &context.printer;
    let mut poller = take_up(context, client, &args.id);
    let job = to_end(context, &mut poller).await?;
    job_view::print(printer, &job)?;
    let exit = verdict(&job)?;
    if *job.job_type() == JobType::Import {
        printer.warn(format_args!(
            "the rows of this import were not looked at: some may have been rejected, which {IMPORT_ERRORS_BLOB} in the job's output container reports"
        ));
        printer.hint(format_args!(
            "to see them: iothub-jobs wait {} --container-file FILE",
            job.id()
        ));
    }
    Ok(exit)
}
