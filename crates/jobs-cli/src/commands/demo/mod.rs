//! `demo`: the whole round trip on a hub inside this program.

mod compare;
mod fleet;
mod report;
mod story;

use std::collections::BTreeSet;
use std::path::PathBuf;

use futures_util::StreamExt as _;
use jobs_emulator::{Emulator, Hub};
use jobs_ext::{ContainerUri, ExportOptions, ImportOptions, ImportOutcome, Job, JobsClient};
use serde_json::Value;

use crate::args::local::DemoArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::following::{to_end, verdict};
use crate::rejects::{UNREAD, cause, meaning, subject};
use crate::watcher::Watcher;
use compare::compare;
use fleet::{Fleet, identity};
use report::{Check, Summary};
use story::Story;

/// Where the demo works: a folder of its own that is gone afterwards.
struct Stage {
    _folder: tempfile::TempDir,
    /// The device file, as a user would have it.
    file: PathBuf,
    /// The container: on the local hub a folder can stand in for one.
    container: ContainerUri,
    container_text: String,
}

/// Tells and does everything.
pub(crate) async fn run(context: &Context, args: &DemoArgs) -> Outcome {
    let mut story = Story::new(&context.printer);
    story.say("This demo imports a fleet into an IoT hub, looks at what was refused, exports everything and compares.")?;
    story
        .say("Each step shows the request on the wire, the command for it and the code for it.")?;
    let stage = Stage::set()?;
    let hub = start_hub(&mut story).await?;
    context.job.inside();
    let client = connect(&mut story, &hub)?;
    let fleet = write_file(&mut story, &stage, args.devices)?;
    let outcome = import(context, &mut story, &client, &stage).await?;
    fetch(context, &mut story, &client, outcome.job().id()).await?;
    let rejected = rejects(context, &mut story, &fleet, &outcome).await?;
    let exported = export(context, &mut story, &client, &stage).await?;
    let check = compare_rows(&mut story, &fleet, &exported)?;
    hub.shutdown().await;
    Summary {
        fleet: &fleet,
        rejected,
        check,
        took: story.started.elapsed(),
    }
    .show(context, &mut story)
}

impl Stage {
    fn set() -> Result<Self, Failure> {
        let cannot = |error: std::io::Error| {
            Failure::usage(format_args!("cannot make a temporary folder: {error}"))
        };
        let folder = tempfile::Builder::new()
            .prefix("iothub-jobs-demo-")
            .tempdir()
            .map_err(cannot)?;
        let path = folder
            .path()
            .canonicalize()
            .map_err(cannot)?
            .join("container");
        std::fs::create_dir(&path).map_err(cannot)?;
        let container_text = report::file_uri(&path);
        let container = container_text.parse::<ContainerUri>()?;
        Ok(Self {
            file: folder.path().join("fleet.txt"),
            container,
            container_text,
            _folder: folder,
        })
    }
}

async fn start_hub(story: &mut Story) -> Result<Hub, Failure> {
    story.step("A hub inside this program")?;
    story.command("iothub-jobs emulator")?;
    story.code("let hub = Emulator::builder().start().await?;")?;
    let hub = Emulator::builder()
        .start()
        .await
        .map_err(|error| Failure::of_chain(&error))?;
    story.detail(format_args!(
        "it answers at {} and checks every request's signature",
        hub.endpoint()
    ))?;
    Ok(hub)
}

fn connect(story: &mut Story, hub: &Hub) -> Result<JobsClient, Failure> {
    story.step("A client for it")?;
    story.call("Authorization: SharedAccessSignature sr=localhost…&sig=…&se=…&skn=iothubowner, on every request")?;
    story.command(format_args!("export IOTHUB_CONNECTION_STRING='HostName=…;SharedAccessKeyName=…;SharedAccessKey=…' IOTHUB_ENDPOINT={}", hub.endpoint()))?;
    story.code("let client = JobsClient::from_connection_string(&text)?;")?;
    Ok(
        JobsClient::builder_from_connection_string(hub.connection_string())
            .endpoint(hub.endpoint())
            .build()?,
    )
}

fn write_file(story: &mut Story, stage: &Stage, rows: u64) -> Result<Fleet, Failure> {
    story.step("A device file: one JSON document a line, one line for each identity")?;
    let fleet = Fleet::new(rows);
    let mut text = fleet.lines.join("\n");
    text.push('\n');
    std::fs::write(&stage.file, &text)
        .map_err(|error| Failure::file("write", &stage.file, &error))?;
    story.command("iothub-jobs devices check fleet.txt --for import")?;
    story.detail(format_args!(
        "{} rows, {} bytes:",
        fleet.lines.len(),
        text.len()
    ))?;
    for (kind, count) in &fleet.kinds {
        story.detail(format_args!("{count:>7}  {kind}"))?;
    }
    story.detail(format_args!(
        "{:>7}  rows that a hub must refuse:",
        fleet.bad.len()
    ))?;
    for row in &fleet.bad {
        story.detail(format_args!(
            "         line {}, {}: {}",
            row.line, row.id, row.why
        ))?;
    }
    Ok(fleet)
}

async fn import(
    context: &Context,
    story: &mut Story,
    client: &JobsClient,
    stage: &Stage,
) -> Result<ImportOutcome, Failure> {
    story.step("Import it")?;
    story.detail("The file goes into a blob container; the job reads it there and writes a log of what it refused.")?;
    story.call(format_args!(
        "POST /jobs/create?api-version={}",
        client.api_version()
    ))?;
    story.detail("         {\"type\":\"import\",\"inputBlobContainerUri\":\"<container>\",\"outputBlobContainerUri\":\"<container>\"}")?;
    story.command(format_args!(
        "iothub-jobs import fleet.txt --container {}",
        stage.container_text
    ))?;
    story.code("let outcome = client.begin_import_file(\"fleet.txt\", ImportOptions::from(container)).await?.await?;")?;
    let options = ImportOptions::from(stage.container.clone()).progress(Watcher::new(context));
    let mut poller = client.begin_import_file(&stage.file, options).await?;
    let job = to_end(context, &mut poller).await?;
    verdict(&job)?;
    Ok(poller.await?)
}

