//! Rules for parameters.

use serde_json::Value;

use super::Lint;
use crate::spec::document::{Operation, path_names};

/// Types whose values are sent as one text.
const SCALARS: [&str; 4] = ["string", "integer", "number", "boolean"];

impl<'a> Lint<'a> {
    pub(super) fn parameters(&mut self, operation: Operation<'a>, pointer: &str) {
        let at = format!("{pointer}/parameters");
        let parameters = self.document.parameters(operation);
        let is_required = |place: &str, name: &str| {
            parameters
                .get(&(place.to_owned(), name.to_owned()))
                .is_some_and(|parameter| parameter["required"] == true)
        };
        if !is_required("query", "api-version") {
            let message = "the operation does not require `api-version` in the query";
            self.breaks("api-version", &at, message);
        }
        for name in path_names(operation.path) {
            if !is_required("path", name) {
                let message = format!("`{{{name}}}` of the path is not a required path parameter");
                self.report(
                    "path-parameter",
                    &at,
                    message,
                    "declare it with `in: path` and `required: true`",
                );
            }
        }
        for ((place, name), parameter) in &parameters {
            self.parameter(operation, place, name, parameter, &at);
        }
    }

    fn parameter(
        &mut self,
        operation: Operation<'a>,
        place: &str,
        name: &str,
        parameter: &'a Value,
        at: &str,
    ) {
        if place == "path" && !operation.path.contains(&format!("{{{name}}}")) {
            let message = format!("the path parameter `{name}` is not in the path");
            self.report(
                "path-parameter",
                at,
                message,
                "put it in the path, or remove it",
            );
        }
        self.describe(parameter, at, &format!("the parameter `{name}`"));
        self.style(place, name, parameter, at);
        self.type_of_parameter(place, name, parameter, at);
    }

    fn style(&mut self, place: &str, name: &str, parameter: &'a Value, at: &str) {
        let style = parameter
            .get("style")
            .and_then(Value::as_str)
            .unwrap_or("form");
        let is_plain = ["form", "simple"].contains(&style) && parameter.get("content").is_none();
        if !is_plain || place == "cookie" {
            let message = format!("the generator cannot send `{name}` this way");
            self.report(
                "parameter-style",
                at,
                message,
                "use a plain schema in path, query or header",
            );
        }
        let is_list = parameter
            .get("schema")
            .is_some_and(|schema| self.document.resolve(schema)["type"] == "array");
        if place == "query" && is_list && parameter["explode"] == false {
            let message = format!("the generator sends each item of `{name}` by itself");
            let fix = "leave `explode` out, or make the parameter a text";
            self.report("parameter-style", at, message, fix);
        }
    }

    /// A path and a header hold one text each, made with `to_string`.
    fn type_of_parameter(&mut self, place: &str, name: &str, parameter: &'a Value, at: &str) {
        let Some(schema) = parameter
            .get("schema")
            .filter(|_| ["path", "header"].contains(&place))
        else {
            return;
        };
        let schema = self.document.resolve(schema);
        let is_scalar = schema["type"]
            .as_str()
            .is_some_and(|kind| SCALARS.contains(&kind));
        if !is_scalar || schema["nullable"] == true {
            let message = format!("`{name}` is not one value that is always there");
            self.breaks("parameter-type", at, message);
        }
        if schema["x-ms-secret"] == true {
            let message =
                format!("`{name}` would be sent as secrets are printed: without what is secret");
            self.breaks("secret-place", at, message);
        }
    }
}
