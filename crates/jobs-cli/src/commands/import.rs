//! `import`.

use std::path::{Path, PathBuf};

use jobs_devices::{Item, Reader};
use jobs_ext::{ImportOptions, ImportOutcome, Job, JobPoller, JobsClient};
use serde_json::Value;

use crate::args::Format;
use crate::args::jobs::ImportArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome, plain};
use crate::following::{to_end, verdict};
use crate::outfile::{self, Output};
use crate::rejects::Rejects;
use crate::watcher::Watcher;
use crate::{hub, job_view};

/// Uploads the file if one is given, imports, waits, and shows what the hub rejected.
pub(crate) async fn import(context: &Context, args: &ImportArgs) -> Outcome {
    let (auth, version) = hub::storage_auth(&args.storage_auth);
    let client = hub::client_of(context, Some(args.poll), version)?;
    let options = options(context, args)?.storage_auth(auth);
    if args.file.is_some() {
        refuse_closed(&options)?;
    }
    let file = args
        .file
        .as_deref()
        .map(|path| InputFile::open(context, path))
        .transpose()?;
    let from_file = args.file.as_deref().filter(|file| *file != Path::new("-"));
    outfile::refuse_same(&[("FILE", from_file), ("--rejects", args.rejects.as_deref())])?;
    let rejects = args.rejects.as_deref().map(Output::create).transpose()?;
    let mut poller = begin(context, &client, file, options).await?;
    context.job.active(poller.id());
    if args.no_wait {
        return hub::accepted(context, poller.last());
    }
    let job = to_end(context, &mut poller).await?;
    if let Err(failure) = verdict(&job) {
        job_view::print(&context.printer, &job)?;
        return Err(failure);
    }
    let outcome = poller.await?;
    tell(context, args, &outcome, rejects).await
}

fn options(context: &Context, args: &ImportArgs) -> Result<ImportOptions, Failure> {
    let container = hub::container(&context.container(&args.container)?)?;
    let mut options = ImportOptions::from(container).progress(Watcher::new(context));
    if let Some(output) = context.output_container(
        args.output_container.as_deref(),
        args.output_container_file.as_ref(),
    )? {
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

/// A file goes up by the container's signature; the hub's own identity opens nothing for this program.
fn refuse_closed(options: &ImportOptions) -> Result<(), Failure> {
    let container = options.input_container();
    if container.grant().is_some() || container.folder().is_some() {
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

/// The device file to upload.
enum InputFile {
    Named(PathBuf),
    Stdin,
}

impl InputFile {
    /// Looks whether the file can be read, before anything else happens.
    fn open(context: &Context, path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            context.stdin.take("FILE")?;
            return Ok(Self::Stdin);
        }
        let file = outfile::open(path)?;
        match file.metadata() {
            Ok(metadata) if metadata.is_file() && metadata.len() == 0 => {
                Err(Failure::usage(format_args!(
                    "{} is empty: a hub refuses an empty device file",
                    path.display()
                )))
            }
            Ok(metadata) if metadata.is_file() => {
                refuse_without_rows(path, &path.display().to_string())?;
                Ok(Self::Named(path.to_owned()))
            }
            _ => Ok(Self::Named(path.to_owned())),
        }
    }

    /// A path to upload from; standard input goes through a private temporary file, because an upload may have to start over.
    async fn settle(self) -> Result<Settled, Failure> {
        let Self::Named(path) = self else {
            let copied = tokio::task::spawn_blocking(|| {
                let mut file = tempfile::NamedTempFile::new()?;
                std::io::copy(&mut std::io::stdin().lock(), &mut file)?;
                Ok(file.into_temp_path())
            });
            let failed = |error: std::io::Error| {
                Failure::usage(format_args!(
                    "cannot read standard input: {}",
                    plain(&error)
                ))
            };
            let copy = copied
                .await
                .map_err(std::io::Error::other)
                .flatten()
                .map_err(failed)?;
            refuse_without_rows(&copy, "standard input")?;
            return Ok(Settled::Copied(copy));
        };
        Ok(Settled::Named(path))
    }
}

/// Refuses a file without a single row, such as a table or a letter: a hub would pass over its first line as the notice that heads
/// an export, and the import of such a file would look like a success. Reads no further than the first line that is more.
fn refuse_without_rows(path: &Path, name: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::file("read", path, &error);
    let mut words = 0_u64;
    for entry in Reader::open(path).map_err(failed)? {
        match entry.map_err(failed)?.item {
            Item::Notice(_) => words += 1,
            _ => return Ok(()),
        }
    }
    let found = match words {
        0 if std::fs::metadata(path).is_ok_and(|found| found.len() == 0) => {
            "it is empty".to_owned()
        }
        0 => "all its lines are blank".to_owned(),
        1 => "its only line is plain text".to_owned(),
        _ => format!("all its {words} lines are plain text"),
    };
    Err(Failure::usage(format_args!("{name} holds no device: {found}")).hint(
        "a device file has one JSON document a line; `iothub-jobs devices convert FILE --to jsonl` makes one of a table",
    ))
}

/// A path that lives as long as the upload.
enum Settled {
    Named(PathBuf),
    Copied(tempfile::TempPath),
}

impl AsRef<Path> for Settled {
    fn as_ref(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Copied(path) => path,
        }
    }
}

/// Shows the job and what was rejected; rejected rows make the command fail although the job completed.
async fn tell(
    context: &Context,
    args: &ImportArgs,
    outcome: &ImportOutcome,
    mut file: Option<Output>,
) -> Outcome {
    let printer = &context.printer;
    let mut rejects = Rejects::default();
    rejects
        .read(printer, outcome.rejected().await?, file.as_mut())
        .await?;
    if args.configurations {
        rejects
            .read(
                printer,
                outcome.rejected_configurations().await?,
                file.as_mut(),
            )
            .await?;
    }
    if let Some(file) = file {
        file.finish()?;
    }
    let count = rejects.count;
    match printer.format {
        Format::Table => {
            job_view::print(printer, outcome.job())?;
            rejects.print_table(printer)?;
        }
        Format::Json | Format::Jsonl => printer.json(document(printer, outcome.job(), rejects))?,
    }
    if count == 0 {
        printer.note("no row was rejected");
        return Ok(Exit::Done);
    }
    let rows = if count == 1 { "row was" } else { "rows were" };
    Err(Failure::work(format_args!(
        "job {}: {count} {rows} rejected",
        outcome.job().id()
    )))
}

/// The job as the hub describes it, with the rejected rows beside its own members.
fn document(printer: &crate::printer::Printer, job: &Job, rejects: Rejects) -> Value {
    let mut document = job_view::wire(printer, job);
    if let Some(members) = document.as_object_mut() {
        members.insert("rejectedCount".to_owned(), rejects.count.into());
        members.insert(
            "rejected".to_owned(),
            Value::Array(rejects.into_documents()),
        );
    }
    document
}
