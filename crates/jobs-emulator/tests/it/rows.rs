//! Rows of an import in their context: rules, duplicates, parents, quotas.

use serde_json::{Value, json};

use crate::import::{codes, lines, row};
use crate::support::{Folder, Rig};

#[tokio::test]
async fn rows_that_break_a_rule_are_refused_by_name() {
    let rig = Rig::start().await;
    let mut system = row("d1", "create");
    system["moduleId"] = json!("$edgeAgent");
    let mut keys = row("d2", "create");
    keys["authentication"] = json!({ "type": "sas", "symmetricKey": { "primaryKey": "dG9vIHNob3J0", "secondaryKey": "dG9vIHNob3J0" } });
    let mut print = row("d3", "create");
    print["authentication"] =
        json!({ "type": "selfSigned", "x509Thumbprint": { "primaryThumbprint": "AB:CD" } });
    let mut tags = row("d4", "create");
    tags["tags"] = json!({ "a.b": 1 });
    let mut scope = row("d5", "create");
    scope["deviceScope"] = json!("ms-azure-iot-edge://nobody-1");
    let errors = rig
        .import(&lines(&[
            row("d1", "create"),
            system,
            keys,
            print,
            tags,
            row("d 6", "create"),
            scope,
        ]))
        .await;
    let mut found = codes(&errors);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            (Some("d 6"), 400_004),
            (Some("d1"), 400_004),
            (Some("d2"), 400_004),
            (Some("d3"), 400_004),
            (Some("d4"), 400_004),
            (Some("d5"), 400_028)
        ]
    );
    assert!(!errors.iter().any(|error| {
        error["errorStatus"]
            .as_str()
            .unwrap()
            .contains("dG9vIHNob3J0")
    }));
    assert_eq!(rig.export().await.len(), 1);
}

#[tokio::test]
async fn the_first_of_two_rows_for_one_identity_counts() {
    let rig = Rig::start().await;
    let mut second = row("d1", "createOrUpdate");
    second["status"] = json!("enabled");
    let mut module = row("d1", "create");
    module["moduleId"] = json!("m1");
    let errors = rig
        .import(&lines(&[row("d1", "create"), module, second]))
        .await;
    assert_eq!(codes(&errors), [(Some("d1"), 400_011)]);
    assert_eq!(rig.get("/devices/d1").await.json()["status"], "disabled");
}

#[tokio::test]
async fn parents_may_stand_below_their_children() {
    let rig = Rig::start().await;
    let scope = "ms-azure-iot-edge://edge-637000000000000000";
    let mut child = row("child", "create");
    child["deviceScope"] = json!(scope);
    let mut module = row("edge", "create");
    module["moduleId"] = json!("m1");
    let mut edge = row("edge", "create");
    edge["capabilities"] = json!({ "iotEdge": true });
    edge["deviceScope"] = json!(scope);
    assert_eq!(
        rig.import(&lines(&[child, module, edge])).await,
        Vec::<Value>::new()
    );
    assert_eq!(rig.get("/devices/child").await.json()["deviceScope"], scope);
    assert_eq!(
        rig.get("/devices/child").await.json()["parentScopes"],
        json!([scope])
    );
    assert_eq!(rig.get("/devices/edge").await.json()["deviceScope"], scope);
    rig.get("/devices/edge/modules/m1").await.is_ok();
}

#[tokio::test]
async fn an_update_of_the_twin_replaces_the_parts_that_are_given() {
    let rig = Rig::start().await;
    let mut first = row("d1", "create");
    first["tags"] = json!({ "a": 1, "b": 2 });
    first["properties"] = json!({ "desired": { "x": 1, "$metadata": { "$lastUpdated": "2020-01-01T00:00:00Z", "x": { "$lastUpdated": "2020-01-01T00:00:00Z" } }, "$version": 7 }, "reported": { "fw": "1" } });
    assert_eq!(rig.import(&lines(&[first])).await, Vec::<Value>::new());
    let twin = rig.get("/twins/d1").await.json();
    assert_eq!(
        twin["properties"]["desired"]["$metadata"]["$lastUpdated"],
        "2020-01-01T00:00:00Z"
    );
    assert_eq!(twin["properties"]["reported"]["fw"], "1");
    let mut second = row("d1", "updateTwin");
    second["tags"] = json!({ "b": 3, "c": null });
    assert_eq!(rig.import(&lines(&[second])).await, Vec::<Value>::new());
    let twin = rig.get("/twins/d1").await.json();
    assert_eq!(twin["tags"], json!({ "b": 3 }));
    assert_eq!(twin["properties"]["desired"]["x"], 1);
    assert_eq!(
        twin["properties"]["desired"]["$metadata"]["$lastUpdated"],
        "2020-01-01T00:00:00Z"
    );
}

