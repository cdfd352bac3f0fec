//! `/configurations`.

use jobs_emulator::{Emulator, Sku};
use reqwest::Method;
use serde_json::json;

use crate::support::Rig;

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
    let changed = json!({"id": "c1", "priority": 9});
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
        .is_error(403, "IotHubQuotaExceeded");
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
