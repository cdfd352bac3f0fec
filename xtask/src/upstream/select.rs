//! Which operations of the vendor's file the comparison is about, and how they are called.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::swagger::is_below_jobs;
use crate::spec::document::{Document, METHODS, Operation, members};

/// The part of a document that is compared.
pub(super) struct Selected {
    /// The document with the other operations left out. An operation that our spec has is called as there.
    pub(super) document: Value,
    /// The vendor's ids of operations that our spec calls otherwise, by our id.
    pub(super) renamed: BTreeMap<String, String>,
    /// The groups of the operations that were left out, and how many they have.
    pub(super) left_out: BTreeMap<String, usize>,
}

/// Selects what is at the place of one of our operations or has its id, what is at `/jobs` or below, and the group
/// Jobs.
pub(super) fn select(ours: &Value, theirs: &Value) -> Selected {
    let (ours, document) = (Document::new(ours), Document::new(theirs));
    let by_place: BTreeMap<_, _> = ours
        .operations()
        .into_iter()
        .map(|o| (o.nameless_place(), o.id()))
        .collect();
    let theirs_at = document.operations().into_iter();
    let theirs_at: BTreeSet<_> = theirs_at.map(Operation::nameless_place).collect();
    // One that has moved is known by its id.
    let moved: BTreeSet<_> = by_place
        .iter()
        .filter(|(place, _)| !theirs_at.contains(*place))
        .map(|(_, id)| *id)
        .collect();
    let mut selected = Selected {
        document: theirs.clone(),
        renamed: BTreeMap::new(),
        left_out: BTreeMap::new(),
    };
    let mut kept: Map<String, Value> = Map::new();
    for operation in document.operations() {
        let below_jobs = is_below_jobs(operation.path);
        let own = operation.id();
        let known = by_place.get(&operation.nameless_place()).copied();
        let known = known.or_else(|| moved.get(own).copied());
        if known.is_none() && !below_jobs && !own.starts_with("Jobs_") {
            let name = operation.name();
            let group = own.split('_').next().filter(|group| !group.is_empty());
            let group = group.unwrap_or(&name).to_owned();
            *selected.left_out.entry(group).or_default() += 1;
            continue;
        }
        let mut value = operation.value.clone();
        if let Some(name) = known.filter(|name| *name != own) {
            value["operationId"] = json!(name);
            selected.renamed.insert(name.to_owned(), own.to_owned());
        }
        let item = kept.entry(operation.path).or_insert_with(|| {
            let others = members(Some(operation.item)).filter(|(name, _)| !METHODS.contains(name));
            let others = others.map(|(name, value)| (name.to_owned(), value.clone()));
            Value::Object(others.collect())
        });
        item[operation.method] = value;
    }
    selected.document["paths"] = Value::Object(kept);
    selected
}
