//! `cargo xtask tidy`: what no compiler checks. Sizes, names, licences, manifests, the crate map, who imports whom, and
//! paths of somebody's machine.

mod files;
mod graph;
mod manifests;
mod sizes;

use std::fmt::Write as _;
use std::process::Command;

use crate::problem::Outcome;
use crate::workspace::Workspace;
use crate::{Problem, Result};

/// Checks and prints. Exit code 0: clean, 1: findings.
pub fn run(workspace: &Workspace) -> Result<Outcome> {
    let findings = findings(workspace)?;
    let mut text = String::new();
    for finding in &findings {
        let _ = writeln!(text, "{finding}");
    }
    let _ = match findings.len() {
        0 => writeln!(text, "tidy"),
        1 => writeln!(text, "1 finding"),
        count => writeln!(text, "{count} findings"),
    };
    Ok(Outcome {
        text,
        code: u8::from(!findings.is_empty()),
    })
}

/// Everything that is not tidy, one line each.
pub fn findings(workspace: &Workspace) -> Result<Vec<String>> {
    let files = tracked(workspace)?;
    let mut findings = Vec::new();
    for path in &files {
        // A file that is no text, or that was deleted but not yet committed, has nothing to check.
        let Ok(text) = std::fs::read_to_string(workspace.path(path)) else {
            continue;
        };
        findings.extend(files::check(path, &text));
        if path.ends_with(".rs") {
            findings.extend(sizes::check(path, &text));
        }
    }
    findings.extend(manifests::check(workspace, &files)?);
    findings.extend(graph::check(workspace)?);
    findings.sort();
    Ok(findings)
}

/// The files of the repository: committed, staged or new, but not ignored.
fn tracked(workspace: &Workspace) -> Result<Vec<String>> {
    let result = Command::new("git")
        .arg("-C")
        .arg(workspace.root())
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .output()
        .map_err(|error| Problem::new(format!("git does not start: {error}")))?;
    if !result.status.success() {
        let why = String::from_utf8_lossy(&result.stderr).trim().to_owned();
        return Err(Problem::new(format!(
            "git cannot list the files of the workspace: {why}"
        )));
    }
    let mut files: Vec<String> = String::from_utf8_lossy(&result.stdout)
        .split('\0')
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}
