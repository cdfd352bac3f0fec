//! Reading the OpenAPI document.

pub(crate) mod document;
pub(crate) mod places;

use openapiv3::{OpenAPI, ReferenceOr, Schema};
use serde_json::Value;

use crate::{Problem, Result};

/// Parses an OpenAPI 3.0 document, saying where it is wrong.
pub fn parse(text: &str) -> Result<OpenAPI> {
    read(text, "the spec").map(|(_, document)| document)
}

/// Reads an OpenAPI 3.0 document as JSON and as what it means. `name` is what the error calls it.
pub(crate) fn read(text: &str, name: &str) -> Result<(Value, OpenAPI)> {
    let value = json(text, &format!("{name} is not an OpenAPI 3.0 document"))?;
    let version = value["openapi"].as_str().unwrap_or("an unknown version");
    if !version.starts_with("3.0.") {
        return Err(Problem::unreadable(format!(
            "{name} says it is OpenAPI {version}; the generator reads 3.0.x only"
        )));
    }
    let document = serde_json::from_str(text).map_err(|error| {
        Problem::unreadable(format!("{name} is not an OpenAPI 3.0 document: {error}"))
    })?;
    Ok((value, document))
}

/// Reads JSON in which no object names a member twice: one of the two would be dropped unseen, and the parser of OpenAPI
/// panics at some. `failure` starts the error.
pub(crate) fn json(text: &str, failure: &str) -> Result<Value> {
    let value = serde_json::from_str(text)
        .map_err(|error| Problem::unreadable(format!("{failure}: {error}")))?;
    match places::places(text).repeated.first() {
        None => Ok(value),
        Some(places::Repeated {
            pointer,
            line,
            before,
        }) => Err(Problem::unreadable(format!(
            "{failure}: {pointer} is on line {before} and again on line {line}; keep one of them"
        ))),
    }
}

/// The schemas of the components, in the order of the document.
pub fn schemas(document: &OpenAPI) -> impl Iterator<Item = (&str, &ReferenceOr<Schema>)> {
    document
        .components
        .iter()
        .flat_map(|components| &components.schemas)
        .map(|(name, schema)| (name.as_str(), schema))
}

/// Whether an extension is present and true.
pub fn is_marked(schema: &Schema, extension: &str) -> bool {
    schema
        .schema_data
        .extensions
        .get(extension)
        .is_some_and(|value| value == true)
}

/// Bounds, and whether a greater value is stricter.
pub(crate) const BOUNDS: [(&str, bool); 8] = [
    ("minimum", true),
    ("maximum", false),
    ("minLength", true),
    ("maxLength", false),
    ("minItems", true),
    ("maxItems", false),
    ("minProperties", true),
    ("maxProperties", false),
];

/// Limits that become both stricter and looser with any change.
pub(crate) const PATTERNS: [&str; 5] = [
    "pattern",
    "multipleOf",
    "uniqueItems",
    "exclusiveMinimum",
    "exclusiveMaximum",
];

/// The names of everything that limits a value.
pub(crate) fn limits() -> impl Iterator<Item = &'static str> {
    let bounds = BOUNDS.iter().map(|(name, _)| *name);
    bounds.chain(PATTERNS)
}

/// Members of a schema that say nothing about its type.
const NOT_OF_THE_TYPE: [&str; 7] = [
    "deprecated",
    "description",
    "example",
    "nullable",
    "readOnly",
    "title",
    "writeOnly",
];

/// The extensions that decide the Rust type.
const MARKS: [&str; 4] = ["x-also-read-as", "x-free-text", "x-ms-enum", "x-ms-secret"];

/// The reference that a schema wraps in an `allOf` of one element, as OpenAPI 3.0 has it where a reference needs a
/// description or may be null.
pub(crate) fn wrapped_reference(schema: &Value) -> Option<&str> {
    let parts = schema.get("allOf")?.as_array()?;
    let [part] = parts.as_slice() else {
        return None;
    };
    let is_bare = |name: &String| {
        let is_unread = name.starts_with("x-") && !MARKS.contains(&name.as_str());
        name == "allOf" || is_unread || NOT_OF_THE_TYPE.contains(&name.as_str())
    };
    let target = part.get("$ref")?.as_str()?;
    let alone = part.as_object()?.len() == 1 && schema.as_object()?.keys().all(is_bare);
    alone.then_some(target)
}

/// The last part of a reference such as `#/components/schemas/JobProperties`.
pub fn referenced_name(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}
