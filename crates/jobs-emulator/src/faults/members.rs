//! Setting members of a JSON object whose other members keep their order and their text.

use std::fmt;

use jobs_devices::Json;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

/// The members of a JSON object in their order.
struct Members(Vec<(String, Json)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// The text of an object with these members set, new ones at its end; nothing when it is no object.
pub(super) fn with_members(text: &str, set: &Map<String, Value>) -> Option<String> {
    let Members(mut members) = serde_json::from_str(text).ok()?;
    for (name, value) in set {
        match members.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = Json::from(value),
            None => members.push((name.clone(), Json::from(value))),
        }
    }
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{}:{}", json!(name), value.as_str()))
        .collect();
    Some(format!("{{{}}}", members.join(",")))
}
