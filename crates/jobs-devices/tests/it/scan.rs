//! The fast way through a line takes what `serde_json` takes, and reads the same from it.

use std::borrow::Cow;

use jobs_devices::{Row, RowRef, Scratch};
use proptest::prelude::*;
use serde_json::value::RawValue;

/// Parses by the fast way (or what it falls back to) and by `serde_json` alone; both must agree.
fn agree(line: &str) -> Result<(), TestCaseError> {
    let mut scratch = Scratch::new();
    let fast = RowRef::parse(line.as_bytes(), &mut scratch);
    let json = serde_json::from_str::<&RawValue>(line).is_ok();
    let slow = if json { line.parse::<Row>().ok() } else { None };
    prop_assert_eq!(fast.is_ok(), slow.is_some(), "{} {:?}", line, fast);
    let (Ok(fast), Some(slow)) = (fast, slow) else {
        return Ok(());
    };
    prop_assert_eq!(&*fast.id(), &slow.id);
    prop_assert_eq!(
        fast.module_id().map(Cow::into_owned),
        slow.module_id.clone()
    );
    prop_assert_eq!(fast.etag().map(Cow::into_owned), slow.etag.clone());
    prop_assert_eq!(
        fast.twin_etag().map(Cow::into_owned),
        slow.twin_etag.clone()
    );
    prop_assert_eq!(
        fast.status_reason().map(Cow::into_owned),
        slow.status_reason.clone()
    );
    prop_assert_eq!(fast.status(), slow.status.clone());
    prop_assert_eq!(fast.import_mode(), slow.import_mode.clone());
    prop_assert_eq!(fast.tags(), slow.tags.as_ref().map(|tags| tags.as_str()));
    prop_assert_eq!(fast.is_edge(), slow.is_edge());
    prop_assert_eq!(
        fast.device_scope().map(Cow::into_owned),
        slow.device_scope.clone()
    );
    let kind = slow
        .authentication
        .as_ref()
        .and_then(|part| part.kind.to_option());
    prop_assert_eq!(fast.authentication_type(), kind);
    let properties = slow.properties.as_ref();
    prop_assert_eq!(
        fast.desired(),
        properties
            .and_then(|part| part.desired.as_ref())
            .map(|part| part.as_str())
    );
    prop_assert_eq!(
        fast.reported(),
        properties
            .and_then(|part| part.reported.as_ref())
            .map(|part| part.as_str())
    );
    prop_assert_eq!(fast.to_row().unwrap(), slow);
    Ok(())
}

/// JSON of any shape, spaced in any way, as text.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("{}".to_owned()),
        Just("[]".to_owned()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        "[ -~é☃]{0,12}".prop_map(|text| serde_json::to_string(&text).expect("a string is JSON")),
        r#""(\\u[0-9a-fD][0-9a-f]{3}|\\n|\\\\|\\"|a|,|:|\{){0,8}""#,
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let space = prop_oneof![4 => Just(""), 1 => Just(" "), 1 => Just("\t"), 1 => Just("  ")];
        prop_oneof![
            (
                prop::collection::vec(inner.clone(), 0..5),
                space.clone(),
                space.clone()
            )
                .prop_map(|(items, a, b)| format!("[{a}{}{b}]", items.join(&format!("{b},{a}")))),
            (
                prop::collection::vec(("[a-z\"]{0,4}", inner), 0..5),
                space.clone(),
                space
            )
                .prop_map(|(members, a, b)| {
                    let members: Vec<_> = members
                        .iter()
                        .map(|(name, value)| {
                            format!(
                                "{}{b}:{a}{value}",
                                serde_json::to_string(name).expect("a string is JSON")
                            )
                        })
                        .collect();
                    format!("{{{a}{}{b}}}", members.join(&format!("{b},{a}")))
                }),
        ]
    })
}

const NAMES: &[&str] = &[
    "id",
    "moduleId",
    "eTag",
    "importMode",
    "status",
    "statusReason",
    "authentication",
    "twinETag",
    "tags",
    "properties",
    "capabilities",
    "deviceScope",
    "parentScopes",
    "other",
    "\\u0069d",
];

