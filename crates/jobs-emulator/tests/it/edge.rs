//! Edge devices: their own scope, their parents, and what becomes of both on a change.

use jobs_emulator::{Emulator, Sku};
use reqwest::Method;
use serde_json::{Value, json};

use crate::import::{codes, lines, row};
use crate::support::Rig;

/// An edge device under these parents.
fn edge_under(parents: &[&Value]) -> Value {
    json!({ "capabilities": { "iotEdge": true }, "parentScopes": parents })
}

async fn edge(rig: &Rig, id: &str, parents: &[&Value]) -> Value {
    rig.put(&format!("/devices/{id}"), &edge_under(parents))
        .await
        .is_ok()
        .json()
}

async fn modules(rig: &Rig, id: &str) -> usize {
    let seen = rig.get(&format!("/devices/{id}/modules")).await;
    seen.is_ok().json().as_array().unwrap().len()
}

#[tokio::test]
async fn an_edge_device_switched_off_is_not_its_own_child() {
    let rig = Rig::start().await;
    let top = edge(&rig, "top", &[]).await["deviceScope"].clone();
    for id in ["put", "imported"] {
        edge(&rig, id, &[&top]).await;
    }

    let mut device = rig.get("/devices/put").await.json();
    device["capabilities"]["iotEdge"] = json!(false);
    for _ in 0..2 {
        let seen = rig
            .send_matching(Method::PUT, "/devices/put", "*", &device)
            .await;
        device = seen.is_ok().json();
        assert_eq!(device["deviceScope"], top);
        assert_eq!(device["parentScopes"], json!([top]));
    }

    let exported = rig.export().await;
    let mut row = exported
        .into_iter()
        .find(|row| row["id"] == "imported" && row.get("moduleId").is_none())
        .unwrap();
    row["capabilities"]["iotEdge"] = json!(false);
    assert_eq!(rig.import(&lines(&[row])).await, Vec::<Value>::new());
    let device = rig.get("/devices/imported").await.json();
    assert_eq!(device["deviceScope"], top, "{device}");
    assert_eq!(device["parentScopes"], json!([top]));
}

#[tokio::test]
async fn nobody_descends_from_itself() {
    let rig = Rig::start().await;
    let a = edge(&rig, "a", &[]).await["deviceScope"].clone();
    let b = edge(&rig, "b", &[&a]).await["deviceScope"].clone();
    let c = edge(&rig, "c", &[&b]).await["deviceScope"].clone();
    for parent in [&a, &b, &c] {
        rig.send_matching(Method::PUT, "/devices/a", "*", &edge_under(&[parent]))
            .await
            .is_error(400, "InvalidDeviceScope");
    }
    // The scope of another edge device in the member for one's own sets no parent.
    let body = json!({ "capabilities": { "iotEdge": true }, "deviceScope": c });
    let seen = rig
        .send_matching(Method::PUT, "/devices/a", "*", &body)
        .await
        .is_ok()
        .json();
    assert_eq!((&seen["deviceScope"], seen.get("parentScopes")), (&a, None));
    // Nor does one that is no edge device any more.
    rig.send_matching(
        Method::PUT,
        "/devices/c",
        "*",
        &json!({ "parentScopes": [c] }),
    )
    .await
    .is_error(400, "InvalidDeviceScope");
    let mut row = row("a", "update");
    row["capabilities"] = json!({ "iotEdge": true });
    row["parentScopes"] = json!([c]);
    let errors = rig.import(&lines(&[row])).await;
    assert_eq!(codes(&errors), [(Some("a"), 400_028)]);
    // What is no circle stays allowed.
    rig.send_matching(Method::PUT, "/devices/c", "*", &edge_under(&[&a, &b]))
        .await
        .is_ok();
}

#[tokio::test]
async fn the_generation_of_a_device_that_is_there_is_the_hubs() {
    let rig = Rig::start().await;
    let made = edge(&rig, "edge", &[]).await;
    let scope = made["deviceScope"].clone();
    rig.put("/devices/child", &json!({ "deviceScope": scope }))
        .await
        .is_ok();
    let foreign = "ms-azure-iot-edge://edge-12345";
    let body = json!({ "capabilities": { "iotEdge": true }, "deviceScope": foreign });
    let seen = rig
        .send_matching(Method::PUT, "/devices/edge", "*", &body)
        .await;
    assert_eq!(seen.is_ok().json()["deviceScope"], scope);
    let mut row = row("edge", "createOrUpdate");
    row["capabilities"] = json!({ "iotEdge": true });
    row["deviceScope"] = json!(foreign);
    assert_eq!(rig.import(&lines(&[row])).await, Vec::<Value>::new());
    let device = rig.get("/devices/edge").await.json();
    assert_eq!(
        (&device["deviceScope"], &device["generationId"]),
        (&scope, &made["generationId"])
    );
    let child = rig.get("/devices/child").await.json();
    rig.send_matching(Method::PUT, "/devices/child", "*", &child)
        .await
        .is_ok();

    // A PUT that creates sets no generation either.
    let body = json!({ "capabilities": { "iotEdge": true }, "deviceScope": "ms-azure-iot-edge://new-12345" });
    let new = rig.put("/devices/new", &body).await.is_ok().json();
    assert_ne!(new["generationId"], "12345");
    assert_eq!(
        new["deviceScope"],
        format!(
            "ms-azure-iot-edge://new-{}",
            new["generationId"].as_str().unwrap()
        )
    );
}

#[tokio::test]
async fn the_modules_of_the_system_count_towards_the_quota() {
    let rig = Rig::with(Emulator::builder().sku(Sku::F1)).await;
    let rows: String = (0..498)
        .map(|n| format!("{{\"id\":\"d{n}\",\"status\":\"enabled\"}}\n"))
        .collect();
    rig.hub.admin().seed(rows).await.unwrap();
    rig.put("/devices/edge", &edge_under(&[]))
        .await
        .is_error(403, "IotHubQuotaExceeded");
    rig.send_matching(Method::PUT, "/devices/d0", "*", &edge_under(&[]))
        .await
        .is_ok();
    let mut change = row("d1", "update");
    change["capabilities"] = json!({ "iotEdge": true });
    let errors = rig.import(&lines(std::slice::from_ref(&change))).await;
    assert_eq!(codes(&errors), [(Some("d1"), 403_002)]);
    assert_eq!(
        rig.get("/devices/d1").await.json()["capabilities"]["iotEdge"],
        false
    );
    rig.send_matching(Method::PUT, "/devices/d1", "*", &edge_under(&[]))
        .await
        .is_error(403, "IotHubQuotaExceeded");
    assert_eq!(
        (modules(&rig, "d0").await, modules(&rig, "d1").await),
        (2, 0)
    );
    // With room for two, a device that brings two modules along finds none.
    for id in ["d2", "d3"] {
        assert_eq!(rig.delete(&format!("/devices/{id}")).await.status, 204);
    }
    change["id"] = json!("new");
    change["importMode"] = json!("create");
    let errors = rig.import(&lines(&[change])).await;
    assert_eq!(codes(&errors), [(Some("new"), 403_002)]);
    rig.get("/devices/new")
        .await
        .is_error(404, "DeviceNotFound");
}
