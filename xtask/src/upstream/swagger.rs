//! What the vendor's Swagger 2.0 file says about the Jobs group, and about other operations that the spec takes from it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Facts, shape};
use crate::diff::document::{METHODS, is_success, members};

/// The facts about the Jobs group and about the operations with the ids in `ours`.
pub(super) fn facts(root: &Value, ours: &BTreeSet<&str>) -> Facts {
    let mut facts = Facts::new();
    let mut models = BTreeSet::new();
    for (path, item) in members(root.get("paths")) {
        for method in METHODS {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let Some(id) = operation["operationId"]
                .as_str()
                .filter(|id| id.starts_with("Jobs_") || ours.contains(*id))
            else {
                continue;
            };
            facts.insert(id.to_owned(), format!("{} {path}", method.to_uppercase()));
            parameters(&mut facts, id, [item, operation], root, &mut models);
            for (status, answer) in members(operation.get("responses")) {
                let kind = if is_success(status) {
                    "answer"
                } else {
                    "error"
                };
                let answer = resolved(answer, root);
                let at = format!("{id} {kind} {status}");
                let headers = members(answer.get("headers")).collect();
                shape::headers(&mut facts, &at, headers, root);
                let shape = answer
                    .get("schema")
                    .map_or_else(|| "nothing".to_owned(), |schema| shape::of(schema, root));
                facts.insert(at, shape);
                collect(answer, &mut models);
            }
        }
    }
    for name in reachable(models, root) {
        shape::model(&mut facts, &name, &root["definitions"][&name], root);
    }
    facts
}

fn parameters(
    facts: &mut Facts,
    id: &str,
    holders: [&Value; 2],
    root: &Value,
    models: &mut BTreeSet<String>,
) {
    for holder in holders {
        for parameter in holder
            .get("parameters")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let parameter = resolved(parameter, root);
            collect(parameter, models);
            match parameter.get("schema") {
                Some(schema) if parameter["in"] == "body" => {
                    let is_required = parameter["required"] == true;
                    let text = shape::body(shape::of(schema, root), is_required);
                    facts.insert(format!("{id} body"), text);
                }
                _ => shape::parameter(facts, id, parameter, parameter, root),
            }
        }
    }
}

/// What a shared parameter or answer stands for.
fn resolved<'a>(value: &'a Value, root: &'a Value) -> &'a Value {
    value
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| root.pointer(reference.trim_start_matches('#')))
        .unwrap_or(value)
}

/// The definitions that a part of the file refers to.
fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(object) => {
            if let Some(name) = value["$ref"]
                .as_str()
                .and_then(|reference| reference.strip_prefix("#/definitions/"))
            {
                found.insert(name.to_owned());
            }
            object.values().for_each(|member| collect(member, found));
        }
        _ => {}
    }
}

fn reachable(start: BTreeSet<String>, root: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<String> = start.into_iter().collect();
    while let Some(name) = waiting.pop() {
        let mut inside = BTreeSet::new();
        collect(&root["definitions"][&name], &mut inside);
        if found.insert(name) {
            waiting.extend(inside);
        }
    }
    found
}
