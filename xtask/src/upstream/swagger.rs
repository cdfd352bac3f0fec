//! Reads a Swagger 2.0 document as the OpenAPI 3.0 document that says the same, so that one comparison serves both.

use serde_json::{Map, Value, json};

use crate::spec::document::{Document, METHODS, members, object, places, reference};
use crate::{Problem, Result, spec};

/// The content type of a body whose content types the document does not name.
pub(super) const ANY: &str = "*/*";

/// Members of a parameter or a header, other than its limits, that OpenAPI 3.0 has in its schema.
const OF_SCHEMAS: [&str; 7] = [
    "x-nullable",
    "collectionFormat",
    "type",
    "format",
    "items",
    "default",
    "enum",
];

/// Members of a document that OpenAPI 3.0 has in another place, or that are not compared.
const ELSEWHERE: [&str; 11] = [
    "swagger",
    "host",
    "schemes",
    "consumes",
    "produces",
    "paths",
    "x-ms-paths",
    "definitions",
    "parameters",
    "responses",
    "securityDefinitions",
];

/// The document that the text of a file says. `name` is what errors call the file.
pub(super) fn read(text: &str, name: &str) -> Result<Value> {
    // The vendor's files start with a byte order mark, some of them.
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Err(Problem::unreadable(format!(
            "{name} cannot be read: it is empty"
        )));
    }
    let root = spec::json(text, &format!("{name} cannot be read"))?;
    if root["swagger"] != "2.0" {
        return Err(Problem::unreadable(format!(
            "{name} cannot be read: it does not say that it is Swagger 2.0"
        )));
    }
    check_references(&root, name)?;
    let document = Swagger { root: &root }.document();
    let has_jobs = Document::new(&document)
        .operations()
        .into_iter()
        .any(|operation| is_below_jobs(operation.path));
    if !has_jobs {
        let title = document["info"]["title"].as_str().unwrap_or("no title");
        return Err(Problem::unreadable(format!(
            "{name} cannot be compared: it has no path /jobs, so it describes another service ({title}, version {})",
            super::version(&document)
        )));
    }
    Ok(document)
}

/// Whether a path is `/jobs` or below it.
pub(super) fn is_below_jobs(path: &str) -> bool {
    let rest = path.strip_prefix("/jobs");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

/// Every reference has to lead to a place in the file: what is elsewhere would be left out of the comparison.
fn check_references(root: &Value, name: &str) -> Result<()> {
    for (pointer, value) in places(root, "") {
        // Examples are separate files.
        let Some(target) = reference(value).filter(|_| !pointer.contains("/x-ms-examples/")) else {
            continue;
        };
        let wrong = match target.strip_prefix('#') {
            None => "another file; merge the files into one first",
            Some(place) if root.pointer(place).is_none() => "no place of this file",
            Some(_) => continue,
        };
        return Err(Problem::unreadable(format!(
            "{name} cannot be read: the reference {target} at {pointer} leads to {wrong}"
        )));
    }
    Ok(())
}

struct Swagger<'a> {
    root: &'a Value,
}

impl<'a> Swagger<'a> {
    fn document(&self) -> Value {
        let paths: Map<String, Value> = [self.root.get("paths"), self.root.get("x-ms-paths")]
            .into_iter()
            .flat_map(members)
            .map(|(path, item)| (path.to_owned(), self.path(item)))
            .collect();
        let schemas: Map<String, Value> = members(self.root.get("definitions"))
            .map(|(name, value)| (name.to_owned(), schema(value)))
            .collect();
        let mut document = object(Some(self.root));
        document.retain(|name, _| !ELSEWHERE.contains(&name.as_str()));
        document.insert("openapi".to_owned(), json!("3.0.3"));
        document.insert("paths".to_owned(), Value::Object(paths));
        let security = object(self.root.get("securityDefinitions"));
        let components = json!({ "schemas": schemas, "securitySchemes": security });
        document.insert("components".to_owned(), components);
        let base = self.root["basePath"].as_str().unwrap_or_default();
        if base.trim_matches('/').is_empty() {
            document.remove("basePath");
        }
        Value::Object(document)
    }

