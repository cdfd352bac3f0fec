//! The device file of the demo: every kind of identity that a real export holds, and three rows that a hub must refuse.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jobs_devices::Row;
use serde_json::{Map, Value, json};

/// A device, or a module of one: the two ids.
pub(crate) type Identity = (String, Option<String>);

/// The file and what must come back for it.
#[derive(Debug, Default)]
pub(crate) struct Fleet {
    /// The lines of the file, without their line breaks.
    pub(crate) lines: Vec<String>,
    /// The good rows by identity.
    pub(crate) rows: BTreeMap<Identity, Value>,
    /// The rows that a hub must refuse.
    pub(crate) bad: Vec<BadRow>,
    /// How many rows there are of each kind.
    pub(crate) kinds: BTreeMap<&'static str, u64>,
}

/// A row that a hub must refuse.
#[derive(Debug)]
pub(crate) struct BadRow {
    /// Its line in the file, from 1.
    pub(crate) line: usize,
    /// The device it is about.
    pub(crate) id: &'static str,
    /// What is wrong with it.
    pub(crate) why: &'static str,
    /// The code that the service's table has for that.
    pub(crate) code: i64,
}

/// Sites as people name them, in several scripts.
const SITES: [(&str, &str); 6] = [
    ("Köln", "Nördliche Halle"),
    ("São Paulo", "galpão 3"),
    ("東京", "第二工場"),
    ("Αθήνα", "κτίριο Β"),
    ("Kraków", "hala główna"),
    ("Reykjavík", "🌋 well 7"),
];

impl Fleet {
    /// A file of `size` rows, always the same for the same size.
    pub(crate) fn new(size: u64) -> Self {
        let mut fleet = Self::default();
        let mut bad = bad_rows().into_iter().peekable();
        let good = size.saturating_sub(bad.len() as u64);
        let mut number = 0;
        while (fleet.rows.len() as u64) < good {
            // A quarter, half and three quarters through the file.
            let due = good * (4 - bad.len() as u64) / 4;
            if fleet.rows.len() as u64 >= due
                && let Some(row) = bad.next()
            {
                fleet.push_bad(row);
            }
            fleet.push_family(number, good);
            number += 1;
        }
        bad.for_each(|row| fleet.push_bad(row));
        fleet
    }

    /// One plain device with its module now and then; every tenth time an edge device with modules and children.
    fn push_family(&mut self, number: u64, limit: u64) {
        let edge = number % 10 == 9;
        let family = if edge {
            edge_family(number)
        } else {
            vec![plain_device(number)]
        };
        let module =
            (number % 4 == 1 && !edge).then(|| module(&device_id(number), "telemetry", number));
        for (kind, row) in family.into_iter().chain(module.map(|row| ("module", row))) {
            if self.rows.len() as u64 == limit {
                return;
            }
            *self.kinds.entry(kind).or_default() += 1;
            self.lines.push(line(&row));
            self.rows.insert(identity(&row), row);
        }
    }

    fn push_bad(&mut self, (text, row): (String, BadRow)) {
        self.lines.push(text);
        self.bad.push(BadRow {
            line: self.lines.len(),
            ..row
        });
    }
}

/// The row with its members in the order in which the service writes them.
fn line(row: &Value) -> String {
    let text = row.to_string();
    text.parse::<Row>().map_or(text, |row| row.to_line())
}

/// The ids in a row.
pub(crate) fn identity(row: &Value) -> Identity {
    let text = |name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
    (text("id").unwrap_or_default(), text("moduleId"))
}

fn bad_rows() -> Vec<(String, BadRow)> {
    let wrong_kind = json!({"id": "bad-authentication", "status": "enabled", "authentication": {"type": "password"}});
    let nobody = json!({"id": "bad-nobody", "importMode": "update", "status": "enabled"});
    let row = |id, code, why| BadRow {
        line: 0,
        id,
        why,
        code,
    };
    vec![
        (
            wrong_kind.to_string(),
            row(
                "bad-authentication",
                400_012,
                "`password` is no kind of authentication",
            ),
        ),
        (
            nobody.to_string(),
            row(
                "bad-nobody",
                404_001,
                "mode `update` for a device that does not exist",
            ),
        ),
        (
            r#"{"id":"bad-cut-off","status":"ena"#.to_owned(),
            row(
                "bad-cut-off",
                400_012,
                "the line is cut off, so it is no JSON",
            ),
        ),
    ]
}

fn device_id(number: u64) -> String {
    format!("sensor-{number:05}")
}

/// A device whose authentication, tags and properties depend on its number.
fn plain_device(number: u64) -> (&'static str, Value) {
    let (kind, authentication) = match number % 10 {
        0..=3 => ("sas device", Some(sas(number))),
        4 => ("sas device, keys left to the hub", None),
        5 => ("selfSigned device", Some(self_signed(number, 40))),
        6 => ("selfSigned device", Some(self_signed(number, 64))),
        7 => (
            "certificateAuthority device",
            Some(json!({"type": "certificateAuthority"})),
        ),
        _ => (
            "device without authentication (none)",
            Some(json!({"type": "none"})),
        ),
    };
    let mut row = Map::new();
    row.insert("id".to_owned(), json!(device_id(number)));
    if number.is_multiple_of(3) {
        row.insert("importMode".to_owned(), json!("create"));
    }
    if number % 7 == 3 {
        row.insert("status".to_owned(), json!("disabled"));
        row.insert("statusReason".to_owned(), json!("wird repariert — 修理中"));
    } else {
        row.insert("status".to_owned(), json!("enabled"));
    }
    if let Some(authentication) = authentication {
        row.insert("authentication".to_owned(), authentication);
    }
    add_twin(&mut row, number);
    (kind, Value::Object(row))
}

