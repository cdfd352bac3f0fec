//! What a data folder keeps, and who may use it.

use std::time::Duration;

use jobs_emulator::{Emulator, StartError};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Folder, Rig};

#[tokio::test]
async fn a_restart_keeps_devices_twins_configurations_and_jobs() {
    let (data, folder) = (Folder::new(), Folder::new());
    let builder = || Emulator::builder().data_dir(data.0.path());
    let rig = Rig::with(builder()).await;
    let device = rig
        .put("/devices/d1", &json!({ "statusReason": "kept" }))
        .await
        .json();
    rig.put("/devices/d1/modules/m1", &json!({})).await.is_ok();
    let twin = rig
        .send(Method::PATCH, "/twins/d1", &json!({ "tags": { "a": 1 } }))
        .await
        .json();
    let job = rig
        .run(&json!({ "type": "export", "outputBlobContainerUri": folder.uri() }))
        .await;
    rig.hub.shutdown().await;

    let rig = Rig::with(builder()).await;
    assert_eq!(rig.get("/devices/d1").await.json(), device);
    assert_eq!(rig.get("/twins/d1").await.json(), twin);
    rig.get("/devices/d1/modules/m1").await.is_ok();
    assert_eq!(rig.get("/jobs").await.json(), json!([job]));
}

#[tokio::test]
async fn a_job_under_way_when_the_hub_stops_has_failed_afterwards_and_frees_the_slot() {
    let (data, folder) = (Folder::new(), Folder::new());
    let builder = || {
        Emulator::builder()
            .data_dir(data.0.path())
            .job_delay(Duration::from_secs(60))
    };
    let export = json!({ "type": "export", "outputBlobContainerUri": folder.uri() });
    let rig = Rig::with(builder()).await;
    let id = rig.create(&export).await["jobId"]
        .as_str()
        .unwrap()
        .to_owned();
    rig.hub.shutdown().await;
    let rig = Rig::with(builder()).await;
    let job = rig.get(&format!("/jobs/{id}")).await.json();
    assert_eq!(job["status"], "failed");
    assert!(
        job["failureReason"].as_str().unwrap().contains("stopped"),
        "{job}"
    );
    assert!(job["endTimeUtc"].is_string());
    rig.create(&export).await;
}

