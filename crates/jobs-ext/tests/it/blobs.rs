//! Containers: a scripted storage account in path style, and folders.

use futures_util::{StreamExt, TryStreamExt};
use jobs_devices::{ImportError, Row};
use jobs_ext::{ContainerUri, ErrorKind, ExportOptions, ImportOptions, JobsClient, RetryPolicy};

use crate::builder;
use crate::clock::StepClock;
use crate::operations::job;
use crate::server::{Reply, Server, json};

const SAS: &str = "sv=2021-12-02&sr=c&sp=racwdl&se=2040-01-01&sig=pl%2Bnted%3D";

pub(crate) fn storage(server: &Server) -> ContainerUri {
    format!("{}/devstoreaccount1/jobs?{SAS}", server.endpoint())
        .parse()
        .unwrap()
}

pub(crate) fn text(body: &str) -> Reply {
    Reply::Full {
        status: 200,
        headers: vec![
            ("ETag".into(), "\"1\"".into()),
            (
                "Last-Modified".into(),
                "Wed, 07 Jul 2021 20:48:00 GMT".into(),
            ),
            ("Content-Type".into(), "text/plain".into()),
        ],
        body: body.into(),
    }
}

pub(crate) fn put_done() -> Reply {
    Reply::Full {
        status: 201,
        headers: vec![("ETag".into(), "\"1\"".into())],
        body: vec![],
    }
}

pub(crate) fn row(id: &str) -> Row {
    format!(r#"{{"id":"{id}","status":"enabled"}}"#)
        .parse()
        .unwrap()
}

pub(crate) fn import(status: &str) -> String {
    job(status).replace("\"export\"", "\"import\"")
}

fn hub_of(server: &Server) -> JobsClient {
    builder(server, &StepClock::default())
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

#[tokio::test]
async fn rows_are_uploaded_as_one_block_blob_under_the_containers_signature() {
    let server = Server::start([json(200, "[]"), put_done(), json(200, import("enqueued"))]).await;
    let options = ImportOptions::from(storage(&server)).blob("in/fleet.txt");
    let _poller = hub_of(&server)
        .begin_import_rows([row("a"), row("b")], options)
        .await
        .unwrap();
    let requests = &server.requests()[1..];
    assert!(
        requests[0]
            .line
            .starts_with("PUT /devstoreaccount1/jobs/in/fleet.txt?"),
        "{}",
        requests[0].line
    );
    for pair in SAS.split('&') {
        assert!(
            requests[0].line.contains(pair),
            "{pair}: {}",
            requests[0].line
        );
    }
    assert_eq!(requests[0].header("x-ms-blob-type"), Some("BlockBlob"));
    assert_eq!(requests[0].header("authorization"), None);
    assert_eq!(requests[0].body.lines().count(), 2);
    assert_eq!(requests[1].json()["inputBlobName"], "in/fleet.txt");
}

#[tokio::test]
async fn exported_rows_are_streamed_and_the_notice_is_handed_over() {
    let file = "Keys are not part of this file.\r\n{\"id\":\"a\",\"status\":\"enabled\"}\r\n\r\n{\"id\":\r\n{\"id\":\"b\",\"status\":\"disabled\"}";
    let server = Server::start([
        json(200, job("enqueued")),
        json(200, job("completed")),
        text(file),
    ])
    .await;
    let done = hub_of(&server)
        .begin_export(ExportOptions::to(storage(&server)))
        .await
        .unwrap()
        .await
        .unwrap();
    let rows = done.devices().await.unwrap();
    assert_eq!(rows.notice(), Some("Keys are not part of this file."));
    let all: Vec<_> = rows.collect().await;
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].as_ref().unwrap().id, "a");
    assert_eq!(all[1].as_ref().unwrap_err().line(), Some(4));
    assert_eq!(all[2].as_ref().unwrap().id, "b");
    assert!(
        server.requests()[2]
            .line
            .starts_with("GET /devstoreaccount1/jobs/devices.txt?")
    );
}

/// What is held is a chunk and a line, or a file without end could never be read.
#[tokio::test]
async fn rows_are_given_out_while_the_file_goes_on() {
    let line = "{\"id\":\"a\",\"status\":\"enabled\"}\r\n";
    let server = Server::start([Reply::Endless(200, line)]).await;
    let container = hub_of(&server).container(&storage(&server)).unwrap();
    let rows = container.read::<Row>("devices.txt").await.unwrap();
    let some: Vec<Row> = rows.take(100_000).try_collect().await.unwrap();
    assert_eq!(some.len(), 100_000);
}

