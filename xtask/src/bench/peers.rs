//! `get` by this client and by the vendor's Python and JavaScript clients, in turn, against one TLS server that does next to nothing.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{Bar, cargo, output};
use crate::conformance::{self, Clients};
use crate::workspace::Workspace;
use crate::{Problem, Result};

/// Each client's turns. A ratio is the median of the turns' own ratios, so that what else the machine does meets all alike.
const TURNS: usize = 5;

pub(super) fn measure(workspace: &Workspace) -> Result<Vec<Bar>> {
    let clients = conformance::clients(workspace)?;
    let program = build(workspace)?;
    let server = Server::start(&program)?;
    let (mut ours, mut python, mut javascript) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        ours.push(server.time(Command::new(&program).arg("get"))?);
        python.push(server.time(&mut python_client(workspace, &clients))?);
        javascript.push(server.time(&mut javascript_client(workspace, &clients))?);
    }
    let bar = |what, peer: &[f64], least: f64| {
        let ratio = median(peer.iter().zip(&ours).map(|(peer, ours)| peer / ours));
        let (peer, ours) = (median(peer.iter().copied()), median(ours.iter().copied()));
        Bar {
            what,
            measured: format!("{ratio:.1}x ({peer:.0} µs to {ours:.0} µs)"),
            wanted: format!(">= {least}x"),
            kept: ratio >= least,
        }
    };
    Ok(vec![
        bar(
            "`get` over TLS, one after the other: the Python SDK to us",
            &python,
            10.0,
        ),
        bar(
            "`get` over TLS, one after the other: the Node SDK to us",
            &javascript,
            4.0,
        ),
    ])
}

fn python_client(workspace: &Workspace, clients: &Clients) -> Command {
    let mut command = Command::new(&clients.python);
    command.arg("-B").arg(workspace.path("tests/bench/get.py"));
    command
}

/// The client goes to port 443 alone, so host and port are split for it; nothing stands between it and the server.
fn javascript_client(workspace: &Workspace, clients: &Clients) -> Command {
    let mut command = Command::new(&clients.node);
    command
        .arg("--require")
        .arg(workspace.path("tests/conformance/javascript_port.cjs"))
        .arg(workspace.path("tests/bench/get.cjs"))
        .env("NODE_PATH", &clients.node_modules);
    command
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut command = cargo();
    command
        .args(["bench", "--no-run", "-p", "jobs-ext", "--bench", "peers"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(workspace.root());
    let text = output(&mut command)?;
    String::from_utf8_lossy(&text)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "peers")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .ok_or_else(|| Problem::new("cargo named no program of the benchmark `peers`"))
}

/// A server in a process of its own; it ends when this is dropped.
struct Server {
    process: Child,
    _folder: tempfile::TempDir,
    ready: Value,
    job: String,
}

impl Server {
    fn start(program: &Path) -> Result<Self> {
        let failed = |cause: std::io::Error| Problem::new(format!("the server: {cause}"));
        let folder = tempfile::tempdir().map_err(failed)?;
        let mut process = Command::new(program)
            .arg("server")
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let said = process.stdout.take().map(BufReader::new);
        let mut lines = said.into_iter().flat_map(BufRead::lines);
        let mut line = || match lines.next() {
            Some(line) => line.map_err(failed),
            None => Err(Problem::new("the server ended at once")),
        };
        let (ready, job) = (line()?, line()?);
        let ready = serde_json::from_str(&ready)
            .map_err(|cause| Problem::new(format!("the server's first line: {cause}")))?;
        Ok(Self {
            process,
            _folder: folder,
            ready,
            job,
        })
    }

    /// The microseconds of a call that a client tells.
    fn time(&self, client: &mut Command) -> Result<f64> {
        let told = |name: &str| self.ready[name].as_str().unwrap_or_default();
        let authority = told("caFile");
        client
            .env("IOTHUB_ENDPOINT", told("endpoint"))
            .env("IOTHUB_CONNECTION_STRING", told("connectionString"))
            .env("IOTHUB_CA_FILE", authority)
            .env("REQUESTS_CA_BUNDLE", authority)
            .env("NODE_EXTRA_CA_CERTS", authority)
            .env("BENCH_JOB", &self.job)
            // Loopback must not go to a proxy that the machine may have set up.
            .env("NO_PROXY", "localhost,127.0.0.1")
            .env("no_proxy", "localhost,127.0.0.1");
        let text = output(client)?;
        serde_json::from_slice::<Value>(&text)
            .ok()
            .and_then(|said| said["micros"].as_f64())
            .ok_or_else(|| Problem::new("a client that was measured told no time"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
