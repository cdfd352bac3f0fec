//! Rules for operations.

use std::collections::HashMap;

use serde_json::Value;

use super::Lint;
use crate::spec::document::{Document, Operation, escape, is_success, members, object, reference};

/// The groups of operations that the spec takes from the service: jobs, and what the client asks before it makes one.
const GROUPS: [&str; 3] = ["Jobs", "Query", "Statistics"];

impl<'a> Lint<'a> {
    pub(super) fn operations(&mut self) {
        let document = Document::new(self.root);
        let mut seen: HashMap<&str, String> = HashMap::new();
        for operation in document.operations() {
            let pointer = format!("/paths/{}/{}", escape(operation.path), operation.method);
            self.method(operation, &pointer);
            self.operation_id(operation, &pointer, &mut seen);
            self.describe("", Some(operation.value), &pointer, "the operation");
            self.describe("summary", Some(operation.value), &pointer, "the operation");
            self.parameters(&document, operation, &pointer);
            self.request_body(operation, &pointer);
            self.answers(operation, &pointer);
        }
        self.shared_answers();
    }

    fn method(&mut self, operation: Operation<'a>, pointer: &str) {
        if ["options", "trace"].contains(&operation.method) {
            let message = "the HTTP client of the core has no call for this method";
            self.report("method", pointer, message, "leave the operation out");
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
            return self.report(
                "operation-id",
                pointer,
                message,
                "add the service's own `operationId`",
            );
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
            self.report(
                "operation-id-unique",
                &at,
                message,
                "give each operation an id of its own",
            );
        }
    }

    fn request_body(&mut self, operation: Operation<'a>, pointer: &str) {
        let Some(body) = operation.value.get("requestBody") else {
            return;
        };
        let at = format!("{pointer}/requestBody");
        let body = self.resolve(body);
        self.describe("", Some(body), &at, "the request body");
        if body["required"] != true {
            self.report(
                "body-required",
                &at,
                "the request body is optional",
                "set `required: true`, or remove the body",
            );
        }
        self.one_json(body, &at, true);
    }

    fn answers(&mut self, operation: Operation<'a>, pointer: &str) {
        let at = format!("{pointer}/responses");
        let mut bodies = Vec::new();
        for (status, answer) in members(operation.value.get("responses")) {
            let at = format!("{at}/{status}");
            let resolved = self.resolve(answer);
            if reference(answer).is_none() {
                self.describe("", Some(resolved), &at, "the answer");
                self.headers(resolved, &at);
            }
            self.one_json(resolved, &at, false);
            if is_success(status) {
                bodies.push(
                    object(resolved.get("content"))
                        .values()
                        .next()
                        .and_then(|media| media.get("schema"))
                        .cloned(),
                );
            }
        }
        if bodies.is_empty() {
            self.report(
                "success",
                &at,
                "no success answer is declared",
                "add the 2xx that the service sends",
            );
        }
        let differs = bodies.iter().any(|body| Some(body) != bodies.first());
        // With one answer that has no body the lowering drops the others; two bodies leave it no choice.
        if differs && bodies.iter().all(Option::is_some) {
            let message = "the success answers have different bodies";
            self.report(
                "one-success",
                &at,
                message,
                "declare one body for all success answers",
            );
        }
    }

    fn shared_answers(&mut self) {
        let answers: Vec<_> = members(self.root.pointer("/components/responses")).collect();
        for (name, answer) in answers {
            let at = format!("/components/responses/{}", escape(name));
            self.describe("", Some(answer), &at, "the shared answer");
            self.headers(answer, &at);
        }
    }

    fn headers(&mut self, answer: &'a Value, pointer: &str) {
        for (name, header) in members(answer.get("headers")) {
            let at = format!("{pointer}/headers/{}", escape(name));
            self.describe(
                "",
                Some(self.resolve(header)),
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
            self.report(
                "one-content-type",
                &format!("{pointer}/content"),
                message,
                "declare application/json alone",
            );
        }
    }
}
