//! The admin API, the page, and the same operations in process.

use std::time::Duration;

use jobs_emulator::Emulator;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Rig, Seen};

fn local(rig: &Rig, method: Method, path: &str) -> RequestBuilder {
    rig.http
        .request(method, format!("{}{path}", rig.hub.admin_endpoint()))
}

async fn post(rig: &Rig, path: &str, body: &Value) -> Seen {
    Seen::of(
        local(rig, Method::POST, path)
            .json(body)
            .send()
            .await
            .unwrap(),
    )
    .await
}

async fn requests(rig: &Rig, limit: usize) -> Vec<Value> {
    let seen = Seen::of(
        local(rig, Method::GET, &format!("/requests?limit={limit}"))
            .send()
            .await
            .unwrap(),
    )
    .await;
    seen.is_ok().json().as_array().unwrap().clone()
}

/// A hub whose jobs take a minute of its clock in each state, and an export into a folder.
async fn with_job(folder: &std::path::Path) -> (Rig, String) {
    let rig = Rig::with(Emulator::builder().job_delay(Duration::from_secs(60))).await;
    let uri = format!("file://{}", folder.display());
    let job = rig
        .post(
            "/jobs/create",
            &json!({"type": "export", "outputBlobContainerUri": uri}),
        )
        .await;
    let id = job.is_ok().json()["jobId"].as_str().unwrap().to_owned();
    (rig, id)
}

