//! Imports a device file and shows the rows that the hub rejected. A completed import is not one that took every row.
//!
//! `IOTHUB_CONNECTION_STRING=… IOTHUB_CONTAINER_URI=… cargo run -p jobs-ext --features blob --example import_with_rejects -- devices.txt`
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use futures_util::TryStreamExt;
use jobs_devices::ImportError;
use jobs_ext::{ContainerUri, ImportOptions, JobsClient, ProgressEvent};

/// Uploads the file, imports it, and gives what was rejected.
pub(crate) async fn import(
    hub: &JobsClient,
    file: &Path,
    container: ContainerUri,
) -> Result<Vec<ImportError>, Box<dyn Error>> {
    let options = ImportOptions::from(container)
        .wait_for_slot(Duration::from_secs(1800)) // a hub runs one import or export at a time
        .progress(|event: &ProgressEvent<'_>| {
            if let ProgressEvent::SlotBusy {
                holder: Some(job), ..
            } = event
            {
                println!("waiting for job {} to end", job.id());
            }
        });
    let outcome = hub.begin_import_file(file, options).await?.await?;
    Ok(outcome.rejected().await?.try_collect().await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let hub = JobsClient::from_connection_string(&std::env::var("IOTHUB_CONNECTION_STRING")?)?;
    let container: ContainerUri = std::env::var("IOTHUB_CONTAINER_URI")?.parse()?;
    let file = std::env::args()
        .nth(1)
        .ok_or("usage: import_with_rejects FILE")?;
    for row in import(&hub, Path::new(&file), container).await? {
        println!("{}", row.summary());
    }
    Ok(())
}
