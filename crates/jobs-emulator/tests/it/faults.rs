//! Scripted faults, seen from a client.

use std::time::{Duration, Instant};

use jobs_emulator::{Emulator, FaultAction, FaultRule, FaultScript, Moment};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Rig, Seen};

async fn set(rig: &Rig, script: &Value) -> Seen {
    let request = rig
        .http
        .put(format!("{}/faults", rig.hub.admin_endpoint()))
        .json(script);
    Seen::of(request.send().await.unwrap()).await
}

async fn with(rules: Value) -> Rig {
    let rig = Rig::start().await;
    set(&rig, &json!({ "rules": rules })).await.is_ok();
    rig
}

/// The request must end without a whole answer.
async fn is_cut(rig: &Rig, method: Method, path: &str, body: &Value) -> String {
    match rig.request(method, path).json(body).send().await {
        Err(error) => error.to_string(),
        Ok(answer) => answer
            .bytes()
            .await
            .expect_err("the answer is whole")
            .to_string(),
    }
}

#[tokio::test]
async fn a_refusal_comes_as_often_as_asked_and_then_the_work_is_done() {
    let action = json!({"kind": "respond", "status": 429, "errorCode": "ThrottlingException", "retryAfter": "1"});
    let rig = with(json!([{"operation": "Devices_GetDevices", "skip": 1, "times": 2, "delayMs": 0, "action": action}])).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(rig.get("/devices").await);
    }
    assert_eq!(
        seen.iter()
            .map(|seen| seen.status.as_u16())
            .collect::<Vec<_>>(),
        [200, 429, 429, 200]
    );
    seen[1].is_error(429, "ThrottlingException");
    assert_eq!(seen[1].header("retry-after"), Some("1"));
    assert_eq!(seen[1].header("server"), Some("Microsoft-HTTPAPI/2.0"));
    rig.get("/devices/none")
        .await
        .is_error(404, "DeviceNotFound");
    assert_eq!(rig.hub.admin().fault_counts(), [2]);
}

#[tokio::test]
async fn any_body_can_stand_in_for_an_answer() {
    let action = json!({"kind": "body", "status": 503, "contentType": "text/html", "text": "<h1>gateway</h1>"});
    let rig = with(json!([{"operation": "*", "times": 1, "action": action}])).await;
    let seen = rig.get("/jobs").await;
    assert_eq!(
        (seen.status.as_u16(), seen.text.as_str()),
        (503, "<h1>gateway</h1>")
    );
    assert_eq!(
        (seen.header("content-type"), seen.header("iothub-errorcode")),
        (Some("text/html"), None)
    );
}

#[tokio::test]
async fn a_cut_before_the_work_leaves_nothing_done() {
    let rig = with(json!([{"operation": "Devices_CreateOrUpdateIdentity", "times": 1, "action": {"kind": "cut", "when": "beforeWork"}}])).await;
    is_cut(&rig, Method::PUT, "/devices/d1", &json!({})).await;
    rig.put("/devices/d1", &json!({})).await.is_ok();
}

#[tokio::test]
async fn a_cut_after_the_work_loses_the_answer_only() {
    let rig = with(json!([{"operation": "Devices_CreateOrUpdateIdentity", "times": 1, "action": {"kind": "cut", "when": "afterWork"}}])).await;
    is_cut(&rig, Method::PUT, "/devices/d1", &json!({})).await;
    rig.put("/devices/d1", &json!({}))
        .await
        .is_error(409, "DeviceAlreadyExists");
    let noted = rig.hub.admin().requests(2);
    assert_eq!(noted[1].get("status"), None, "a cut request has no status");
}

#[tokio::test]
async fn a_cut_in_the_body_comes_after_the_head_of_the_answer() {
    let rig = with(json!([{"operation": "Devices_GetDevices", "times": 1, "action": {"kind": "cut", "when": "midBody"}}])).await;
    rig.put("/devices/d1", &json!({})).await.is_ok();
    let answer = rig.request(Method::GET, "/devices").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert!(answer.content_length().unwrap() > 10);
    answer.bytes().await.unwrap_err();
    rig.get("/devices").await.is_ok();
}

#[tokio::test]
async fn members_of_an_answer_are_set_to_odd_values() {
    let folder = tempfile::tempdir().unwrap();
    let uri = format!("file://{}", folder.path().display());
    let rig = with(json!([
        {"operation": "Jobs_GetImportExportJob", "times": 1, "action": {"kind": "patch", "set": {"status": "paused", "endTimeUtc": "0001-01-01T00:00:00"}}},
        {"operation": "Jobs_GetImportExportJobs", "action": {"kind": "patch", "set": {"type": "defragment"}}},
    ])).await;
    let id = rig
        .post(
            "/jobs/create",
            &json!({"type": "export", "outputBlobContainerUri": uri}),
        )
        .await
        .is_ok()
        .json()["jobId"]
        .clone();
    let path = format!("/jobs/{}", id.as_str().unwrap());
    let odd = rig.get(&path).await.is_ok().json();
    assert_eq!(
        (
            odd["status"].clone(),
            odd["endTimeUtc"].clone(),
            odd["jobId"].clone()
        ),
        (json!("paused"), json!("0001-01-01T00:00:00"), id)
    );
    assert_ne!(rig.get(&path).await.json()["status"], "paused");
    assert_eq!(rig.get("/jobs").await.json()[0]["type"], "defragment");
}

