//! Golden rows. Shapes: an exported row as in azure-iot-sdk-csharp issue 1146; members as in the documentation of bulk identity management and in
//! `ExportImportDevice` of the official .NET client.

use jobs_devices::{
    Authentication, AuthenticationType, Configuration, Field, ImportError, ImportMode, Key,
    NameCase, Row, Status,
};

/// Every kind of row, in the service's order of members: read and written again, not a byte may differ.
const GOLDEN: &[(&str, &str)] = &[
    (
        "exported device without keys",
        r#"{"id":"d1","eTag":"ODcwMDE5Njk1","status":"enabled","statusReason":"","authentication":null,"twinETag":"AAAAAAAAAAE=","tags":{},"properties":{"desired":{},"reported":{}},"capabilities":{"iotEdge":false}}"#,
    ),
    (
        "exported device with keys",
        r#"{"id":"d2","eTag":"MQ==","status":"disabled","authentication":{"type":"sas","symmetricKey":{"primaryKey":"AAAAAAAAAAAAAAAAAAAAAA==","secondaryKey":"AAAAAAAAAAAAAAAAAAAAAA=="}},"tags":{"site":"a"}}"#,
    ),
    (
        "self-signed, primary and null secondary thumbprint",
        r#"{"id":"d3","status":"enabled","authentication":{"type":"selfSigned","x509Thumbprint":{"primaryThumbprint":"0123456789abcdef0123456789ABCDEF01234567","secondaryThumbprint":null}}}"#,
    ),
    (
        "certificate authority with keys null, as the Java fixtures show",
        r#"{"id":"d4","status":"enabled","authentication":{"type":"certificateAuthority","symmetricKey":{"primaryKey":null,"secondaryKey":null}}}"#,
    ),
    (
        "system module of an edge device",
        r#"{"id":"edge","moduleId":"$edgeAgent","eTag":"MQ==","status":"enabled","authentication":{"type":"none"},"twinETag":"AAAAAAAAAAE=","capabilities":{"iotEdge":false}}"#,
    ),
    (
        "child of an edge device",
        r#"{"id":"child","status":"enabled","deviceScope":"ms-azure-iot-edge://edge-1","parentScopes":["ms-azure-iot-edge://edge-1"]}"#,
    ),
    (
        "null scope, as the .NET client writes",
        r#"{"id":"d5","status":"enabled","deviceScope":null}"#,
    ),
    (
        "import with mode",
        r#"{"id":"d6","importMode":"updateTwinIfMatchETag","status":"enabled","twinETag":"AAAAAAAAAAE=","tags":{"a":1}}"#,
    ),
    (
        "numbers keep every digit",
        r#"{"id":"d7","status":"enabled","tags":{"big":123456789012345678901234567890,"one":1.0,"e":1E2,"neg":-0.0,"tiny":1e-400,"long":0.1000000000000000055511151231257827}}"#,
    ),
    (
        "unknown members everywhere",
        r#"{"id":"d8","status":"enabled","authentication":{"type":"sas","symmetricKey":{"x":1},"y":[2]},"properties":{"desired":{},"z":null},"capabilities":{"iotEdge":true,"w":"1"},"new":{"deep":[true,null]},"newer":1.50}"#,
    ),
];

#[test]
fn every_golden_row_survives_a_round_trip_byte_for_byte() {
    for (what, line) in GOLDEN {
        let row: Row = line
            .parse()
            .unwrap_or_else(|misfit| panic!("{what}: {misfit}"));
        assert_eq!(row.to_line(), *line, "{what}");
        let through_serde: Row = serde_json::from_str(line).unwrap();
        assert_eq!(
            serde_json::to_string(&through_serde).unwrap(),
            *line,
            "{what}, through serde"
        );
    }
}

#[test]
fn members_in_another_order_are_written_in_the_order_of_the_service() {
    let row: Row = r#"{"later":1,"status":"enabled","tags":{"b":1,"a":2},"eTag":"MQ==","id":"d"}"#
        .parse()
        .unwrap();
    assert_eq!(
        row.to_line(),
        r#"{"id":"d","eTag":"MQ==","status":"enabled","tags":{"b":1,"a":2},"later":1}"#
    );
}

