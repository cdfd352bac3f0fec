//! Device and module identities, twins, bulk changes, statistics.

use reqwest::Method;
use serde_json::json;

use crate::support::Rig;

#[tokio::test]
async fn a_device_is_created_read_updated_and_deleted() {
    let rig = Rig::start().await;
    let made = rig
        .put(
            "/devices/d1",
            &json!({ "deviceId": "d1", "status": "enabled" }),
        )
        .await;
    made.is_ok();
    let body = made.json();
    let etag = body["etag"].as_str().unwrap().to_owned();
    assert_eq!(made.header("etag"), Some(format!("\"{etag}\"").as_str()));
    assert_eq!(body["connectionState"], "Disconnected");
    let keys = &body["authentication"]["symmetricKey"];
    assert_eq!(body["authentication"]["type"], "sas");
    assert_eq!(keys["primaryKey"].as_str().unwrap().len(), 44);
    assert_ne!(keys["primaryKey"], keys["secondaryKey"]);

    rig.put("/devices/d1", &json!({}))
        .await
        .is_error(409, "DeviceAlreadyExists");
    let changed = json!({ "deviceId": "d1", "status": "disabled", "statusReason": "why", "authentication": body["authentication"] });
    rig.send_matching(Method::PUT, "/devices/d1", "\"nope\"", &changed)
        .await
        .is_error(412, "PreconditionFailed");
    let seen = rig
        .send_matching(Method::PUT, "/devices/d1", &format!("\"{etag}\""), &changed)
        .await;
    assert_eq!(seen.is_ok().json()["status"], "disabled");
    assert_eq!(seen.json()["authentication"], body["authentication"]);
    assert_ne!(seen.json()["etag"], body["etag"]);
    rig.send_matching(Method::PUT, "/devices/d1", "\"*\"", &changed)
        .await
        .is_ok();
    rig.send_matching(Method::PUT, "/devices/d2", "*", &changed)
        .await
        .is_error(400, "ArgumentInvalid");
    rig.send_matching(Method::PUT, "/devices/d2", "*", &json!({}))
        .await
        .is_error(404, "DeviceNotFound");
    rig.send_matching(Method::DELETE, "/devices/d1", "\"nope\"", &json!({}))
        .await
        .is_error(412, "PreconditionFailed");
    assert_eq!(
        rig.send_matching(Method::DELETE, "/devices/d1", "\"*\"", &json!({}))
            .await
            .status
            .as_u16(),
        204
    );
    rig.get("/devices/d1").await.is_error(404, "DeviceNotFound");
    rig.delete("/devices/d1")
        .await
        .is_error(404, "DeviceNotFound");
}

