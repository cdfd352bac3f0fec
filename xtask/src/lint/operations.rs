//! Rules for operations.

use std::collections::HashMap;

use serde_json::Value;

use super::Lint;
use crate::spec::document::{Operation, escape, is_success, members, object, reference};

/// The groups of operations that the spec takes from the service: jobs, and what the client asks before it makes one.
const GROUPS: [&str; 3] = ["Jobs", "Query", "Statistics"];

impl<'a> Lint<'a> {
    pub(super) fn operations(&mut self) {
        let mut seen: HashMap<&str, String> = HashMap::new();
        for operation in self.document.operations() {
            let pointer = operation.pointer();
            self.method(operation, &pointer);
            self.operation_id(operation, &pointer, &mut seen);
            self.describe(operation.value, &pointer, "the operation");
            self.sentence("summary", operation.value, &pointer, "the operation");
            self.parameters(operation, &pointer);
            self.request_body(operation, &pointer);
            self.responses(operation, &pointer);
        }
        self.shared_responses();
    }

    fn method(&mut self, operation: Operation<'a>, pointer: &str) {
        if ["options", "trace"].contains(&operation.method) {
            let message = "the HTTP client of the core has no call for this method";
            self.breaks("method", pointer, message);
        }
    }

    fn operation_id(
        &mut self,
        operation: Operation<'a>,
        pointer: &str,
        seen: &mut HashMap<&'a str, String>,
    ) {
        let at = format!("{pointer}/operationId");
        let Some(id) = operation.value["operationId"].as_str() else {
            let message = "the operation has no id";
            return self.breaks("operation-id", pointer, message);
        };
        let name = GROUPS
            .iter()
            .find_map(|group| id.strip_prefix(group)?.strip_prefix('_'))
            .unwrap_or_default();
        let is_style = name.starts_with(|letter: char| letter.is_ascii_uppercase())
            && name.chars().all(|letter| letter.is_ascii_alphanumeric());
        if !is_style {
            let message = format!("the id {id} is not in the service's style");
            self.report(
                "operation-id-style",
                &at,
                message,
                format!(
                    "write it as one of the groups {}, `_` and a name in PascalCase",
                    GROUPS.join(", ")
                ),
            );
        }
        if let Some(other) = seen.insert(id, pointer.to_owned()) {
            let message = format!("the id {id} is also that of {other}");
            self.breaks("operation-id-unique", &at, message);
        }
    }

    fn request_body(&mut self, operation: Operation<'a>, pointer: &str) {
        let Some(body) = operation.value.get("requestBody") else {
            return;
        };
        let at = format!("{pointer}/requestBody");
        let body = self.document.resolve(body);
        self.describe(body, &at, "the request body");
        if body["required"] != true {
            self.breaks("body-required", &at, "the request body is optional");
        }
        self.one_json(body, &at, true);
    }

    fn responses(&mut self, operation: Operation<'a>, pointer: &str) {
        let at = format!("{pointer}/responses");
        let mut bodies = Vec::new();
        for (status, response) in members(operation.value.get("responses")) {
            let at = format!("{at}/{status}");
            let resolved = self.document.resolve(response);
            if reference(response).is_none() {
                self.describe(resolved, &at, "the response");
                self.headers(resolved, &at);
            }
            self.one_json(resolved, &at, false);
            if is_success(status) {
                let content = members(resolved.get("content")).next();
                bodies.push(content.and_then(|(_, media)| media.get("schema")));
            }
        }
        if bodies.is_empty() {
            self.breaks("success", &at, "no success response is declared");
        }
        let differs = bodies.iter().any(|body| Some(body) != bodies.first());
        // With one response that has no body the lowering drops the others. Of two bodies it can drop neither.
        if differs && bodies.iter().all(Option::is_some) {
            let message = "the success responses have different bodies";
            self.breaks("one-success", &at, message);
        }
    }

    fn shared_responses(&mut self) {
        let responses: Vec<_> = members(self.root.pointer("/components/responses")).collect();
        for (name, response) in responses {
            let at = format!("/components/responses/{}", escape(name));
            self.describe(response, &at, "the shared response");
            self.headers(response, &at);
        }
    }

    fn headers(&mut self, response: &'a Value, pointer: &str) {
        for (name, header) in members(response.get("headers")) {
            let at = format!("{pointer}/headers/{}", escape(name));
            self.describe(
                self.document.resolve(header),
                &at,
                &format!("the header `{name}`"),
            );
        }
    }

    /// A body has one content type, JSON.
    fn one_json(&mut self, holder: &Value, pointer: &str, is_needed: bool) {
        let content = object(holder.get("content"));
        let is_json = content.len() == 1 && content.contains_key("application/json");
        if !is_json && (is_needed || !content.is_empty()) {
            let found: Vec<_> = content.keys().map(String::as_str).collect();
            let message = format!("the content types are [{}]", found.join(", "));
            self.breaks("one-content-type", &format!("{pointer}/content"), message);
        }
    }
}