/// A row whose members have values of the right type mostly, and any JSON else.
fn row() -> impl Strategy<Value = String> {
    let fitting = prop_oneof![
        Just(r#""x""#.to_owned()),
        Just("null".to_owned()),
        Just(r#"{"a":1.0,"b":[true,{"c":"d"}]}"#.to_owned()),
        Just(r#"{"type":"sas","symmetricKey":{"primaryKey":"a","secondaryKey":null},"x509Thumbprint":null}"#.to_owned()),
        Just(r#"{"type":"selfSigned","x509Thumbprint":{"primaryThumbprint":"a","z":0}}"#.to_owned()),
        Just(r#"{"desired":{"a":{}},"reported":null}"#.to_owned()),
        Just(r#"{"iotEdge":true}"#.to_owned()),
        Just(r#"["a","b"]"#.to_owned()),
    ];
    let value = prop_oneof![3 => fitting, 1 => json()];
    let separators = prop_oneof![4 => Just((",", ":")), 2 => Just((", ", ": ")), 1 => Just((" ,", " :")), 1 => Just((",\t", ":  "))];
    (
        prop::collection::vec((prop::sample::select(NAMES), value), 0..8),
        separators,
    )
        .prop_map(|(members, (comma, colon))| {
            let members: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("\"{name}\"{colon}{value}"))
                .collect();
            format!(
                "{{\"id\"{colon}\"d\"{}}}",
                members
                    .iter()
                    .map(|member| format!("{comma}{member}"))
                    .collect::<String>()
            )
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 2000 } else { 200_000 }))]

    #[test]
    fn any_row_reads_the_same_both_ways(line in row()) {
        agree(&line)?;
    }

    #[test]
    fn a_row_with_a_byte_changed_reads_the_same_both_ways(line in row(), at in any::<prop::sample::Index>(), byte in "[\\[\\]{}:,\"\\\\ \t\r0-9a-e.+\u{0}\u{1f}é-]") {
        let mut at = at.index(line.len());
        while !line.is_char_boundary(at) {
            at -= 1;
        }
        let rest = line[at..].chars().next().map_or(0, char::len_utf8);
        agree(&format!("{}{byte}{}", &line[..at], &line[at + rest..]))?;
        agree(&format!("{}{byte}{}", &line[..at], &line[at..]))?;
        agree(&format!("{}{}", &line[..at], &line[at + rest..]))?;
    }

    #[test]
    fn text_made_of_the_marks_of_json_reads_the_same_both_ways(middle in "([\\[\\]{}:,\"\\\\ ]|[0-9tfn]|true|null){0,60}") {
        agree(&format!("{{\"id\":\"d\",\"tags\":{{{middle}}}}}"))?;
        agree(&middle)?;
    }
}

#[test]
fn strings_of_every_length_around_the_blocks_are_read_whole() {
    for len in 0..200 {
        for tail in ["", "\\\\", "\\\"", "\\n\\\\\\\""] {
            let value = format!("{}{tail}", "x".repeat(len));
            agree(&format!(r#"{{"statusReason":"{value}","id":"d"}}"#)).unwrap();
            agree(&format!(r#"{{"id":"{value}"#)).unwrap();
        }
    }
}

#[test]
fn an_id_that_is_null_is_refused_even_before_another_one() {
    for line in [
        r#"{"id":null}"#,
        r#"{"id":"a","id":null}"#,
        r#"{"id":"a","id":null,"id":"b"}"#,
    ] {
        agree(line).unwrap();
        assert!(line.parse::<Row>().is_err());
    }
}

#[test]
fn nesting_of_any_depth_is_taken_or_refused_by_both_ways() {
    for depth in [1, 10, 63, 64, 120, 126, 127, 128, 129, 1000] {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        agree(&format!(r#"{{"id":"d","tags":{{"a":{open}{close}}}}}"#)).unwrap();
        agree(&format!(
            r#"{{"id":"d","tags":{{"a":{open}{}}}}}"#,
            &close[1..]
        ))
        .unwrap();
    }
}
