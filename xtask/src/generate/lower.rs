//! Lowering: from what the service does to what the generator takes.
//!
//! * declared errors go, so that one function reads every response but a success, with its status, headers and body;
//! * an operation with several success responses keeps one: none at all if one of them has no body;
//! * `api-version` leaves the parameters, because the seam adds it to each request;
//! * texts lose their format and their limits, numbers their bounds: one odd value must not make the whole response unreadable;
//! * secrets get one canonical schema, which the settings map to `SasUri`;
//! * enums that are marked open are taken out and written by [`super::enums`];
//! * a reference inside an `allOf` of one element becomes that reference, unless it says that a required value may be null;
//! * optional lists and maps become nullable, so that null and absent both read as `None`.

use std::collections::BTreeSet;

use openapiv3::{
    Components, OpenAPI, Operation, Parameter, ParameterSchemaOrContent, ReferenceOr, Responses,
    StatusCode,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::enums::{OpenEnum, open_enum};
use crate::spec::document::{Document, escape};
use crate::{Problem, Result, spec};

/// The format that marks a secret text in the lowered document.
pub(super) const SECRET_FORMAT: &str = "sas-uri";

/// The document as the generator gets it.
#[derive(Debug)]
pub(super) struct Lowered {
    pub(super) document: OpenAPI,
    pub(super) enums: Vec<OpenEnum>,
}

pub(super) fn lower(document: &OpenAPI) -> Result<Lowered> {
    let mut lowered = document.clone();
    let components = lowered.components.clone().unwrap_or_default();
    for (path, item) in &mut lowered.paths.paths {
        let at = format!("/paths/{}", escape(path));
        let ReferenceOr::Item(item) = item else {
            return Err(Problem::new(format!(
                "the path {path} is a reference, which the generator cannot follow"
            ))
            .at(at));
        };
        lower_parameters(&mut item.parameters, &components).map_err(|problem| problem.at(&at))?;
        for (method, operation) in operations_mut(item) {
            lower_operation(method, operation, &components).map_err(|problem| {
                problem
                    .within(&format!("{} {path}", method.to_uppercase()))
                    .at(format!("{at}/{method}"))
            })?;
        }
    }
    let mut enums = Vec::new();
    if let Some(components) = &mut lowered.components {
        components.responses.clear();
        components.parameters.clear();
        components.request_bodies.clear();
        for (name, schema) in &mut components.schemas {
            if let ReferenceOr::Item(schema) = schema {
                let at = format!("/components/schemas/{}", escape(name));
                enums.extend(open_enum(name, schema).map_err(|problem| problem.at(at))?);
                lower_schema(schema, false)?;
            }
        }
    }
    reject_loops(document)?;
    drop_what_only_errors_used(document, &mut lowered)?;
    enums.retain(|open| spec::schemas(&lowered).any(|(name, _)| name == open.rust_name));
    Ok(Lowered {
        document: lowered,
        enums,
    })
}

fn operations_mut(
    item: &mut openapiv3::PathItem,
) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
        ("options", &mut item.options),
        ("head", &mut item.head),
        ("patch", &mut item.patch),
        ("trace", &mut item.trace),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

fn lower_operation(method: &str, operation: &mut Operation, components: &Components) -> Result<()> {
    if ["options", "trace"].contains(&method) {
        return Err(Problem::new(
            "the HTTP client of the core has no call for this method; leave the operation out",
        ));
    }
    lower_parameters(&mut operation.parameters, components)?;
    if let Some(body) = &mut operation.request_body {
        let mut found = resolved(body, |name| components.request_bodies.get(name))?;
        lower_content(&mut found.content)?;
        *body = ReferenceOr::Item(found);
    }
    operation.responses = lower_responses(&operation.responses, components)?;
    Ok(())
}

fn lower_parameters(
    parameters: &mut Vec<ReferenceOr<Parameter>>,
    components: &Components,
) -> Result<()> {
    let mut kept = Vec::new();
    for parameter in &*parameters {
        let mut parameter = resolved(parameter, |name| components.parameters.get(name))?;
        let is_version = matches!(&parameter, Parameter::Query { parameter_data, .. } if parameter_data.name == "api-version");
        if is_version {
            continue;
        }
        if let ParameterSchemaOrContent::Schema(schema) = &mut data_mut(&mut parameter).format {
            lower_schema(schema, false)?;
        }
        kept.push(ReferenceOr::Item(parameter));
    }
    *parameters = kept;
    Ok(())
}

fn lower_content(content: &mut openapiv3::Content) -> Result<()> {
    let mut schemas = content
        .values_mut()
        .filter_map(|media| media.schema.as_mut());
    schemas.try_for_each(|schema| lower_schema(schema, false))
}

/// What a reference to a shared part leads to.
fn resolved<'s, T: Clone + 's>(
    value: &'s ReferenceOr<T>,
    shared: impl FnOnce(&str) -> Option<&'s ReferenceOr<T>>,
) -> Result<T> {
    match value {
        ReferenceOr::Item(item) => Ok(item.clone()),
        ReferenceOr::Reference { reference } => match shared(spec::referenced_name(reference)) {
            Some(ReferenceOr::Item(item)) => Ok(item.clone()),
            Some(_) => Err(Problem::new(format!(
                "the reference {reference} leads to a reference, which the generator cannot follow; write it out"
            ))),
            None => Err(dangling(reference)),
        },
    }
}

fn data_mut(parameter: &mut Parameter) -> &mut openapiv3::ParameterData {
    match parameter {
        Parameter::Query { parameter_data, .. }
        | Parameter::Header { parameter_data, .. }
        | Parameter::Path { parameter_data, .. }
        | Parameter::Cookie { parameter_data, .. } => parameter_data,
    }
}

fn lower_responses(responses: &Responses, components: &Components) -> Result<Responses> {
    let mut kept = Responses::default();
    for (status, response) in &responses.responses {
        if !matches!(status, StatusCode::Code(200..=299) | StatusCode::Range(2)) {
            continue;
        }
        let mut response = resolved(response, |name| components.responses.get(name))?;
        lower_content(&mut response.content)?;
        kept.responses
            .insert(status.clone(), ReferenceOr::Item(response));
    }
    if kept.responses.is_empty() {
        return Err(Problem::new(
            "no success response is declared; add the 2xx that the service sends",
        ));
    }
    unify(&mut kept)?;
    Ok(kept)
}

/// Several success responses become one type: no type, if one of them has no body.
fn unify(responses: &mut Responses) -> Result<()> {
    let bodies = || {
        responses
            .responses
            .values()
            .filter_map(ReferenceOr::as_item)
            .map(|response| &response.content)
    };
    let first = bodies().next().cloned();
    if bodies().all(|body| Some(body) == first.as_ref()) {
        return Ok(());
    }
    if bodies().all(|body| !body.is_empty()) {
        let codes: Vec<_> = responses
            .responses
            .keys()
            .map(ToString::to_string)
            .collect();
        return Err(Problem::new(format!(
            "the success responses {} have different bodies; the generator takes one type for each operation, so declare one",
            codes.join(" and ")
        )));
    }
    for response in responses.responses.values_mut() {
        if let ReferenceOr::Item(response) = response {
            response.content.clear();
        }
    }
    Ok(())
}

fn dangling(reference: &str) -> Problem {
    Problem::new(format!(
        "the reference {reference} leads nowhere; add the component or correct the name"
    ))
}

/// Lowers a schema, or a reference to one. What is optional may be null without saying so.
fn lower_schema<T: Serialize + DeserializeOwned>(schema: &mut T, is_optional: bool) -> Result<()> {
    let failed =
        |error: serde_json::Error| Problem::new(format!("a schema cannot be lowered: {error}"));
    let mut value = serde_json::to_value(&*schema).map_err(failed)?;
    lower_value(&mut value, is_optional);
    *schema = serde_json::from_value(value).map_err(failed)?;
    Ok(())
}

fn lower_value(value: &mut Value, is_optional: bool) {
    if let Some(target) = spec::wrapped_reference(value).map(str::to_owned)
        && (is_optional || value["nullable"] != true)
    {
        *value = json!({ "$ref": target });
    }
    let Some(schema) = value.as_object_mut() else {
        return;
    };
    let is_text = schema.get("type") == Some(&json!("string"));
    let is_secret = is_text && schema.get("x-ms-secret") == Some(&json!(true));
    schema.retain(|name, _| {
        let is_unused = name == "default" || name == "example" || name.starts_with("x-");
        // The generator would make conditions of limits.
        !is_unused && !spec::limits().any(|limit| limit == name)
    });
    if is_text {
        schema.remove("format");
    }
    if is_secret {
        schema.retain(|name, _| name != "nullable" && name != "enum");
        schema.insert("format".to_owned(), json!(SECRET_FORMAT));
    }
    // Members that the document does not list are tolerated.
    schema.retain(|name, value| name != "additionalProperties" || *value != false);
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required = |name: &str| {
        let mut names = required.as_array().into_iter().flatten();
        names.any(|required| required == name)
    };
    for (name, inside) in schema {
        match (name.as_str(), inside) {
            ("items" | "additionalProperties", inside) => lower_value(inside, false),
            ("oneOf" | "allOf" | "anyOf", Value::Array(parts)) => {
                parts.iter_mut().for_each(|part| lower_value(part, false));
            }
            ("properties", Value::Object(fields)) => {
                for (name, field) in fields {
                    let is_optional = !is_required(name);
                    lower_value(field, is_optional);
                    if is_optional && (field["type"] == "array" || field["type"] == "object") {
                        field["nullable"] = json!(true);
                    }
                }
            }
            _ => {}
        }
    }
}

/// A component that is only a reference, and in the end to itself, would be a type without an end.
fn reject_loops(document: &OpenAPI) -> Result<()> {
    for (name, mut schema) in spec::schemas(document) {
        let mut seen = BTreeSet::from([name]);
        while let ReferenceOr::Reference { reference } = schema {
            let target = spec::referenced_name(reference);
            if !seen.insert(target) {
                return Err(Problem::new(format!(
                    "the references from the schema {name} lead back to where they start; write it out"
                ))
                .at(format!("/components/schemas/{}", escape(name))));
            }
            match spec::schemas(document).find(|(other, _)| *other == target) {
                Some((_, found)) => schema = found,
                None => break,
            }
        }
    }
    Ok(())
}

/// Removes the schemas that only declared errors used.
fn drop_what_only_errors_used(before: &OpenAPI, lowered: &mut OpenAPI) -> Result<()> {
    let used_before = reachable(before)?;
    let used_after = reachable(lowered)?;
    if let Some(components) = &mut lowered.components {
        components
            .schemas
            .retain(|name, _| used_after.contains(name) || !used_before.contains(name));
    }
    Ok(())
}

/// The names of the schemas that operations lead to.
fn reachable(document: &OpenAPI) -> Result<BTreeSet<String>> {
    let value = serde_json::to_value(document)
        .map_err(|error| Problem::new(format!("the lowered spec cannot be written: {error}")))?;
    let document = Document::new(&value);
    Ok(&document.in_requests | &document.in_responses)
}