#[tokio::test]
async fn lists_take_top_and_a_slash_at_the_end() {
    let rig = Rig::start().await;
    for n in 0..5 {
        rig.put(&format!("/devices/d{n}"), &json!({})).await.is_ok();
    }
    let ids = |seen: &crate::support::Seen| {
        seen.json()
            .as_array()
            .unwrap()
            .iter()
            .map(|device| device["deviceId"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&rig.get("/devices?top=2").await), ["d0", "d1"]);
    assert_eq!(ids(&rig.get("/devices/").await).len(), 5);
    rig.get("/devices?top=0")
        .await
        .is_error(400, "ArgumentInvalid");
}

#[tokio::test]
async fn statistics_count_devices_by_status() {
    let rig = Rig::start().await;
    rig.put("/devices/d1", &json!({})).await.is_ok();
    rig.put("/devices/d2", &json!({ "status": "disabled" }))
        .await
        .is_ok();
    rig.put("/devices/d1/modules/m1", &json!({})).await.is_ok();
    assert_eq!(
        rig.get("/statistics/devices").await.is_ok().json(),
        json!({ "totalDeviceCount": 2, "enabledDeviceCount": 1, "disabledDeviceCount": 1 })
    );
}

#[tokio::test]
async fn empty_and_missing_keys_are_made_and_given_ones_are_checked() {
    let rig = Rig::start().await;
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    for (n, keys) in [
        json!({}),
        json!({ "primaryKey": "", "secondaryKey": "" }),
        json!({ "primaryKey": null }),
    ]
    .iter()
    .enumerate()
    {
        let body = json!({ "authentication": { "type": "sas", "symmetricKey": keys } });
        let made = rig
            .put(&format!("/devices/made{n}"), &body)
            .await
            .is_ok()
            .json();
        let keys = &made["authentication"]["symmetricKey"];
        assert_eq!(
            (
                keys["primaryKey"].as_str().unwrap().len(),
                keys["secondaryKey"].as_str().unwrap().len()
            ),
            (44, 44)
        );
        assert_ne!(keys["primaryKey"], keys["secondaryKey"]);
    }
    let given =
        json!({ "authentication": { "symmetricKey": { "primaryKey": key, "secondaryKey": key } } });
    assert_eq!(
        rig.put("/devices/given", &given).await.is_ok().json()["authentication"]["symmetricKey"]["primaryKey"],
        key
    );
    for keys in [
        json!({ "primaryKey": key }),
        json!({ "primaryKey": "!", "secondaryKey": key }),
        json!({ "primaryKey": "c2hvcnQ=", "secondaryKey": key }),
    ] {
        let seen = rig
            .put(
                "/devices/bad",
                &json!({ "authentication": { "symmetricKey": keys } }),
            )
            .await;
        seen.is_error(400, "ArgumentInvalid");
        assert!(!seen.text.contains(key));
    }
}

#[tokio::test]
async fn every_kind_of_authentication_is_kept() {
    let rig = Rig::start().await;
    for (id, authentication) in [
        (
            "a",
            json!({ "type": "selfSigned", "x509Thumbprint": { "primaryThumbprint": "aB".repeat(20), "secondaryThumbprint": "0F".repeat(32) } }),
        ),
        ("b", json!({ "type": "certificateAuthority" })),
        ("c", json!({ "type": "none" })),
    ] {
        let seen = rig
            .put(
                &format!("/devices/{id}"),
                &json!({ "authentication": authentication }),
            )
            .await
            .is_ok()
            .json();
        assert_eq!(seen["authentication"]["type"], authentication["type"]);
        assert_eq!(
            seen["authentication"]["symmetricKey"]["primaryKey"],
            json!(null)
        );
        if id == "a" {
            assert_eq!(
                seen["authentication"]["x509Thumbprint"],
                authentication["x509Thumbprint"]
            );
        }
    }
    for authentication in [
        json!({ "type": "selfSigned" }),
        json!({ "type": "magic" }),
        json!({ "type": "selfSigned", "x509Thumbprint": { "primaryThumbprint": "AB:CD" } }),
    ] {
        rig.put("/devices/x", &json!({ "authentication": authentication }))
            .await
            .is_error(400, "ArgumentInvalid");
    }
}

#[tokio::test]
async fn ids_may_hold_the_services_characters_and_no_others() {
    let rig = Rig::start().await;
    let id = "a-:.+%_#*?!(),=@;$'Z";
    let path = format!("/devices/{}", crate::support::encode(id));
    assert_eq!(
        rig.put(&path, &json!({ "deviceId": id }))
            .await
            .is_ok()
            .json()["deviceId"],
        id
    );
    assert_eq!(rig.get(&path).await.is_ok().json()["deviceId"], id);
    // Decoded once only.
    rig.get("/devices/a%252D")
        .await
        .is_error(404, "DeviceNotFound");
    for bad in ["a%20b", "a%2Fb", "%C3%BC", &"x".repeat(129)] {
        rig.put(&format!("/devices/{bad}"), &json!({}))
            .await
            .is_error(400, "ArgumentInvalid");
    }
    rig.put(&format!("/devices/{}", "x".repeat(128)), &json!({}))
        .await
        .is_ok();
    rig.put("/devices/case", &json!({})).await.is_ok();
    rig.get("/devices/CASE")
        .await
        .is_error(404, "DeviceNotFound");
}

#[tokio::test]
async fn modules_live_under_their_device() {
    let rig = Rig::start().await;
    rig.put("/devices/d1/modules/m1", &json!({}))
        .await
        .is_error(404, "DeviceNotFound");
    rig.put("/devices/d1", &json!({})).await.is_ok();
    let module = rig
        .put("/devices/d1/modules/m1", &json!({ "managedBy": "me" }))
        .await
        .is_ok()
        .json();
    assert_eq!(
        (
            &module["deviceId"],
            &module["moduleId"],
            &module["managedBy"]
        ),
        (&json!("d1"), &json!("m1"), &json!("me"))
    );
    assert_eq!(rig.get("/devices/d1/modules/m1").await.json(), module);
    rig.put("/devices/d1/modules/m1", &json!({}))
        .await
        .is_error(409, "ModuleAlreadyExistsOnDevice");
    rig.put("/devices/d1/modules/$system", &json!({}))
        .await
        .is_error(400, "ArgumentInvalid");
    rig.send_matching(Method::PUT, "/devices/d1/modules/m1", "\"x\"", &json!({}))
        .await
        .is_error(412, "PreconditionFailed");
    rig.send_matching(Method::PUT, "/devices/d1/modules/m1", "\"*\"", &json!({}))
        .await
        .is_ok();
    assert_eq!(
        rig.get("/devices/d1/modules")
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    rig.get("/devices/none/modules")
        .await
        .is_error(404, "DeviceNotFound");
    rig.get("/devices/d1/modules/none")
        .await
        .is_error(404, "ModuleNotFound");
    // The device takes its modules along.
    assert_eq!(rig.delete("/devices/d1").await.status.as_u16(), 204);
    rig.put("/devices/d1", &json!({})).await.is_ok();
    assert_eq!(rig.get("/devices/d1/modules").await.json(), json!([]));
}

#[tokio::test]
async fn a_device_has_at_most_fifty_modules_besides_the_systems() {
    let rig = Rig::start().await;
    rig.put(
        "/devices/d1",
        &json!({ "capabilities": { "iotEdge": true } }),
    )
    .await
    .is_ok();
    for n in 0..50 {
        rig.put(&format!("/devices/d1/modules/m{n}"), &json!({}))
            .await
            .is_ok();
    }
    rig.put("/devices/d1/modules/more", &json!({}))
        .await
        .is_error(413, "TooManyModulesOnDevice");
}

#[tokio::test]
async fn a_child_names_the_scope_of_an_edge_device() {
    let rig = Rig::start().await;
    let edge = rig
        .put(
            "/devices/edge",
            &json!({ "capabilities": { "iotEdge": true } }),
        )
        .await
        .is_ok()
        .json();
    let scope = edge["deviceScope"].clone();
    assert_eq!(
        scope,
        format!(
            "ms-azure-iot-edge://edge-{}",
            edge["generationId"].as_str().unwrap()
        )
    );
    let child = rig
        .put("/devices/child", &json!({ "deviceScope": scope }))
        .await
        .is_ok()
        .json();
    assert_eq!(
        (&child["deviceScope"], &child["parentScopes"]),
        (&scope, &json!([scope]))
    );
    let nested = rig
        .put(
            "/devices/nested",
            &json!({ "capabilities": { "iotEdge": true }, "parentScopes": [scope] }),
        )
        .await
        .is_ok()
        .json();
    assert_eq!(nested["parentScopes"], json!([scope]));
    assert_ne!(nested["deviceScope"], scope);
    rig.put(
        "/devices/lost",
        &json!({ "deviceScope": "ms-azure-iot-edge://nobody-1" }),
    )
    .await
    .is_error(400, "InvalidDeviceScope");
    let names: Vec<_> = rig
        .get("/devices/edge/modules")
        .await
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["moduleId"].clone())
        .collect();
    assert_eq!(names, [json!("$edgeAgent"), json!("$edgeHub")]);
}

#[tokio::test]
async fn a_twin_is_merged_by_patch_and_replaced_by_put() {
    let rig = Rig::start().await;
    rig.put("/devices/d1", &json!({})).await.is_ok();
    let first = rig.get("/twins/d1").await.is_ok().json();
    assert_eq!((&first["version"], &first["tags"]), (&json!(2), &json!({})));
    assert_eq!(
        first["deviceEtag"],
        rig.get("/devices/d1").await.json()["etag"]
    );
    let patch = json!({ "tags": { "a": { "x": 1, "y": 2 }, "b": 1 }, "properties": { "desired": { "p": { "q": 1 } }, "reported": { "mine": 1 } } });
    let seen = rig
        .send(Method::PATCH, "/twins/d1", &patch)
        .await
        .is_ok()
        .json();
    assert_eq!(seen["tags"], patch["tags"]);
    assert_eq!(seen["properties"]["desired"]["p"], json!({ "q": 1 }));
    assert_eq!(seen["properties"]["desired"]["$version"], 2);
    assert!(seen["properties"]["desired"]["$metadata"]["p"]["q"]["$lastUpdated"].is_string());
    // Only a device reports.
    assert_eq!(seen["properties"]["reported"].get("mine"), None);
    assert_ne!(seen["etag"], first["etag"]);

    let seen = rig.send(Method::PATCH, "/twins/d1", &json!({ "tags": { "a": { "x": null }, "b": [1] }, "properties": { "desired": { "p": null } } })).await.json();
    assert_eq!(seen["tags"], json!({ "a": { "y": 2 }, "b": [1] }));
    assert_eq!(seen["properties"]["desired"].get("p"), None);
    assert_eq!(seen["properties"]["desired"]["$metadata"].get("p"), None);

    rig.send_matching(Method::PATCH, "/twins/d1", "\"nope\"", &json!({}))
        .await
        .is_error(412, "PreconditionFailed");
    let etag = format!("\"{}\"", seen["etag"].as_str().unwrap());
    let seen = rig
        .send_matching(
            Method::PUT,
            "/twins/d1",
            &etag,
            &json!({ "tags": { "only": true } }),
        )
        .await;
    assert_eq!(seen.is_ok().json()["tags"], json!({ "only": true }));
    assert_eq!(
        seen.header("etag"),
        Some(format!("\"{}\"", seen.json()["etag"].as_str().unwrap()).as_str())
    );
    rig.get("/twins/none").await.is_error(404, "DeviceNotFound");
    rig.put("/devices/d1/modules/m1", &json!({})).await.is_ok();
    let seen = rig
        .send(
            Method::PATCH,
            "/twins/d1/modules/m1",
            &json!({ "tags": { "m": 1 } }),
        )
        .await
        .is_ok()
        .json();
    assert_eq!(
        (&seen["moduleId"], &seen["tags"]),
        (&json!("m1"), &json!({ "m": 1 }))
    );
}

#[tokio::test]
async fn limits_of_twins_are_enforced() {
    let rig = Rig::start().await;
    rig.put("/devices/d1", &json!({})).await.is_ok();
    let mut deep = json!(1);
    for _ in 0..11 {
        deep = json!({ "d": deep });
    }
    let large = |size: usize| -> serde_json::Value {
        (0..size / 1000)
            .map(|n| (format!("k{n}"), json!("x".repeat(1000))))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    for body in [
        json!({ "tags": { "a.b": 1 } }),
        json!({ "tags": { "a b": 1 } }),
        json!({ "tags": { "$a": 1 } }),
        json!({ "tags": { "a#": 1 } }),
        json!({ "tags": { "k".repeat(1025): 1 } }),
        json!({ "tags": { "a": "x".repeat(4097) } }),
        json!({ "tags": { "a": 4_503_599_627_370_497_i64 } }),
        json!({ "tags": { "a": deep } }),
        json!({ "tags": large(9000) }),
        json!({ "properties": { "desired": large(34_000) } }),
        json!({ "tags": [] }),
        json!({ "properties": { "desired": 1 } }),
    ] {
        rig.send(Method::PATCH, "/twins/d1", &body)
            .await
            .is_error(400, "ArgumentInvalid");
    }
    // In several steps, too.
    rig.send(Method::PATCH, "/twins/d1", &json!({ "tags": large(7000) }))
        .await
        .is_ok();
    rig.send(
        Method::PATCH,
        "/twins/d1",
        &json!({ "tags": { "more": large(2000) } }),
    )
    .await
    .is_error(400, "ArgumentInvalid");
    rig.send(
        Method::PATCH,
        "/twins/d1",
        &json!({ "properties": { "desired": large(31_000) } }),
    )
    .await
    .is_ok();
}

#[tokio::test]
async fn bulk_changes_take_every_mode_in_any_case() {
    let rig = Rig::start().await;
    let ok = json!({ "isSuccessful": true, "errors": [], "warnings": [] });
    let create = json!([{ "id": "d1", "importMode": "create" }, { "id": "d2", "importMode": "CREATE", "status": "Disabled" }, { "deviceId": "d3" }]);
    assert_eq!(rig.post("/devices", &create).await.is_ok().json(), ok);
    assert_eq!(rig.get("/devices/d2").await.json()["status"], "disabled");
    let etag = rig.get("/devices/d1").await.json()["etag"].clone();
    let update = json!([{ "id": "d1", "etag": etag, "importMode": "UpdateIfMatchETag", "tags": { "t": 1 } }, { "id": "d2", "importMode": "Update" }]);
    assert_eq!(rig.post("/devices", &update).await.is_ok().json(), ok);
    assert_eq!(rig.get("/twins/d1").await.json()["tags"], json!({ "t": 1 }));
    let bad = json!([
        { "id": "d1", "eTag": "MQ==", "importMode": "DeleteIfMatchETag" },
        { "id": "d1", "importMode": "create" },
        { "id": "none", "importMode": "Delete" },
        { "id": "d2", "importMode": "DeleteIfMatchETag" },
    ]);
    let seen = rig.post("/devices", &bad).await;
    assert_eq!(seen.status.as_u16(), 400);
    assert_eq!(seen.json()["isSuccessful"], false);
    let errors: Vec<_> = seen.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["deviceId"].clone(), e["errorCode"].clone()))
        .collect();
    assert_eq!(
        errors,
        [
            (json!("d1"), json!("PreconditionFailed")),
            (json!("d1"), json!("DeviceAlreadyExists")),
            (json!("none"), json!("DeviceNotFound"))
        ]
    );
    // The good row of a call with bad ones is applied: without an etag the service deletes.
    rig.get("/devices/d2").await.is_error(404, "DeviceNotFound");
    let many: Vec<_> = (0..101).map(|n| json!({ "id": format!("n{n}") })).collect();
    rig.post("/devices", &json!(many))
        .await
        .is_error(413, "TooManyDevices");
    rig.post("/devices", &json!({}))
        .await
        .is_error(400, "IotHubFormatError");
}
