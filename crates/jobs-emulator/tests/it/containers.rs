//! Which containers the jobs of a hub may use.

use jobs_emulator::{Emulator, StartError};
use serde_json::{Value, json};

use crate::support::{Folder, Rig};

fn export(uri: &str) -> Value {
    json!({ "type": "export", "outputBlobContainerUri": uri })
}

fn import(input: &str, output: &str, blob: &str) -> Value {
    json!({ "type": "import", "inputBlobContainerUri": input, "inputBlobName": blob, "outputBlobContainerUri": output })
}

async fn is_rejected(rig: &Rig, body: &Value, reason: &str) {
    let seen = rig.post("/jobs/create", body).await;
    seen.is_error(400, "BlobContainerValidationError");
    assert!(seen.text.contains(reason), "{}", seen.text);
}

#[tokio::test]
async fn folders_outside_of_the_named_ones_are_not_read_or_written() {
    let (allowed, also, outside) = (Folder::new(), Folder::new(), Folder::new());
    std::fs::create_dir(allowed.0.path().join("box")).unwrap();
    outside.write("devices.txt", "{\"id\":\"d1\"}\n");
    let rig = Rig::with(
        Emulator::builder()
            .files_dir(allowed.0.path())
            .files_dir(also.0.path()),
    )
    .await;
    for uri in [allowed.uri(), also.uri(), format!("{}/box", allowed.uri())] {
        assert_eq!(rig.run(&export(&uri)).await["status"], "completed");
    }
    let hint = "--files";
    is_rejected(&rig, &export(&outside.uri()), hint).await;
    is_rejected(
        &rig,
        &import(&outside.uri(), &allowed.uri(), "devices.txt"),
        hint,
    )
    .await;
    is_rejected(&rig, &export(&format!("{}/none", outside.uri())), hint).await;
    is_rejected(&rig, &export("file:///"), hint).await;
    is_rejected(
        &rig,
        &export(&format!("{}/none", allowed.uri())),
        "does not exist",
    )
    .await;
    assert_eq!(outside.names(), ["devices.txt"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.0.path(), allowed.0.path().join("link")).unwrap();
        is_rejected(&rig, &export(&format!("{}/link", allowed.uri())), hint).await;
        let through = import(&allowed.uri(), &allowed.uri(), "link/devices.txt");
        is_rejected(&rig, &through, "folder").await;
        assert_eq!(outside.names(), ["devices.txt"]);
    }
}

#[tokio::test]
async fn the_data_folder_and_the_ca_are_never_part_of_a_container() {
    let outer = Folder::new();
    let (data, ca) = (outer.0.path().join("data"), outer.0.path().join("ca"));
    let rig_of = |data, ca| {
        Emulator::builder()
            .files_dir(outer.0.path())
            .data_dir(data)
            .ca_dir(ca)
    };
    // The keys of the CA are made by a first hub: a plain client cannot talk to that one.
    rig_of(outer.0.path().join("other"), ca.clone())
        .tls(true)
        .start()
        .await
        .unwrap()
        .shutdown()
        .await;
    let rig = Rig::with(rig_of(data, ca)).await;
    let uri = outer.uri();
    let own = "data of the hub itself";
    is_rejected(&rig, &export(&format!("{uri}/data")), own).await;
    is_rejected(&rig, &export(&format!("{uri}/ca")), own).await;
    is_rejected(&rig, &import(&uri, &uri, "data/hub.sqlite"), own).await;
    is_rejected(&rig, &import(&uri, &uri, "ca/ca-key.pem"), own).await;
    let over = json!({ "type": "export", "outputBlobContainerUri": uri, "outputBlobName": "data/hub.sqlite" });
    let job = rig.run(&over).await;
    assert_eq!(job["status"], "failed", "{job}");
    rig.put("/devices/d1", &json!({})).await.is_ok();
    assert_eq!(rig.run(&export(&uri)).await["status"], "completed");
}

#[tokio::test]
async fn a_folder_for_files_that_does_not_exist_stops_the_start() {
    let folder = Folder::new();
    let missing = folder.0.path().join("missing");
    let error = Emulator::builder()
        .files_dir(&missing)
        .start()
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::Files { .. }));
    assert!(
        error.to_string().contains(missing.to_str().unwrap()),
        "{error}"
    );
    folder.write("file", "");
    let file = Emulator::builder().files_dir(folder.0.path().join("file"));
    file.start().await.unwrap_err();
}

#[tokio::test]
async fn plain_http_storage_is_for_loopback_and_named_hosts() {
    // The names never resolve, so a job that is let through fails to reach them.
    let builder = Emulator::builder().http_storage_host("Named.invalid");
    let rig = Rig::with(builder).await;
    let uri = |host: &str| format!("http://{host}:10000/acct/jobs?sig=planted");
    for host in [
        "other.invalid",
        "10.0.0.1",
        "named.invalid.example",
        "[fe80::1]",
    ] {
        let seen = rig.post("/jobs/create", &export(&uri(host))).await;
        seen.is_error(400, "BlobContainerValidationError");
        assert!(seen.text.contains("--http-storage-host"), "{}", seen.text);
        assert!(!seen.text.contains("planted"));
    }
    for host in ["named.invalid", "NAMED.invalid", "127.0.0.1"] {
        let uri = uri(host).replace("10000", "1");
        let seen = rig.post("/jobs/create", &export(&uri)).await;
        assert!(!seen.text.contains("--http-storage-host"), "{}", seen.text);
        assert!(seen.text.contains("not reached"), "{}", seen.text);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_failed_create_leaves_nothing_in_the_container() {
    let folder = Folder::new();
    let rig = Rig::start().await;
    let missing = import(&folder.uri(), &folder.uri(), "none.txt");
    is_rejected(&rig, &missing, "none.txt").await;
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}
