//! Kills a hub at a random instant during imports, again and again, and counts
//! committed devices that are lost. `cargo test --test kill -- 50` runs 50 rounds.
//! Before that it kills hubs during their first start, and opens their folders again.
//! After that a hub meets a full disk, played by a limit on the size of its files.
//!
//! This is a program of its own because it starts itself as the victim.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test without the test harness"
)]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jobs_emulator::Emulator;
use serde_json::{Value, json};

const ROWS: usize = 4000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let [command, folder] = &arguments[..]
        && command == "victim"
    {
        runtime.block_on(victim(Path::new(folder)));
        return;
    }
    let rounds = arguments
        .iter()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(4);
    runtime.block_on(first_starts());
    runtime.block_on(run(rounds));
    #[cfg(unix)]
    runtime.block_on(full_disk());
}

/// A hub that is killed at any instant of its first start leaves a folder that opens again.
async fn first_starts() {
    const ROUNDS: u64 = 100;
    let folder = tempfile::tempdir().unwrap();
    let mut half_made = 0;
    for round in 0..ROUNDS {
        let data = folder.path().join(round.to_string());
        let mut process = Command::new(std::env::current_exe().unwrap())
            .arg("victim")
            .arg(&data)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // From 0 to 30 ms, each instant about as often as any other.
        std::thread::sleep(Duration::from_micros(30_000 * round / ROUNDS));
        process.kill().unwrap();
        process.wait().unwrap();
        let layout = layout_of(&data);
        half_made += u32::from(data.exists() && layout != Some(2));
        let hub = Emulator::builder().data_dir(&data).start().await;
        let hub = hub.unwrap_or_else(|error| panic!("round {round}: {error}"));
        hub.shutdown().await;
        assert_eq!(layout_of(&data), Some(2));
    }
    println!("{ROUNDS} first starts killed, {half_made} of them before the database was made");
}

