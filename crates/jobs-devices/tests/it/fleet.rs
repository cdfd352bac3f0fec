//! Generated and anonymised fleets.

use std::collections::{BTreeSet, HashMap, HashSet};

use jobs_devices::transform::{
    AnonymiseKey, Context, GenerateOptions, TEST_KEY_MARK, Template, TransformError, TwinText,
    anonymise, generate,
};
use jobs_devices::{Item, Reader, Row};
use serde_json::Value;

fn fleet(options: &GenerateOptions) -> Vec<u8> {
    let mut file = Vec::new();
    generate(&mut file, options, &mut Context::new()).unwrap();
    file
}

fn rows(file: &[u8]) -> Vec<Row> {
    Reader::new(file)
        .map(|entry| match entry.unwrap().item {
            Item::Row(row) => row,
            other => panic!("not a row: {other:?}"),
        })
        .collect()
}

#[test]
fn the_same_seed_makes_the_same_bytes_and_another_other_ones() {
    let options = GenerateOptions::new(500).seed(42);
    assert_eq!(fleet(&options), fleet(&options.clone()));
    assert_ne!(fleet(&options), fleet(&options.clone().seed(43)));
    // The first rows pin the numbers, which no release may change.
    let file = fleet(&GenerateOptions::new(1).seed(1));
    assert!(
        String::from_utf8(file)
            .unwrap()
            .starts_with("{\"id\":\"test-device-0000001\",")
    );
}

#[test]
fn a_fleet_of_a_dozen_rows_has_every_kind() {
    let all = rows(&fleet(&GenerateOptions::new(12)));
    let kinds: BTreeSet<_> = all
        .iter()
        .map(|row| {
            row.authentication
                .as_ref()
                .unwrap()
                .kind
                .to_option()
                .unwrap()
                .as_str()
                .to_owned()
        })
        .collect();
    assert_eq!(
        kinds.iter().map(String::as_str).collect::<Vec<_>>(),
        ["certificateAuthority", "none", "sas", "selfSigned"]
    );
    assert!(all.iter().any(|row| row.module_id.is_some()));
    assert!(all.iter().any(Row::is_edge));
    assert!(
        all.iter()
            .any(|row| row.device_scope.is_some() && !row.is_edge())
    );
}

#[test]
fn every_generated_row_is_one_the_service_takes_and_no_identity_comes_twice() {
    let file = fleet(&GenerateOptions::new(5_000).seed(9));
    let all = rows(&file);
    assert_eq!(all.len(), 5_000);
    let mut seen = HashSet::new();
    for row in &all {
        row.validate().unwrap();
        assert!(seen.insert((row.id.clone(), row.module_id.clone())));
        if let Some(keys) = row
            .authentication
            .as_ref()
            .and_then(|a| a.symmetric_key.as_ref())
        {
            assert!(
                keys.primary_key
                    .as_ref()
                    .unwrap()
                    .expose()
                    .starts_with(TEST_KEY_MARK)
            );
            assert!(
                keys.secondary_key
                    .as_ref()
                    .unwrap()
                    .expose()
                    .starts_with(TEST_KEY_MARK)
            );
        }
    }
    assert!(!file.is_ascii(), "names in several scripts");
    assert!(all.iter().any(|row| row.status_reason.is_some()));
    let nested = |row: &&Row| row.is_edge() && row.parent_scopes.is_some();
    assert!(all.iter().filter(nested).count() > 5);
}

