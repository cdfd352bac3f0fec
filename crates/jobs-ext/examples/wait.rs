//! Waits for a job that something else began, showing each state once.
//!
//! `IOTHUB_CONNECTION_STRING=… cargo run -p jobs-ext --example wait -- ID`
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::time::Duration;

use futures_util::StreamExt;
use jobs_ext::{Job, JobsClient, PollPolicy};

/// Shows the states that the job goes through and gives the job as it ended, whichever way that was.
pub(crate) async fn follow(
    hub: &JobsClient,
    id: &str,
    mut show: impl FnMut(&Job),
) -> Result<Job, jobs_ext::Error> {
    let policy = PollPolicy::default()
        .first(Duration::from_millis(200))
        .deadline(Duration::from_secs(4 * 3600));
    let mut poller = hub.resume(id).policy(policy);
    let mut before = None;
    while let Some(job) = poller.next().await {
        let job = job?;
        if before.as_ref() != Some(job.status()) {
            show(&job);
            before = Some(job.status().clone());
        }
    }
    // The stream is over, so this asks the hub for nothing more.
    poller.finished().await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let hub = JobsClient::from_connection_string(&std::env::var("IOTHUB_CONNECTION_STRING")?)?;
    let id = std::env::args().nth(1).ok_or("usage: wait ID")?;
    let job = follow(&hub, &id, |job| println!("{}", job.status())).await?;
    if let Some(reason) = job.failure_reason() {
        println!("the hub says: {reason}");
    }
    Ok(())
}
