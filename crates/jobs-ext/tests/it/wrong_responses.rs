//! Storage responses that are not what was asked for.

use futures_util::StreamExt;
use jobs_ext::{BlobContainer, ContainerUriParser, Error, ErrorKind, ExportOptions, RetryPolicy};

use crate::blobs::{put_done, row, storage, text};
use crate::clock::StepClock;
use crate::operations::{ID, job};
use crate::server::{Reply, Server, json};
use crate::{builder, client};

const BODY: &str = "{\"id\":\"a\",\"status\":\"enabled\"}\n";
/// The MD5 of the body.
const MD5: &str = "jWanTIQBqzVcMKml4zQUXQ==";

async fn scripted(replies: impl IntoIterator<Item = Reply>) -> (Server, BlobContainer) {
    let server = Server::start(replies).await;
    let hub = client(&server, &StepClock::default());
    let container = hub.container(&storage(&server)).unwrap();
    (server, container)
}

fn with_status(reply: Reply, status: u16) -> Reply {
    match reply {
        Reply::Full { headers, body, .. } => Reply::Full {
            status,
            headers,
            body,
        },
        other => other,
    }
}

/// The error of a download, which leaves the target as it was and nothing beside it.
async fn download(replies: impl IntoIterator<Item = Reply>) -> Error {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("rows.txt");
    std::fs::write(&target, "before").unwrap();
    let (_server, container) = scripted(replies).await;
    let error = container
        .download("devices.txt", &target)
        .await
        .unwrap_err();
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "before");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    error
}

fn assert_wrong(error: &Error, part: &str) {
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    let text = error.to_string();
    assert!(text.contains(part), "{part}: {text}");
    assert!(!text.contains("nted"), "{text}");
}

#[tokio::test]
async fn a_response_that_is_not_the_blob_never_becomes_the_file() {
    let range = "bytes 0-30/31";
    for (reply, part) in [
        (with_status(text(BODY), 206), "206"),
        (
            with_status(text(BODY), 206).with("Content-Range", range),
            "206",
        ),
        (with_status(text(BODY), 203), "203"),
        (
            with_status(text(""), 302)
                .with("Location", "https://u:planted@login.example/a?sig=planted"),
            "redirects to login.example/a,",
        ),
        (with_status(text(""), 307), "307"),
        (text(BODY).with("Content-Range", range), "another part"),
        (
            text(BODY).with("Content-Encoding", "gzip"),
            "encoded (gzip)",
        ),
        (
            text(BODY).with("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="),
            "Content-MD5",
        ),
        (text(BODY).with("Content-MD5", "short"), "not an MD5"),
        (text("<!DOCTYPE html><p>Sign in</p>"), "HTML page"),
        (
            Reply::Full {
                status: 200,
                headers: vec![
                    ("Content-Type".into(), "text/html".into()),
                    ("ETag".into(), "\"1\"".into()),
                    (
                        "Last-Modified".into(),
                        "Sun, 06 Nov 1994 08:49:37 GMT".into(),
                    ),
                ],
                body: BODY.into(),
            },
            "HTML page",
        ),
    ] {
        assert_wrong(&download([reply]).await, part);
    }
}

#[tokio::test]
async fn a_right_md5_and_an_identity_encoding_are_taken() {
    let reply = text(BODY)
        .with("Content-MD5", MD5)
        .with("Content-Encoding", "identity");
    let (_server, container) = scripted([reply]).await;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("rows.txt");
    let size = container.download("devices.txt", &target).await.unwrap();
    assert_eq!(size, BODY.len() as u64);
    assert_eq!(std::fs::read_to_string(&target).unwrap(), BODY);
}

/// The first ten bytes, and then nothing: the rest is asked for.
fn broken() -> Reply {
    Reply::Half("{\"id\":\"a\",")
}

fn rest(etag: &str, range: &str, body: &str) -> Reply {
    Reply::Full {
        status: 206,
        headers: vec![
            ("ETag".into(), etag.into()),
            (
                "Last-Modified".into(),
                "Sun, 06 Nov 1994 08:49:37 GMT".into(),
            ),
            ("Content-Range".into(), range.into()),
        ],
        body: body.into(),
    }
}

#[tokio::test]
async fn the_rest_of_a_broken_read_must_be_of_the_same_blob() {
    let tail = "x".repeat(990);
    for (reply, part) in [
        (
            rest("\"2\"", "bytes 10-999/1000", &tail),
            "changed while it was read",
        ),
        (rest("\"1\"", "bytes 10-999/1001", &tail), "another part"),
        (rest("\"1\"", "bytes 9-999/1000", &tail), "another part"),
        (rest("\"1\"", "bytes 10-20/1000", &tail), "another part"),
        (text(&tail), "200"),
    ] {
        assert_wrong(&download([broken(), reply]).await, part);
    }
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("rows.txt");
    let good = rest("\"1\"", "bytes 10-999/1000", &tail);
    let (server, container) = scripted([broken(), good]).await;
    assert_eq!(container.download("d.txt", &target).await.unwrap(), 1000);
    assert_eq!(server.requests()[1].header("range"), Some("bytes=10-999"));
    // The rest is shorter than announced, whatever its own length says.
    let short = rest("\"1\"", "bytes 10-999/1000", "x");
    assert_wrong(
        &download([broken(), short]).await,
        "ended after 11 of 1000 bytes",
    );
}

