//! Rules for the parts of a schema: fields, items and further members.

use std::collections::BTreeSet;

use serde_json::Value;

use super::comparison::{Comparison, Spot, Use};
use super::report::Class::{self, Additive, Breaking};
use super::schemas::{kind, stripped};
use crate::spec::document::{escape, members};

impl<'a> Comparison<'a> {
    pub(super) fn fields(&mut self, spot: &Spot, old: &'a Value, new: &'a Value) {
        let spot = spot.at("properties");
        self.added_and_removed_fields(&spot, old, new);
        for (name, schema) in members(old.get("properties")) {
            if let Some(other) = new.get("properties").and_then(|fields| fields.get(name)) {
                let spot = spot.part(&format!("field `{name}`"), &escape(name));
                let [was, is] = [old, new].map(|schema| is_required(schema, name));
                self.requiredness(&spot, was, is, spot.role.on_rust(Breaking));
                let role = Use {
                    in_option: !was && !is,
                    ..spot.role
                };
                self.schema(&spot.used(role), Some(schema), Some(other));
            }
        }
        let [listed, lists] = [old, new].map(|schema| set(schema.get("required")));
        for name in listed.symmetric_difference(&lists) {
            if !has_field(old, name) && !has_field(new, name) {
                let message =
                    format!("requires `{name}`, or no longer does, without describing it");
                self.add(&spot, Breaking, Class::None, message);
            }
        }
        if listed == lists && old.get("required") != new.get("required") {
            self.note(&spot, "required fields are listed in another order");
        }
    }

    fn added_and_removed_fields(&mut self, spot: &Spot, old: &'a Value, new: &'a Value) {
        let added = members(new.get("properties")).filter(|(name, _)| !has_field(old, name));
        let mut added: Vec<_> = added.collect();
        let removed = members(old.get("properties")).filter(|(name, _)| !has_field(new, name));
        for (name, schema) in removed {
            let same = |(_, other): &(&str, &Value)| stripped(other) == stripped(schema);
            let message = match added.iter().position(same) {
                Some(index) => format!("field `{name}` renamed to `{}`", added.remove(index).0),
                None => format!("field `{name}` removed"),
            };
            self.breaks(&spot.at(&escape(name)), message);
        }
        // Without any field the Rust type is a map.
        let (addition, word) = match members(old.get("properties")).next() {
            Some(_) => (Additive, "optional"),
            None => (Breaking, "first"),
        };
        for (name, schema) in added {
            let spot = spot.at(&escape(name));
            let (wire, rust, word) = if is_required(new, name) {
                (spot.role.stricter(), Breaking, "required")
            } else {
                (Additive, addition, word)
            };
            let message = format!("{word} field `{name}` added ({})", kind(schema));
            self.add(&spot, wire, spot.role.on_rust(rust), message);
        }
    }

    /// Items of a list and values of a map.
    pub(super) fn parts(&mut self, spot: &Spot, old: &'a Value, new: &'a Value) {
        let both = |name: &str| (old.get(name), new.get(name));
        let (before, after) = both("items");
        self.schema(&spot.part("items", "items"), before, after);
        let (before, after) = both("additionalProperties");
        if before == after {
            return;
        }
        if [before, after]
            .iter()
            .all(|one| one.is_some_and(Value::is_object))
        {
            let spot = spot.part("values", "additionalProperties");
            return self.schema(&spot, before, after);
        }
        let [was_closed, is_closed] = [before, after].map(|one| one == Some(&Value::Bool(false)));
        let has_fields = |schema: &Value| schema.get("properties").is_some();
        // With listed fields the lowering tolerates further members anyway.
        let is_tolerated = has_fields(old) && has_fields(new) && (was_closed || is_closed);
        let rust = if is_tolerated { Class::None } else { Breaking };
        let wire = match (was_closed, is_closed) {
            (false, true) => spot.role.stricter(),
            (true, false) => spot.role.looser(),
            _ => Breaking,
        };
        let rust = spot.role.on_rust(rust);
        self.add(spot, wire, rust, "additionalProperties changed");
    }
}

fn set(list: Option<&Value>) -> BTreeSet<&str> {
    let names = list.and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).collect()
}

fn has_field(schema: &Value, name: &str) -> bool {
    let fields = schema.get("properties");
    fields.is_some_and(|fields| fields.get(name).is_some())
}

fn is_required(schema: &Value, name: &str) -> bool {
    set(schema.get("required")).contains(name)
}
