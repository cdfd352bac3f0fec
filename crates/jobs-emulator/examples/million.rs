//! Imports and exports a large device file over HTTP on a hub of its own, and
//! prints seconds and peak memory as JSON: `cargo run --release -p jobs-emulator
//! --example million -- [ROWS] [FOLDER] [--data]`. The file, about 820 bytes a
//! row, is made in FOLDER when it is not there.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jobs_emulator::{Emulator, Hub};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

#[expect(clippy::print_stdout, reason = "a program that reports")]
#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rows: u64 = arguments
        .first()
        .map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = arguments.get(1).map_or_else(
        || std::env::temp_dir().join("iothub-jobs-million"),
        PathBuf::from,
    );
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("devices.txt");
    if !file.exists() {
        generate(&file, rows)?;
    }
    let mut builder = Emulator::builder().auth(false);
    if arguments.iter().any(|argument| argument == "--data") {
        builder = builder.data_dir(folder.join("data"));
    }
    let hub = builder.start().await?;
    let uri = format!("file://{}", folder.display());
    let import =
        json!({ "type": "import", "inputBlobContainerUri": uri, "outputBlobContainerUri": uri });
    let imported = run(&hub, &import).await?;
    let refused = std::fs::metadata(folder.join("importErrors.log"))?.len();
    if refused > 0 {
        return Err(format!(
            "importErrors.log has {refused} bytes; every row should have been taken"
        )
        .into());
    }
    // Overwriting a large file waits for the disk to have the old one.
    let _ = std::fs::remove_file(folder.join("exported.txt"));
    let export = json!({ "type": "export", "outputBlobContainerUri": uri, "outputBlobName": "exported.txt" });
    let exported = run(&hub, &export).await?;
    println!(
        "{}",
        json!({ "rows": rows, "importSeconds": imported, "exportSeconds": exported, "peakMebibytes": peak_mib() })
    );
    hub.shutdown().await;
    Ok(())
}

/// Runs a job to its end; seconds.
async fn run(hub: &Hub, body: &Value) -> Result<f64, Failure> {
    let started = Instant::now();
    let job = request(hub, "POST", "/jobs/create", &body.to_string()).await?;
    let id = job["jobId"]
        .as_str()
        .ok_or_else(|| job.to_string())?
        .to_owned();
    loop {
        let job = request(hub, "GET", &format!("/jobs/{id}"), "").await?;
        match job["status"].as_str() {
            Some("completed") => return Ok(started.elapsed().as_secs_f64()),
            Some("enqueued" | "running") => tokio::time::sleep(Duration::from_millis(20)).await,
            _ => return Err(job.to_string().into()),
        }
    }
}

/// One request on a connection of its own.
async fn request(hub: &Hub, method: &str, path: &str, body: &str) -> Result<Value, Failure> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = hub.endpoint().trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let head = format!(
        "{method} {path}?api-version=2021-04-12 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    Ok(serde_json::from_str(body)?)
}

fn generate(path: &Path, rows: u64) -> Result<(), Failure> {
    let mut out = BufWriter::new(File::create(path)?);
    for n in 0..rows {
        let key = format!("{:042}A=", n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let row = json!({
            "id": format!("device-{n:07}-{:08x}", n.wrapping_mul(2_654_435_761) as u32),
            "eTag": "ODcwMDE5Njk1", "status": "enabled", "statusReason": "provisioned",
            "authentication": { "symmetricKey": { "primaryKey": key, "secondaryKey": key }, "type": "sas" },
            "twinETag": "AAAAAAAAAAE=",
            "tags": { "site": format!("site-{}", n % 100), "building": n % 40, "owner": "Zürich", "labels": ["a", "b", "c"] },
            "properties": {
                "desired": { "interval": n % 60, "mode": "eco", "limits": { "low": -5.5, "high": 42.25 }, "schedule": ["06:00", "22:00"] },
                "reported": { "firmware": "1.4.2", "battery": n % 100, "network": { "ip": "10.0.0.1", "rssi": -60, "operator": "example" }, "uptime": n * 17, "sensors": { "t": 21.5, "h": 40.125, "p": 1013.25 }, "lastError": "none so far, everything is as it should be" },
            },
            "capabilities": { "iotEdge": false },
        });
        writeln!(out, "{row}")?;
    }
    out.flush()?;
    Ok(())
}

/// The most memory this process has had.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1))
        .and_then(|kib| kib.parse::<u64>().ok())
        .map_or(0, |kib| kib / 1024)
}