#[tokio::test]
async fn no_container_uri_is_written_to_the_data_folder() {
    let (data, folder) = (Folder::new(), Folder::new());
    let rig = Rig::with(Emulator::builder().data_dir(data.0.path())).await;
    rig.run(&json!({ "type": "export", "outputBlobContainerUri": folder.uri() }))
        .await;
    rig.hub.shutdown().await;
    for name in data.names() {
        let bytes = std::fs::read(data.0.path().join(&name)).unwrap();
        let needle = folder.uri().into_bytes();
        assert!(
            !bytes.windows(needle.len()).any(|window| window == needle),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_folder_in_use_is_refused_by_name() {
    let data = Folder::new();
    let builder = || Emulator::builder().data_dir(data.0.path());
    let first = builder().start().await.unwrap();
    let refused = builder().start().await.unwrap_err();
    assert!(matches!(refused, StartError::FolderInUse { .. }));
    assert!(
        refused
            .to_string()
            .contains(data.0.path().to_str().unwrap()),
        "{refused}"
    );
    // A dropped hub lets go of it.
    drop(first);
    builder().start().await.unwrap();
}

#[tokio::test]
async fn a_hub_without_a_folder_starts_empty() {
    let rig = Rig::start().await;
    rig.put("/devices/d1", &json!({})).await.is_ok();
    drop(rig);
    assert_eq!(
        Rig::start().await.get("/devices").await.json(),
        Value::Array(Vec::new())
    );
}

#[tokio::test]
async fn a_hundred_hubs_run_at_once_in_one_process() {
    let mut rigs = Vec::new();
    for _ in 0..100 {
        rigs.push(Rig::start().await);
    }
    for (n, rig) in rigs.iter().enumerate() {
        rig.put(&format!("/devices/d{n}"), &json!({})).await.is_ok();
    }
    for rig in &rigs {
        assert_eq!(
            rig.get("/devices").await.json().as_array().unwrap().len(),
            1
        );
    }
}

#[tokio::test]
async fn random_keys_are_kept_by_a_data_folder() {
    let data = Folder::new();
    let builder = || {
        Emulator::builder()
            .listen(([0, 0, 0, 0], 0).into())
            .data_dir(data.0.path())
    };
    let hub = builder().start().await.unwrap();
    let key = hub.policies()[1].secondary_key().to_owned();
    hub.shutdown().await;
    assert_eq!(
        builder().start().await.unwrap().policies()[1].secondary_key(),
        key
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_data_folder_that_is_made_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let outer = Folder::new();
    let path = outer.0.path().join("a/b");
    let _hub = Emulator::builder().data_dir(&path).start().await.unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o700
    );
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_kept_is_for_its_owner_alone_in_a_folder_that_others_may_enter() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let rig = Rig::with(Emulator::builder().data_dir(folder.path())).await;
    rig.put("/devices/d1", &json!({})).await.is_ok();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with("hub.sqlite")
        {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", entry.path().display());
        }
    }
    assert!(folder.path().join("hub.sqlite").exists());
}

#[tokio::test]
async fn a_job_record_that_cannot_be_decoded_is_kept_and_reported() {
    let (data, folder) = (Folder::new(), Folder::new());
    let builder = || Emulator::builder().data_dir(data.0.path());
    let export = json!({ "type": "export", "outputBlobContainerUri": folder.uri() });
    let rig = Rig::with(builder()).await;
    let good = rig.run(&export).await;
    rig.hub.shutdown().await;
    let database = rusqlite::Connection::open(data.0.path().join("hub.sqlite")).unwrap();
    database
        .execute_batch(
            "INSERT INTO jobs VALUES ('bad', 0, '{\"id\":\"bad\"}'), ('worse', 0, x'ff'); \
             INSERT INTO scheduled_jobs VALUES ('bad', 0, 'no JSON')",
        )
        .unwrap();

    let rig = Rig::with(builder()).await;
    let warnings = rig.hub.warnings();
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(
        warnings[0].starts_with("the record of job bad cannot be read: missing field"),
        "{warnings:?}"
    );
    for path in ["/jobs/bad", "/jobs/worse", "/jobs/v2/bad"] {
        let seen = rig.get(path).await;
        seen.is_error(500, "ServerError");
        assert!(seen.text.contains("cannot be read"), "{}", seen.text);
    }
    let seen = rig.delete("/jobs/bad").await;
    seen.is_error(500, "ServerError");
    // The others are as usual, and a new job does not take the place of one that cannot be read.
    assert_eq!(rig.get("/jobs").await.json(), json!([good]));
    let twin = crate::scheduled::twin_job("*");
    rig.put("/jobs/v2/bad", &twin)
        .await
        .is_error(409, "JobAlreadyExists");
    rig.put("/jobs/v2/good", &twin).await.is_ok();
    rig.run(&export).await;
    let kept: i64 = database
        .query_row(
            "SELECT (SELECT count(*) FROM jobs WHERE started = 0) + (SELECT count(*) FROM scheduled_jobs WHERE created = 0)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(kept, 3);
    rig.hub.admin().reset().await.unwrap();
    rig.get("/jobs/bad").await.is_error(404, "JobNotFound");
}

#[tokio::test]
async fn history_that_is_over_leaves_the_database_with_the_records_of_its_devices() {
    let (data, folder) = (Folder::new(), Folder::new());
    let rig = Rig::with(Emulator::builder().auth(false).data_dir(data.0.path())).await;
    rig.put("/devices/d1", &json!({})).await.is_ok();
    rig.run(&json!({ "type": "export", "outputBlobContainerUri": folder.uri() }))
        .await;
    let twin = crate::scheduled::twin_job("*");
    rig.put("/jobs/v2/one", &twin).await.is_ok();
    crate::scheduled::over(&rig, "one").await;
    rig.hub.clock().advance(Duration::from_secs(31 * 24 * 3600));
    // The id is free again.
    rig.put("/jobs/v2/one", &twin).await.is_ok();
    crate::scheduled::over(&rig, "one").await;
    rig.run(&json!({ "type": "export", "outputBlobContainerUri": folder.uri() }))
        .await;
    let database = rusqlite::Connection::open(data.0.path().join("hub.sqlite")).unwrap();
    for table in ["jobs", "scheduled_jobs", "device_jobs"] {
        let sql = format!("SELECT count(*) FROM {table}");
        let rows: i64 = database.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1, "{table}");
    }
}

#[tokio::test]
async fn a_registry_record_that_cannot_be_decoded_is_reported_and_not_overwritten() {
    let data = Folder::new();
    let builder = || Emulator::builder().data_dir(data.0.path());
    let rig = Rig::with(builder()).await;
    for id in ["tags", "list", "parents", "good"] {
        rig.put(&format!("/devices/{id}"), &json!({})).await.is_ok();
    }
    let edge = json!({ "capabilities": { "iotEdge": true } });
    let parent = rig.put("/devices/edge", &edge).await;
    rig.put("/configurations/c1", &json!({ "id": "c1" }))
        .await
        .is_ok();
    rig.hub.shutdown().await;
    let database = rusqlite::Connection::open(data.0.path().join("hub.sqlite")).unwrap();
    database
        .execute_batch(
            "UPDATE identities SET tags = '{\"a\":' WHERE device_id = 'tags'; \
             UPDATE identities SET desired = '[1]' WHERE device_id = 'list'; \
             UPDATE identities SET parent_scopes = '{}' WHERE device_id IN ('parents', 'edge'); \
             UPDATE configurations SET body = ''",
        )
        .unwrap();

    let rig = Rig::with(builder()).await;
    let patch = json!({ "tags": { "b": 1 } });
    for path in ["/twins/tags", "/twins/list", "/twins/parents"] {
        let id = path.rsplit('/').next().unwrap();
        let changed = rig.send(Method::PATCH, path, &patch).await;
        for seen in [rig.get(path).await, changed] {
            seen.is_error(500, "ServerError");
            let named = format!("the record of {id} cannot be decoded");
            assert!(seen.text.contains(&named), "{}", seen.text);
        }
    }
    let seen = rig.get("/configurations/c1").await;
    seen.is_error(500, "ServerError");
    assert!(seen.text.contains("configuration c1"), "{}", seen.text);
    rig.send(Method::PATCH, "/twins/good", &patch).await.is_ok();
    // A child asks who the parents of its parent are.
    let scope = parent.json()["deviceScope"].clone();
    let child = json!({ "deviceId": "child", "deviceScope": scope });
    rig.put("/devices/child", &child)
        .await
        .is_error(500, "ServerError");
    let kept: String = database
        .query_row(
            "SELECT tags FROM identities WHERE device_id = 'tags'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(kept, "{\"a\":");
}