#[tokio::test]
async fn rejected_rows_are_typed_and_an_empty_log_has_none() {
    let log = "{\"deviceId\":\"d1\",\"errorCode\":404001,\"errorStatus\":\"d1\"}\n{\"errorCode\":\"400012\",\"errorStatus\":\"Invalid device format in line: x\"}\n";
    for (reply, expected) in [(text(log), 2), (text(""), 0)] {
        let server = Server::start([
            json(200, import("enqueued")),
            json(200, import("completed")),
            reply,
            json(200, "[]"),
        ])
        .await;
        let options = ImportOptions::from(storage(&server));
        let outcome = hub_of(&server)
            .begin_import(options)
            .await
            .unwrap()
            .await
            .unwrap();
        let rejected: Vec<ImportError> = outcome
            .rejected()
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        assert_eq!(rejected.len(), expected);
        if expected > 0 {
            assert_eq!(
                (rejected[0].device_id.as_deref(), rejected[0].error_code),
                (Some("d1"), 404_001)
            );
            assert_eq!(
                (rejected[1].device_id.as_deref(), rejected[1].error_code),
                (None, 400_012)
            );
        }
    }
}

#[tokio::test]
async fn rejected_configurations_are_typed() {
    let log = "{\"configurationId\":\"winter\",\"errorCode\":400004,\"errorStatus\":\"bad\"}\r\n";
    let done = [
        json(200, import("enqueued")),
        json(200, import("completed")),
    ];
    let server = Server::start(done.into_iter().chain([text(log), json(200, "[]")])).await;
    let options = ImportOptions::from(storage(&server)).configurations();
    let started = hub_of(&server).begin_import(options).await.unwrap();
    let log = started.await.unwrap().rejected_configurations().await;
    let rejected: Vec<ImportError> = log.unwrap().try_collect().await.unwrap();
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].configuration_id.as_deref(), Some("winter"));
    assert_eq!(rejected[0].error_code, 400_004);
    assert!(server.lines()[2].ends_with("/jobs/importConfigErrors.log"));
}

#[tokio::test]
async fn a_refusing_storage_is_a_rejected_container_without_its_signature() {
    let refusal = |status: u16, code: &str| Reply::Full {
        status,
        headers: vec![
            ("x-ms-error-code".into(), code.into()),
            ("Content-Type".into(), "application/xml".into()),
        ],
        body: format!("<Error><Code>{code}</Code><Message>?sig=pl%2Bnted%3D</Message></Error>")
            .into_bytes(),
    };
    for (status, code) in [
        (403, "AuthorizationPermissionMismatch"),
        (404, "BlobNotFound"),
        (400, "InvalidHeaderValue"),
    ] {
        let server = Server::start([refusal(status, code)]).await;
        let container = hub_of(&server).container(&storage(&server)).unwrap();
        let error = container.read::<Row>("devices.txt").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ContainerRejected, "{error}");
        assert!(error.hint().is_some());
        let all = format!("{error} {error:?} {container:?}");
        assert!(!all.contains("nted"), "{all}");
    }
}

#[tokio::test]
async fn a_storage_that_is_down_is_a_transport_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let server = Server::start([]).await;
    let uri = format!("http://{address}/devstoreaccount1/jobs?{SAS}")
        .parse()
        .unwrap();
    let error = hub_of(&server)
        .container(&uri)
        .unwrap()
        .size("devices.txt")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport, "{error:?}");
    assert!(!format!("{error} {error:?}").contains("nted"));
}

