//! The peers, at pinned versions, installed once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Places;
use crate::{Problem, Result, programs};

/// The peers' programs.
pub(super) struct Tools {
    /// The interpreter of a virtual environment with DuckDB and orjson.
    pub(super) python: PathBuf,
    pub(super) node: PathBuf,
    pub(super) jq: PathBuf,
}

impl Tools {
    /// Installs what is missing.
    pub(super) fn install(places: &Places) -> Result<Self> {
        Ok(Self {
            python: python(places)?,
            node: on_path("node")?,
            jq: on_path_or_debian("jq")?,
        })
    }
}

fn python(places: &Places) -> Result<PathBuf> {
    let wanted = places.workspace.join("tests/bench/requirements.txt");
    let home = places.home.join("python");
    let (interpreter, stamp) = (home.join("bin/python"), home.join("installed-from.txt"));
    let content = fs::read_to_string(&wanted).map_err(Problem::of(&wanted))?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == content) {
        return Ok(interpreter);
    }
    run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&home),
        "making a Python environment",
    )?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "--requirement",
    ];
    run(
        Command::new(&interpreter).args(pip).arg(&wanted),
        "installing DuckDB and orjson",
    )?;
    fs::write(&stamp, content).map_err(Problem::of(&stamp))?;
    Ok(interpreter)
}

/// A program of the Debian package of the same name, which is installed when it is missing.
pub(super) fn on_path_or_debian(name: &str) -> Result<PathBuf> {
    if let Ok(found) = on_path(name) {
        return Ok(found);
    }
    run(Command::new("apt-get").arg("update"), "apt-get update")?;
    run(
        Command::new("apt-get").args(["install", "--yes", "--no-install-recommends", name]),
        &format!("installing {name}"),
    )?;
    on_path(name)
}

/// A program on the path.
pub(super) fn on_path(name: &str) -> Result<PathBuf> {
    let found = programs::on_path(&[name]);
    found.ok_or_else(|| Problem::new(format!("`{name}` is not on the path; install it")))
}

fn run(command: &mut Command, what: &str) -> Result<()> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Problem::new(format!("{what} failed: {status}"))),
        Err(cause) => Err(Problem::new(format!("{what}: {cause}"))),
    }
}

/// Builds the program that measures our side and gives its place.
pub(super) fn ours(places: &Places) -> Result<PathBuf> {
    let arguments = [
        "build",
        "--release",
        "--quiet",
        "--package",
        "jobs-devices",
        "--example",
        "devices_bench",
    ];
    run(
        programs::cargo()
            .args(arguments)
            .current_dir(&places.workspace),
        "building the example devices_bench",
    )?;
    // A copy, so that a build of another checkout in the same folder cannot take its place in the middle of a run.
    let (built, copy) = (
        places.target.join("release/examples/devices_bench"),
        places.home.join("devices_bench"),
    );
    copy_file(&built, &copy)?;
    Ok(copy)
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).map(drop).map_err(Problem::of(&from))
}