#[tokio::test]
async fn a_stall_keeps_the_client_waiting_and_then_answers() {
    let rig = with(json!([
        {"operation": "Devices_GetDevices", "times": 1, "action": {"kind": "stall", "seconds": 1}},
        {"operation": "Devices_GetDevices", "times": 1, "delayMs": 300},
    ]))
    .await;
    for least in [Duration::from_secs(1), Duration::from_millis(300)] {
        let begun = Instant::now();
        rig.get("/devices").await.is_ok();
        assert!(begun.elapsed() >= least, "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_stalled_request_does_not_keep_the_hub_from_stopping() {
    let rig = with(json!([{"operation": "*", "action": {"kind": "stall", "seconds": 600}}])).await;
    let request = rig.request(Method::GET, "/devices");
    let waiting = tokio::spawn(async move { request.send().await.is_err() });
    while rig.hub.admin().fault_counts() != [1] {
        tokio::task::yield_now().await;
    }
    drop(rig.hub);
    assert!(
        waiting.await.unwrap(),
        "the client is let go when the hub is dropped"
    );
}

#[tokio::test]
async fn a_script_that_cannot_be_played_is_refused_and_the_old_one_stays() {
    let rig = with(json!([{"operation": "Devices_GetDevices", "action": {"kind": "respond", "status": 500, "errorCode": "ServerError"}}])).await;
    for (script, part) in [
        (json!({"rules": [], "rule": []}), "rule"),
        (
            json!({"rules": [{"operation": "Jobs_Explode", "action": {"kind": "stall", "seconds": 1}}]}),
            "Jobs_Explode",
        ),
        (
            json!({"rules": [{"operation": "*", "action": {"kind": "respond", "status": 429}}]}),
            "errorCode",
        ),
        (json!([]), "fault script"),
    ] {
        let seen = set(&rig, &script).await;
        seen.is_error(400, "ArgumentInvalid");
        assert!(seen.text.contains(part), "{}", seen.text);
    }
    rig.get("/devices").await.is_error(500, "ServerError");
    set(&rig, &json!({"rules": []})).await.is_ok();
    rig.get("/devices").await.is_ok();
}

#[tokio::test]
async fn health_and_the_admin_api_are_out_of_reach_of_faults() {
    let script = FaultScript::new([FaultRule::new(
        "*",
        FaultAction::Cut {
            when: Moment::BeforeWork,
        },
    )]);
    let rig = Rig::with(Emulator::builder().faults(script)).await;
    is_cut(&rig, Method::GET, "/devices", &json!({})).await;
    let health = rig
        .http
        .get(format!("{}/healthz", rig.hub.endpoint()))
        .send()
        .await
        .unwrap();
    assert_eq!(health.status().as_u16(), 200);
    rig.hub.admin().set_faults(FaultScript::default());
    rig.get("/devices").await.is_ok();
}

#[tokio::test]
async fn a_scripted_refusal_for_too_many_requests_closes_the_connection_as_a_real_one_does() {
    for (action, close) in [
        (
            json!({"kind": "respond", "status": 429, "errorCode": "ThrottlingException"}),
            Some("close"),
        ),
        (
            json!({"kind": "body", "status": 429, "contentType": "text/plain", "text": "slow down"}),
            Some("close"),
        ),
        (
            json!({"kind": "respond", "status": 503, "errorCode": "ServiceUnavailable"}),
            None,
        ),
    ] {
        let rig = with(json!([{"operation": "*", "action": action}])).await;
        assert_eq!(
            rig.get("/devices").await.header("connection"),
            close,
            "{action}"
        );
    }
}

#[tokio::test]
async fn a_cut_in_the_body_of_an_answer_without_one_leaves_no_whole_answer() {
    let cut = json!({"kind": "cut", "when": "midBody"});
    let rig = with(json!([
        {"operation": "Devices_DeleteIdentity", "times": 1, "action": cut},
        {"operation": "Devices_GetDevices", "times": 1, "action": cut},
    ]))
    .await;
    rig.put("/devices/d1", &json!({})).await.is_ok();
    is_cut(&rig, Method::DELETE, "/devices/d1", &json!({})).await;
    rig.get("/devices/d1").await.is_error(404, "DeviceNotFound");
    is_cut(&rig, Method::HEAD, "/devices", &json!({})).await;
    assert_eq!(rig.hub.admin().fault_counts(), [1, 1]);
}

#[tokio::test]
async fn a_patched_answer_keeps_the_order_of_its_members() {
    let rig = Rig::start().await;
    let folder = tempfile::tempdir().unwrap();
    let uri = format!("file://{}", folder.path().display());
    let job = rig
        .run(&json!({"type": "export", "outputBlobContainerUri": uri}))
        .await;
    let path = format!("/jobs/{}", job["jobId"].as_str().unwrap());
    let plain = rig.get(&path).await.text;
    set(&rig, &json!({"rules": [{"operation": "*", "action": {"kind": "patch", "set": {"status": "paused", "zone": 1, "area": null}}}]}))
        .await
        .is_ok();
    let whole = plain.replace(r#""status":"completed""#, r#""status":"paused""#);
    let expected = format!(
        "{},\"area\":null,\"zone\":1}}",
        whole.strip_suffix('}').unwrap()
    );
    assert_eq!(rig.get(&path).await.text, expected);
    assert_eq!(rig.get("/jobs").await.text, format!("[{expected}]"));
}
