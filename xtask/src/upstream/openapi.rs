//! What our spec says.

use serde_json::Value;

use super::{Facts, shape};
use crate::diff::document::{Document, is_success, members};

pub(super) fn facts(root: &Value) -> Facts {
    let mut facts = Facts::new();
    let document = Document::new(root);
    for operation in document.operations() {
        let id = operation.value["operationId"]
            .as_str()
            .unwrap_or("an operation without an id");
        facts.insert(
            id.to_owned(),
            format!("{} {}", operation.method.to_uppercase(), operation.path),
        );
        for parameter in document.parameters(operation).into_values() {
            shape::parameter(&mut facts, id, parameter, &parameter["schema"], root);
        }
        if let Some(body) = operation.value.get("requestBody") {
            let body = document.resolve(body);
            let text = shape::body(content(body, root), body["required"] == true);
            facts.insert(format!("{id} body"), text);
        }
        for (status, answer) in members(operation.value.get("responses")) {
            let answer = document.resolve(answer);
            let kind = if is_success(status) {
                "answer"
            } else {
                "error"
            };
            let at = format!("{id} {kind} {status}");
            let headers = members(answer.get("headers"))
                .map(|(name, header)| (name, &document.resolve(header)["schema"]));
            shape::headers(&mut facts, &at, headers.collect(), root);
            facts.insert(at, content(answer, root));
        }
    }
    for name in document.in_requests.union(&document.in_answers) {
        let schema = &root["components"]["schemas"][name];
        if schema.get("enum").is_none() && !document.only_in_errors.contains(name) {
            shape::model(&mut facts, name, schema, root);
        }
    }
    facts
}

/// The type of a body; nothing, if there is none.
fn content(holder: &Value, root: &Value) -> String {
    let media = holder
        .get("content")
        .and_then(Value::as_object)
        .and_then(|content| content.values().next());
    media
        .and_then(|media| media.get("schema"))
        .map_or_else(|| "nothing".to_owned(), |schema| shape::of(schema, root))
}
