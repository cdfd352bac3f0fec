//! Rules for the values that a schema allows: enums and bounds.

use serde_json::Value;

use super::comparison::{Comparison, Spot, change};
use super::report::Class::{self, Additive, Breaking};
use super::schemas::is_open;
use crate::spec::{BOUNDS, PATTERNS};

impl Comparison<'_> {
    pub(super) fn values(&mut self, spot: &Spot, old: &Value, new: &Value) {
        let (role, breaking) = (spot.role, spot.role.on_rust(Breaking));
        match [old, new].map(|schema| schema.get("enum").and_then(Value::as_array)) {
            [None, None] => {}
            [Some(_), None] => self.add(spot, role.looser(), breaking, "enum became free text"),
            [None, Some(_)] => self.add(spot, role.stricter(), breaking, "became an enum"),
            [Some(before), Some(after)] => {
                // An open enum promises nothing about its values; a closed one breaks whoever reads it.
                let is_open = is_open(old) && is_open(new);
                let addition = if is_open { Additive } else { Breaking };
                self.value_lists(spot, before, after, addition);
            }
        }
    }

    fn value_lists(&mut self, spot: &Spot, old: &[Value], new: &[Value], addition: Class) {
        let removed: Vec<_> = old.iter().filter(|value| !new.contains(value)).collect();
        let added: Vec<_> = new.iter().filter(|value| !old.contains(value)).collect();
        if let ([from], [to]) = (&*removed, &*added) {
            return self.breaks(spot, format!("value {from} renamed to {to}"));
        }
        if removed.is_empty() && added.is_empty() && old != new {
            self.note(spot, "values are in another order");
        }
        for value in removed {
            self.breaks(spot, format!("value {value} removed"));
        }
        for value in added {
            let rust = spot.role.on_rust(addition);
            self.add(spot, addition, rust, format!("value {value} added"));
        }
    }

    pub(super) fn constraints(&mut self, spot: &Spot, old: &Value, new: &Value) {
        for (name, greater_is_stricter) in BOUNDS {
            if old.get(name) == new.get(name) {
                continue;
            }
            let is_stricter = match (old[name].as_f64(), new[name].as_f64()) {
                (None, _) => true,
                (_, None) => false,
                (Some(before), Some(after)) => (after > before) == greater_is_stricter,
            };
            let role = spot.role;
            let wire = if is_stricter {
                role.stricter()
            } else {
                role.looser()
            };
            let message = format!("{name} {}", change(old, new, name));
            self.add(spot, wire, Class::None, message);
        }
        for name in PATTERNS {
            if old.get(name) != new.get(name) {
                let message = format!("{name} {}", change(old, new, name));
                self.add(spot, Breaking, Class::None, message);
            }
        }
    }
}