/// Polls a job until it has this status.
async fn reaches(rig: &Rig, id: &str, status: &str) -> Value {
    for _ in 0..2000 {
        let job = rig.get(&format!("/jobs/{id}")).await.is_ok().json();
        if job["status"] == status {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{id} never is {status}");
}

#[tokio::test]
async fn rows_are_seeded_and_a_reset_empties_the_hub() {
    let rig = Rig::start().await;
    let rows = "{\"id\":\"d1\",\"status\":\"enabled\",\"tags\":{\"a\":1}}\r\n{\"id\":\"d1\",\"moduleId\":\"m1\",\"status\":\"enabled\"}\n";
    let seen = Seen::of(
        local(&rig, Method::POST, "/devices")
            .body(rows)
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(seen.is_ok().json(), json!({"applied": 2, "errors": []}));
    assert_eq!(rig.get("/twins/d1").await.json()["tags"], json!({"a": 1}));
    post(
        &rig,
        "/devices",
        &json!([{"id": "d2", "status": "disabled"}]),
    )
    .await
    .is_ok();
    assert_eq!(
        rig.get("/statistics/devices").await.json()["totalDeviceCount"],
        2
    );
    rig.put("/configurations/c1", &json!({"id": "c1"}))
        .await
        .is_ok();

    post(&rig, "/reset", &json!({})).await.is_ok();
    assert_eq!(
        rig.get("/statistics/devices").await.json()["totalDeviceCount"],
        0
    );
    assert_eq!(rig.get("/configurations").await.json(), json!([]));
    assert_eq!(rig.get("/jobs").await.json(), json!([]));
}

#[tokio::test]
async fn seeding_names_the_rows_it_refused_and_takes_parents_in_any_order() {
    let rig = Rig::start().await;
    let seen = post(&rig, "/devices", &json!([{"id": "d1", "moduleId": "m", "status": "enabled"}, {"id": "d1", "status": "enabled"}, {"id": "no status"}])).await;
    assert_eq!(seen.status.as_u16(), 400);
    assert_eq!(seen.json()["applied"], 2);
    assert_eq!(seen.json()["errors"][0]["errorCode"], 400_012);
    assert_eq!(
        rig.get("/devices/d1/modules/m").await.is_ok().json()["moduleId"],
        "m"
    );
}

#[tokio::test]
async fn a_held_job_stays_and_goes_on_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let (rig, id) = with_job(folder.path()).await;
    let held = post(&rig, &format!("/jobs/{id}/hold"), &json!({})).await;
    assert_eq!(held.is_ok().json()["status"], "enqueued");
    rig.hub.clock().advance(Duration::from_secs(600));
    rig.get("/devices").await.is_ok();
    assert_eq!(
        rig.get(&format!("/jobs/{id}")).await.json()["status"],
        "enqueued"
    );
    post(&rig, &format!("/jobs/{id}/resume"), &json!({}))
        .await
        .is_ok();
    reaches(&rig, &id, "running").await;
    post(&rig, &format!("/jobs/{id}/finish"), &json!({}))
        .await
        .is_ok();
    assert_eq!(reaches(&rig, &id, "completed").await["progress"], 100);
    let late = post(&rig, &format!("/jobs/{id}/hold"), &json!({})).await;
    assert_eq!(
        (late.status.as_u16(), late.code()),
        (409, "GenericConflict")
    );
    assert_eq!(
        post(&rig, "/jobs/none/hold", &json!({})).await.code(),
        "JobNotFound"
    );
}

#[tokio::test]
async fn a_job_fails_with_the_reason_given() {
    let folder = tempfile::tempdir().unwrap();
    let (rig, id) = with_job(folder.path()).await;
    let failed = post(
        &rig,
        &format!("/jobs/{id}/fail"),
        &json!({"reason": "the disk is full"}),
    )
    .await;
    assert_eq!(failed.is_ok().json()["failureReason"], "the disk is full");
    let job = rig.get(&format!("/jobs/{id}")).await.json();
    assert_eq!(
        (job["status"].clone(), job["failureReason"].clone()),
        (json!("failed"), json!("the disk is full"))
    );
    assert!(job["endTimeUtc"].is_string());
    let odd = post(&rig, &format!("/jobs/{id}/fail"), &json!({"because": "x"})).await;
    assert_eq!(odd.status.as_u16(), 400);
}

#[tokio::test]
async fn scheduled_jobs_are_steered_too() {
    let rig = Rig::with(Emulator::builder().job_delay(Duration::from_secs(60))).await;
    let job = json!({"type": "scheduleUpdateTwin", "queryCondition": "*", "updateTwin": {"etag": "*", "tags": {}}});
    rig.put("/jobs/v2/one", &job).await.is_ok();
    assert_eq!(
        post(&rig, "/jobs/one/hold", &json!({}))
            .await
            .is_ok()
            .json()["jobId"],
        "one"
    );
    post(&rig, "/jobs/one/fail", &json!({"reason": "why not"}))
        .await
        .is_ok();
    assert_eq!(
        rig.get("/jobs/v2/one").await.json()["failureReason"],
        "why not"
    );
    rig.put("/jobs/v2/two", &job).await.is_ok();
    post(&rig, "/jobs/two/finish", &json!({})).await.is_ok();
    for _ in 0..2000 {
        if rig.get("/jobs/v2/two").await.json()["status"] == "completed" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the job never ends");
}

#[tokio::test]
async fn the_clock_goes_forward_as_far_as_told() {
    let rig = Rig::start().await;
    let before = rig.hub.clock().now();
    let seen = post(&rig, "/clock", &json!({"advanceSeconds": 120})).await;
    assert!(
        seen.is_ok().json()["now"].as_str().unwrap()
            >= before.plus(Duration::from_secs(120)).wire().as_str()
    );
    for body in [
        json!({"advanceSeconds": -1}),
        json!({"advanceSeconds": 1, "more": 2}),
        json!({}),
    ] {
        assert_eq!(
            post(&rig, "/clock", &body).await.status.as_u16(),
            400,
            "{body}"
        );
    }
}

#[tokio::test]
async fn requests_are_listed_newest_first_with_secrets_redacted() {
    let rig = Rig::start().await;
    rig.get("/devices/none").await;
    rig.get("/devices?sig=PLANTED").await;
    let listed = requests(&rig, 2).await;
    assert_eq!(listed[0]["operation"], "Devices_GetDevices");
    assert_eq!(
        (listed[1]["status"].clone(), listed[1]["errorCode"].clone()),
        (json!(404), json!("DeviceNotFound"))
    );
    let text = json!(listed).to_string();
    assert!(
        text.contains("sig=[redacted]") && !text.contains("PLANTED"),
        "{text}"
    );
    assert!(
        requests(&rig, 100)
            .await
            .iter()
            .all(|request| !request["target"].as_str().unwrap().starts_with("/_local"))
    );
}

#[tokio::test]
async fn only_this_machine_asking_by_its_own_name_is_answered() {
    let rig = Rig::start().await;
    for (name, value) in [
        ("host", "evil.example"),
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("host", "10.0.0.1:80"),
    ] {
        let request = local(&rig, Method::POST, "/reset").header(name, value);
        let seen = Seen::of(request.send().await.unwrap()).await;
        assert_eq!(
            (seen.status.as_u16(), seen.code()),
            (403, "LocalOnly"),
            "{name}: {value}"
        );
    }
    let own = rig.hub.endpoint().to_owned();
    Seen::of(
        local(&rig, Method::POST, "/reset")
            .header("origin", own)
            .header("content-type", "application/json")
            .send()
            .await
            .unwrap(),
    )
    .await
    .is_ok();
    let seen = Seen::of(local(&rig, Method::GET, "/clock").send().await.unwrap()).await;
    assert_eq!(
        (
            seen.is_ok().header("x-ms-request-id"),
            seen.header("server")
        ),
        (None, None)
    );
    assert_eq!(
        Seen::of(local(&rig, Method::GET, "/nothing").send().await.unwrap())
            .await
            .status
            .as_u16(),
        404
    );
}

#[tokio::test]
async fn the_page_is_one_document_that_may_run_its_own_script_only() {
    let rig = Rig::start().await;
    let page = Seen::of(rig.http.get(rig.hub.endpoint()).send().await.unwrap()).await;
    assert_eq!(page.status.as_u16(), 200);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("script-src 'sha256-"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    for outside in ["http://", "https://", " src=", "@import", "url("] {
        assert!(!page.text.contains(outside), "{outside}");
    }
    assert!(
        !page.text.contains("SharedAccessKey="),
        "the page itself names no key"
    );
}

#[tokio::test]
async fn the_overview_has_what_the_page_shows() {
    let folder = tempfile::tempdir().unwrap();
    let (rig, id) = with_job(folder.path()).await;
    rig.hub
        .admin()
        .seed("{\"id\":\"d1\",\"status\":\"enabled\"}\n{\"id\":\"d2\",\"status\":\"disabled\"}")
        .await
        .unwrap();
    let seen = Seen::of(local(&rig, Method::GET, "/overview").send().await.unwrap()).await;
    let view = seen.is_ok().json();
    assert_eq!(
        view["registry"],
        json!({"devices": 2, "enabled": 1, "disabled": 1, "modules": 0, "configurations": 0})
    );
    assert_eq!(
        (
            view["jobs"][0]["id"].clone(),
            view["jobs"][0]["progress"].clone()
        ),
        (json!(id), json!(0))
    );
    assert_eq!(view["hub"]["endpoint"], rig.hub.endpoint());
    let token = view["hub"]["token"].as_str().unwrap();
    let asked = rig
        .http
        .get(rig.url("/jobs"))
        .header("authorization", token)
        .send()
        .await
        .unwrap();
    Seen::of(asked).await.is_ok();
}

#[tokio::test]
async fn a_test_in_the_same_process_needs_no_http() {
    let folder = tempfile::tempdir().unwrap();
    let (rig, id) = with_job(folder.path()).await;
    let admin = rig.hub.admin();
    assert_eq!(
        admin
            .seed("{\"id\":\"d1\",\"status\":\"enabled\"}")
            .await
            .unwrap(),
        1
    );
    let refused = admin.seed("{\"id\":\"d2\"}").await.unwrap_err().to_string();
    assert!(refused.contains("400012"), "{refused}");
    admin.hold(&id).await.unwrap();
    admin.finish(&id).await.unwrap();
    reaches(&rig, &id, "completed").await;
    assert!(
        admin
            .fail(&id, "late")
            .await
            .unwrap_err()
            .to_string()
            .contains("over already")
    );
    assert_eq!(admin.requests(1).len(), 1);
    admin.reset().await.unwrap();
    assert_eq!(rig.get("/devices").await.json(), json!([]));
}
