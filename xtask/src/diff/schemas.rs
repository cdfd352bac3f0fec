//! Rules for schemas, where it matters whether a caller sends or reads them.

use serde_json::Value;

use super::comparison::{Comparison, DOCUMENTATION, Spot, Use, change};
use super::report::Class::{self, Additive, Breaking};
use crate::spec::document::{object, reference};
use crate::spec::{limits, referenced_name};

/// Members that have their own rule.
const KNOWN: [&str; 12] = [
    "$ref",
    "type",
    "format",
    "nullable",
    "enum",
    "x-ms-enum",
    "x-ms-secret",
    "properties",
    "required",
    "items",
    "additionalProperties",
    "default",
];

/// What only people read. `readOnly` is here because neither the generator nor the service uses it.
const NOTES: [&str; 5] = ["title", "readOnly", "writeOnly", "xml", "discriminator"];

impl<'a> Comparison<'a> {
    pub(super) fn schema(&mut self, spot: &Spot, old: Option<&'a Value>, new: Option<&'a Value>) {
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) if old != new => (old, new),
            (None, Some(_)) | (Some(_), None) => {
                return self.breaks(spot, "schema added or removed");
            }
            _ => return,
        };
        if reference(old) != reference(new) {
            return self.referred(spot, old, new);
        }
        if old.get("type") != new.get("type") {
            self.breaks(spot, format!("type {}", change(old, new, "type")));
        } else if old.get("format") != new.get("format") {
            self.format(spot, old, new);
        }
        self.marks(spot, old, new);
        self.default(spot, old, new);
        self.values(spot, old, new);
        self.constraints(spot, old, new);
        let inside = Use {
            in_option: false,
            ..spot.role
        };
        let inside = spot.clone().used(inside);
        self.fields(&inside, old, new);
        self.parts(&inside, old, new);
        let known: Vec<_> = KNOWN.into_iter().chain(limits()).collect();
        let documentation = [&DOCUMENTATION[..], &NOTES].concat();
        self.rest(spot, Some(old), Some(new), &known, &documentation);
    }

    /// One side refers to another component than the other, or does not refer at all.
    fn referred(&mut self, spot: &Spot, old: &'a Value, new: &'a Value) {
        let (before, after) = (self.old.resolve(old), self.new.resolve(new));
        let says_the_same = stripped(before) == stripped(after);
        let wire = if says_the_same { Class::None } else { Breaking };
        let message = format!("type {} -> {}", kind(old), kind(new));
        self.add(spot, wire, spot.role.on_rust(Breaking), message);
    }

    fn format(&mut self, spot: &Spot, old: &Value, new: &Value) {
        let message = format!("format {}", change(old, new, "format"));
        if new["type"] != "string" {
            return self.breaks(spot, message);
        }
        // The lowering drops the format of texts, so no Rust type changes.
        let wire = match (old.get("format"), new.get("format")) {
            (None, _) => spot.role.stricter(),
            (_, None) => spot.role.looser(),
            _ => Breaking,
        };
        self.add(spot, wire, Class::None, message);
    }

    fn marks(&mut self, spot: &Spot, old: &Value, new: &Value) {
        let both = |mark: &str| [old, new].map(|value| value[mark] == true);
        let (role, breaking) = (spot.role, spot.role.on_rust(Breaking));
        let rust = if role.in_option {
            Class::None
        } else {
            breaking
        };
        match both("nullable") {
            [false, true] => self.add(spot, role.looser(), rust, "may be null"),
            [true, false] => self.add(spot, role.stricter(), rust, "is never null"),
            _ => {}
        }
        match both("x-ms-secret") {
            [false, true] => self.add(spot, Class::None, breaking, "marked secret"),
            [true, false] => self.add(spot, Class::None, breaking, "no longer secret"),
            _ => {}
        }
        let are_enums = old.get("enum").is_some() && new.get("enum").is_some();
        match [old, new].map(is_open) {
            [false, true] if are_enums => self.add(spot, Class::None, breaking, "enum opened"),
            [true, false] if are_enums => self.add(spot, Class::None, breaking, "enum closed"),
            _ if old.get("x-ms-enum") != new.get("x-ms-enum") => {
                self.note(spot, "x-ms-enum changed");
            }
            _ => {}
        }
    }

    fn default(&mut self, spot: &Spot, old: &Value, new: &Value) {
        match (old.get("default"), new.get("default")) {
            (None, Some(value)) => self.note(spot, format!("default {value} noted")),
            (before, after) if before != after => {
                let is_version = spot.role.is_version;
                let wire = if is_version { Additive } else { Breaking };
                let message = format!("default {}", change(old, new, "default"));
                self.add(spot, wire, Class::None, message);
            }
            _ => {}
        }
    }
}

pub(super) fn is_open(schema: &Value) -> bool {
    schema.pointer("/x-ms-enum/modelAsString") == Some(&Value::Bool(true))
}

/// A type in one word.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(target) = reference(schema) {
        return referenced_name(target).to_owned();
    }
    match (
        schema.get("type").and_then(Value::as_str),
        schema.get("items"),
    ) {
        (Some("array"), Some(items)) => format!("list of {}", kind(items)),
        (Some(kind), _) => kind.to_owned(),
        (None, _) => "any".to_owned(),
    }
}

/// A schema without what only people read.
pub(super) fn stripped(schema: &Value) -> Value {
    let mut members = object(Some(schema));
    members.retain(|name, _| {
        !DOCUMENTATION.contains(&name.as_str()) && !NOTES.contains(&name.as_str())
    });
    Value::Object(members)
}

/// What decides the Rust type of a schema in a response.
pub(super) fn rust_shape(schema: &Value) -> Value {
    let keep = [
        "$ref",
        "type",
        "items",
        "additionalProperties",
        "enum",
        "allOf",
        "oneOf",
        "anyOf",
    ];
    let mut members = object(Some(schema));
    members.retain(|name, _| keep.contains(&name.as_str()));
    if schema["type"] == "integer" || schema["type"] == "number" {
        members.extend(
            schema
                .get("format")
                .map(|format| ("format".to_owned(), format.clone())),
        );
    }
    if let Some(items) = members.get("items").map(rust_shape) {
        members.insert("items".to_owned(), items);
    }
    Value::Object(members)
}