async fn fetch(
    context: &Context,
    story: &mut Story,
    client: &JobsClient,
    id: &str,
) -> Result<Job, Failure> {
    story.step("Fetch the job by its id")?;
    story.call(format_args!(
        "GET /jobs/{id}?api-version={}",
        client.api_version()
    ))?;
    story.command(format_args!("iothub-jobs get {id} -o json"))?;
    story.code("let job = client.get(&id).await?;")?;
    let job = client.get(id).await?;
    for line in format!("{:#}", crate::job_view::wire(&context.printer, &job)).lines() {
        story.detail(line)?;
    }
    story
        .detail("A job that refused some rows is `completed` all the same: only its log tells.")?;
    Ok(job)
}

/// Shows what was refused and why, and checks that it is exactly what should be.
async fn rejects(
    context: &Context,
    story: &mut Story,
    fleet: &Fleet,
    outcome: &ImportOutcome,
) -> Result<u64, Failure> {
    story.step("Look at what was rejected")?;
    story.detail(format_args!(
        "The job wrote the blob {} into the output container.",
        jobs_ext::IMPORT_ERRORS_BLOB
    ))?;
    story.code("let rejected = outcome.rejected().await?;")?;
    let mut log = outcome.rejected().await?;
    let mut rejected = Vec::new();
    while let Some(row) = log.next().await {
        let row =
            row.map_err(|error| Failure::work(format_args!("the log cannot be read: {error}")))?;
        let name = subject(&row);
        story.detail(&name)?;
        story.detail(format_args!(
            "    {} {}: {}",
            row.error_code,
            meaning(row.error_code),
            cause(&context.printer, &row)
        ))?;
        rejected.push((name.trim_end_matches(UNREAD).to_owned(), row.error_code));
    }
    let mut expected: Vec<_> = fleet
        .bad
        .iter()
        .map(|row| (row.id.to_owned(), row.code))
        .collect();
    expected.sort();
    rejected.sort();
    if rejected != expected {
        return Err(Failure::work(format_args!(
            "the hub rejected {rejected:?}, but {expected:?} are bad"
        )));
    }
    Ok(rejected.len() as u64)
}

async fn export(
    context: &Context,
    story: &mut Story,
    client: &JobsClient,
    stage: &Stage,
) -> Result<Vec<Value>, Failure> {
    story.step("Export everything")?;
    story.call(format_args!(
        "POST /jobs/create?api-version={}",
        client.api_version()
    ))?;
    story.detail("         {\"type\":\"export\",\"outputBlobContainerUri\":\"<container>\",\"outputBlobName\":\"exported.txt\",\"excludeKeysInExport\":false}")?;
    story.command(format_args!(
        "iothub-jobs export --container {} --blob exported.txt --include-keys --download exported.txt",
        stage.container_text
    ))?;
    story.code("let done = client.begin_export(ExportOptions::to(container).blob(\"exported.txt\").include_keys(true)).await?.await?;")?;
    story.code("let mut rows = done.devices().await?;")?;
    let options = ExportOptions::to(stage.container.clone())
        .blob("exported.txt")
        .include_keys(true)
        .progress(Watcher::new(context));
    let mut poller = client.begin_export(options).await?;
    verdict(&to_end(context, &mut poller).await?)?;
    let done = poller.await?;
    let mut rows = done.devices().await?;
    let mut exported = Vec::new();
    while let Some(row) = rows.next().await {
        let row =
            row.map_err(|error| Failure::work(format_args!("the export cannot be read: {error}")))?;
        exported.push(serde_json::from_str(&row.to_line()).map_err(Failure::work)?);
    }
    story.detail(format_args!("{} rows came back", exported.len()))?;
    Ok(exported)
}

/// Compares every exported row with the row that was sent.
fn compare_rows(story: &mut Story, fleet: &Fleet, exported: &[Value]) -> Result<Check, Failure> {
    story.step("Compare each exported row with the row that was sent, member by member")?;
    let mut check = Check::default();
    let mut missing: BTreeSet<_> = fleet.rows.keys().cloned().collect();
    for row in exported {
        let identity = identity(row);
        let name = match &identity {
            (id, Some(module)) => format!("{id}/{module}"),
            (id, None) => id.clone(),
        };
        let Some(sent) = fleet.rows.get(&identity) else {
            if identity
                .1
                .as_deref()
                .is_some_and(|module| module == "$edgeAgent" || module == "$edgeHub")
            {
                check.made_by_hub += 1;
            } else {
                check.differences.push(format!("{name}: was never sent"));
            }
            continue;
        };
        if !missing.remove(&identity) {
            check.differences.push(format!("{name}: came back twice"));
        }
        let comparison = compare(sent, row);
        check.rows += 1;
        check.members += comparison.compared;
        check.differences.extend(
            comparison
                .differences
                .into_iter()
                .map(|text| format!("{name}: {text}")),
        );
    }
    check
        .differences
        .extend(missing.into_iter().map(|(id, module)| {
            format!(
                "{id}{}: did not come back",
                module.map(|m| format!("/{m}")).unwrap_or_default()
            )
        }));
    story.detail(format_args!(
        "{} rows, {} members: {} differences",
        check.rows,
        check.members,
        check.differences.len()
    ))?;
    Ok(check)
}