#[tokio::test]
async fn an_empty_file_is_not_uploaded_and_a_missing_one_is_named() {
    let server = Server::start([]).await;
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.txt");
    std::fs::write(&empty, "").unwrap();
    let container = hub_of(&server).container(&storage(&server)).unwrap();
    let error = container
        .upload_file("devices.txt", &empty)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let error = container
        .upload_file("devices.txt", folder.path().join("none.txt"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File);
    assert!(error.to_string().contains("none.txt"), "{error}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_large_file_goes_up_in_blocks_and_comes_back_the_same() {
    let server = Server::start([]).await;
    let folder = tempfile::tempdir().unwrap();
    let uri: ContainerUri = format!("file://{}", folder.path().display())
        .parse()
        .unwrap();
    let container = hub_of(&server).container(&uri).unwrap();
    let rows = (0..120_000).map(|n| {
        let pad = "x".repeat(150);
        format!(r#"{{"id":"device-{n}","status":"enabled","tags":{{"pad":"{pad}"}}}}"#)
            .parse::<Row>()
            .unwrap()
    });
    let size = container.upload_rows("devices.txt", rows).await.unwrap();
    assert!(size > 2 * 8 * 1024 * 1024, "more than two parts: {size}");
    assert_eq!(container.size("devices.txt").await.unwrap(), Some(size));
    assert_eq!(container.size("none.txt").await.unwrap(), None);
    let mut read = container.read::<Row>("devices.txt").await.unwrap();
    let mut count = 0;
    while let Some(row) = read.try_next().await.unwrap() {
        assert_eq!(row.id, format!("device-{count}"));
        count += 1;
    }
    assert_eq!(count, 120_000);
    let copy = folder.path().join("copy.txt");
    std::fs::write(&copy, "before").unwrap();
    assert_eq!(
        container.download("devices.txt", &copy).await.unwrap(),
        size
    );
    assert_eq!(
        std::fs::read(&copy).unwrap(),
        std::fs::read(folder.path().join("devices.txt")).unwrap()
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&copy).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_download_that_fails_leaves_the_old_file_and_nothing_else() {
    let server = Server::start([]).await;
    let folder = tempfile::tempdir().unwrap();
    let uri: ContainerUri = format!("file://{}", folder.path().display())
        .parse()
        .unwrap();
    let container = hub_of(&server).container(&uri).unwrap();
    let target = folder.path().join("kept.txt");
    std::fs::write(&target, "before").unwrap();
    let error = container.download("none.txt", &target).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ContainerRejected);
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "before");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_container_without_signature_needs_a_storage_credential() {
    let server = Server::start([]).await;
    let uri: ContainerUri = "https://acct.blob.core.windows.net/jobs".parse().unwrap();
    let error = hub_of(&server).container(&uri).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("storage credential"), "{error}");
}

#[tokio::test]
async fn configurations_are_read_from_their_own_blob() {
    let file = "{\"Id\":\"config-1\",\"Priority\":3}\n";
    let replies = [
        json(200, job("enqueued")),
        json(200, job("completed")),
        text(file),
    ];
    let server = Server::start(replies).await;
    let options = ExportOptions::to(storage(&server)).configurations_to("c.txt");
    let done = hub_of(&server)
        .begin_export(options)
        .await
        .unwrap()
        .await
        .unwrap();
    let all: Vec<_> = done
        .configurations()
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].id, "config-1");
    let requests = server.requests();
    assert_eq!(requests[0].json()["configurationsBlobName"], "c.txt");
    assert!(
        requests[2]
            .line
            .starts_with("GET /devstoreaccount1/jobs/c.txt?")
    );
}

#[tokio::test]
async fn the_storage_credential_opens_containers_without_a_signature() {
    struct Identity;
    impl jobs_ext::Credential for Identity {
        fn token(
            &self,
        ) -> jobs_ext::BoxFuture<'_, Result<jobs_ext::Token, jobs_ext::CredentialError>> {
            let token = jobs_ext::Token::bearer(
                "storage-jwt",
                std::time::SystemTime::now() + std::time::Duration::from_secs(3_000_000_000),
            );
            Box::pin(std::future::ready(Ok(token)))
        }
    }
    let server = Server::start([text("")]).await;
    let hub = builder(&server, &StepClock::default())
        .storage_credential(Identity)
        .build()
        .unwrap();
    let uri = format!("{}/devstoreaccount1/jobs", server.endpoint())
        .parse()
        .unwrap();
    let rows: Vec<Row> = hub
        .container(&uri)
        .unwrap()
        .read("devices.txt")
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert!(rows.is_empty());
    let request = &server.requests()[0];
    assert_eq!(request.header("authorization"), Some("Bearer storage-jwt"));
    assert!(!request.line.contains("sig="));
}
