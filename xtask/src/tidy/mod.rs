//! `cargo xtask tidy`: what no compiler checks. Sizes, names, licences, manifests, the crate map, who imports whom, which
//! room of a crate is above which, and paths of somebody's machine.

mod files;
mod graph;
mod manifests;
mod rooms;
mod sizes;

use std::fmt::Write as _;
use std::path::Path;
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
    let mut findings = in_files(workspace, &files);
    let metadata = crate::programs::metadata(workspace)?;
    findings.extend(manifests::check(workspace, &metadata, &files));
    findings.extend(graph::check(&metadata));
    findings.extend(rooms::check(workspace, &files));
    findings.sort();
    Ok(findings)
}

/// What each file says by itself.
fn in_files(workspace: &Workspace, files: &[String]) -> Vec<String> {
    let mut findings = Vec::new();
    for path in files {
        // A file that is not text, or that was deleted but not yet committed, has nothing to check.
        let Ok(text) = std::fs::read_to_string(workspace.path(path)) else {
            continue;
        };
        findings.extend(files::check(path, &text));
        if path.ends_with(".rs") {
            findings.extend(sizes::check(path, &text));
        }
    }
    findings
}

/// The files of the repository: committed, staged or new, but not ignored. A copy of the tree without its repository (an archive, or a
/// container that does not have git) has the files that lie there.
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
        .output();
    let mut files: Vec<String> = match result {
        Ok(listed) if listed.status.success() => String::from_utf8_lossy(&listed.stdout)
            .split('\0')
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect(),
        _ => untracked_tree(workspace.root())?,
    };
    files.sort();
    files.dedup();
    Ok(files)
}

/// What the tree's `.gitignore` leaves out: what builds make.
const IGNORED: [&str; 2] = [".git", "target"];

/// The files below a folder, with `/` in their paths.
fn untracked_tree(root: &Path) -> Result<Vec<String>> {
    let unreadable =
        |folder: &Path, error| Problem::new(format!("cannot list {}: {error}", folder.display()));
    let (mut files, mut folders) = (Vec::new(), vec![root.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| unreadable(&folder, error))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&folder, error))?;
            let (path, name) = (entry.path(), entry.file_name());
            let kind = entry.file_type();
            if kind.map_err(|error| unreadable(&folder, error))?.is_dir() {
                if !IGNORED.iter().any(|ignored| name == *ignored) {
                    folders.push(path);
                }
                continue;
            }
            let name = name.to_string_lossy();
            if let Ok(relative) = path.strip_prefix(root)
                && !name.ends_with(".snap.new")
                && !name.ends_with(".pending-snap")
            {
                let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
                files.push(parts.join("/"));
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_without_a_repository_has_the_files_that_git_would_list() {
        let root = tempfile::tempdir().unwrap();
        for path in [
            "a.rs",
            "b/c.rs",
            "target/x.rs",
            "b/target/x.rs",
            ".git/x",
            "b/c.snap.new",
        ] {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let mut files = untracked_tree(root.path()).unwrap();
        files.sort();
        assert_eq!(files, ["a.rs", "b/c.rs"]);
    }
}
