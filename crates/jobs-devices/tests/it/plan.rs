//! What an import would do to a hub, and the one rule about keys behind it.

use jobs_devices::transform::{Context, MAX_PLANNED_IDS, plan_import};
use jobs_devices::{AuthenticationEffect, AuthenticationType, Row, RowRef, Scratch};

/// A row with these members besides its id and status.
fn line(members: &str) -> String {
    format!(r#"{{"id":"d","status":"enabled"{members}}}"#)
}

/// The effect as the borrowed row has it, which the owned row must share.
fn effect(members: &str) -> AuthenticationEffect {
    let line = line(members);
    let mut scratch = Scratch::new();
    let borrowed = RowRef::parse(line.as_bytes(), &mut scratch).expect("a row");
    let owned: Row = line.parse().expect("a row");
    assert_eq!(
        borrowed.authentication_effect(),
        owned.authentication_effect(),
        "{line}"
    );
    borrowed.authentication_effect()
}

const KEYS: &str = r#""symmetricKey":{"primaryKey":"AAAAAAAAAAAAAAAAAAAAAA==","secondaryKey":"AAAAAAAAAAAAAAAAAAAAAA=="}"#;

#[test]
fn a_row_regenerates_keys_when_it_overwrites_an_identity_and_brings_no_pair_of_keys() {
    for members in [
        "",
        r#","importMode":null"#,
        r#","importMode":"CREATEORUPDATE""#,
        r#","importMode":"update""#,
        r#","importMode":"Update","authentication":null"#,
        r#","importMode":"createOrUpdateIfMatchETag","eTag":"MQ==""#,
        r#","importMode":"updateIfMatchETag","eTag":"*""#,
        r#","authentication":{}"#,
        r#","authentication":{"type":"sas"}"#,
        r#","authentication":{"type":"SAS","symmetricKey":null}"#,
        r#","authentication":{"type":"sas","symmetricKey":{"primaryKey":"","secondaryKey":""}}"#,
        r#","authentication":{"type":"sas","symmetricKey":{"primaryKey":null,"secondaryKey":null}}"#,
        r#","authentication":{"symmetricKey":{"primaryKey":"AAAAAAAAAAAAAAAAAAAAAA=="}}"#,
        r#","moduleId":"m""#,
    ] {
        assert!(effect(members).regenerates_keys(), "{members}");
    }
}

#[test]
fn the_last_of_repeated_members_counts() {
    let with_keys = format!(r#","authentication":{{{KEYS}}}"#);
    assert!(effect(&format!(r#"{with_keys},"authentication":null"#)).regenerates_keys());
    assert!(
        effect(&format!(r#"{with_keys},"authentication":{{"type":"sas"}}"#)).regenerates_keys()
    );
    assert_eq!(
        effect(&format!(r#","authentication":null{with_keys}"#)),
        AuthenticationEffect::KeysGiven
    );
    assert!(effect(r#","importMode":"delete","importMode":"update""#).regenerates_keys());
    assert!(!effect(r#","importMode":"update","importMode":"delete""#).regenerates_keys());
}

#[test]
fn rows_that_leave_the_authentication_of_an_identity_alone_have_no_effect() {
    for members in [
        r#","importMode":"create""#,
        r#","importMode":"delete""#,
        r#","importMode":"DeleteIfMatchETag","eTag":"MQ==""#,
        r#","importMode":"updateTwin""#,
        r#","importMode":"updateTwinIfMatchETag","twinETag":"MQ==""#,
        r#","importMode":"updateIfMatchETag""#,
        r#","importMode":"createOrUpdateIfMatchETag","eTag":"""#,
        r#","importMode":"upsert""#,
        r#","authentication":{"type":"self_signed"}"#,
        r#","moduleId":"$edgeAgent""#,
    ] {
        assert_eq!(
            effect(members),
            AuthenticationEffect::Unchanged,
            "{members}"
        );
    }
    let given = format!(r#","authentication":{{"type":"Sas",{KEYS}}}"#);
    assert_eq!(effect(&given), AuthenticationEffect::KeysGiven);
}

#[test]
fn another_type_replaces_the_authentication() {
    for (word, kind) in [
        ("selfSigned", AuthenticationType::SelfSigned),
        ("SELFSIGNED", AuthenticationType::SelfSigned),
        (
            "certificateAuthority",
            AuthenticationType::CertificateAuthority,
        ),
        ("none", AuthenticationType::None),
    ] {
        let members = format!(r#","authentication":{{"type":"{word}"}}"#);
        assert_eq!(effect(&members), AuthenticationEffect::ReplacedBy(kind));
        let created = format!(r#","importMode":"create"{members}"#);
        assert_eq!(effect(&created), AuthenticationEffect::Unchanged);
    }
}

#[test]
fn a_plan_counts_rows_by_mode_and_names_those_that_lose_keys() {
    let file = [
        "Keys are not part of this export.".to_owned(),
        line(r#","tags":{"a":1}"#),
        line(r#","moduleId":"m","importMode":"Delete""#),
        line(r#","importMode":"UpdateTwin","tags":{}"#),
        line(r#","importMode":"upsert""#),
        line(r#","moduleId":"n","authentication":{"type":"None"}"#),
        "{oops".to_owned(),
    ]
    .join("\n");
    let plan = plan_import(file.as_bytes(), &mut Context::new()).expect("a plan");
    assert_eq!(
        (plan.passed.rows, plan.passed.notices, plan.passed.bad_lines),
        (5, 1, 1)
    );
    let by_mode: Vec<_> = plan.by_mode.into_iter().collect();
    let expected = [
        ("createOrUpdate", 2),
        ("delete", 1),
        ("unknown", 1),
        ("updateTwin", 1),
    ];
    assert_eq!(by_mode, expected);
    assert_eq!(plan.deletions, 1);
    let tags: Vec<_> = plan.tags_replaced.into_iter().collect();
    assert_eq!(tags, [("createOrUpdate", 1), ("updateTwin", 1)]);
    let keys = &plan.keys_regenerated;
    assert_eq!((keys.rows, keys.identities[0].id.as_str()), (1, "d"));
    let replaced = &plan.authentication_replaced;
    assert_eq!(replaced.rows, 1);
    assert_eq!(replaced.identities[0].module_id.as_deref(), Some("n"));
    assert_eq!(
        replaced.identities[0].authentication,
        AuthenticationType::None
    );
}

#[test]
fn a_plan_counts_all_rows_and_names_the_first() {
    let rows = 20_000;
    let file: String = (0..rows)
        .map(|number| format!("{{\"id\":\"device-{number}\",\"status\":\"enabled\"}}\n"))
        .collect();
    let plan = plan_import(file.as_bytes(), &mut Context::new()).expect("a plan");
    assert_eq!((plan.passed.rows, plan.keys_regenerated.rows), (rows, rows));
    assert!(plan.keys_regenerated.is_cut());
    let identities = &plan.keys_regenerated.identities;
    assert_eq!(identities.len(), MAX_PLANNED_IDS);
    for (number, identity) in identities.iter().enumerate() {
        assert_eq!(identity.id, format!("device-{number}"));
    }
}
