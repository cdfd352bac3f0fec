//! What a document says, one fact after the other: what it is about, and how it is.

use std::collections::BTreeMap;

use serde_json::Value;

use super::swagger::ANY;
use crate::spec::document::{Document, Operation, is_success, members, path_names, refers};
use crate::spec::limits;

/// What a document says, by what it is about.
pub(super) type Facts = BTreeMap<String, String>;

/// Members of a schema, other than its type and its limits, that are compared one by one.
const DETAILS: [&str; 6] = [
    "additionalProperties",
    "collectionFormat",
    "default",
    "deprecated",
    "nullable",
    "readOnly",
];

/// The text before a value of an enum.
const VALUE: &str = " value ";
/// The text after a body, before its content types.
const CONTENT: &str = " content types";
/// How many lists, maps and inline models deep a schema is followed.
const DEEPEST: usize = 8;

/// What all operations of a document say, and the models that they lead to.
pub(super) fn facts(root: &Value) -> Facts {
    let document = Document::new(root);
    let mut reader = Reader {
        document: &document,
        facts: Facts::new(),
    };
    if let Some(base) = root["basePath"].as_str() {
        reader.say("basePath", base);
    }
    for operation in document.operations() {
        reader.operation(operation);
    }
    for name in document.in_requests.union(&document.in_responses) {
        let schema = &root["components"]["schemas"][name];
        if is_model(schema) && !document.only_in_errors.contains(name) {
            reader.details(name, schema);
            reader.fields(name, schema, DEEPEST);
        }
    }
    reader.facts
}

/// Whether the comparison uses the name of a schema. Any other component says the same as its content.
fn is_model(schema: &Value) -> bool {
    schema.get("properties").is_some() || schema.get("allOf").is_some()
}

struct Reader<'a> {
    document: &'a Document<'a>,
    facts: Facts,
}

impl<'a> Reader<'a> {
    fn say(&mut self, at: impl Into<String>, how: impl Into<String>) {
        self.facts.insert(at.into(), how.into());
    }

    fn operation(&mut self, operation: Operation<'a>) {
        let id = operation.name();
        let (method, path) = operation.nameless_place();
        self.say(&id, format!("{} {path}", method.to_uppercase()));
        if operation.value["deprecated"] == true {
            self.say(format!("{id}, deprecated"), "true");
        }
        self.parameters(&id, operation);
        if let Some(body) = operation.value.get("requestBody") {
            let body = self.document.resolve(body);
            self.content(&format!("{id} body"), body, requiredness(body));
        }
        for (status, response) in members(operation.value.get("responses")) {
            let word = if is_success(status) {
                "response"
            } else {
                "error"
            };
            let at = format!("{id} {word} {status}");
            let response = self.document.resolve(response);
            self.content(&at, response, "");
            for (name, header) in members(response.get("headers")) {
                let schema = &self.document.resolve(header)["schema"];
                self.typed(&format!("{at} header {name}"), schema, "", "");
            }
        }
    }

    fn parameters(&mut self, id: &str, operation: Operation<'a>) {
        // Callers never meet the name of a parameter of the path.
        let in_path: Vec<_> = path_names(operation.path).collect();
        for ((place, name), parameter) in self.document.parameters(operation) {
            let index = in_path.iter().position(|other| *other == name);
            let at = match index {
                Some(index) if place == "path" => {
                    format!("{id} parameter {} of the path", index + 1)
                }
                _ => format!("{id} parameter {name}"),
            };
            let end = format!(" in {place}");
            self.typed(&at, &parameter["schema"], requiredness(parameter), &end);
            // The version of a document is printed once.
            let (default, version) = (format!("{at}, default"), &self.document.root["info"]);
            if self.facts.get(&default).map(String::as_str) == version["version"].as_str() {
                self.facts.remove(&default);
            }
        }
    }

    /// The type of a body and its content types.
    fn content(&mut self, at: &str, holder: &'a Value, word: &str) {
        let media: Vec<_> = members(holder.get("content")).collect();
        let Some((_, first)) = media.first() else {
            return self.say(at, "nothing");
        };
        let schema = &first["schema"];
        self.typed(at, schema, word, "");
        let names: Vec<_> = media.iter().map(|(name, _)| *name).collect();
        self.say(format!("{at}{CONTENT}"), names.join(", "));
        self.fields(at, schema, DEEPEST);
    }

