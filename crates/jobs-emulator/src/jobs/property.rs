//! Plain rows written by one statement leave the registry as the same rows written the long way.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::errors;
use super::pipeline::{Seen, What, rows_of};
use crate::clock::Time;
use crate::registry::identity::COLUMNS;
use crate::registry::plain::PlainWriter;
use crate::registry::{Identity, Place, Store};

const MODES: &[&str] = &[
    "create",
    "createOrUpdate",
    "createOrUpdateIfMatchETag",
    "update",
    "updateIfMatchETag",
    "delete",
    "deleteIfMatchETag",
    "updateTwin",
    "updateTwinIfMatchETag",
];
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
/// Small, so that files meet it.
const QUOTA: i64 = 5;

fn authentication() -> impl Strategy<Value = Value> {
    let print = "ab".repeat(20);
    select(vec![
        Value::Null,
        json!({}),
        json!({ "type": "sas", "symmetricKey": { "primaryKey": KEY, "secondaryKey": KEY } }),
        json!({ "type": "sas", "symmetricKey": { "primaryKey": "", "secondaryKey": null } }),
        json!({ "type": "SAS", "symmetricKey": { "primaryKey": KEY } }),
        json!({ "type": "sas", "symmetricKey": { "primaryKey": "dG9vIHNob3J0", "secondaryKey": KEY } }),
        json!({ "x509Thumbprint": { "primaryThumbprint": print, "secondaryThumbprint": null } }),
        json!({ "type": "selfSigned" }),
        json!({ "type": "certificateAuthority" }),
        json!({ "type": "none" }),
    ])
}

/// Mostly such as make a plain row, or a row that goes well.
fn section() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => Just(json!({ "a": 1, "b": { "c": [true, "x y", 2.5] } })),
        3 => Just(json!({ "a": 2, "$metadata": { "$lastUpdated": "2020-01-01T00:00:00Z" }, "$version": 3 })),
        2 => Just(json!({})),
        1 => Just(json!({ "a": null, "b": "null" })),
        1 => Just(json!({ "a.b": 1 })),
        1 => Just(json!({ "q": "e\\s" })),
    ]
}

fn row() -> impl Strategy<Value = Value> {
    let member = |value: BoxedStrategy<Value>| proptest::option::of(value);
    let words = (
        prop_oneof![20 => select(&["d0", "d1", "d2", "d3", "d4", "d5", "d6"][..]), 1 => Just("d 7")],
        prop_oneof![1 => Just(None), 1 => select(MODES).prop_map(|mode| Some(Value::from(mode)))],
        select(&["enabled", "disabled", "Enabled"][..]),
        member(
            select(vec![
                json!(""),
                json!("why"),
                json!("é".repeat(100)),
                json!("x".repeat(129)),
                Value::Null,
            ])
            .boxed(),
        ),
    );
    let parts = (
        member(authentication().boxed()),
        proptest::option::weighted(0.8, section()),
        proptest::option::weighted(0.8, section()),
        proptest::option::weighted(0.8, section()),
        member(
            select(vec![
                json!({ "iotEdge": false }),
                json!({ "iotEdge": true }),
                json!({}),
            ])
            .boxed(),
        ),
        proptest::option::weighted(0.1, select(&["m", "", "$edgeHub"][..])),
        proptest::option::weighted(0.1, select(&["", "ms-azure-iot-edge://d1-7"][..])),
    );
    (words, parts).prop_map(|((id, mode, status, reason), parts)| {
        let (authentication, tags, desired, reported, capabilities, module, scope) = parts;
        let mut row = json!({ "id": id, "status": status });
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                row[name] = value;
            }
        };
        put("importMode", mode);
        put("statusReason", reason);
        put("authentication", authentication);
        put("tags", tags);
        put("capabilities", capabilities);
        put("moduleId", module.map(Value::from));
        put("deviceScope", scope.map(Value::from));
        if desired.is_some() || reported.is_some() {
            put("properties", Some(json!({})));
        }
        for (name, value) in [("desired", desired), ("reported", reported)] {
            if let Some(value) = value {
                row["properties"][name] = value;
            }
        }
        row
    })
}

