//! Storage that falls silent ends a call at the bound of a try, as the hub's silence does.

use std::time::Duration;

use futures_util::TryStreamExt;
use jobs_devices::Row;
use jobs_ext::{BlobContainer, Error, ErrorKind, RetryPolicy, Timeouts};

use crate::blobs::{row, storage};
use crate::builder;
use crate::clock::StepClock;
use crate::server::{Reply, Server};

const LINE: &str = "{\"id\":\"a\",\"status\":\"enabled\"}\n";

fn container(server: &Server, attempt: Duration) -> BlobContainer {
    let hub = builder(server, &StepClock::default())
        .retry(RetryPolicy::none())
        .timeouts(Timeouts::default().attempt(attempt))
        .build()
        .unwrap();
    hub.container(&storage(server)).unwrap()
}

async fn quiet(reply: Reply) -> (Server, BlobContainer) {
    let server = Server::start([reply]).await;
    let container = container(&server, Duration::from_millis(100));
    (server, container)
}

fn assert_timeout(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    let text = format!("{error} {error:?}");
    assert!(text.contains("127.0.0.1"), "{text}");
    assert!(
        !text.contains("pl%2Bnted") && !text.contains("pl+nted"),
        "{text}"
    );
}

#[tokio::test]
async fn a_silent_storage_is_a_timeout_when_it_is_asked() {
    let (_server, container) = quiet(Reply::Stall).await;
    assert_timeout(&container.size("devices.txt").await.unwrap_err());
}

#[tokio::test]
async fn a_silent_storage_is_a_timeout_when_it_is_written_to() {
    let (_server, container) = quiet(Reply::Stall).await;
    let rows = [row("a"), row("b")];
    assert_timeout(
        &container
            .upload_rows("devices.txt", rows)
            .await
            .unwrap_err(),
    );
}

#[tokio::test]
async fn a_blob_that_stops_in_the_middle_gives_what_came_and_then_a_timeout() {
    let (_server, container) = quiet(Reply::Quiet(LINE)).await;
    let mut rows = container.read::<Row>("devices.txt").await.unwrap();
    assert_eq!(rows.try_next().await.unwrap().unwrap().id, "a");
    let error = rows.try_next().await.unwrap_err();
    assert_timeout(error.read_error().unwrap());
}

#[tokio::test]
async fn a_download_that_stops_in_the_middle_leaves_no_file() {
    let (_server, container) = quiet(Reply::Quiet(LINE)).await;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("devices.txt");
    assert_timeout(
        &container
            .download("devices.txt", &target)
            .await
            .unwrap_err(),
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// An answer that is refused is not read to its end, nor is room made for as much as it promises.
#[tokio::test]
async fn a_refusal_without_end_is_read_in_part_only() {
    let (_server, container) = quiet(Reply::Endless(403, "<Error>")).await;
    let error = container.size("devices.txt").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ContainerRejected, "{error}");
    let (_server, container) = quiet(Reply::Endless(403, "<Error>")).await;
    let error = container.read::<Row>("devices.txt").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::ContainerRejected, Some(403))
    );
}

#[tokio::test]
async fn a_list_without_end_is_unreadable() {
    let (_server, container) = quiet(Reply::Endless(200, "<Blob>some name</Blob>")).await;
    let error = container.names(5).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
}

#[tokio::test]
async fn a_missing_container_is_not_a_missing_log() {
    let missing = Reply::Full {
        status: 404,
        headers: vec![("x-ms-error-code".into(), "ContainerNotFound".into())],
        body: "<Error><Code>ContainerNotFound</Code></Error>".into(),
    };
    let server = Server::start([missing.clone(), missing]).await;
    let container = container(&server, Duration::from_secs(60));
    let log = container.open("importErrors.log");
    for error in [
        log.await.unwrap_err(),
        container.size("devices.txt").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::ContainerRejected);
        assert_eq!(error.code(), Some("ContainerNotFound"));
        assert!(error.to_string().contains("no container"), "{error}");
    }
}

#[tokio::test]
async fn a_storage_that_throttles_is_not_a_refused_signature() {
    for (status, kind) in [(429, ErrorKind::Throttled), (503, ErrorKind::Service)] {
        let server = Server::start([crate::server::json(status, "")]).await;
        let container = container(&server, Duration::from_secs(60));
        let error = container.read::<Row>("devices.txt").await.unwrap_err();
        assert_eq!(
            (error.kind(), error.status()),
            (kind, Some(status)),
            "{error}"
        );
        assert!(error.is_transient() && error.hint().is_none(), "{error}");
    }
}

/// Gives another token each time.
#[derive(Clone, Default)]
struct Numbered(std::sync::Arc<std::sync::atomic::AtomicU32>);

impl jobs_ext::Credential for Numbered {
    fn token(&self) -> jobs_ext::BoxFuture<'_, Result<jobs_ext::Token, jobs_ext::CredentialError>> {
        let turn = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let far = std::time::SystemTime::now() + Duration::from_secs(3_000_000_000);
        let token = jobs_ext::Token::bearer(&turn.to_string(), far);
        Box::pin(std::future::ready(Ok(token)))
    }
}

#[tokio::test]
async fn storage_tokens_are_kept_for_every_container_and_a_refused_one_is_replaced_once() {
    let refused =
        || crate::server::json(401, "<Error><Code>InvalidAuthenticationInfo</Code></Error>");
    let done = || crate::server::json(404, "<Error><Code>BlobNotFound</Code></Error>");
    let server = Server::start([done(), done(), refused(), done(), refused(), refused()]).await;
    let hub = builder(&server, &StepClock::default())
        .storage_credential(Numbered::default())
        .build()
        .unwrap();
    let uri = format!("{}/devstoreaccount1/jobs", server.endpoint());
    let uri: jobs_ext::ContainerUri = uri.parse().unwrap();
    let log = async || {
        let container = hub.container(&uri).unwrap();
        container.open("importErrors.log").await
    };
    for _ in 0..3 {
        assert!(log().await.is_ok());
    }
    let error = log().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::ContainerRejected, Some(401))
    );
    let carried: Vec<String> = server
        .requests()
        .iter()
        .map(|request| request.header("authorization").unwrap().to_owned())
        .collect();
    let turns = ["0", "0", "0", "1", "1", "2"].map(|turn| format!("Bearer {turn}"));
    assert_eq!(carried, turns);
}
