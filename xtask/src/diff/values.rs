//! Rules for the values that a schema allows: enums and bounds.

use serde_json::Value;

use super::schemas::{BOUNDS, PATTERNS, Use, is_open, word};
use super::{Class, Comparison};

impl Comparison<'_> {
    pub(super) fn values(&mut self, subject: &str, old: &Value, new: &Value, at: &str, role: Use) {
        let list = |schema: &Value| schema.get("enum").and_then(Value::as_array).cloned();
        let breaking = role.on_rust(Class::Breaking);
        match (list(old), list(new)) {
            (None, None) => {}
            (Some(_), None) => self.add(
                role.looser(),
                breaking,
                subject,
                "enum became free text",
                at,
            ),
            (None, Some(_)) => self.add(role.stricter(), breaking, subject, "became an enum", at),
            (Some(before), Some(after)) => {
                // An open enum promises nothing about its values; a closed one breaks whoever reads it.
                let is_open = is_open(old) && is_open(new);
                let addition = if is_open {
                    Class::Additive
                } else {
                    Class::Breaking
                };
                self.value_lists(subject, &before, &after, at, role, addition);
            }
        }
    }

    fn value_lists(
        &mut self,
        subject: &str,
        old: &[Value],
        new: &[Value],
        at: &str,
        role: Use,
        addition: Class,
    ) {
        let removed: Vec<_> = old.iter().filter(|value| !new.contains(value)).collect();
        let added: Vec<_> = new.iter().filter(|value| !old.contains(value)).collect();
        let breaking = role.on_rust(Class::Breaking);
        if let ([from], [to]) = (removed.as_slice(), added.as_slice()) {
            let message = format!("value {from} renamed to {to}");
            return self.add(Class::Breaking, breaking, subject, message, at);
        }
        if removed.is_empty() && added.is_empty() && old != new {
            self.note(subject, "values are in another order", at);
        }
        for value in removed {
            self.add(
                Class::Breaking,
                breaking,
                subject,
                format!("value {value} removed"),
                at,
            );
        }
        for value in added {
            self.add(
                addition,
                role.on_rust(addition),
                subject,
                format!("value {value} added"),
                at,
            );
        }
    }

    pub(super) fn constraints(
        &mut self,
        subject: &str,
        old: &Value,
        new: &Value,
        at: &str,
        role: Use,
    ) {
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
}
