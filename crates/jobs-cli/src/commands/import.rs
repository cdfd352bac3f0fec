//! `import`.

mod plan;
mod source;
mod upload;

use std::path::PathBuf;

use jobs_ext::{
    ErrorKind, IMPORT_ERRORS_BLOB, ImportOptions, ImportOutcome, Job, JobPoller, JobsClient,
    StorageAuth,
};
use serde_json::Value;

use crate::args::Format;
use crate::args::jobs::ImportArgs;
use crate::change::Decision;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::following::{to_end, verdict};
use crate::outfile::Output;
use crate::printer::Printer;
use crate::rejects::{self, Rejects};
use crate::watcher::Watcher;
use crate::{hub, job_view};

use plan::Planned;
use source::Source;
pub(crate) use upload::{Upload, wait_options};

/// Shows and confirms what the import would do, uploads the file if one is given, imports, waits, and shows what the hub rejected.
pub(crate) async fn import(context: &Context, args: &ImportArgs) -> Outcome {
    if args.file.is_none() && args.blob.is_none() {
        return Err(Failure::usage("import needs a FILE to upload, or --blob NAME for a blob that is in the container already")
            .hint("an export writes devices.txt; --blob devices.txt imports it again"));
    }
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
    let inputs = [
        ("FILE", args.file.as_deref()),
        (
            "--output-container-file",
            args.output_container_file.as_deref(),
        ),
    ];
    let target = ("--rejects", args.rejects.as_deref());
    context.refuse_inputs(&args.container, &inputs, target)?;
    // A target that cannot be written is better known before the hub is asked anything.
    let rejects = args
        .rejects
        .as_deref()
        .map(Output::create_rejects)
        .transpose()?;
    let source = Source::of(context, &client, args, &options).await?;
    client.check_import(&options)?;
    let planned = source.plan(context, &client, args).await?;
    if planned.confirm(context, args).await? == Decision::DryRun {
        return planned.show(&context.printer);
    }
    let log = LogWanted {
        configurations: args.configurations,
        file: rejects,
        planned: Some(planned),
    };
    let options = match &args.file {
        Some(_) => options.unique_blob(),
        None => options,
    };
    let mut upload = Upload::of(args, &options);
    let output = (
        args.output_container.as_deref(),
        args.output_container_file.as_deref(),
    );
    let resume = upload::wait_options(&args.container, output, upload.as_ref());
    context.job.wait_needs(resume);
    let outcome = match send(context, &client, source.to_upload()?, options).await {
        Ok(poller) if args.no_wait => hub::accepted(context, poller.last()),
        Ok(poller) => finish(context, &client, poller, log).await,
        Err(error) => {
            if hub::is_of_storage(&error) && error.kind() != ErrorKind::Transport {
                // The storage rejected the upload. Without a response it may be there all the same.
                upload = None;
            }
            Err(error.into())
        }
    };
    if let Some(upload) = upload
        && context.job.is_over()
    {
        upload.delete(context, &client).await;
    }
    outcome
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

/// Uploads the file and creates the job.
async fn send(
    context: &Context,
    client: &JobsClient,
    upload: Option<PathBuf>,
    options: ImportOptions,
) -> jobs_ext::Result<JobPoller<ImportOutcome>> {
    context.job.preparing();
    let begun = match upload {
        Some(path) => client.begin_import_file(path, options).await,
        None => client.begin_import(options).await,
    };
    let poller = begun.inspect_err(|error| context.job.not_created(error))?;
    context.job.active(poller.id());
    Ok(poller)
}

/// What is asked of the logs of an import.
pub(crate) struct LogWanted {
    /// Read the log about configurations too.
    pub(crate) configurations: bool,
    /// Where the rejected rows go.
    pub(crate) file: Option<Output>,
    /// What was counted before the import, where this command started it.
    pub(crate) planned: Option<Planned>,
}

/// Waits for an import, and shows the job and what was rejected; rejected rows make the command fail although the job completed.
pub(crate) async fn finish(
    context: &Context,
    client: &JobsClient,
    mut poller: JobPoller<ImportOutcome>,
    log: LogWanted,
) -> Outcome {
    let printer = &context.printer;
    let view = View {
        printer,
        planned: log.planned.as_ref(),
    };
    // Rows on standard output leave no room for the job there.
    let has_room = !log.file.as_ref().is_some_and(Output::is_stdout);
    let job = to_end(context, &mut poller).await?;
    if let Err(failure) = verdict(&job) {
        if has_room {
            view.print(&job)?;
        }
        return Err(failure);
    }
    let outcome = poller.await?;
    let container = outcome.container();
    if !hub::can_open(client, container) {
        view.print(&job)?;
        printer.warn(format_args!(
            "rows may have been rejected: {IMPORT_ERRORS_BLOB} in {container} tells, and cannot be read from here"
        ));
        printer.hint(format_args!("to let this program in: {}", hub::OWN_WAY));
        return Ok(Exit::Done);
    }
    let read = read_logs(context, &outcome, log.configurations, log.file).await;
    if !has_room {
        let (id, status) = (job.id(), job.status());
        printer.note(format_args!("job {id} (import) is {status}"));
    }
    match read {
        Ok(rejects) => view.report(&job, rejects, has_room),
        Err(failure) => {
            if has_room {
                view.print_unknown(&job)?;
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
    configurations: bool,
    file: Option<Output>,
) -> Result<Rejects, Failure> {
    let printer = &context.printer;
    let mut rejects = Rejects::new();
    let devices = outcome.error_log().await.map_err(rejects::unreadable)?;
    rejects.read(printer, devices, file).await?;
    if configurations
        && let Some(log) = outcome
            .configuration_error_log()
            .await
            .map_err(rejects::unreadable)?
    {
        rejects.read(printer, log, None).await?;
    }
    Ok(rejects)
}

/// How an import is shown: its job, what was planned, and what the hub rejected.
struct View<'a> {
    printer: &'a Printer,
    planned: Option<&'a Planned>,
}

impl View<'_> {
    /// The job as the hub describes it, with what was counted before it.
    fn document(&self, job: &Job) -> Value {
        let mut document = job_view::wire(self.printer, job);
        if let Some(planned) = self.planned {
            planned.describe(&mut document);
        }
        document
    }

    fn print(&self, job: &Job) -> Result<(), Failure> {
        match self.printer.format {
            Format::Table => job_view::print(self.printer, job),
            Format::Json | Format::Jsonl => self.printer.json(self.document(job)),
        }
    }

    /// The job when nothing is known about its rows: `null`, which a script cannot mistake for zero.
    fn print_unknown(&self, job: &Job) -> Result<(), Failure> {
        if self.printer.format == Format::Table {
            return self.print(job);
        }
        let document = self.document(job);
        let document = with_rejects(document, Value::Null, Value::Null, Value::Null);
        self.printer.json(document)
    }

    fn report(&self, job: &Job, rejects: Rejects, has_room: bool) -> Outcome {
        let count = rejects.count;
        match self.printer.format {
            _ if !has_room => {}
            Format::Table => {
                self.print(job)?;
                rejects.print_table(self.printer)?;
            }
            Format::Json | Format::Jsonl => {
                let (by_cause, rows) = rejects.into_documents();
                let by_cause = by_cause
                    .into_iter()
                    .map(|(cause, count)| (cause, count.into()));
                self.printer.json(with_rejects(
                    self.document(job),
                    count.into(),
                    Value::Array(rows),
                    Value::Object(by_cause.collect()),
                ))?;
            }
        }
        if count == 0 {
            self.printer.note("no row was rejected");
            return Ok(Exit::Done);
        }
        let rows = if count == 1 { "row was" } else { "rows were" };
        Err(Failure::work(format_args!(
            "job {}: {count} {rows} rejected",
            job.id()
        )))
    }
}

fn with_rejects(mut document: Value, count: Value, rows: Value, by_cause: Value) -> Value {
    if let Some(members) = document.as_object_mut() {
        members.insert("rejectedCount".to_owned(), count);
        members.insert("rejected".to_owned(), rows);
        members.insert("rejectedByCause".to_owned(), by_cause);
    }
    document
}
