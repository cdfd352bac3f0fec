//! Rules for schemas, where it matters whether a caller sends or reads them.

use serde_json::Value;

use super::document::{object, reference};
use super::operations::DOCUMENTATION;
use super::{Class, Comparison};

/// How a schema is used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use {
    /// Callers send it.
    pub(super) sent: bool,
    /// Callers read it.
    pub(super) read: bool,
    /// It gives a Rust type.
    pub(super) rust: bool,
    /// It stands in an optional field, which is an `Option` in Rust, null or not.
    pub(super) in_option: bool,
    /// It is the version of the API, whose default changes with every version.
    pub(super) is_version: bool,
}

impl Use {
    pub(super) fn request(rust: bool) -> Self {
        Self {
            sent: true,
            read: false,
            rust,
            in_option: false,
            is_version: false,
        }
    }

    pub(super) fn answer(rust: bool) -> Self {
        Self {
            sent: false,
            read: true,
            rust,
            in_option: false,
            is_version: false,
        }
    }

    pub(super) fn is_seen_by_rust(self) -> bool {
        self.rust
    }

    /// The class of a Rust change, none where there is no Rust type.
    pub(super) fn on_rust(self, class: Class) -> Class {
        if self.rust { class } else { Class::None }
    }

    /// The wire class of a stricter promise: harmless to readers, not to senders.
    pub(super) fn stricter(self) -> Class {
        if self.sent {
            Class::Breaking
        } else {
            Class::Additive
        }
    }

    /// The wire class of a looser promise: harmless to senders, not to readers.
    pub(super) fn looser(self) -> Class {
        if self.read {
            Class::Breaking
        } else {
            Class::Additive
        }
    }
}

/// Bounds, and whether a greater value is stricter.
pub(super) const BOUNDS: [(&str, bool); 8] = [
    ("minimum", true),
    ("maximum", false),
    ("minLength", true),
    ("maxLength", false),
    ("minItems", true),
    ("maxItems", false),
    ("minProperties", true),
    ("maxProperties", false),
];

/// Constraints of which any change is both stricter and looser.
pub(super) const PATTERNS: [&str; 5] = [
    "pattern",
    "multipleOf",
    "uniqueItems",
    "exclusiveMinimum",
    "exclusiveMaximum",
];

/// Members that have a rule of their own.
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

/// What only people read. `readOnly` is here because neither the generator nor the service heeds it.
const NOTES: [&str; 5] = ["title", "readOnly", "writeOnly", "xml", "discriminator"];

