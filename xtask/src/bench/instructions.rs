//! How many instructions the inner loops of jobs-devices take for a row, counted by callgrind, compared with the recorded numbers.
//!
//! Times differ from run to run; instructions hardly do, even on a busy machine. Another compiler makes other ones, so the record
//! says which one it was made with. Callgrind has AVX2 at most: what AVX-512 saves is measured by `bench devices`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::{Bar, Places};
use crate::programs::{built, cargo, on_path_or_debian, output};
use crate::workspace::Workspace;
use crate::{Problem, Result};

/// How much more a loop may take than recorded, in hundredths.
const TOLERANCE: f64 = 3.0;
/// Rows that one round of a loop goes through.
const ROWS: f64 = 1000.0;
const RECORD: &str = "crates/jobs-devices/benches/instructions.json";

/// What to do with the numbers.
#[derive(Debug, clap::Args)]
#[group(id = "instructions")]
pub(super) struct Args {
    /// Keep the counted instructions as the ones to compare with.
    #[arg(long)]
    record: bool,
}

/// What is kept in the repository.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Record {
    rustc: String,
    instructions_per_row: BTreeMap<String, f64>,
}

/// Counts, appends the table to `report`, and returns the bar.
pub(super) fn measure(workspace: &Workspace, args: &Args, report: &mut String) -> Result<Vec<Bar>> {
    let places = Places::of(workspace)?;
    let valgrind = on_path_or_debian(&["valgrind"], "valgrind")?;
    let program = program(workspace)?;
    let names = output(Command::new(&program).arg("--list"))?;
    let mut counted = Record {
        rustc: version()?,
        instructions_per_row: BTreeMap::new(),
    };
    for name in String::from_utf8_lossy(&names).lines() {
        let count = |times| callgrind(&valgrind, &program, &places.home, name, times);
        // What the program does before and after the loop is in both, and goes away.
        let rounds = count(3)? - count(1)?;
        let per_row = (rounds / 2.0 / ROWS * 10.0).round() / 10.0;
        counted
            .instructions_per_row
            .insert(name.to_owned(), per_row);
    }
    let path = workspace.path(RECORD);
    if args.record {
        keep(&path, &counted)?;
    }
    let recorded = read(&path)?;
    Ok(vec![compare(&counted, &recorded, report)])
}

/// Adds a line for each loop, and returns the bar over all.
fn compare(counted: &Record, recorded: &Record, report: &mut String) -> Bar {
    let _ = writeln!(
        report,
        "Instructions a row; counted with {}, recorded with {}.\n\n| Loop | Counted | Recorded | |\n|---|---:|---:|---:|",
        counted.rustc, recorded.rustc
    );
    let mut grown = Vec::new();
    for (name, count) in &counted.instructions_per_row {
        let Some(before) = recorded.instructions_per_row.get(name) else {
            grown.push(format!("{name} is not recorded"));
            let _ = writeln!(report, "| {name} | {count} | | |");
            continue;
        };
        let change = (count / before - 1.0) * 100.0;
        let _ = writeln!(report, "| {name} | {count} | {before} | {change:+.1} % |");
        if change > TOLERANCE {
            grown.push(format!("{name} by {change:.1} %"));
        }
    }
    report.push('\n');
    Bar {
        what: "loops over device rows that take more instructions than recorded",
        kept: grown.is_empty(),
        measured: if grown.is_empty() {
            "none".to_owned()
        } else {
            grown.join(", ")
        },
        wanted: format!("none by over {TOLERANCE} %"),
    }
}

/// The instructions of a run that does the loop that many times.
fn callgrind(valgrind: &Path, program: &Path, home: &Path, name: &str, times: u32) -> Result<f64> {
    let out = home.join("callgrind.out");
    let mut command = Command::new(valgrind);
    command
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .args(["--count", name, &times.to_string()]);
    output(&mut command)?;
    let text = read_text(&out)?;
    let total = text
        .lines()
        .find_map(|line| line.strip_prefix("summary: ")?.trim().parse().ok());
    total.ok_or_else(|| Problem::new(format!("{}: no line \"summary: N\"", out.display())))
}

/// Builds the benchmark and gives its place.
fn program(workspace: &Workspace) -> Result<PathBuf> {
    let arguments = "bench --quiet --package jobs-devices --bench inner_loops --no-run";
    let mut build = cargo();
    let build = build.args(arguments.split(' '));
    built(build.current_dir(workspace.root()), "inner_loops")
}

fn version() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let text = output(Command::new(rustc).arg("--version"))?;
    Ok(String::from_utf8_lossy(&text).trim().to_owned())
}

fn keep(path: &Path, record: &Record) -> Result<()> {
    let mut text = serde_json::to_string_pretty(record).map_err(Problem::of(path))?;
    text.push('\n');
    fs::write(path, text).map_err(Problem::of(path))
}

fn read(path: &Path) -> Result<Record> {
    serde_json::from_str(&read_text(path)?).map_err(Problem::of(&path))
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(Problem::of(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(loops: &[(&str, f64)]) -> Record {
        Record {
            rustc: "rustc 1.0".to_owned(),
            instructions_per_row: loops
                .iter()
                .map(|&(name, count)| (name.to_owned(), count))
                .collect(),
        }
    }

    #[test]
    fn a_loop_that_grew_or_is_new_breaks_the_bar() {
        let recorded = record(&[("read", 1000.0), ("write", 500.0)]);
        let judge =
            |counted: &[(&str, f64)]| compare(&record(counted), &recorded, &mut String::new());
        assert!(judge(&[("read", 1029.0), ("write", 100.0)]).kept);
        let grown = judge(&[("read", 1031.0), ("write", 500.0)]);
        assert_eq!((grown.kept, &*grown.measured), (false, "read by 3.1 %"));
        assert!(!judge(&[("check", 1.0)]).kept);
    }
}
