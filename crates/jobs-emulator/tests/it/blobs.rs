//! Jobs over blob containers, against a small blob service that checks what it is sent.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::Rig;

/// Holds characters that a careless client would encode anew.
const SAS: &str =
    "sv=2021-12-02&st=2020-01-01T00:00:00Z&sr=c&sp=SP&sig=PLANTED%2Bab%2Fcd%3D&x=a+b%20c~d";

/// A container that remembers requests.
#[derive(Clone, Default)]
struct Blobs(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    blobs: BTreeMap<String, Vec<u8>>,
    blocks: BTreeMap<(String, String), Vec<u8>>,
    requests: Vec<String>,
    rights: String,
    /// What a read is answered with besides, or instead: a status, headers and a body.
    twist: Option<Twist>,
}

type Twist = (
    u16,
    &'static [(&'static str, &'static str)],
    Option<&'static str>,
);

impl Blobs {
    async fn start(rights: &str) -> (Self, String) {
        let blobs = Self::default();
        blobs.0.lock().unwrap().rights = rights.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!(
            "http://{}/acct/box?{}",
            listener.local_addr().unwrap(),
            SAS.replace("SP", rights)
        );
        let service = blobs.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let blobs = service.clone();
                tokio::spawn(async move {
                    let answer = service_fn(move |request| {
                        let blobs = blobs.clone();
                        async move { Ok::<_, Infallible>(blobs.answer(request).await) }
                    });
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), answer)
                        .await;
                });
            }
        });
        (blobs, uri)
    }

    fn put(&self, name: &str, content: impl Into<Vec<u8>>) {
        self.0
            .lock()
            .unwrap()
            .blobs
            .insert(name.to_owned(), content.into());
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(self.0.lock().unwrap().blobs[name].clone()).unwrap()
    }

    fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().blobs.keys().cloned().collect()
    }

    fn requests(&self) -> Vec<String> {
        self.0.lock().unwrap().requests.clone()
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let target = head.uri.path_and_query().unwrap().as_str().to_owned();
        let mut inner = self.0.lock().unwrap();
        inner.requests.push(format!("{} {target}", head.method));
        let sas = SAS.replace("SP", &inner.rights);
        let status = |status: u16| {
            Response::builder()
                .status(status)
                .body(Full::default())
                .unwrap()
        };
        let Some((path, query)) = target
            .split_once('?')
            .filter(|(_, query)| query.ends_with(&sas))
        else {
            return status(403);
        };
        let Some(name) = path.strip_prefix("/acct/box/").map(str::to_owned) else {
            return status(403);
        };
        let right = match head.method {
            Method::GET | Method::HEAD => 'r',
            Method::PUT => 'w',
            Method::DELETE => 'd',
            _ => return status(405),
        };
        if !inner.rights.contains(right) {
            return status(403);
        }
        match head.method {
            Method::PUT => inner.write(&head, &name, query, body),
            Method::DELETE => status(if inner.blobs.remove(&name).is_some() {
                202
            } else {
                404
            }),
            _ => inner.read(&head, &name),
        }
    }
}

