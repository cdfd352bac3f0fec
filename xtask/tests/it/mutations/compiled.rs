//! Regenerated crates, compiled: one workspace with a copy of jobs-api per edit, so that cargo builds what they share once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::generate;

use super::{edited, spec, table};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

#[test]
fn regenerated_crates_compile_and_a_dependent_compiles_against_two_versions_of_the_api() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutations");
    let _ = fs::remove_dir_all(folder.join("crates"));
    fs::create_dir_all(folder.join("crates")).unwrap();
    workspace(&folder);

    copy(
        &folder,
        "jobs-api",
        &generate::core(&spec().to_string()).unwrap(),
    );
    let rows: Vec<_> = table::rows()
        .into_iter()
        .filter(|row| row.compiles)
        .collect();
    assert!(rows.len() >= 20);
    for row in rows {
        let core = generate::core(&edited(&row.edits).to_string()).unwrap();
        copy(&folder, &row.name.replace([' ', '-'], "_"), &core);
    }
    dependent(&folder, "now", "jobs-api");
    dependent(&folder, "next", "take_the_next_version_of_the_API");
    unsigned(&folder);

    let (compiles, messages) = check(&folder, &["--workspace", "--exclude", "unsigned"]);
    assert!(compiles, "{messages}");
    // Requests go out unsigned without an implementation of the hooks, so that must not compile.
    let (compiles, messages) = check(&folder, &["--package", "unsigned"]);
    assert!(!compiles, "a core without hooks compiles");
    assert!(
        messages.contains("crates/unsigned/src/generated.rs")
            && messages.contains("no method named `exec`"),
        "{messages}"
    );
}

fn check(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let result = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--message-format", "short"])
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let messages = String::from_utf8_lossy(&result.stderr).into_owned();
    (result.status.success(), messages)
}

/// A copy of jobs-api whose seam has lost the hooks.
fn unsigned(folder: &Path) {
    copy(
        folder,
        "unsigned",
        &generate::core(&spec().to_string()).unwrap(),
    );
    let path = folder.join("crates/unsigned/src/seam.rs");
    let seam = fs::read_to_string(&path).unwrap();
    let (without_hooks, _) = seam.split_once("impl ClientHooks<").unwrap();
    fs::write(&path, without_hooks).unwrap();
}

/// The workspace's own manifest and lock file, with other members.
fn workspace(folder: &Path) {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut kept = Vec::new();
    for line in manifest.lines() {
        match line.split_once(" = ") {
            Some(("members", _)) => kept.push("members = [\"crates/*\"]"),
            Some(("default-members", _)) => {}
            _ => kept.push(line),
        }
    }
    fs::write(folder.join("Cargo.toml"), kept.join("\n")).unwrap();
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
}

/// A copy of jobs-api under another name, with this core and without its build script.
fn copy(folder: &Path, name: &str, core: &str) {
    let (from, to) = (
        root().join("crates/jobs-api"),
        folder.join("crates").join(name),
    );
    fs::create_dir_all(to.join("src")).unwrap();
    for entry in fs::read_dir(from.join("src")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join("src").join(path.file_name().unwrap())).unwrap();
    }
    fs::write(to.join("src/generated.rs"), core).unwrap();
    fs::copy(from.join("README.md"), to.join("README.md")).unwrap();
    let manifest = fs::read_to_string(from.join("Cargo.toml")).unwrap();
    let manifest = manifest
        .replace("name = \"jobs-api\"", &format!("name = \"{name}\""))
        .replace("build = \"build/main.rs\"", "build = false");
    let (before, rest) = manifest.split_once("[dev-dependencies]").unwrap();
    let features = &rest[rest.find("[features]").unwrap()..];
    fs::write(to.join("Cargo.toml"), format!("{before}{features}")).unwrap();
}

/// An application that uses the models and the operations, against one of the copies.
fn dependent(folder: &Path, name: &str, api: &str) {
    let to = folder.join("crates").join(format!("dependent-{name}"));
    fs::create_dir_all(to.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"dependent-{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
         [dependencies]\njobs-api = {{ package = \"{api}\", path = \"../{api}\" }}\nserde_json.workspace = true\n"
    );
    fs::write(to.join("Cargo.toml"), manifest).unwrap();
    fs::write(to.join("src/lib.rs"), include_str!("dependent.rs.txt")).unwrap();
}
