//! The SQL selects exactly what the language's own evaluator selects.

use jobs_devices::query::{Collection, Condition, parse_condition};
use proptest::prelude::*;
use proptest::sample::select;
use rusqlite::{Connection, params_from_iter};
use serde_json::{Map, Value, json};

use super::condition::Filter;
use super::page::{PageRequest, run};
use super::register;
use crate::clock::Time;
use crate::registry::identity::COLUMNS;
use crate::registry::twin::Twin;
use crate::registry::{Authentication, Identity, Place, Store};

/// Names that occur in documents and in conditions, some that need care in a JSON path.
const KEYS: &[&str] = &[
    "a",
    "b",
    "site",
    "Site",
    "odd key",
    "quo\"te",
    "back\\slash",
    "ünï",
    "0",
    "true",
];

/// Texts that other kinds could be mistaken for.
const TEXTS: &[&str] = &[
    "", "a", "b", "north", "1", "1.0", "true", "null", "é", "Z", "\u{0}", "it's", "12e1",
];

fn key() -> impl Strategy<Value = String> {
    select(KEYS).prop_map(str::to_owned)
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..4).prop_map(Value::from),
        select(&[-1.5, 0.0, 1.0, 2.5, 1e300][..]).prop_map(Value::from),
        Just(json!(4_503_599_627_370_495i64)),
        select(TEXTS).prop_map(Value::from),
    ]
}

fn section() -> impl Strategy<Value = Map<String, Value>> {
    let value = scalar().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map(key(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    proptest::collection::btree_map(key(), value, 0..6).prop_map(|map| map.into_iter().collect())
}

fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '\'' | '\\' => format!("\\{c}"),
            c if c.is_control() => format!("\\u{:04x}", c as u32),
            c => c.to_string(),
        })
        .collect();
    format!("'{escaped}'")
}

fn path() -> impl Strategy<Value = String> {
    let root = select(
        &[
            "tags",
            "Tags",
            "properties.desired",
            "properties.Reported",
            "properties.desired.$metadata",
        ][..],
    );
    let step = prop_oneof![4 => key().prop_map(|key| format!("[{}]", quoted(&key))), 1 => (0u32..3).prop_map(|n| format!("[{n}]"))];
    prop_oneof![
        5 => (root, proptest::collection::vec(step, 0..3)).prop_map(|(root, steps)| format!("{root}{}", steps.concat())),
        2 => select(&[
            "deviceId", "DEVICEID", "status", "statusReason", "version", "etag", "deviceEtag", "moduleId", "connectionState",
            "lastActivityTime", "statusUpdateTime", "cloudToDeviceMessageCount", "authenticationType", "modelId", "deviceScope",
            "capabilities.iotEdge", "capabilities.IOTEDGE", "capabilities.other", "x509Thumbprint.primaryThumbprint", "parentScopes[0]",
            "properties", "properties.desired.$version", "properties.reported.$version", "properties.reported.$metadata.$lastUpdated",
            "nothing", "deviceId.x", "status[0]", "tags", "capabilities", "x509Thumbprint", "configurations.c", "parentScopes",
        ][..]).prop_map(str::to_owned),
    ]
}

fn number() -> impl Strategy<Value = String> {
    select(
        &[
            "-1.5",
            "-1",
            "0",
            "1",
            "1.0",
            "2",
            "2.5",
            "3",
            "1e300",
            "9007199254740993",
            "9223372036854775807",
        ][..],
    )
    .prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        6 => path(),
        2 => number(),
        3 => select(TEXTS).prop_map(quoted),
        1 => select(&["true", "false", "null", "undefined", "[1, 'a']"][..]).prop_map(str::to_owned),
        1 => select(&["'d0'", "'d1'", "'enabled'", "'disabled'", "'Disconnected'", "'sas'", "'none'"][..]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        let one = inner.clone();
        prop_oneof![
            (
                inner.clone(),
                select(&["+", "-", "*", "/", "%"][..]),
                inner.clone()
            )
                .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            inner.clone().prop_map(|a| format!("-({a})")),
            (
                select(
                    &[
                        "ABS",
                        "SQUARE",
                        "CEILING",
                        "FLOOR",
                        "SIGN",
                        "SQRT",
                        "EXP",
                        "LENGTH",
                        "LOWER",
                        "UPPER",
                        "AS_NUMBER"
                    ][..]
                ),
                inner.clone()
            )
                .prop_map(|(name, a)| format!("{name}({a})")),
            (
                select(
                    &[
                        "POWER",
                        "CONCAT",
                        "INDEX_OF",
                        "STARTS_WITH",
                        "ENDS_WITH",
                        "CONTAINS",
                        "SUBSTRING"
                    ][..]
                ),
                inner.clone(),
                inner
            )
                .prop_map(|(name, a, b)| format!("{name}({a}, {b})")),
            one.prop_map(|a| format!("({a})")),
        ]
    })
}

fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        5 => (value(), select(&["=", "!=", "<", "<=", ">", ">="][..]), value()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        2 => (select(&["IS_DEFINED", "IS_NULL", "IS_BOOL", "IS_NUMBER", "IS_STRING", "IS_OBJECT", "IS_ARRAY", "IS_PRIMITIVE"][..]), value())
            .prop_map(|(name, a)| format!("{name}({a})")),
        2 => (value(), select(&["IN", "NIN"][..]), proptest::collection::vec(value(), 0..4))
            .prop_map(|(a, word, list)| format!("{a} {word} [ {}]", list.join(", "))),
        1 => value(),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| format!("NOT ({a})")),
            proptest::collection::vec(inner.clone(), 2..5)
                .prop_map(|parts| format!("({})", parts.join(" AND "))),
            proptest::collection::vec(inner.clone(), 2..5)
                .prop_map(|parts| format!("({})", parts.join(" OR "))),
            // A condition where a value is wanted.
            (inner.clone(), select(&["=", "!=", "<"][..]), value())
                .prop_map(|(a, op, b)| format!("({a}) {op} {b}")),
            inner.prop_map(|a| format!("IS_BOOL({a})")),
        ]
    })
}

fn identity(
    n: i64,
    tags: &Map<String, Value>,
    desired: &Map<String, Value>,
    reported: &Map<String, Value>,
) -> Identity {
    let text = |map: &Map<String, Value>| Value::Object(map.clone()).to_string();
    let mut authentication = Authentication::none();
    authentication.primary_thumbprint = (n == 0).then(|| "A".repeat(40));
    Identity {
        seq: 0,
        device_id: format!("d{n}"),
        module_id: String::new(),
        generation_id: 1,
        etag: 100 + n,
        enabled: n == 0,
        status_reason: (n == 0).then(|| "a".to_owned()),
        status_updated: n * 16_256_916_571_264_413,
        authentication,
        iot_edge: n == 1,
        device_scope: (n == 1).then(|| "1".to_owned()),
        parent_scopes: if n == 1 {
            vec!["a".to_owned()]
        } else {
            Vec::new()
        },
        managed_by: None,
        twin: Twin {
            tags: text(tags),
            desired: text(desired),
            reported: text(reported),
            reported_metadata: (n == 1)
                .then(|| json!({"$lastUpdated": "a", "a": {"$lastUpdated": "b"}}).to_string()),
            ..Twin::new(Time::from_ticks(16_256_916_571_264_413))
        },
    }
}

fn selected(connection: &Connection, condition: &Condition) -> rusqlite::Result<Vec<String>> {
    let filter = Filter::new(Collection::Devices, Some(condition));
    let sql = format!(
        "SELECT device_id FROM identities WHERE {} ORDER BY seq",
        filter.sql()
    );
    let mut statement = connection.prepare(&sql)?;
    let values = filter.values_for(&statement);
    let rows = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    rows.collect()
}

