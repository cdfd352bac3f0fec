//! What the admin API refuses, and what it never shows.

use std::time::Duration;

use jobs_emulator::Emulator;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Folder, Rig, Seen};

async fn advance(rig: &Rig, seconds: f64) -> Seen {
    let request = rig
        .http
        .post(format!("{}/clock", rig.hub.admin_endpoint()))
        .json(&json!({ "advanceSeconds": seconds }));
    Seen::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn the_clock_does_not_leave_the_years_that_can_be_written() {
    let rig = Rig::start().await;
    for seconds in [1e12, 1e18, 1e19] {
        let seen = advance(&rig, seconds).await;
        seen.is_error(400, "ArgumentInvalid");
        assert!(seen.text.contains("9999"), "{}", seen.text);
    }
    let ahead = rig.hub.clock().now().wire();
    assert!(ahead.starts_with("20"), "{ahead}");
    let seen = advance(&rig, 2.4e11).await;
    let now = seen.is_ok().json()["now"].as_str().unwrap().to_owned();
    assert!(now.starts_with("9") && now.len() == 28, "{now}");
    advance(&rig, 2.4e11).await.is_error(400, "ArgumentInvalid");

    // In process there is nobody to refuse it to: the clock stops at its last moment.
    rig.hub.admin().advance(Duration::MAX);
    rig.hub.admin().advance(Duration::MAX);
    let last = rig.hub.clock().now().wire();
    assert_eq!(last, "9999-12-30T22:00:00.9999999Z");
}

#[tokio::test]
async fn a_caller_from_elsewhere_is_refused_before_its_body_is_taken() {
    let rig = Rig::start().await;
    let address = rig.hub.endpoint().strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head =
        "POST /_local/devices HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 30000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    // Not a byte of the body is sent, and the answer comes nevertheless.
    let mut answer = vec![0; 64];
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_exact(&mut answer)).await;
    read.expect("it is answered").unwrap();
    let text = String::from_utf8_lossy(&answer);
    assert!(text.starts_with("HTTP/1.1 403"), "{text}");
}

#[tokio::test]
async fn no_secret_is_shown_wherever_it_stands_in_a_request() {
    let rig = Rig::start().await;
    let endpoint = rig.hub.endpoint().to_owned();
    for target in [
        "/jobs/http%3A%2F%2Facct%2Fc%3Fsv%3D1%26sig%3DPLANTED",
        "/jobs/http%253A%252F%252Facct%252Fc%253Fsig%253DPLANTED",
        "/jobs?api-version=x?sig=PLANTED",
        "/jobs?api-version=2021-04-12&top=PLANTED",
        "/jobs?PLANTED",
        "/jobs?PLANTED=1",
        "/jobs/SharedAccessSignature%20sr=x&sig=PLANTED",
        "/jobs/http://acct/c?sv=1&sig=PLANTED",
        "/jobs/v2/query?continuationToken=PLANTED",
    ] {
        Seen::of(
            rig.http
                .get(format!("{endpoint}{target}"))
                .send()
                .await
                .unwrap(),
        )
        .await;
        let noted = rig.hub.admin().requests(1);
        let shown = noted[0]["target"].as_str().unwrap();
        assert!(shown.starts_with("/jobs"), "{shown}");
        assert!(!shown.contains("PLANTED"), "{shown}");
    }
    // What is no secret is shown.
    for target in [
        "/jobs/v2/query?jobType=scheduleUpdateTwin&jobStatus=running&pageSize=5&api-version=2020-05-31-preview",
        "/devices/dev-1.a%23b/modules/%24edgeHub?api-version=2021-04-12",
    ] {
        Seen::of(
            rig.http
                .get(format!("{endpoint}{target}"))
                .send()
                .await
                .unwrap(),
        )
        .await;
        assert_eq!(rig.hub.admin().requests(1)[0]["target"], target);
    }
}

#[tokio::test]
async fn a_steered_job_is_shown_as_the_service_shows_it() {
    let folder = Folder::new();
    let rig = Rig::with(Emulator::builder().job_delay(Duration::from_secs(60))).await;
    let job = rig
        .create(&json!({ "type": "export", "outputBlobContainerUri": folder.uri() }))
        .await;
    let id = job["jobId"].as_str().unwrap();
    let request = rig.http.request(
        Method::POST,
        format!("{}/jobs/{id}/hold", rig.hub.admin_endpoint()),
    );
    let held = Seen::of(request.send().await.unwrap()).await;
    assert_eq!(
        held.is_ok().text,
        rig.get(&format!("/jobs/{id}")).await.text
    );
}
