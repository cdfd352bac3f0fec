//! Device and module twins.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Rig;

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
    // Recorded: twins have their etag in the body alone.
    assert_eq!(seen.header("etag"), None);
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
async fn thumbprints_are_spelt_alike_in_devices_and_twins() {
    let rig = Rig::start().await;
    let print = "ab".repeat(20);
    let authentication =
        json!({ "type": "selfSigned", "x509Thumbprint": { "primaryThumbprint": print } });
    let device = rig
        .put("/devices/d1", &json!({ "authentication": authentication }))
        .await;
    assert_eq!(
        device.is_ok().json()["authentication"]["x509Thumbprint"]["primaryThumbprint"],
        print
    );
    let twin = rig.get("/twins/d1").await.json();
    assert_eq!(twin["authenticationType"], "selfSigned");
    assert_eq!(
        twin["x509Thumbprint"],
        json!({ "primaryThumbprint": print, "secondaryThumbprint": null })
    );
}

#[tokio::test]
async fn a_module_without_a_name_is_not_the_device() {
    let rig = Rig::start().await;
    rig.put("/devices/b1", &json!({})).await.is_ok();
    let change = json!({ "tags": { "a": 1 } });
    for path in ["/twins/b1/modules//", "/devices/b1/modules//", "/twins//"] {
        rig.get(path).await.is_error(400, "ArgumentInvalid");
    }
    for method in [Method::PATCH, Method::PUT] {
        rig.send(method, "/twins/b1/modules//", &change)
            .await
            .is_error(400, "ArgumentInvalid");
    }
    assert_eq!(rig.get("/twins/b1").await.json()["tags"], json!({}));
}

#[tokio::test]
async fn a_twin_starts_with_the_first_version_of_everything() {
    let rig = Rig::start().await;
    let row = r#"{"id":"a","status":"enabled","properties":{"desired":{"x":{"y":1}}}}"#;
    assert_eq!(rig.import(row).await, Vec::<Value>::new());
    let twin = rig.get("/twins/a").await.json();
    assert_eq!(
        (&twin["etag"], &twin["version"]),
        (&json!("AAAAAAAAAAE="), &json!(2))
    );
    let desired = &twin["properties"]["desired"];
    assert_eq!(desired["$version"], 1);
    for place in [&desired["$metadata"], &desired["$metadata"]["x"]["y"]] {
        assert_eq!(place["$lastUpdatedVersion"], 1, "{desired}");
    }
}

#[tokio::test]
async fn a_section_keeps_the_time_and_version_of_its_last_change() {
    let rig = Rig::start().await;
    rig.put("/devices/a", &json!({})).await.is_ok();
    let created = rig.get("/twins/a").await.json();
    let patch = json!({ "properties": { "desired": { "x": 1 } } });
    rig.send(Method::PATCH, "/twins/a", &patch).await.is_ok();
    rig.hub.clock().advance(std::time::Duration::from_secs(60));
    let patch = json!({ "tags": { "t": 1 }, "properties": { "desired": { "z": 1 } } });
    let twin = rig
        .send(Method::PATCH, "/twins/a", &patch)
        .await
        .is_ok()
        .json();
    assert_eq!(
        twin["properties"]["reported"]["$metadata"],
        created["properties"]["reported"]["$metadata"]
    );
    let metadata = &twin["properties"]["desired"]["$metadata"];
    let version = |place: &Value| place["$lastUpdatedVersion"].clone();
    assert_eq!(
        [
            version(metadata),
            version(&metadata["x"]),
            version(&metadata["z"])
        ],
        [json!(3), json!(2), json!(3)]
    );
    assert_ne!(metadata["x"]["$lastUpdated"], metadata["z"]["$lastUpdated"]);
}

#[tokio::test]
async fn a_replacement_with_a_null_changes_nothing() {
    let rig = Rig::start().await;
    rig.put("/devices/a", &json!({})).await.is_ok();
    rig.send(Method::PATCH, "/twins/a", &json!({ "tags": { "t": 1 } }))
        .await
        .is_ok();
    for body in [
        json!({ "tags": { "t": null } }),
        json!({ "tags": { "o": { "i": null } } }),
        json!({ "properties": { "desired": { "x": null } } }),
    ] {
        rig.put("/twins/a", &body)
            .await
            .is_error(400, "ArgumentInvalid");
    }
    assert_eq!(rig.get("/twins/a").await.json()["tags"], json!({ "t": 1 }));
    // The members of the twin itself may be null, as the Java client sends them.
    rig.put(
        "/twins/a",
        &json!({ "deviceId": null, "tags": {}, "properties": null }),
    )
    .await
    .is_ok();
}

#[tokio::test]
async fn an_etag_without_quotes_is_ignored_and_an_empty_one_counts_as_absent() {
    let rig = Rig::start().await;
    rig.send_matching(Method::PUT, "/devices/a", "\"\"", &json!({}))
        .await
        .is_ok();
    rig.send_matching(
        Method::PATCH,
        "/twins/a",
        "nope",
        &json!({ "tags": { "t": 1 } }),
    )
    .await
    .is_ok();
    rig.send_matching(Method::PATCH, "/twins/a", "\"nope\"", &json!({}))
        .await
        .is_error(412, "PreconditionFailed");
}

#[tokio::test]
async fn a_post_can_stand_for_a_patch() {
    let rig = Rig::start().await;
    rig.put("/devices/a", &json!({})).await.is_ok();
    let seen = rig
        .send_with(
            Method::POST,
            "/twins/a",
            ("X-HTTP-Method-Override", "PATCH"),
            &json!({ "tags": { "t": 1 } }),
        )
        .await;
    assert_eq!(seen.is_ok().json()["tags"], json!({ "t": 1 }));
}
