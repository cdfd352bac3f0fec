//! Bulk changes.

use serde_json::json;

use crate::support::Rig;

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
        { "id": "d3", "importMode": "create" },
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
            (json!("d3"), json!("DeviceAlreadyExists")),
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

#[tokio::test]
async fn a_call_that_names_an_identity_twice_changes_nothing() {
    let rig = Rig::start().await;
    let rows = json!([{ "id": "a" }, { "id": "b" }, { "deviceId": "a", "status": "disabled" }, { "id": "a", "moduleId": "m" }]);
    let seen = rig.post("/devices", &rows).await;
    assert_eq!(seen.status.as_u16(), 400);
    let errors = seen.json()["errors"].clone();
    assert_eq!(errors.as_array().map(Vec::len), Some(1), "{errors}");
    assert_eq!(errors[0]["errorCode"], "DeviceDefinedMultipleTimes");
    rig.get("/devices/b").await.is_error(404, "DeviceNotFound");
}
