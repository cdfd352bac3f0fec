//! What a condition is asked of.

use serde_json::Value;

use super::ast::{Path, Segment};
use super::names::has_fixed_members;
use super::operand::Operand;

/// Something with members that a path can lead to.
pub trait Document {
    /// The value the path leads to; [`Operand::Undefined`] where there is none.
    fn find(&self, path: &Path) -> Operand<'_>;
}

/// A JSON object as the service shows it; top-level names match in any case.
impl Document for Value {
    fn find(&self, path: &Path) -> Operand<'_> {
        let Some(members) = self.as_object() else {
            return Operand::Undefined;
        };
        match member(members, path.root()) {
            Some(value) => descend(value, path, 0),
            None => Operand::Undefined,
        }
    }
}

impl Document for serde_json::Map<String, Value> {
    fn find(&self, path: &Path) -> Operand<'_> {
        match member(self, path.root()) {
            Some(value) => descend(value, path, 0),
            None => Operand::Undefined,
        }
    }
}

fn member<'a>(members: &'a serde_json::Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).or_else(|| {
        let found = members
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    })
}

/// Follows the steps of a path from the value that its first name and the `taken` next steps lead to.
pub(crate) fn descend<'a>(start: &'a Value, path: &Path, taken: usize) -> Operand<'a> {
    let mut value = start;
    for (depth, step) in path.rest().iter().enumerate().skip(taken) {
        let next = match (step, value) {
            (Segment::Key(name), Value::Object(members)) => {
                if depth == 0 && has_fixed_members(path.root()) {
                    member(members, name)
                } else {
                    members.get(name)
                }
            }
            (Segment::Index(index), Value::Array(items)) => items.get(*index as usize),
            _ => None,
        };
        match next {
            Some(found) => value = found,
            None => return Operand::Undefined,
        }
    }
    Operand::from(value)
}
