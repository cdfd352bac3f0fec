//! `/jobs/v2`: scheduled jobs.

use std::time::Duration;

use jobs_emulator::Emulator;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Rig;

async fn with_devices(rig: &Rig, count: usize) {
    let rows: Vec<Value> = (0..count)
        .map(|n| json!({"id": format!("d{n}"), "importMode": "create", "status": "enabled", "tags": {"n": n}}))
        .collect();
    rig.post("/devices", &json!(rows)).await.is_ok();
}

pub(crate) fn twin_job(condition: &str) -> Value {
    json!({"type": "scheduleUpdateTwin", "queryCondition": condition,
        "updateTwin": {"etag": "*", "tags": {"wave": 1, "n": null}, "properties": {"desired": {"fw": "2"}}}})
}

/// Polls until the job is over.
pub(crate) async fn over(rig: &Rig, id: &str) -> Value {
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

fn in_half_an_hour(rig: &Rig) -> String {
    rig.hub.clock().now().plus(Duration::from_secs(1800)).wire()
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
        "updateTwin": null})).await.is_ok();
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

#[tokio::test]
async fn a_job_fails_when_its_time_is_over_whatever_it_has_to_do() {
    for devices in [0, 1] {
        let rig = Rig::with(Emulator::builder().job_delay(Duration::from_secs(60))).await;
        with_devices(&rig, devices).await;
        let mut job = twin_job("*");
        job["maxExecutionTimeInSeconds"] = json!(5);
        rig.put("/jobs/v2/slow", &job).await.is_ok();
        rig.hub.clock().advance(Duration::from_secs(60));
        reaches(&rig, "slow", "running").await;
        // Its delay is not over, its five seconds are.
        rig.hub.clock().advance(Duration::from_secs(5));
        let job = over(&rig, "slow").await;
        assert_eq!(job["status"], "failed", "{devices} devices: {job}");
        assert!(
            job["failureReason"].as_str().unwrap().contains("5 seconds"),
            "{job}"
        );
    }
    // The clock may jump over delay and maximum at once.
    let rig = Rig::with(Emulator::builder().job_delay(Duration::from_secs(60))).await;
    let mut job = twin_job("*");
    job["maxExecutionTimeInSeconds"] = json!(90);
    rig.put("/jobs/v2/slow", &job).await.is_ok();
    rig.hub.clock().advance(Duration::from_secs(60));
    reaches(&rig, "slow", "running").await;
    rig.hub.clock().advance(Duration::from_secs(120));
    assert_eq!(over(&rig, "slow").await["status"], "failed");
}

#[tokio::test]
async fn a_job_that_is_to_finish_goes_past_its_delay_and_is_done() {
    let rig = Rig::with(Emulator::builder().job_delay(Duration::from_secs(60))).await;
    with_devices(&rig, 1).await;
    let mut job = twin_job("*");
    job["maxExecutionTimeInSeconds"] = json!(5);
    rig.put("/jobs/v2/quick", &job).await.is_ok();
    rig.hub.admin().finish("quick").await.unwrap();
    assert_eq!(over(&rig, "quick").await["status"], "completed");
}
