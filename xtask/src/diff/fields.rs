//! Rules for the parts of a schema: fields, items and further members.

use std::collections::BTreeSet;

use serde_json::Value;

use super::document::{escape, members};
use super::schemas::{Use, kind, stripped};
use super::{Class, Comparison};

impl<'a> Comparison<'a> {
    pub(super) fn fields(
        &mut self,
        subject: &str,
        old: &'a Value,
        new: &'a Value,
        at: &str,
        role: Use,
    ) {
        let at = format!("{at}/properties");
        self.added_and_removed_fields(subject, old, new, &at, role);
        for (name, schema) in members(old.get("properties")) {
            if let Some(other) = new.get("properties").and_then(|fields| fields.get(name)) {
                let label = format!("{subject}, field `{name}`");
                let at = format!("{at}/{}", escape(name));
                self.requiredness(&label, [old, new], name, &at, role);
                let in_option = !is_required(old, name) && !is_required(new, name);
                let role = Use { in_option, ..role };
                self.schema(&label, Some(schema), Some(other), &at, role);
            }
        }
        let (listed, lists) = (set(old.get("required")), set(new.get("required")));
        let described = |name: &&String| [old, new].iter().any(|schema| has_field(schema, name));
        for name in listed
            .symmetric_difference(&lists)
            .filter(|name| !described(name))
        {
            let message = format!("requires `{name}`, or no longer does, without describing it");
            self.add(Class::Breaking, Class::None, subject, message, &at);
        }
        if listed == lists && old.get("required") != new.get("required") {
            self.note(subject, "required fields are listed in another order", &at);
        }
    }

    fn added_and_removed_fields(
        &mut self,
        subject: &str,
        old: &'a Value,
        new: &'a Value,
        at: &str,
        role: Use,
    ) {
        let mut added: Vec<_> = members(new.get("properties"))
            .filter(|(name, _)| !has_field(old, name))
            .collect();
        let breaking = role.on_rust(Class::Breaking);
        for (name, schema) in
            members(old.get("properties")).filter(|(name, _)| !has_field(new, name))
        {
            let same = added
                .iter()
                .position(|(_, other)| stripped(other) == stripped(schema));
            let message = match same.map(|index| added.remove(index)) {
                Some((other, _)) => format!("field `{name}` renamed to `{other}`"),
                None => format!("field `{name}` removed"),
            };
            self.add(
                Class::Breaking,
                breaking,
                subject,
                message,
                &format!("{at}/{}", escape(name)),
            );
        }
        // Without any field the Rust type is a map.
        let (addition, word) = match members(old.get("properties")).next() {
            Some(_) => (Class::Additive, "optional"),
            None => (Class::Breaking, "first"),
        };
        for (name, schema) in added {
            let at = format!("{at}/{}", escape(name));
            if is_required(new, name) {
                let message = format!("required field `{name}` added ({})", kind(schema));
                self.add(role.stricter(), breaking, subject, message, &at);
            } else {
                let message = format!("{word} field `{name}` added ({})", kind(schema));
                let rust = role.on_rust(addition);
                self.add(Class::Additive, rust, subject, message, &at);
            }
        }
    }

    fn requiredness(
        &mut self,
        label: &str,
        [old, new]: [&Value; 2],
        name: &str,
        at: &str,
        role: Use,
    ) {
        let breaking = role.on_rust(Class::Breaking);
        match (is_required(old, name), is_required(new, name)) {
            (false, true) => self.add(role.stricter(), breaking, label, "made required", at),
            (true, false) => self.add(role.looser(), breaking, label, "made optional", at),
            _ => {}
        }
    }

    /// Items of a list and values of a map.
    pub(super) fn parts(
        &mut self,
        subject: &str,
        old: &'a Value,
        new: &'a Value,
        at: &str,
        role: Use,
    ) {
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
}

fn set(list: Option<&Value>) -> BTreeSet<String> {
    let names = list.and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn has_field(schema: &Value, name: &str) -> bool {
    schema
        .get("properties")
        .is_some_and(|fields| fields.get(name).is_some())
}

fn is_required(schema: &Value, name: &str) -> bool {
    let list = schema.get("required").and_then(Value::as_array);
    list.is_some_and(|list| list.iter().any(|value| value == name))
}
