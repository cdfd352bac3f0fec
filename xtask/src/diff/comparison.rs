//! Two documents, what is compared of them, and what was found so far.

use serde_json::Value;

use super::report::Change;
use super::report::Class::{self, Additive, Breaking};
use crate::spec::document::{Document, escape, members_of_both};

/// What may change about a described thing so that only readers notice.
pub(super) const DOCUMENTATION: [&str; 7] = [
    "description",
    "summary",
    "tags",
    "externalDocs",
    "deprecated",
    "example",
    "examples",
];

/// How a schema is used.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Use {
    /// Callers send it.
    pub(super) sent: bool,
    /// Callers read it.
    pub(super) read: bool,
    /// It becomes a Rust type.
    pub(super) rust: bool,
    /// It is an optional field, which is an `Option` in Rust, null or not.
    pub(super) in_option: bool,
    /// It is the version of the API, whose default changes with every version.
    pub(super) is_version: bool,
}

impl Use {
    pub(super) fn request(rust: bool) -> Self {
        Self {
            sent: true,
            rust,
            ..Self::default()
        }
    }

    pub(super) fn response(rust: bool) -> Self {
        Self {
            read: true,
            rust,
            ..Self::default()
        }
    }

    /// The class of a Rust change, `None` without a Rust type.
    pub(super) fn on_rust(self, class: Class) -> Class {
        if self.rust { class } else { Class::None }
    }

    /// The wire class of a stricter promise: harmless to readers, not to senders.
    pub(super) fn stricter(self) -> Class {
        if self.sent { Breaking } else { Additive }
    }

    /// The wire class of a looser promise: harmless to senders, not to readers.
    pub(super) fn looser(self) -> Class {
        if self.read { Breaking } else { Additive }
    }
}

/// What is compared: what people call it, where it is in the new document, and how it is used.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub(super) subject: String,
    pub(super) at: String,
    pub(super) role: Use,
}

impl Spot {
    pub(super) fn new(subject: impl Into<String>, at: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            at: at.into(),
            role: Use::default(),
        }
    }

    pub(super) fn used(self, role: Use) -> Self {
        Self { role, ..self }
    }

    /// The same thing, at a place below.
    pub(super) fn at(&self, below: &str) -> Self {
        let mut spot = self.clone();
        spot.at = format!("{}/{below}", self.at);
        spot
    }

    /// A part of it, with its name.
    pub(super) fn part(&self, name: &str, below: &str) -> Self {
        let mut spot = self.at(below);
        spot.subject = format!("{}, {name}", self.subject);
        spot
    }
}

/// The two documents and what was found so far.
pub(super) struct Comparison<'a> {
    pub(super) old: Document<'a>,
    pub(super) new: Document<'a>,
    pub(super) changes: Vec<Change>,
}

impl Comparison<'_> {
    /// Notes a change. One that neither the wire nor Rust code feels is still one that people read.
    pub(super) fn add(
        &mut self,
        spot: &Spot,
        wire: Class,
        rust: Class,
        message: impl Into<String>,
    ) {
        let class = wire.max(rust).max(Class::Documentation);
        let is_felt = wire.max(rust) != Class::None;
        self.changes.push(Change {
            class,
            wire: if is_felt { wire } else { class },
            rust: if is_felt { rust } else { class },
            subject: spot.subject.clone(),
            message: message.into(),
            pointer: spot.at.clone(),
        });
    }

    /// A change that only people notice.
    pub(super) fn note(&mut self, spot: &Spot, message: impl Into<String>) {
        self.add(spot, Class::Documentation, Class::Documentation, message);
    }

    /// A change that breaks callers on the wire, and in Rust where there is a Rust type.
    pub(super) fn breaks(&mut self, spot: &Spot, message: impl Into<String>) {
        self.add(spot, Breaking, spot.role.on_rust(Breaking), message);
    }

    pub(super) fn requiredness(&mut self, spot: &Spot, old: bool, new: bool, rust: Class) {
        match (old, new) {
            (false, true) => self.add(spot, spot.role.stricter(), rust, "made required"),
            (true, false) => self.add(spot, spot.role.looser(), rust, "made optional"),
            _ => {}
        }
    }

    /// Compares the members that no rule handles: documentation where it is known to be, breaking otherwise.
    pub(super) fn rest(
        &mut self,
        spot: &Spot,
        old: Option<&Value>,
        new: Option<&Value>,
        known: &[&str],
        documentation: &[&str],
    ) {
        let all = members_of_both(old, new);
        for (name, before, after) in all.filter(|(name, ..)| !known.contains(name)) {
            let how = match (before, after) {
                (before, after) if before == after => continue,
                (None, _) => "added",
                (_, None) => "removed",
                _ => "changed",
            };
            let spot = spot.at(&escape(name));
            if documentation.contains(&name) || name.starts_with("x-") {
                self.note(&spot, format!("{name} {how}"));
            } else {
                let message = format!("{name} {how}, which no rule knows; taken as breaking");
                self.add(&spot, Breaking, Breaking, message);
            }
        }
    }
}

pub(super) fn is_required(value: &Value) -> bool {
    value["required"] == true
}

/// A member of a schema in one word.
pub(super) fn word(schema: &Value, key: &str) -> String {
    match schema.get(key) {
        None => "none".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// How a member changed, in two words.
pub(super) fn change(old: &Value, new: &Value, key: &str) -> String {
    format!("{} -> {}", word(old, key), word(new, key))
}