/// Asserts that every parent scope is the own scope of an edge device, and that parents and devices come first.
fn links_hold(all: &[Row]) -> usize {
    let mut own = HashMap::new();
    let mut devices = HashSet::new();
    let mut links = 0;
    for row in all {
        if row.module_id.is_some() {
            assert!(devices.contains(&row.id), "module before its device");
            continue;
        }
        devices.insert(row.id.clone());
        let parents = row.parent_scopes.as_ref().into_iter().flatten();
        if row.is_edge() {
            let scope = row.device_scope.to_option().unwrap();
            assert!(scope.starts_with(&format!("ms-azure-iot-edge://{}-", row.id)));
            own.insert(scope, row.id.clone());
        } else if let Some(scope) = row.device_scope.as_ref() {
            assert!(own.contains_key(scope), "{scope}");
            links += 1;
        }
        for scope in parents {
            assert!(own.contains_key(scope), "{scope}");
            links += 1;
        }
    }
    links
}

#[test]
fn parent_links_of_a_fleet_hold() {
    assert!(links_hold(&rows(&fleet(&GenerateOptions::new(3_000).seed(5)))) > 100);
}

#[test]
fn an_export_s_extras_are_there_when_asked_for() {
    let options = GenerateOptions::new(200).system_modules(true).etags(true);
    let all = rows(&fleet(&options));
    assert!(
        all.iter()
            .any(|row| row.module_id.as_deref() == Some("$edgeHub"))
    );
    assert!(
        all.iter()
            .all(|row| row.etag.is_some() && row.twin_etag.is_some())
    );
}

#[test]
fn a_prefix_that_makes_no_id_is_refused() {
    let options = GenerateOptions::new(1).prefix("a b ");
    let error = generate(Vec::new(), &options, &mut Context::new()).unwrap_err();
    assert!(matches!(error, TransformError::Asked(_)), "{error}");
}

#[test]
fn templates_fill_their_places_row_by_row() {
    let template: Template = r#"{"id":"p{n:3}-{pick:a|b}","status":"enabled",
        "authentication":{"type":"sas","symmetricKey":{"primaryKey":"{key}","secondaryKey":"{key}"}},
        "tags":{"{n}":"{{{hex:4}}}","f":"{=int:3-3}","n":"{=n}","u":"{uuid}"}}"#
        .parse()
        .unwrap();
    let all = rows(&fleet(&GenerateOptions::new(20).seed(3).template(template)));
    for (n, row) in all.iter().enumerate() {
        assert!(row.id.starts_with(&format!("p{:03}-", n + 1)));
        row.validate().unwrap();
        let tags = row.tags.as_ref().unwrap().to_map().unwrap();
        assert_eq!(tags["f"], 3);
        assert_eq!(tags["n"], n + 1);
        assert_eq!(tags["u"].as_str().unwrap().len(), 36);
        let hex = tags["{n}"].as_str().unwrap();
        assert!(hex.starts_with('{') && hex.ends_with('}') && hex.len() == 6);
    }
}

