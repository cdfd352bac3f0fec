//! A document without what is so by default: written out or left out, it says the same. A reference inside an `allOf` of
//! one element is a reference.

use serde_json::{Map, Value, json};

use crate::spec;
use crate::spec::document::METHODS;

type Members = Map<String, Value>;

/// What a schema says by default.
const OF_SCHEMAS: [&str; 7] = [
    "nullable",
    "x-ms-secret",
    "readOnly",
    "writeOnly",
    "deprecated",
    "uniqueItems",
    "exclusiveMinimum",
];

/// The same document with every default left out.
pub(super) fn left_out(root: &Value) -> Value {
    let mut root = root.clone();
    let security = root.get("security").cloned();
    each(&mut root, "paths", |path, item| {
        if path.starts_with('/') {
            list(item, "parameters", parameter);
            for method in METHODS {
                member(item, method, |operation| {
                    self::operation(operation, security.as_ref());
                });
            }
        }
    });
    member(&mut root, "components", |components| {
        each(components, "parameters", |_, value| parameter(value));
        each(components, "requestBodies", |_, value| body(value));
        each(components, "responses", |_, value| answer(value));
        each(components, "headers", |_, value| header(value));
        each(components, "schemas", |_, value| schema(value));
    });
    root
}

fn operation(operation: &mut Value, security: Option<&Value>) {
    list(operation, "parameters", parameter);
    member(operation, "requestBody", body);
    each(operation, "responses", |status, value| {
        if !status.starts_with("x-") {
            answer(value);
        }
    });
    if let Some(members) = operation.as_object_mut() {
        drop_false(members, &["deprecated"]);
        drop_if(members, "parameters", &json!([]));
        drop_if(members, "tags", &json!([]));
        if let Some(security) = security {
            drop_if(members, "security", security);
        }
    }
}

fn parameter(parameter: &mut Value) {
    let style = match parameter["in"].as_str() {
        Some("query" | "cookie") => "form",
        _ => "simple",
    };
    sent(parameter, style);
}

fn header(header: &mut Value) {
    sent(header, "simple");
}

/// What parameters and headers have in common. `style` is the one that goes without saying.
fn sent(value: &mut Value, style: &str) {
    member(value, "schema", schema);
    if let Some(members) = value.as_object_mut() {
        let flags = ["required", "deprecated", "allowEmptyValue", "allowReserved"];
        drop_false(members, &flags);
        let explodes = members
            .get("style")
            .and_then(Value::as_str)
            .unwrap_or(style)
            == "form";
        drop_if(members, "explode", &json!(explodes));
        drop_if(members, "style", &json!(style));
    }
}

fn body(body: &mut Value) {
    content(body);
    if let Some(members) = body.as_object_mut() {
        drop_false(members, &["required"]);
    }
}

fn answer(answer: &mut Value) {
    content(answer);
    each(answer, "headers", |_, value| header(value));
    if let Some(members) = answer.as_object_mut() {
        drop_if(members, "headers", &json!({}));
    }
}

fn content(holder: &mut Value) {
    each(holder, "content", |_, media| {
        member(media, "schema", schema);
    });
}

fn schema(value: &mut Value) {
    if let Some(target) = spec::wrapped_reference(value).map(str::to_owned)
        && let Some(members) = value.as_object_mut()
    {
        members.remove("allOf");
        members.insert("$ref".to_owned(), Value::String(target));
    }
    each(value, "properties", |_, field| schema(field));
    member(value, "items", schema);
    member(value, "additionalProperties", schema);
    for word in ["allOf", "anyOf", "oneOf"] {
        list(value, word, schema);
    }
    if let Some(members) = value.as_object_mut() {
        drop_false(members, &OF_SCHEMAS);
        drop_false(members, &["exclusiveMaximum"]);
        drop_if(members, "required", &json!([]));
        drop_if(members, "properties", &json!({}));
        for bound in ["minLength", "minItems", "minProperties"] {
            drop_if(members, bound, &json!(0));
        }
        if members.get("additionalProperties") == Some(&json!({})) {
            members.insert("additionalProperties".to_owned(), Value::Bool(true));
        }
    }
}

fn member(holder: &mut Value, name: &str, edit: impl FnOnce(&mut Value)) {
    if let Some(value) = holder.get_mut(name) {
        edit(value);
    }
}

fn each(holder: &mut Value, name: &str, mut edit: impl FnMut(&str, &mut Value)) {
    let members = holder.get_mut(name).and_then(Value::as_object_mut);
    for (name, value) in members.into_iter().flatten() {
        edit(name, value);
    }
}

fn list(holder: &mut Value, name: &str, edit: fn(&mut Value)) {
    let items = holder.get_mut(name).and_then(Value::as_array_mut);
    items.into_iter().flatten().for_each(edit);
}

fn drop_false(members: &mut Members, names: &[&str]) {
    for name in names {
        drop_if(members, name, &Value::Bool(false));
    }
}

fn drop_if(members: &mut Members, name: &str, default: &Value) {
    if members.get(name) == Some(default) {
        members.remove(name);
    }
}