    /// The type of a schema between two words, and its details.
    fn typed(&mut self, at: &str, schema: &'a Value, before: &str, after: &str) {
        let text = format!("{before} {}{after}", self.kind(schema, DEEPEST));
        self.say(at, text.trim_start());
        self.details(at, schema);
    }

    /// The fields that a schema lists itself or takes from the elements of its `allOf`.
    fn fields(&mut self, at: &str, schema: &'a Value, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        if refers(schema).is_some() {
            return;
        }
        let parts = self.document.parts(schema);
        let is_required = |field: &str| {
            let mut lists = parts.iter().filter_map(|part| part["required"].as_array());
            lists.any(|list| list.iter().any(|name| name == field))
        };
        for (field, property) in parts
            .iter()
            .flat_map(|part| members(part.get("properties")))
        {
            let place = format!("{at}.{field}");
            let word = if is_required(field) { ", required" } else { "" };
            self.typed(&place, property, "", word);
            self.fields(&place, property, depth);
        }
    }

    /// The values of an enum, and what else a schema says, other than its type.
    fn details(&mut self, at: &str, schema: &'a Value) {
        let target = self.document.resolve(schema);
        let values = target.get("enum").and_then(Value::as_array);
        for value in values.into_iter().flatten().filter_map(Value::as_str) {
            self.say(format!("{at}{VALUE}{value}"), "a value");
        }
        for name in DETAILS.into_iter().chain(limits()) {
            // A model says itself what it says.
            let inside = target.get(name).filter(|_| !is_model(target));
            let Some(value) = schema.get(name).or(inside) else {
                continue;
            };
            let text = match (name, value) {
                ("default", value) => super::plain(value),
                ("additionalProperties", Value::Bool(false)) => "false".to_owned(),
                ("additionalProperties", values) if is_model(schema) => self.kind(values, DEEPEST),
                // What is so by default, and values of a map, which the type names.
                ("additionalProperties", _) | (_, Value::Bool(false)) => continue,
                (_, value) => super::plain(value),
            };
            if text != ANYTHING {
                self.say(format!("{at}, {name}"), text);
            }
        }
    }

    /// The type of a schema in a few words. Enums are texts here; their values are compared one by one.
    fn kind(&self, schema: &'a Value, depth: usize) -> String {
        let Some(depth) = depth.checked_sub(1) else {
            return "a type without an end".to_owned();
        };
        let target = self.document.resolve(schema);
        if let Some(name) = refers(schema).filter(|_| is_model(target)) {
            return crate::spec::referenced_name(name).to_owned();
        }
        let values = target.get("additionalProperties");
        let values = values.filter(|values| values.is_object() && !is_model(target));
        match (target["type"].as_str(), values) {
            (Some("array"), _) => {
                let items = target.get("items").map(|items| self.kind(items, depth));
                format!("list of {}", items.as_deref().unwrap_or("anything"))
            }
            (Some("object") | None, Some(values)) => match self.kind(values, depth).as_str() {
                ANYTHING => ANYTHING.to_owned(),
                values => format!("map of {values}"),
            },
            (Some("object") | None, None) => ANYTHING.to_owned(),
            (Some(kind), _) => match target["format"].as_str() {
                Some(format) => format!("{kind}({format})"),
                None => kind.to_owned(),
            },
        }
    }
}

/// Any JSON is a bare object in one document and has no type in another.
const ANYTHING: &str = "object";

fn requiredness(value: &Value) -> &'static str {
    if value["required"] == true {
        "required"
    } else {
        "optional"
    }
}

/// Takes out what one of two documents alone cannot tell: values of a query filter where the other has a free text, for
/// both send a text; content types where the other names none; and details of what the other does not have at all.
pub(super) fn forget_what_one_side_leaves_open(one: &mut Facts, other: &Facts) {
    let has_any = |start: String| {
        let mut from = other.range(start.clone()..);
        from.next().is_some_and(|(at, _)| at.starts_with(&start))
    };
    one.retain(|at, value| {
        if let Some((holder, _)) = at.split_once(VALUE) {
            return !holder.contains(" parameter ") || has_any(format!("{holder}{VALUE}"));
        }
        if at.ends_with(CONTENT) {
            let names_some = |value: &String| value != ANY;
            return names_some(value) && other.get(at).is_some_and(names_some);
        }
        at.rsplit_once(", ")
            .is_none_or(|(holder, _)| other.contains_key(holder) || has_any(format!("{holder}.")))
    });
}
