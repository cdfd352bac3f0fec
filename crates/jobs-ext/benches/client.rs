//! What the client costs beside the HTTP library alone: the same answers from the same server, in the same run.
//!
//! `cargo xtask bench client` runs this and judges the numbers; by itself it prints them as one JSON object. An argument (`concurrent`,
//! `sequential`, `waiting`) runs that part alone; `ours` and `bare`, with a number of rounds behind them, call on one side only, for a profiler.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement fails by panicking and prints its result"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jobs_ext::{JobsClient, PollPolicy};
use tokio::net::TcpListener;

mod canned;

use canned::ID;

const IN_FLIGHT: usize = 64;
/// Many short ones rather than a few long: a ratio then compares two moments of the machine that lie close together.
const ROUNDS: usize = 61;
/// Of one round.
const CALLS: usize = 2_000;
const WAITERS: usize = 10_000;
/// The name of the server's thread.
const SERVER: &str = "server";

fn main() {
    let (endpoint, polls) = serve();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'));
    let part = arguments.next();
    let rounds = arguments
        .next()
        .map_or(ROUNDS, |text| text.parse().unwrap());
    let wanted = |name: &str| part.as_deref().is_none_or(|only| only == name);
    runtime.block_on(async {
        let hub = client(&endpoint);
        let mut numbers = serde_json::Map::new();
        if wanted("concurrent") {
            numbers.extend(concurrent(&hub, &endpoint).await);
        }
        if wanted("sequential") {
            numbers.extend(sequential(&hub, &endpoint).await);
        }
        if wanted("waiting") {
            numbers.extend(waiting(&hub, &polls).await);
        }
        match part.as_deref() {
            Some("ours") => load(&Ours(hub), rounds).await,
            Some("bare") => load(&Bare::new(&endpoint), rounds).await,
            _ => println!("{}", serde_json::Value::Object(numbers)),
        }
    });
}

fn client(endpoint: &str) -> JobsClient {
    let text = "HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=c2VjcmV0";
    JobsClient::builder(endpoint)
        .connection_string(text)
        .build()
        .unwrap()
}

type Numbers = serde_json::Map<String, serde_json::Value>;

fn named<const N: usize>(numbers: [(&str, f64); N]) -> Numbers {
    let pairs = numbers.into_iter();
    pairs
        .map(|(name, number)| (name.to_owned(), number.into()))
        .collect()
}

/// What is compared.
trait Side: Clone + Send + Sync + 'static {
    /// One call.
    fn call(&self) -> impl Future<Output = ()> + Send;
}

/// The client.
#[derive(Clone)]
struct Ours(JobsClient);

impl Side for Ours {
    async fn call(&self) {
        assert_eq!(self.0.get(ID).await.unwrap().id(), ID);
    }
}

/// The least that a caller without this crate has to do for the same: the same request, and the answer as the same model. No token is
/// made, nothing is bounded in time, repeated or kept.
#[derive(Clone)]
struct Bare {
    http: reqwest::Client,
    url: String,
}

impl Bare {
    /// The HTTP library with the settings that the client gives it.
    fn new(endpoint: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_backend_preconfigured(no_tls())
            .connect_timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("bare/0.1.0")
            .build()
            .unwrap();
        let url = format!("{endpoint}/jobs/{ID}?api-version=2020-05-31-preview");
        Self { http, url }
    }
}

impl Side for Bare {
    async fn call(&self) {
        let token = "SharedAccessSignature sr=localhost&sig=c2lnbmF0dXJlLW9mLTMyLWJ5dGVzLWFuZC1iYXNlNjQ%3D&se=1800000000&skn=iothubowner";
        let request = self
            .http
            .get(&self.url)
            .header("accept", "application/json")
            .header("authorization", token);
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        let body = answer.bytes().await.unwrap();
        let job: jobs_api::types::JobProperties = serde_json::from_slice(&body).unwrap();
        assert_eq!(job.job_id.as_deref(), Some(ID));
    }
}

/// Calls on one side alone.
async fn load(side: &impl Side, rounds: usize) {
    for _ in 0..rounds {
        round(side, CALLS).await;
    }
}

