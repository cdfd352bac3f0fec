//! Whether a data folder is a hub's, whole, and still there.

use std::path::{Path, PathBuf};

use jobs_emulator::{Emulator, EmulatorBuilder};
use reqwest::Method;
use rusqlite::Connection;
use serde_json::json;

use crate::support::{Folder, Rig, Seen};

fn builder(data: &Folder) -> EmulatorBuilder {
    Emulator::builder().data_dir(data.0.path())
}

fn database(data: &Folder) -> PathBuf {
    data.0.path().join("hub.sqlite")
}

/// A folder in which a hub has kept these many devices.
async fn used(devices: usize) -> Folder {
    let data = Folder::new();
    let rig = Rig::with(builder(&data)).await;
    let rows: Vec<_> = (0..devices)
        .map(|n| json!({ "id": format!("d{n}"), "status": "enabled" }))
        .collect();
    rig.hub
        .admin()
        .seed(&json!(rows).to_string())
        .await
        .unwrap();
    rig.put(
        "/configurations/c1",
        &json!({ "schemaVersion": "1.0", "priority": 1 }),
    )
    .await
    .is_ok();
    rig.hub.shutdown().await;
    data
}

fn change(file: &Path, sql: &str) {
    Connection::open(file).unwrap().execute_batch(sql).unwrap();
}

/// Why the hub does not start. No reason ever advises to delete anything.
async fn refusal(builder: EmulatorBuilder) -> String {
    let text = builder.start().await.unwrap_err().to_string();
    for word in ["remove", "delete"] {
        assert!(!text.contains(word), "{text}");
    }
    assert!(text.contains("hint: "), "{text}");
    text
}

async fn health(rig: &Rig) -> Seen {
    let url = format!("{}/healthz", rig.hub.endpoint());
    Seen::of(rig.http.get(url).send().await.unwrap()).await
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_goes_away_is_noticed_by_writes_and_by_health() {
    for renamed in [false, true] {
        let outer = Folder::new();
        let data = outer.0.path().join("data");
        let rig = Rig::with(Emulator::builder().data_dir(&data)).await;
        rig.put("/devices/d1", &json!({})).await.is_ok();
        health(&rig).await.is_ok();
        let elsewhere = outer.0.path().join("elsewhere");
        if renamed {
            std::fs::rename(&data, &elsewhere).unwrap();
        } else {
            std::fs::remove_dir_all(&data).unwrap();
        }
        let seen = rig.put("/devices/d2", &json!({})).await;
        seen.is_error(503, "ServiceUnavailable");
        assert!(seen.text.contains("removed or renamed"), "{}", seen.text);
        let sick = health(&rig).await;
        assert_eq!(sick.status.as_u16(), 503);
        for part in ["hub.sqlite", "removed or renamed", "hint: "] {
            assert!(sick.text.contains(part), "{}", sick.text);
        }
        // Another folder in its place is not the same one.
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("hub.sqlite"), "").unwrap();
        let sick = health(&rig).await;
        assert!(sick.text.contains("another file"), "{}", sick.text);
        if renamed {
            std::fs::remove_dir_all(&data).unwrap();
            std::fs::rename(&elsewhere, &data).unwrap();
            health(&rig).await.is_ok();
            rig.put("/devices/d2", &json!({})).await.is_ok();
        }
    }
}

#[tokio::test]
async fn an_empty_database_file_is_a_new_hub_when_nothing_else_is_there() {
    let data = Folder::new();
    data.write("hub.sqlite", "")
        .write("lock", "")
        .write("hub.sqlite-journal", "");
    let rig = Rig::with(builder(&data)).await;
    rig.put("/devices/d1", &json!({})).await.is_ok();
    rig.hub.shutdown().await;

    for (name, text) in [
        ("notes.txt", ""),
        ("hub.sqlite-wal", "rows that were committed"),
    ] {
        let data = Folder::new();
        data.write("hub.sqlite", "").write(name, text);
        let text = refusal(builder(&data)).await;
        assert!(text.contains("is empty") && text.contains(name), "{text}");
        assert_eq!(data.read("hub.sqlite"), "");
    }
}

