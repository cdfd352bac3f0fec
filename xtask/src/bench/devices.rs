//! Device files: our reader, writer and transforms beside DuckDB, Python, Node.js and jq.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::install::{Tools, ours};
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

/// Measures, appends the table to `report`, and gives the bars.
pub(super) fn measure(workspace: &Workspace, args: &Args, report: &mut String) -> Result<Vec<Bar>> {
    let places = Places::of(workspace)?;
    let (tools, program) = (Tools::install(&places)?, ours(&places)?);
    let bench = Bench {
        places,
        tools,
        program,
        file: PathBuf::new(),
        repeat: args.repeat,
    };
    bench.with_file(args.rows)?.report(report)
}

struct Bench {
    places: Places,
    tools: Tools,
    /// The program that measures our side.
    program: PathBuf,
    file: PathBuf,
    repeat: u32,
}

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
                self.ours_with("make", &part, &rows.to_string())
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

    /// The second file of a task: one to compare with, or one to write. That is made anew, or the run would wait for the disk to
    /// have what an earlier one wrote.
    fn other(&self, task: &str) -> PathBuf {
        if task.ends_with("diff") {
            return self.second();
        }
        let out = self.places.home.join("out.txt");
        let _ = fs::remove_file(&out);
        out
    }

    fn ours_with(&self, task: &str, file: &Path, other: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(task).arg(file).arg(other);
        command
    }

    fn ours(&self, task: &str) -> Result<Taken> {
        best(self.repeat, false, || {
            let out = self.other(task);
            self.ours_with(task, &self.file, &out.to_string_lossy())
        })
    }

    fn python(&self, task: &str) -> Result<Taken> {
        best(self.repeat, false, || {
            let out = self.other(task);
            let mut command = Command::new(&self.tools.python);
            command
                .arg(self.places.workspace.join("tests/bench/devices.py"))
                .arg(task)
                .arg(&self.file)
                .arg(&out);
            command
        })
    }

    fn node(&self) -> Result<Taken> {
        best(self.repeat, false, || {
            let mut command = Command::new(&self.tools.node);
            command
                .arg(self.places.workspace.join("tests/bench/devices.cjs"))
                .arg(&self.file);
            command
        })
    }

    fn jq(&self, program: &str) -> Result<Taken> {
        // It takes half a minute: once is enough.
        best(1, true, || {
            let mut command = Command::new(&self.tools.jq);
            command.arg("-c").arg(program).arg(&self.file);
            command
        })
    }

    fn lines(&self) -> Result<Vec<Line>> {
        const SELECT: &str = r#"select(.status == "enabled" and .tags.site == "north" and .properties.desired.telemetryInterval < 300)"#;
        let mut lines = Vec::new();
        let mut add = |what, who, taken: Result<Taken>| {
            taken.map(|taken| lines.push(Line { what, who, taken }))
        };
        add("read", "jobs-devices, typed and checked", self.ours("read"))?;
        add("read", "jobs-devices, one core", self.ours("read-one-core"))?;
        add("read", "jobs-devices, owned rows", self.ours("read-owned"))?;
        add(
            "read",
            "jobs-devices, `Reader` on one core",
            self.ours("reader"),
        )?;
        add(
            "read",
            "DuckDB `read_ndjson` into a table",
            self.python("duckdb-load"),
        )?;
        add("read", "Python `json.loads`", self.python("json-read"))?;
        add("read", "Python `orjson.loads`", self.python("orjson-read"))?;
        add("read", "Node.js `JSON.parse`", self.node())?;
        add("read", "jq", self.jq("empty"))?;
        add("write", "jobs-devices, from typed rows", self.ours("write"))?;
        add(
            "write",
            "jobs-devices, one core",
            self.ours("write-one-core"),
        )?;
        add("write", "Python `json.dumps`", self.python("json-write"))?;
        add("stats", "jobs-devices", self.ours("stats"))?;
        add("check", "jobs-devices, every rule", self.ours("check"))?;
        add(
            "check",
            "Python `json`, six rules",
            self.python("json-check"),
        )?;
        add("filter", "jobs-devices", self.ours("filter"))?;
        add("filter", "DuckDB", self.python("duckdb-filter"))?;
        add("filter", "Python `json`", self.python("json-filter"))?;
        add("filter", "jq", self.jq(SELECT))?;
        add("diff", "jobs-devices, with itself", self.ours("diff"))?;
        add("diff", "DuckDB, with itself", self.python("duckdb-diff"))?;
        Ok(lines)
    }

    fn report(&self, out: &mut String) -> Result<Vec<Bar>> {
        let bytes = fs::metadata(&self.file)
            .map_err(Problem::of(&self.file))?
            .len();
        let (newlines, bandwidth) = (self.ours("newlines")?, self.ours("bandwidth")?);
        let lines = self.lines()?;
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
            "Memory gives {:.1} GB/s to all cores; our read has {:.0} % of that.\n",
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
        Bar {
            what,
            measured: format!("{ratio:.1}x"),
            wanted: format!(">= {least}x"),
            kept: ratio >= least,
        }
    };
    let write = seconds("write", "jobs-devices") / read;
    vec![
        faster("device file read, beside DuckDB", 5.0, "DuckDB"),
        faster("device file read, beside Python json", 20.0, "Python `json"),
        faster("device file read, beside Node.js", 15.0, "Node"),
        Bar {
            what: "device file write, beside our read",
            measured: format!("{write:.2}x"),
            wanted: "<= 1.5x".to_owned(),
            kept: write <= 1.5,
        },
        Bar {
            what: "device file read, memory",
            measured: format!("{memory} MiB"),
            wanted: "<= 64 MiB".to_owned(),
            kept: memory <= 64,
        },
    ]
}
