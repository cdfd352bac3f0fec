//! What a condition is asked of.

use serde_json::Value;

use super::ast::{Path, Segment};
use super::eval::Operand;

/// Something with members that a path can lead to.
pub trait Document {
    /// The value the path leads to; [`Operand::Undefined`] where there is none.
    fn find(&self, path: &Path) -> Operand<'_>;
}

/// Top-level members of twins, identities and job records, in the service's casing.
const NAMES: &[&str] = &[
    "deviceId",
    "moduleId",
    "etag",
    "deviceEtag",
    "version",
    "status",
    "statusReason",
    "statusUpdateTime",
    "connectionState",
    "lastActivityTime",
    "cloudToDeviceMessageCount",
    "authenticationType",
    "x509Thumbprint",
    "modelId",
    "tags",
    "properties",
    "capabilities",
    "deviceScope",
    "parentScopes",
    "configurations",
    "jobId",
    "jobType",
    "startTimeUtc",
    "endTimeUtc",
    "createdDateTimeUtc",
    "lastUpdatedDateTimeUtc",
    "outcome",
    "error",
];

/// The service's own casing of a top-level member (`DeviceId` is `deviceId`); none for a name it does not have.
pub fn canonical_name(name: &str) -> Option<&'static str> {
    NAMES
        .iter()
        .copied()
        .find(|known| known.eq_ignore_ascii_case(name))
}

/// Whether the names right below this top-level member are the service's own, and so match in any case.
pub(crate) fn has_fixed_members(root: &str) -> bool {
    [
        "properties",
        "capabilities",
        "x509Thumbprint",
        "authentication",
    ]
    .iter()
    .any(|known| known.eq_ignore_ascii_case(root))
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
