//! The findings of a check, as people and programs read them.

use std::collections::BTreeMap;

use jobs_devices::transform::{Finding, MAX_FINDINGS};
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

/// Every finding, on standard output: sorted by line up to [`MAX_FINDINGS`], those behind them as they are found.
pub(super) struct Every<'p> {
    printer: &'p Printer,
    name: &'p str,
    held: Vec<Finding>,
    overflowed: bool,
    /// Whether a finding was written already.
    any: bool,
}

impl<'p> Every<'p> {
    pub(super) fn new(printer: &'p Printer, name: &'p str) -> Self {
        Self {
            printer,
            name,
            held: Vec::new(),
            overflowed: false,
            any: false,
        }
    }

    pub(super) fn add(&mut self, finding: Finding) -> Result<(), Failure> {
        if self.overflowed {
            return self.write(finding);
        }
        self.held.push(finding);
        self.overflowed = self.held.len() > MAX_FINDINGS;
        if self.overflowed {
            self.write_held()?;
        }
        Ok(())
    }

    fn write_held(&mut self) -> Result<(), Failure> {
        let mut held = std::mem::take(&mut self.held);
        held.sort();
        held.into_iter().try_for_each(|finding| self.write(finding))
    }

    fn write(&mut self, finding: Finding) -> Result<(), Failure> {
        let first = !std::mem::replace(&mut self.any, true);
        if self.printer.format == Format::Table {
            return self.printer.line(&line(self.name, &finding));
        }
        let mut value = super::work::to_value(&finding)?;
        self.printer.mask(&mut value);
        let text = match self.printer.format {
            Format::Jsonl => value.to_string(),
            _ => indented(&value),
        };
        let before = match (first, self.printer.format) {
            (true, Format::Jsonl) => "{\"findings\":[",
            (false, Format::Jsonl) => ",",
            (true, _) => "{\n  \"findings\": [\n    ",
            (false, _) => ",\n    ",
        };
        self.printer.raw(&format!("{before}{text}"))
    }

    /// Ends the document that holds the findings.
    pub(super) fn finish(mut self, rows: u64) -> Result<(), Failure> {
        self.write_held()?;
        let end = match (self.printer.format, self.any) {
            (Format::Table, _) => return Ok(()),
            (_, false) => {
                let document = BTreeMap::from([
                    ("findings", Value::from([] as [Value; 0])),
                    ("rows", rows.into()),
                ]);
                return self.printer.masked_json(&super::work::to_value(&document)?);
            }
            (Format::Jsonl, true) => format!("],\"rows\":{rows}}}\n"),
            (Format::Json, true) => format!("\n  ],\n  \"rows\": {rows}\n}}\n"),
        };
        self.printer.raw(&end)
    }
}

/// A document as part of a list within another one.
fn indented(value: &Value) -> String {
    format!("{value:#}").replace('\n', "\n    ")
}
