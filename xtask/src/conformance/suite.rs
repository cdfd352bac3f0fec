//! Runs one client program and counts its cases.

use std::ops::AddAssign;
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::hub::{BlobService, Hub};
use super::install::Tools;
use super::port::Route;
use super::process::{Process, tail};
use super::{Places, say};
use crate::Result;

/// A client program under `tests/conformance`.
pub(super) struct Suite {
    pub(super) name: &'static str,
    pub(super) program: &'static str,
    pub(super) language: Language,
}

/// How a program is started, and how it learns which CA to trust.
pub(super) enum Language {
    /// Reads `REQUESTS_CA_BUNDLE`; any port.
    Python,
    /// Reads `NODE_EXTRA_CA_CERTS`; port 443 only.
    JavaScript,
    /// Reads `CONFORMANCE_CA_FILE`; port 443 only.
    Java,
    /// Node.js that drives Chromium.
    Browser,
}

/// Cases counted.
#[derive(Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) passed: usize,
    pub(super) failed: usize,
}

impl Tally {
    pub(super) fn one(passed: bool) -> Self {
        Self {
            passed: usize::from(passed),
            failed: usize::from(!passed),
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// One line that a program prints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outcome {
    case: String,
    ok: bool,
    detail: Option<String>,
}

/// A whole program must be done by then.
const LIMIT: Duration = Duration::from_secs(150);

impl Suite {
    /// Runs the program and prints each case. A program that stops early, prints no case or hangs is one failure more.
    pub(super) fn run(
        &self,
        places: &Places,
        tools: &Tools,
        hub: &Hub,
        blobs: &BlobService,
        route: &Route,
    ) -> Result<Tally> {
        let log = places.installed.join(format!("{}.log", self.program));
        let mut command = self.command(places, tools, hub, route)?;
        command
            .env("CONFORMANCE_BLOB_ENDPOINT", &blobs.endpoint)
            .env("CONFORMANCE_ADMIN_ENDPOINT", &hub.ready.admin_endpoint)
            .env("CONFORMANCE_PICTURES", &places.installed)
            // Loopback must not go to a proxy that the machine may have set up.
            .env("NO_PROXY", "localhost,127.0.0.1")
            .env("no_proxy", "localhost,127.0.0.1");
        let mut process = Process::start(&mut command, &log, self.name)?;
        let deadline = Instant::now() + LIMIT;
        let mut tally = Tally::default();
        let ended = loop {
            match process.line(deadline) {
                Ok(Some(line)) => tally += count(&line),
                Ok(None) => break process.wait(deadline),
                Err(_) => break None,
            }
        };
        let sound = ended.is_some_and(|status| status.success()) && tally.passed + tally.failed > 0;
        if !sound {
            say(&format!(
                "  FAIL the program did not run to its end ({ended:?})\n{}",
                tail(&log)
            ));
            tally += Tally::one(false);
        }
        Ok(tally)
    }

    fn command(&self, places: &Places, tools: &Tools, hub: &Hub, route: &Route) -> Result<Command> {
        let program = places.scripts.join(self.program);
        let with_port = format!("localhost:{}", hub.port()?);
        let mut command;
        let mut host = with_port.as_str();
        match self.language {
            Language::Python => {
                command = Command::new(&tools.clients.python);
                command.arg("-B").arg(program);
            }
            Language::Java => {
                command = Command::new(&tools.java);
                if let Route::Proxy(port) = route {
                    command
                        .args(["-Dhttps.proxyHost=127.0.0.1", "-Dhttp.nonProxyHosts="])
                        .arg(format!("-Dhttps.proxyPort={port}"));
                }
                command.arg("-cp").arg(&tools.class_path).arg(self.program);
                host = "localhost";
            }
            Language::JavaScript => {
                command = Command::new(&tools.clients.node);
                match route {
                    Route::Forwarder => host = "localhost",
                    Route::Proxy(_) => {
                        let split = places.scripts.join("javascript_port.cjs");
                        command.arg("--require").arg(split);
                    }
                }
                command.arg(program);
            }
            Language::Browser => {
                command = Command::new(&tools.clients.node);
                command.arg(program);
            }
        }
        command
            .env("REQUESTS_CA_BUNDLE", &hub.ready.ca_file)
            .env("NODE_EXTRA_CA_CERTS", &hub.ready.ca_file)
            .env("CONFORMANCE_CA_FILE", &hub.ready.ca_file)
            .env("NODE_PATH", &tools.clients.node_modules)
            .env("CONFORMANCE_CHROMIUM", &tools.chromium)
            .env("CONFORMANCE_ENDPOINT", &hub.ready.endpoint)
            .env("IOTHUB_CONNECTION_STRING", hub.connection_string_for(host));
        Ok(command)
    }
}

/// Prints one line of a program as a case. Any other line counts as a failure.
fn count(line: &str) -> Tally {
    match serde_json::from_str::<Outcome>(line) {
        Ok(Outcome { case, ok: true, .. }) => {
            say(&format!("  ok   {case}"));
            Tally::one(true)
        }
        Ok(Outcome { case, detail, .. }) => {
            say(&format!("  FAIL {case}: {}", detail.unwrap_or_default()));
            Tally::one(false)
        }
        Err(_) => {
            say(&format!("  FAIL not a case: {line}"));
            Tally::one(false)
        }
    }
}
