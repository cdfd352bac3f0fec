//! What the rows of an import do, and what is said about those that are refused.

use serde_json::{Value, json};

use crate::support::{Folder, Rig};

pub(crate) fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

pub(crate) fn codes(errors: &[Value]) -> Vec<(Option<&str>, i64)> {
    errors
        .iter()
        .map(|row| (row["deviceId"].as_str(), row["errorCode"].as_i64().unwrap()))
        .collect()
}

/// A row with a status, as every row needs.
pub(crate) fn row(id: &str, mode: &str) -> Value {
    json!({ "id": id, "importMode": mode, "status": "disabled" })
}

async fn with_device(id: &str) -> Rig {
    let rig = Rig::start().await;
    rig.put(&format!("/devices/{id}"), &json!({})).await.is_ok();
    rig
}

#[tokio::test]
async fn a_clean_import_writes_an_empty_log_and_ends_completed() {
    let (rig, input, output) = (Rig::start().await, Folder::new(), Folder::new());
    input.write("mine.txt", "\u{feff}A notice.\r\n{\"id\":\"d1\",\"status\":\"enabled\"}\r\n\r\n{\"id\":\"d2\",\"status\":\"Disabled\"}");
    let body = json!({ "type": "import", "inputBlobContainerUri": input.uri(), "outputBlobContainerUri": output.uri(), "inputBlobName": "mine.txt" });
    let job = rig.run(&body).await;
    assert_eq!(
        (&job["status"], &job["progress"]),
        (&json!("completed"), &json!(100))
    );
    assert_eq!(output.read("importErrors.log"), "");
    assert_eq!(output.names(), ["importErrors.log"]);
    assert_eq!(rig.get("/devices/d2").await.json()["status"], "disabled");
    // No keys in the row: the hub made them.
    assert_eq!(
        rig.get("/devices/d1").await.json()["authentication"]["symmetricKey"]["primaryKey"]
            .as_str()
            .unwrap()
            .len(),
        44
    );
}

#[tokio::test]
async fn text_between_the_rows_is_refused_by_line_and_not_skipped() {
    let (rig, folder) = (Rig::start().await, Folder::new());
    folder.write(
        "devices.txt",
        "A notice.\n{\"id\":\"d1\",\"status\":\"enabled\"}\noops\n",
    );
    let body = json!({ "type": "import", "inputBlobContainerUri": folder.uri(), "outputBlobContainerUri": folder.uri() });
    assert_eq!(rig.run(&body).await["status"], "completed");
    let log: serde_json::Value =
        serde_json::from_str(folder.read("importErrors.log").trim()).unwrap();
    assert_eq!(log["errorCode"], 400_012);
    assert_eq!(log.get("deviceId"), None);
    let status = log["errorStatus"].as_str().unwrap();
    assert!(
        status.starts_with("Invalid device format in line: oops. "),
        "{status}"
    );
}

#[tokio::test]
async fn each_mode_on_a_missing_identity() {
    for (mode, expected) in [
        ("create", None),
        ("createOrUpdate", None),
        ("createOrUpdateIfMatchETag", None),
        ("update", Some(404_001)),
        ("updateIfMatchETag", Some(404_001)),
        ("delete", Some(404_001)),
        ("deleteIfMatchETag", Some(404_001)),
        ("updateTwin", Some(404_001)),
        ("updateTwinIfMatchETag", Some(404_001)),
        ("CreateOrUpdate", None),
    ] {
        let rig = Rig::start().await;
        let errors = rig.import(&lines(&[row("d1", mode)])).await;
        assert_eq!(
            errors
                .first()
                .map(|error| error["errorCode"].as_i64().unwrap()),
            expected,
            "{mode}"
        );
        let status = rig.get("/devices/d1").await.status.as_u16();
        assert_eq!(status, if expected.is_none() { 200 } else { 404 }, "{mode}");
        if expected.is_some() {
            assert_eq!(
                errors[0],
                json!({ "deviceId": "d1", "errorCode": 404_001, "errorStatus": "d1" })
            );
        }
    }
}

#[tokio::test]
async fn each_mode_on_an_existing_identity_without_etags() {
    for (mode, expected) in [
        ("create", Some(409_001)),
        ("createOrUpdate", None),
        ("createOrUpdateIfMatchETag", Some(412_001)),
        ("update", None),
        ("updateIfMatchETag", Some(412_001)),
        ("delete", None),
        // Without an etag the service deletes.
        ("deleteIfMatchETag", None),
        ("updateTwin", None),
        ("updateTwinIfMatchETag", Some(412_001)),
    ] {
        let rig = with_device("d1").await;
        let mut change = row("d1", mode);
        change["tags"] = json!({ "new": true });
        let errors = rig.import(&lines(&[change])).await;
        assert_eq!(
            errors
                .first()
                .map(|error| error["errorCode"].as_i64().unwrap()),
            expected,
            "{mode}"
        );
        let seen = rig.get("/devices/d1").await;
        let deletes = mode.starts_with("delete");
        assert_eq!(
            seen.status.as_u16(),
            if deletes { 404 } else { 200 },
            "{mode}"
        );
        if deletes {
            continue;
        }
        // Only the identity modes touch the status; a twin mode leaves it.
        let disabled = expected.is_none() && !mode.starts_with("updateTwin");
        assert_eq!(
            seen.json()["status"],
            if disabled { "disabled" } else { "enabled" },
            "{mode}"
        );
        let tags = rig.get("/twins/d1").await.json()["tags"].clone();
        assert_eq!(
            tags,
            if expected.is_none() {
                json!({ "new": true })
            } else {
                json!({})
            },
            "{mode}"
        );
    }
}

