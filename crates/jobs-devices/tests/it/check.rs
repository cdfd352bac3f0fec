//! One fault of each kind, and none where there is none.

use jobs_devices::transform::{Context, Finding, Purpose, check};

fn findings(file: &str, purpose: Purpose) -> Vec<Finding> {
    check(file.as_bytes(), purpose, &mut Context::new())
        .expect("a slice can always be read")
        .findings
}

/// The rules found in one line, each with its severity.
fn found(line: &str, purpose: Purpose) -> Vec<String> {
    findings(line, purpose)
        .iter()
        .map(|finding| format!("{} {}", finding.severity.as_str(), finding.rule))
        .collect()
}

/// What the service itself exports: a notice, versions without a mode, system modules, no keys. Shapes as in azure-iot-sdk-csharp issue 1146.
const EXPORTED: &str = concat!(
    "Keys are not part of this export.\r\n",
    r#"{"id":"edge","eTag":"MQ==","status":"enabled","statusReason":"","authentication":null,"twinETag":"AAAAAAAAAAE=","tags":{"a b":1},"properties":{"desired":{"$metadata":{"$lastUpdated":"2021-07-07T20:47:37.1Z"},"$version":1},"reported":{}},"capabilities":{"iotEdge":true},"deviceScope":"ms-azure-iot-edge://edge-637"}"#,
    "\r\n",
    r#"{"id":"edge","moduleId":"$edgeAgent","eTag":"MQ==","status":"enabled","authentication":{"type":"none"},"twinETag":"AAAAAAAAAAE=","tags":{},"properties":{"desired":{},"reported":{}},"capabilities":{"iotEdge":false}}"#,
    "\r\n",
    r#"{"id":"child","eTag":"MQ==","status":"disabled","statusReason":"sold","authentication":null,"deviceScope":"ms-azure-iot-edge://edge-637","parentScopes":["ms-azure-iot-edge://edge-637"]}"#,
    "\r\n",
);

#[test]
fn what_the_service_exports_is_clean() {
    assert_eq!(
        findings(&EXPORTED.replace("a b", "ab"), Purpose::Export),
        []
    );
}

