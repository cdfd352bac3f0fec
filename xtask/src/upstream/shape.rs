//! A type in one word, from either kind of document.

use serde_json::Value;

/// The type that a schema or a Swagger parameter gives. Enums are texts here; their values are facts of their own.
pub(super) fn of(schema: &Value, root: &Value) -> String {
    nested(schema, root, DEEPEST)
}

/// How many references and lists deep a type is followed: a definition can lead back to itself.
const DEEPEST: usize = 16;

fn nested(schema: &Value, root: &Value, depth: usize) -> String {
    let Some(depth) = depth.checked_sub(1) else {
        return "a type without an end".to_owned();
    };
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = reference
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer));
        // An enum that has a name in one document has often none in the other.
        return match target {
            Some(target) if target.get("enum").is_some() => nested(target, root, depth),
            _ => reference.rsplit('/').next().unwrap_or(reference).to_owned(),
        };
    }
    let format = schema
        .get("format")
        .and_then(Value::as_str)
        .map(|format| format!("({format})"))
        .unwrap_or_default();
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => format!(
            "list of {}",
            schema
                .get("items")
                .map_or("anything".to_owned(), |items| nested(items, root, depth))
        ),
        Some("object") if schema.get("properties").is_none() => "object".to_owned(),
        Some(kind) => format!("{kind}{format}"),
        None if schema.get("properties").is_some() => "object".to_owned(),
        // Swagger writes "any JSON" as a bare object in one place and without a type in another.
        None => "object".to_owned(),
    }
}

/// The values of an enum, in their order.
pub(super) fn values(schema: &Value, root: &Value) -> Vec<String> {
    let target = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| reference.strip_prefix('#'))
        .and_then(|pointer| root.pointer(pointer))
        .unwrap_or(schema);
    let list = target.get("enum").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// Adds what a model says about its fields.
pub(super) fn model(facts: &mut super::Facts, name: &str, schema: &Value, root: &Value) {
    let required = schema.get("required").and_then(Value::as_array);
    for (field, property) in crate::diff::document::members(schema.get("properties")) {
        let is_required = required.is_some_and(|list| list.iter().any(|value| value == field));
        let word = if is_required { ", required" } else { "" };
        facts.insert(
            format!("{name}.{field}"),
            format!("{}{word}", of(property, root)),
        );
        for value in values(property, root) {
            facts.insert(
                format!("{name}.{field} value {value}"),
                "a value".to_owned(),
            );
        }
    }
}

/// Adds what a parameter says.
pub(super) fn parameter(
    facts: &mut super::Facts,
    operation: &str,
    parameter: &Value,
    schema: &Value,
    root: &Value,
) {
    let word = |key: &str| parameter.get(key).and_then(Value::as_str).unwrap_or("?");
    let required = if parameter["required"] == true {
        "required"
    } else {
        "optional"
    };
    let at = format!("{operation} parameter {}", word("name"));
    for value in values(schema, root) {
        facts.insert(format!("{at}{VALUE}{value}"), "a value".to_owned());
    }
    let text = format!("{required} {} in {}", of(schema, root), word("in"));
    facts.insert(at, text);
}

/// Stands before a value of a parameter.
const VALUE: &str = " value ";

/// Where a query filter takes an enum in one document and a text in the other, both send a text: values are compared only
/// where both documents list some.
pub(super) fn forget_values_of_one_side(one: &mut super::Facts, other: &super::Facts) {
    one.retain(|at, _| match at.split_once(VALUE) {
        Some((parameter, _)) if parameter.contains(" parameter ") => {
            let start = format!("{parameter}{VALUE}");
            other.keys().any(|at| at.starts_with(&start))
        }
        _ => true,
    });
}

/// Adds the headers of an answer, of which either kind of document has a type somewhere.
pub(super) fn headers(
    facts: &mut super::Facts,
    answer: &str,
    headers: Vec<(&str, &Value)>,
    root: &Value,
) {
    for (name, schema) in headers {
        facts.insert(format!("{answer} header {name}"), of(schema, root));
    }
}

/// A body in one word.
pub(super) fn body(schema: String, is_required: bool) -> String {
    let word = if is_required { "required" } else { "optional" };
    format!("{word} {schema}")
}
