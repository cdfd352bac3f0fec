//! Rules for schemas, where it matters whether a caller sends or reads them.

use serde_json::{Value, json};

use super::document::{escape, members, object, reference};
use super::operations::DOCUMENTATION;
use super::{Class, Comparison};

/// How a schema is used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use {
    /// Callers send it.
    sent: bool,
    /// Callers read it.
    read: bool,
    /// It gives a Rust type.
    rust: bool,
}

impl Use {
    pub(super) fn request(rust: bool) -> Self {
        Self {
            sent: true,
            read: false,
            rust,
        }
    }

    pub(super) fn answer(rust: bool) -> Self {
        Self {
            sent: false,
            read: true,
            rust,
        }
    }

    pub(super) fn is_seen_by_rust(self) -> bool {
        self.rust
    }

    /// The class of a Rust change, none where there is no Rust type.
    fn on_rust(self, class: Class) -> Class {
        if self.rust { class } else { Class::None }
    }

    /// The wire class of a stricter promise: harmless to readers, not to senders.
    fn stricter(self) -> Class {
        if self.sent {
            Class::Breaking
        } else {
            Class::Additive
        }
    }

    /// The wire class of a looser promise: harmless to senders, not to readers.
    fn looser(self) -> Class {
        if self.read {
            Class::Breaking
        } else {
            Class::Additive
        }
    }
}

