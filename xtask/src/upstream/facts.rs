//! What a document says, one fact after the other: what it is about, and how it is.

use std::collections::BTreeMap;

use serde_json::Value;

use super::swagger::ANY;
use crate::diff::document::{Document, Operation, is_success, members, reference};
use crate::diff::operations::without_names;

/// What a document says, by what it is about.
pub(super) type Facts = BTreeMap<String, String>;

/// Members of a schema, besides its type, that are facts of their own.
const DETAILS: [&str; 17] = [
    "collectionFormat",
    "default",
    "deprecated",
    "readOnly",
    "nullable",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "additionalProperties",
];

/// What all operations of a document say, and the models that they lead to.
pub(super) fn facts(root: &Value) -> Facts {
    let mut facts = Facts::new();
    let document = Document::new(root);
    if let Some(base) = root["basePath"].as_str() {
        facts.insert("basePath".to_owned(), base.to_owned());
    }
    for operation in document.operations() {
        let id = operation.value["operationId"]
            .as_str()
            .unwrap_or("an operation without an id");
        let (method, path) = (operation.method.to_uppercase(), operation.path);
        facts.insert(id.to_owned(), format!("{method} {}", without_names(path)));
        if operation.value["deprecated"] == true {
            facts.insert(format!("{id}, deprecated"), "true".to_owned());
        }
        parameters(&mut facts, id, &document, operation);
        if let Some(body) = operation.value.get("requestBody") {
            let body = document.resolve(body);
            let word = requiredness(body);
            content(&mut facts, &format!("{id} body"), body, root, word);
        }
        for (status, answer) in members(operation.value.get("responses")) {
            let word = if is_success(status) {
                "answer"
            } else {
                "error"
            };
            let answer = document.resolve(answer);
            self::answer(
                &mut facts,
                &format!("{id} {word} {status}"),
                answer,
                &document,
            );
        }
    }
    for name in document.in_requests.union(&document.in_answers) {
        let schema = &root["components"]["schemas"][name];
        if schema.get("enum").is_none() && !document.only_in_errors.contains(name) {
            fields(&mut facts, name, schema, root);
        }
    }
    facts
}

fn parameters(facts: &mut Facts, id: &str, document: &Document<'_>, operation: Operation<'_>) {
    let root = document.root;
    // Callers never meet the name of a parameter of the path.
    let in_path: Vec<_> = operation.path.split('{').skip(1).collect();
    for ((place, name), parameter) in document.parameters(operation) {
        let index = in_path
            .iter()
            .position(|part| part.split('}').next() == Some(&name));
        let at = match index {
            Some(index) if place == "path" => format!("{id} parameter {} of the path", index + 1),
            _ => format!("{id} parameter {name}"),
        };
        let (word, schema) = (requiredness(parameter), &parameter["schema"]);
        let text = format!("{word} {} in {place}", kind(schema, root));
        facts.insert(at.clone(), text);
        details(facts, &at, schema, root);
        // The version of a document is printed once.
        let default = format!("{at}, default");
        if facts.get(&default).map(String::as_str) == root["info"]["version"].as_str() {
            facts.remove(&default);
        }
    }
}

fn answer<'a>(facts: &mut Facts, at: &str, answer: &'a Value, document: &Document<'a>) {
    let root = document.root;
    content(facts, at, answer, root, "");
    for (name, header) in members(answer.get("headers")) {
        let at = format!("{at} header {name}");
        let schema = &document.resolve(header)["schema"];
        facts.insert(at.clone(), kind(schema, root));
        details(facts, &at, schema, root);
    }
}

fn requiredness(value: &Value) -> &'static str {
    if value["required"] == true {
        "required"
    } else {
        "optional"
    }
}

/// The type of a body and its content types.
fn content(facts: &mut Facts, at: &str, holder: &Value, root: &Value, word: &str) {
    let media: Vec<_> = members(holder.get("content")).collect();
    let Some((_, first)) = media.first() else {
        facts.insert(at.to_owned(), "nothing".to_owned());
        return;
    };
    let schema = &first["schema"];
    let text = format!("{word} {}", kind(schema, root));
    facts.insert(at.to_owned(), text.trim_start().to_owned());
    let names: Vec<_> = media.iter().map(|(name, _)| *name).collect();
    facts.insert(format!("{at}{CONTENT}"), names.join(", "));
    fields(facts, at, schema, root);
}

