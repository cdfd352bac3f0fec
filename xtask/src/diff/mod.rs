//! `cargo xtask diff`: what changed between two specs, in the API's words, with a verdict.
//!
//! Public comparers tell apart what breaks a JSON client; they know nothing of open enums, secrets or positional
//! arguments, and speak of JSON paths. So the comparison is our own: it walks both documents by the rules in
//! `operations` and `schemas`, and what no rule knows is breaking, never dropped.

mod bodies;
mod comparison;
mod components;
mod defaults;
mod fields;
mod operations;
mod report;
mod schemas;
mod values;
mod whole;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::problem::Outcome;
use crate::workspace::Workspace;
use crate::{Problem, Result, fingerprint, spec};

pub use report::{Bump, Change, Class, Report};

use crate::spec::document::Document;
use comparison::{Comparison, Spot};

/// Arguments of the task.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Two documents to compare; without them, the committed spec and the one in the working tree.
    #[arg(num_args = 2, value_names = ["OLD", "NEW"])]
    files: Vec<PathBuf>,
    /// The revision that the working tree is compared with.
    #[arg(
        long,
        default_value = "HEAD",
        conflicts_with = "files",
        value_name = "REV"
    )]
    base: String,
    /// How to print the result.
    #[arg(long, short, default_value = "text", value_name = "FORMAT")]
    output: Format,
}

/// How the comparison prints its result.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
    /// For a comment on a pull request.
    Markdown,
}

/// How a task prints its result.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Compares and prints. Exit code 0: no change, 1: additive or documentation only, 2: breaking, 3: could not read.
pub fn run(workspace: &Workspace, args: &Args) -> Result<Outcome> {
    let (old, new) = match args.files.as_slice() {
        [old, new] => (read(old)?, read(new)?),
        _ => (committed(workspace, &args.base)?, read(&workspace.spec())?),
    };
    let mut report = compare(&old, &new);
    if let Some(version) = jobs_api_version(workspace) {
        let api_version = new["info"]["version"].as_str().unwrap_or_default();
        report.demand(&version, api_version);
    }
    let text = match args.output {
        Format::Text => report.text(),
        Format::Markdown => report.markdown(),
        Format::Json => Outcome::json(&report)?,
    };
    Ok(Outcome {
        text,
        code: report.exit_code(),
    })
}

/// All changes from one document to another.
pub fn compare(old: &Value, new: &Value) -> Report {
    let (before, after) = (defaults::left_out(old), defaults::left_out(new));
    let mut comparison = Comparison {
        old: Document::new(&before),
        new: Document::new(&after),
        changes: Vec::new(),
    };
    comparison.documents();
    let spot = Spot::new("document", "");
    if comparison.changes.is_empty() && before == after && old != new {
        let message =
            "the same is written in another way: a default, or a reference inside `allOf`";
        comparison.note(&spot, message);
    } else if comparison.changes.is_empty() && before != after {
        // No rule saw it, which is a gap in the rules and not a harmless change.
        let message = "changed in a way that no rule knows";
        comparison.add(&spot, Class::Breaking, Class::Breaking, message);
    }
    Report::new(comparison.changes)
}

fn read(path: &Path) -> Result<Value> {
    let (value, _) = spec::read(&Workspace::read(path)?, &path.display().to_string())?;
    Ok(value)
}

fn committed(workspace: &Workspace, revision: &str) -> Result<Value> {
    let failed = |why: String| {
        Problem::unreadable(format!(
            "cannot read {} of revision {revision}: {why}",
            fingerprint::SPEC
        ))
    };
    if revision.starts_with('-') {
        return Err(failed("a revision does not start with a dash".to_owned()));
    }
    let result = Command::new("git")
        .arg("-C")
        .arg(workspace.root())
        .arg("show")
        .arg(format!("{revision}:./{}", fingerprint::SPEC))
        .output()
        .map_err(|error| failed(format!("git does not start: {error}")))?;
    if !result.status.success() {
        return Err(failed(
            String::from_utf8_lossy(&result.stderr).trim().to_owned(),
        ));
    }
    let text = String::from_utf8(result.stdout).map_err(|error| failed(error.to_string()))?;
    let name = format!("{} of revision {revision}", fingerprint::SPEC);
    spec::read(&text, &name).map(|(value, _)| value)
}

/// The version that the manifest of jobs-api names.
fn jobs_api_version(workspace: &Workspace) -> Option<String> {
    let manifest = std::fs::read_to_string(workspace.path("crates/jobs-api/Cargo.toml")).ok()?;
    let line = manifest
        .lines()
        .find_map(|line| line.strip_prefix("version = "))?;
    Some(line.trim().trim_matches('"').to_owned())
}
