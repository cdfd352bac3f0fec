//! Rules for operations and their parameters.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::{Operation, path_names};
use super::schemas::Use;
use super::{Class, Comparison};

/// What may change about a described thing without anybody but readers noticing.
pub(super) const DOCUMENTATION: [&str; 7] = [
    "description",
    "summary",
    "tags",
    "externalDocs",
    "deprecated",
    "example",
    "examples",
];

impl<'a> Comparison<'a> {
    pub(super) fn operations(&mut self) {
        let (old, mut new) = (self.old.operations(), self.new.operations());
        for before in old {
            let same_id = new
                .iter()
                .position(|after| before.id() == after.id() && !before.id().is_empty());
            let same_place = || {
                new.iter()
                    .position(|after| before.nameless_place() == after.nameless_place())
            };
            if let Some(index) = same_id.or_else(same_place) {
                let after = new.remove(index);
                self.operation(before, after);
            } else {
                let message = format!("removed ({})", before.place());
                self.add(
                    Class::Breaking,
                    Class::Breaking,
                    &subject(before),
                    message,
                    &before.pointer(),
                );
            }
        }
        for after in new {
            let message = format!("added ({})", after.place());
            self.add(
                Class::Additive,
                Class::Additive,
                &subject(after),
                message,
                &after.pointer(),
            );
        }
    }

    fn operation(&mut self, old: Operation<'a>, new: Operation<'a>) {
        let (subject, at) = (subject(new), new.pointer());
        if old.id() != new.id() {
            let message = format!("renamed from {}", old.id());
            self.add(
                Class::None,
                Class::Breaking,
                &subject,
                message,
                &format!("{at}/operationId"),
            );
        }
        if old.nameless_place() != new.nameless_place() {
            let message = format!("moved from {} to {}", old.place(), new.place());
            self.add(Class::Breaking, Class::None, &subject, message, &at);
        } else if old.path != new.path {
            self.note(
                &subject,
                format!("path written {} instead of {}", new.path, old.path),
                &at,
            );
        }
        self.parameters(&subject, old, new, &at);
        self.request_body(
            &subject,
            old.value.get("requestBody"),
            new.value.get("requestBody"),
            &at,
        );
        self.answers(
            &subject,
            old.value.get("responses"),
            new.value.get("responses"),
            &at,
        );
        let known = ["operationId", "parameters", "requestBody", "responses"];
        let mut documentation = DOCUMENTATION.to_vec();
        documentation.push("servers");
        self.rest(&subject, old.value, new.value, &at, &known, &documentation);
    }

    fn parameters(&mut self, subject: &str, old: Operation<'a>, new: Operation<'a>, at: &str) {
        let at = format!("{at}/parameters");
        let before = by_position(self.old.parameters(old), old.path);
        let mut after = by_position(self.new.parameters(new), new.path);
        let same_parameters = before == after;
        for (key, parameter) in before {
            match after.remove(&key) {
                Some(other) => self.parameter(subject, parameter, other, &at),
                None => {
                    let message = format!("parameter `{}` ({}) removed", name(parameter), key.0);
                    self.add(Class::Breaking, on_call(parameter), subject, message, &at);
                }
            }
        }
        for ((place, _), parameter) in after {
            let (wire, word) = if parameter["required"] == true {
                (Class::Breaking, "required")
            } else {
                (Class::Additive, "optional")
            };
            let message = format!("{word} parameter `{}` ({place}) added", name(parameter));
            self.add(wire, on_call(parameter), subject, message, &at);
        }
        let listed = |operation: Operation<'a>| {
            (
                operation.item.get("parameters"),
                operation.value.get("parameters"),
            )
        };
        if same_parameters && listed(old) != listed(new) {
            self.note(
                subject,
                "parameters are listed in another order or place",
                &at,
            );
        }
    }

    fn parameter(&mut self, subject: &str, old: &'a Value, new: &'a Value, at: &str) {
        if old["name"] != new["name"] {
            self.note(
                subject,
                format!(
                    "path parameter `{}` is now called `{}`",
                    name(old),
                    name(new)
                ),
                at,
            );
        }
        let rust = on_call(new);
        let subject = format!("{subject}, parameter `{}`", name(new));
        match (old["required"] == true, new["required"] == true) {
            (false, true) => self.add(Class::Breaking, rust, &subject, "made required", at),
            (true, false) => self.add(Class::Additive, rust, &subject, "made optional", at),
            _ => {}
        }
        let is_version = new["name"] == "api-version";
        let role = Use {
            is_version,
            ..Use::request(!is_version)
        };
        self.schema(&subject, old.get("schema"), new.get("schema"), at, role);
        self.rest(
            &subject,
            old,
            new,
            at,
            &["name", "in", "required", "schema"],
            &DOCUMENTATION,
        );
    }
}

fn name(parameter: &Value) -> &str {
    parameter["name"].as_str().unwrap_or("?")
}

/// What a change of this parameter does to the Rust call: arguments are positional, so any change of them breaks. The
/// version of the API is no argument, because the seam sends it.
fn on_call(parameter: &Value) -> Class {
    if parameter["name"] == "api-version" {
        Class::None
    } else {
        Class::Breaking
    }
}

/// Path parameters by their place in the path instead of their name, which callers never see.
fn by_position<'a>(
    parameters: BTreeMap<(String, String), &'a Value>,
    path: &str,
) -> BTreeMap<(String, String), &'a Value> {
    let names: Vec<_> = path_names(path).collect();
    parameters
        .into_iter()
        .map(
            |((place, name), parameter)| match names.iter().position(|found| *found == name) {
                Some(index) if place == "path" => ((place, index.to_string()), parameter),
                _ => ((place, name), parameter),
            },
        )
        .collect()
}

fn subject(operation: Operation<'_>) -> String {
    format!("operation {}", operation.name())
}
