//! Reading the OpenAPI document.

use openapiv3::{OpenAPI, ReferenceOr, Schema};

use crate::{Problem, Result};

/// Parses an OpenAPI 3.0 document, saying where it is wrong.
pub fn parse(text: &str) -> Result<OpenAPI> {
    let document: OpenAPI = serde_json::from_str(text).map_err(|error| {
        Problem::new(format!("the spec is not an OpenAPI 3.0 document: {error}"))
    })?;
    if document.openapi.starts_with("3.0.") {
        Ok(document)
    } else {
        Err(Problem::new(format!(
            "the spec says it is OpenAPI {}; the generator reads 3.0.x only",
            document.openapi
        )))
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
