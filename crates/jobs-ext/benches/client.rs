//! What the client costs beside the HTTP library alone: the same answers from the same server, in the same run.
//!
//! `cargo xtask bench client` runs this and judges the numbers; by itself it prints them as one JSON object.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement fails by panicking and prints its result"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jobs_ext::{JobsClient, PollPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const ID: &str = "7b0c7f3e-1111-4222-8333-000000000001";
const IN_FLIGHT: usize = 64;
/// Many short ones rather than a few long: a ratio then compares two moments of the machine that lie close together.
const ROUNDS: usize = 61;
const WAITERS: usize = 10_000;

fn main() {
    let (endpoint, polls) = serve();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let hub = client(&endpoint);
        let (ours, bare, ratio) = concurrent(&hub, &endpoint).await;
        let (one, one_bare) = sequential(&hub, &endpoint).await;
        let (mebibytes, looks) = waiting(&hub, &polls).await;
        let numbers = serde_json::json!({
            "inFlight": IN_FLIGHT,
            "callsPerSecond": ours.round(),
            "bareCallsPerSecond": bare.round(),
            "ratio": ratio,
            "sequentialMicros": one,
            "bareSequentialMicros": one_bare,
            "waiters": WAITERS,
            "waitingMebibytes": mebibytes,
            "looksPerWaiter": looks,
        });
        println!("{numbers}");
    });
}

fn client(endpoint: &str) -> JobsClient {
    let text = "HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=c2VjcmV0";
    JobsClient::builder(endpoint)
        .connection_string(text)
        .build()
        .unwrap()
}

/// Calls per second of both; the ratio is the median of the rounds' own ratios, so that what else the machine does meets both alike.
async fn concurrent(hub: &JobsClient, endpoint: &str) -> (f64, f64, f64) {
    const CALLS: usize = 2_000;
    let (http, url) = (bare_client(), url(endpoint));
    let ours = || {
        let hub = hub.clone();
        rate(CALLS, move || {
            let hub = hub.clone();
            async move { assert_eq!(hub.get(ID).await.unwrap().id(), ID) }
        })
    };
    let bare = || {
        let (http, url) = (http.clone(), url.clone());
        rate(CALLS, move || {
            let (http, url) = (http.clone(), url.clone());
            async move { plain(&http, &url).await }
        })
    };
    // Connections and caches get warm unmeasured.
    ours().await;
    bare().await;
    let mut rates = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Each goes first in turn.
        let (a, b) = if round % 2 == 0 {
            let a = ours().await;
            (a, bare().await)
        } else {
            let b = bare().await;
            (ours().await, b)
        };
        rates.0.push(a);
        rates.1.push(b);
        rates.2.push(a / b);
    }
    (
        median(&mut rates.0),
        median(&mut rates.1),
        median(&mut rates.2),
    )
}

/// Calls per second with as many in flight as there are tasks, each of which calls again once it is answered.
async fn rate<F, Fut>(calls: usize, call: F) -> f64
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let (call, begun) = (Arc::new(call), Arc::new(AtomicUsize::new(0)));
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (call, begun) = (call.clone(), begun.clone());
        tasks.spawn(async move {
            while begun.fetch_add(1, Ordering::Relaxed) < calls {
                call().await;
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let calls = calls as f64;
    calls / started.elapsed().as_secs_f64()
}

/// Microseconds per call, one after the other.
async fn sequential(hub: &JobsClient, endpoint: &str) -> (f64, f64) {
    const CALLS: u32 = 500;
    let (http, url) = (bare_client(), url(endpoint));
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for _ in 0..CALLS {
            hub.get(ID).await.unwrap();
        }
        ours.push(started.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS));
        let started = Instant::now();
        for _ in 0..CALLS {
            plain(&http, &url).await;
        }
        bare.push(started.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS));
    }
    (median(&mut ours), median(&mut bare))
}

fn url(endpoint: &str) -> String {
    format!("{endpoint}/jobs/{ID}?api-version=2020-05-31-preview")
}

/// The HTTP library with the settings that the client gives it.
fn bare_client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .tls_backend_preconfigured(no_tls())
        .connect_timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent("bare/0.1.0")
        .build()
        .unwrap()
}

/// The least that a caller without this crate has to do for the same: the same request, and the answer as the same model. No token is
/// made, nothing is bounded in time, repeated or kept.
async fn plain(http: &reqwest::Client, url: &str) {
    let token = "SharedAccessSignature sr=localhost&sig=c2lnbmF0dXJlLW9mLTMyLWJ5dGVzLWFuZC1iYXNlNjQ%3D&se=1800000000&skn=iothubowner";
    let request = http
        .get(url)
        .header("accept", "application/json")
        .header("authorization", token);
    let answer = request.send().await.unwrap().error_for_status().unwrap();
    let body = answer.bytes().await.unwrap();
    let job: jobs_api::types::JobProperties = serde_json::from_slice(&body).unwrap();
    assert_eq!(job.job_id.as_deref(), Some(ID));
}

fn no_tls() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

/// Memory above idle with many waits at once, and how often each looked, over three intervals.
async fn waiting(hub: &JobsClient, polls: &AtomicU64) -> (f64, f64) {
    let idle = resident();
    polls.store(0, Ordering::SeqCst);
    let policy = PollPolicy::every(Duration::from_secs(4));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..WAITERS {
        let poller = hub.resume("running").policy(policy.clone());
        tasks.spawn(async move { poller.await.map(drop) });
    }
    let mut peak: f64 = 0.0;
    for _ in 0..22 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        peak = peak.max(resident());
    }
    tasks.abort_all();
    #[expect(clippy::cast_precision_loss, reason = "tens of thousands")]
    let looks = polls.load(Ordering::SeqCst) as f64 / WAITERS as f64;
    (peak - idle, looks)
}

/// Resident memory in MiB; zero where the system does not tell.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes: f64 = line
        .and_then(|text| text.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or_default();
    kibibytes / 1024.0
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A server on a thread of its own that answers every request with a job, and counts those for the job `running`.
fn serve() -> (String, Arc<AtomicU64>) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let polls = Arc::new(AtomicU64::new(0));
    let counter = polls.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(stream, counter.clone()));
            }
        });
    });
    (format!("http://{}", receiver.recv().unwrap()), polls)
}

async fn answer(mut stream: TcpStream, polls: Arc<AtomicU64>) {
    let reply = |status: &str| {
        let body = format!(
            r#"{{"jobId":"{ID}","startTimeUtc":"2021-07-07T20:47:47.2893449Z","type":"export","status":"{status}","progress":0,"outputBlobContainerUri":"","excludeKeysInExport":false,"useSecondaryStorageAsSource":false}}"#
        );
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let (completed, running) = (reply("completed"), reply("running"));
    let mut kept = Vec::with_capacity(1024);
    loop {
        match stream.read_buf(&mut kept).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        while let Some(end) = kept.windows(4).position(|w| w == b"\r\n\r\n") {
            let waits = kept.starts_with(b"GET /jobs/running");
            kept.drain(..end + 4);
            if waits {
                polls.fetch_add(1, Ordering::Relaxed);
            }
            let reply = if waits { &running } else { &completed };
            if stream.write_all(reply.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}
