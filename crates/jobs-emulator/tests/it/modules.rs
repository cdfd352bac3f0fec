//! Module identities, edge devices and their children.

use reqwest::Method;
use serde_json::json;

use crate::support::Rig;

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
async fn the_system_modules_go_when_a_device_stops_being_an_edge_device() {
    let rig = Rig::start().await;
    let edge = |on: bool| json!({ "capabilities": { "iotEdge": on } });
    for id in ["put", "imported"] {
        rig.put(&format!("/devices/{id}"), &edge(true))
            .await
            .is_ok();
        rig.put(&format!("/devices/{id}/modules/mine"), &json!({}))
            .await
            .is_ok();
    }
    rig.send_matching(Method::PUT, "/devices/put", "*", &edge(false))
        .await
        .is_ok();
    let row = json!({ "id": "imported", "status": "enabled", "capabilities": { "iotEdge": false },
        "properties": { "desired": {}, "reported": {} } });
    let errors = rig.import(&format!("{row}\n")).await;
    assert!(errors.is_empty(), "{errors:?}");
    for id in ["put", "imported"] {
        let modules = rig.get(&format!("/devices/{id}/modules")).await.json();
        let names: Vec<_> = modules
            .as_array()
            .unwrap()
            .iter()
            .map(|module| module["moduleId"].clone())
            .collect();
        assert_eq!(names, [json!("mine")], "{id}");
        assert_eq!(
            rig.get(&format!("/devices/{id}")).await.json()["capabilities"]["iotEdge"],
            false
        );
        rig.send_matching(Method::PUT, &format!("/devices/{id}"), "*", &edge(true))
            .await
            .is_ok();
        let modules = rig.get(&format!("/devices/{id}/modules")).await.json();
        assert_eq!(modules.as_array().unwrap().len(), 3, "{id}");
    }
}
