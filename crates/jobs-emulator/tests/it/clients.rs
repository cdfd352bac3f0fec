//! What official clients do beyond the plain request, and how they reach the hub.

use std::sync::Arc;

use jobs_emulator::Emulator;
use reqwest::Method;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::scheduled::twin_job;
use crate::support::{API, Folder, Rig, Seen, in_an_hour, sign};

#[tokio::test]
async fn the_content_type_of_a_request_does_not_matter() {
    let rig = Rig::start().await;
    let with = async |method: Method, path: &str, kind: Option<&str>, body: &str| {
        let mut request = rig.request(method, path).body(body.to_owned());
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        Seen::of(request.send().await.unwrap()).await
    };
    for kind in [
        None,
        Some("application/json"),
        Some("application/json; charset=utf-8"),
        Some("Application/JSON;charset=UTF-8"),
        Some("text/plain"),
    ] {
        let folder = Folder::new();
        let export = json!({ "type": "export", "outputBlobContainerUri": folder.uri() });
        let made = with(Method::POST, "/jobs/create", kind, &export.to_string()).await;
        let id = made.is_ok().json()["jobId"].as_str().unwrap().to_owned();
        rig.until(&id, &["completed"]).await;
        let path = format!("/jobs/{id}");
        with(Method::GET, &path, kind, "").await.is_ok();
        let cancelled = with(Method::DELETE, &path, kind, "").await;
        assert_eq!(cancelled.status.as_u16(), 204, "{kind:?}");
        with(Method::PUT, "/devices/d1", kind, "{}").await.is_ok();
        with(Method::DELETE, "/devices/d1", kind, "").await;
    }
}

#[tokio::test]
async fn a_scheduled_job_is_cancelled_without_body_and_content_type() {
    let rig = Rig::with(Emulator::builder().job_delay(std::time::Duration::from_secs(60))).await;
    rig.put("/jobs/v2/job-1", &twin_job("*")).await.is_ok();
    let request = rig.request(Method::POST, "/jobs/v2/job-1/cancel");
    let seen = Seen::of(request.send().await.unwrap()).await;
    assert_eq!(seen.is_ok().json()["status"], "cancelled");
}

#[tokio::test]
async fn the_token_is_judged_before_the_size_of_the_body() {
    let rig = Rig::start().await;
    let large = "x".repeat(8 * 1024 * 1024 + 1);
    let request = rig.http.post(rig.url("/jobs/create")).body(large.clone());
    Seen::of(request.send().await.unwrap())
        .await
        .is_error(401, "IotHubUnauthorizedAccess");
    let request = rig.request(Method::POST, "/jobs/create").body(large);
    Seen::of(request.send().await.unwrap())
        .await
        .is_error(413, "GenericRequestEntityTooLarge");
}

#[tokio::test]
async fn a_token_for_a_path_opens_that_path_only() {
    let rig = Rig::start().await;
    let key = rig.key("iothubowner");
    let get = async |resource: &str, path: &str| {
        let token = sign(resource, "iothubowner", &key, in_an_hour());
        let request = rig.http.get(rig.url(path)).header("authorization", token);
        Seen::of(request.send().await.unwrap()).await
    };
    get("localhost/Jobs", "/jobs").await.is_ok();
    get("localhost/jobs/", "/jobs/v2/query").await.is_ok();
    for resource in ["localhost/devices", "localhost/job", "localhost/jobs/v2"] {
        get(resource, "/jobs")
            .await
            .is_error(401, "IotHubUnauthorizedAccess");
    }
}

#[tokio::test]
async fn a_development_key_opens_nothing_on_another_address() {
    let key = Rig::start().await.key("iothubowner");
    let rig = Rig::with(Emulator::builder().listen(([0, 0, 0, 0], 0).into())).await;
    let call = async |key: &str| {
        let token = sign("localhost", "iothubowner", key, in_an_hour());
        let request = rig
            .http
            .get(rig.url("/jobs"))
            .header("authorization", token);
        Seen::of(request.send().await.unwrap()).await
    };
    call(&key).await.is_error(401, "IotHubUnauthorizedAccess");
    call(&rig.key("iothubowner")).await.is_ok();
}

#[tokio::test]
async fn with_throttling_the_rates_of_the_tier_hold_and_without_it_none() {
    for throttle in [true, false] {
        let rig = Rig::with(Emulator::builder().throttle(throttle)).await;
        for _ in 0..100 {
            rig.get("/jobs").await.is_ok();
        }
        // S1 earns 1.67 a second; a few more than a test takes seconds are past it.
        let mut refused = None;
        for _ in 0..200 {
            let seen = rig.get("/jobs").await;
            if !seen.status.is_success() {
                refused = Some(seen);
                break;
            }
        }
        let Some(seen) = refused else {
            assert!(!throttle, "300 calls in a row pass");
            continue;
        };
        assert!(throttle);
        seen.is_error(429, "ThrottlingException");
        let message = seen.json()["Message"].as_str().unwrap().to_owned();
        assert!(
            message.ends_with("Operation type: Jobs_GetImportExportJobs"),
            "{message}"
        );
        assert_eq!(
            (seen.header("retry-after"), seen.header("connection")),
            (None, Some("close"))
        );
        rig.get("/devices").await.is_ok();
    }
}

/// Sends a request on a connection that is open and reads its answer; gives the status line and headers in lower case.
async fn over(stream: &mut TcpStream, rig: &Rig, method: &str, path: &str) -> String {
    let request = format!(
        "{method} {path}?{API} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\nContent-Length: 2\r\n\r\n{{}}",
        rig.token("iothubowner")
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    stream.read_exact(&mut vec![0; length]).await.unwrap();
    head
}

#[tokio::test]
async fn one_connection_carries_request_after_request() {
    let rig = Rig::start().await;
    let address = rig.hub.endpoint().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    for (method, path, status) in [
        ("PUT", "/devices/d1", "200 ok"),
        ("GET", "/devices/d1", "200 ok"),
        ("GET", "/jobs/none", "404 not found"),
        ("POST", "/jobs/create", "400 bad request"),
        ("DELETE", "/devices/d1", "204 no content"),
        ("GET", "/devices/d1", "404 not found"),
    ] {
        let head = over(&mut stream, &rig, method, path).await;
        assert!(
            head.starts_with(&format!("http/1.1 {status}\r\n")),
            "{head}"
        );
        assert!(!head.contains("connection: close"), "{head}");
    }
}

#[tokio::test]
async fn the_certificate_holds_every_name_of_the_hub_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let builder = Emulator::builder()
        .tls(true)
        .ca_dir(folder.path().join("ca"))
        .host_name("myhub.azure-devices.net");
    let hub = builder.start().await.unwrap();
    assert!(
        hub.connection_string()
            .starts_with("HostName=myhub.azure-devices.net:")
    );
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(hub.ca_file().unwrap()).unwrap())
        .unwrap();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_root_certificates(roots)
    .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let address = hub.endpoint().strip_prefix("https://").unwrap();
    for (name, known) in [
        ("localhost", true),
        ("127.0.0.1", true),
        ("::1", true),
        ("myhub.azure-devices.net", true),
        ("other.azure-devices.net", false),
    ] {
        let stream = TcpStream::connect(address).await.unwrap();
        let asked_for = ServerName::try_from(name).unwrap();
        let outcome = connector.connect(asked_for, stream).await;
        assert_eq!(outcome.is_ok(), known, "{name}");
    }
}
