//! One job read again and again over TLS, by this client in a process of its own and by whoever else speaks to the same hub.
//!
//! `cargo xtask bench client` runs this beside the vendor's clients. `server FOLDER` starts a TLS server that does next to nothing, so that
//! clients are measured and no hub, puts its certificate into the folder, prints a line as a local hub does and the job's id, and ends
//! with its standard input. `get` reads the job named by the environment (`IOTHUB_ENDPOINT`,
//! `IOTHUB_CONNECTION_STRING`, `IOTHUB_CA_FILE`, `BENCH_JOB`) and prints the microseconds of a call. `exchange` passes as many bytes
//! to and fro without TLS, HTTP or a client (`BENCH_EXCHANGE`): what the machine itself takes, below which no client comes.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement fails by panicking and prints its result"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use jobs_ext::JobsClient;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

mod canned;

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
        Some("server") => server(&arguments.next().unwrap()).await,
        Some("get") => get().await,
        Some("exchange") => exchange(),
        // `cargo bench` runs every benchmark; this one means nothing alone.
        _ => {}
    }
}

async fn server(folder: &str) {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let file = format!("{folder}/ca.pem");
    std::fs::write(&file, made.cert.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let text = format!(
        "HostName=localhost:{port};SharedAccessKeyName=iothubowner;SharedAccessKey=c2VjcmV0"
    );
    let endpoint = format!("https://localhost:{port}");
    let line = serde_json::json!({
        "endpoint": endpoint, "connectionString": text, "caFile": file, "exchange": answer_exchanges(),
    });
    println!("{line}\n{}", canned::ID);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    canned::answer(stream, || ()).await;
                }
            });
        }
    });
    let ended = tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin()));
    drop(ended.await);
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
    told(started);
}

/// The bytes of a request and of its answer, as they cross the connection encrypted.
const REQUEST: usize = 335;
const ANSWER: usize = 345;

/// Answers exchanges on a thread of its own and gives the address.
fn answer_exchanges() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut request = [0; REQUEST];
            while stream.read_exact(&mut request).is_ok() {
                stream.write_all(&[0; ANSWER]).unwrap();
            }
        }
    });
    address
}

fn exchange() {
    let mut stream = TcpStream::connect(std::env::var("BENCH_EXCHANGE").unwrap()).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut answer = [0; ANSWER];
    let mut once = || {
        stream.write_all(&[0; REQUEST]).unwrap();
        stream.read_exact(&mut answer).unwrap();
    };
    for _ in 0..WARM {
        once();
    }
    let started = Instant::now();
    for _ in 0..CALLS {
        once();
    }
    told(started);
}

/// Prints the microseconds of one of the calls since then.
fn told(started: Instant) {
    let micros = started.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS);
    println!("{}", serde_json::json!({ "micros": micros }));
}