/// Imports a file; the errors, as the log has them. `expects_new` is `None` for the long way.
fn import(store: &Store, file: &[Value], now: Time, expects_new: Option<bool>) -> Vec<Value> {
    let text: String = file.iter().map(|row| format!("{row}\n")).collect();
    let (mut seen, mut lines) = (Seen::default(), Vec::new());
    let keys = seen.keys.clone();
    jobs_devices::parallel::for_each_chunk_with(
        1,
        text.as_bytes(),
        &jobs_devices::Options::new(),
        |chunk| rows_of(chunk, &keys),
        |all| {
            lines.extend(all);
            std::ops::ControlFlow::Continue(())
        },
    )
    .unwrap();
    let written = store.write(now, |writing| {
        let mut errors = Vec::new();
        let mut plain = PlainWriter::new(writing, expects_new.unwrap_or_default())?;
        for rows in lines {
            for line in rows.lines {
                let change = match seen.admit(line, &rows.texts) {
                    Some(What::Plain(row)) => {
                        if expects_new.is_some() && plain.write(&row, &rows.texts, writing)? {
                            continue;
                        }
                        row.to_change(&rows.texts)
                    }
                    Some(What::Change(change)) => *change,
                    Some(What::Refused(error)) => {
                        errors.push(json!(*error));
                        continue;
                    }
                    Some(What::Notice(_)) | None => continue,
                };
                let (id, module_id) = (change.id.clone(), change.module_id.clone());
                if let Err(refusal) = change.apply(writing)? {
                    errors.push(json!(errors::refused(&id, &module_id, &refusal)));
                }
            }
        }
        Ok(errors)
    });
    written.unwrap_or_else(|error| panic!("{}", error.text))
}

/// Everything that is stored, but for what is made afresh on every write.
fn stored(store: &Store) -> Vec<Value> {
    let rows = store.read(|connection| {
        let sql = format!("SELECT {COLUMNS} FROM identities ORDER BY seq");
        let mut statement = connection.prepare(&sql)?;
        let rows = statement.query_map([], Identity::from_row)?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    });
    let shown = |row: Identity| {
        let key = |key: Option<String>| key.map(|key| key == KEY);
        let (authentication, twin) = (row.authentication, row.twin);
        json!([
            [
                row.seq,
                row.device_id,
                row.module_id,
                row.generation_id,
                row.enabled,
                row.status_reason,
                row.status_updated
            ],
            [
                authentication.kind.wire(),
                key(authentication.primary_key),
                key(authentication.secondary_key)
            ],
            [
                authentication.primary_thumbprint,
                authentication.secondary_thumbprint
            ],
            [
                row.iot_edge,
                row.device_scope,
                row.parent_scopes,
                row.managed_by
            ],
            [
                twin.etag,
                twin.version,
                twin.updated,
                twin.desired_version,
                twin.reported_version
            ],
            [
                twin.desired_metadata,
                twin.reported_metadata,
                twin.tags,
                twin.desired,
                twin.reported
            ],
        ])
    };
    rows.unwrap_or_else(|error| panic!("{}", error.text))
        .into_iter()
        .map(shown)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn one_statement_does_what_the_long_way_does(
        files in proptest::collection::vec((proptest::collection::vec(row(), 1..8), any::<bool>()), 1..6)
    ) {
        let (short, long) = (Store::open(&Place::Memory, QUOTA).unwrap(), Store::open(&Place::Memory, QUOTA).unwrap());
        for (n, (file, expects_new)) in (1..).zip(&files) {
            let now = Time::from_ticks(n * 1000);
            let errors = import(&short, file, now, Some(*expects_new));
            prop_assert_eq!(errors, import(&long, file, now, None));
            prop_assert_eq!(stored(&short), stored(&long));
            prop_assert_eq!(short.population(), long.population());
            prop_assert_eq!(stored(&short).len(), usize::try_from(short.population()).unwrap());
        }
    }
}