/// What the evaluator selects among the documents that the hub shows for the same rows.
fn expected(connection: &Connection, condition: &Condition) -> Vec<String> {
    let mut statement = connection
        .prepare(&format!("SELECT {COLUMNS} FROM identities ORDER BY seq"))
        .unwrap();
    let rows = statement
        .query_map([], Identity::from_row)
        .unwrap()
        .map(Result::unwrap);
    rows.filter(|row| condition.matches(&row.twin_json()))
        .map(|row| row.device_id)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sql_and_evaluator_select_the_same(
        sections in proptest::collection::vec((section(), section(), section()), 2),
        text in condition(),
    ) {
        let condition = parse_condition(&text).unwrap();
        let store = Store::open(&Place::Memory, 100, register).unwrap();
        store.read(|connection| {
            for (n, (tags, desired, reported)) in (0..).zip(&sections) {
                identity(n, tags, desired, reported).insert(connection)?;
            }
            Ok(())
        }).unwrap();
        let (found, wanted) = store.read(|connection| {
            Ok((selected(connection, &condition)?, expected(connection, &condition)))
        }).unwrap();
        prop_assert_eq!(found, wanted, "{}", text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_of_any_size_put_together_are_the_whole_answer(
        floors in proptest::collection::vec(0i64..4, 0..25),
        size in 1usize..9,
        top in proptest::option::of(0usize..30),
        grouped in any::<bool>(),
    ) {
        let store = Store::open(&Place::Memory, 100, register).unwrap();
        store.read(|connection| {
            for (n, floor) in (0..).zip(&floors) {
                let tags = json!({"floor": floor}).as_object().cloned().unwrap();
                identity(n, &tags, &Map::new(), &Map::new()).insert(connection)?;
            }
            Ok(())
        }).unwrap();
        let limit = top.map_or_else(String::new, |top| format!("TOP {top} "));
        let query = match grouped {
            true => format!("SELECT {limit}tags.floor, COUNT() AS n FROM devices WHERE tags.floor > 0 GROUP BY tags.floor"),
            false => format!("SELECT {limit}deviceId FROM devices WHERE tags.floor > 0"),
        };
        let ask = |size, continuation: Option<&str>| run(&store, &PageRequest { query: &query, size, continuation }).unwrap();
        let whole = ask(1000, None);
        prop_assert_eq!(&whole.continuation, &None);
        let (mut items, mut token) = (Vec::new(), None::<String>);
        loop {
            let page = ask(size, token.as_deref());
            prop_assert!(page.items.len() <= size);
            prop_assert!(page.continuation.is_none() || page.items.len() == size, "only the last page is short");
            items.extend(page.items);
            token = page.continuation;
            if token.is_none() {
                break;
            }
        }
        prop_assert_eq!(items, whole.items);
    }
}

#[test]
fn long_chains_stay_within_the_limits_of_sqlite() {
    let parts: Vec<String> = (0..1500).map(|n| format!("tags.a={n}")).collect();
    for word in [" OR ", " AND "] {
        let condition = parse_condition(&parts.join(word)).unwrap();
        let store = Store::open(&Place::Memory, 100, register).unwrap();
        assert!(
            store
                .read(|connection| Ok(selected(connection, &condition)?))
                .unwrap()
                .is_empty()
        );
    }
}

#[test]
fn an_id_is_found_by_its_index() {
    let store = Store::open(&Place::Memory, 100, register).unwrap();
    for text in ["deviceId = 'd1'", "deviceId IN ['d1', 'd2']"] {
        let filter = Filter::new(Collection::Devices, Some(&parse_condition(text).unwrap()));
        let sql = format!(
            "EXPLAIN QUERY PLAN SELECT * FROM identities WHERE module_id = '' AND seq > 0 AND {} ORDER BY seq",
            filter.sql()
        );
        let plan: String = store
            .read(|connection| {
                let mut statement = connection.prepare(&sql)?;
                let values = filter.values_for(&statement);
                let rows =
                    statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3))?;
                Ok(rows.collect::<Result<Vec<_>, _>>()?.join("; "))
            })
            .unwrap();
        assert!(plan.contains("identities_by_id"), "{text}: {plan}");
    }
}

#[test]
fn names_and_texts_that_were_stored_with_escapes_are_found() {
    let store = Store::open(&Place::Memory, 100, register).unwrap();
    let mut device = identity(0, &Map::new(), &Map::new(), &Map::new());
    device.twin.tags = r#"{"\u0061":{"b\u00e9":"x\u0041"},"quo\"te":{"c":1}}"#.to_owned();
    for text in [
        "tags.a['bé'] = 'xA'",
        "tags['quo\"te'].c = 1",
        "IS_OBJECT(tags['quo\"te'])",
    ] {
        let condition = parse_condition(text).unwrap();
        let found = store.read(|connection| {
            connection.execute("DELETE FROM identities", [])?;
            device.insert(connection)?;
            Ok(selected(connection, &condition)?)
        });
        assert_eq!(found.unwrap(), ["d0"], "{text}");
    }
}
