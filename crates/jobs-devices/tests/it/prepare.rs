//! Rows that `prepare_import` refuses, and what it takes out of those it writes.

use jobs_devices::transform::{
    Context, PrepareOptions, PrepareReport, Purpose, check, prepare_import,
};
use jobs_devices::{ImportMode, Row};

const PRINT: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The rows written, the rejects and the report.
fn prepared(file: &str, options: PrepareOptions<'_>) -> (String, String, PrepareReport) {
    let (mut out, mut rejects) = (Vec::new(), Vec::new());
    let mut context = Context::new().rejects(&mut rejects);
    let report = prepare_import(file.as_bytes(), &mut out, options, &mut context).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(out), text(rejects), report)
}

#[test]
fn a_refused_row_is_rejected_as_it_stood() {
    let file = concat!(
        r#"{"tags":{}, "id":"h\u0061lf","eTag":"E1","twinETag":"T1","authentication":{"symmetricKey":{"primaryKey":"MDEyMzQ1Njc4OWFiY2RlZg=="}},"importMode":null}"#,
        "\n",
        r#"{"id":"a b","status":"disabled","eTag":"E2","authentication":{"type":"none"}}"#,
        "\n",
    );
    let (out, rejects, report) = prepared(file, PrepareOptions::new().mode(ImportMode::Create));
    assert_eq!((out.as_str(), rejects.as_str()), ("", file));
    assert_eq!((report.refused, report.passed.problems.len()), (2, 2));
    // Nothing was done to a row that was written.
    let counts = [
        report.modes_set,
        report.etags_removed,
        report.status_added,
        report.with_keys,
    ];
    assert_eq!(counts, [0; 4]);
}

#[test]
fn thumbprints_without_a_type_are_refused_and_never_taken_out() {
    for kind in ["", r#""type":null,"#, r#""type":"sas","#] {
        let file = format!(
            "{{\"id\":\"a\",\"status\":\"enabled\",\"authentication\":{{{kind}\"x509Thumbprint\":{{\"primaryThumbprint\":\"{PRINT}\"}}}}}}\n"
        );
        for regenerate in [false, true] {
            let options = PrepareOptions::new().regenerate_keys(regenerate);
            let (out, rejects, report) = prepared(&file, options);
            assert_eq!((out.as_str(), &rejects), ("", &file));
            let message = &report.passed.problems[0].message;
            assert!(message.contains("thumbprints without"), "{message}");
        }
        let report = check(file.as_bytes(), Purpose::Import, &mut Context::new()).unwrap();
        let found: Vec<_> = report.findings.iter().map(|one| one.rule).collect();
        assert_eq!(
            found,
            ["authentication-unused", "keys-regenerated"],
            "{kind}"
        );
    }
}

#[test]
fn new_keys_take_no_unknown_member_with_the_old_ones() {
    let row =
        |authentication: &str| format!("{{\"id\":\"a\",\"status\":\"enabled\"{authentication}}}\n");
    for (before, after) in [
        (r#","authentication":{"type":"sas"}"#, ""),
        (
            r#","authentication":{"symmetricKey":{"primaryKey":"MDEyMzQ1Njc4OWFiY2RlZg=="}}"#,
            "",
        ),
        (
            r#","authentication":{"type":"sas","symmetricKey":{"primaryKey":""},"policy":1}"#,
            r#","authentication":{"type":"sas","policy":1}"#,
        ),
        (
            r#","authentication":{"type":"sas","symmetricKey":{"primaryKey":null,"hint":"x"}}"#,
            r#","authentication":{"type":"sas","symmetricKey":{"primaryKey":null,"hint":"x"}}"#,
        ),
    ] {
        let options = PrepareOptions::new().regenerate_keys(true);
        let (out, _, report) = prepared(&row(before), options);
        assert_eq!((out, report.keys_regenerated), (row(after), 1), "{before}");
    }
}

#[test]
fn identities_that_come_twice_are_warned_about() {
    let row = |id: &str| {
        format!(
            "{{\"id\":\"{id}\",\"status\":\"enabled\",\"authentication\":{{\"type\":\"none\"}}}}\n"
        )
    };
    let module = row("a").replace("\"status\"", "\"moduleId\":\"m\",\"status\"");
    let file = [row("a"), row("b"), row("a"), module, row("a")].concat();
    let (out, rejects, report) = prepared(&file, PrepareOptions::new());
    assert_eq!((out.lines().count(), rejects.as_str()), (5, ""));
    assert_eq!((report.written, report.duplicates), (5, 2));
    let lines: Vec<_> = report.passed.problems.iter().map(|one| one.line).collect();
    assert_eq!(lines, [3, 5]);
    let message = &report.passed.problems[0].message;
    assert!(message.contains("stands on line 1, too"), "{message}");
}

/// Edge devices `0..count`, each below the next one; the last is below `top`.
fn chain(count: usize, top: Option<usize>) -> String {
    let scope = |n: usize| format!("ms-azure-iot-edge://e{n}-637");
    (0..count)
        .map(|n| {
            let parent = if n + 1 < count { Some(n + 1) } else { top };
            let parents = parent.map_or(String::new(), |parent| {
                format!(",\"parentScopes\":[\"{}\"]", scope(parent))
            });
            format!(
                "{{\"id\":\"e{n}\",\"status\":\"enabled\",\"capabilities\":{{\"iotEdge\":true}},\"deviceScope\":\"{}\"{parents}}}\n",
                scope(n)
            )
        })
        .collect()
}

#[test]
fn a_long_chain_comes_parents_first_and_a_circle_comes_to_an_end() {
    const COUNT: usize = 20_000;
    let numbers = |file: &str| {
        let (out, _, _) = prepared(file, PrepareOptions::new());
        let ids = out.lines().map(|line| {
            let row: Row = line.parse().unwrap();
            row.id[1..].parse::<usize>().unwrap()
        });
        ids.collect::<Vec<_>>()
    };
    let top_first: Vec<usize> = (0..COUNT).rev().collect();
    assert_eq!(numbers(&chain(COUNT, None)), top_first);
    let mut all = numbers(&chain(COUNT, Some(0)));
    all.sort_unstable();
    assert_eq!(all, (0..COUNT).collect::<Vec<_>>());
}
