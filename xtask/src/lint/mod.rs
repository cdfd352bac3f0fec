//! `cargo xtask lint`: rules that keep generation safe and the document readable.

mod fixes;
mod names;
mod operations;
mod parameters;
mod schemas;

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use crate::diff::Output;
use crate::generate::check::is_odd;
use crate::problem::Outcome;
use crate::spec::document::{Document, places as places_of, reference};
use crate::spec::places::{Places, Repeated, places};
use crate::workspace::Workspace;
use crate::{Result, fingerprint, generate};

/// Arguments of the task.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The document; the spec of the workspace when absent.
    file: Option<PathBuf>,
    /// How to print the result.
    #[arg(long, short, default_value = "text", value_name = "FORMAT")]
    output: Output,
}

/// A rule that the document breaks.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The name of the rule.
    pub rule: &'static str,
    /// Where, as a JSON pointer.
    pub pointer: String,
    /// Where, as a line of the file.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub fix: String,
}

/// Lints and prints. Exit code 0: clean, 1: findings, 3: could not read.
pub fn run(workspace: &Workspace, args: &Args) -> Result<Outcome> {
    let path = args.file.clone().unwrap_or_else(|| workspace.spec());
    let name = match &args.file {
        Some(file) => file.display().to_string(),
        None => fingerprint::SPEC.to_owned(),
    };
    let text = Workspace::read(&path)?;
    let findings = lint(&text);
    let text = match args.output {
        Output::Text => print(&name, &findings),
        Output::Json => Outcome::json(&serde_json::json!({ "file": name, "findings": findings }))?,
    };
    Ok(Outcome {
        text,
        code: u8::from(!findings.is_empty()),
    })
}

fn print(name: &str, findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding {
        rule,
        pointer,
        line,
        message,
        fix,
    } in findings
    {
        let pointer = if pointer.is_empty() { "/" } else { pointer };
        let _ = writeln!(
            text,
            "{name}:{line}: [{rule}] {pointer}: {message}\n  fix: {fix}"
        );
    }
    let _ = match findings.len() {
        0 => writeln!(text, "{name}: clean"),
        1 => writeln!(text, "{name}: 1 finding"),
        count => writeln!(text, "{name}: {count} findings"),
    };
    text
}

/// All rules that a document breaks.
pub fn lint(text: &str) -> Vec<Finding> {
    let root: Value = match serde_json::from_str(text) {
        Ok(root) => root,
        Err(error) => return vec![unreadable("json", &error, "make it valid JSON")],
    };
    let Places { lines, repeated } = places(text);
    if !repeated.is_empty() {
        return repeated.into_iter().map(duplicate).collect();
    }
    let mut lint = Lint {
        root: &root,
        document: Document::new(&root),
        lines,
        findings: Vec::new(),
    };
    lint.version();
    lint.references();
    if lint.findings.is_empty()
        && let Err(error) = serde_json::from_str::<openapiv3::OpenAPI>(text)
    {
        return vec![unreadable(
            "openapi",
            &error,
            "make it a valid OpenAPI 3.0 document",
        )];
    }
    lint.api_version();
    lint.describe(&root["info"], "/info", "the API");
    lint.operations();
    lint.schemas();
    lint.names();
    if lint.findings.is_empty()
        && let Err(problem) = generate::core(text)
    {
        lint.breaks("generates", problem.pointer(), problem.to_string());
    }
    lint.findings.sort_by_key(|finding| finding.line);
    lint.findings
}

/// One of the two would be dropped unseen, so nothing else is looked at before it is gone.
fn duplicate(repeated: Repeated) -> Finding {
    let Repeated {
        pointer,
        line,
        before,
    } = repeated;
    Finding {
        rule: "duplicate-key",
        pointer,
        line,
        message: format!("the member is on line {before} already"),
        fix: "keep one of them".to_owned(),
    }
}

fn unreadable(rule: &'static str, error: &serde_json::Error, fix: &str) -> Finding {
    Finding {
        rule,
        pointer: String::new(),
        line: error.line(),
        message: error.to_string(),
        fix: fix.to_owned(),
    }
}

