//! Rules for operations and their parameters.

use std::collections::BTreeMap;

use serde_json::Value;

use super::comparison::{Comparison, DOCUMENTATION, Spot, Use, is_required};
use super::report::Class::{self, Additive, Breaking};
use crate::spec::document::{Operation, path_names};

impl<'a> Comparison<'a> {
    pub(super) fn operations(&mut self) {
        let mut new = self.new.operations();
        for before in self.old.operations() {
            let has_id = !before.id().is_empty();
            let same_id = |after: &Operation<'_>| has_id && before.id() == after.id();
            let same_place =
                |after: &Operation<'_>| before.nameless_place() == after.nameless_place();
            let index = new.iter().position(same_id);
            if let Some(index) = index.or_else(|| new.iter().position(same_place)) {
                let after = new.remove(index);
                self.operation(before, after);
            } else {
                let message = format!("removed ({})", before.place());
                self.add(&spot(before), Breaking, Breaking, message);
            }
        }
        for after in new {
            let message = format!("added ({})", after.place());
            self.add(&spot(after), Additive, Additive, message);
        }
    }

    fn operation(&mut self, old: Operation<'a>, new: Operation<'a>) {
        let spot = spot(new);
        if old.id() != new.id() {
            let message = format!("renamed from {}", old.id());
            self.add(&spot.at("operationId"), Class::None, Breaking, message);
        }
        if old.nameless_place() != new.nameless_place() {
            let message = format!("moved from {} to {}", old.place(), new.place());
            self.add(&spot, Breaking, Class::None, message);
        } else if old.path != new.path {
            let message = format!("path written {} instead of {}", new.path, old.path);
            self.note(&spot, message);
        }
        self.parameters(&spot.at("parameters"), old, new);
        let both = |name: &str| (old.value.get(name), new.value.get(name));
        let (before, after) = both("requestBody");
        self.request_body(&spot.at("requestBody"), before, after);
        let (before, after) = both("responses");
        self.responses(&spot.at("responses"), before, after);
        let known = ["operationId", "parameters", "requestBody", "responses"];
        let mut documentation = DOCUMENTATION.to_vec();
        documentation.push("servers");
        let (old, new) = (Some(old.value), Some(new.value));
        self.rest(&spot, old, new, &known, &documentation);
    }

    fn parameters(&mut self, spot: &Spot, old: Operation<'a>, new: Operation<'a>) {
        let before = by_position(self.old.parameters(old), old.path);
        let mut after = by_position(self.new.parameters(new), new.path);
        let lists = |operation: Operation<'a>| {
            [operation.item, operation.value].map(|holder| holder.get("parameters"))
        };
        if before == after && lists(old) != lists(new) {
            self.note(spot, "parameters are listed in another order or place");
        }
        for (key, parameter) in before {
            if let Some(other) = after.remove(&key) {
                self.parameter(spot, parameter, other);
            } else {
                let message = format!("parameter `{}` ({}) removed", name(parameter), key.0);
                self.add(spot, Breaking, on_call(parameter), message);
            }
        }
        for ((place, _), parameter) in after {
            let (wire, word) = if is_required(parameter) {
                (Breaking, "required")
            } else {
                (Additive, "optional")
            };
            let message = format!("{word} parameter `{}` ({place}) added", name(parameter));
            self.add(spot, wire, on_call(parameter), message);
        }
    }

    fn parameter(&mut self, spot: &Spot, old: &'a Value, new: &'a Value) {
        let (before, after) = (name(old), name(new));
        if before != after {
            let message = format!("path parameter `{before}` is now called `{after}`");
            self.note(spot, message);
        }
        let is_version = after == "api-version";
        let spot = Spot {
            subject: format!("{}, parameter `{after}`", spot.subject),
            at: spot.at.clone(),
            role: Use {
                is_version,
                ..Use::request(!is_version)
            },
        };
        self.requiredness(&spot, is_required(old), is_required(new), on_call(new));
        self.schema(&spot, old.get("schema"), new.get("schema"));
        let known = ["name", "in", "required", "schema"];
        self.rest(&spot, Some(old), Some(new), &known, &DOCUMENTATION);
    }
}

fn spot(operation: Operation<'_>) -> Spot {
    let subject = format!("operation {}", operation.name());
    Spot::new(subject, operation.pointer())
}

fn name(parameter: &Value) -> &str {
    parameter["name"].as_str().unwrap_or("?")
}

/// What a change of this parameter does to the Rust call: arguments are positional, so any change of them breaks. The
/// version of the API is not an argument, because the seam sends it.
fn on_call(parameter: &Value) -> Class {
    if name(parameter) == "api-version" {
        Class::None
    } else {
        Breaking
    }
}

/// Path parameters by their place in the path instead of their name, which callers never see.
fn by_position<'a>(
    parameters: BTreeMap<(String, String), &'a Value>,
    path: &str,
) -> BTreeMap<(String, String), &'a Value> {
    let names: Vec<_> = path_names(path).collect();
    let placed = parameters.into_iter().map(|((place, name), parameter)| {
        match names.iter().position(|found| *found == name) {
            Some(index) if place == "path" => ((place, index.to_string()), parameter),
            _ => ((place, name), parameter),
        }
    });
    placed.collect()
}
