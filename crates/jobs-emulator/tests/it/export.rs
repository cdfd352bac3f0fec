//! What exports write.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Folder, Rig};

fn export_to(folder: &Folder) -> Value {
    json!({ "type": "export", "outputBlobContainerUri": folder.uri() })
}

#[tokio::test]
async fn an_export_has_one_row_for_every_device_and_module() {
    let (rig, folder) = (Rig::start().await, Folder::new());
    rig.put(
        "/devices/edge",
        &json!({ "capabilities": { "iotEdge": true } }),
    )
    .await
    .is_ok();
    let scope = rig.get("/devices/edge").await.json()["deviceScope"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(scope.starts_with("ms-azure-iot-edge://edge-"), "{scope}");
    rig.put(
        "/devices/leaf",
        &json!({ "deviceScope": scope, "status": "disabled", "statusReason": "old" }),
    )
    .await
    .is_ok();
    rig.put("/devices/leaf/modules/m1", &json!({}))
        .await
        .is_ok();
    rig.send(Method::PATCH, "/twins/leaf", &json!({ "tags": { "n": 1, "ü": "\"x\"" }, "properties": { "desired": { "a": { "b": 2 } } } })).await.is_ok();
    let job = rig.run(&json!({ "type": "export", "outputBlobContainerUri": folder.uri(), "outputBlobName": "out.txt" })).await;
    // Recorded: the response to the creation alone repeats the name.
    assert!(job.get("outputBlobName").is_none(), "{job}");
    let rows = folder.rows("out.txt");
    let names: Vec<_> = rows
        .iter()
        .map(|row| (row["id"].as_str().unwrap(), row["moduleId"].as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("edge", None),
            ("edge", Some("$edgeAgent")),
            ("edge", Some("$edgeHub")),
            ("leaf", None),
            ("leaf", Some("m1"))
        ]
    );

    let leaf = &rows[3];
    let identity = rig.get("/devices/leaf").await.json();
    assert_eq!(
        *leaf,
        json!({
            "id": "leaf", "eTag": identity["etag"], "status": "disabled", "statusReason": "old",
            "authentication": { "symmetricKey": identity["authentication"]["symmetricKey"], "type": "sas" },
            "twinETag": rig.get("/twins/leaf").await.json()["etag"],
            "tags": { "n": 1, "ü": "\"x\"" }, "properties": { "desired": { "a": { "b": 2 } }, "reported": {} },
            "capabilities": { "iotEdge": false }, "deviceScope": scope,
        })
    );
    assert_eq!(
        (
            &rows[0]["capabilities"]["iotEdge"],
            &rows[1]["capabilities"]["iotEdge"]
        ),
        (&json!(true), &json!(false))
    );
    assert_eq!(rows[0]["deviceScope"], json!(scope));
    let text = folder.read("out.txt");
    let order = [
        "id",
        "moduleId",
        "eTag",
        "status",
        "authentication",
        "twinETag",
        "tags",
        "properties",
        "capabilities",
    ];
    let line = text.lines().last().unwrap();
    let at = |name: &str| line.find(&format!("\"{name}\":")).unwrap();
    assert!(
        order.windows(2).all(|pair| at(pair[0]) < at(pair[1])),
        "{line}"
    );
}

#[tokio::test]
async fn without_keys_a_warning_comes_first_and_authentication_is_null() {
    let (rig, folder) = (Rig::start().await, Folder::new());
    rig.put("/devices/d1", &json!({})).await.is_ok();
    let mut body = export_to(&folder);
    body["excludeKeysInExport"] = json!(true);
    let job = rig.run(&body).await;
    assert_eq!(job["excludeKeysInExport"], true);
    let text = folder.read("devices.txt");
    assert!(!text.lines().next().unwrap().starts_with('{'));
    assert!(text.contains("\"authentication\":null"), "{text}");

    // Such a file can be imported again: the device gets new keys.
    let old = rig.get("/devices/d1").await.json();
    assert_eq!(rig.import(&text).await, Vec::<Value>::new());
    let new = rig.get("/devices/d1").await.json();
    assert_ne!(
        new["authentication"]["symmetricKey"],
        old["authentication"]["symmetricKey"]
    );
}

#[tokio::test]
async fn configurations_travel_with_their_own_blob_and_log() {
    let (rig, folder) = (Rig::start().await, Folder::new());
    folder.write("devices.txt", "{\"id\":\"d1\",\"status\":\"enabled\"}\n");
    let mut body = json!({
        "type": "import", "inputBlobContainerUri": folder.uri(), "outputBlobContainerUri": folder.uri(),
        "includeConfigurations": true, "configurationsBlobName": "conf.txt",
    });
    let seen = rig.post("/jobs/create", &body).await;
    assert_eq!(seen.code(), "BlobContainerValidationError");
    folder.write("conf.txt", concat!(
        "{\"id\":\"winter\",\"schemaVersion\":\"1.0\",\"content\":{\"deviceContent\":{\"properties.desired.x\":1}},\"targetCondition\":\"*\",\"priority\":3,\"importMode\":\"createOrUpdateIfMatchETag\"}\n",
        "{\"id\":\"WINTER\",\"targetCondition\":\"*\"}\n",
        "nonsense\n{\"id\":5}\n",
    ));
    let job = rig.run(&body).await;
    assert_eq!(
        (
            &job["status"],
            &job["includeConfigurations"],
            &job["configurationsBlobName"]
        ),
        (&json!("completed"), &json!(true), &json!("conf.txt"))
    );
    let errors = folder.rows("importConfigErrors.log");
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert_eq!(folder.read("importErrors.log"), "");

    body = json!({ "type": "export", "outputBlobContainerUri": folder.uri(), "includeConfigurations": true });
    rig.run(&body).await;
    let rows = folder.rows("configurations.txt");
    assert_eq!(
        (&rows[0]["Id"], &rows[0]["Priority"]),
        (&json!("winter"), &json!(3))
    );
    assert_eq!(
        rows[0]["Content"]["DeviceContent"]["properties.desired.x"],
        1
    );
}