/// An edge device, two modules on it and three children below it.
fn edge_family(number: u64) -> Vec<(&'static str, Value)> {
    let id = format!("edge-{number:05}");
    let scope = format!("ms-azure-iot-edge://{id}-6375{number:014}");
    let mut edge = Map::new();
    edge.insert("id".to_owned(), json!(id));
    edge.insert("status".to_owned(), json!("enabled"));
    edge.insert("authentication".to_owned(), sas(number));
    add_twin(&mut edge, number);
    edge.insert("capabilities".to_owned(), json!({"iotEdge": true}));
    edge.insert("deviceScope".to_owned(), json!(scope));
    let mut family = vec![("edge device", Value::Object(edge))];
    for name in ["filter", "übersetzer"].map(|name| name.replace('ü', "ue")) {
        family.push(("module", module(&id, &name, number)));
    }
    for child in 0..3 {
        let mut row = Map::new();
        row.insert("id".to_owned(), json!(format!("{id}-child-{child}")));
        row.insert("status".to_owned(), json!("enabled"));
        row.insert("authentication".to_owned(), sas(number * 4 + child));
        row.insert("deviceScope".to_owned(), json!(scope));
        family.push(("child of an edge device", Value::Object(row)));
    }
    family
}

fn module(device: &str, name: &str, number: u64) -> Value {
    json!({
        "id": device,
        "moduleId": name,
        "status": "enabled",
        "authentication": sas(number + 500_000),
        "properties": {"desired": {"sampling": {"everySeconds": 1 + number % 60}}},
    })
}

fn add_twin(row: &mut Map<String, Value>, number: u64) {
    let (city, place) = SITES[usize::try_from(number).unwrap_or_default() % SITES.len()];
    if number % 5 != 2 {
        row.insert(
            "tags".to_owned(),
            json!({"site": {"city": city, "place": place}, "line": number % 12, "commissioned": number.is_multiple_of(2)}),
        );
    }
    if number % 5 != 4 {
        row.insert(
            "properties".to_owned(),
            json!({"desired": {
                "telemetry": {"intervalSeconds": 10 + number % 50, "unit": "°C"},
                "limits": {"low": -40.5, "high": 85, "channels": [1, 2, number % 9]},
                "firmware": format!("2.{}.{}", number % 4, number % 17),
            }}),
        );
    }
}

fn sas(number: u64) -> Value {
    json!({"type": "sas", "symmetricKey": {"primaryKey": key(number * 2), "secondaryKey": key(number * 2 + 1)}})
}

/// A key of 32 bytes that anybody can work out: good for a demo and for nothing else.
fn key(number: u64) -> String {
    let mut bytes = *b"iothub-jobs demo key, not secret";
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    STANDARD.encode(bytes)
}

fn self_signed(number: u64, digits: usize) -> Value {
    json!({"type": "selfSigned", "x509Thumbprint": {
        "primaryThumbprint": format!("{:0>digits$X}", number * 2 + 1),
        "secondaryThumbprint": format!("{:0>digits$X}", number * 2 + 2),
    }})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_the_asked_size_with_three_bad_rows() {
        for size in [20, 21, 50, 1000, 1003] {
            let fleet = Fleet::new(size);
            assert_eq!(fleet.lines.len() as u64, size);
            assert_eq!(
                fleet.rows.len() as u64,
                size - 3,
                "identities must be unique"
            );
            assert_eq!(fleet.bad.len(), 3);
            assert_eq!(fleet.kinds.values().sum::<u64>(), size - 3);
        }
    }

    #[test]
    fn parents_stand_before_their_modules_and_children() {
        let fleet = Fleet::new(1000);
        let rows: Vec<Value> = fleet
            .lines
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        for (at, row) in rows
            .iter()
            .enumerate()
            .filter(|(_, row)| !row["id"].as_str().unwrap().starts_with("bad-"))
        {
            let before = &rows[..at];
            if row.get("moduleId").is_some() {
                assert!(
                    before
                        .iter()
                        .any(|other| other["id"] == row["id"] && other.get("moduleId").is_none()),
                    "{row}"
                );
            }
            if let Some(scope) = row
                .get("deviceScope")
                .filter(|_| row.get("capabilities").is_none())
            {
                assert!(
                    before.iter().any(|other| other["deviceScope"] == *scope
                        && other["capabilities"]["iotEdge"] == true),
                    "{row}"
                );
            }
        }
    }

    #[test]
    fn a_thousand_rows_hold_every_kind() {
        let fleet = Fleet::new(1000);
        let text = fleet.lines.join("\n");
        for part in [
            r#""type":"sas""#,
            r#""type":"selfSigned""#,
            r#""type":"certificateAuthority""#,
            r#""type":"none""#,
            r#""iotEdge":true"#,
            r#""moduleId""#,
            r#""deviceScope""#,
            r#""disabled""#,
            "東京",
        ] {
            assert!(text.contains(part), "{part}");
        }
        assert_eq!(fleet.kinds.len(), 8, "{:?}", fleet.kinds);
        assert_eq!(fleet.lines, Fleet::new(1000).lines);
    }
}
