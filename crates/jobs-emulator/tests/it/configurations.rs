//! `/configurations`.

use jobs_emulator::{Emulator, Sku};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Folder, Rig};

#[tokio::test]
async fn a_configuration_is_created_read_updated_and_deleted() {
    let rig = Rig::start().await;
    let content = json!({"deviceContent": {"properties.desired.x": 1}});
    let made = rig
        .put(
            "/configurations/c1",
            &json!({"id": "c1", "schemaVersion": "1.0", "content": content, "priority": 3}),
        )
        .await;
    let body = made.is_ok().json();
    assert_eq!(
        (
            body["id"].clone(),
            body["priority"].clone(),
            body["content"].clone()
        ),
        (json!("c1"), json!(3), content)
    );
    assert!(body["createdTimeUtc"].is_string());
    let etag = body["etag"].as_str().unwrap();
    rig.put("/configurations/c1", &json!({"id": "c1"}))
        .await
        .is_error(409, "ConfigurationAlreadyExists");
    let changed = json!({"id": "c1", "priority": 9, "content": {"deviceContent": {"properties.desired.x": 99}}});
    rig.send_matching(Method::PUT, "/configurations/c1", "\"nope\"", &changed)
        .await
        .is_error(412, "PreconditionFailed");
    let seen = rig
        .send_matching(
            Method::PUT,
            "/configurations/c1",
            &format!("\"{etag}\""),
            &changed,
        )
        .await;
    assert_eq!(
        (
            seen.is_ok().json()["priority"].clone(),
            seen.json()["createdTimeUtc"].clone()
        ),
        (json!(9), body["createdTimeUtc"].clone())
    );
    // The content never changes, and an update repeats it.
    assert_eq!(seen.json()["content"], body["content"]);
    rig.send_matching(
        Method::PUT,
        "/configurations/c1",
        "*",
        &json!({"priority": 1}),
    )
    .await
    .is_error(400, "InvalidConfigurationContent");
    assert_eq!(
        rig.get("/configurations")
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(rig.delete("/configurations/c1").await.status.as_u16(), 204);
    rig.get("/configurations/c1")
        .await
        .is_error(404, "ConfigurationNotFound");
    rig.delete("/configurations/c1")
        .await
        .is_error(404, "ConfigurationNotFound");
    rig.send_matching(Method::PUT, "/configurations/c1", "*", &changed)
        .await
        .is_error(404, "ConfigurationNotFound");
}

#[tokio::test]
async fn ids_and_numbers_have_limits() {
    let rig = Rig::with(Emulator::builder().sku(Sku::F1)).await;
    rig.put("/configurations/Upper", &json!({}))
        .await
        .is_error(400, "ArgumentInvalid");
    rig.put("/configurations/c1", &json!({"id": "other"}))
        .await
        .is_error(400, "ArgumentInvalid");
    for n in 0..10 {
        rig.put(&format!("/configurations/c{n}"), &json!({}))
            .await
            .is_ok();
    }
    rig.put("/configurations/c10", &json!({}))
        .await
        .is_error(413, "ConfigurationCountLimitExceeded");
    assert_eq!(
        rig.get("/configurations?top=3")
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn queries_are_tested_without_being_kept() {
    let rig = Rig::start().await;
    let body = json!({"targetCondition": "tags.a = ", "customMetricQueries": {"good": "SELECT deviceId FROM devices", "bad": "SELECT"}});
    let seen = rig.post("/configurations/testQueries", &body).await;
    let answer = seen.is_ok().json();
    assert!(
        answer["targetConditionError"]
            .as_str()
            .unwrap()
            .contains("expected")
    );
    assert_eq!(answer["customMetricQueryErrors"]["good"], "");
    assert_ne!(answer["customMetricQueryErrors"]["bad"], "");
}

#[tokio::test]
async fn a_configuration_with_a_wrong_type_is_refused() {
    let (rig, folder) = (Rig::start().await, Folder::new());
    for (member, value) in [
        ("priority", json!("high")),
        ("priority", json!(1.5)),
        ("labels", json!(5)),
        ("content", json!("x")),
        ("metrics", json!([])),
        ("targetCondition", json!(5)),
        ("schemaVersion", json!(1)),
        ("systemMetrics", json!("x")),
        ("Priority", json!("high")),
        ("Id", json!("zzz")),
        ("ID", json!(5)),
    ] {
        let seen = rig
            .put("/configurations/bad", &json!({ member: value }))
            .await;
        seen.is_error(400, "ArgumentInvalid");
    }
    rig.get("/configurations/bad")
        .await
        .is_error(404, "ConfigurationNotFound");
    let job = rig
        .run(&json!({ "type": "export", "outputBlobContainerUri": folder.uri(), "includeConfigurations": true }))
        .await;
    assert_eq!(job["status"], "completed", "{job}");
}

#[tokio::test]
async fn names_are_read_in_any_case_and_kept_in_the_wires() {
    let rig = Rig::start().await;
    let spelt = json!({
        "Id": "c1", "Priority": 7,
        "Content": { "DeviceContent": {}, "MODULECONTENT": {}, "ModulesContent": { "$edgeAgent": {}, "Edge": {} } },
        "Metrics": { "Results": { "Up": 1 }, "Queries": { "Up": "SELECT deviceId FROM devices" } },
        "SystemMetrics": { "Queries": {} }, "Labels": { "Site": "A" },
    });
    rig.put("/configurations/c1", &spelt).await.is_ok();
    let seen = rig.get("/configurations/c1").await.json();
    for (member, value) in [
        ("id", json!("c1")),
        ("priority", json!(7)),
        (
            "content",
            json!({ "deviceContent": {}, "moduleContent": {}, "modulesContent": { "$edgeAgent": {}, "Edge": {} } }),
        ),
        (
            "metrics",
            json!({ "results": { "Up": 1 }, "queries": { "Up": "SELECT deviceId FROM devices" } }),
        ),
        ("systemMetrics", json!({ "queries": {} })),
        ("labels", json!({ "Site": "A" })),
    ] {
        assert_eq!(seen[member], value, "{seen}");
    }
    let capitals: Vec<_> = seen
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| name.starts_with(char::is_uppercase))
        .collect();
    assert!(capitals.is_empty(), "{capitals:?}");
}

#[tokio::test]
async fn an_exported_configuration_is_spelt_alike_at_every_level_and_comes_back_the_same() {
    let (rig, folder) = (Rig::start().await, Folder::new());
    let made = json!({
        "content": { "deviceContent": { "properties.desired.x": 1 } }, "labels": { "site": "a" },
        "metrics": { "results": {}, "queries": { "up": "SELECT deviceId FROM devices" } },
    });
    rig.put("/configurations/c1", &made).await.is_ok();
    rig.run(&json!({ "type": "export", "outputBlobContainerUri": folder.uri(), "includeConfigurations": true }))
        .await;
    let line = folder.rows("configurations.txt").remove(0);
    assert_eq!(
        line["Content"],
        json!({ "DeviceContent": { "properties.desired.x": 1 } })
    );
    assert_eq!(
        line["Metrics"],
        json!({ "Results": {}, "Queries": { "up": "SELECT deviceId FROM devices" } })
    );
    assert_eq!(line["Labels"], json!({ "site": "a" }));

    let other = Rig::start().await;
    assert_eq!(import(&other, &folder.read("configurations.txt")).await, "");
    let (before, after) = (
        rig.get("/configurations/c1").await.json(),
        other.get("/configurations/c1").await.json(),
    );
    for member in ["content", "metrics", "labels"] {
        assert_eq!(after[member], before[member]);
    }
}

/// Imports these configurations; gives the log of errors.
async fn import(rig: &Rig, lines: &str) -> String {
    let folder = Folder::new();
    folder
        .write("devices.txt", "{\"id\":\"d1\",\"status\":\"enabled\"}\n")
        .write("configurations.txt", lines);
    let body = json!({ "type": "import", "inputBlobContainerUri": folder.uri(), "outputBlobContainerUri": folder.uri(),
        "includeConfigurations": true });
    assert_eq!(rig.run(&body).await["status"], "completed");
    folder.read("importConfigErrors.log")
}

#[tokio::test]
async fn an_import_mode_that_configurations_do_not_have_makes_the_line_unreadable() {
    let rig = Rig::start().await;
    rig.put("/configurations/c1", &json!({ "priority": 1 }))
        .await
        .is_ok();
    for mode in ["nope", "updateTwin", "updateTwinIfMatchETag"] {
        let line = format!("{{\"id\":\"c1\",\"priority\":9,\"importMode\":\"{mode}\"}}");
        let log = import(&rig, &line).await;
        let error: Value = serde_json::from_str(&log).unwrap();
        assert_eq!(error["errorCode"], 400_012, "{log}");
        assert!(
            error["errorStatus"].as_str().unwrap().contains(&line),
            "{log}"
        );
        assert_eq!(rig.get("/configurations/c1").await.json()["priority"], 1);
    }
    let line = "{\"id\":\"c1\",\"priority\":9,\"importMode\":\"CreateOrUpdate\"}";
    assert_eq!(import(&rig, line).await, "");
    assert_eq!(rig.get("/configurations/c1").await.json()["priority"], 9);
}

#[tokio::test]
async fn an_import_keeps_to_the_number_of_configurations_of_the_tier() {
    let rig = Rig::with(Emulator::builder().sku(Sku::F1)).await;
    let lines: String = (0..12)
        .map(|n| format!("{{\"id\":\"c{n:02}\"}}\n"))
        .collect();
    let log = import(&rig, &lines).await;
    let errors: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let seen: Vec<_> = errors
        .iter()
        .map(|error| (&error["configurationId"], &error["errorCode"]))
        .collect();
    assert_eq!(
        seen,
        [
            (&json!("c10"), &json!(413_000)),
            (&json!("c11"), &json!(413_000))
        ],
        "{log}"
    );
    // What is there already may be changed in a full hub.
    assert_eq!(import(&rig, "{\"id\":\"c00\",\"priority\":2}\n").await, "");
}

#[tokio::test]
async fn target_conditions_have_a_language_of_their_own() {
    let rig = Rig::start().await;
    let put = async |n: usize, condition: &Value| {
        rig.put(
            &format!("/configurations/c{n}"),
            &json!({ "targetCondition": condition }),
        )
        .await
    };
    for (n, condition) in [
        json!(null),
        json!(""),
        json!("*"),
        json!("tags.site = 'a' AND NOT (properties.reported.fw < 3 OR deviceId = 'x')"),
        json!("FROM devices.modules WHERE moduleId = 'm' and tags.a = 1"),
    ]
    .iter()
    .enumerate()
    {
        put(n, condition).await.is_ok();
    }
    for (condition, part) in [
        ("deviceId IN ['a']", "IN"),
        ("status = 'enabled'", "status"),
        ("properties.desired.x = 1", "properties.desired.x"),
        ("moduleId = 'm'", "moduleId"),
        ("tags.a", "tags.a"),
        ("STARTSWITH(deviceId, 'a')", "STARTS_WITH"),
        ("tags.a = ", "cannot be read"),
    ] {
        let seen = put(99, &json!(condition)).await;
        seen.is_error(400, "InvalidConfigurationTargetCondition");
        assert!(seen.text.contains(part), "{condition}: {}", seen.text);
    }
}

#[tokio::test]
async fn the_content_is_of_one_kind_and_has_names_of_desired_properties() {
    let rig = Rig::start().await;
    let over_modules = "FROM devices.modules WHERE moduleId = 'm'";
    for (condition, content, is_right) in [
        (
            "",
            json!({ "deviceContent": { "properties.desired.x": 1 } }),
            true,
        ),
        (
            "",
            json!({ "deviceContent": { "properties.desired": {} }, "modulesContent": {}, "moduleContent": null }),
            true,
        ),
        ("", json!({ "deviceContent": { "x": 1 } }), false),
        (
            "",
            json!({ "moduleContent": { "properties.desired.x": 1 } }),
            true,
        ),
        (
            over_modules,
            json!({ "moduleContent": { "properties.desired.x": 1 } }),
            true,
        ),
        (
            "tags.a = 1",
            json!({ "moduleContent": { "properties.desired.x": 1 } }),
            false,
        ),
        (
            "",
            json!({ "modulesContent": { "$edgeAgent": {}, "m": {} } }),
            true,
        ),
        ("", json!({ "modulesContent": { "m": {} } }), false),
        (
            "",
            json!({ "deviceContent": { "properties.desired.x": 1 }, "moduleContent": { "properties.desired.x": 1 } }),
            false,
        ),
    ] {
        let seen = rig
            .put(
                "/configurations/c",
                &json!({ "targetCondition": condition, "content": content }),
            )
            .await;
        if is_right {
            seen.is_ok();
            rig.delete("/configurations/c").await;
        } else {
            seen.is_error(400, "InvalidConfigurationContent");
        }
    }
}

#[tokio::test]
async fn content_is_applied_to_the_modules_of_an_edge_device() {
    let rig = Rig::start().await;
    rig.put("/devices/plain", &json!({})).await.is_ok();
    rig.put(
        "/devices/edge",
        &json!({ "capabilities": { "iotEdge": true } }),
    )
    .await
    .is_ok();
    let content = json!({ "modulesContent": {
        "$edgeAgent": { "properties.desired": { "schemaVersion": "1.1" } },
        "filter": { "properties.desired.limits.high": 5, "properties.desired.on": true },
    } });
    let seen = rig
        .post("/devices/edge/applyConfigurationContent", &content)
        .await;
    assert_eq!(seen.status.as_u16(), 204, "{}", seen.text);
    let desired = async |module: &str| {
        let twin = rig.get(&format!("/twins/edge/modules/{module}")).await;
        twin.is_ok().json()["properties"]["desired"].clone()
    };
    assert_eq!(desired("$edgeAgent").await["schemaVersion"], "1.1");
    let filter = desired("filter").await;
    assert_eq!(
        (&filter["limits"]["high"], &filter["on"]),
        (&json!(5), &json!(true))
    );
    for (device, content) in [
        ("plain", content.clone()),
        (
            "edge",
            json!({ "deviceContent": { "properties.desired.x": 1 } }),
        ),
        (
            "edge",
            json!({ "modulesContent": { "filter": { "x": 1 } } }),
        ),
        (
            "edge",
            json!({ "modulesContent": { "new": { "properties.desired": 1 } } }),
        ),
    ] {
        rig.post(
            &format!("/devices/{device}/applyConfigurationContent"),
            &content,
        )
        .await
        .is_error(400, "InvalidConfigurationContent");
    }
    rig.post("/devices/none/applyConfigurationContent", &content)
        .await
        .is_error(404, "DeviceNotFound");
    rig.get("/devices/edge/modules/new")
        .await
        .is_error(404, "ModuleNotFound");
}
