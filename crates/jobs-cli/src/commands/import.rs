//! `import`.

use std::path::Path;

use jobs_ext::{
    IMPORT_ERRORS_BLOB, ImportOptions, ImportOutcome, Job, JobPoller, JobsClient, StorageAuth,
};
use serde_json::Value;

use crate::args::Format;
use crate::args::jobs::ImportArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::following::{to_end, verdict};
use crate::input_file::InputFile;
use crate::outfile::{self, Output};
use crate::printer::Printer;
use crate::rejects::{self, Rejects};
use crate::watcher::Watcher;
use crate::{hub, job_view};

/// Uploads the file if one is given, imports, waits, and shows what the hub rejected.
pub(crate) async fn import(context: &Context, args: &ImportArgs) -> Outcome {
    let (auth, version) = hub::storage_auth(&args.storage_auth);
    let by_identity = auth != StorageAuth::Sas;
    let client = hub::client_of(context, Some(args.poll), version).await?;
    let options = options(context, args).await?.storage_auth(auth);
    if args.file.is_some() {
        refuse_closed(&client, &options)?;
    }
    if by_identity && args.rejects.is_some() {
        hub::refuse_unreadable(&client, options.output_container(), "--rejects")?;
    }
    let file = args
        .file
        .as_deref()
        .map(|path| InputFile::look_at(context, path))
        .transpose()?;
    let from_file = args.file.as_deref().filter(|file| *file != Path::new("-"));
    outfile::refuse_same(&[("FILE", from_file), ("--rejects", args.rejects.as_deref())])?;
    let log = LogWanted {
        configurations: args.configurations,
        file: args.rejects.as_deref().map(Output::create).transpose()?,
    };
    let poller = begin(context, &client, file, options).await?;
    context.job.active(poller.id());
    if args.no_wait {
        return hub::accepted(context, poller.last());
    }
    finish(context, &client, poller, log).await
}

async fn options(context: &Context, args: &ImportArgs) -> Result<ImportOptions, Failure> {
    let container = hub::container(&context.container(&args.container).await?)?;
    let mut options = ImportOptions::from(container).progress(Watcher::new(context));
    if let Some(output) = context
        .output_container(
            args.output_container.as_deref(),
            args.output_container_file.as_ref(),
        )
        .await?
    {
        options = options.output(hub::container(&output)?);
    }
    if let Some(name) = &args.blob {
        options = options.blob(hub::blob_name(name)?);
    }
    if args.configurations {
        options = options.configurations();
    }
    if let Some(bound) = args.wait_for_slot {
        options = options.wait_for_slot(bound);
    }
    Ok(options)
}

/// A file goes up by the container's signature or this program's own token; the hub's identity opens nothing for this program.
fn refuse_closed(client: &JobsClient, options: &ImportOptions) -> Result<(), Failure> {
    let container = options.input_container();
    if hub::can_open(client, container) {
        return Ok(());
    }
    Err(Failure::usage(format_args!(
        "FILE cannot be uploaded: the container URI {container} carries no signature"
    ))
    .hint("give a URI with one (--container-file), or upload the file by other means and leave FILE out"))
}

async fn begin(
    context: &Context,
    client: &JobsClient,
    file: Option<InputFile>,
    options: ImportOptions,
) -> Result<JobPoller<ImportOutcome>, Failure> {
    context.job.preparing();
    let begun = match file {
        Some(file) => {
            let path = file.settle().await?;
            client.begin_import_file(path.as_ref(), options).await
        }
        None => client.begin_import(options).await,
    };
    Ok(begun.inspect_err(|error| context.job.not_created(error))?)
}

/// What is asked of the logs of an import.
pub(crate) struct LogWanted {
    /// Read the log about configurations too.
    pub(crate) configurations: bool,
    /// Where the rejected rows go.
    pub(crate) file: Option<Output>,
}

