//! The check of a device file and the local hub agree on every row: what one rejects is an error for the other.

use std::collections::BTreeSet;

use jobs_devices::rules::Severity;
use jobs_devices::transform::{Context, Purpose, check};
use jobs_devices::{ImportMode, RowRef, Scratch};
use jobs_ext::ImportOptions;

use crate::stage::Stage;

/// An edge device that is there before the import, and its scope.
const EDGE: &str = r#"{"id":"edge","status":"enabled","importMode":"create","capabilities":{"iotEdge":true},"deviceScope":"ms-azure-iot-edge://edge-7"}"#;
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAA==";

/// What members may be. The first of each list is what no rule concerns; an empty text leaves the member out.
const MEMBERS: [(&str, &[&str]); 12] = [
    (
        "status",
        &[
            r#""enabled""#,
            r#""Disabled""#,
            r#""paused""#,
            "null",
            "",
            "1",
            r#""""#,
        ],
    ),
    (
        "importMode",
        &[
            "",
            "null",
            r#""create""#,
            r#""CreateOrUpdate""#,
            r#""createOrUpdateIfMatchETag""#,
            r#""update""#,
            r#""UPDATEIFMATCHETAG""#,
            r#""delete""#,
            r#""DeleteIfMatchETag""#,
            r#""updateTwin""#,
            r#""updateTwinIfMatchETag""#,
            r#""upsert""#,
            r#""""#,
            "true",
        ],
    ),
    (
        "authentication",
        &[
            "null",
            "",
            "{}",
            r#"{"type":"SAS"}"#,
            r#"{"type":"Sas","symmetricKey":{"primaryKey":"","secondaryKey":""}}"#,
            r#"{"type":"sas","symmetricKey":{"primaryKey":"KEY","secondaryKey":"KEY"}}"#,
            r#"{"symmetricKey":{"primaryKey":"KEY","secondaryKey":""}}"#,
            r#"{"symmetricKey":{"primaryKey":null,"secondaryKey":"KEY"}}"#,
            r#"{"type":"sas","symmetricKey":{"primaryKey":"AAAA","secondaryKey":"KEY"}}"#,
            r#"{"type":"none","symmetricKey":{"primaryKey":"no base64","secondaryKey":"KEY"}}"#,
            r#"{"type":"selfSigned"}"#,
            r#"{"type":"SELF_SIGNED"}"#,
            r#"{"type":"selfsigned","x509Thumbprint":{"primaryThumbprint":"PRINT"}}"#,
            r#"{"type":"selfSigned","symmetricKey":{"primaryKey":"no base64"},"x509Thumbprint":{"primaryThumbprint":"","secondaryThumbprint":"PRINT"}}"#,
            r#"{"type":"selfSigned","x509Thumbprint":{"primaryThumbprint":"PRINT","secondaryThumbprint":"AA:BB"}}"#,
            r#"{"type":"sas","x509Thumbprint":{"primaryThumbprint":"AA:BB"}}"#,
            r#"{"x509Thumbprint":{"primaryThumbprint":"AA:BB"}}"#,
            r#"{"x509Thumbprint":{"primaryThumbprint":"PRINT"},"symmetricKey":{"primaryKey":"x"}}"#,
            r#"{"type":"CertificateAuthority","x509Thumbprint":{"primaryThumbprint":"AA:BB"}}"#,
            r#"{"type":"key"}"#,
            r#"{"type":null}"#,
            r#"{"type":7}"#,
            r#"{"type":"sas","type":"none"}"#,
            r#"{"Type":"key"}"#,
            "[]",
        ],
    ),
    ("eTag", &[r#""*""#, "", r#""""#, "null"]),
    ("twinETag", &[r#""*""#, "", r#""""#, "null"]),
    (
        "tags",
        &[
            "",
            "null",
            "{}",
            r#"{"a":1}"#,
            r#"{"a b":1}"#,
            r#"{"a b":null}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":{"x.y":1},"a":2}"#,
            r#"{"$metadata":{"a b":1}}"#,
            r#"{"a":{"$version":1}}"#,
            r#"{"a":4503599627370496}"#,
            r#"{"a":1e400}"#,
            r#"{"a":1.5e3}"#,
            r#"{"a":[1,{"b c":2}]}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"1":{"2":{"3":{"4":{"5":{"6":{"7":{"8":{"9":{"10":{"11":{}}}}}}}}}}}}"#,
            r#"{"a":"LONG"}"#,
            "[]",
            r#""""#,
        ],
    ),
    (
        "properties",
        &[
            "",
            "null",
            "{}",
            r#"{"desired":{"a":1},"reported":{"b":true}}"#,
            r#"{"desired":{"a#b":1}}"#,
            r#"{"reported":{"a.b":null}}"#,
            r#"{"desired":null}"#,
            r#"{"desired":{"$metadata":{"$lastUpdated":"x"},"$version":3,"a":1}}"#,
            r#"{"desired":[]}"#,
            r#"{"desired":{"a":-4503599627370497}}"#,
            r#"{"Desired":{"a b":1}}"#,
        ],
    ),
    (
        "statusReason",
        &["", r#""sold""#, r#""REASON""#, "null", "3"],
    ),
    (
        "moduleId",
        &[
            "",
            "null",
            r#""m""#,
            r#""m n""#,
            r#""$edgeAgent""#,
            r#""""#,
            "5",
        ],
    ),
    (
        "capabilities",
        &[
            "",
            r#"{"iotEdge":true}"#,
            r#"{"iotEdge":false}"#,
            "null",
            r#"{"iotEdge":1}"#,
            "{}",
        ],
    ),
    (
        "deviceScope",
        &[
            "",
            r#""ms-azure-iot-edge://edge-7""#,
            r#""some scope""#,
            r#""""#,
            r#""ms-azure-iot-edge://edge""#,
            r#""ms-azure-iot-edge://edge-x7""#,
            "null",
        ],
    ),
    (
        "parentScopes",
        &[
            "",
            "[]",
            r#"["ms-azure-iot-edge://edge-7"]"#,
            r#"["ms-azure-iot-edge://ID-1"]"#,
            r#"["other"]"#,
            r#"[""]"#,
            r#"["ms-azure-iot-edge://edge-7","ms-azure-iot-edge://edge-"]"#,
            "null",
            r#"[null]"#,
        ],
    ),
];

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }
}

/// A value with its placeholders replaced.
fn filled_in(value: &str, id: &str) -> String {
    value
        .replace("KEY", KEY)
        .replace("PRINT", &"A".repeat(40))
        .replace("LONG", &"x".repeat(5000))
        .replace("REASON", &"r".repeat(129))
        .replace("ID", id)
}

/// A row whose id contains the marker: mostly plain, with a few members that are not.
fn line(marker: &str, numbers: &mut Numbers) -> String {
    let ids = ["", "", "", "", "", "", "", " b", "/", "é"];
    let id = format!("{marker}{}", ids[numbers.below(ids.len())]);
    let mut members = vec![format!("\"id\":\"{id}\"")];
    let odd = [0, 1, 1, 1, 2, 2, 3][numbers.below(7)];
    let odd: BTreeSet<usize> = (0..odd).map(|_| numbers.below(MEMBERS.len())).collect();
    for (at, (name, values)) in MEMBERS.iter().enumerate() {
        // Every mode meets every fault.
        let value = match odd.contains(&at) || (*name == "importMode" && numbers.below(2) == 0) {
            true => values[numbers.below(values.len())],
            false => values[0],
        };
        if !value.is_empty() {
            let value = filled_in(value, &id);
            members.push(format!("\"{name}\":{value}"));
        }
        if numbers.below(200) == 0 {
            members.push(format!("\"{}\":{}", name.to_lowercase(), values[0]).replace(":,", ":1,"));
        }
        if numbers.below(100) == 0 {
            let other = filled_in(values[numbers.below(values.len())], &id);
            if !other.is_empty() {
                members.push(format!("\"{name}\":{other}"));
            }
        }
    }
    format!("{{{}}}", members.join(","))
}

/// Rows that put the hub into the state in which it takes the row, if there is one.
fn seeds(line: &str, numbers: &mut Numbers) -> Vec<String> {
    let mut scratch = Scratch::new();
    let Ok(row) = RowRef::parse(line.as_bytes(), &mut scratch) else {
        return Vec::new();
    };
    let (id, mode) = (row.id(), row.effective_mode());
    let exists = match mode {
        ImportMode::Create => false,
        ImportMode::CreateOrUpdate => numbers.below(2) == 0,
        ImportMode::CreateOrUpdateIfMatchETag => row.etag().is_some_and(|etag| !etag.is_empty()),
        _ => true,
    };
    let seed = |module: &str| {
        format!(r#"{{"id":"{id}",{module}"status":"enabled","importMode":"create"}}"#)
    };
    let module = row
        .module()
        .map(|module| format!("\"moduleId\":\"{module}\","));
    let mut seeds = Vec::new();
    if module.is_some() || exists {
        seeds.push(seed(""));
    }
    if let Some(module) = module.filter(|_| exists) {
        seeds.push(seed(&module));
    }
    seeds
}

async fn import(stage: &Stage, lines: &[&str]) {
    stage.put_lines("devices.txt", lines);
    stage
        .client
        .begin_import(ImportOptions::from(stage.container()))
        .await
        .expect("the hub takes the job")
        .await
        .expect("the job completes");
}

/// The marker in a text, `r` and digits between two underscores.
fn marker(text: &str) -> Option<String> {
    let start = text.find("_r")?;
    let (digits, _) = text.get(start + 2..)?.split_once('_')?;
    Some(format!("_r{digits}_"))
}

#[tokio::test]
async fn the_check_calls_an_error_what_the_hub_rejects() {
    let (stage, mut numbers) = (Stage::set().await, Numbers(13));
    let lines: Vec<String> = (0..4000)
        .map(|at| line(&format!("_r{at}_"), &mut numbers))
        .collect();
    let mut seeded = vec![EDGE.to_owned()];
    for line in &lines {
        seeded.extend(seeds(line, &mut numbers));
    }
    let as_texts = |lines: &'_ [String]| {
        lines
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n")
    };
    import(&stage, &[&as_texts(&seeded)]).await;
    import(&stage, &[&as_texts(&lines)]).await;

    let by_hub: BTreeSet<String> = stage
        .rows("importErrors.log")
        .iter()
        .map(|error| marker(&error.to_string()).unwrap_or_else(|| panic!("no marker: {error}")))
        .collect();
    let file = as_texts(&lines);
    let report = check(file.as_bytes(), Purpose::Import, &mut Context::new()).expect("a report");
    let by_check: BTreeSet<String> = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .filter_map(|finding| marker(&lines[usize::try_from(finding.line).expect("small") - 1]))
        .collect();

    let rejected = by_hub.len();
    assert!((400..3600).contains(&rejected), "{rejected} rejects");
    let differ: Vec<_> = lines
        .iter()
        .filter_map(|line| {
            let marker = marker(line)?;
            let (hub, check) = (by_hub.contains(&marker), by_check.contains(&marker));
            (hub != check).then(|| format!("hub rejects: {hub}, check: {check}: {line}"))
        })
        .collect();
    let shown = &differ[..differ.len().min(12)];
    assert!(differ.is_empty(), "{} rows: {shown:#?}", differ.len());
}
