//! `get` by this client and by the vendor's Python and JavaScript clients, in turn, against one TLS server that does next to
//! nothing.
//!
//! Client and server are held to one core. On free cores each has its own core, which is idle while the other
//! works: a call then spends most of its time on waking the cores, and no client can be faster than that.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::Bar;
use crate::conformance;
use crate::programs::{Numbers, built, cargo, required};
use crate::workspace::Workspace;
use crate::{Problem, Result};

/// Each client's turns. A ratio is the median of the turns' own ratios, so that other load on the machine affects all clients alike.
const TURNS: usize = 5;

pub(super) fn measure(workspace: &Workspace) -> Result<Vec<Bar>> {
    let clients = conformance::clients(workspace)?;
    let (program, core) = (build(workspace)?, Core::first()?);
    let server = Server::start(core.command(&program))?;
    let (mut ours, mut python, mut javascript) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        ours.push(server.time(core.command(&program).arg("get"))?);
        let mut client = core.command(&clients.python);
        client.arg("-B").arg(workspace.path("tests/bench/get.py"));
        python.push(server.time(&mut client)?);
        let mut client = core.command(&clients.node);
        // The client knows port 443 only, so host and port are split for it.
        client
            .arg("--require")
            .arg(workspace.path("tests/conformance/javascript_port.cjs"))
            .arg(workspace.path("tests/bench/get.cjs"))
            .env("NODE_PATH", &clients.node_modules);
        javascript.push(server.time(&mut client)?);
    }
    let bar = |what, peer: &[f64], least| {
        let ratio = median(peer.iter().zip(&ours).map(|(peer, ours)| peer / ours));
        let [peer, ours] = [peer, &ours].map(|times| median(times.iter().copied()));
        let measured = format!("{ratio:.1} ({peer:.0} µs to {ours:.0} µs)");
        Bar::at_least(what, ratio, least, measured)
    };
    Ok(vec![
        bar(
            "`get` over TLS, one after the other, on one core: the Python SDK to us",
            &python,
            10.0,
        ),
        bar(
            "`get` over TLS, one after the other, on one core: the Node SDK to us",
            &javascript,
            4.0,
        ),
    ])
}

/// The core that all programs run on, and the program that holds them to it.
struct Core(PathBuf, String);

impl Core {
    /// The first core that this process may use.
    fn first() -> Result<Self> {
        let taskset = required("taskset", "taskset")?;
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let allowed = status
            .lines()
            .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let first = allowed.and_then(|list| list.trim().split([',', '-']).next());
        first
            .map(|core| Self(taskset, core.to_owned()))
            .ok_or_else(|| Problem::new("the system does not report which cores may be used"))
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(&self.0);
        command.arg("--cpu-list").arg(&self.1).arg(program);
        command
    }
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut command = cargo();
    let arguments = ["bench", "--no-run", "-p", "jobs-ext", "--bench", "peers"];
    built(
        command.args(arguments).current_dir(workspace.root()),
        "peers",
    )
}

/// A server in its own process. It ends when this is dropped.
struct Server {
    process: Child,
    _folder: tempfile::TempDir,
    ready: Value,
    job: String,
}

impl Server {
    fn start(mut program: Command) -> Result<Self> {
        let failed = |error: std::io::Error| Problem::new(format!("the server: {error}"));
        let folder = tempfile::tempdir().map_err(failed)?;
        let mut process = program
            .arg("server")
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let stdout = process.stdout.take().map(BufReader::new);
        let mut lines = stdout.into_iter().flat_map(BufRead::lines);
        let mut line = || match lines.next() {
            Some(line) => line.map_err(failed),
            None => Err(Problem::new("the server ended at once")),
        };
        let (ready, job) = (line()?, line()?);
        let ready = serde_json::from_str(&ready)
            .map_err(|error| Problem::new(format!("the server's first line: {error}")))?;
        Ok(Self {
            process,
            _folder: folder,
            ready,
            job,
        })
    }

    /// The microseconds of a call that a client reports.
    fn time(&self, client: &mut Command) -> Result<f64> {
        let ready = |name: &str| self.ready[name].as_str().unwrap_or_default();
        let authority = ready("caFile");
        client
            .env("IOTHUB_ENDPOINT", ready("endpoint"))
            .env("IOTHUB_CONNECTION_STRING", ready("connectionString"))
            .env("IOTHUB_CA_FILE", authority)
            .env("REQUESTS_CA_BUNDLE", authority)
            .env("NODE_EXTRA_CA_CERTS", authority)
            .env("BENCH_JOB", &self.job)
            // Loopback must not go to a proxy that the machine may have set up.
            .env("NO_PROXY", "localhost,127.0.0.1")
            .env("no_proxy", "localhost,127.0.0.1");
        Numbers::printed_by(client)?.get("micros")
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