#[test]
fn a_template_that_cannot_work_is_refused_with_the_reason() {
    for (template, part) in [
        (r#"{"id":"same"}"#, "same id"),
        (r#"{"id":"a{n}","status":"{wat}"}"#, "none of"),
        (r#"{"id":"a{n"}"#, "ends with }"),
        (r#"{"id":"a{n}","tags":{"x":"{int:9-1}"}}"#, "none of"),
        (r#"{"id":"a{n}","tags":{"x":"{=uuid}"}}"#, "make a number"),
        (r#"{"id":"{n}","tags":[]}"#, "tags"),
        (r#"["id"]"#, "object"),
        (r#"{"id":"#, "EOF"),
    ] {
        let error = template.parse::<Template>().unwrap_err().to_string();
        assert!(error.contains(part), "{template}: {error}");
    }
}

fn anonymous(file: &[u8], key: &str, twins: TwinText) -> Vec<u8> {
    let mut out = Vec::new();
    let key = AnonymiseKey::new(key.as_bytes()).unwrap();
    anonymise(file, &mut out, &key, twins, &mut Context::new()).unwrap();
    out
}

const PLANTED: &str = r#"Notice naming ACME
{"id":"acme-gw","eTag":"QUNNRQ==","status":"disabled","statusReason":"ACME closed","authentication":{"type":"sas","symmetricKey":{"primaryKey":"QUNNRUFDTUVBQ01FQUNNRQ==","secondaryKey":"QUNNRUFDTUVBQ01FQUNNRUFDTUVBQ01F"}},"twinETag":"QUNNRUFDTUU=","tags":{"owner":"ACME","floor":3,"gateway":"acme-gw"},"properties":{"desired":{"a":["ACME"]},"reported":{}},"capabilities":{"iotEdge":true},"deviceScope":"ms-azure-iot-edge://acme-gw-637000000000000001","symetricKey":"ACME"}
{"id":"acme-gw","moduleId":"$edgeAgent","status":"enabled","authentication":{"type":"none"}}
{"id":"acme-gw","moduleId":"acme-m","status":"enabled","authentication":{"type":"selfSigned","x509Thumbprint":{"primaryThumbprint":"ACACACACACACACACACACACACACACACACACACACAC","secondaryThumbprint":"acacacacacacacacacacacacacacacacacacacacacacacacacacacacacacacac"}}}
{"id":"acme-leaf","status":"enabled","authentication":null,"deviceScope":"ms-azure-iot-edge://acme-gw-637000000000000001","parentScopes":["ms-azure-iot-edge://acme-gw-637000000000000001"],"tags":{"gateway":"acme-gw"}}
"#;

#[test]
fn nothing_planted_survives_and_the_shape_does() {
    let out = anonymous(PLANTED.as_bytes(), "k", TwinText::Mask);
    let text = String::from_utf8(out.clone()).unwrap();
    for planted in ["acme", "ACME", "QUNN", "ACAC", "acac", "637000000000000001"] {
        assert!(!text.contains(planted), "{planted}: {text}");
    }
    let (old, new) = (
        rows(&PLANTED.as_bytes()[PLANTED.find('\n').unwrap() + 1..]),
        rows(&out),
    );
    assert_eq!(old.len(), new.len());
    for (old, new) in old.iter().zip(&new) {
        assert_eq!(new.validate().is_ok(), old.validate().is_ok());
        assert_eq!(old.status, new.status);
        assert_eq!(old.is_edge(), new.is_edge());
        assert_eq!(old.authentication.is_null(), new.authentication.is_null());
        let lengths = |row: &Row| -> Vec<usize> {
            let line: Value = serde_json::from_str(&row.to_line()).unwrap();
            [
                "/eTag",
                "/twinETag",
                "/authentication/symmetricKey/primaryKey",
                "/authentication/symmetricKey/secondaryKey",
                "/authentication/x509Thumbprint/primaryThumbprint",
                "/authentication/x509Thumbprint/secondaryThumbprint",
            ]
            .iter()
            .filter_map(|at| Some(line.pointer(at)?.as_str()?.len()))
            .collect()
        };
        assert_eq!(lengths(old), lengths(new));
    }
    assert_eq!(new[1].module_id.as_deref(), Some("$edgeAgent"));
    assert_eq!(new[0].id, new[1].id);
    assert_eq!(links_hold(&new), 2);
    let tags = new[0].tags.as_ref().unwrap().to_map().unwrap();
    assert_eq!(tags["floor"], 3);
    assert_eq!(
        tags["gateway"], *new[0].id,
        "a tag that names a device follows its new id"
    );
}

#[test]
fn the_key_decides_the_new_names_and_nothing_else_does() {
    let file = fleet(&GenerateOptions::new(200).seed(1));
    let one = anonymous(&file, "first key\n", TwinText::Mask);
    assert_eq!(one, anonymous(&file, "first key", TwinText::Mask));
    assert_ne!(one, anonymous(&file, "second key", TwinText::Mask));
    assert!(AnonymiseKey::new(b"\n").is_none());
    let key = AnonymiseKey::new(b"planted").unwrap();
    assert!(!format!("{key:?}").contains("planted"));
}

#[test]
fn an_anonymised_fleet_keeps_its_links_and_rules() {
    let file = fleet(&GenerateOptions::new(2_000).seed(8));
    let (old, new) = (rows(&file), rows(&anonymous(&file, "k", TwinText::Mask)));
    assert_eq!(links_hold(&old), links_hold(&new));
    let ids: HashSet<_> = old.iter().map(|row| &row.id).collect();
    let new_ids: HashSet<_> = new.iter().map(|row| &row.id).collect();
    assert_eq!(ids.len(), new_ids.len());
    assert!(ids.is_disjoint(&new_ids));
    for row in &new {
        row.validate().unwrap();
    }
}

#[test]
fn kept_twins_are_kept_to_the_byte() {
    let file = fleet(&GenerateOptions::new(50));
    let (old, new) = (rows(&file), rows(&anonymous(&file, "k", TwinText::Keep)));
    for (old, new) in old.iter().zip(&new) {
        assert_eq!(old.tags, new.tags);
        assert_eq!(old.properties, new.properties);
        assert_ne!(old.id, new.id);
    }
}

#[test]
fn bad_lines_and_notices_do_not_leak_into_an_anonymous_file_or_its_report() {
    let file = format!("{PLANTED}{{\"id\":\"acme-broken\"\n");
    let mut out = Vec::new();
    let key = AnonymiseKey::new(b"k").unwrap();
    let report = anonymise(
        file.as_bytes(),
        &mut out,
        &key,
        TwinText::Mask,
        &mut Context::new(),
    )
    .unwrap();
    assert_eq!((report.passed.notices, report.passed.bad_lines), (1, 1));
    let told = serde_json::to_string(&report).unwrap();
    assert!(!told.to_lowercase().contains("acme"), "{told}");
    assert!(!String::from_utf8(out).unwrap().contains("acme"));
}

#[test]
fn rows_of_a_template_for_one_identity_are_counted() {
    for (id, duplicates) in [("d-{n}", 0), ("d-{pick:a|b|c}", 197), ("{hex:8}", 0)] {
        let template = format!(r#"{{"id":"{id}","status":"enabled"}}"#);
        let options = GenerateOptions::new(200).template(template.parse().unwrap());
        let report = generate(&mut Vec::new(), &options, &mut Context::new()).unwrap();
        assert_eq!(report.duplicates, duplicates, "{id}");
    }
}

#[test]
fn the_clients_that_an_edge_hub_names_get_the_names_of_their_rows() {
    let file = concat!(
        r#"{"id":"pump","status":"enabled"}"#,
        "\n",
        r#"{"id":"edge","moduleId":"$edgeHub","status":"enabled","properties":{"desired":{},"reported":{"clients":{"pump/valve":{"status":"Connected"},"edge/$edgeAgent":{}}}}}"#,
        "\n",
        r#"{"id":"pump","moduleId":"valve","status":"enabled"}"#,
        "\n",
    );
    let key = AnonymiseKey::new(b"secret").unwrap();
    let masked = |twins| {
        let mut out = Vec::new();
        anonymise(file.as_bytes(), &mut out, &key, twins, &mut Context::new()).unwrap();
        let lines = String::from_utf8(out).unwrap();
        let rows = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        rows.collect::<Vec<serde_json::Value>>()
    };
    let rows = masked(TwinText::Mask);
    let text = |row: usize, member: &str| rows[row][member].as_str().unwrap();
    let clients = rows[1]["properties"]["reported"]["clients"]
        .as_object()
        .unwrap();
    let expected = [
        format!("{}/{}", text(2, "id"), text(2, "moduleId")),
        format!("{}/$edgeAgent", text(1, "id")),
    ];
    assert!(
        expected.iter().all(|name| clients.contains_key(name)),
        "{clients:?}"
    );
    assert_eq!(clients.len(), 2);
    let kept = &masked(TwinText::Keep)[1]["properties"]["reported"]["clients"];
    assert!(kept.get("pump/valve").is_some());
}