#[tokio::test]
async fn the_file_of_another_program_is_refused_and_left_as_it_is() {
    let data = Folder::new();
    for foreign in [
        "x",
        "a diary, and no database at all: longer than any header",
    ] {
        data.write("hub.sqlite", foreign);
        let text = refusal(builder(&data)).await;
        assert!(text.contains("not the database of a local hub"), "{text}");
        assert_eq!(data.read("hub.sqlite"), foreign);
    }
    for sql in [
        "CREATE TABLE notes (text TEXT)",
        "CREATE TABLE jobs (id TEXT); CREATE TABLE notes (text TEXT)",
        "CREATE TABLE jobs (id TEXT); PRAGMA user_version = 1",
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 5",
    ] {
        let data = Folder::new();
        change(&database(&data), sql);
        let before = std::fs::read(database(&data)).unwrap();
        let text = refusal(builder(&data)).await;
        assert!(text.contains("another program"), "{sql}: {text}");
        assert!(std::fs::read(database(&data)).unwrap() == before, "{sql}");
    }
}

#[tokio::test]
async fn an_older_layout_is_migrated_and_a_newer_one_is_refused_with_both_versions() {
    let data = used(3).await;
    change(
        &database(&data),
        "PRAGMA application_id = 0; PRAGMA user_version = 1",
    );
    let rig = Rig::with(builder(&data)).await;
    assert_eq!(
        rig.get("/devices").await.json().as_array().unwrap().len(),
        3
    );
    rig.hub.shutdown().await;
    let connection = Connection::open(database(&data)).unwrap();
    let pragma = |name: &str| -> i64 {
        connection
            .pragma_query_value(None, name, |row| row.get(0))
            .unwrap()
    };
    assert_eq!(
        (pragma("user_version"), pragma("application_id") != 0),
        (2, true)
    );
    drop(connection);

    change(&database(&data), "PRAGMA user_version = 99");
    let text = refusal(builder(&data)).await;
    assert!(
        text.contains("layout 99") && text.contains("1 to 2"),
        "{text}"
    );
}

#[tokio::test]
async fn a_damaged_database_is_refused() {
    let data = used(500).await;
    let whole = std::fs::read(database(&data)).unwrap();
    assert!(whole.len() > 20 * 8192);
    let mut holed = whole.clone();
    holed[3 * 8192..8 * 8192].fill(0xAB);
    for damaged in [&holed[..], &whole[..whole.len() / 2]] {
        std::fs::write(database(&data), damaged).unwrap();
        let text = refusal(builder(&data)).await;
        assert!(text.contains("is damaged"), "{text}");
    }
    std::fs::write(database(&data), &whole).unwrap();
    builder(&data).start().await.unwrap();
}

#[tokio::test]
async fn records_that_cannot_be_read_are_reported() {
    let data = used(1).await;
    change(
        &database(&data),
        "UPDATE configurations SET body = 'torn'; UPDATE identities SET parent_scopes = '[', tags = '{'",
    );
    let rig = Rig::with(builder(&data)).await;
    for path in [
        "/configurations/c1",
        "/configurations",
        "/devices/d0",
        "/devices",
    ] {
        rig.get(path).await.is_error(500, "ServerError");
    }
    change(
        &database(&data),
        "UPDATE identities SET parent_scopes = NULL",
    );
    // A change of the twin does not write over what cannot be decoded.
    let patch = json!({ "tags": { "a": 1 } });
    let seen = rig.send(Method::PATCH, "/twins/d0", &patch).await;
    seen.is_error(500, "ServerError");
    change(&database(&data), "UPDATE identities SET tags = '{}'");
    rig.get("/devices/d0").await.is_ok();
    change(
        &database(&data),
        "UPDATE identities SET auth_type = 'magic'",
    );
    rig.get("/devices/d0").await.is_error(500, "ServerError");
}

#[tokio::test]
async fn keys_that_cannot_be_read_are_not_replaced() {
    let data = Folder::new();
    let builder = || builder(&data).listen(([0, 0, 0, 0], 0).into());
    builder().start().await.unwrap().shutdown().await;
    change(
        &database(&data),
        "UPDATE settings SET value = '[]' WHERE name = 'policies'",
    );
    let text = builder().start().await.unwrap_err().to_string();
    assert!(text.contains("keys"), "{text}");
}
