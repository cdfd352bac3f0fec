//! CONTRIBUTING.md walks through an update of the API. This executes each of its commands on a copy of the tree, in order,
//! and checks for the output that it promises.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::mutations::next_version;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// A command and the lines that it is said to print.
struct Step {
    command: String,
    expected: Vec<String>,
}

/// The `console` blocks between the heading of the walk-through and the next one.
fn steps() -> Vec<Step> {
    let text = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let section = text
        .split("\n## ")
        .find(|section| section.starts_with("Taking an update of the API"))
        .unwrap();
    let blocks = section
        .split("```console\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap());
    blocks
        .map(|block| {
            let (command, expected) = block.split_once('\n').unwrap();
            Step {
                command: command.strip_prefix("$ ").unwrap().to_owned(),
                expected: expected.lines().map(str::to_owned).collect(),
            }
        })
        .collect()
}

/// The parts of the tree that the walk-through touches: the spec, jobs-api, the tests of the models and the xtask.
fn copy() -> PathBuf {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("walkthrough/tree");
    let _ = fs::remove_dir_all(&copy);
    for folder in ["spec", "crates/jobs-api", "xtask", "tests/models", ".cargo"] {
        copy_folder(&root().join(folder), &copy.join(folder));
    }
    for file in ["Cargo.lock", "clippy.toml", "tests/lib.rs"] {
        fs::copy(root().join(file), copy.join(file)).unwrap();
    }
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = "members = [\"crates/jobs-api\", \"tests\", \"xtask\"]";
    write_lines(
        &copy.join("Cargo.toml"),
        manifest
            .lines()
            .filter_map(|line| match line.split_once(" = ") {
                Some(("members", _)) => Some(members),
                Some(("default-members", _)) => None,
                _ => Some(line),
            }),
    );
    // The other crates of the workspace have nothing to do with it, and take long to build.
    let manifest = fs::read_to_string(root().join("tests/Cargo.toml")).unwrap();
    let (models, _) = manifest.split_once("# Whole flows").unwrap();
    let needed = [
        "insta",
        "jobs-api",
        "schemars",
        "serde",
        "serde_json",
        "syn",
    ];
    let mut in_dependencies = false;
    write_lines(
        &copy.join("tests/Cargo.toml"),
        models.lines().filter(|line| {
            if line.starts_with('[') {
                in_dependencies = line.contains("dependencies");
            }
            let name = line.split([' ', '.']).next().unwrap_or_default();
            !in_dependencies
                || line.starts_with('[')
                || line.is_empty()
                || line.starts_with('#')
                || needed.contains(&name)
        }),
    );
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn write_lines<'a>(path: &Path, lines: impl Iterator<Item = &'a str>) {
    fs::write(path, lines.collect::<Vec<_>>().join("\n")).unwrap();
}

fn git(tree: &Path, arguments: &[&str]) {
    let result = Command::new("git")
        .current_dir(tree)
        .args(["-c", "user.name=test", "-c", "user.email=test@example.com"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        result.status.success(),
        "{}",
        String::from_utf8_lossy(&result.stderr)
    );
}

/// Runs a command of the text as a shell would, on the copy.
fn run(tree: &Path, command: &str) -> String {
    // The xtask is built already; everything else is cargo's own.
    let command = command.replace(
        "cargo xtask",
        &format!("'{}' --root .", env!("CARGO_BIN_EXE_xtask")),
    );
    let result = Command::new("sh")
        .args(["-c", &command])
        .current_dir(tree)
        .env("CARGO", env!("CARGO"))
        .env("CARGO_TARGET_DIR", tree.with_file_name("target"))
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO_TERM_COLOR", "never")
        .env("NO_COLOR", "1")
        .env_remove("CI")
        .env_remove("CARGO_INCREMENTAL")
        .env_remove("INSTA_UPDATE")
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    format!(
        "{}{}",
        String::from_utf8_lossy(&result.stdout),
        String::from_utf8_lossy(&result.stderr)
    )
}

#[test]
fn walk_through_works_as_it_is_written() {
    let tree = copy();
    git(&tree, &["init", "-q"]);
    git(&tree, &["add", "-A"]);
    git(&tree, &["commit", "-qm", "before"]);

    let spec = tree.join("spec/jobs.openapi.json");
    let mut document = serde_json::from_str(&fs::read_to_string(&spec).unwrap()).unwrap();
    next_version()
        .iter()
        .for_each(|edit| edit.apply(&mut document));
    fs::write(&spec, serde_json::to_string_pretty(&document).unwrap()).unwrap();

    let steps = steps();
    assert_eq!(steps.len(), 6);
    for Step { command, expected } in steps {
        let output = run(&tree, &command);
        for line in expected {
            assert!(
                is_printed(&output, &line),
                "`{command}` does not print `{line}`:\n{output}"
            );
        }
    }
    surface_changed_by_few_lines(&tree);
    second_build_does_nothing(&tree);
}

/// Whether a line is printed, whatever numbers a differ puts before it.
fn is_printed(output: &str, line: &str) -> bool {
    let plain = |text: &str| {
        text.chars()
            .filter(|letter| !letter.is_whitespace())
            .collect::<String>()
    };
    output
        .lines()
        .any(|printed| plain(printed).contains(&plain(line)))
}

/// The promise to a reviewer: a new field touches at most five lines of the surface of the models that were there.
fn surface_changed_by_few_lines(tree: &Path) {
    let result = Command::new("git")
        .current_dir(tree)
        .args(["diff", "--numstat", "--", "tests/models/snapshots"])
        .output()
        .unwrap();
    let stat = String::from_utf8(result.stdout).unwrap();
    let mut surface = 0;
    for line in stat.lines() {
        let [added, removed, path] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let lines: usize = added.parse::<usize>().unwrap() + removed.parse::<usize>().unwrap();
        if path.contains("schema_") {
            assert!(lines <= 12, "{stat}");
        } else {
            surface += lines;
        }
    }
    assert!((1..=5).contains(&surface), "{stat}");
}

fn second_build_does_nothing(tree: &Path) {
    let output = run(tree, "cargo build -p jobs-api");
    assert!(!output.contains("Compiling"), "{output}");
}
