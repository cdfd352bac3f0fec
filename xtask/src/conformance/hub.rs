//! The two servers of a run: the hub under test, over TLS, and the storage emulator.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::install::Tools;
use super::process::{Process, tail};
use super::{Places, say};
use crate::programs::{built, cargo};
use crate::{Problem, Result};

/// Builds `iothub-jobs` and returns a copy that later builds do not replace.
pub(super) fn build(places: &Places) -> Result<PathBuf> {
    say("Building iothub-jobs ...");
    let mut command = cargo();
    command.args(["build", "--package", "jobs-cli", "--bin", "iothub-jobs"]);
    let built = built(command.current_dir(&places.workspace), "iothub-jobs")?;
    let copy = places.installed.join("iothub-jobs");
    let _ = fs::remove_file(&copy);
    fs::copy(&built, &copy).map_err(Problem::of(&built))?;
    Ok(copy)
}

/// The hub under test.
pub(super) struct Hub {
    process: Process,
    pub(super) ready: ReadyLine,
}

/// What the hub prints when it is ready; further members are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReadyLine {
    pub(super) endpoint: String,
    pub(super) connection_string: String,
    pub(super) ca_file: PathBuf,
    pub(super) admin_endpoint: String,
}

impl Hub {
    /// Starts the hub with TLS and authentication on.
    pub(super) fn start(binary: &Path, places: &Places) -> Result<Self> {
        let log = places.installed.join("hub.log");
        let mut command = Command::new(binary);
        command.args(["emulator", "--tls", "--job-delay", "200ms"]);
        let process = Process::start(&mut command, &log, "the hub")?;
        let line = process.line(Instant::now() + Duration::from_secs(30))?;
        let line =
            line.ok_or_else(|| Problem::new(format!("the hub ended at once:\n{}", tail(&log))))?;
        let ready = serde_json::from_str(&line).map_err(|cause| {
            Problem::new(format!("the hub's ready line is not as agreed: {cause}"))
        })?;
        Ok(Self { process, ready })
    }

    /// The port it listens on.
    pub(super) fn port(&self) -> Result<u16> {
        let digits = self.ready.endpoint.rsplit(':').next().unwrap_or_default();
        digits
            .trim_end_matches('/')
            .parse()
            .map_err(|_| Problem::new(format!("no port in {}", self.ready.endpoint)))
    }

    /// The same connection string with another host part.
    pub(super) fn connection_string_for(&self, host: &str) -> String {
        let parts = self.ready.connection_string.split(';').map(|part| {
            match part.strip_prefix("HostName=") {
                Some(_) => format!("HostName={host}"),
                None => part.to_owned(),
            }
        });
        parts.collect::<Vec<_>>().join(";")
    }

    /// One more case: after SIGTERM, the hub ends with code 0 and has printed nothing more on stdout.
    pub(super) fn stop_cleanly(mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(10);
        let asked = self.process.terminate();
        let silent = matches!(self.process.line(deadline), Ok(None));
        let ended = self.process.wait(deadline);
        let passed = asked && silent && ended.is_some_and(|status| status.success());
        say(&format!(
            "\nhub\n  {} stops cleanly when asked{}",
            if passed { "ok  " } else { "FAIL" },
            if passed {
                String::new()
            } else {
                format!(": asked {asked}, silent {silent}, ended {ended:?}")
            }
        ));
        passed
    }
}

/// The storage emulator, in memory, on a free port.
pub(super) struct BlobService {
    _process: Process,
    pub(super) endpoint: String,
}

impl BlobService {
    pub(super) fn start(tools: &Tools, places: &Places) -> Result<Self> {
        let log = places.installed.join("blobs.log");
        let mut command = Command::new(&tools.clients.node);
        command
            .arg(
                tools
                    .clients
                    .node_modules
                    .join("azurite/dist/src/blob/main.js"),
            )
            .args([
                "--blobHost",
                "127.0.0.1",
                "--blobPort",
                "0",
                "--inMemoryPersistence",
                "--skipApiVersionCheck",
            ])
            .args(["--disableTelemetry", "--silent"])
            .current_dir(&places.installed);
        let process = Process::start(&mut command, &log, "the storage emulator")?;
        let deadline = Instant::now() + Duration::from_secs(60);
        while let Some(line) = process.line(deadline)? {
            if let Some((_, endpoint)) = line.split_once("successfully listens on ") {
                return Ok(Self {
                    _process: process,
                    endpoint: endpoint.trim().to_owned(),
                });
            }
        }
        Err(Problem::new(format!(
            "the storage emulator ended at once:\n{}",
            tail(&log)
        )))
    }
}