/// Calls per second of both, and the processor time of a call. The ratio is the median of the rounds' own ratios, so that what else the
/// machine does meets both alike.
async fn concurrent(hub: &JobsClient, endpoint: &str) -> Numbers {
    let (ours, bare) = (Ours(hub.clone()), Bare::new(endpoint));
    // Connections and caches get warm unmeasured.
    round(&ours, CALLS).await;
    round(&bare, CALLS).await;
    let (mut a, mut b, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..ROUNDS {
        // Each goes first in turn.
        if turn % 2 == 0 {
            a.push(round(&ours, CALLS).await);
            b.push(round(&bare, CALLS).await);
        } else {
            b.push(round(&bare, CALLS).await);
            a.push(round(&ours, CALLS).await);
        }
        ratios.push(a[turn].0 / b[turn].0);
    }
    let rate = |rounds: &[(f64, f64)]| median(rounds.iter().map(|round| round.0)).round();
    let processor = |rounds: &[(f64, f64)]| median(rounds.iter().map(|round| round.1));
    named([
        ("callsPerSecond", rate(&a)),
        ("bareCallsPerSecond", rate(&b)),
        ("ratio", median(ratios)),
        ("processorMicros", processor(&a)),
        ("bareProcessorMicros", processor(&b)),
    ])
}

/// Calls per second, and microseconds of processor time per call without the server's, with as many in flight as there are tasks, each of
/// which calls again once it is answered.
async fn round(side: &impl Side, calls: usize) -> (f64, f64) {
    let begun = Arc::new(AtomicUsize::new(0));
    let (started, before) = (Instant::now(), processor_micros());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (side, begun) = (side.clone(), begun.clone());
        tasks.spawn(async move {
            while begun.fetch_add(1, Ordering::Relaxed) < calls {
                side.call().await;
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let calls = calls as f64;
    (
        calls / started.elapsed().as_secs_f64(),
        (processor_micros() - before) / calls,
    )
}

/// Microseconds per call, one after the other.
async fn sequential(hub: &JobsClient, endpoint: &str) -> Numbers {
    const IN_A_ROW: u32 = 500;
    async fn timed(side: &impl Side) -> f64 {
        let started = Instant::now();
        for _ in 0..IN_A_ROW {
            side.call().await;
        }
        started.elapsed().as_secs_f64() * 1e6 / f64::from(IN_A_ROW)
    }
    let (hub, http) = (Ours(hub.clone()), Bare::new(endpoint));
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(timed(&hub).await);
        bare.push(timed(&http).await);
    }
    named([
        ("sequentialMicros", median(ours)),
        ("bareSequentialMicros", median(bare)),
    ])
}

/// Processor time that this process has taken, but for the server's thread, in microseconds; zero where the system does not tell.
fn processor_micros() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let of_one = |thread: std::io::Result<std::fs::DirEntry>| {
        let folder = thread.ok()?.path();
        let name = std::fs::read_to_string(folder.join("comm")).ok()?;
        let times = std::fs::read_to_string(folder.join("schedstat")).ok()?;
        let nanoseconds: f64 = times.split_whitespace().next()?.parse().ok()?;
        (name.trim() != SERVER).then_some(nanoseconds / 1e3)
    };
    threads.filter_map(of_one).sum()
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
async fn waiting(hub: &JobsClient, polls: &AtomicU64) -> Numbers {
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
    named([("waitingMebibytes", peak - idle), ("looksPerWaiter", looks)])
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

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A server on a thread of its own that answers every request with a job, and counts those for the job `running`.
fn serve() -> (String, Arc<AtomicU64>) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let polls = Arc::new(AtomicU64::new(0));
    let counter = polls.clone();
    let thread = std::thread::Builder::new().name(SERVER.to_owned());
    let running = thread.spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let counter = counter.clone();
                let looked = move || {
                    counter.fetch_add(1, Ordering::Relaxed);
                };
                tokio::spawn(canned::answer(stream, looked));
            }
        });
    });
    running.unwrap();
    (format!("http://{}", receiver.recv().unwrap()), polls)
}