/// Waits for an import, and shows the job and what was rejected; rejected rows make the command fail although the job completed.
pub(crate) async fn finish(
    context: &Context,
    client: &JobsClient,
    mut poller: JobPoller<ImportOutcome>,
    log: LogWanted,
) -> Outcome {
    let printer = &context.printer;
    // Rows on standard output leave no room for the job there.
    let has_room = !log.file.as_ref().is_some_and(Output::is_stdout);
    let job = to_end(context, &mut poller).await?;
    if let Err(failure) = verdict(&job) {
        if has_room {
            job_view::print(printer, &job)?;
        }
        return Err(failure);
    }
    let outcome = poller.await?;
    let container = outcome.container();
    if !hub::can_open(client, container) {
        job_view::print(printer, &job)?;
        printer.warn(format_args!(
            "rows may have been rejected: {IMPORT_ERRORS_BLOB} in {container} tells, and cannot be read from here"
        ));
        printer.hint(format_args!("to let this program in: {}", hub::OWN_WAY));
        return Ok(Exit::Done);
    }
    let read = read_logs(context, &outcome, log).await;
    if !has_room {
        let (id, status) = (job.id(), job.status());
        printer.note(format_args!("job {id} (import) is {status}"));
    }
    match read {
        Ok(rejects) => report(printer, &job, rejects, has_room),
        Err(failure) => {
            if has_room {
                print_unknown(printer, &job)?;
            }
            Err(failure.hint(format_args!(
                "job {}: the import itself completed, but which rows it rejected is unknown",
                job.id()
            )))
        }
    }
}

async fn read_logs(
    context: &Context,
    outcome: &ImportOutcome,
    log: LogWanted,
) -> Result<Rejects, Failure> {
    let printer = &context.printer;
    let mut rejects = Rejects::new();
    let devices = outcome.error_log().await.map_err(rejects::unreadable)?;
    rejects.read(printer, devices, log.file).await?;
    if log.configurations
        && let Some(log) = outcome
            .configuration_error_log()
            .await
            .map_err(rejects::unreadable)?
    {
        rejects.read(printer, log, None).await?;
    }
    Ok(rejects)
}

fn report(printer: &Printer, job: &Job, rejects: Rejects, has_room: bool) -> Outcome {
    let count = rejects.count;
    match printer.format {
        _ if !has_room => {}
        Format::Table => {
            job_view::print(printer, job)?;
            rejects.print_table(printer)?;
        }
        Format::Json | Format::Jsonl => printer.json(document(printer, job, rejects))?,
    }
    if count == 0 {
        printer.note("no row was rejected");
        return Ok(Exit::Done);
    }
    let rows = if count == 1 { "row was" } else { "rows were" };
    Err(Failure::work(format_args!(
        "job {}: {count} {rows} rejected",
        job.id()
    )))
}

/// The job as the hub describes it, with the rejected rows beside its own members.
fn document(printer: &Printer, job: &Job, rejects: Rejects) -> Value {
    let count = rejects.count;
    let (by_cause, rows) = rejects.into_documents();
    let by_cause = by_cause
        .into_iter()
        .map(|(cause, count)| (cause, count.into()));
    with_rejects(
        job_view::wire(printer, job),
        count.into(),
        Value::Array(rows),
        Value::Object(by_cause.collect()),
    )
}

/// The job when nothing is known about its rows: `null`, which a script cannot mistake for zero.
fn print_unknown(printer: &Printer, job: &Job) -> Result<(), Failure> {
    if printer.format == Format::Table {
        return job_view::print(printer, job);
    }
    let document = job_view::wire(printer, job);
    printer.json(with_rejects(
        document,
        Value::Null,
        Value::Null,
        Value::Null,
    ))
}

fn with_rejects(mut document: Value, count: Value, rows: Value, by_cause: Value) -> Value {
    if let Some(members) = document.as_object_mut() {
        members.insert("rejectedCount".to_owned(), count);
        members.insert("rejected".to_owned(), rows);
        members.insert("rejectedByCause".to_owned(), by_cause);
    }
    document
}
