//! `cargo xtask package`: what people get from a registry works by itself. The published crates are packed, unpacked outside
//! the workspace, and a small application that knows nothing but the packages fetches a job from the local hub.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::problem::Outcome;
use crate::programs::{cargo, target};
use crate::workspace::Workspace;
use crate::{Problem, Result};

/// What the application prints before the id and the status of the job.
const PROMISE: &str = "fetched job";

/// Packs, builds and runs.
pub fn run(workspace: &Workspace) -> Result<Outcome> {
    let folder = tempfile::tempdir().map_err(|error| failed("make a temporary folder", &error))?;
    let packed = pack(workspace, folder.path())?;
    let packages = unpack(&packed, folder.path())?;
    let application = application(workspace, folder.path(), &packages)?;
    let mut command = cargo();
    command.current_dir(&application).args(["run", "--quiet"]);
    command.env(
        "CARGO_TARGET_DIR",
        target(workspace)?.join("package-application"),
    );
    let said = output(&mut command, "the application")?;
    if !said.contains(PROMISE) {
        return Err(Problem::new(format!(
            "the application ended without the job:\n{said}"
        )));
    }
    let mut text = String::new();
    for (name, version, _) in &packages {
        let _ = writeln!(text, "{name} {version}");
    }
    let _ = write!(text, "{said}");
    Ok(Outcome::said(text))
}

/// Packs every crate that is published; the files.
fn pack(workspace: &Workspace, folder: &Path) -> Result<Vec<PathBuf>> {
    let target = folder.join("target");
    let mut command = cargo();
    command.current_dir(workspace.root());
    // The application below is the verification, of all packages at once and from outside.
    command.args([
        "package",
        "--workspace",
        "--no-verify",
        "--allow-dirty",
        "--quiet",
        "--target-dir",
    ]);
    output(command.arg(&target), "cargo package")?;
    let entries = std::fs::read_dir(target.join("package"))
        .map_err(|error| failed("find the packages", &error))?;
    let mut packed: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "crate")
        })
        .collect();
    packed.sort();
    Ok(packed)
}

/// Unpacks each file: name, version and folder.
fn unpack(packed: &[PathBuf], folder: &Path) -> Result<Vec<(String, String, PathBuf)>> {
    let into = folder.join("packages");
    std::fs::create_dir_all(&into).map_err(|error| failed("make a folder", &error))?;
    let mut packages = Vec::new();
    for file in packed {
        let mut command = Command::new("tar");
        output(command.arg("-xzf").arg(file).arg("-C").arg(&into), "tar")?;
        let stem = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let cut = stem
            .find("-0.")
            .or_else(|| stem.find("-1."))
            .unwrap_or(stem.len() - 1);
        let (name, version) = (stem[..cut].to_owned(), stem[cut + 1..].to_owned());
        packages.push((name, version, into.join(&stem)));
    }
    if packages.is_empty() {
        return Err(Problem::new("cargo package made no package"));
    }
    Ok(packages)
}

/// An application beside the packages, with the versions of the workspace's lock file.
fn application(
    workspace: &Workspace,
    folder: &Path,
    packages: &[(String, String, PathBuf)],
) -> Result<PathBuf> {
    let application = folder.join("application");
    let mut manifest = String::from(
        "[package]\nname = \"application\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         jobs-emulator = \"0.1\"\njobs-ext = \"0.1\"\n\
         tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }\n\n[patch.crates-io]\n",
    );
    for (name, _, path) in packages {
        let _ = writeln!(
            manifest,
            "{name} = {{ path = {:?} }}",
            path.display().to_string()
        );
    }
    let write = |path: &str, text: &str| {
        std::fs::write(application.join(path), text).map_err(|error| failed(path, &error))
    };
    std::fs::create_dir_all(application.join("src"))
        .map_err(|error| failed("make a folder", &error))?;
    write("Cargo.toml", &manifest)?;
    write(
        "Cargo.lock",
        &Workspace::read(&workspace.path("Cargo.lock"))?,
    )?;
    write("src/main.rs", include_str!("package/application.rs.txt"))?;
    Ok(application)
}

fn failed(what: &str, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(format!("cannot {what}: {error}"))
}

fn output(command: &mut Command, what: &str) -> Result<String> {
    let result = command
        .output()
        .map_err(|error| failed(&format!("start {what}"), &error))?;
    if result.status.success() {
        return Ok(String::from_utf8_lossy(&result.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&result.stderr).into_owned();
    Err(Problem::new(format!("{what} failed:\n{said}")))
}
