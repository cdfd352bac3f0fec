//! Exports every device identity and writes it to a file that only its owner can read.
//!
//! `IOTHUB_CONNECTION_STRING=… IOTHUB_CONTAINER_URI=… cargo run -p jobs-ext --features blob --example export_to_file -- devices.txt`
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::path::Path;

use futures_util::TryStreamExt;
use jobs_ext::{ContainerUri, ExportOptions, JobsClient};

/// Exports with keys and gives how many rows there are. Neither the file nor the count takes memory that grows with them.
pub(crate) async fn export(
    hub: &JobsClient,
    container: ContainerUri,
    file: &Path,
) -> Result<usize, Box<dyn Error>> {
    let options = ExportOptions::to(container).include_keys(true);
    let done = hub.begin_export(options).await?.await?;
    done.download(file).await?;
    let mut rows = done.devices().await?;
    let mut count = 0;
    while let Some(row) = rows.try_next().await? {
        count += usize::from(row.module_id.is_none());
    }
    Ok(count)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let hub = JobsClient::from_connection_string(&std::env::var("IOTHUB_CONNECTION_STRING")?)?;
    let container: ContainerUri = std::env::var("IOTHUB_CONTAINER_URI")?.parse()?;
    let file = std::env::args()
        .nth(1)
        .ok_or("usage: export_to_file FILE")?;
    let count = export(&hub, container, Path::new(&file)).await?;
    println!("{count} devices are in {file}");
    Ok(())
}