/// Bounds, and whether a greater value is stricter.
const BOUNDS: [(&str, bool); 8] = [
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
const PATTERNS: [&str; 5] = [
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
    pub(super) fn components(&mut self) {
        let old = self.old.root.pointer("/components/schemas");
        let new = self.new.root.pointer("/components/schemas");
        for (name, schema) in members(old) {
            let subject = subject(name, schema);
            let at = format!("/components/schemas/{}", escape(name));
            let role = self.role(name);
            match new.and_then(|new| new.get(name)) {
                Some(other) => self.schema(&subject, Some(schema), Some(other), &at, role),
                None => {
                    let wire = if role.sent || role.read {
                        Class::Breaking
                    } else {
                        Class::None
                    };
                    self.add(
                        wire,
                        role.on_rust(Class::Breaking),
                        &subject,
                        "removed",
                        &at,
                    );
                }
            }
        }
        for (name, schema) in members(new) {
            if old.is_none_or(|old| old.get(name).is_none()) {
                let role = self.role(name);
                let at = format!("/components/schemas/{}", escape(name));
                self.add(
                    Class::Additive,
                    role.on_rust(Class::Additive),
                    &subject(name, schema),
                    "added",
                    &at,
                );
            }
        }
        self.other_components();
    }

    /// Shared parameters and answers are compared where operations use them; what remains is compared here.
    fn other_components(&mut self) {
        let (old, new) = (
            self.old.root.get("components"),
            self.new.root.get("components"),
        );
        for kind in ["parameters", "responses", "requestBodies", "headers"] {
            let (before, after) = (
                object(old.and_then(|c| c.get(kind))),
                object(new.and_then(|c| c.get(kind))),
            );
            let names = before
                .keys()
                .chain(after.keys().filter(|name| !before.contains_key(*name)));
            for name in
                names.filter(|name| before.get(*name).is_some() != after.get(*name).is_some())
            {
                let how = if before.contains_key(name) {
                    "removed"
                } else {
                    "added"
                };
                self.note(
                    "components",
                    format!("shared {kind} `{name}` {how}"),
                    &format!("/components/{kind}"),
                );
            }
            // What operations refer to is compared there; what nothing refers to means nothing.
            for (name, value) in &before {
                let pointer = format!("#/components/{kind}/{name}");
                let is_used = self.old.refers_to(&pointer) || self.new.refers_to(&pointer);
                if !is_used && after.get(name).is_some_and(|other| other != value) {
                    self.note(
                        "components",
                        format!("unused {kind} `{name}` changed"),
                        &pointer[1..],
                    );
                }
            }
        }
        let schemes =
            |components: Option<&Value>| object(components.and_then(|c| c.get("securitySchemes")));
        let (before, after) = (schemes(old), schemes(new));
        for (name, scheme) in &before {
            if let Some(other) = after.get(name) {
                let at = format!("/components/securitySchemes/{}", escape(name));
                self.rest(
                    &format!("security scheme {name}"),
                    scheme,
                    other,
                    &at,
                    &[],
                    &["description"],
                );
            }
        }
        if !before.keys().eq(after.keys()) {
            let message = "security schemes added or removed";
            self.add(
                Class::Breaking,
                Class::None,
                "components",
                message,
                "/components/securitySchemes",
            );
        }
        let (old, new) = (json!(object(old)), json!(object(new)));
        let known = [
            "schemas",
            "parameters",
            "responses",
            "requestBodies",
            "headers",
            "securitySchemes",
        ];
        self.rest(
            "components",
            &old,
            &new,
            "/components",
            &known,
            &["examples"],
        );
    }

    /// How either document uses a component.
    fn role(&self, name: &str) -> Use {
        let any = |sets: [&std::collections::BTreeSet<String>; 2]| {
            sets.iter().any(|set| set.contains(name))
        };
        let sent = any([&self.old.in_requests, &self.new.in_requests]);
        let read = any([&self.old.in_answers, &self.new.in_answers]);
        let only_errors = |document: &super::Document<'_>| {
            document.only_in_errors.contains(name)
                || document
                    .root
                    .pointer("/components/schemas")
                    .is_none_or(|s| s.get(name).is_none())
        };
        let rust = !(only_errors(&self.old) && only_errors(&self.new));
        Use { sent, read, rust }
    }

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
        match (is(old, "nullable"), is(new, "nullable")) {
            // Rust has an `Option` for every optional field, null or not.
            (false, true) => self.add(role.looser(), Class::None, subject, "may be null", at),
            (true, false) => self.add(role.stricter(), Class::None, subject, "is never null", at),
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
                self.add(Class::Breaking, Class::None, subject, "default changed", at);
            }
            _ => {}
        }
    }

    fn values(&mut self, subject: &str, old: &Value, new: &Value, at: &str, role: Use) {
        let list = |value: &Value| value.get("enum").and_then(Value::as_array).cloned();
        let (before, after) = match (list(old), list(new)) {
            (Some(before), Some(after)) => (before, after),
            (None, None) => return,
            (Some(_), None) => {
                return self.add(
                    role.looser(),
                    role.on_rust(Class::Breaking),
                    subject,
                    "enum became free text",
                    at,
                );
            }
            (None, Some(_)) => {
                return self.add(
                    role.stricter(),
                    role.on_rust(Class::Breaking),
                    subject,
                    "became an enum",
                    at,
                );
            }
        };
        let (mut removed, mut added): (Vec<_>, Vec<_>) = (
            before
                .iter()
                .filter(|value| !after.contains(value))
                .collect(),
            after
                .iter()
                .filter(|value| !before.contains(value))
                .collect(),
        );
        if let ([from], [to]) = (removed.as_slice(), added.as_slice()) {
            let message = format!("value {from} renamed to {to}");
            self.add(
                Class::Breaking,
                role.on_rust(Class::Breaking),
                subject,
                message,
                at,
            );
            (removed, added) = (Vec::new(), Vec::new());
        } else if removed.is_empty() && added.is_empty() && before != after {
            self.note(subject, "values are in another order", at);
        }
        for value in removed {
            self.add(
                Class::Breaking,
                role.on_rust(Class::Breaking),
                subject,
                format!("value {value} removed"),
                at,
            );
        }
        for value in added {
            // An open enum promises nothing about its values; a closed one breaks whoever reads it.
            let class = if is_open(new) && is_open(old) {
                Class::Additive
            } else {
                Class::Breaking
            };
            self.add(
                class,
                role.on_rust(class),
                subject,
                format!("value {value} added"),
                at,
            );
        }
    }

    fn constraints(&mut self, subject: &str, old: &Value, new: &Value, at: &str, role: Use) {
        for (name, greater_is_stricter) in BOUNDS {
            let (before, after) = (old.get(name), new.get(name));
            if before == after {
                continue;
            }
            let is_stricter = match (
                before.and_then(Value::as_f64),
                after.and_then(Value::as_f64),
            ) {
                (None, _) => true,
                (_, None) => false,
                (Some(before), Some(after)) => (after > before) == greater_is_stricter,
            };
            let wire = if is_stricter {
                role.stricter()
            } else {
                role.looser()
            };
            let message = format!("{name} {} -> {}", word(old, name), word(new, name));
            self.add(wire, Class::None, subject, message, at);
        }
        for name in PATTERNS
            .into_iter()
            .filter(|name| old.get(*name) != new.get(*name))
        {
            let message = format!("{name} {} -> {}", word(old, name), word(new, name));
            self.add(Class::Breaking, Class::None, subject, message, at);
        }
    }

    /// Items of a list and values of a map.
    fn parts(&mut self, subject: &str, old: &'a Value, new: &'a Value, at: &str, role: Use) {
        if old.get("items").is_some() || new.get("items").is_some() {
            self.schema(
                &format!("{subject}, items"),
                old.get("items"),
                new.get("items"),
                &format!("{at}/items"),
                role,
            );
        }
        let (before, after) = (
            old.get("additionalProperties"),
            new.get("additionalProperties"),
        );
        match (before, after) {
            (Some(before), Some(after)) if before.is_object() && after.is_object() => {
                let at = format!("{at}/additionalProperties");
                self.schema(
                    &format!("{subject}, values"),
                    Some(before),
                    Some(after),
                    &at,
                    role,
                );
            }
            (before, after) if before != after => {
                let closed = |value: Option<&Value>| value == Some(&Value::Bool(false));
                let has_fields = |schema: &Value| schema.get("properties").is_some();
                // Beside listed fields the lowering tolerates further members anyway.
                let rust =
                    if has_fields(old) && has_fields(new) && (closed(before) || closed(after)) {
                        Class::None
                    } else {
                        Class::Breaking
                    };
                let wire = match (closed(before), closed(after)) {
                    (false, true) => role.stricter(),
                    (true, false) => role.looser(),
                    _ => Class::Breaking,
                };
                self.add(
                    wire,
                    role.on_rust(rust),
                    subject,
                    "additionalProperties changed",
                    at,
                );
            }
            _ => {}
        }
    }

    fn fields(&mut self, subject: &str, old: &'a Value, new: &'a Value, at: &str, role: Use) {
        let fields = |schema: &'a Value| members(schema.get("properties")).collect::<Vec<_>>();
        let (before, after) = (fields(old), fields(new));
        let find = |list: &[(&str, &'a Value)], name: &str| {
            list.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
        };
        let removed: Vec<_> = before
            .iter()
            .filter(|(name, _)| find(&after, name).is_none())
            .collect();
        let mut added: Vec<_> = after
            .iter()
            .filter(|(name, _)| find(&before, name).is_none())
            .collect();
        let breaking = role.on_rust(Class::Breaking);
        for (name, schema) in removed {
            let twin = added
                .iter()
                .position(|(_, other)| stripped(other) == stripped(schema));
            let message = match twin.map(|index| added.remove(index)) {
                Some((other, _)) => format!("field `{name}` renamed to `{other}`"),
                None => format!("field `{name}` removed"),
            };
            self.add(
                Class::Breaking,
                breaking,
                subject,
                message,
                &format!("{at}/properties/{}", escape(name)),
            );
        }
        for (name, schema) in added {
            let at = format!("{at}/properties/{}", escape(name));
            if is_required(new, name) {
                let message = format!("required field `{name}` added ({})", kind(schema));
                self.add(role.stricter(), breaking, subject, message, &at);
            } else {
                let message = format!("optional field `{name}` added ({})", kind(schema));
                self.add(
                    Class::Additive,
                    role.on_rust(Class::Additive),
                    subject,
                    message,
                    &at,
                );
            }
        }
        for (name, schema) in &before {
            let Some(other) = find(&after, name) else {
                continue;
            };
            let at = format!("{at}/properties/{}", escape(name));
            let label = format!("{subject}, field `{name}`");
            match (is_required(old, name), is_required(new, name)) {
                (false, true) => self.add(role.stricter(), breaking, &label, "made required", &at),
                (true, false) => self.add(role.looser(), breaking, &label, "made optional", &at),
                _ => {}
            }
            let required = is_required(old, name) && is_required(new, name);
            if required
                && reference(schema).is_none()
                && schema.get("nullable") != other.get("nullable")
            {
                self.add(
                    Class::None,
                    breaking,
                    &label,
                    "a required field is an Option only when nullable",
                    &at,
                );
            }
            self.schema(&label, Some(schema), Some(other), &at, role);
        }
        let (listed, lists) = (
            object(Some(old)).remove("required"),
            object(Some(new)).remove("required"),
        );
        if listed != lists && set(listed.as_ref()) == set(lists.as_ref()) {
            self.note(subject, "required fields are listed in another order", at);
        }
    }
}

fn set(list: Option<&Value>) -> std::collections::BTreeSet<String> {
    list.and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(Value::to_string)
        .collect()
}

fn is_required(schema: &Value, name: &str) -> bool {
    schema
        .get("required")
        .and_then(Value::as_array)
        .is_some_and(|list| list.iter().any(|value| value == name))
}

fn is_open(schema: &Value) -> bool {
    schema.pointer("/x-ms-enum/modelAsString") == Some(&Value::Bool(true))
}

fn subject(name: &str, schema: &Value) -> String {
    format!(
        "{} {name}",
        if schema.get("enum").is_some() {
            "enum"
        } else {
            "model"
        }
    )
}

fn word(schema: &Value, key: &str) -> String {
    match schema.get(key) {
        None => "none".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// A type in one word.
fn kind(schema: &Value) -> String {
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
fn stripped(schema: &Value) -> Value {
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
