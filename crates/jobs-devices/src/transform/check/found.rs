//! Findings in the order of lines, however many there are.

use super::{CheckReport, Finding};
use crate::rules::Severity;
use crate::transform::spill::{Key, Record, Sorter};
use crate::transform::{Context, TransformError};

/// How much of the memory of a transform is for findings. What exceeds it is in temporary files until all is found.
const PART_OF_MEMORY: usize = 4;

/// What was found so far.
pub(super) struct Found {
    sorter: Sorter,
    /// The rules of the findings. A sorted record has the place of its rule in this list.
    rules: Vec<&'static str>,
    pub(super) report: CheckReport,
}

impl Found {
    pub(super) fn new(context: &Context<'_>) -> Self {
        Self {
            sorter: Sorter::within(context, context.memory() / PART_OF_MEMORY),
            rules: Vec::new(),
            report: CheckReport::default(),
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.report.errors + self.report.warnings
    }

    pub(super) fn push(&mut self, finding: Finding) -> Result<(), TransformError> {
        *self.report.by_rule.entry(finding.rule).or_default() += 1;
        match finding.severity {
            Severity::Error => self.report.errors += 1,
            Severity::Warning => self.report.warnings += 1,
        }
        let known = self.rules.iter().position(|rule| *rule == finding.rule);
        let rule = known.unwrap_or_else(|| {
            self.rules.push(finding.rule);
            self.rules.len() - 1
        });
        self.sorter.push(Record {
            key: Key::default(),
            number: finding.line,
            body: to_bytes(&finding, rule),
        })
    }

    /// Gives all to `each`, sorted, and the counts.
    pub(super) fn give(self, mut each: impl FnMut(Finding)) -> Result<CheckReport, TransformError> {
        let Self {
            sorter,
            rules,
            report,
        } = self;
        for record in sorter.sorted()? {
            let Record { number, body, .. } = record?;
            each(from_bytes(number, &body, &rules));
        }
        Ok(report)
    }
}

/// A finding as bytes that sort as findings of one line do: by offset, severity, rule and message.
fn to_bytes(finding: &Finding, rule: usize) -> Vec<u8> {
    let (name, message) = (finding.rule.as_bytes(), finding.message.as_bytes());
    let mut body = Vec::with_capacity(11 + name.len() + message.len());
    body.extend_from_slice(&finding.offset.to_be_bytes());
    body.push(finding.severity as u8);
    body.extend_from_slice(name);
    body.push(0);
    body.push(u8::try_from(rule).unwrap_or(u8::MAX));
    body.extend_from_slice(message);
    body
}

fn from_bytes(line: u64, body: &[u8], rules: &[&'static str]) -> Finding {
    let (offset, rest) = body.split_first_chunk().unwrap_or((&[0; 8], &[]));
    let (severity, rest) = rest.split_first().unwrap_or((&0, &[]));
    let end = memchr::memchr(0, rest).unwrap_or(0);
    let rule = rest.get(end + 1).map_or(0, |rule| usize::from(*rule));
    let message = rest.get(end + 2..).unwrap_or_default();
    Finding {
        line,
        offset: u64::from_be_bytes(*offset),
        severity: match *severity == Severity::Error as u8 {
            true => Severity::Error,
            false => Severity::Warning,
        },
        rule: rules.get(rule).copied().unwrap_or_default(),
        message: String::from_utf8_lossy(message).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_come_back_sorted_whether_they_were_spilled_or_not() {
        for memory in [1, 10_000, 1 << 20] {
            let mut found = Found::new(&Context::new().spill_at(memory));
            let mut expected = Vec::new();
            for number in 0..600_u64 {
                let finding = Finding {
                    line: number * 7919 % 97,
                    offset: number % 3 * 300,
                    severity: [Severity::Error, Severity::Warning][(number % 2) as usize],
                    rule: ["twin", "twin-size", "json"][(number % 3) as usize],
                    message: format!("größe {}", number % 11),
                };
                expected.push(finding.clone());
                found.push(finding).unwrap();
            }
            expected.sort();
            let mut given = Vec::new();
            let report = found.give(|finding| given.push(finding)).unwrap();
            assert!(given == expected, "memory of {memory}");
            assert_eq!((report.errors, report.warnings), (300, 300));
            assert_eq!(report.by_rule["json"], 200);
        }
    }
}
