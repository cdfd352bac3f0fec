//! A million rows through the local hub, compared with `DuckDB` loading the same file into a table.

use std::process::Command;

use super::{Bar, Places, install};
use crate::programs::{Numbers, cargo};
use crate::workspace::Workspace;
use crate::{Problem, Result};

const ROWS: &str = "1000000";

const LOAD: &str = "
import duckdb, json, sys, time
connection = duckdb.connect()
started = time.perf_counter()
connection.execute('CREATE TABLE devices AS SELECT * FROM read_ndjson(?)', [sys.argv[1]])
print(json.dumps({'seconds': time.perf_counter() - started}))
";

pub(super) fn measure(workspace: &Workspace) -> Result<Vec<Bar>> {
    let places = Places::of(workspace)?;
    let home = places.home.join("hub");
    std::fs::create_dir_all(&home).map_err(Problem::of(&home))?;
    let mut ours = cargo();
    ours.args(["run", "--quiet", "--release", "-p", "jobs-emulator"])
        .args(["--example", "million", "--", ROWS])
        .arg(&home)
        .current_dir(workspace.root());
    let ours = Numbers::printed_by(&mut ours)?;
    let mut load = Command::new(install::python(&places)?);
    load.args(["-c", LOAD]).arg(home.join("devices.txt"));
    let load = Numbers::printed_by(&mut load)?.get("seconds")?;
    let bar = |what, name: &str, most: f64| -> Result<Bar> {
        let seconds = ours.get(name)?;
        let ratio = seconds / load;
        let measured = format!("{ratio:.2} ({seconds:.1} s to {load:.1} s)");
        Ok(Bar::at_most(what, ratio, most, measured))
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
        Bar::at_most(
            "local hub, peak MiB in both",
            memory,
            256.0,
            format!("{memory:.0}"),
        ),
    ])
}