    fn path(&self, item: &'a Value) -> Value {
        let mut lifted = object(Some(item));
        let (parameters, body) = self.parameters(item);
        lifted.remove("parameters");
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                lifted.insert(method.to_owned(), self.operation(operation, &body));
            }
        }
        if !parameters.is_empty() {
            lifted.insert("parameters".to_owned(), Value::Array(parameters));
        }
        Value::Object(lifted)
    }

    fn operation(&self, operation: &'a Value, body_of_path: &[&Value]) -> Value {
        let mut lifted = object(Some(operation));
        for name in ["consumes", "produces", "parameters", "schemes"] {
            lifted.remove(name);
        }
        let (parameters, body) = self.parameters(operation);
        if !parameters.is_empty() {
            lifted.insert("parameters".to_owned(), Value::Array(parameters));
        }
        let body = if body.is_empty() { body_of_path } else { &body };
        if let Some(body) = self.body(body, operation) {
            lifted.insert("requestBody".to_owned(), body);
        }
        let responses: Map<String, Value> = members(operation.get("responses"))
            .map(|(status, response)| (status.to_owned(), self.response(response, operation)))
            .collect();
        lifted.insert("responses".to_owned(), Value::Object(responses));
        Value::Object(lifted)
    }

    /// The parameters that `holder` lists, and apart from them those that are its body.
    fn parameters(&self, holder: &'a Value) -> (Vec<Value>, Vec<&'a Value>) {
        let listed = holder.get("parameters").and_then(Value::as_array);
        let all = listed
            .into_iter()
            .flatten()
            .map(|parameter| self.resolved(parameter));
        let (body, others): (Vec<_>, Vec<_>) =
            all.partition(|parameter| parameter["in"] == "body" || parameter["in"] == "formData");
        (others.into_iter().map(parameter).collect(), body)
    }

    fn body(&self, parameters: &[&Value], operation: &Value) -> Option<Value> {
        let first = parameters.first()?;
        let media = if first["in"] == "body" {
            json!({ "schema": first.get("schema").map_or(json!({}), schema) })
        } else {
            let fields: Map<String, Value> = parameters
                .iter()
                .filter_map(|field| Some((field["name"].as_str()?.to_owned(), parameter(field))))
                .collect();
            json!({ "schema": { "type": "object", "properties": fields } })
        };
        let mut body = json!({ "content": self.content(operation, "consumes", &media) });
        for name in ["required", "description"] {
            if let Some(value) = first.get(name) {
                body[name] = value.clone();
            }
        }
        Some(body)
    }

    fn response(&self, response: &'a Value, operation: &Value) -> Value {
        let mut lifted = object(Some(self.resolved(response)));
        lifted.remove("examples");
        if let Some(answered) = lifted.remove("schema") {
            let media = json!({ "schema": schema(&answered) });
            let content = self.content(operation, "produces", &media);
            lifted.insert("content".to_owned(), content);
        }
        if let Some(Value::Object(headers)) = lifted.get_mut("headers") {
            for header in headers.values_mut() {
                *header = parameter(header);
            }
        }
        Value::Object(lifted)
    }

    /// A body by its content types: those of the operation, or else those of the document.
    fn content(&self, operation: &Value, list: &str, media: &Value) -> Value {
        let named = |holder: &Value| -> Vec<String> {
            let names = holder.get(list).and_then(Value::as_array);
            let names = names.into_iter().flatten().filter_map(Value::as_str);
            names.map(str::to_owned).collect()
        };
        let mut names = named(operation);
        if names.is_empty() {
            names = named(self.root);
        }
        if names.is_empty() {
            names.push(ANY.to_owned());
        }
        names
            .into_iter()
            .map(|name| (name, media.clone()))
            .collect::<Map<_, _>>()
            .into()
    }

    /// What a reference to a shared parameter or response leads to.
    fn resolved(&self, value: &'a Value) -> &'a Value {
        reference(value)
            .and_then(|target| self.root.pointer(target.trim_start_matches('#')))
            .unwrap_or(value)
    }
}

/// A parameter or a header: what says its type moves into its schema.
fn parameter(value: &Value) -> Value {
    let (mut of_schema, mut lifted) = (Map::new(), Map::new());
    for (name, value) in members(Some(value)) {
        if OF_SCHEMAS.contains(&name) || spec::limits().any(|limit| limit == name) {
            of_schema.insert(name.to_owned(), value.clone());
        } else {
            lifted.insert(name.to_owned(), value.clone());
        }
    }
    lifted.insert("schema".to_owned(), schema(&Value::Object(of_schema)));
    Value::Object(lifted)
}

/// A schema with the names of OpenAPI 3.0.
fn schema(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let renamed = members.iter().map(|(name, value)| {
                let name = match name.as_str() {
                    "x-nullable" => "nullable",
                    name => name,
                };
                (name.to_owned(), schema(value))
            });
            let mut renamed: Map<_, _> = renamed.collect();
            // Many documents say next to `allOf` what each of its elements says.
            if renamed.contains_key("allOf") && renamed.get("type") == Some(&json!("object")) {
                renamed.remove("type");
            }
            Value::Object(renamed)
        }
        Value::Array(items) => Value::Array(items.iter().map(schema).collect()),
        Value::String(text) => {
            Value::String(text.replace("#/definitions/", "#/components/schemas/"))
        }
        other => other.clone(),
    }
}
