//! One job read again and again over TLS, by this client in a process of its own and by whoever else speaks to the same hub.
//!
//! `cargo xtask bench client` runs this beside the vendor's clients. `hub FOLDER` starts a local hub with one finished export, prints its
//! ready line and the job's id, and ends with its standard input. `get` reads the job named by the environment (`IOTHUB_ENDPOINT`,
//! `IOTHUB_CONNECTION_STRING`, `IOTHUB_CA_FILE`, `BENCH_JOB`) and prints the microseconds of a call.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement fails by panicking and prints its result"
)]

use std::time::Instant;

use jobs_emulator::Emulator;
use jobs_ext::{ContainerUri, ExportOptions, JobsClient};

/// Unmeasured calls: connections and caches get warm.
const WARM: u32 = 500;
/// About a second, as long as the others' turns.
const CALLS: u32 = 10_000;

// One call at a time: with more threads each would wake another one, as the vendor's clients never do.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'));
    match arguments.next().as_deref() {
        Some("hub") => hub(&arguments.next().unwrap()).await,
        Some("get") => get().await,
        // `cargo bench` runs every benchmark; this one means nothing alone.
        _ => {}
    }
}

async fn hub(folder: &str) {
    let local = Emulator::builder().tls(true).start().await.unwrap();
    let authority = std::fs::read(local.ca_file().unwrap()).unwrap();
    let client = JobsClient::builder(local.endpoint())
        .connection_string(local.connection_string())
        .ca_pem(authority)
        .build()
        .unwrap();
    let container: ContainerUri = format!("file://{folder}").parse().unwrap();
    let export = client.begin_export(ExportOptions::to(container));
    let done = export.await.unwrap().await.unwrap();
    println!("{}", local.ready_line());
    println!("{}", done.job().id());
    let ended = tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin()));
    drop(ended.await);
    local.shutdown().await;
}

async fn get() {
    let given = |name: &str| std::env::var(name).unwrap();
    let client = JobsClient::builder(given("IOTHUB_ENDPOINT"))
        .connection_string(&given("IOTHUB_CONNECTION_STRING"))
        .ca_pem(std::fs::read(given("IOTHUB_CA_FILE")).unwrap())
        .build()
        .unwrap();
    let job = given("BENCH_JOB");
    for _ in 0..WARM {
        client.get(&job).await.unwrap();
    }
    let started = Instant::now();
    for _ in 0..CALLS {
        assert_eq!(client.get(&job).await.unwrap().id(), job);
    }
    let micros = started.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS);
    println!("{}", serde_json::json!({ "micros": micros }));
}
