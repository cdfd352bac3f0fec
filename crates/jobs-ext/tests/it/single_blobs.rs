//! One blob at a time: its properties, its bytes, its deletion.

use futures_util::TryStreamExt;
use jobs_ext::{BlobContainer, ContainerUri, ErrorKind};

use crate::blobs::{storage, text};
use crate::client;
use crate::clock::StepClock;
use crate::server::{Reply, Server, json};

fn status(status: u16, code: &str) -> Reply {
    json(status, format!("<Error><Code>{code}</Code></Error>")).with("x-ms-error-code", code)
}

async fn scripted(replies: impl IntoIterator<Item = Reply>) -> (Server, BlobContainer) {
    let server = Server::start(replies).await;
    let container = client(&server, &StepClock::default())
        .container(&storage(&server))
        .unwrap();
    (server, container)
}

async fn folder() -> (tempfile::TempDir, Server, BlobContainer) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start([]).await;
    let uri = ContainerUri::from_folder(folder.path()).unwrap();
    let container = client(&server, &StepClock::default())
        .container(&uri)
        .unwrap();
    (folder, server, container)
}

#[tokio::test]
async fn a_deletion_is_one_request_with_the_signature_as_it_was_given() {
    let (server, container) = scripted([json(202, "")]).await;
    assert!(container.delete("in/a b.txt").await.unwrap());
    let request = &server.requests()[0];
    let query = "sv=2021-12-02&sr=c&sp=racwdl&se=2040-01-01&sig=pl%2Bnted%3D";
    assert_eq!(
        request.line,
        format!("DELETE /devstoreaccount1/jobs/in/a%20b.txt?{query}")
    );
    assert!(request.header("x-ms-version").is_some());
    assert_eq!(request.header("authorization"), None);
}

#[tokio::test]
async fn a_missing_blob_is_deleted_without_an_error() {
    let (_server, container) = scripted([status(404, "BlobNotFound")]).await;
    assert!(!container.delete("a.txt").await.unwrap());
    // Its response was lost, and the next attempt finds no blob.
    let (server, container) = scripted([Reply::Cut, status(404, "BlobNotFound")]).await;
    assert!(container.delete("a.txt").await.unwrap());
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_rejected_deletion_is_typed_and_keeps_the_signature_to_itself() {
    for (code, name, kind) in [
        (
            403,
            "AuthorizationPermissionMismatch",
            ErrorKind::ContainerRejected,
        ),
        (404, "ContainerNotFound", ErrorKind::ContainerRejected),
        (409, "SnapshotsPresent", ErrorKind::Conflict),
        (412, "LeaseIdMissing", ErrorKind::Conflict),
    ] {
        let (server, container) = scripted([status(code, name)]).await;
        let error = container.delete("a.txt").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.code(), Some(name), "{error}");
        assert_eq!(error.operation(), Some("delete blob"));
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("nted"), "{shown}");
        assert_eq!(server.requests().len(), 1);
    }
    let (server, container) = scripted([]).await;
    for name in ["", "../a.txt", "a/..%2Fb"] {
        let error = container.delete(name).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{name}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_deletion_is_retried_after_a_transient_error_alone() {
    let busy = || status(503, "ServerBusy");
    let (server, container) = scripted([busy(), busy(), json(202, "")]).await;
    assert!(container.delete("a.txt").await.unwrap());
    assert_eq!(server.requests().len(), 3);
    let (_server, container) = scripted((0..20).map(|_| busy())).await;
    let error = container.delete("a.txt").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Service, Some(503))
    );
}

#[tokio::test]
async fn a_file_in_a_folder_is_deleted_and_a_missing_one_is_no_error() {
    let (folder, _server, container) = folder().await;
    std::fs::create_dir(folder.path().join("in")).unwrap();
    std::fs::write(folder.path().join("in/a.txt"), "rows").unwrap();
    assert!(container.delete("in/a.txt").await.unwrap());
    assert!(!folder.path().join("in/a.txt").exists());
    assert!(!container.delete("in/a.txt").await.unwrap());
    assert!(container.delete("../a.txt").await.is_err());
    let error = container.delete("in").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File, "{error}");
    assert!(error.to_string().contains("cannot be deleted"), "{error}");
}

#[tokio::test]
async fn properties_are_read_without_the_bytes() {
    let reply = text("12345").with("Date", "Wed, 07 Jul 2021 20:48:23 GMT");
    let missing = status(404, "BlobNotFound");
    let (server, container) = scripted([reply, missing]).await;
    let found = container.properties("a.txt").await.unwrap().unwrap();
    assert_eq!((found.size, found.etag.as_deref()), (5, Some("\"1\"")));
    assert_eq!(found.modified.as_second(), 1_625_690_880);
    assert_eq!(found.storage_time.unwrap().as_second(), 1_625_690_903);
    assert!(server.requests()[0].line.starts_with("HEAD "));
    assert_eq!(container.properties("b.txt").await.unwrap(), None);
}

#[tokio::test]
async fn a_files_properties_come_with_the_machines_time() {
    let (folder, _server, container) = folder().await;
    std::fs::write(folder.path().join("a.txt"), "rows").unwrap();
    let found = container.properties("a.txt").await.unwrap().unwrap();
    let age = found.storage_time.unwrap().as_second() - found.modified.as_second();
    assert_eq!(found.size, 4);
    assert!((-1..60).contains(&age), "{age}");
    assert_eq!(container.properties("b.txt").await.unwrap(), None);
}

#[tokio::test]
async fn an_opened_blob_is_its_properties_and_its_bytes() {
    let (_server, container) = scripted([text("one\ntwo\n"), text("x")]).await;
    let copy = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = copy.clone();
    let blob = container.open("a.txt").await.unwrap().unwrap();
    assert_eq!((blob.name(), blob.properties().size), ("a.txt", 8));
    let blob = blob.inspect(move |chunk| kept.lock().unwrap().extend_from_slice(chunk));
    let chunks: Vec<_> = blob.try_collect().await.unwrap();
    assert_eq!(chunks.concat(), b"one\ntwo\n");
    assert_eq!(*copy.lock().unwrap(), b"one\ntwo\n");
}
