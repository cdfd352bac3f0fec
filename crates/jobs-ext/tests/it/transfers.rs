//! Files on their way into a container and out of one: what is replaced, and when.

use std::time::Duration;

use jobs_ext::{BlobContainer, ErrorKind, ImportOptions, ProgressEvent};

use crate::blobs::{import, put_done, row, storage, text};
use crate::client;
use crate::clock::StepClock;
use crate::operations::{ID, job};
use crate::server::{Server, json};

async fn container_of(body: &str) -> (Server, BlobContainer) {
    let server = Server::start([text(body)]).await;
    let container = client(&server, &StepClock::default())
        .container(&storage(&server))
        .unwrap();
    (server, container)
}

/// The blob may be the one that the active job is reading.
#[tokio::test]
async fn nothing_is_uploaded_while_another_job_is_active() {
    let active = || json(200, format!("[{}]", job("running")));
    let server = Server::start([active()]).await;
    let hub = client(&server, &StepClock::default());
    let options = ImportOptions::from(storage(&server));
    let error = hub
        .begin_import_rows([row("a")], options)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JobQuota);
    assert_eq!(error.job().map(jobs_ext::Job::id), Some(ID));
    assert!(
        error.to_string().contains("nothing was uploaded"),
        "{error}"
    );
    assert_eq!(server.lines(), ["GET /jobs"]);
}

#[tokio::test]
async fn nothing_is_uploaded_while_it_is_not_known_whether_a_job_is_active() {
    let server = Server::start((0..5).map(|_| json(503, ""))).await;
    let options = ImportOptions::from(storage(&server));
    let hub = client(&server, &StepClock::default());
    let error = hub
        .begin_import_rows([row("a")], options)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    assert!(server.lines().iter().all(|line| line == "GET /jobs"));
    // Who may not list jobs may still create them.
    let refused = || json(403, "");
    let replies = [refused(), put_done(), json(200, import("enqueued"))];
    let server = Server::start(replies).await;
    let options = ImportOptions::from(storage(&server));
    let hub = client(&server, &StepClock::default());
    assert!(hub.begin_import_rows([row("a")], options).await.is_ok());
}

#[tokio::test]
async fn the_slot_is_waited_for_before_the_upload() {
    let active = || json(200, format!("[{}]", job("running")));
    let free = json(200, format!("[{}]", job("completed")));
    let replies = [
        active(),
        active(),
        free,
        put_done(),
        json(200, import("enqueued")),
    ];
    let server = Server::start(replies).await;
    let busy = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let told = busy.clone();
    let options = ImportOptions::from(storage(&server))
        .blob("devices.txt")
        .wait_for_slot(Duration::from_secs(600))
        .progress(move |event: &ProgressEvent<'_>| {
            if matches!(event, ProgressEvent::SlotBusy { .. }) {
                told.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
        });
    let hub = client(&server, &StepClock::default());
    let poller = hub.begin_import_rows([row("a")], options).await.unwrap();
    assert_eq!(poller.id(), ID);
    let path = "PUT /devstoreaccount1/jobs/devices.txt";
    assert_eq!(
        server.lines(),
        [
            "GET /jobs",
            "GET /jobs",
            "GET /jobs",
            path,
            "POST /jobs/create"
        ]
    );
    assert_eq!(busy.load(std::sync::atomic::Ordering::SeqCst), 2);
}

#[cfg(unix)]
#[tokio::test]
async fn a_download_writes_the_file_behind_a_link_and_leaves_the_link() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (
        folder.path().join("real.txt"),
        folder.path().join("link.txt"),
    );
    std::fs::write(&real, "old").unwrap();
    symlink("real.txt", &link).unwrap();
    for target in [&link, &folder.path().join("dangling.txt")] {
        if target != &link {
            symlink("new.txt", target).unwrap();
        }
        let (_server, container) = container_of("new").await;
        assert_eq!(container.download("devices.txt", target).await.unwrap(), 3);
        assert!(std::fs::symlink_metadata(target).unwrap().is_symlink());
        let found = std::fs::metadata(target).unwrap();
        assert_eq!(found.permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_to_string(target).unwrap(), "new");
    }
    assert_eq!(std::fs::read_to_string(&real).unwrap(), "new");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_download_into_a_pipe_goes_through_it() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let (_server, container) = container_of("rows").await;
    let reader = pipe.clone();
    let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(reader));
    assert_eq!(container.download("devices.txt", &pipe).await.unwrap(), 4);
    assert_eq!(read.await.unwrap().unwrap(), "rows");
    assert!(!std::fs::metadata(&pipe).unwrap().is_file());
}

#[tokio::test]
async fn a_download_to_a_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, container) = container_of("rows").await;
    let answer = container.download("devices.txt", folder.path()).await;
    let error = answer.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File);
    assert!(error.to_string().contains("is a folder"), "{error}");
}
