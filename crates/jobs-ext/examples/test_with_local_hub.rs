//! Tests an application against the local hub: no cloud, no account, a free port, gone when dropped.
//!
//! `cargo run -p jobs-ext --features blob --example test_with_local_hub`
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use futures_util::TryStreamExt;
use jobs_devices::Row;
use jobs_emulator::Emulator;
use jobs_ext::{ContainerUri, ExportOptions, ImportOptions, JobsClient};

/// The application: how many devices are disabled? It takes a client and a container, so a test can give it others.
async fn disabled(hub: &JobsClient, container: ContainerUri) -> Result<usize, Box<dyn Error>> {
    let done = hub
        .begin_export(ExportOptions::to(container))
        .await?
        .await?;
    let rows: Vec<Row> = done.devices().await?.try_collect().await?;
    Ok(rows
        .iter()
        .filter(|row| row.status == Some(jobs_devices::Status::Disabled))
        .count())
}

/// The test of it.
pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let local = Emulator::builder().start().await?;
    let hub = JobsClient::builder(local.endpoint())
        .connection_string(local.connection_string())
        .build()?;
    let folder = tempfile::tempdir()?;
    let container: ContainerUri = format!("file://{}", folder.path().display()).parse()?;

    let fleet = [
        r#"{"id":"press-1","status":"enabled"}"#.parse::<Row>()?,
        r#"{"id":"press-2","status":"disabled"}"#.parse::<Row>()?,
    ];
    let options = ImportOptions::from(container.clone());
    hub.begin_import_rows(fleet, options).await?.await?;

    assert_eq!(disabled(&hub, container).await?, 1);
    local.shutdown().await;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await?;
    println!("the application works");
    Ok(())
}