#[tokio::test]
async fn an_upload_that_something_else_answers_is_not_done() {
    let page = Reply::Full {
        status: 200,
        headers: vec![
            ("Content-Type".into(), "text/html; charset=utf-8".into()),
            ("ETag".into(), "\"1\"".into()),
        ],
        body: "<html>Sign in</html>".into(),
    };
    for reply in [page.clone(), with_status(put_done(), 206)] {
        let (_server, container) = scripted([reply]).await;
        let error = container
            .upload_rows("d.txt", [row("a")])
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    }
    let (_server, container) = scripted([page.clone(), page]).await;
    let error = container.delete("d.txt").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert!(container.properties("d.txt").await.is_err());
}

/// The reading and the copying of an export whose blob has these bytes.
async fn exported(body: &[u8]) -> (Result<usize, Error>, Result<u64, Error>) {
    let Reply::Full {
        status, headers, ..
    } = text("")
    else {
        unreachable!("a whole response")
    };
    let blob = Reply::Full {
        status,
        headers,
        body: body.to_vec(),
    };
    let server = Server::start([json(200, job("completed")), blob.clone(), blob]).await;
    let hub = client(&server, &StepClock::default());
    let options = ExportOptions::to(storage(&server)).blob("devices.txt");
    let done = hub.resume_export(ID, options).await.unwrap();
    let rows = match done.devices().await {
        Ok(rows) => Ok(rows
            .filter(|row| std::future::ready(row.is_ok()))
            .count()
            .await),
        Err(error) => Err(error),
    };
    let folder = tempfile::tempdir().unwrap();
    let copied = done.download(folder.path().join("rows.txt")).await;
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, usize::from(copied.is_ok()));
    (rows, copied)
}

#[tokio::test]
async fn an_export_is_only_what_a_hub_exports() {
    let utf16: Vec<u8> = BODY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (body, part) in [
        (&b"\x1f\x8b\x08\0\0\0\0\0"[..], "compressed with gzip"),
        (b"<!-- x --><!DOCTYPE html><p>Sign in</p>", "XML"),
        (b"<head><title>Sign in</title>", "HTML"),
        (
            b"<?xml version=\"1.0\"?><Error><Code>X</Code></Error>",
            "XML",
        ),
        (b"<Error/>", "XML"),
        (
            b"{\"error\":{\"code\":\"AuthenticationFailed\"}}",
            "without rows",
        ),
        (b"{\"message\":\"sign in\"}", "without rows"),
        (b"[{\"id\":\"a\"}]", "JSON array"),
        (b"Service Unavailable\nTry again later\n", "without rows"),
        (
            b"{\"deviceId\":\"a\",\"keys\":1}\n{\"deviceId\":\"b\"}\n",
            "without rows",
        ),
        (&utf16, "UTF-16"),
    ] {
        let (rows, copied) = exported(body).await;
        assert_wrong(&rows.unwrap_err(), part);
        assert_wrong(&copied.unwrap_err(), part);
    }
    let noticed = format!("Keys were left out.\n{BODY}");
    let long = format!(
        "{{\"id\":\"a\",\"tags\":{{\"t\":\"{}\"}}}}\n",
        "x".repeat(100_000)
    );
    let both = format!("Keys were left out.\n{long}");
    for (body, count) in [
        ("", 0),
        ("\u{feff}", 0),
        ("The hub has no devices.\n", 0),
        (BODY, 1),
        (&noticed, 1),
        (&long, 1),
        (&both, 1),
    ] {
        let (rows, copied) = exported(body.as_bytes()).await;
        assert_eq!(rows.unwrap(), count, "{body}");
        assert_eq!(copied.unwrap(), body.len() as u64);
    }
}

#[tokio::test]
async fn what_a_proxy_does_instead_of_the_storage_is_said_with_its_name() {
    let deny = || with_status(text("<p>Who are you?</p>"), 407);
    let proxy = Server::start([deny(), deny(), Reply::Cut]).await;
    let hub = builder(&proxy, &StepClock::default())
        .retry(RetryPolicy::none())
        .proxy(proxy.endpoint().replace("://", "://user:planted@"))
        .build()
        .unwrap();
    let uri = ContainerUriParser::new()
        .http_storage_host("azurite")
        .parse("http://azurite:10000/devstoreaccount1/jobs?sv=1&sig=planted")
        .unwrap();
    let container = hub.container(&uri).unwrap();
    let named = format!(
        "went through the proxy http://[redacted]@{}",
        &proxy.endpoint()[7..]
    );
    for error in [
        container.properties("d.txt").await.unwrap_err(),
        container.delete("d.txt").await.unwrap_err(),
    ] {
        assert_wrong(&error, "asks for a user name");
        assert!(error.to_string().contains(&named), "{error}");
    }
    let error = container.properties("d.txt").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.to_string().contains(&named), "{error}");
}
