//! `get` by this client and by the vendor's Python and JavaScript clients, in turn, against one TLS server that does next to nothing.
//!
//! The bars are judged with client and server held to one core. Left free, the two sit on a core each, and both cores are idle while the
//! other works: a call then spends most of its time on waking them, whoever calls, and no client can be faster than that. What this
//! machine takes to pass a request and its answer between two processes is told beside it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::Bar;
use super::install::on_path;
use crate::conformance::{self, Clients};
use crate::programs::{built, cargo, output};
use crate::workspace::Workspace;
use crate::{Problem, Result};

/// Each client's turns. A ratio is the median of the turns' own ratios, so that what else the machine does meets all alike.
const TURNS: usize = 5;

pub(super) fn measure(workspace: &Workspace) -> Result<Vec<Bar>> {
    let clients = conformance::clients(workspace)?;
    let program = build(workspace)?;
    let bound = turns(workspace, &clients, &program, &Cores::one()?)?;
    let free = turns(workspace, &clients, &program, &Cores::Free)?;
    Ok(vec![
        bound.bar(
            "`get` over TLS, one after the other, on one core: the Python SDK to us",
            &bound.python,
            Some(10.0),
        ),
        bound.bar(
            "`get` over TLS, one after the other, on one core: the Node SDK to us",
            &bound.javascript,
            Some(4.0),
        ),
        free.bar(
            "the same on free cores: the Python SDK to us",
            &free.python,
            None,
        ),
        free.bar(
            "the same on free cores: the Node SDK to us",
            &free.javascript,
            None,
        ),
        Bar {
            what: "as many bytes to and fro between two processes: one core, free cores",
            measured: format!(
                "{:.0} µs, {:.0} µs",
                median(bound.exchange.iter().copied()),
                median(free.exchange.iter().copied())
            ),
            wanted: "told".into(),
            kept: true,
        },
    ])
}

/// Microseconds of a call, of each turn.
#[derive(Default)]
struct Times {
    ours: Vec<f64>,
    python: Vec<f64>,
    javascript: Vec<f64>,
    exchange: Vec<f64>,
}

impl Times {
    fn bar(&self, what: &'static str, peer: &[f64], least: Option<f64>) -> Bar {
        let ratio = median(peer.iter().zip(&self.ours).map(|(peer, ours)| peer / ours));
        let (peer, ours) = (
            median(peer.iter().copied()),
            median(self.ours.iter().copied()),
        );
        Bar {
            what,
            measured: format!("{ratio:.1}x ({peer:.0} µs to {ours:.0} µs)"),
            wanted: least.map_or_else(|| "told".to_owned(), |least| format!(">= {least}x")),
            kept: least.is_none_or(|least| ratio >= least),
        }
    }
}

fn turns(workspace: &Workspace, clients: &Clients, program: &Path, cores: &Cores) -> Result<Times> {
    let server = Server::start(cores.command(program))?;
    let mut times = Times::default();
    for _ in 0..TURNS {
        let mut ours = cores.command(program);
        times.ours.push(server.time(ours.arg("get"))?);
        let mut python = cores.command(&clients.python);
        python.arg("-B").arg(workspace.path("tests/bench/get.py"));
        times.python.push(server.time(&mut python)?);
        let mut javascript = javascript_client(workspace, clients, cores);
        times.javascript.push(server.time(&mut javascript)?);
        let mut exchange = cores.command(program);
        times.exchange.push(server.time(exchange.arg("exchange"))?);
    }
    Ok(times)
}

/// Where programs may run.
enum Cores {
    Free,
    /// On this one, by this program.
    One(PathBuf, String),
}

impl Cores {
    /// The first core that this process may use.
    fn one() -> Result<Self> {
        let taskset = on_path("taskset")?;
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let allowed = status
            .lines()
            .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let first = allowed.and_then(|list| list.trim().split([',', '-']).next());
        first
            .map(|core| Self::One(taskset, core.to_owned()))
            .ok_or_else(|| Problem::new("the system does not tell which cores may be used"))
    }

    fn command(&self, program: &Path) -> Command {
        match self {
            Self::Free => Command::new(program),
            Self::One(taskset, core) => {
                let mut command = Command::new(taskset);
                command.arg("--cpu-list").arg(core).arg(program);
                command
            }
        }
    }
}

/// The client goes to port 443 alone, so host and port are split for it; nothing stands between it and the server.
fn javascript_client(workspace: &Workspace, clients: &Clients, cores: &Cores) -> Command {
    let mut command = cores.command(&clients.node);
    command
        .arg("--require")
        .arg(workspace.path("tests/conformance/javascript_port.cjs"))
        .arg(workspace.path("tests/bench/get.cjs"))
        .env("NODE_PATH", &clients.node_modules);
    command
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut command = cargo();
    let arguments = ["bench", "--no-run", "-p", "jobs-ext", "--bench", "peers"];
    built(
        command.args(arguments).current_dir(workspace.root()),
        "peers",
    )
}

/// A server in a process of its own; it ends when this is dropped.
struct Server {
    process: Child,
    _folder: tempfile::TempDir,
    ready: Value,
    job: String,
}

impl Server {
    fn start(mut program: Command) -> Result<Self> {
        let failed = |cause: std::io::Error| Problem::new(format!("the server: {cause}"));
        let folder = tempfile::tempdir().map_err(failed)?;
        let mut process = program
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
            .env("BENCH_EXCHANGE", told("exchange"))
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