/// The document and what was found so far.
struct Lint<'a> {
    root: &'a Value,
    document: Document<'a>,
    lines: std::collections::HashMap<String, usize>,
    findings: Vec<Finding>,
}

impl<'a> Lint<'a> {
    /// Reports a rule that has one fix.
    fn breaks(&mut self, rule: &'static str, pointer: &str, message: impl Into<String>) {
        self.report(rule, pointer, message, fixes::fix_of(rule));
    }

    fn report(
        &mut self,
        rule: &'static str,
        pointer: &str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        // What is missing has no line, so the finding names the line of what should contain it.
        let mut place = pointer;
        let line = loop {
            if let Some(line) = self.lines.get(place) {
                break *line;
            }
            match place.rfind('/') {
                Some(cut) => place = &place[..cut],
                None => break 1,
            }
        };
        let pointer = pointer.to_owned();
        self.findings.push(Finding {
            rule,
            pointer,
            line,
            message: message.into(),
            fix: fix.into(),
        });
    }

    fn version(&mut self) {
        let version = self.root["openapi"].as_str().unwrap_or("nothing");
        if !version.starts_with("3.0.") {
            let message = format!("the document says OpenAPI {version}");
            self.breaks("openapi-version", "/openapi", message);
        }
    }

    /// Every reference leads somewhere inside the document and stands alone.
    fn references(&mut self) {
        for (pointer, value) in places_of(self.root, "") {
            if let Some(target) = reference(value) {
                let leads = target
                    .strip_prefix('#')
                    .is_some_and(|target| self.root.pointer(target).is_some());
                if !leads {
                    let message = format!("the reference {target} leads nowhere");
                    self.breaks("reference", &pointer, message);
                }
                if leads && self.is_loop(value) {
                    let message = format!("the reference {target} leads back to itself");
                    self.breaks("reference-loop", &pointer, message);
                }
                if value.as_object().is_some_and(|object| object.len() > 1) {
                    let message = "what is next to a reference is ignored";
                    self.breaks("reference-alone", &pointer, message);
                }
            }
        }
    }

    /// Whether references alone, one after the other, never come to an end.
    fn is_loop(&self, mut value: &'a Value) -> bool {
        let mut seen = std::collections::HashSet::new();
        while let Some(target) = reference(value) {
            if !seen.insert(target) {
                return true;
            }
            match self.root.pointer(target.trim_start_matches('#')) {
                Some(next) => value = next,
                None => return false,
            }
        }
        false
    }

    /// The version of the API becomes the build metadata of a version number.
    fn api_version(&mut self) {
        let version = self.root["info"]["version"].as_str().unwrap_or_default();
        let is_plain = version.split('.').all(|part| {
            let mut letters = part.chars();
            !part.is_empty() && letters.all(|c| c.is_ascii_alphanumeric() || c == '-')
        });
        if !is_plain {
            let message =
                format!("the version {version:?} of the API cannot be part of a version number");
            self.breaks("info-version", "/info/version", message);
        }
    }

    /// A thing that people meet has a description that ends like a sentence.
    fn describe(&mut self, value: &Value, pointer: &str, what: &str) {
        self.sentence("description", value, pointer, what);
    }

    fn sentence(&mut self, key: &str, value: &Value, pointer: &str, what: &str) {
        let text = value[key].as_str().unwrap_or_default();
        if text.trim().is_empty() {
            let message = format!("{what} has no {key}");
            self.report(
                "description",
                pointer,
                message,
                format!("say in one sentence what it is, in `{key}`"),
            );
        } else if !text.ends_with('.') || text.trim() != text {
            let message = format!("the {key} of {what} does not end with a full stop");
            self.breaks("description-end", &format!("{pointer}/{key}"), message);
        }
        let odd = |letter: &char| is_odd(*letter) || letter.is_control() && *letter != '\n';
        if let Some(odd) = text.chars().find(odd) {
            let message = format!("the {key} of {what} has the character {odd:?}");
            self.breaks("description-text", &format!("{pointer}/{key}"), message);
        }
    }
}
