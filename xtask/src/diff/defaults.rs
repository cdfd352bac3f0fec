//! A document without what is so by default: written out or left out, it says the same. A reference inside an `allOf` of
//! one element is a reference.

use serde_json::{Map, Value, json};

use crate::spec;

/// Members whose objects have names of the API instead of words of OpenAPI.
const NAMES: [&str; 8] = [
    "paths",
    "responses",
    "headers",
    "content",
    "parameters",
    "requestBodies",
    "schemas",
    "properties",
];

/// Members that are data, or that nothing here knows.
const DATA: [&str; 5] = ["default", "enum", "example", "examples", "securitySchemes"];

/// Flags that are false by default.
const FLAGS: [&str; 11] = [
    "allowEmptyValue",
    "allowReserved",
    "deprecated",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "nullable",
    "readOnly",
    "required",
    "uniqueItems",
    "writeOnly",
    "x-ms-secret",
];

/// The same document with every default left out.
pub(super) fn left_out(root: &Value) -> Value {
    let mut left = root.clone();
    object(&mut left, root.get("security"));
    // At the top, security does not repeat anything.
    if let Some(security) = root.get("security") {
        left["security"] = security.clone();
    }
    left
}

/// Leaves out what an object says by default, and what is inside it says.
fn object(value: &mut Value, security: Option<&Value>) {
    if let Some(target) = spec::wrapped_reference(value).map(str::to_owned)
        && let Some(members) = value.as_object_mut()
    {
        members.remove("allOf");
        members.insert("$ref".to_owned(), Value::String(target));
    }
    let Some(members) = value.as_object_mut() else {
        return;
    };
    style(members);
    members.retain(|name, value| !is_default(name, value, security));
    if members.get("additionalProperties") == Some(&json!({})) {
        members.insert("additionalProperties".to_owned(), Value::Bool(true));
    }
    for (name, value) in members {
        let is_data = DATA.contains(&name.as_str()) || name.starts_with("x-");
        match value {
            _ if is_data => {}
            Value::Array(items) => items.iter_mut().for_each(|item| object(item, security)),
            Value::Object(inside) if NAMES.contains(&name.as_str()) => {
                let known = inside
                    .iter_mut()
                    .filter(|(name, _)| !name.starts_with("x-"));
                known.for_each(|(_, value)| object(value, security));
            }
            value => object(value, security),
        }
    }
}

fn is_default(name: &str, value: &Value, security: Option<&Value>) -> bool {
    match name {
        "security" => Some(value) == security,
        "parameters" | "tags" => *value == json!([]),
        "required" => *value == json!([]) || *value == false,
        "headers" | "properties" => *value == json!({}),
        "minLength" | "minItems" | "minProperties" => *value == 0,
        name => FLAGS.contains(&name) && *value == false,
    }
}

/// The style of a parameter or a header follows from its place, and whether it explodes from its style.
fn style(members: &mut Map<String, Value>) {
    let usual = match members.get("in").and_then(Value::as_str) {
        Some("query" | "cookie") => "form",
        _ => "simple",
    };
    let explodes = members
        .get("style")
        .map_or(usual == "form", |style| style == "form");
    if members.get("explode") == Some(&json!(explodes)) {
        members.remove("explode");
    }
    if members.get("style").is_some_and(|style| style == usual) {
        members.remove("style");
    }
}
