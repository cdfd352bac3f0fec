//! `/jobs/v2`: scheduled jobs.

use std::time::Duration;

use jobs_emulator::{Emulator, Sku};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Rig, Seen};

async fn with_devices(rig: &Rig, count: usize) {
    let rows: Vec<Value> = (0..count)
        .map(|n| json!({"id": format!("d{n}"), "importMode": "create", "status": "enabled", "tags": {"n": n}}))
        .collect();
    rig.post("/devices", &json!(rows)).await.is_ok();
}

fn twin_job(condition: &str) -> Value {
    json!({"type": "scheduleUpdateTwin", "queryCondition": condition,
        "updateTwin": {"etag": "*", "tags": {"wave": 1, "n": null}, "properties": {"desired": {"fw": "2"}}}})
}

/// Polls until the job is over.
async fn over(rig: &Rig, id: &str) -> Value {
    for _ in 0..2000 {
        let job = rig.get(&format!("/jobs/v2/{id}")).await.is_ok().json();
        if ["completed", "failed", "cancelled"].contains(&job["status"].as_str().unwrap()) {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{id} never ends");
}

/// Polls until the job has this status.
async fn reaches(rig: &Rig, id: &str, status: &str) -> Value {
    for _ in 0..2000 {
        let job = rig.get(&format!("/jobs/v2/{id}")).await.is_ok().json();
        if job["status"] == status {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{id} never is {status}");
}

/// Tokens are judged by the hub's clock and hold for an hour, so tests step it by less.
fn in_half_an_hour(rig: &Rig) -> String {
    rig.hub.clock().now().plus(Duration::from_secs(1800)).wire()
}

fn in_hours(rig: &Rig, hours: u64) -> String {
    rig.hub
        .clock()
        .now()
        .plus(Duration::from_secs(hours * 3600))
        .wire()
}

#[tokio::test]
async fn a_twin_update_reaches_the_devices_of_its_condition() {
    let rig = Rig::start().await;
    with_devices(&rig, 3).await;
    let made = rig.put("/jobs/v2/job-1", &twin_job("tags.n >= 1")).await;
    assert_eq!(
        made.is_ok().json(),
        json!({"jobId": "job-1", "type": "scheduleUpdateTwin", "status": "queued"})
    );
    let job = over(&rig, "job-1").await;
    assert_eq!(job["status"], "completed");
    assert_eq!(
        job["deviceJobStatistics"],
        json!({
        "deviceCount": 2, "failedCount": 0, "succeededCount": 2, "runningCount": 0, "pendingCount": 0})
    );
    assert_eq!(job["queryCondition"], "tags.n >= 1");
    assert_eq!(job["maxExecutionTimeInSeconds"], 3600);
    assert_eq!(
        (
            job["updateTwin"]["deviceId"].clone(),
            job["updateTwin"]["etag"].clone()
        ),
        (Value::Null, json!("*"))
    );
    assert!(job["createdTime"].as_str().unwrap() <= job["endTime"].as_str().unwrap());
    let twin = rig.get("/twins/d2").await.json();
    assert_eq!(twin["tags"], json!({"wave": 1}));
    assert_eq!(twin["properties"]["desired"]["fw"], "2");
    assert_eq!(rig.get("/twins/d0").await.json()["tags"], json!({"n": 0}));
}

#[tokio::test]
async fn each_device_of_a_job_has_a_record() {
    let rig = Rig::start().await;
    with_devices(&rig, 2).await;
    rig.put("/jobs/v2/job-1", &twin_job("*")).await.is_ok();
    over(&rig, "job-1").await;
    let query = json!({"query": "SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'job-1' AND status = 'completed'"});
    let seen = rig.post("/devices/query", &query).await;
    assert_eq!(seen.header("x-ms-item-type"), Some("DeviceJob"));
    let ids: Vec<_> = seen
        .is_ok()
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["deviceId"].clone())
        .collect();
    assert_eq!(ids, ["d0", "d1"]);
}

#[tokio::test]
async fn an_etag_that_does_not_match_fails_the_device() {
    let rig = Rig::start().await;
    with_devices(&rig, 2).await;
    let etag = rig.get("/twins/d1").await.json()["etag"].clone();
    rig.send_matching(
        Method::PATCH,
        "/twins/d0",
        "*",
        &json!({"tags": {"changed": true}}),
    )
    .await
    .is_ok();
    let mut job = twin_job("*");
    job["updateTwin"]["etag"] = etag;
    rig.put("/jobs/v2/job-1", &job).await.is_ok();
    let count = over(&rig, "job-1").await["deviceJobStatistics"].clone();
    assert_eq!(
        (
            count["succeededCount"].clone(),
            count["failedCount"].clone()
        ),
        (json!(1), json!(1))
    );
}

#[tokio::test]
async fn a_method_finds_no_device_connected_and_its_payload_is_shown_as_bytes() {
    let rig = Rig::start().await;
    with_devices(&rig, 2).await;
    let method = json!({"methodName": "reboot", "payload": {"in": 5}, "responseTimeoutInSeconds": 30, "connectTimeoutInSeconds": 10});
    rig.put("/jobs/v2/m-1", &json!({"jobId": "m-1", "type": "ScheduleDeviceMethod", "queryCondition": "*", "cloudToDeviceMethod": method,
        "startTime": null})).await.is_ok();
    let job = over(&rig, "m-1").await;
    assert_eq!(
        (job["status"].clone(), job["type"].clone()),
        (json!("completed"), json!("scheduleDeviceMethod"))
    );
    assert_eq!(job["deviceJobStatistics"]["failedCount"], 2);
    assert_eq!(
        job["cloudToDeviceMethod"]["payload"],
        json!(b"{\"in\":5}".to_vec())
    );
    assert_eq!(job["cloudToDeviceMethod"]["methodName"], "reboot");
}

#[tokio::test]
async fn a_bad_condition_is_taken_and_the_job_fails() {
    let rig = Rig::start().await;
    rig.put("/jobs/v2/job-1", &twin_job("tags.n LIKE 'x'"))
        .await
        .is_ok();
    let job = over(&rig, "job-1").await;
    assert_eq!(job["status"], "failed");
    assert!(
        job["failureReason"].as_str().unwrap().contains("LIKE"),
        "{job}"
    );
}

#[tokio::test]
async fn a_start_in_the_future_is_waited_for_and_holds_a_slot() {
    let rig = Rig::start().await;
    with_devices(&rig, 1).await;
    let mut job = twin_job("*");
    job["startTime"] = json!(in_half_an_hour(&rig));
    rig.put("/jobs/v2/later", &job).await.is_ok();
    let waiting = reaches(&rig, "later", "scheduled").await;
    assert_eq!(waiting["endTime"], "9999-12-31T23:59:59.9999999Z");
    let refused = rig.put("/jobs/v2/other", &twin_job("*")).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (429, "ThrottlingMaxActiveJobCountExceeded")
    );
    assert!(
        refused.json()["Message"]
            .as_str()
            .unwrap()
            .starts_with("ErrorCode:ThrottlingMaxActiveJobCountExceeded;Error: 429 {")
    );
    assert_eq!(refused.header("retry-after"), None);
    rig.hub.clock().advance(Duration::from_secs(1800));
    assert_eq!(over(&rig, "later").await["status"], "completed");
    rig.put("/jobs/v2/other", &twin_job("*")).await.is_ok();
}

#[tokio::test]
async fn tiers_have_more_slots() {
    for (sku, slots) in [(Sku::F1, 1), (Sku::S1, 1), (Sku::S2, 5), (Sku::S3, 10)] {
        let rig = Rig::with(Emulator::builder().sku(sku)).await;
        let mut job = twin_job("*");
        job["startTime"] = json!(in_hours(&rig, 1));
        for n in 0..slots {
            rig.put(&format!("/jobs/v2/job-{n}"), &job).await.is_ok();
        }
        let refused = rig.put("/jobs/v2/one-more", &job).await;
        assert_eq!(
            refused.code(),
            "ThrottlingMaxActiveJobCountExceeded",
            "{sku}"
        );
    }
}

#[tokio::test]
async fn a_job_that_waits_can_be_cancelled_and_one_that_runs_or_is_over_cannot() {
    let rig = Rig::with(Emulator::builder().job_delay(Duration::from_secs(60))).await;
    rig.put("/jobs/v2/job-1", &twin_job("*")).await.is_ok();
    let cancelled = rig.post("/jobs/v2/job-1/cancel", &json!({})).await;
    assert_eq!(cancelled.is_ok().json()["status"], "cancelled");
    assert_eq!(
        rig.get("/jobs/v2/job-1").await.json()["status"],
        "cancelled"
    );
    rig.post("/jobs/v2/job-1/cancel", &json!({}))
        .await
        .is_error(405, "OperationNotAllowedInCurrentState");

    rig.put("/jobs/v2/job-2", &twin_job("*")).await.is_ok();
    rig.hub.clock().advance(Duration::from_secs(60));
    reaches(&rig, "job-2", "running").await;
    rig.post("/jobs/v2/job-2/cancel", &json!({}))
        .await
        .is_error(405, "OperationNotAllowedInCurrentState");
    rig.hub.clock().advance(Duration::from_secs(60));
    assert_eq!(over(&rig, "job-2").await["status"], "completed");
    rig.post("/jobs/v2/none/cancel", &json!({}))
        .await
        .is_error(404, "JobNotFound");
}

#[tokio::test]
async fn an_unknown_id_is_200_with_unknown_in_it() {
    let rig = Rig::start().await;
    let seen = rig
        .get("/jobs/v2/5b1f3b54-6cbd-4b8c-9d5c-2b9b7f9a0001")
        .await;
    assert_eq!(
        (
            seen.is_ok().json()["status"].clone(),
            seen.json()["type"].clone()
        ),
        (json!("unknown"), json!("unknown"))
    );
}

#[tokio::test]
async fn an_id_is_used_once_and_has_its_rules() {
    let rig = Rig::start().await;
    rig.put("/jobs/v2/job-1", &twin_job("*")).await.is_ok();
    over(&rig, "job-1").await;
    rig.put("/jobs/v2/job-1", &twin_job("*"))
        .await
        .is_error(409, "JobAlreadyExists");
    for id in ["Job", "a_b", "a.b", "a%20b", &"x".repeat(65)] {
        rig.put(&format!("/jobs/v2/{id}"), &twin_job("*"))
            .await
            .is_error(400, "ArgumentInvalid");
    }
    rig.put("/jobs/v2/it's-1", &twin_job("*")).await.is_ok();
    let mut other = twin_job("*");
    other["jobId"] = json!("else");
    rig.put("/jobs/v2/job-9", &other)
        .await
        .is_error(400, "ArgumentInvalid");
}

#[tokio::test]
async fn requests_that_the_service_refuses_are_refused() {
    let rig = Rig::start().await;
    let method = |extra: Value| {
        let mut method = json!({"methodName": "m"});
        method
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        json!({"type": "scheduleDeviceMethod", "queryCondition": "*", "cloudToDeviceMethod": method})
    };
    let with = |name: &str, value: Value| {
        let mut job = twin_job("*");
        job[name] = value;
        job
    };
    for (body, code) in [
        (
            with("startTime", json!(in_hours(&rig, 169))),
            "ArgumentInvalid",
        ),
        (with("startTime", json!("tomorrow")), "ArgumentInvalid"),
        (
            with("maxExecutionTimeInSeconds", json!(0)),
            "ArgumentInvalid",
        ),
        (with("queryCondition", Value::Null), "ArgumentNull"),
        (with("type", json!("export")), "ArgumentInvalid"),
        (with("type", Value::Null), "ArgumentNull"),
        (with("updateTwin", json!({"tags": {}})), "ArgumentInvalid"),
        (with("updateTwin", Value::Null), "ArgumentNull"),
        (
            method(json!({"connectTimeoutInSeconds": 20, "responseTimeoutInSeconds": 10})),
            "ArgumentInvalid",
        ),
        (
            method(json!({"responseTimeoutInSeconds": 301})),
            "ArgumentInvalid",
        ),
        (method(json!({"methodName": ""})), "ArgumentNull"),
        (
            method(json!({"payload": "x".repeat(129 * 1024)})),
            "ArgumentInvalid",
        ),
        (json!([]), "IotHubFormatError"),
    ] {
        let refused = rig.put("/jobs/v2/job-1", &body).await;
        refused.is_error(400, code);
    }
    assert_eq!(
        rig.get("/jobs/v2/job-1").await.json()["status"],
        "unknown",
        "a refused job leaves nothing behind"
    );
}

#[tokio::test]
async fn jobs_are_asked_for_by_type_and_status_and_in_pages() {
    let rig = Rig::start().await;
    for n in 0..3 {
        rig.put(&format!("/jobs/v2/t-{n}"), &twin_job("*"))
            .await
            .is_ok();
        over(&rig, &format!("t-{n}")).await;
    }
    rig.put("/jobs/v2/bad", &twin_job("nonsense !"))
        .await
        .is_ok();
    over(&rig, "bad").await;
    let ids = |seen: &Seen| -> Vec<String> {
        seen.is_ok()
            .json()
            .as_array()
            .unwrap()
            .iter()
            .map(|job| job["jobId"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = rig.get("/jobs/v2/query").await;
    assert_eq!(ids(&all), ["bad", "t-2", "t-1", "t-0"]);
    assert_eq!(
        (
            all.header("x-ms-item-type"),
            all.header("x-ms-continuation")
        ),
        (Some("JobResponse"), None)
    );
    assert_eq!(
        ids(&rig
            .get("/jobs/v2/query?jobStatus=Completed&jobType=ScheduleUpdateTwin")
            .await),
        ["t-2", "t-1", "t-0"]
    );
    assert_eq!(
        ids(&rig.get("/jobs/v2/query?jobType=scheduleDeviceMethod").await),
        Vec::<String>::new()
    );
    let page = async |token: Option<&str>| {
        let mut request = rig
            .request(Method::GET, "/jobs/v2/query?jobStatus=completed")
            .header("x-ms-max-item-count", "2");
        if let Some(token) = token {
            request = request.header("x-ms-continuation", token);
        }
        Seen::of(request.send().await.unwrap()).await
    };
    let first = page(None).await;
    assert_eq!(ids(&first), ["t-2", "t-1"]);
    let last = page(first.header("x-ms-continuation")).await;
    assert_eq!(
        (ids(&last), last.header("x-ms-continuation")),
        (vec!["t-0".to_owned()], None)
    );
}

#[tokio::test]
async fn a_job_that_takes_too_long_fails() {
    let rig = Rig::with(Emulator::builder().job_delay(Duration::from_secs(60))).await;
    with_devices(&rig, 1).await;
    let mut job = twin_job("*");
    job["maxExecutionTimeInSeconds"] = json!(5);
    rig.put("/jobs/v2/slow", &job).await.is_ok();
    rig.hub.clock().advance(Duration::from_secs(60));
    reaches(&rig, "slow", "running").await;
    rig.hub.clock().advance(Duration::from_secs(60));
    let job = over(&rig, "slow").await;
    assert_eq!(job["status"], "failed");
    assert_eq!(job["deviceJobStatistics"]["pendingCount"], 1);
}

#[tokio::test]
async fn a_job_that_waits_goes_on_after_the_hub_was_restarted() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Rig::with(Emulator::builder().data_dir(folder.path()));
    let rig = start().await;
    with_devices(&rig, 2).await;
    let mut job = twin_job("*");
    job["startTime"] = json!(in_half_an_hour(&rig));
    rig.put("/jobs/v2/later", &job).await.is_ok();
    rig.hub.shutdown().await;
    let rig = start().await;
    reaches(&rig, "later", "scheduled").await;
    rig.hub.clock().advance(Duration::from_secs(1800));
    let job = over(&rig, "later").await;
    assert_eq!(
        (
            job["status"].clone(),
            job["deviceJobStatistics"]["succeededCount"].clone()
        ),
        (json!("completed"), json!(2))
    );
}

#[tokio::test]
async fn rights_of_either_kind_are_enough_and_the_device_policy_has_none() {
    let rig = Rig::start().await;
    for (policy, expected) in [("service", 200), ("registryRead", 200), ("device", 401)] {
        let request = rig
            .http
            .get(rig.url("/jobs/v2/query"))
            .header("authorization", rig.token(policy));
        assert_eq!(
            Seen::of(request.send().await.unwrap())
                .await
                .status
                .as_u16(),
            expected,
            "{policy}"
        );
    }
}

#[tokio::test]
async fn with_throttling_a_job_keeps_the_pace_of_its_tier() {
    // S1: ten devices a second.
    let rig = Rig::with(Emulator::builder().throttle(true)).await;
    with_devices(&rig, 25).await;
    rig.put("/jobs/v2/paced", &twin_job("*")).await.is_ok();
    reaches(&rig, "paced", "running").await;
    let begun = rig.hub.clock().now();
    let mut done = 0;
    while done < 25 {
        rig.hub.clock().advance(Duration::from_millis(200));
        let job = rig.get("/jobs/v2/paced").await.is_ok().json();
        done = job["deviceJobStatistics"]["succeededCount"]
            .as_u64()
            .unwrap_or(0);
        assert!(
            done % 10 == 0 || done == 25,
            "{done} devices: not in batches of one second"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let took = rig.hub.clock().now().since(begun);
    assert!(
        took >= Duration::from_secs(2),
        "25 devices took {took:?} of the hub's time"
    );
}
