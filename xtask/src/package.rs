//! `cargo xtask package`: what people get from a registry works by itself. The published crates are packed, unpacked outside
//! the workspace, and a small application that depends on the packages only fetches a job from the local hub.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::problem::Outcome;
use crate::programs::{cargo, metadata, output, target};
use crate::workspace::Workspace;
use crate::{Problem, Result};

/// What the application prints before the id and the status of the job.
const PROMISE: &str = "fetched job";

/// Packs, builds and runs.
pub fn run(workspace: &Workspace) -> Result<Outcome> {
    let folder = tempfile::tempdir().map_err(Problem::of("a temporary folder"))?;
    let packages = packages(workspace, folder.path())?;
    let application = application(workspace, folder.path(), &packages)?;
    let mut command = cargo();
    command.current_dir(&application).args(["run", "--quiet"]);
    command.env(
        "CARGO_TARGET_DIR",
        target(workspace)?.join("package-application"),
    );
    let printed = String::from_utf8_lossy(&output(&mut command)?).into_owned();
    if !printed.contains(PROMISE) {
        return Err(Problem::new(format!(
            "the application ended without the job:\n{printed}"
        )));
    }
    let mut text = String::new();
    for path in packages.values() {
        let name = path.file_name().unwrap_or_default();
        let _ = writeln!(text, "{}", name.to_string_lossy());
    }
    let _ = write!(text, "{printed}");
    Ok(Outcome::said(text))
}

/// Packs and unpacks every crate that is published. Returns the folders by name.
fn packages(workspace: &Workspace, folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let (target, into) = (folder.join("target"), folder.join("packages"));
    std::fs::create_dir_all(&into).map_err(Problem::of(&into))?;
    // The application is the verification, of all packages at once and from outside.
    let mut pack = cargo();
    pack.args(["package", "--workspace", "--no-verify", "--allow-dirty"])
        .args(["--quiet", "--target-dir"])
        .arg(&target)
        .current_dir(workspace.root());
    output(&mut pack)?;
    let mut packages = BTreeMap::new();
    for package in metadata(workspace)?.workspace_packages() {
        if package.publish.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        let stem = format!("{}-{}", package.name, package.version);
        let mut unpack = Command::new("tar");
        let file = target.join("package").join(format!("{stem}.crate"));
        output(unpack.arg("-xzf").arg(file).arg("-C").arg(&into))?;
        packages.insert(package.name.to_string(), into.join(stem));
    }
    Ok(packages)
}

/// An application next to the packages, with the versions of the workspace's lock file.
fn application(
    workspace: &Workspace,
    folder: &Path,
    packages: &BTreeMap<String, PathBuf>,
) -> Result<PathBuf> {
    let application = folder.join("application");
    let mut manifest = String::from(
        "[package]\nname = \"application\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         jobs-emulator = \"0.1\"\njobs-ext = \"0.1\"\n\
         tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }\n\n[patch.crates-io]\n",
    );
    for (name, path) in packages {
        let _ = writeln!(
            manifest,
            "{name} = {{ path = {:?} }}",
            path.display().to_string()
        );
    }
    let write = |path: &str, text: &str| {
        std::fs::write(application.join(path), text).map_err(Problem::of(path))
    };
    std::fs::create_dir_all(application.join("src")).map_err(Problem::of(&application))?;
    write("Cargo.toml", &manifest)?;
    write(
        "Cargo.lock",
        &Workspace::read(&workspace.path("Cargo.lock"))?,
    )?;
    write("src/main.rs", include_str!("package/application.rs.txt"))?;
    Ok(application)
}
