//! Whether an exported row says what its imported row said, member by member.

use serde_json::{Map, Value, json};

/// The outcome for one row: how many members were compared, and what differs.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) compared: u64,
    pub(crate) differences: Vec<String>,
}

impl Comparison {
    fn member(&mut self, name: &str, expected: &Value, exported: &Value) {
        self.compared += 1;
        if expected != exported {
            self.differences
                .push(format!("{name}: expected {expected}, exported {exported}"));
        }
    }

    fn holds(&mut self, name: &str, good: bool, exported: &Value) {
        self.compared += 1;
        if !good {
            self.differences
                .push(format!("{name}: exported {exported}"));
        }
    }
}

/// Compares all members: those that were given must come back the same, those that a hub adds must be there, others must not.
pub(crate) fn compare(imported: &Value, exported: &Value) -> Comparison {
    let mut result = Comparison::default();
    let (input, output) = (members(imported), members(exported));
    for name in ["id", "moduleId", "status"] {
        result.member(name, &get(input, name), &get(output, name));
    }
    let text_or_none = |row, name| {
        Some(get(row, name))
            .filter(|value| value != "")
            .unwrap_or_default()
    };
    for name in ["statusReason", "deviceScope"] {
        result.member(
            name,
            &text_or_none(input, name),
            &text_or_none(output, name),
        );
    }
    for name in ["eTag", "twinETag"] {
        let etag = get(output, name);
        result.holds(
            name,
            etag.as_str().is_some_and(|etag| !etag.is_empty()),
            &etag,
        );
    }
    result.member(
        "tags",
        &or(get(input, "tags"), json!({})),
        &get(output, "tags"),
    );
    for name in ["desired", "reported"] {
        let of = |row: &Value| {
            row.get("properties")
                .and_then(|part| part.get(name))
                .cloned()
                .unwrap_or_default()
        };
        result.member(
            &format!("properties.{name}"),
            &or(of(imported), json!({})),
            &of(exported),
        );
    }
    result.member(
        "capabilities",
        &or(get(input, "capabilities"), json!({"iotEdge": false})),
        &get(output, "capabilities"),
    );
    authentication(
        &mut result,
        &get(input, "authentication"),
        &get(output, "authentication"),
    );
    for name in output.keys().filter(|name| !KNOWN.contains(&name.as_str())) {
        result.holds(name, false, &get(output, name));
    }
    result
}

const KNOWN: [&str; 12] = [
    "id",
    "moduleId",
    "eTag",
    "status",
    "statusReason",
    "authentication",
    "twinETag",
    "tags",
    "properties",
    "capabilities",
    "deviceScope",
    "parentScopes",
];

/// Given authentication comes back as it was; left out, the hub makes a pair of keys.
fn authentication(result: &mut Comparison, given: &Value, exported: &Value) {
    if !given.is_null() {
        return result.member(
            "authentication",
            &without_nulls(given),
            &without_nulls(exported),
        );
    }
    let key = |name: &str| {
        exported
            .pointer(&format!("/symmetricKey/{name}"))
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (primary, secondary) = (key("primaryKey"), key("secondaryKey"));
    let made = exported.get("type").and_then(Value::as_str) == Some("sas")
        && primary.len() >= 24
        && secondary.len() >= 24;
    result.holds("authentication", made && primary != secondary, exported);
}

/// A value without members that say nothing: nulls, and objects left empty by them.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(name, member)| (name.clone(), without_nulls(member)))
            .filter(|(_, member)| !member.is_null() && *member != json!({}))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

fn members(row: &Value) -> &Map<String, Value> {
    static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    row.as_object().unwrap_or(&EMPTY)
}

fn get(row: &Map<String, Value>, name: &str) -> Value {
    row.get(name).cloned().unwrap_or_default()
}

fn or(value: Value, default: Value) -> Value {
    if value.is_null() { default } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported() -> Value {
        json!({
            "id": "d", "eTag": "MQ==", "status": "enabled",
            "authentication": {"type": "sas", "symmetricKey": {"primaryKey": "a".repeat(44), "secondaryKey": "b".repeat(44)}},
            "twinETag": "AAAAAAAAAAE=", "tags": {"a": {"b": 1}},
            "properties": {"desired": {"x": [1, null]}, "reported": {}}, "capabilities": {"iotEdge": false},
        })
    }

    fn imported() -> Value {
        json!({"id": "d", "importMode": "create", "status": "enabled", "tags": {"a": {"b": 1}}, "properties": {"desired": {"x": [1, null]}}})
    }

    #[test]
    fn a_faithful_export_has_no_difference() {
        let result = compare(&imported(), &exported());
        assert_eq!(
            result,
            Comparison {
                compared: 12,
                differences: Vec::new()
            }
        );
    }

    #[test]
    fn every_changed_member_is_found() {
        for (path, value) in [
            ("/id", json!("D")),
            ("/status", json!("disabled")),
            ("/eTag", json!("")),
            ("/twinETag", Value::Null),
            ("/tags/a/b", json!(2)),
            ("/properties/desired/x/0", json!(1.5)),
            ("/properties/reported", json!({"y": 1})),
            ("/capabilities/iotEdge", json!(true)),
            ("/authentication", Value::Null),
            ("/authentication/type", json!("none")),
            (
                "/authentication/symmetricKey/primaryKey",
                json!("b".repeat(44)),
            ),
        ] {
            let mut changed = exported();
            *changed.pointer_mut(path).unwrap() = value;
            assert_eq!(
                compare(&imported(), &changed).differences.len(),
                1,
                "{path}"
            );
        }
        let mut more = exported();
        more["surprise"] = json!(1);
        more["deviceScope"] = json!("ms-azure-iot-edge://x-1");
        assert_eq!(compare(&imported(), &more).differences.len(), 2);
    }

    #[test]
    fn given_authentication_must_come_back_as_it_was() {
        let mut input = imported();
        input["authentication"] = json!({"type": "selfSigned", "x509Thumbprint": {"primaryThumbprint": "AB", "secondaryThumbprint": "CD"}});
        let mut output = exported();
        output["authentication"] = json!({"type": "selfSigned", "symmetricKey": {"primaryKey": null, "secondaryKey": null},
            "x509Thumbprint": {"primaryThumbprint": "AB", "secondaryThumbprint": "CD"}});
        assert!(compare(&input, &output).differences.is_empty());
        output["authentication"]["x509Thumbprint"]["secondaryThumbprint"] = json!("CE");
        assert_eq!(compare(&input, &output).differences.len(), 1);
    }
}
