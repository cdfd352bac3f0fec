//! Regenerates the core when the spec, the generator or its settings have changed since it was written.
//!
//! The output is checked in, so this does nothing in a package from a registry, and nothing where all is fresh.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is how a build script speaks to cargo"
)]

mod fingerprint;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, SystemTime};
use std::{env, fs, io};

fn main() -> ExitCode {
    println!("cargo:rerun-if-changed=build");
    let Some(root) = workspace() else {
        return ExitCode::SUCCESS;
    };
    let files = [fingerprint::SPEC, fingerprint::LOCK, fingerprint::OUTPUT];
    for input in files.into_iter().chain(fingerprint::SETTINGS) {
        println!("cargo:rerun-if-changed={}", root.join(input).display());
    }
    println!("cargo:rerun-if-env-changed=CI");
    match bring_up_to_date(&root) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace that holds the spec and the generator, unless this is a copy that cargo keeps for a dependent.
fn workspace() -> Option<PathBuf> {
    let package = fs::canonicalize(env::var_os("CARGO_MANIFEST_DIR")?).ok()?;
    let cargo_home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")))
        .and_then(|path| fs::canonicalize(path).ok());
    if cargo_home.is_some_and(|cargo_home| package.starts_with(cargo_home)) {
        return None;
    }
    let root = package.parent()?.parent()?;
    let is_ours = package == root.join("crates").join("jobs-api")
        && root.join(fingerprint::SPEC).is_file()
        && root.join("xtask/Cargo.toml").is_file()
        && fs::read_to_string(root.join("Cargo.toml"))
            .is_ok_and(|text| text.contains("[workspace]"));
    is_ours.then(|| root.to_path_buf())
}

fn bring_up_to_date(root: &Path) -> Result<(), String> {
    let inputs = fingerprint::of_inputs(root)
        .map_err(|error| format!("cannot read what the core is generated from: {error}"))?;
    if is_fresh(root, &inputs) {
        return Ok(());
    }
    let output = fingerprint::OUTPUT;
    if env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false" && value != "0")
    {
        return Err(format!(
            "{output} does not match {spec} and its generator. Run `cargo xtask generate` and commit the result.",
            spec = fingerprint::SPEC
        ));
    }
    let started = SystemTime::now();
    regenerate(root)?;
    if !is_fresh(root, &inputs) {
        return Err(format!(
            "{output} is still stale after `cargo xtask generate`; did its inputs change meanwhile?"
        ));
    }
    println!(
        "cargo:warning={output} was stale and has been regenerated from {}",
        fingerprint::SPEC
    );
    // Cargo compares the watched files with the moment this script started, and would run it again for its own output.
    backdate(&root.join(output), started)
        .map_err(|error| format!("cannot set the time of {output}: {error}"))
}

fn is_fresh(root: &Path, inputs: &str) -> bool {
    fs::read_to_string(root.join(fingerprint::OUTPUT))
        .is_ok_and(|text| fingerprint::of_output(&text) == Some(inputs))
}

fn backdate(path: &Path, started: SystemTime) -> io::Result<()> {
    fs::OpenOptions::new()
        .append(true)
        .open(path)?
        .set_modified(started - Duration::from_secs(2))
}

fn regenerate(root: &Path) -> Result<(), String> {
    let variable =
        |name: &str| env::var_os(name).ok_or_else(|| format!("cargo did not set {name}"));
    let out_dir = PathBuf::from(variable("OUT_DIR")?);
    let mut command = Command::new(variable("CARGO")?);
    command.current_dir(root).args([
        "run",
        "--locked",
        "--quiet",
        "--package",
        "xtask",
        "--manifest-path",
    ]);
    command.arg(root.join("xtask/Cargo.toml"));
    // The target folder of its own: the outer cargo holds the lock of the other one until this script ends.
    command
        .arg("--target-dir")
        .arg(target_folder(root, &out_dir).join("xtask-regenerate"));
    // A configured target would give a generator that does not run here. Naming the host costs building what the generator
    // and its macros share twice, so it is done only then.
    let host = variable("HOST")?;
    if variable("TARGET")? != host {
        command.arg("--target").arg(host);
    }
    command.args(["--", "generate"]);
    for (name, _) in env::vars_os() {
        if name.to_str().is_none_or(belongs_to_the_outer_build) {
            command.env_remove(name);
        }
    }
    let result = command
        .output()
        .map_err(|error| format!("cannot start cargo to regenerate the core: {error}"))?;
    if result.status.success() {
        return Ok(());
    }
    Err(format!(
        "`cargo xtask generate` failed while regenerating {output} from {spec}:\n{text}",
        output = fingerprint::OUTPUT,
        spec = fingerprint::SPEC,
        text = String::from_utf8_lossy(&result.stderr)
    ))
}

/// The folder that cargo builds into: the nearest one above with cargo's mark.
fn target_folder(root: &Path, out_dir: &Path) -> PathBuf {
    out_dir
        .ancestors()
        .find(|folder| {
            folder.join("CACHEDIR.TAG").is_file() || folder.join(".rustc_info.json").is_file()
        })
        .map_or_else(|| root.join("target"), Path::to_path_buf)
}

/// Whether a variable describes the build that this script is part of, and would mislead another one.
fn belongs_to_the_outer_build(name: &str) -> bool {
    const KEPT: [&str; 7] = [
        "CARGO_HOME",
        "CARGO_NET_",
        "CARGO_HTTP_",
        "CARGO_REGISTRY_",
        "CARGO_REGISTRIES_",
        "CARGO_SOURCE_",
        "CARGO_TERM_",
    ];
    const DROPPED: [&str; 14] = [
        "RUSTFLAGS",
        "RUSTDOCFLAGS",
        "RUSTC",
        "RUSTDOC",
        "RUSTC_LINKER",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "MAKEFLAGS",
        "TARGET",
        "HOST",
        "OUT_DIR",
        "PROFILE",
        "OPT_LEVEL",
        "DEBUG",
    ];
    let kept = KEPT.iter().any(|prefix| name.starts_with(prefix));
    !kept
        && (name.starts_with("CARGO_")
            || name.starts_with("CLIPPY_")
            || name == "NUM_JOBS"
            || DROPPED.contains(&name))
}
