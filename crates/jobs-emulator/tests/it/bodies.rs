//! Bodies that are JSON of another kind than the one asked for.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Folder, Rig, Seen};

#[tokio::test]
async fn a_list_is_not_taken_for_an_object() {
    let (rig, folder) = (Rig::start().await, Folder::new());
    rig.put("/devices/d1", &json!({})).await.is_ok();
    let export = json!([
        "export",
        null,
        null,
        folder.uri(),
        null,
        null,
        null,
        null,
        null,
        null
    ]);
    for (method, path, body) in [
        (
            Method::PUT,
            "/devices/arr",
            json!(["arr", "disabled", null, null, null, null, null]),
        ),
        (
            Method::PUT,
            "/devices/arr",
            json!({ "authentication": ["none", null, null] }),
        ),
        (
            Method::PUT,
            "/devices/arr",
            json!({ "authentication": { "symmetricKey": [null, null] } }),
        ),
        (
            Method::PUT,
            "/devices/arr",
            json!({ "capabilities": [true] }),
        ),
        (
            Method::PUT,
            "/devices/d1/modules/m1",
            json!(["m1", "d1", null, null]),
        ),
        (
            Method::POST,
            "/devices/query",
            json!(["select * from devices"]),
        ),
        (Method::POST, "/jobs/create", export),
        (
            Method::POST,
            "/configurations/testQueries",
            json!(["*", {}]),
        ),
        (Method::PUT, "/configurations/c1", json!([])),
    ] {
        let seen = rig.send(method, path, &body).await;
        assert_eq!(seen.status.as_u16(), 400, "{path} {body}: {}", seen.text);
    }
    rig.get("/devices/arr")
        .await
        .is_error(404, "DeviceNotFound");
    assert_eq!(rig.get("/jobs").await.json(), json!([]));
}

#[tokio::test]
async fn the_admin_api_takes_objects_for_objects_too() {
    let rig = Rig::start().await;
    let before = rig.hub.clock().now();
    let stall = json!({ "kind": "stall", "seconds": 1 });
    for (method, path, body) in [
        (Method::POST, "/clock", json!([5e6])),
        (Method::POST, "/jobs/none/fail", json!(["x"])),
        (Method::PUT, "/faults", json!([[]])),
        (
            Method::PUT,
            "/faults",
            json!({ "rules": [["*", 0, null, 0, stall]] }),
        ),
        (
            Method::PUT,
            "/faults",
            json!({ "rules": [{ "operation": "*", "action": ["stall", 1] }] }),
        ),
    ] {
        let request = rig
            .http
            .request(method, format!("{}{path}", rig.hub.admin_endpoint()))
            .json(&body);
        let seen = Seen::of(request.send().await.unwrap()).await;
        assert_eq!(seen.status.as_u16(), 400, "{path} {body}: {}", seen.text);
    }
    let moved = rig.hub.clock().now().since(before);
    assert!(moved.as_secs() < 5_000_000, "{moved:?}");
    assert_eq!(rig.hub.admin().fault_counts(), Vec::<u64>::new());
}

#[tokio::test]
async fn a_row_of_a_bulk_call_with_a_wrong_type_is_refused() {
    let rig = Rig::start().await;
    for (member, value) in [
        ("id", json!(5)),
        ("moduleId", json!(5)),
        ("importMode", json!(5)),
        ("status", json!(7)),
        ("statusReason", json!({})),
        ("eTag", json!(1)),
        ("twinETag", json!(1)),
        ("deviceScope", json!(["x"])),
        ("managedBy", json!(false)),
        ("capabilities", json!([true])),
        ("capabilities", json!({ "iotEdge": "yes" })),
        ("parentScopes", json!("x")),
        ("parentScopes", json!([5])),
        ("authentication", json!(["none", null, null])),
        ("tags", json!([])),
        ("properties", json!([])),
    ] {
        let mut bad = json!({ "id": "x" });
        bad[member] = value;
        let seen = rig.post("/devices", &json!([bad, { "id": "good" }])).await;
        assert_eq!(seen.status.as_u16(), 400, "{bad}: {}", seen.text);
        let errors = seen.json()["errors"].clone();
        assert_eq!(errors.as_array().unwrap().len(), 1, "{bad}: {errors}");
        assert_eq!(errors[0]["errorCode"], "ArgumentInvalid", "{bad}: {errors}");
    }
    rig.get("/devices/x").await.is_error(404, "DeviceNotFound");
    // What is null counts as not given.
    let nulls = json!([{ "id": "x", "importMode": null, "status": null, "capabilities": { "iotEdge": null },
        "parentScopes": null, "deviceScope": null, "authentication": null, "tags": null }]);
    let seen = rig.post("/devices", &nulls).await;
    assert_eq!(seen.is_ok().json()["errors"], Value::Array(Vec::new()));
}
