//! `cargo xtask lint`: rules that keep generation safe and the document readable.

mod locate;
mod names;
mod operations;
mod schemas;

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use crate::diff::Output;
use crate::diff::document::{escape, members, reference};
use crate::problem::Outcome;
use crate::workspace::Workspace;
use crate::{Problem, Result, fingerprint, generate};

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
    let text = Workspace::read(&path).map_err(|problem| problem.with_exit_code(3))?;
    let findings = lint(&text);
    let text = match args.output {
        Output::Text => print(&name, &findings),
        Output::Json => {
            let json = serde_json::json!({ "file": name, "findings": findings });
            let text = serde_json::to_string_pretty(&json)
                .map_err(|error| Problem::new(format!("cannot write the result: {error}")))?;
            text + "\n"
        }
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
    let mut lint = Lint {
        root: &root,
        lines: locate::lines(text),
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
    lint.describe("", root.get("info"), "/info", "the API");
    lint.operations();
    lint.schemas();
    lint.names();
    if lint.findings.is_empty()
        && let Err(problem) = generate::core(text)
    {
        lint.report(
            "generates",
            "",
            problem.to_string(),
            "change the spec so that the generator takes it",
        );
    }
    lint.findings.sort_by_key(|finding| finding.line);
    lint.findings
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
    lines: std::collections::HashMap<String, usize>,
    findings: Vec<Finding>,
}

impl<'a> Lint<'a> {
    fn report(
        &mut self,
        rule: &'static str,
        pointer: &str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        // What is missing has no line of its own, so it is found at what should hold it.
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
            self.report(
                "openapi-version",
                "/openapi",
                message,
                "write it in OpenAPI 3.0, the version the generator reads",
            );
        }
    }

    /// Every reference leads somewhere inside the document and stands alone.
    fn references(&mut self) {
        let mut waiting = vec![(String::new(), self.root)];
        while let Some((pointer, value)) = waiting.pop() {
            if let Some(target) = reference(value) {
                let leads = target
                    .strip_prefix('#')
                    .is_some_and(|target| self.root.pointer(target).is_some());
                if !leads {
                    let message = format!("the reference {target} leads nowhere");
                    self.report(
                        "reference",
                        &pointer,
                        message,
                        "add the component, or correct the name",
                    );
                }
                if value.as_object().is_some_and(|object| object.len() > 1) {
                    let message = "what stands beside a reference is ignored";
                    self.report(
                        "reference-alone",
                        &pointer,
                        message,
                        "move it to what the reference leads to",
                    );
                }
            }
            match value {
                Value::Object(_) => {
                    waiting.extend(
                        members(Some(value))
                            .map(|(name, value)| (format!("{pointer}/{}", escape(name)), value)),
                    );
                }
                Value::Array(items) => {
                    waiting.extend(
                        items
                            .iter()
                            .enumerate()
                            .map(|(index, item)| (format!("{pointer}/{index}"), item)),
                    );
                }
                _ => {}
            }
        }
    }

    /// A thing that people meet has a description that ends like a sentence.
    fn describe(&mut self, key: &str, value: Option<&Value>, pointer: &str, what: &str) {
        let key = if key.is_empty() { "description" } else { key };
        let text = value
            .and_then(|value| value.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default();
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
            self.report(
                "description-end",
                &format!("{pointer}/{key}"),
                message,
                "end it with a full stop",
            );
        }
    }

    fn resolve(&self, value: &'a Value) -> &'a Value {
        reference(value)
            .and_then(|target| target.strip_prefix('#'))
            .and_then(|target| self.root.pointer(target))
            .unwrap_or(value)
    }
}
