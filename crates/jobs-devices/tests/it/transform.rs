//! What the transforms of device files do, by their reports and what they write.

use std::io::Cursor;

use jobs_devices::ImportMode;
use jobs_devices::query::parse_condition;
use jobs_devices::transform::{
    Context, DiffOptions, Keep, PrepareOptions, ProblemKind, Progress, TransformError, diff,
    filter, merge, prepare_import, set_mode,
};
use serde_json::{Value, json};

const KEYS: &str = r#""authentication":{"type":"sas","symmetricKey":{"primaryKey":"MDEyMzQ1Njc4OWFiY2RlZg==","secondaryKey":"ZmVkY2JhOTg3NjU0MzIxMA=="}}"#;

fn row(id: &str, more: &str) -> String {
    let more = if more.is_empty() {
        String::new()
    } else {
        format!(",{more}")
    };
    format!("{{\"id\":\"{id}\",\"status\":\"enabled\"{more}}}\n")
}

fn lines(out: &[u8]) -> Vec<Value> {
    String::from_utf8(out.to_vec())
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn ids(out: &[u8]) -> Vec<String> {
    lines(out)
        .iter()
        .map(|row| match row.get("moduleId") {
            Some(module) => format!(
                "{}/{}",
                row["id"].as_str().unwrap(),
                module.as_str().unwrap()
            ),
            None => row["id"].as_str().unwrap().to_owned(),
        })
        .collect()
}

#[test]
fn filter_keeps_matching_rows_and_accounts_for_every_other_line() {
    let file = format!(
        "Keys were left out.\r\n{}\r\n{}{{\"id\":5}}\n{{broken\n",
        row("a", r#""tags":{"site":"n"}"#),
        row("b", r#""tags":{"site":"s"}"#),
    );
    let (mut out, mut rejects) = (Vec::new(), Vec::new());
    let condition = parse_condition("tags.site = 'n'").unwrap();
    let mut context = Context::new().rejects(&mut rejects);
    let report = filter(file.as_bytes(), &mut out, &condition, &mut context).unwrap();
    assert_eq!(ids(&out), ["a"]);
    let report = serde_json::to_value(&report).unwrap();
    assert_eq!(report["rows"], 2);
    assert_eq!(report["written"], 1);
    assert_eq!(report["notices"], 1);
    assert_eq!(report["badLines"], 2);
    assert_eq!(report["problems"][0]["kind"], "notice");
    assert_eq!(report["problems"][0]["message"], "Keys were left out.");
    assert_eq!(report["problems"][1]["line"], 5);
    assert_eq!(String::from_utf8(rejects).unwrap(), "{\"id\":5}\n{broken\n");
}

#[test]
fn strict_reading_ends_at_the_first_bad_line() {
    let file = format!("{}{{broken\n{}", row("a", ""), row("b", ""));
    let condition = parse_condition("*").unwrap();
    let mut context = Context::new().options(jobs_devices::Options::new().strict(true));
    let error = filter(file.as_bytes(), Vec::new(), &condition, &mut context).unwrap_err();
    assert!(
        matches!(error, TransformError::Input { line: 2, .. }),
        "{error}"
    );
}

#[test]
fn progress_is_told_on_the_way_and_at_the_end() {
    let file: String = (0..20_000).map(|n| row(&format!("d{n}"), "")).collect();
    let mut told: Vec<Progress> = Vec::new();
    let mut note = |progress| told.push(progress);
    let mut context = Context::new().progress(&mut note);
    let condition = parse_condition("id = 'd7'").unwrap();
    filter(file.as_bytes(), Vec::new(), &condition, &mut context).unwrap();
    assert!(told.len() >= 2);
    assert_eq!(told.last().unwrap().lines, 20_000);
    assert!(told.is_sorted_by_key(|progress| progress.bytes));
}

#[test]
fn set_mode_changes_nothing_else_and_tells_of_missing_etags() {
    let line = r#"{"id":"a","eTag":"MQ==","importMode":"create","status":"disabled","tags":{"n":1.0},"x":null}"#;
    let file = format!("{line}\n{}", row("b", ""));
    let mut out = Vec::new();
    let mode = ImportMode::UpdateIfMatchETag;
    let report = set_mode(file.as_bytes(), &mut out, &mode, &mut Context::new()).unwrap();
    let text = String::from_utf8(out.clone()).unwrap();
    assert_eq!(
        text.lines().next().unwrap(),
        line.replace("\"create\"", "\"updateIfMatchETag\"")
    );
    assert_eq!(
        (report.changed, report.without_etag, report.written),
        (2, 1, 2)
    );
    assert_eq!(report.passed.problems[0].id.as_deref(), Some("b"));
}

fn difference(a: &str, b: &str, options: DiffOptions) -> Value {
    let report = diff(a.as_bytes(), b.as_bytes(), options, &mut Context::new()).unwrap();
    serde_json::to_value(&report).unwrap()
}

#[test]
fn diff_finds_added_removed_and_changed_whatever_the_order() {
    let a = [
        row("same", r#""tags":{"a":1,"b":"\u0041"}"#),
        row("gone", ""),
        row(
            "other",
            r#""tags":{"site":"n","k":1},"capabilities":{"iotEdge":false}"#,
        ),
        "{\"id\":\"other\",\"moduleId\":\"m\",\"status\":\"enabled\"}\n".to_owned(),
    ]
    .concat();
    let b = [
        "{\"id\":\"other\",\"moduleId\":\"m\",\"status\":\"disabled\"}\n".to_owned(),
        row("new", ""),
        "{ \"tags\" : {\"b\":\"A\", \"a\":1.0}, \"status\":\"enabled\", \"id\":\"same\" }\n"
            .to_owned(),
        row(
            "other",
            r#""tags":{"site":"s","k":1},"capabilities":{"iotEdge":true}"#,
        ),
        "{\"id\":\"new\",\"moduleId\":\"m\",\"status\":\"enabled\"}\n".to_owned(),
    ]
    .concat();
    let report = difference(&a, &b, DiffOptions::new());
    assert_eq!(
        report["added"],
        json!([{"id": "new"}, {"id": "new", "moduleId": "m"}])
    );
    assert_eq!(report["removed"], json!([{"id": "gone"}]));
    assert_eq!(
        report["changed"],
        json!([
            {"id": "other", "fields": ["capabilities.iotEdge", "tags.site"]},
            {"id": "other", "moduleId": "m", "fields": ["status"]},
        ])
    );
    assert_eq!(report["unchanged"], 1);
}

#[test]
fn versions_differ_only_when_asked_for() {
    let twin = |n| {
        format!(
            r#""eTag":"{n}","twinETag":"{n}","properties":{{"desired":{{"a":1,"$version":{n},"$metadata":{{"x":{n}}}}}}}"#
        )
    };
    let (a, b) = (row("d", &twin(1)), row("d", &twin(2)));
    assert_eq!(difference(&a, &b, DiffOptions::new())["changed"], json!([]));
    let with = difference(&a, &b, DiffOptions::new().with_etags(true));
    assert_eq!(
        with["changed"][0]["fields"],
        json!([
            "eTag",
            "properties.desired.$metadata.x",
            "properties.desired.$version",
            "twinETag"
        ])
    );
}

#[test]
fn absent_and_null_members_of_a_row_are_the_same_to_diff() {
    let a = row("d", r#""authentication":null"#);
    assert_eq!(
        difference(&a, &row("d", ""), DiffOptions::new())["changed"],
        json!([])
    );
    let report = difference(&a, &row("d", KEYS), DiffOptions::new());
    assert_eq!(report["changed"][0]["fields"], json!(["authentication"]));
}

#[test]
fn diff_of_more_than_memory_is_the_diff_of_what_fits() {
    let file = |skip: u64, change: u64| -> String {
        let mut rows: Vec<String> = (0..2_000_u64)
            .filter(|n| n % 100 != skip)
            .map(|n| {
                row(
                    &format!("d{}", n * 7919 % 2003),
                    &format!(r#""tags":{{"n":{}}}"#, u64::from(n % 50 == change)),
                )
            })
            .collect();
        rows.rotate_left(usize::try_from(skip).unwrap());
        rows.concat()
    };
    let (a, b) = (file(3, 5), file(4, 6));
    let whole = diff(
        a.as_bytes(),
        b.as_bytes(),
        DiffOptions::new(),
        &mut Context::new(),
    )
    .unwrap();
    let mut tight = Context::new().spill_at(4_096);
    let spilled = diff(a.as_bytes(), b.as_bytes(), DiffOptions::new(), &mut tight).unwrap();
    assert_eq!(whole, spilled);
    assert_eq!(
        (whole.added.len(), whole.removed.len(), whole.changed.len()),
        (20, 20, 80)
    );
    assert!(whole.added.is_sorted());
}

#[test]
fn of_several_rows_for_an_identity_diff_takes_the_last() {
    let a = row("d", r#""tags":{"n":1}"#);
    let b = [row("d", r#""tags":{"n":2}"#), row("d", r#""tags":{"n":1}"#)].concat();
    let report = difference(&a, &b, DiffOptions::new());
    assert_eq!(report["changed"], json!([]));
    assert_eq!(report["duplicates"], 1);
}

#[test]
fn merge_keeps_each_identity_once_and_reports_where_its_rows_were() {
    let first = [row("a", ""), row("b", r#""tags":{"n":1}"#)].concat();
    let second = [row("c", ""), row("b", r#""tags":{"n":2}"#), row("a", "")].concat();
    for (keep, expected, tag) in [
        (Keep::Last, vec!["c", "b", "a"], 2),
        (Keep::First, vec!["a", "b", "c"], 1),
        (Keep::All, vec!["a", "b", "c", "b", "a"], 1),
    ] {
        for memory in [usize::MAX, 1] {
            let mut out = Vec::new();
            let inputs = [Cursor::new(first.clone()), Cursor::new(second.clone())];
            let mut context = Context::new().spill_at(memory);
            let report = merge(inputs, &mut out, keep, &mut context).unwrap();
            assert_eq!(ids(&out), expected, "{keep:?}");
            assert_eq!(
                lines(&out).iter().find(|r| r["id"] == "b").unwrap()["tags"]["n"],
                tag
            );
            let report = serde_json::to_value(&report).unwrap();
            assert_eq!(report["duplicateIdentities"], 2);
            assert_eq!(
                report["duplicates"],
                json!([
                    {"id": "a", "rows": 2, "at": [{"input": 0, "line": 1}, {"input": 1, "line": 3}], "same": true},
                    {"id": "b", "rows": 2, "at": [{"input": 0, "line": 2}, {"input": 1, "line": 2}], "same": false},
                ])
            );
            assert_eq!(report["inputs"][1]["rows"], 3);
        }
    }
}

fn scope(id: &str) -> String {
    format!("ms-azure-iot-edge://{id}-637000000000000000")
}

fn edge(id: &str, parent: Option<&str>) -> String {
    let parents = parent.map_or(String::new(), |p| {
        format!(r#","parentScopes":["{}"]"#, scope(p))
    });
    let more = format!(
        r#"{KEYS},"capabilities":{{"iotEdge":true}},"deviceScope":"{}"{parents}"#,
        scope(id)
    );
    row(id, &more)
}

fn fleet() -> String {
    [
        format!("{{\"id\":\"leaf\",\"moduleId\":\"m\",\"status\":\"enabled\",{KEYS}}}\n"),
        row(
            "leaf",
            &format!(r#"{KEYS},"deviceScope":"{}""#, scope("low-er")),
        ),
        edge("low-er", Some("mid")),
        edge("mid", Some("top")),
        format!("{{\"id\":\"top\",\"moduleId\":\"$edgeAgent\",\"status\":\"enabled\",{KEYS}}}\n"),
        row(
            "plain",
            &format!(r#""eTag":"MQ==","twinETag":"MQ==",{KEYS}"#),
        ),
        edge("top", None),
    ]
    .concat()
}

#[test]
fn prepared_rows_have_parents_first_and_no_system_modules() {
    let (mut out, mut system) = (Vec::new(), Vec::new());
    let options = PrepareOptions::new().system_modules(&mut system);
    let report =
        prepare_import(fleet().as_bytes(), &mut out, options, &mut Context::new()).unwrap();
    assert_eq!(
        ids(&out),
        ["top", "mid", "low-er", "leaf", "plain", "leaf/m"]
    );
    assert_eq!(ids(&system), ["top/$edgeAgent"]);
    assert_eq!(
        (report.written, report.system_modules, report.refused),
        (6, 1, 0)
    );
    assert_eq!((report.with_keys, report.etags_removed), (6, 1));
    assert!(report.passed.problems.is_empty());
}

#[test]
fn a_deletion_takes_children_first() {
    let mut out = Vec::new();
    let options = PrepareOptions::new().mode(ImportMode::Delete);
    let report =
        prepare_import(fleet().as_bytes(), &mut out, options, &mut Context::new()).unwrap();
    assert_eq!(
        ids(&out),
        ["leaf/m", "leaf", "plain", "low-er", "mid", "top"]
    );
    assert_eq!(report.modes_set, 6);
    assert!(lines(&out).iter().all(|row| row["importMode"] == "delete"));
}

#[test]
fn rows_without_keys_are_warned_about_unless_new_keys_are_asked_for() {
    let file = [
        row("null", r#""authentication":null"#),
        row("absent", ""),
        row("half", r#""authentication":{"type":"sas","symmetricKey":{"primaryKey":"MDEyMzQ1Njc4OWFiY2RlZg==","secondaryKey":null}}"#),
        row("ca", r#""authentication":{"type":"certificateAuthority"}"#),
        row("there", KEYS),
    ]
    .concat();
    let (mut out, mut rejects) = (Vec::new(), Vec::new());
    let mut context = Context::new().rejects(&mut rejects);
    let report = prepare_import(
        file.as_bytes(),
        &mut out,
        PrepareOptions::new(),
        &mut context,
    )
    .unwrap();
    assert_eq!(ids(&out), ["null", "absent", "ca", "there"]);
    assert_eq!((report.refused, report.written), (1, 4));
    assert_eq!((report.keys_regenerated, report.with_keys), (2, 1));
    let problems: Vec<_> = report.passed.problems.iter().map(|one| one.kind).collect();
    let expected = [
        ProblemKind::Warning,
        ProblemKind::Warning,
        ProblemKind::Refused,
    ];
    assert_eq!(problems, expected);
    assert!(report.passed.problems[0].message.contains("has no keys"));
    // Half a pair is rejected by the hub.
    assert_eq!(ids(&rejects), ["half"]);

    let options = PrepareOptions::new().mode(ImportMode::Create);
    let report = prepare_import(file.as_bytes(), Vec::new(), options, &mut Context::new()).unwrap();
    assert_eq!((report.written, report.keys_regenerated), (4, 0));
    assert_eq!(
        report.passed.problems.len(),
        1,
        "{:?}",
        report.passed.problems
    );

    let mut out = Vec::new();
    let options = PrepareOptions::new().regenerate_keys(true);
    let report = prepare_import(file.as_bytes(), &mut out, options, &mut Context::new()).unwrap();
    assert_eq!(
        (report.refused, report.keys_regenerated, report.with_keys),
        (0, 3, 1)
    );
    assert!(lines(&out)[2].get("authentication").is_none());

    let options = PrepareOptions::new().mode(ImportMode::UpdateTwin);
    let report = prepare_import(file.as_bytes(), Vec::new(), options, &mut Context::new()).unwrap();
    assert_eq!(report.refused, 0, "{:?}", report.passed.problems);
}

#[test]
fn prepare_refuses_what_the_service_would_and_adds_the_status() {
    let file = format!("{{\"id\":\"no status\",{KEYS}}}\n{{\"id\":\"ok\",{KEYS}}}\n");
    let mut out = Vec::new();
    let report = prepare_import(
        file.as_bytes(),
        &mut out,
        PrepareOptions::new(),
        &mut Context::new(),
    )
    .unwrap();
    assert_eq!(ids(&out), ["ok"]);
    assert_eq!(lines(&out)[0]["status"], "enabled");
    assert_eq!(report.refused, 1);
}

#[test]
fn a_parent_that_is_not_in_the_file_is_told_of() {
    let child = row(
        "c",
        &format!(r#"{KEYS},"deviceScope":"{}""#, scope("elsewhere")),
    );
    let report = prepare_import(
        child.as_bytes(),
        Vec::new(),
        PrepareOptions::new(),
        &mut Context::new(),
    )
    .unwrap();
    assert_eq!(report.written, 1);
    assert!(report.passed.problems[0].message.contains("elsewhere"));
}

#[test]
fn edge_devices_that_are_each_other_s_parents_do_not_hang() {
    let file = [edge("a", Some("b")), edge("b", Some("a"))].concat();
    let report = prepare_import(
        file.as_bytes(),
        Vec::new(),
        PrepareOptions::new(),
        &mut Context::new(),
    )
    .unwrap();
    assert_eq!(report.written, 2);
}