/// The layout of the database in a folder, if there is one; changes nothing.
fn layout_of(data: &Path) -> Option<i64> {
    let file = data.join("hub.sqlite");
    let copy = tempfile::tempdir().unwrap();
    for end in ["", "-wal", "-journal"] {
        let name = format!("hub.sqlite{end}");
        let _ = std::fs::copy(file.with_file_name(&name), copy.path().join(&name));
    }
    rusqlite::Connection::open_with_flags(
        copy.path().join("hub.sqlite"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE,
    )
    .ok()?
    .pragma_query_value(None, "user_version", |row| row.get(0))
    .ok()
}

async fn victim(folder: &Path) {
    let hub = Emulator::builder()
        .auth(false)
        .data_dir(folder)
        .start()
        .await
        .unwrap();
    println!("{}", hub.endpoint());
    std::io::stdout().flush().unwrap();
    std::future::pending::<()>().await;
}

struct Victim {
    process: Child,
    endpoint: String,
    http: reqwest::Client,
}

impl Victim {
    fn start(data: &Path) -> Self {
        Self::of(Command::new(std::env::current_exe().unwrap()), data)
    }

    /// A hub none of whose files grows beyond a few megabytes.
    #[cfg(unix)]
    fn start_limited(data: &Path) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; ulimit -f 4096; exec \"$0\" \"$@\""]);
        command.arg(std::env::current_exe().unwrap());
        Self::of(command, data)
    }

    fn of(mut command: Command, data: &Path) -> Self {
        let mut process = command
            .arg("victim")
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut endpoint = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut endpoint)
            .unwrap();
        assert!(
            endpoint.starts_with("http://"),
            "the hub starts on a folder whose owner was killed"
        );
        let config = rustls::ClientConfig::builder_with_provider(Arc::new(
            rustls::crypto::ring::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_backend_preconfigured(config)
            .build()
            .unwrap();
        Self {
            process,
            endpoint: endpoint.trim().to_owned(),
            http,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}?api-version=2021-04-12", self.endpoint)
    }

    async fn get(&self, path: &str) -> Value {
        self.http
            .get(self.url(path))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    async fn create(&self, body: &Value) -> String {
        let response = self
            .http
            .post(self.url("/jobs/create"))
            .json(body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status().as_u16(), 200);
        let job: Value = response.json().await.unwrap();
        job["jobId"].as_str().unwrap().to_owned()
    }

    async fn put(&self, id: &str) {
        let response = self
            .http
            .put(self.url(&format!("/devices/{id}")))
            .json(&json!({}))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status().as_u16(), 200);
    }

    async fn until_over(&self, id: &str) -> Value {
        let polling = async {
            loop {
                let job = self.get(&format!("/jobs/{id}")).await;
                if !matches!(job["status"].as_str(), Some("enqueued" | "running")) {
                    return job;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), polling)
            .await
            .expect("the job ends")
    }
}

async fn run(rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let uri = format!("file://{}", folder.path().display());
    let mut committed: BTreeSet<String> = BTreeSet::new();
    let (mut lost, mut interrupted) = (0, 0);
    let mut last_job = None;
    let mut random = u64::from(std::process::id());
    for round in 0..=rounds {
        let mut hub = Victim::start(&data);
        if let Some(id) = last_job.take() {
            let job = hub.get(&format!("/jobs/{id}")).await;
            match job["status"].as_str().unwrap() {
                "completed" => {}
                "failed" => {
                    interrupted += 1;
                    assert!(job["failureReason"].is_string(), "{job}");
                }
                other => panic!("round {round}: a job is stuck in {other}"),
            }
        }
        lost += check(&hub, folder.path(), &uri, &committed).await;
        if round == rounds {
            hub.process.kill().unwrap();
            hub.process.wait().unwrap();
            break;
        }
        write_rows(folder.path(), round, ROWS);
        let body = json!({ "type": "import", "inputBlobContainerUri": uri, "outputBlobContainerUri": uri });
        last_job = Some(hub.create(&body).await);
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        for n in 0..random >> 58 {
            let id = format!("put-{round}-{n}");
            hub.put(&id).await;
            committed.insert(id);
        }
        hub.process.kill().unwrap();
        hub.process.wait().unwrap();
    }
    println!(
        "{rounds} rounds, {interrupted} imports interrupted, {} devices committed, {lost} lost",
        committed.len()
    );
    assert_eq!(lost, 0);
}

fn write_rows(folder: &Path, round: usize, rows: usize) {
    let mut text = String::new();
    for n in 0..rows {
        let row = json!({ "id": format!("row-{round}-{n}"), "status": "enabled", "tags": { "round": round, "n": n } });
        text.push_str(&format!("{row}\n"));
    }
    std::fs::write(folder.join("devices.txt"), text).unwrap();
}

/// Exports and looks: committed devices that are missing are counted, rows of imports are whole.
async fn check(hub: &Victim, folder: &Path, uri: &str, committed: &BTreeSet<String>) -> usize {
    let id = hub.create(&json!({ "type": "export", "outputBlobContainerUri": uri, "outputBlobName": "out.txt" })).await;
    assert_eq!(hub.until_over(&id).await["status"], "completed");
    let text = std::fs::read_to_string(folder.join("out.txt")).unwrap();
    let mut found = BTreeSet::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let id = row["id"].as_str().unwrap().to_owned();
        if id.starts_with("row-") {
            let tags = &row["tags"];
            assert_eq!(
                id,
                format!("row-{}-{}", tags["round"], tags["n"]),
                "a row of an import is whole"
            );
            assert!(row["authentication"]["symmetricKey"]["primaryKey"].is_string());
        }
        found.insert(id);
    }
    committed.iter().filter(|id| !found.contains(*id)).count()
}

/// An import does not fit on the disk: it fails, the jobs after it end, and a restart shows the same.
#[cfg(unix)]
async fn full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let uri = format!("file://{}", folder.path().display());
    write_rows(folder.path(), 0, 40_000);
    let import =
        json!({ "type": "import", "inputBlobContainerUri": uri, "outputBlobContainerUri": uri });
    let export =
        json!({ "type": "export", "outputBlobContainerUri": uri, "outputBlobName": "out.txt" });
    let mut hub = Victim::start_limited(&data);
    for n in 0..50 {
        // Each create succeeds: the slot is free again.
        let body = if n % 10 == 0 { &import } else { &export };
        let job = hub.until_over(&hub.create(body).await).await;
        if n % 10 == 0 {
            assert_eq!(job["status"], "failed", "{job}");
            let reason = job["failureReason"].as_str().unwrap();
            assert!(reason.contains("database failed"), "{job}");
        }
    }
    let before = hub.get("/jobs").await;
    hub.process.kill().unwrap();
    hub.process.wait().unwrap();
    let mut hub = Victim::start(&data);
    assert_eq!(hub.get("/jobs").await, before);
    hub.process.kill().unwrap();
    hub.process.wait().unwrap();
    println!("a full disk: 50 jobs, none stuck");
}
