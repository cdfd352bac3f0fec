//! Fetches one job by its id.
//!
//! `IOTHUB_CONNECTION_STRING=… cargo run -p jobs-ext --example get -- ID`
//! (and `IOTHUB_ENDPOINT=http://127.0.0.1:PORT` for a local hub)
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use jobs_ext::{ErrorKind, Job, JobsClient};

/// The job, or none when the hub does not know it. Every other error goes to the caller.
pub(crate) async fn look_up(hub: &JobsClient, id: &str) -> Result<Option<Job>, jobs_ext::Error> {
    match hub.get(id).await {
        Ok(job) => Ok(Some(job)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut builder =
        JobsClient::builder_from_connection_string(&std::env::var("IOTHUB_CONNECTION_STRING")?);
    if let Ok(endpoint) = std::env::var("IOTHUB_ENDPOINT") {
        builder = builder.endpoint(endpoint);
    }
    let hub = builder.build()?;
    let id = std::env::args().nth(1).ok_or("usage: get ID")?;
    match look_up(&hub, &id).await? {
        Some(job) => println!(
            "{} {} {} ({})",
            job.id(),
            job.job_type(),
            job.status(),
            job.system()
        ),
        None => println!("there is no job {id}"),
    }
    Ok(())
}
