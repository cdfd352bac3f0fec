//! The findings of a check, as people and programs read them.

use std::collections::BTreeMap;

use jobs_devices::transform::Finding;
use serde_json::Value;

use crate::args::Format;
use crate::failure::Failure;
use crate::groups::Groups;
use crate::printer::{Printer, one_line};
use crate::redact;

/// How many findings of a rule people see, unless they ask for all.
const SHOWN_OF_A_RULE: usize = 10;

/// The first findings of each rule, and how many more there are.
#[derive(Debug)]
pub(crate) struct Summary(Groups<Finding>);

impl Summary {
    pub(crate) fn new() -> Self {
        Self(Groups::keeping(SHOWN_OF_A_RULE))
    }

    pub(crate) fn add(&mut self, finding: Finding) {
        self.0.add(finding.rule, finding);
    }

    /// One line for each finding in the order of the file, then one for each rule that has more; `every` prints all of them. They hold no
    /// secrets.
    pub(crate) fn lines(self, name: &str, every: &str) -> Vec<String> {
        let (mut findings, mut more) = (Vec::new(), Vec::new());
        for group in self.0.into_groups() {
            if group.hidden() > 0 {
                more.push(format!(
                    "{}: {} more [{}], {} in all; {every} prints every one",
                    one_line(name),
                    group.hidden(),
                    group.key,
                    group.count
                ));
            }
            findings.extend(group.first);
        }
        findings.sort();
        let findings = findings.iter().map(|finding| line(name, finding));
        findings.chain(more).collect()
    }
}

/// A finding as compilers write them, so that editors can jump to the place.
fn line(name: &str, finding: &Finding) -> String {
    let text = format!(
        "{name}:{}: {}: {} [{}]",
        finding.line,
        finding.severity.as_str(),
        finding.message,
        finding.rule
    );
    one_line(&redact::text(&text))
}

/// How much is printed at once.
const PIECE: usize = 64 * 1024;

/// Every finding, on standard output, in the order in which they come.
pub(super) struct Every<'p> {
    printer: &'p Printer,
    name: &'p str,
    /// What is not printed yet.
    text: String,
    /// Whether there was a finding.
    any: bool,
}

impl<'p> Every<'p> {
    pub(super) fn new(printer: &'p Printer, name: &'p str) -> Self {
        Self {
            printer,
            name,
            text: String::new(),
            any: false,
        }
    }

    pub(super) fn add(&mut self, finding: &Finding) -> Result<(), Failure> {
        let first = !std::mem::replace(&mut self.any, true);
        if self.printer.format == Format::Table {
            self.text.push_str(&line(self.name, finding));
            self.text.push('\n');
            return self.print(PIECE);
        }
        let mut value = super::work::to_value(finding)?;
        self.printer.mask(&mut value);
        self.text.push_str(match (first, self.printer.format) {
            (true, Format::Jsonl) => "{\"findings\":[",
            (false, Format::Jsonl) => ",",
            (true, _) => "{\n  \"findings\": [\n    ",
            (false, _) => ",\n    ",
        });
        match self.printer.format {
            Format::Jsonl => self.text.push_str(&value.to_string()),
            _ => self.text.push_str(&indented(&value)),
        }
        self.print(PIECE)
    }

    /// Prints what waits, if there is so much of it.
    fn print(&mut self, least: usize) -> Result<(), Failure> {
        if self.text.len() < least {
            return Ok(());
        }
        let printed = self.printer.raw(&self.text);
        self.text.clear();
        printed
    }

    /// Ends the document that holds the findings.
    pub(super) fn finish(mut self, rows: u64) -> Result<(), Failure> {
        match (self.printer.format, self.any) {
            (Format::Table, _) => {}
            (_, false) => {
                let document = BTreeMap::from([
                    ("findings", Value::from([] as [Value; 0])),
                    ("rows", rows.into()),
                ]);
                return self.printer.masked_json(&super::work::to_value(&document)?);
            }
            (Format::Jsonl, true) => self.text.push_str(&format!("],\"rows\":{rows}}}\n")),
            (Format::Json, true) => self
                .text
                .push_str(&format!("\n  ],\n  \"rows\": {rows}\n}}\n")),
        }
        self.print(1)
    }
}

/// A document as part of a list within another one.
fn indented(value: &Value) -> String {
    format!("{value:#}").replace('\n', "\n    ")
}
