//! Device files: our reader, writer and transforms, compared with DuckDB, Python, Node.js and jq.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::install::Tools;
use super::measure::{AT_LEAST, Taken, best};
use super::{Bar, Places};
use crate::workspace::Workspace;
use crate::{Problem, Result};

/// How much to measure.
#[derive(Debug, clap::Args)]
#[group(id = "devices")]
pub(super) struct Args {
    /// Rows of the file.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// How often each program runs at least; the fastest run counts.
    #[arg(long, default_value_t = 3)]
    repeat: u32,
}

/// Measures, appends the table to `report`, and returns the bars.
pub(super) fn measure(workspace: &Workspace, args: &Args, report: &mut String) -> Result<Vec<Bar>> {
    let places = Places::of(workspace)?;
    let bench = Bench {
        tools: Tools::install(&places)?,
        places,
        file: PathBuf::new(),
        repeat: args.repeat,
    };
    bench.with_file(args.rows)?.report(report)
}

struct Bench {
    places: Places,
    tools: Tools,
    file: PathBuf,
    repeat: u32,
}

/// Who does a task, and how it is called there.
#[derive(Clone, Copy)]
enum Who {
    Ours(&'static str),
    Python(&'static str),
    Node,
    Jq(&'static str),
}

use Who::{Jq, Node, Ours, Python};

const SELECT: &str = r#"select(.status == "enabled" and .tags.site == "north" and .properties.desired.telemetryInterval < 300)"#;

/// The lines of the report: the task, who does it, and how.
const LINES: [(&str, &str, Who); 21] = [
    ("read", "jobs-devices, typed and checked", Ours("read")),
    ("read", "jobs-devices, one core", Ours("read-one-core")),
    ("read", "jobs-devices, owned rows", Ours("read-owned")),
    ("read", "jobs-devices, `Reader` on one core", Ours("reader")),
    (
        "read",
        "DuckDB `read_ndjson` into a table",
        Python("duckdb-load"),
    ),
    ("read", "Python `json.loads`", Python("json-read")),
    ("read", "Python `orjson.loads`", Python("orjson-read")),
    ("read", "Node.js `JSON.parse`", Node),
    ("read", "jq", Jq("empty")),
    ("write", "jobs-devices, from typed rows", Ours("write")),
    ("write", "jobs-devices, one core", Ours("write-one-core")),
    ("write", "Python `json.dumps`", Python("json-write")),
    ("stats", "jobs-devices", Ours("stats")),
    ("check", "jobs-devices, every rule", Ours("check")),
    ("check", "Python `json`, six rules", Python("json-check")),
    ("filter", "jobs-devices", Ours("filter")),
    ("filter", "DuckDB", Python("duckdb-filter")),
    ("filter", "Python `json`", Python("json-filter")),
    ("filter", "jq", Jq(SELECT)),
    ("diff", "jobs-devices, with itself", Ours("diff")),
    ("diff", "DuckDB, with itself", Python("duckdb-diff")),
];

/// One measured line of the report.
struct Line {
    what: &'static str,
    who: &'static str,
    taken: Taken,
}

impl Bench {
    /// Makes the file, unless it is there already.
    fn with_file(mut self, rows: u64) -> Result<Self> {
        self.file = self.places.home.join(format!("devices-{rows}.txt"));
        if !self.file.is_file() {
            let part = self.file.with_extension("part");
            best(1, false, || {
                let mut command = Command::new(&self.tools.ours);
                command.arg("make").arg(&part).arg(rows.to_string());
                command
            })?;
            fs::rename(&part, &self.file).map_err(Problem::of(&self.file))?;
        }
        // A copy for the comparison of two files.
        let second = self.second();
        if !second.is_file() {
            fs::copy(&self.file, &second).map_err(Problem::of(&second))?;
        }
        Ok(self)
    }

    fn second(&self) -> PathBuf {
        self.file.with_extension("again.txt")
    }

    /// The second file of a task: one to compare with, or one to write. The latter is removed first, or the run would wait until
    /// the disk has what an earlier run wrote.
    fn other(&self, task: &str) -> PathBuf {
        if task.ends_with("diff") {
            return self.second();
        }
        let out = self.places.home.join("out.txt");
        let _ = fs::remove_file(&out);
        out
    }

    /// Runs a task. jq takes half a minute: once is enough.
    fn taken(&self, who: Who) -> Result<Taken> {
        let (times, is_quiet) = match who {
            Jq(_) => (1, true),
            _ => (self.repeat, false),
        };
        best(times, is_quiet, || self.command(who))
    }

    fn command(&self, who: Who) -> Command {
        let script = |name| self.places.workspace.join("tests/bench").join(name);
        let mut command;
        match who {
            Ours(task) => {
                command = Command::new(&self.tools.ours);
                command.arg(task).arg(&self.file).arg(self.other(task));
            }
            Python(task) => {
                command = Command::new(&self.tools.python);
                command.arg(script("devices.py")).arg(task);
                command.arg(&self.file).arg(self.other(task));
            }
            Node => {
                command = Command::new(&self.tools.node);
                command.arg(script("devices.cjs")).arg(&self.file);
            }
            Jq(program) => {
                command = Command::new(&self.tools.jq);
                command.arg("-c").arg(program).arg(&self.file);
            }
        }
        command
    }

    fn report(&self, out: &mut String) -> Result<Vec<Bar>> {
        let bytes = fs::metadata(&self.file)
            .map_err(Problem::of(&self.file))?
            .len();
        let (newlines, bandwidth) = (
            self.taken(Ours("newlines"))?,
            self.taken(Ours("bandwidth"))?,
        );
        let mut lines = Vec::new();
        for (what, who, how) in LINES {
            let taken = self.taken(how)?;
            lines.push(Line { what, who, taken });
        }
        let read = lines.first().map_or(f64::NAN, |line| line.taken.seconds);
        let rows = lines.first().map_or(0, |line| line.taken.rows);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let speed = |seconds: f64| bytes as f64 / seconds / 1e9;
        let per_row = bytes / rows.max(1);
        let _ = writeln!(
            out,
            "{rows} rows of {per_row} bytes, {cores} cores, fastest of at least {} runs and {} s.\n",
            self.repeat,
            AT_LEAST.as_secs()
        );
        let _ = writeln!(
            out,
            "| Task | Who | Seconds | GB/s | Our read is faster by | Peak MiB |\n|---|---|---:|---:|---:|---:|"
        );
        for Line { what, who, taken } in &lines {
            let (seconds, memory) = (taken.seconds, taken.memory);
            let _ = writeln!(
                out,
                "| {what} | {who} | {seconds:.2} | {:.2} | {:.1}x | {memory} |",
                speed(seconds),
                seconds / read
            );
        }
        let _ = writeln!(
            out,
            "\nA bare scan for line feeds on one core runs at {:.1} GB/s; our read, on all cores, has {:.0} % of that.",
            speed(newlines.seconds),
            newlines.seconds / read * 100.0
        );
        let _ = writeln!(
            out,
            "All cores copy memory at {:.1} GB/s; our read has {:.0} % of that.\n",
            speed(bandwidth.seconds),
            bandwidth.seconds / read * 100.0
        );
        Ok(bars(&lines))
    }
}

/// The bars that the design sets, and whether they are kept.
fn bars(lines: &[Line]) -> Vec<Bar> {
    let seconds = |what: &str, who: &str| {
        let found = lines
            .iter()
            .find(|line| line.what == what && line.who.starts_with(who));
        found.map_or(f64::NAN, |line| line.taken.seconds)
    };
    let read = seconds("read", "jobs-devices, typed");
    let memory = lines.first().map_or(0, |line| line.taken.memory);
    let faster = |what, least: f64, peer| {
        let ratio = seconds("read", peer) / read;
        Bar::at_least(what, ratio, least, format!("{ratio:.1}"))
    };
    let write = seconds("write", "jobs-devices") / read;
    vec![
        faster("device file read, times DuckDB", 5.0, "DuckDB"),
        faster("device file read, times Python json", 20.0, "Python `json"),
        faster("device file read, times Node.js", 15.0, "Node"),
        Bar::at_most(
            "device file write, to our read",
            write,
            1.5,
            format!("{write:.2}"),
        ),
        Bar::at_most(
            "device file read, MiB of memory",
            memory as f64,
            64.0,
            memory.to_string(),
        ),
    ]
}
