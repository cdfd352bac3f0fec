//! What the client does on the wire: against a scripted server, and against the local hub.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod blobs;
mod clock;
mod connecting;
mod credentials;
mod entra;
mod examples;
mod local_hub;
mod lost_creates;
mod odd_answers;
mod operations;
mod preflights;
mod results;
mod retrying;
mod scheduling;
mod secrets;
mod server;
mod single_blobs;
mod statuses;
mod storage_bounds;
mod surface;
mod transfers;
mod waiting;
mod wrong_responses;

use clock::StepClock;
use jobs_ext::{JobsClient, JobsClientBuilder};
use server::Server;

/// The key of every connection string here: base64 of `planted-key`.
const KEY: &str = "cGxhbnRlZC1rZXk=";

fn connection_string() -> String {
    format!("HostName=hub.example;SharedAccessKeyName=iothubowner;SharedAccessKey={KEY}")
}

fn builder(server: &Server, clock: &StepClock) -> JobsClientBuilder {
    JobsClient::builder(server.endpoint())
        .connection_string(&connection_string())
        .clock(clock.clone())
}

fn client(server: &Server, clock: &StepClock) -> JobsClient {
    builder(server, clock).build().unwrap()
}
