//! `cargo xtask diff`: what changed between two specs, in the API's words, with a verdict.
//!
//! Public comparers tell apart what breaks a JSON client; they know nothing of open enums, secrets or positional
//! arguments, and speak of JSON paths. So the comparison is our own: it walks both documents by the rules in
//! `operations` and `schemas`, and what no rule knows is breaking, never dropped.

mod bodies;
mod components;
mod defaults;
pub(crate) mod document;
mod fields;
mod operations;
mod report;
mod schemas;
mod values;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::problem::Outcome;
use crate::workspace::Workspace;
use crate::{Problem, Result, fingerprint, spec};

pub use report::{Bump, Change, Class, Report};

use document::{Document, members, object};
use schemas::word;

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
        Format::Json => {
            let json = serde_json::to_string_pretty(&report)
                .map_err(|error| Problem::new(format!("cannot write the result: {error}")))?;
            json + "\n"
        }
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
    if comparison.changes.is_empty() && before == after && old != new {
        let message =
            "the same is written in another way: a default, or a reference inside `allOf`";
        comparison.note("document", message, "");
    } else if comparison.changes.is_empty() && before != after {
        // No rule saw it, which is a gap in the rules and not a harmless change.
        comparison.add(
            Class::Breaking,
            Class::Breaking,
            "document",
            "changed in a way that no rule knows",
            "",
        );
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

/// The two documents and what was found so far.
struct Comparison<'a> {
    old: Document<'a>,
    new: Document<'a>,
    changes: Vec<Change>,
}

impl<'a> Comparison<'a> {
    /// Notes a change. One that neither the wire nor Rust code feels is still one that people read.
    fn add(
        &mut self,
        wire: Class,
        rust: Class,
        subject: &str,
        message: impl Into<String>,
        pointer: &str,
    ) {
        let class = wire.max(rust).max(Class::Documentation);
        let felt = |side: Class| {
            if wire.max(rust) == Class::None {
                class
            } else {
                side
            }
        };
        self.changes.push(Change {
            class,
            wire: felt(wire),
            rust: felt(rust),
            subject: subject.to_owned(),
            message: message.into(),
            pointer: pointer.to_owned(),
        });
    }

    /// A change that only people notice.
    fn note(&mut self, subject: &str, message: impl Into<String>, pointer: &str) {
        self.add(
            Class::Documentation,
            Class::Documentation,
            subject,
            message,
            pointer,
        );
    }

    fn documents(&mut self) {
        let (old, new) = (self.old.root, self.new.root);
        self.info(old.get("info"), new.get("info"));
        self.operations();
        self.components();
        // Swagger 2.0 has it, and `upstream` compares two such documents.
        if old.get("basePath") != new.get("basePath") {
            let message = format!(
                "base path {} -> {}",
                word(old, "basePath"),
                word(new, "basePath")
            );
            self.add(Class::Breaking, Class::None, "api", message, "/basePath");
        }
        let known = ["info", "paths", "components", "basePath"];
        self.rest(
            "document",
            old,
            new,
            "",
            &known,
            &["openapi", "servers", "tags", "externalDocs"],
        );
        self.paths_rest(old.get("paths"), new.get("paths"));
    }

    fn info(&mut self, old: Option<&Value>, new: Option<&Value>) {
        let version = |info: Option<&Value>| {
            info.and_then(|info| info["version"].as_str())
                .unwrap_or("?")
                .to_owned()
        };
        let (before, after) = (version(old), version(new));
        if before != after {
            let message = format!("version {before} -> {after}");
            self.add(
                Class::Additive,
                Class::Additive,
                "api",
                message,
                "/info/version",
            );
        }
        let (old, new) = (Value::Object(object(old)), Value::Object(object(new)));
        let documentation = [
            "title",
            "description",
            "termsOfService",
            "contact",
            "license",
        ];
        self.rest("api", &old, &new, "/info", &["version"], &documentation);
    }

    /// Members of `paths` that are no path, and members of a path that are no operation.
    fn paths_rest(&mut self, old: Option<&Value>, new: Option<&Value>) {
        let (old, new) = (object(old), object(new));
        let mut known = document::METHODS.to_vec();
        known.push("parameters");
        let documentation = ["summary", "description", "servers"];
        let nothing = Value::Object(serde_json::Map::new());
        let names = old
            .keys()
            .chain(new.keys().filter(|name| !old.contains_key(*name)));
        for path in names {
            let (before, after) = (old.get(path), new.get(path));
            let pointer = format!("/paths/{}", document::escape(path));
            if path.starts_with("x-") {
                if before != after {
                    self.note(
                        "paths",
                        format!("{path} added, removed or changed"),
                        &pointer,
                    );
                }
                continue;
            }
            let subject = format!("path {path}");
            let (before, after) = (before.unwrap_or(&nothing), after.unwrap_or(&nothing));
            self.rest(&subject, before, after, &pointer, &known, &documentation);
            let is_bare = |item: &Value| *item == nothing;
            if old.contains_key(path) != new.contains_key(path) && is_bare(before) && is_bare(after)
            {
                self.note(
                    &subject,
                    "added or removed, without any operation",
                    &pointer,
                );
            }
        }
    }

    /// Compares the members that no rule handles: documentation where it is known to be, breaking otherwise.
    fn rest(
        &mut self,
        subject: &str,
        old: &Value,
        new: &Value,
        pointer: &str,
        known: &[&str],
        documentation: &[&str],
    ) {
        let mut names: Vec<&str> = members(Some(old)).map(|(name, _)| name).collect();
        names.extend(
            members(Some(new))
                .map(|(name, _)| name)
                .filter(|name| old.get(name).is_none()),
        );
        for name in names.into_iter().filter(|name| !known.contains(name)) {
            let (before, after) = (old.get(name), new.get(name));
            if before == after {
                continue;
            }
            let how = match (before, after) {
                (None, _) => "added",
                (_, None) => "removed",
                _ => "changed",
            };
            let at = format!("{pointer}/{}", document::escape(name));
            if documentation.contains(&name) || name.starts_with("x-") {
                self.note(subject, format!("{name} {how}"), &at);
            } else {
                let message = format!("{name} {how}, which no rule knows; taken as breaking");
                self.add(Class::Breaking, Class::Breaking, subject, message, &at);
            }
        }
    }
}
