//! Reading the OpenAPI document.

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
            "{failure}: {pointer} stands on line {before} and again on line {line}; keep one of them"
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

/// The last part of a reference such as `#/components/schemas/JobProperties`.
pub fn referenced_name(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}