impl Inner {
    fn write(
        &mut self,
        head: &hyper::http::request::Parts,
        name: &str,
        query: &str,
        body: Bytes,
    ) -> Response<Full<Bytes>> {
        let created = || {
            Response::builder()
                .status(201)
                .header("etag", "\"1\"")
                .body(Full::default())
                .unwrap()
        };
        let parameter = |wanted: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value)
        };
        match parameter("comp") {
            Some("block") => {
                let id = percent_encoding::percent_decode_str(parameter("blockid").unwrap())
                    .decode_utf8()
                    .unwrap()
                    .into_owned();
                self.blocks.insert((name.to_owned(), id), body.to_vec());
            }
            Some("blocklist") => {
                let text = std::str::from_utf8(&body).unwrap();
                let ids = text
                    .split("</")
                    .filter_map(|part| part.rsplit_once('>').map(|(_, id)| id))
                    .filter(|id| !id.is_empty());
                let whole = ids
                    .filter_map(|id| self.blocks.get(&(name.to_owned(), id.to_owned())))
                    .flatten()
                    .copied()
                    .collect();
                self.blobs.insert(name.to_owned(), whole);
            }
            _ => {
                assert_eq!(head.headers["x-ms-blob-type"], "BlockBlob");
                self.blobs.insert(name.to_owned(), body.to_vec());
            }
        }
        created()
    }

    fn read(&self, head: &hyper::http::request::Parts, name: &str) -> Response<Full<Bytes>> {
        let Some(blob) = self.blobs.get(name) else {
            return Response::builder()
                .status(404)
                .header("x-ms-error-code", "BlobNotFound")
                .body(Full::default())
                .unwrap();
        };
        let twist = self.twist.filter(|_| head.method == Method::GET);
        let (code, headers, other) = twist.unwrap_or((200, &[], None));
        let blob = other.map_or_else(|| blob.clone(), |other| other.into());
        let mut builder = Response::builder()
            .status(StatusCode::from_u16(code).unwrap())
            .header("etag", "\"1\"")
            .header("last-modified", "Mon, 23 Nov 2026 10:00:00 GMT")
            .header("content-length", blob.len());
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let body = if head.method == Method::HEAD {
            Bytes::new()
        } else {
            Bytes::from(blob)
        };
        builder.body(Full::new(body)).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_and_an_export_work_with_the_documented_rights_alone() {
    let rig = Rig::start().await;
    let (input, input_uri) = Blobs::start("r").await;
    let (output, output_uri) = Blobs::start("rwd").await;
    input.put(
        "devices.txt",
        "{\"id\":\"d1\",\"status\":\"enabled\"}\n{\"id\":\"d1\"}\n",
    );
    let body = json!({ "type": "import", "inputBlobContainerUri": input_uri, "outputBlobContainerUri": output_uri });
    assert_eq!(
        rig.create(&body).await["outputBlobContainerUri"],
        output_uri
    );
    let id = rig.get("/jobs").await.json()[0]["jobId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        rig.until(&id, &["completed", "failed"]).await["status"],
        "completed"
    );
    assert_eq!(output.names(), ["importErrors.log"]);
    assert!(output.text("importErrors.log").contains("400012"));

    let job = rig
        .run(&json!({ "type": "export", "outputBlobContainerUri": output_uri }))
        .await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(output.names(), ["devices.txt", "importErrors.log"]);
    assert!(output.text("devices.txt").starts_with("{\"id\":\"d1\","));

    // The container itself is never asked about, and the query is there byte for byte.
    for (requests, sas) in [
        (input.requests(), SAS.replace("SP", "r")),
        (output.requests(), SAS.replace("SP", "rwd")),
    ] {
        for request in requests {
            assert!(
                request.contains(" /acct/box/") && request.ends_with(&sas),
                "{request}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_is_refused_at_creation_in_the_services_words() {
    let rig = Rig::start().await;
    for (rights, text) in [
        ("r", "Unauthorized to write to output blob container."),
        ("rw", "Unauthorized to delete from output blob container."),
    ] {
        let (_blobs, uri) = Blobs::start(rights).await;
        let seen = rig
            .post(
                "/jobs/create",
                &json!({ "type": "export", "outputBlobContainerUri": uri }),
            )
            .await;
        assert_eq!(
            (seen.status.as_u16(), seen.code()),
            (400, "BlobContainerValidationError")
        );
        assert!(
            seen.json()["Message"].as_str().unwrap().contains(text),
            "{}",
            seen.text
        );
        assert!(!seen.text.contains("PLANTED"));
    }
    let (_input, input) = Blobs::start("w").await;
    let (output, output_uri) = Blobs::start("rwd").await;
    let body = |input: &str| json!({ "type": "import", "inputBlobContainerUri": input, "outputBlobContainerUri": output_uri });
    assert_eq!(
        rig.post("/jobs/create", &body(&input)).await.code(),
        "BlobContainerValidationError"
    );
    // There, but without the blob.
    assert_eq!(
        rig.post("/jobs/create", &body(&output_uri)).await.code(),
        "BlobContainerValidationError"
    );
    assert!(output.names().is_empty());
    assert_eq!(rig.get("/jobs").await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn large_blobs_travel_in_blocks() {
    let rig = Rig::start().await;
    let (blobs, uri) = Blobs::start("rwd").await;
    let filler = "x".repeat(4000);
    let rows: String = (0..3000)
        .map(|n| {
            format!(
                "{}\n",
                json!({ "id": format!("d{n}"), "status": "enabled", "tags": { "filler": filler } })
            )
        })
        .collect();
    blobs.put("devices.txt", rows);
    let job = rig.run(&json!({ "type": "import", "inputBlobContainerUri": uri, "outputBlobContainerUri": uri })).await;
    assert_eq!(job["status"], "completed", "{job}");
    let job = rig.run(&json!({ "type": "export", "outputBlobContainerUri": uri, "outputBlobName": "sub/out.txt" })).await;
    assert_eq!(job["status"], "completed", "{job}");
    let text = blobs.text("sub/out.txt");
    assert_eq!(text.lines().count(), 3000);
    assert!(
        text.lines()
            .enumerate()
            .all(|(n, line)| line.starts_with(&format!("{{\"id\":\"d{n}\",")))
    );
    assert!(
        blobs
            .requests()
            .iter()
            .filter(|request| request.contains("comp=block&"))
            .count()
            >= 3
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_ends_after_the_creation_fails_the_job() {
    let rig =
        Rig::with(jobs_emulator::Emulator::builder().job_delay(std::time::Duration::from_secs(60)))
            .await;
    let (blobs, uri) = Blobs::start("rwd").await;
    let job = rig
        .create(&json!({ "type": "export", "outputBlobContainerUri": uri }))
        .await;
    let id = job["jobId"].as_str().unwrap();
    blobs.0.lock().unwrap().rights = String::new();
    for state in ["running", "failed"] {
        rig.hub.clock().advance(std::time::Duration::from_secs(60));
        rig.until(id, &[state]).await;
    }
    let job = rig.get(&format!("/jobs/{id}")).await.json();
    let reason = job["failureReason"].as_str().unwrap();
    assert!(
        !reason.is_empty() && !reason.contains("PLANTED"),
        "{reason}"
    );
    assert!(job["endTimeUtc"].is_string());
    // The slot is free again.
    let (_blobs, uri) = Blobs::start("rwd").await;
    rig.create(&json!({ "type": "export", "outputBlobContainerUri": uri }))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_is_not_the_input_blob_fails_the_import() {
    let row = "{\"id\":\"d1\",\"status\":\"enabled\"}\n";
    let cases: [(Twist, &str); 6] = [
        ((206, &[("content-range", "bytes 0-30/31")], None), "206"),
        (
            (200, &[("content-range", "bytes 0-30/62")], None),
            "another part",
        ),
        ((200, &[("content-encoding", "gzip")], None), "encoded"),
        ((200, &[("content-type", "text/html")], None), "HTML page"),
        ((200, &[], Some("<!DOCTYPE html><p>Sign in")), "HTML page"),
        (
            (200, &[("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")], None),
            "Content-MD5",
        ),
    ];
    for (twist, part) in cases {
        let rig = Rig::start().await;
        let (blobs, uri) = Blobs::start("rwd").await;
        blobs.put("devices.txt", row);
        blobs.0.lock().unwrap().twist = Some(twist);
        let body = json!({ "type": "import", "inputBlobContainerUri": uri, "outputBlobContainerUri": uri });
        let job = rig.run(&body).await;
        assert_eq!(job["status"], "failed", "{part}: {job}");
        let reason = job["failureReason"].as_str().unwrap();
        assert!(reason.contains(part), "{part}: {reason}");
        assert!(!reason.contains("PLANTED"), "{reason}");
    }
}