/// The fields that a schema lists itself.
fn fields(facts: &mut Facts, name: &str, schema: &Value, root: &Value) {
    let required = schema.get("required").and_then(Value::as_array);
    for (field, property) in members(schema.get("properties")) {
        let is_required = required.is_some_and(|list| list.iter().any(|value| value == field));
        let word = if is_required { ", required" } else { "" };
        let at = format!("{name}.{field}");
        facts.insert(at.clone(), format!("{}{word}", kind(property, root)));
        details(facts, &at, property, root);
        fields(facts, &at, property, root);
    }
}

/// The values of an enum, and what a schema says besides its type.
fn details(facts: &mut Facts, at: &str, schema: &Value, root: &Value) {
    let target = target(schema, root);
    let values = target.get("enum").and_then(Value::as_array);
    for value in values.into_iter().flatten().filter_map(Value::as_str) {
        facts.insert(format!("{at}{VALUE}{value}"), "a value".to_owned());
    }
    for name in DETAILS {
        let value = schema.get(name).filter(|value| match value {
            // What is so by default, and values of a map, which the type names.
            Value::Bool(value) => *value && name != "additionalProperties",
            Value::Object(_) => false,
            _ => true,
        });
        if let Some(value) = value {
            facts.insert(format!("{at}, {name}"), super::plain(value));
        }
    }
}

/// Stands before a value of an enum.
const VALUE: &str = " value ";
/// Stands after a body, before its content types.
const CONTENT: &str = " content types";

/// Takes out what one of two documents alone cannot tell: values of a query filter where the other has a free text, for
/// both send a text; content types where the other names none; and details of what the other does not have at all.
pub(super) fn forget_what_one_side_leaves_open(one: &mut Facts, other: &Facts) {
    one.retain(|at, value| {
        if let Some((parameter, _)) = at
            .split_once(VALUE)
            .filter(|(at, _)| at.contains(" parameter "))
        {
            let start = format!("{parameter}{VALUE}");
            return other.keys().any(|at| at.starts_with(&start));
        }
        if at.ends_with(CONTENT) {
            let names_some = |value: &String| value != ANY;
            return names_some(value) && other.get(at).is_some_and(names_some);
        }
        at.rsplit_once(", ")
            .is_none_or(|(holder, _)| other.contains_key(holder))
    });
}

/// How many lists and maps deep a type is followed.
const DEEPEST: usize = 16;

/// The type of a schema in a few words. Enums are texts here; their values are facts of their own.
fn kind(schema: &Value, root: &Value) -> String {
    nested(schema, root, DEEPEST)
}

fn nested(schema: &Value, root: &Value, depth: usize) -> String {
    let Some(depth) = depth.checked_sub(1) else {
        return "a type without an end".to_owned();
    };
    let target = target(schema, root);
    if let Some(name) = refers(schema).filter(|_| target.get("enum").is_none()) {
        return name.rsplit('/').next().unwrap_or(name).to_owned();
    }
    let is_listed = |name: &str| target.get(name).is_some_and(Value::is_object);
    match target.get("type").and_then(Value::as_str) {
        Some("array") => {
            let items = target.get("items");
            let items = items.map_or("anything".to_owned(), |items| nested(items, root, depth));
            format!("list of {items}")
        }
        Some("object") | None if is_listed("additionalProperties") && !is_listed("properties") => {
            match nested(&target["additionalProperties"], root, depth).as_str() {
                // Any JSON is a bare object in one document and has no type in another.
                "object" => "object".to_owned(),
                values => format!("map of {values}"),
            }
        }
        Some("object") | None => "object".to_owned(),
        Some(kind) => match target.get("format").and_then(Value::as_str) {
            Some(format) => format!("{kind}({format})"),
            None => kind.to_owned(),
        },
    }
}

/// The name that a schema refers to, wrapped or not.
fn refers(schema: &Value) -> Option<&str> {
    reference(schema).or_else(|| crate::spec::wrapped_reference(schema))
}

/// What a schema refers to; the schema itself if it does not.
fn target<'a>(mut schema: &'a Value, root: &'a Value) -> &'a Value {
    for _ in 0..DEEPEST {
        let found = refers(schema)
            .and_then(|target| target.strip_prefix('#'))
            .and_then(|pointer| root.pointer(pointer));
        match found {
            Some(found) => schema = found,
            None => break,
        }
    }
    schema
}
