//! What a foreign web page, and a client that sends nonsense, gets from the hub.

use std::time::Duration;

use jobs_emulator::Emulator;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{API, Folder, Rig, Seen};

/// One route of each kind, with its method.
const ROUTES: &[(&str, &str)] = &[
    ("POST", "/jobs/create"),
    ("GET", "/jobs"),
    ("DELETE", "/jobs/j1"),
    ("PUT", "/devices/d1"),
    ("POST", "/devices"),
    ("POST", "/devices/query"),
    ("PATCH", "/twins/d1"),
    ("PUT", "/jobs/v2/j1"),
    ("GET", "/configurations"),
    ("GET", "/nothing/here"),
    ("GET", "/healthz"),
    ("GET", "/"),
    ("POST", "/_local/reset"),
    ("GET", "/_local/overview"),
    ("OPTIONS", "/jobs/create"),
];

fn address(rig: &Rig) -> &str {
    rig.hub.endpoint().strip_prefix("http://").unwrap()
}

/// Sends bytes as they are and gives the whole response.
async fn raw(rig: &Rig, request: &str) -> String {
    let mut stream = TcpStream::connect(address(rig)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    let reading = stream.read_to_end(&mut response);
    let read = tokio::time::timeout(Duration::from_secs(20), reading).await;
    read.expect("the hub closes the connection").unwrap();
    String::from_utf8(response).unwrap()
}

#[tokio::test]
async fn a_page_of_another_origin_is_rejected_on_every_route_with_and_without_tokens() {
    for auth in [true, false] {
        let rig = Rig::with(Emulator::builder().auth(auth)).await;
        let own = address(&rig).to_owned();
        let token = rig.token("iothubowner");
        for (method, path) in ROUTES {
            for headers in [
                // A page of another site, and one whose name was made to lead here.
                format!("Host: {own}\r\nOrigin: http://evil.example"),
                format!("Host: {own}\r\nOrigin: null"),
                format!("Host: {own}\r\nOrigin: http://localhost:3000"),
                format!("Host: {own}\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Dest: script"),
                "Host: evil.example\r\nOrigin: http://evil.example".to_owned(),
                "Host: evil.example".to_owned(),
                format!("Host: {own}@evil.example"),
                format!("Host: {own}\r\nHost: evil.example"),
                "Host: localhost.".to_owned(),
            ] {
                let request = format!(
                    "{method} {path}?{API} HTTP/1.1\r\n{headers}\r\nAuthorization: {token}\r\n\
                     Content-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
                );
                let response = raw(&rig, &request).await;
                assert!(
                    response.starts_with("HTTP/1.1 403 "),
                    "{request}\n{response}"
                );
                if *method != "HEAD" {
                    assert!(
                        response.contains(r#""Message":"ErrorCode:LocalOnly;"#),
                        "{response}"
                    );
                    assert!(response.contains("hint: "), "{response}");
                }
                assert!(!response.to_ascii_lowercase().contains("access-control"));
            }
        }
    }
}

#[tokio::test]
async fn a_page_cannot_read_a_file_through_the_hub() {
    let (folder, stolen) = (Folder::new(), Folder::new());
    folder.write("devices.txt", "a secret\n");
    let rig = Rig::with(Emulator::builder().auth(false)).await;
    let body = json!({
        "type": "import", "inputBlobContainerUri": folder.uri(), "outputBlobContainerUri": stolen.uri(),
    })
    .to_string();
    let request = rig
        .http
        .post(rig.url("/jobs/create"))
        .header("origin", "http://evil.example")
        .header("content-type", "text/plain")
        .body(body.clone());
    Seen::of(request.send().await.unwrap())
        .await
        .is_error(403, "LocalOnly");
    assert_eq!(rig.get("/jobs").await.json(), json!([]));
    assert!(stolen.names().is_empty());

    // The hub's own page must say that it sends JSON, which no form can.
    for (content_type, status) in [("text/plain", 403), ("application/json", 200)] {
        let request = rig
            .http
            .post(rig.url("/jobs/create"))
            .header("origin", rig.hub.endpoint())
            .header("content-type", content_type)
            .body(body.clone());
        let seen = Seen::of(request.send().await.unwrap()).await;
        assert_eq!(
            seen.status.as_u16(),
            status,
            "{content_type}: {}",
            seen.text
        );
    }
}

#[tokio::test]
async fn programs_use_any_name_of_this_machine_and_need_no_json() {
    let rig = Rig::with(Emulator::builder().auth(false).host_name("Hub.Test")).await;
    let port = address(&rig).rsplit_once(':').unwrap().1;
    for host in [
        format!("localhost:{port}"),
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        format!("[::1]:{port}"),
        format!("hub.test:{port}"),
    ] {
        let request = rig
            .http
            .put(rig.url("/devices/d1"))
            .header("host", &host)
            .header("content-type", "text/plain")
            .header("if-match", "*")
            .body("{}");
        let seen = Seen::of(request.send().await.unwrap()).await;
        assert_ne!(seen.code(), "LocalOnly", "{host}: {}", seen.text);
    }
    let request = format!(
        "GET http://{}/healthz HTTP/1.1\r\nHost: {0}\r\nConnection: close\r\n\r\n",
        address(&rig)
    );
    assert!(raw(&rig, &request).await.starts_with("HTTP/1.1 200 "));
    let request = format!(
        "GET http://evil.example/healthz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        address(&rig)
    );
    assert!(raw(&rig, &request).await.starts_with("HTTP/1.1 403 "));
}

#[tokio::test]
async fn a_rejected_request_does_nothing_and_is_noted() {
    let rig = Rig::start().await;
    rig.hub.admin().set_faults(
        r#"{"rules":[{"operation":"*","times":1,"action":{"kind":"cut","when":"beforeWork"}}]}"#
            .parse()
            .unwrap(),
    );
    let request = rig
        .request(Method::PUT, "/devices/d1")
        .header("origin", "http://evil.example");
    Seen::of(request.json(&json!({})).send().await.unwrap())
        .await
        .is_error(403, "LocalOnly");
    let noted = &rig.hub.admin().requests(1)[0];
    assert_eq!(
        (&noted["status"], &noted["errorCode"]),
        (&json!(403), &json!("LocalOnly"))
    );
    // The fault was kept for the client that it is meant for.
    assert!(rig.request(Method::GET, "/jobs").send().await.is_err());
    rig.get("/devices/d1").await.is_error(404, "DeviceNotFound");
}

#[tokio::test]
async fn a_body_that_is_not_utf_8_is_rejected_wherever_it_goes() {
    let rig = Rig::start().await;
    rig.put("/devices/d1", &json!({})).await.is_ok();
    let admin = rig.hub.admin_endpoint();
    let mut body = br#"{"unknown":""#.to_vec();
    body.extend_from_slice(b"\xff\xfe\"}");
    for (method, url) in [
        (Method::PUT, rig.url("/devices/d2")),
        (Method::PUT, rig.url("/devices/d1/modules/m1")),
        (Method::PATCH, rig.url("/twins/d1")),
        (Method::POST, rig.url("/jobs/create")),
        (Method::POST, rig.url("/devices")),
        (Method::POST, rig.url("/devices/query")),
        (Method::PUT, rig.url("/jobs/v2/j1")),
        (Method::PUT, rig.url("/configurations/c1")),
        (Method::POST, format!("{admin}/devices")),
        (Method::PUT, format!("{admin}/faults")),
        (Method::POST, format!("{admin}/clock")),
    ] {
        let request = rig
            .http
            .request(method.clone(), &url)
            .header("authorization", rig.token("iothubowner"))
            .body(body.clone());
        let seen = Seen::of(request.send().await.unwrap()).await;
        assert_eq!(seen.status.as_u16(), 400, "{method} {url}: {}", seen.text);
        assert!(seen.text.contains("UTF-8"), "{}", seen.text);
    }
    rig.get("/devices/d2").await.is_error(404, "DeviceNotFound");
}

#[tokio::test]
async fn an_error_repeats_at_most_200_characters_of_a_request() {
    let rig = Rig::start().await;
    rig.put("/devices/d1", &json!({})).await.is_ok();
    for length in [300, 1_000_000] {
        let long = "Q".repeat(length);
        let file = format!("file:///tmp/{long}");
        for (method, path, body) in [
            (Method::PUT, "/devices/d2", json!({ "status": long })),
            (
                Method::PUT,
                "/devices/d2",
                json!({ "authentication": { "type": long } }),
            ),
            (Method::PUT, "/devices/d2", json!({ "deviceId": long })),
            (Method::PUT, "/devices/d2", json!({ "deviceScope": long })),
            (
                Method::PATCH,
                "/twins/d1",
                json!({ "tags": { &long: { "$x": 1 } } }),
            ),
            (Method::PATCH, "/twins/d1", json!(long)),
            (Method::POST, "/jobs/create", json!({ "type": long })),
            (
                Method::POST,
                "/jobs/create",
                json!({ "type": "export", "outputBlobContainerUri": file }),
            ),
            (
                Method::POST,
                "/jobs/create",
                json!({ "type": "export", "outputBlobContainerUri": "file:///tmp", "storageAuthenticationType": long }),
            ),
            (
                Method::POST,
                "/devices/query",
                json!({ "query": format!("SELECT {long}( FROM devices") }),
            ),
            (
                Method::POST,
                "/devices",
                json!([{ "id": "d3", "importMode": long }]),
            ),
            (Method::PUT, "/jobs/v2/j1", json!({ "type": long })),
            (
                Method::PUT,
                "/jobs/v2/j1",
                json!({ "jobId": long, "type": "scheduleUpdateTwin" }),
            ),
            (
                Method::PUT,
                "/configurations/c1",
                json!({ "schemaVersion": 1, "targetCondition": long, "priority": "x" }),
            ),
        ] {
            let seen = rig.send(method, path, &body).await;
            assert!(
                seen.status.is_client_error() || seen.status.is_success(),
                "{path}: {}",
                seen.status
            );
            if seen.status.is_client_error() {
                let repeated = seen.text.matches('Q').count();
                assert!(repeated <= 200, "{path}: {repeated} characters");
            }
        }
    }
    let row = json!({ "id": "d4", "status": "Q".repeat(1000) }).to_string();
    let seed = rig
        .http
        .post(format!("{}/devices", rig.hub.admin_endpoint()))
        .body(row);
    let seen = Seen::of(seed.send().await.unwrap()).await;
    assert_eq!(seen.status.as_u16(), 400);
    assert!(seen.text.matches('Q').count() <= 200, "{}", seen.text);
    let long = "Q".repeat(3000);
    for path in [
        format!("/nothing/{long}"),
        format!("/jobs/{long}"),
        format!("/devices/{long}"),
        format!("/configurations/{long}"),
    ] {
        let seen = rig.get(&path).await;
        assert!(seen.status.is_client_error());
        assert!(seen.text.matches('Q').count() <= 200, "{path}");
    }
    let seen = Seen::of(
        rig.http
            .get(format!("{}/jobs?api-version={long}", rig.hub.endpoint()))
            .header("authorization", rig.token("iothubowner"))
            .send()
            .await
            .unwrap(),
    )
    .await;
    seen.is_error(400, "InvalidProtocolVersion");
    assert!(seen.text.matches('Q').count() <= 200);
}

#[tokio::test]
async fn a_head_that_is_never_complete_is_cut() {
    let limit = Duration::from_millis(300);
    let rig = Rig::with(Emulator::builder().head_timeout(limit)).await;
    for start in ["", "GET /jobs HTTP/1.1\r\nHost: localhost\r\nX-Slow: "] {
        let mut stream = TcpStream::connect(address(&rig)).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        let mut response = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut response));
        read.await.expect("the hub closes the connection").unwrap();
        assert!(!String::from_utf8_lossy(&response).contains("200 OK"));
    }
    // A client that trickles its head gets no longer than one that sends nothing.
    let mut stream = TcpStream::connect(address(&rig)).await.unwrap();
    let trickle = async {
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
            .await?;
        loop {
            stream.write_all(b"a").await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let ended: Result<std::io::Result<()>, _> =
        tokio::time::timeout(Duration::from_secs(20), trickle).await;
    ended.expect("the hub closes the connection").unwrap_err();
}