#[test]
fn the_same_file_for_an_import_has_its_system_modules_and_versions_found() {
    let found: Vec<_> = findings(&EXPORTED.replace("a b", "ab"), Purpose::Import)
        .into_iter()
        .map(|one| (one.line, one.severity.as_str(), one.rule))
        .collect();
    let expected = [
        // The hub skips plain text in the first line.
        (1, "warning", "notice"),
        (2, "warning", "etag-unused"),
        (2, "warning", "keys-regenerated"),
        (3, "warning", "etag-unused"),
        (3, "error", "system-module"),
        (4, "warning", "etag-unused"),
        (4, "warning", "keys-regenerated"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_import_rejects_plain_text_below_the_first_line() {
    let file = "Keys are not part of this export.\n{\"id\":\"d\",\"importMode\":\"create\",\"status\":\"enabled\"}\nmore\n";
    let found: Vec<_> = findings(file, Purpose::Import)
        .into_iter()
        .map(|one| (one.line, one.severity.as_str(), one.rule))
        .collect();
    assert_eq!(found, [(1, "warning", "notice"), (3, "error", "notice")]);
}

#[test]
fn an_id_that_mqtt_cannot_carry_is_a_warning_of_an_import() {
    let line =
        |more: &str| format!(r#"{{"id":"press{more}","importMode":"create","status":"enabled"}}"#);
    assert_eq!(found(&line("#1"), Purpose::Import), ["warning mqtt-id"]);
    assert_eq!(found(&line("+1"), Purpose::Import), ["warning mqtt-id"]);
    assert_eq!(found(&line("#1"), Purpose::Export), [""; 0]);
    assert_eq!(found(&line("-1.a:=@"), Purpose::Import), [""; 0]);
}

#[test]
fn a_plain_row_to_import_is_clean() {
    for line in [
        r#"{"id":"d","importMode":"create","status":"enabled"}"#,
        r#"{"id":"d","importMode":"updateIfMatchETag","eTag":"MQ==","status":"enabled","authentication":{"type":"sas","symmetricKey":{"primaryKey":"AAAAAAAAAAAAAAAAAAAAAA==","secondaryKey":"AAAAAAAAAAAAAAAAAAAAAA=="}}}"#,
        r#"{"id":"d","importMode":"delete","status":"disabled"}"#,
        r#"{"id":"d","importMode":"delete","status":"disabled","authentication":{"symmetricKey":{"primaryKey":"no base64"}},"tags":{"a b":1}}"#,
        r#"{"id":"d","importMode":"updateTwin","status":"enabled","authentication":{"type":"selfSigned"},"properties":{"desired":{"a":1}}}"#,
        r#"{"id":"d","importMode":"create","status":"enabled","authentication":{"symmetricKey":{"primaryKey":"","secondaryKey":""}}}"#,
        r#"{"id":"d","moduleId":"m","importMode":"create","status":"enabled","authentication":{"type":"none"}}"#,
    ] {
        let expected: &[&str] = if line.contains("moduleId") {
            &["warning parent-missing"]
        } else {
            &[]
        };
        assert_eq!(found(line, Purpose::Import), expected, "{line}");
    }
}

// long because it is a table: a line for each fault and the rule that finds it.
#[test]
fn each_fault_of_a_row_is_found_under_its_rule() {
    let with = |members: &str| format!(r#"{{"id":"d","status":"enabled",{members}}}"#);
    let cases = [
        (
            r#"{"id":"a b","status":"enabled"}"#.to_owned(),
            "error device-id",
        ),
        (
            format!(r#"{{"id":"{}","status":"enabled"}}"#, "a".repeat(129)),
            "error device-id",
        ),
        (r#"{"id":"d"}"#.to_owned(), "error status-missing"),
        (
            r#"{"id":"d","status":null}"#.to_owned(),
            "error status-missing",
        ),
        (r#"{"id":"d","status":"paused"}"#.to_owned(), "error status"),
        (
            r#"{"id":"d","status":"Enabled"}"#.to_owned(),
            "warning word-case",
        ),
        (
            r#"{"deviceId":"d","status":"enabled"}"#.to_owned(),
            "error row-type",
        ),
        (
            r#"{"id":"d","status":"enabled""#.to_owned(),
            "error truncated",
        ),
        (r#"{"id":"d","status":enabled}"#.to_owned(), "error json"),
        (with(r#""importMode":"replace""#), "error import-mode"),
        (
            with(&format!(r#""statusReason":"{}""#, "é".repeat(129))),
            "error status-reason",
        ),
        (
            with(r#""authentication":{"type":"key"}"#),
            "error authentication-type",
        ),
        (
            with(r#""authentication":{"type":"Sas"}"#),
            "warning word-case",
        ),
        (
            with(
                r#""authentication":{"type":"sas","symmetricKey":{"primaryKey":"AAAAAAAAAAAAAAAAAAAAAA=="}}"#,
            ),
            "error key-pair",
        ),
        (
            with(
                r#""authentication":{"type":"sas","symmetricKey":{"primaryKey":"AAAA","secondaryKey":"AAAAAAAAAAAAAAAAAAAAAA=="}}"#,
            ),
            "error key-length",
        ),
        (
            with(
                r#""authentication":{"type":"sas","symmetricKey":{"primaryKey":"not base64!","secondaryKey":"AAAAAAAAAAAAAAAAAAAAAA=="}}"#,
            ),
            "error key-base64",
        ),
        (
            with(r#""authentication":{"type":"selfSigned"}"#),
            "error thumbprint-missing",
        ),
        (
            with(
                r#""authentication":{"type":"selfSigned","x509Thumbprint":{"primaryThumbprint":"AA:BB"}}"#,
            ),
            "error thumbprint",
        ),
        (with(r#""tags":{"a.b":1}"#), "error twin-key"),
        (with(r#""tags":{"$a":1}"#), "error twin-key"),
        (
            with(&format!(r#""tags":{{"a":"{}"}}"#, "x".repeat(4097))),
            "error twin-string",
        ),
        (
            with(r#""tags":{"a":4503599627370496}"#),
            "error twin-integer",
        ),
        (
            with(
                r#""tags":{"1":{"2":{"3":{"4":{"5":{"6":{"7":{"8":{"9":{"10":{"11":{}}}}}}}}}}}}"#,
            ),
            "error twin-depth",
        ),
        (
            with(r#""properties":{"desired":{"a":-4503599627370497}}"#),
            "error twin-integer",
        ),
        (
            with(r#""properties":{"reported":{"a#b":1}}"#),
            "error twin-key",
        ),
        (
            with(&format!(
                r#""tags":{{{}}}"#,
                (0..3)
                    .map(|at| format!(r#""k{at}":"{}""#, "x".repeat(3000)))
                    .collect::<Vec<_>>()
                    .join(",")
            )),
            "error twin-size",
        ),
        (with(r#""Tags":{}"#), "error member-case"),
        (
            with(r#""authentication":{"type":"sas","SymmetricKey":{}}"#),
            "error member-case",
        ),
        (
            with(r#""tags":{"a":{"b":1,"b":2}}"#),
            "error duplicate-member",
        ),
        (
            with(r#""deviceScope":"ms-azure-iot-edge://gone-637""#),
            "error parent-missing",
        ),
        (
            r#"{"id":"d","moduleId":"m","status":"enabled"}"#.to_owned(),
            "error parent-missing",
        ),
    ];
    for (line, rule) in cases {
        assert_eq!(found(&line, Purpose::Export), [rule], "{line}");
    }
}

#[test]
fn faults_of_an_import_alone_are_found() {
    let with = |members: &str| format!(r#"{{"id":"d","status":"enabled",{members}}}"#);
    for (members, rule) in [
        (r#""importMode":"updateIfMatchETag""#, "error etag-missing"),
        (
            r#""importMode":"updateTwinIfMatchETag","eTag":"x""#,
            "error etag-missing",
        ),
        (
            r#""importMode":"deleteIfMatchETag""#,
            "warning etag-missing",
        ),
        (
            r#""eTag":"MQ==","importMode":"update""#,
            "warning etag-unused",
        ),
        (r#""importMode":"CreateOrUpdate""#, "warning word-case"),
        (r#""tag":{}"#, "warning unknown-member"),
        (r#""Tags":{}"#, "warning member-case"),
        (r#""status":"enabled""#, "warning duplicate-member"),
        (r#""moduleId":"""#, "warning module-id"),
        (r#""importMode":"update""#, "warning keys-regenerated"),
        (
            r#""authentication":{"type":"SelfSigned","x509Thumbprint":{"primaryThumbprint":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}"#,
            "warning authentication-replaced",
        ),
        (
            r#""importMode":"updateTwin","tags":{"a":1}"#,
            "warning tags-replaced",
        ),
        (
            r#""parentScopes":["ms-azure-iot-edge://d-1"]"#,
            "error parent-cycle",
        ),
        (
            r#""deviceScope":"ms-azure-iot-edge://e-x""#,
            "error device-scope",
        ),
        (
            r#""importMode":"createOrUpdateIfMatchETag""#,
            "warning etag-missing",
        ),
        (
            r#""importMode":"deleteIfMatchETag","eTag":"""#,
            "error etag-missing",
        ),
    ] {
        let found = found(&with(members), Purpose::Import);
        assert!(found.contains(&rule.to_owned()), "{members}: {found:?}");
    }
}

#[test]
fn identities_that_stand_twice_are_found_where_they_stand_again() {
    let file = "{\"id\":\"a\",\"status\":\"enabled\"}\n{\"id\":\"b\",\"status\":\"enabled\"}\n{\"id\":\"a\",\"status\":\"enabled\"}\n";
    let findings = findings(file, Purpose::Export);
    assert_eq!(findings.len(), 1);
    assert_eq!(
        (findings[0].line, findings[0].offset, findings[0].rule),
        (3, 60, "duplicate")
    );
    assert!(
        findings[0].message.contains("line 1"),
        "{}",
        findings[0].message
    );
}

#[test]
fn a_device_and_a_module_of_the_same_name_are_two_identities() {
    let file = "{\"id\":\"a\",\"status\":\"enabled\"}\n{\"id\":\"a\",\"moduleId\":\"a\",\"status\":\"enabled\"}\n";
    assert_eq!(findings(file, Purpose::Export), []);
}

#[test]
fn an_import_wants_parents_before_their_children() {
    let file = concat!(
        r#"{"id":"child","importMode":"create","status":"enabled","deviceScope":"ms-azure-iot-edge://edge-637"}"#,
        "\n",
        r#"{"id":"edge","importMode":"create","status":"enabled","capabilities":{"iotEdge":true},"deviceScope":"ms-azure-iot-edge://edge-637"}"#,
        "\n",
    );
    assert_eq!(found(file, Purpose::Import), ["warning parent-order"]);
    assert_eq!(found(file, Purpose::Export), [""; 0]);
}

#[test]
fn no_finding_quotes_a_key() {
    let secret = "PLANTEDsecret";
    let file = format!(
        "{{\"id\":\"d\",\"status\":\"enabled\",\"authentication\":{{\"type\":\"sas\",\"symmetricKey\":{{\"primaryKey\":\"{secret}\",\"PrimaryKey\":\"{secret}\"}}}}}}\n{{\"id\":\"e\",\"authentication\":{{\"symmetricKey\":{{\"primaryKey\":\"{secret}\" oops\n"
    );
    let report = check(file.as_bytes(), Purpose::Import, &mut Context::new()).unwrap();
    assert!(report.has_errors());
    assert!(!format!("{report:?}").contains("PLANTED"), "{report:?}");
}

#[test]
fn the_report_has_the_members_that_were_agreed() {
    let report = check(
        &b"{\"id\":\"a\"}\n"[..],
        Purpose::Export,
        &mut Context::new(),
    )
    .unwrap();
    let json = serde_json::to_value(report).unwrap();
    assert_eq!(json["rows"], 1);
    assert_eq!(json["findings"][0]["severity"], "error");
    let mut members: Vec<_> = json["findings"][0].as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["line", "message", "offset", "rule", "severity"]);
}

/// The lines on which a rule found something.
fn lines_of(rule: &str, file: &str) -> Vec<u64> {
    let of_rule = |finding: Finding| (finding.rule == rule).then_some(finding.line);
    let mut lines: Vec<_> = findings(file, Purpose::Import)
        .into_iter()
        .filter_map(of_rule)
        .collect();
    lines.sort_unstable();
    lines
}

/// A new edge device below others.
fn edge(id: &str, parents: &[&str]) -> String {
    let parents: Vec<_> = parents
        .iter()
        .map(|parent| format!("\"ms-azure-iot-edge://{parent}-1\""))
        .collect();
    format!(
        "{{\"id\":\"{id}\",\"importMode\":\"create\",\"status\":\"enabled\",\"capabilities\":{{\"iotEdge\":true}},\"deviceScope\":\"ms-azure-iot-edge://{id}-1\",\"parentScopes\":[{}]}}\n",
        parents.join(",")
    )
}

#[test]
fn a_circle_of_parents_is_found_however_long_it_is() {
    let file = [
        edge("top", &[]),
        edge("a", &["b"]),
        edge("b", &["c"]),
        edge("c", &["a", "top"]),
        edge("below", &["a"]),
        edge("fine", &["top"]),
    ]
    .concat();
    assert_eq!(lines_of("parent-cycle", &file), [2, 3, 4]);
    assert_eq!(lines_of("parent-cycle", &edge("self", &["self"])), [1]);
    let long: String = (0..5000)
        .map(|at| edge(&format!("e{at}"), &[&format!("e{}", (at + 1) % 5000)]))
        .collect();
    assert_eq!(lines_of("parent-cycle", &long).len(), 5000);
    let open = long.replacen("e1-1", "e9999-1", 1);
    assert_eq!(lines_of("parent-cycle", &open), [0; 0]);
}

#[test]
fn a_module_below_its_deleted_device_is_found() {
    let row = |members: &str| format!("{{\"id\":\"d\",\"status\":\"enabled\",{members}}}\n");
    let device = row(r#""importMode":"delete""#);
    let module = row(r#""moduleId":"m","importMode":"delete""#);
    let file = [device.as_str(), &module].concat();
    assert_eq!(lines_of("delete-order", &file), [2]);
    let message = &findings(&file, Purpose::Import)[0].message;
    assert!(
        message.starts_with("module d/m: the module's device is deleted on line 1"),
        "{message}"
    );
    let file = [module.as_str(), &device].concat();
    assert_eq!(findings(&file, Purpose::Import), []);
}

#[test]
fn replaced_authentication_is_one_finding_with_a_count() {
    let row = |id: u32| {
        format!(
            "{{\"id\":\"d{id}\",\"status\":\"enabled\",\"authentication\":{{\"type\":\"none\"}}}}\n"
        )
    };
    let file: String = (0..9000).map(row).collect();
    let report = check(file.as_bytes(), Purpose::Import, &mut Context::new()).unwrap();
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.by_rule["authentication-replaced"], 1);
    assert!(report.findings[0].message.starts_with("9000 rows"));
}