#[test]
fn absent_and_null_both_read_as_none_and_write_as_they_were() {
    let absent: Row = r#"{"id":"d"}"#.parse().unwrap();
    let null: Row = r#"{"id":"d","tags":null}"#.parse().unwrap();
    assert!(absent.tags.is_none() && null.tags.is_none());
    assert!(!absent.tags.is_null() && null.tags.is_null());
    assert_eq!(absent.to_line(), r#"{"id":"d"}"#);
    assert_eq!(null.to_line(), r#"{"id":"d","tags":null}"#);
}

#[test]
fn null_can_be_asked_for_and_gives_way_to_a_value() {
    let mut row = Row::new("d");
    row.authentication = Field::Value(Authentication::sas("a", "b"));
    row.authentication = Field::Null;
    assert_eq!(row.to_line(), r#"{"id":"d","authentication":null}"#);
    row.authentication = Field::Value(Authentication::certificate_authority());
    assert_eq!(
        row.to_line(),
        r#"{"id":"d","authentication":{"type":"certificateAuthority"}}"#
    );
}

#[test]
fn words_are_read_in_any_case_and_unknown_words_are_kept() {
    let row: Row = r#"{"id":"d","importMode":"CreateOrUpdate","status":"Enabled","authentication":{"type":"SelfSigned"}}"#.parse().unwrap();
    assert_eq!(row.import_mode, Some(ImportMode::CreateOrUpdate));
    assert_eq!(row.status, Some(Status::Enabled));
    assert_eq!(
        row.authentication.into_option().unwrap().kind,
        Some(AuthenticationType::SelfSigned)
    );
    let row: Row = r#"{"id":"d","status":"paused"}"#.parse().unwrap();
    assert_eq!(row.status.as_ref().unwrap().as_str(), "paused");
    assert_eq!(row.to_line(), r#"{"id":"d","status":"paused"}"#);
}

#[test]
fn all_nine_import_modes_have_the_names_of_the_wire() {
    let names = [
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
    assert_eq!(ImportMode::NAMES, names);
    for name in names {
        let mode: ImportMode = name.to_uppercase().parse().unwrap();
        assert_eq!(mode.as_str(), name);
    }
    assert!(
        "createOrReplace"
            .parse::<ImportMode>()
            .unwrap_err()
            .to_string()
            .contains("createOrUpdateIfMatchETag")
    );
}

#[test]
fn a_row_with_device_id_in_place_of_id_says_so() {
    let misfit = r#"{"deviceId":"d1","status":"enabled"}"#.parse::<Row>().unwrap_err();
    assert_eq!(misfit.path, "id");
    assert!(misfit.message.contains("`deviceId`"), "{misfit}");
}

#[test]
fn a_value_of_another_type_names_the_member() {
    for (line, path) in [
        (r#"{"id":7}"#, "id"),
        (r#"{"id":"d","tags":[]}"#, "tags"),
        (
            r#"{"id":"d","authentication":{"type":1}}"#,
            "authentication.type",
        ),
        (
            r#"{"id":"d","capabilities":{"iotEdge":"yes"}}"#,
            "capabilities.iotEdge",
        ),
        (
            r#"{"id":"d","properties":{"desired":"x"}}"#,
            "properties.desired",
        ),
        (
            r#"{"id":"d","authentication":{"symmetricKey":{"primaryKey":5}}}"#,
            "authentication.symmetricKey.primaryKey",
        ),
        (r#"{"id":"d","parentScopes":[1]}"#, "parentScopes"),
    ] {
        assert_eq!(line.parse::<Row>().unwrap_err().path, path, "{line}");
    }
}

#[test]
fn the_last_of_two_members_with_one_name_counts() {
    let row: Row = r#"{"id":"a","id":"b","tags":{},"tags":null}"#.parse().unwrap();
    assert_eq!(row.id, "b");
    assert_eq!(row.to_line(), r#"{"id":"b","tags":null}"#);
}

#[test]
fn escapes_are_exact() {
    let text = "quote\" backslash\\ newline\n tab\t bell\u{7} del\u{7f} snow\u{2603} sep\u{2028} pile\u{1f4a9}";
    let mut row = Row::new("d");
    row.status_reason = Field::Value(text.to_owned());
    let line = row.to_line();
    assert_eq!(
        line,
        format!(
            r#"{{"id":"d","statusReason":{}}}"#,
            serde_json::to_string(text).unwrap()
        )
    );
    assert_eq!(
        line.parse::<Row>().unwrap().status_reason.as_deref(),
        Some(text)
    );
}

#[test]
fn a_row_from_json_on_several_lines_fits_on_one() {
    let row: Row = "{\n  \"id\": \"d\",\n  \"tags\": {\n    \"a b\": \"c\\nd  e\"\n  }\n}"
        .parse()
        .unwrap();
    assert_eq!(row.to_line(), r#"{"id":"d","tags":{"a b":"c\nd  e"}}"#);
}

#[test]
fn no_debug_output_holds_a_key() {
    let secret = "PLANTEDsecretPLANTEDsecret==";
    let line = format!(
        r#"{{"id":"d","authentication":{{"type":"sas","symmetricKey":{{"primaryKey":"{secret}","secondaryKey":"{secret}","PrimaryKey":"{secret}"}},"SymmetricKey":{{"k":"{secret}"}}}},"Authentication":"{secret}"}}"#
    );
    let row: Row = line.parse().unwrap();
    let error = ImportError::unreadable(
        400_012,
        format!("Invalid device format in line: {line}. Unexpected end."),
    );
    let outputs = [
        format!("{row:?}"),
        format!("{row:#?}"),
        format!("{:?}", Key::new(secret)),
        format!("{error:?} {error}"),
        format!(
            "{:?}",
            jobs_devices::Reader::new(format!("{line}x").as_bytes()).next()
        ),
        format!("{:?}", row.validate()),
    ];
    for output in outputs {
        assert!(!output.contains("PLANTED"), "{output}");
    }
    assert!(
        row.to_line().contains(secret),
        "a key is written where it belongs"
    );
    assert_eq!(
        error.summary(),
        "Invalid device format in line: (line not shown). Unexpected end."
    );
}

#[test]
fn a_summary_repeats_nothing_of_a_line_whose_end_cannot_be_told() {
    const START: &str = "Invalid device format in line: ";
    let of = |text: &str| ImportError::unreadable(400_012, text).summary();
    for line in [
        r#"{"id":"u5","authentication":{"symmetricKey":{"primaryKey":PLANTED"#,
        r#"{"id":"u5","authentication":{"symmetricKey":{"primaryKey" "PLANTED"}}}"#,
        r#"{"id":"u5"} PLANTED"#,
        r#"{'id':'}. PLANTED'}"#,
        "u5,enabled,PLANTED",
        "{}PLANTED",
        "",
    ] {
        assert_eq!(
            of(&format!("{START}{line}. Unexpected. Path '', line 1.")),
            format!("{START}(line not shown)"),
            "{line}"
        );
    }
    assert_eq!(
        of(&format!("{START}{}. Unexpected. Path.", r#"{"a":"}. "}"#)),
        format!("{START}(line not shown). Unexpected. Path.")
    );
    let of_key =
        r#"{"symmetricKey":"PLANTED"}. Error converting value "PLANTED". Path 'symmetricKey'."#;
    assert_eq!(
        of(&format!("{START}{of_key}")),
        format!("{START}(line not shown)")
    );
    for whole in [
        r"id has '\u{1b}', which no id has",
        "d1",
        "the etag differs",
    ] {
        assert_eq!(of(whole), whole);
    }
}

/// Both lines as in threads about the live service: azure-functions-host issue 1641, azure-iot-sdk-java issue 1599.
#[test]
fn import_errors_are_read_with_and_without_a_device() {
    let known: ImportError = r#"{"deviceId":"d1","errorCode":404001,"errorStatus":"d1"}"#
        .parse()
        .unwrap();
    assert_eq!(
        (
            known.device_id.as_deref(),
            known.error_code,
            known.error_status.as_str()
        ),
        (Some("d1"), 404_001, "d1")
    );
    let line = r#"{"errorCode":400012,"errorStatus":"Invalid device format in line: {\"id\":1}. Unexpected.","more":1.0}"#;
    let unreadable: ImportError = line.parse().unwrap();
    assert_eq!(unreadable.device_id, None);
    assert_eq!(unreadable.to_line(), line);
    let text_code: ImportError =
        r#"{"deviceId":"d1","moduleId":"m","errorCode":"409301","errorStatus":null}"#
            .parse()
            .unwrap();
    assert_eq!(
        (text_code.error_code, text_code.subject().as_deref()),
        (409_301, Some("d1/m"))
    );
}

/// Names as the service exports them (Pascal) and as the .NET client writes them (camel).
#[test]
fn configurations_are_read_in_any_case_and_keep_their_own() {
    let pascal = r#"{"Id":"winter","SchemaVersion":"1.0","Labels":{"a":"b"},"Content":{"DeviceContent":{"properties.desired.x":1.0}},"TargetCondition":"*","Priority":10,"Metrics":{"Results":{},"Queries":{}},"ETag":"MQ==","New":1}"#;
    let camel = r#"{"id":"winter","schemaVersion":"1.0","labels":null,"targetCondition":"*","priority":10,"etag":"MQ==","importMode":"createOrUpdateIfMatchETag"}"#;
    for (line, case) in [(pascal, NameCase::Pascal), (camel, NameCase::Camel)] {
        let read: Configuration = line.parse().unwrap();
        assert_eq!(
            (read.id.as_str(), read.priority.to_option(), read.name_case),
            ("winter", Some(10), case)
        );
        assert_eq!(read.etag.as_deref(), Some("MQ=="));
        assert_eq!(read.to_line(), line);
    }
}
