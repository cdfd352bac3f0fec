//! `cargo xtask upstream OLD NEW`: what changed between two of the vendor's files, as a whole and in the words of `diff`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use crate::diff::{self, Change};
use crate::spec::document::{Document, Operation};

/// What changed between two files of the vendor.
#[derive(Debug, Clone, Serialize)]
pub struct Pair {
    /// The changes and their verdict.
    #[serde(flatten)]
    pub report: diff::Report,
    /// What the changes are about and our spec does not have.
    pub lacking: Lacking,
}

/// Parts of the newer file that our spec does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Lacking {
    /// Ids of operations.
    pub operations: BTreeSet<String>,
    /// Names of models.
    pub models: BTreeSet<String>,
}

/// Compares two documents; `ours` only shows what our spec has.
pub(super) fn compare(ours: &Value, old: &Value, new: &Value) -> Pair {
    let mut report = diff::compare(old, new);
    let everywhere = gather(&mut report.changes);
    let own = report
        .changes
        .iter()
        .filter(|change| !everywhere.contains(&change.subject));
    let lacking = lacking(ours, new, own);
    Pair { report, lacking }
}

/// Makes one change of those that are the same in several operations, as of a parameter that they share. The subjects of
/// these are the result.
fn gather(changes: &mut Vec<Change>) -> BTreeSet<String> {
    let key = |change: &Change| {
        let (_, part) = change.subject.split_once(", ")?;
        let is_of_operation = change.subject.starts_with("operation ");
        is_of_operation.then(|| (part.to_owned(), change.message.clone()))
    };
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for key in changes.iter().filter_map(key) {
        *counts.entry(key).or_default() += 1;
    }
    let (mut seen, mut gathered) = (BTreeSet::new(), BTreeSet::new());
    changes.retain_mut(|change| {
        let Some(key) = key(change) else {
            return true;
        };
        let count = counts[&key];
        if count > 1 {
            change.subject = format!("{count} operations, {}", key.0);
            gathered.insert(change.subject.clone());
        }
        count == 1 || seen.insert(key)
    });
    gathered
}

fn lacking<'a>(ours: &Value, new: &Value, changes: impl Iterator<Item = &'a Change>) -> Lacking {
    let pointers: BTreeSet<&str> = changes.map(|change| change.pointer.as_str()).collect();
    let is_below = |start: &str| {
        pointers
            .iter()
            .any(|pointer| *pointer == start || pointer.starts_with(&format!("{start}/")))
    };
    let (ours_read, new_read) = (Document::new(ours), Document::new(new));
    let places = ours_read.operations().into_iter();
    let places: BTreeSet<_> = places.map(Operation::nameless_place).collect();
    let mut lacking = Lacking::default();
    for operation in new_read.operations() {
        if !places.contains(&operation.nameless_place()) && is_below(&operation.pointer()) {
            lacking.operations.insert(operation.name());
        }
    }
    for (name, _) in crate::spec::document::members(new.pointer("/components/schemas")) {
        let at = format!(
            "/components/schemas/{}",
            crate::spec::document::escape(name)
        );
        if ours.pointer(&at).is_none() && is_below(&at) {
            lacking.models.insert(name.to_owned());
        }
    }
    lacking
}

impl Pair {
    pub(super) fn text(&self) -> String {
        let mut text = self.report.text();
        let Lacking { operations, models } = &self.lacking;
        for (kind, names) in [("operations", operations), ("models", models)] {
            if !names.is_empty() {
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                let _ = writeln!(text, "the spec lacks the {kind} {}", names.join(", "));
            }
        }
        let _ = writeln!(text, "not compared: host, schemes, examples");
        text
    }
}
