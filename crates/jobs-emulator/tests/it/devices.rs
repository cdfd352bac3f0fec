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
    for top in ["0", "-1", "1001"] {
        assert_eq!(ids(&rig.get(&format!("/devices?top={top}")).await).len(), 5);
    }
    rig.get("/devices?top=two")
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
async fn an_if_match_may_list_several_etags() {
    let rig = Rig::start().await;
    let made = rig.put("/devices/d1", &json!({})).await.is_ok().json();
    let etag = made["etag"].as_str().unwrap();
    for given in ["\"a\", \"b\"", "a,b", ","] {
        rig.send_matching(Method::PUT, "/devices/d1", given, &json!({}))
            .await
            .is_error(412, "PreconditionFailed");
    }
    rig.send_matching(
        Method::PUT,
        "/devices/d1",
        &format!("\"a\", W/\"b\" , \"{etag}\""),
        &json!({}),
    )
    .await
    .is_ok();
}