#[tokio::test]
async fn what_is_exported_can_be_imported_into_another_hub_and_is_the_same_there() {
    let rig = Rig::start().await;
    let scope = "ms-azure-iot-edge://edge-637000000000000000";
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let input = [
        json!({ "id": "edge", "status": "enabled", "authentication": { "symmetricKey": { "primaryKey": key, "secondaryKey": key }, "type": "sas" }, "capabilities": { "iotEdge": true }, "deviceScope": scope }),
        json!({ "id": "self", "status": "disabled", "statusReason": "grün", "authentication": { "x509Thumbprint": { "primaryThumbprint": "ab".repeat(20), "secondaryThumbprint": null }, "type": "selfSigned" }, "deviceScope": scope }),
        json!({ "id": "ca", "status": "enabled", "authentication": { "type": "certificateAuthority" }, "tags": { "big": 4_503_599_627_370_495_i64, "f": 1.0 } }),
        json!({ "id": "ca", "moduleId": "m", "status": "enabled", "authentication": { "type": "none" }, "properties": { "desired": { "a": [1, { "b": "c" }] }, "reported": { "r": true } } }),
    ];
    assert_eq!(rig.import(&lines(&input)).await, Vec::<Value>::new());
    let exported = rig.export().await;
    let without_system: Vec<_> = exported
        .iter()
        .filter(|row| !row["moduleId"].as_str().unwrap_or("").starts_with('$'))
        .cloned()
        .collect();
    for (given, got) in input.iter().zip(&without_system) {
        for (name, value) in given.as_object().unwrap() {
            assert_eq!(got[name], *value, "{name} of {given}");
        }
    }
    let other = Rig::start().await;
    assert_eq!(
        other.import(&lines(&without_system)).await,
        Vec::<Value>::new()
    );
    let strip = |rows: Vec<Value>| -> Vec<Value> {
        rows.into_iter()
            .map(|mut row| {
                for own in ["eTag", "twinETag"] {
                    row.as_object_mut().unwrap().remove(own);
                }
                row
            })
            .collect()
    };
    assert_eq!(strip(other.export().await), strip(exported));
}

#[tokio::test]
async fn a_free_hub_takes_five_hundred_identities() {
    let rig = Rig::with(jobs_emulator::Emulator::builder().sku(jobs_emulator::Sku::F1)).await;
    let rows: Vec<_> = (0..502).map(|n| row(&format!("d{n}"), "create")).collect();
    let errors = rig.import(&lines(&rows)).await;
    assert_eq!(
        codes(&errors),
        [(Some("d500"), 403_002), (Some("d501"), 403_002)]
    );
    assert_eq!(
        errors[0]["errorStatus"],
        "Total number of devices on IotHub exceeded the allocated quota."
    );
    rig.put("/devices/more", &json!({}))
        .await
        .is_error(403, "IotHubQuotaExceeded");
}

#[tokio::test]
async fn the_log_keeps_the_order_of_the_lines_however_many_read_them() {
    let rig = Rig::start().await;
    // Some megabytes, of which every 7th line is no row and every 11th names a device of long before.
    let reason = "r".repeat(100);
    let line = |n: usize| match n {
        n if n % 7 == 0 => format!("{{\"line\":{n},"),
        n => {
            let id = if n % 11 == 0 { 1 } else { n };
            json!({ "id": format!("d{id}"), "status": "enabled", "statusReason": reason, "tags": { "line": n } }).to_string()
        }
    };
    let input: Vec<String> = (0..15_000).map(line).collect();
    let errors = rig.import(&input.join("\n")).await;
    let expected: Vec<_> = (0..15_000)
        .filter_map(|n| match n {
            n if n % 7 == 0 => Some((None, 400_012)),
            n if n % 11 == 0 => Some((Some("d1"), 400_011)),
            _ => None,
        })
        .collect();
    assert_eq!(codes(&errors), expected);
    let unreadable = errors
        .iter()
        .filter(|error| error.get("deviceId").is_none());
    for (n, error) in (0..).step_by(7).zip(unreadable) {
        let start = format!("Invalid device format in line: {{\"line\":{n},. ");
        let status = error["errorStatus"].as_str().unwrap();
        assert!(status.starts_with(&start), "{status}");
    }
    let exported = rig.export().await;
    assert_eq!(exported.len(), 15_000 - errors.len());
    assert!(
        exported
            .iter()
            .all(|row| row["id"] == format!("d{}", row["tags"]["line"]))
    );
    assert!(
        exported
            .windows(2)
            .all(|two| two[0]["tags"]["line"].as_u64() < two[1]["tags"]["line"].as_u64())
    );
}

