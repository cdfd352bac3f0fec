//! A million rows through the local hub, beside `DuckDB` loading the same file into a table.

use std::path::Path;
use std::process::Command;

use super::Bar;
use crate::programs::{Numbers, cargo, output};
use crate::workspace::Workspace;
use crate::{Problem, Result};

const ROWS: &str = "1000000";
/// The peer's version, so that ratios can be compared over time.
const PEER: &str = "duckdb==2.0.0";

const LOAD: &str = "
import duckdb, json, sys, time
connection = duckdb.connect()
started = time.perf_counter()
connection.execute('CREATE TABLE devices AS SELECT * FROM read_ndjson(?)', [sys.argv[1]])
print(json.dumps({'seconds': time.perf_counter() - started}))
";

pub(super) fn measure(workspace: &Workspace) -> Result<Vec<Bar>> {
    let home = workspace.root().join("target/bench/hub");
    std::fs::create_dir_all(&home).map_err(Problem::of(&home))?;
    let mut ours = cargo();
    ours.args([
        "run",
        "--quiet",
        "--release",
        "-p",
        "jobs-emulator",
        "--example",
        "million",
        "--",
        ROWS,
    ])
    .arg(&home)
    .current_dir(workspace.root());
    let ours = Numbers::printed_by(&mut ours)?;
    let python = peer(&home)?;
    let mut load = Command::new(python);
    load.args(["-c", LOAD]).arg(home.join("devices.txt"));
    let load = Numbers::printed_by(&mut load)?.get("seconds")?;
    let bar = |what, name: &str, most: f64| -> Result<Bar> {
        let seconds = ours.get(name)?;
        Ok(Bar {
            what,
            measured: format!("{:.2} ({seconds:.1} s to {load:.1} s)", seconds / load),
            wanted: format!("<= {most}"),
            kept: seconds / load <= most,
        })
    };
    let memory = ours.get("peakMebibytes")?;
    Ok(vec![
        bar(
            "local hub, import of 1 M rows, to DuckDB loading them",
            "importSeconds",
            5.0,
        )?,
        bar(
            "local hub, export of 1 M rows, to DuckDB loading them",
            "exportSeconds",
            2.0,
        )?,
        Bar {
            what: "local hub, peak memory in both",
            measured: format!("{memory:.0} MiB"),
            wanted: "<= 256 MiB".into(),
            kept: memory <= 256.0,
        },
    ])
}

/// A Python with the peer in it, kept for later runs.
fn peer(home: &Path) -> Result<std::path::PathBuf> {
    let folder = home.join("python");
    let python = folder.join("bin/python");
    if !python.exists() {
        output(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    output(Command::new(&python).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        PEER,
    ]))?;
    Ok(python)
}