#[tokio::test]
async fn device_and_twin_etags_are_compared_where_the_mode_says_so() {
    for mode in [
        "createOrUpdateIfMatchETag",
        "updateIfMatchETag",
        "deleteIfMatchETag",
        "updateTwinIfMatchETag",
    ] {
        let rig = with_device("d1").await;
        let (etag, twin_etag) = (
            rig.get("/devices/d1").await.json()["etag"].clone(),
            rig.get("/twins/d1").await.json()["etag"].clone(),
        );
        let mut wrong = row("d1", mode);
        // The other etag being right does not help.
        let twin = mode == "updateTwinIfMatchETag";
        wrong["eTag"] = if twin { etag.clone() } else { json!("MQ==") };
        wrong["twinETag"] = if twin {
            json!("AAAAAAAAAAk=")
        } else {
            twin_etag.clone()
        };
        assert_eq!(
            codes(&rig.import(&lines(&[wrong])).await),
            [(Some("d1"), 412_001)],
            "{mode}"
        );
        let mut right = row("d1", mode);
        right["eTag"] = if twin {
            json!("MQ==")
        } else {
            json!(format!("\"{}\"", etag.as_str().unwrap()))
        };
        right["twinETag"] = if twin {
            twin_etag
        } else {
            json!("AAAAAAAAAAk=")
        };
        right["tags"] = json!({ "x": 1 });
        assert_eq!(codes(&rig.import(&lines(&[right])).await), [], "{mode}");
    }
}

#[tokio::test]
async fn modes_and_etags_hold_for_modules_too() {
    let rig = with_device("d1").await;
    let module = |mode: &str| {
        let mut row = row("d1", mode);
        row["moduleId"] = json!("m1");
        row
    };
    assert_eq!(
        rig.import(&lines(&[module("update")])).await[0],
        json!({ "deviceId": "d1", "moduleId": "m1", "errorCode": 404_010, "errorStatus": "d1/m1" })
    );
    assert_eq!(codes(&rig.import(&lines(&[module("create")])).await), []);
    assert_eq!(
        codes(&rig.import(&lines(&[module("create")])).await),
        [(Some("d1"), 409_301)]
    );
    let etag = rig.get("/devices/d1/modules/m1").await.json()["etag"].clone();
    let mut change = module("updateIfMatchETag");
    change["eTag"] = json!("MQ==");
    assert_eq!(
        codes(&rig.import(&lines(&[change.clone()])).await),
        [(Some("d1"), 412_001)]
    );
    change["eTag"] = etag;
    assert_eq!(codes(&rig.import(&lines(&[change])).await), []);
    let mut twin = module("updateTwinIfMatchETag");
    twin["twinETag"] = rig.get("/twins/d1/modules/m1").await.json()["etag"].clone();
    twin["properties"] = json!({ "desired": { "a": 1 } });
    assert_eq!(codes(&rig.import(&lines(&[twin])).await), []);
    assert_eq!(
        rig.get("/twins/d1/modules/m1").await.json()["properties"]["desired"]["a"],
        1
    );
    assert_eq!(codes(&rig.import(&lines(&[module("delete")])).await), []);
    rig.get("/devices/d1/modules/m1")
        .await
        .is_error(404, "ModuleNotFound");
    let mut orphan = module("create");
    orphan["id"] = json!("nobody");
    assert_eq!(
        codes(&rig.import(&lines(&[orphan])).await),
        [(Some("nobody"), 404_001)]
    );
}

#[tokio::test]
async fn a_status_is_mandatory_on_every_line() {
    let rig = with_device("d1").await;
    for mode in ["create", "delete", "updateTwin", "createOrUpdate"] {
        let errors = rig
            .import(&format!("{{\"id\":\"d1\",\"importMode\":\"{mode}\"}}\n"))
            .await;
        assert_eq!(codes(&errors), [(None, 400_012)], "{mode}");
        let text = errors[0]["errorStatus"].as_str().unwrap();
        assert!(
            text.starts_with("Invalid device format in line: {\"id\":\"d1\"")
                && text.contains("status"),
            "{text}"
        );
    }
    rig.get("/devices/d1").await.is_ok();
}

#[tokio::test]
async fn unreadable_lines_are_reported_without_a_device_id_and_do_not_stop_the_job() {
    let rig = Rig::start().await;
    let good = row("good", "create").to_string();
    let input = [
        "{\"id\":\"x\",\"status\":",
        "{\"id\":\"x\",\"status\":\"enabled\",\"authentication\":{\"type\":\"magic\"}}",
        "{\"id\":\"x\",\"status\":\"asleep\"}",
        "{\"id\":\"x\",\"status\":\"enabled\",\"importMode\":\"upsert\"}",
        "{\"status\":\"enabled\"}",
        "{\"id\":7,\"status\":\"enabled\"}",
        &good,
    ];
    let errors = rig.import(&input.join("\n")).await;
    assert_eq!(codes(&errors), vec![(None, 400_012); 6]);
    assert!(
        errors[0]["errorStatus"]
            .as_str()
            .unwrap()
            .starts_with("Invalid device format in line: {\"id\":\"x\",\"status\":. ")
    );
    rig.get("/devices/good").await.is_ok();
}