#[tokio::test]
async fn an_import_over_what_is_there_replaces_it_and_adds_the_rest() {
    let rig = Rig::start().await;
    let twin = |n: usize, round: usize| {
        json!({ "id": format!("d{n}"), "status": "enabled", "tags": { "round": round },
            "properties": { "desired": { "round": round }, "reported": { "n": n } } })
    };
    let first: Vec<Value> = (0..30).map(|n| twin(n * 2, 1)).collect();
    assert_eq!(rig.import(&lines(&first)).await, Vec::<Value>::new());
    let before = rig.get("/devices/d4").await.json();
    let second: Vec<Value> = (0..60).map(|n| twin(n, 2)).collect();
    assert_eq!(rig.import(&lines(&second)).await, Vec::<Value>::new());
    let rows = rig.export().await;
    assert_eq!(rows.len(), 60);
    assert!(
        rows.iter()
            .all(|row| row["tags"]["round"] == 2 && row["properties"]["desired"]["round"] == 2)
    );
    let after = rig.get("/devices/d4").await.json();
    assert_eq!(before["generationId"], after["generationId"]);
    assert_ne!(before["etag"], after["etag"]);
    for (id, version, desired) in [("d4", 3, 2), ("d5", 2, 1)] {
        let twin = rig.get(&format!("/twins/{id}")).await.json();
        assert_eq!(twin["version"], version, "{id}");
        assert_eq!(twin["properties"]["desired"]["$version"], desired, "{id}");
    }
    let statistics = rig.get("/statistics/devices").await.json();
    assert_eq!(statistics["totalDeviceCount"], 60);
}

#[tokio::test]
async fn of_a_name_that_stands_twice_in_a_twin_the_last_one_counts_everywhere() {
    let rig = Rig::start().await;
    let errors = rig
        .import(concat!(
            r#"{"id":"plain","status":"enabled","tags":{"a":1,"b":{"c":1},"a":2}}"#,
            "\n",
            r#"{"id":"deep","status":"enabled","properties":{"desired":{"o":[{"x":1,"x":2}]},"reported":{"v":1,"v" :{"w":2}}}}"#,
            "\n",
            r#"{"id":"escaped","status":"enabled","tags":{"a":1,"\u0061":2}}"#,
            "\n",
            r#"{"id":"none","status":"enabled","tags":{"z":1.10,"b":{"z":{"b":2}},"c":"\"z\":1,\"z\":2","a":[{"z":1},{"z":2}]}}"#,
            "\n",
        ))
        .await;
    assert_eq!(errors, Vec::<Value>::new());
    let rows = rig.export().await;
    let query = json!({ "query": "SELECT deviceId FROM devices WHERE tags.a = 2" });
    let found = rig.post("/devices/query", &query).await.json();
    assert_eq!(
        found,
        json!([{ "deviceId": "plain" }, { "deviceId": "escaped" }])
    );
    for (id, tags) in [
        ("plain", json!({ "a": 2, "b": { "c": 1 } })),
        ("escaped", json!({ "a": 2 })),
    ] {
        let twin = rig.get(&format!("/twins/{id}")).await.json();
        assert_eq!(twin["tags"], tags, "{id}");
    }
    let text = exported(&rig).await;
    assert!(text.contains(r#""tags":{"a":2,"b":{"c":1}}"#), "{text}");
    assert!(text.contains(r#""desired":{"o":[{"x":2}]}"#), "{text}");
    assert!(text.contains(r#""reported":{"v":{"w":2}}"#), "{text}");
    assert!(!text.contains("u0061"), "{text}");
    // A section without such a name stays as it was written.
    assert!(
        text.contains(r#""tags":{"z":1.10,"b":{"z":{"b":2}},"c":"#),
        "{text}"
    );
    assert_eq!(rows.len(), 4);
}

#[tokio::test]
async fn a_row_is_exported_as_one_line_however_it_was_broken() {
    let rig = Rig::start().await;
    let errors = rig
        .import("{\"id\":\"d1\",\"status\":\"enabled\",\r\"tags\":{\"a\":\r1.10},\"properties\":{\"desired\":\r{\"b\":\r{\"c\":null,\r\"d\":1}}}}\n")
        .await;
    assert_eq!(errors, Vec::<Value>::new());
    let text = exported(&rig).await;
    assert!(!text.contains('\r'), "{text:?}");
    assert!(text.contains("1.10"), "{text:?}");
}

/// An export as it stands in its blob.
async fn exported(rig: &Rig) -> String {
    let folder = Folder::new();
    rig.run(&json!({ "type": "export", "outputBlobContainerUri": folder.uri() }))
        .await;
    folder.read("devices.txt")
}