impl<'a> Comparison<'a> {
    pub(super) fn schema(
        &mut self,
        subject: &str,
        old: Option<&'a Value>,
        new: Option<&'a Value>,
        at: &str,
        role: Use,
    ) {
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) if old != new => (old, new),
            (None, Some(_)) | (Some(_), None) => {
                let breaking = role.on_rust(Class::Breaking);
                return self.add(
                    Class::Breaking,
                    breaking,
                    subject,
                    "schema added or removed",
                    at,
                );
            }
            _ => return,
        };
        if reference(old) != reference(new) {
            return self.referred(subject, old, new, at, role);
        }
        if old.get("type") != new.get("type") {
            let message = format!("type {} -> {}", word(old, "type"), word(new, "type"));
            self.add(
                Class::Breaking,
                role.on_rust(Class::Breaking),
                subject,
                message,
                at,
            );
        }
        self.format(subject, old, new, at, role);
        self.marks(subject, old, new, at, role);
        self.values(subject, old, new, at, role);
        self.constraints(subject, old, new, at, role);
        let role = Use {
            in_option: false,
            ..role
        };
        self.fields(subject, old, new, at, role);
        self.parts(subject, old, new, at, role);
        let mut known = KNOWN.to_vec();
        known.extend(BOUNDS.map(|(name, _)| name));
        known.extend(PATTERNS);
        let documentation: Vec<_> = DOCUMENTATION.into_iter().chain(NOTES).collect();
        self.rest(subject, old, new, at, &known, &documentation);
    }

    /// One side refers to another component than the other, or does not refer at all.
    fn referred(&mut self, subject: &str, old: &'a Value, new: &'a Value, at: &str, role: Use) {
        let (before, after) = (self.old.resolve(old), self.new.resolve(new));
        let wire = if stripped(before) == stripped(after) {
            Class::None
        } else {
            Class::Breaking
        };
        let message = format!("type {} -> {}", kind(old), kind(new));
        self.add(wire, role.on_rust(Class::Breaking), subject, message, at);
    }

    fn format(&mut self, subject: &str, old: &Value, new: &Value, at: &str, role: Use) {
        let (before, after) = (old.get("format"), new.get("format"));
        if before == after || old.get("type") != new.get("type") {
            return;
        }
        let message = format!("format {} -> {}", word(old, "format"), word(new, "format"));
        if new["type"] == "string" {
            // The lowering drops the format of texts, so no Rust type changes.
            let wire = match (before, after) {
                (None, _) => role.stricter(),
                (_, None) => role.looser(),
                _ => Class::Breaking,
            };
            self.add(wire, Class::None, subject, message, at);
        } else {
            self.add(
                Class::Breaking,
                role.on_rust(Class::Breaking),
                subject,
                message,
                at,
            );
        }
    }

    fn marks(&mut self, subject: &str, old: &Value, new: &Value, at: &str, role: Use) {
        let is = |value: &Value, mark: &str| value.get(mark) == Some(&Value::Bool(true));
        let rust = if role.in_option {
            Class::None
        } else {
            role.on_rust(Class::Breaking)
        };
        match (is(old, "nullable"), is(new, "nullable")) {
            (false, true) => self.add(role.looser(), rust, subject, "may be null", at),
            (true, false) => self.add(role.stricter(), rust, subject, "is never null", at),
            _ => {}
        }
        match (is(old, "x-ms-secret"), is(new, "x-ms-secret")) {
            (false, true) => self.add(
                Class::None,
                role.on_rust(Class::Breaking),
                subject,
                "marked secret",
                at,
            ),
            (true, false) => self.add(
                Class::None,
                role.on_rust(Class::Breaking),
                subject,
                "no longer secret",
                at,
            ),
            _ => {}
        }
        if is_open(old) != is_open(new) && old.get("enum").is_some() && new.get("enum").is_some() {
            let message = if is_open(new) {
                "enum opened"
            } else {
                "enum closed"
            };
            self.add(
                Class::None,
                role.on_rust(Class::Breaking),
                subject,
                message,
                at,
            );
        } else if old.get("x-ms-enum") != new.get("x-ms-enum") {
            self.note(subject, "x-ms-enum changed", at);
        }
        match (old.get("default"), new.get("default")) {
            (None, Some(value)) => self.note(subject, format!("default {value} noted"), at),
            (before, after) if before != after => {
                let wire = if role.is_version {
                    Class::Additive
                } else {
                    Class::Breaking
                };
                let message = format!(
                    "default {} -> {}",
                    word(old, "default"),
                    word(new, "default")
                );
                self.add(wire, Class::None, subject, message, at);
            }
            _ => {}
        }
    }
}

pub(super) fn is_open(schema: &Value) -> bool {
    schema.pointer("/x-ms-enum/modelAsString") == Some(&Value::Bool(true))
}

pub(super) fn subject(name: &str, schema: &Value) -> String {
    format!(
        "{} {name}",
        if schema.get("enum").is_some() {
            "enum"
        } else {
            "model"
        }
    )
}

pub(super) fn word(schema: &Value, key: &str) -> String {
    match schema.get(key) {
        None => "none".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// A type in one word.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(target) = reference(schema) {
        return target.rsplit('/').next().unwrap_or(target).to_owned();
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

/// What decides the Rust type of a schema in an answer.
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
