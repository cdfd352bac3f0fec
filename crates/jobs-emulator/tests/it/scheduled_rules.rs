//! `/jobs/v2`: what is taken, what is refused, and how jobs are asked for.

use std::time::Duration;

use jobs_emulator::{Emulator, Sku};
use reqwest::Method;
use serde_json::{Value, json};

use crate::scheduled::{over, twin_job};
use crate::support::{Rig, Seen};

fn in_hours(rig: &Rig, hours: u64) -> String {
    rig.hub
        .clock()
        .now()
        .plus(Duration::from_secs(hours * 3600))
        .wire()
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
    for id in ["a_b", "a.b", "a%20b", &"x".repeat(65)] {
        rig.put(&format!("/jobs/v2/{id}"), &twin_job("*"))
            .await
            .is_error(400, "ArgumentInvalid");
    }
    rig.put("/jobs/v2/it's-1", &twin_job("*")).await.is_ok();
    over(&rig, "it's-1").await;
    // As the vendor's samples and tests call them.
    rig.put("/jobs/v2/JOBSAMPLE0e9d", &twin_job("*"))
        .await
        .is_ok();
    over(&rig, "JOBSAMPLE0e9d").await;
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
        (with("startTime", Value::Null), "ArgumentInvalid"),
        (
            with("maxExecutionTimeInSeconds", Value::Null),
            "ArgumentInvalid",
        ),
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

/// The ids on a page, and the token of the next one.
async fn page(rig: &Rig, path: &str) -> (Vec<String>, Option<String>) {
    let seen = rig.get(path).await;
    let ids = seen.is_ok().json();
    let ids = ids.as_array().unwrap();
    (
        ids.iter()
            .map(|job| job["jobId"].as_str().unwrap().to_owned())
            .collect(),
        seen.header("x-ms-continuation").map(str::to_owned),
    )
}

#[tokio::test]
async fn pages_of_jobs_do_not_shift_when_a_job_is_added() {
    let rig = Rig::start().await;
    for n in 0..5 {
        let id = format!("job-{n}");
        rig.put(&format!("/jobs/v2/{id}"), &twin_job("*"))
            .await
            .is_ok();
        over(&rig, &id).await;
    }
    // Size and token may stand in the query, as the documentation writes them.
    let (first, token) = page(&rig, "/jobs/v2/query?pageSize=2").await;
    assert_eq!(first, ["job-4", "job-3"]);
    rig.put("/jobs/v2/job-5", &twin_job("*")).await.is_ok();
    over(&rig, "job-5").await;
    let path = format!(
        "/jobs/v2/query?pageSize=2&continuationToken={}",
        token.unwrap()
    );
    let (second, token) = page(&rig, &path).await;
    assert_eq!(second, ["job-2", "job-1"]);
    let path = format!(
        "/jobs/v2/query?pageSize=2&continuationToken={}",
        token.unwrap()
    );
    assert_eq!(page(&rig, &path).await, (vec!["job-0".to_owned()], None));

    for path in [
        "/jobs/v2/query?pageSize=0",
        "/jobs/v2/query?pageSize=x",
        "/jobs/v2/query?continuationToken=2",
        "/jobs/v2/query?continuationToken=bm9uZQ",
    ] {
        rig.get(path).await.is_error(400, "ArgumentInvalid");
    }
    // The header goes first.
    let request = rig
        .request(Method::GET, "/jobs/v2/query?pageSize=2")
        .header("x-ms-max-item-count", "3");
    let seen = Seen::of(request.send().await.unwrap()).await;
    assert_eq!(seen.is_ok().json().as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_condition_that_is_too_long_is_a_412() {
    let rig = Rig::start().await;
    let condition = |bytes: usize| format!("tags.a = '{}'", "x".repeat(bytes - 11));
    rig.put("/jobs/v2/fits", &twin_job(&condition(8192)))
        .await
        .is_ok();
    rig.put("/jobs/v2/long", &twin_job(&condition(8193)))
        .await
        .is_error(412, "PreconditionFailed");
}

#[tokio::test]
async fn a_twin_update_without_an_etag_has_no_condition() {
    let rig = Rig::start().await;
    rig.put("/devices/a", &json!({"deviceId": "a"}))
        .await
        .is_ok();
    let mut job = twin_job("*");
    job["updateTwin"].as_object_mut().unwrap().remove("etag");
    rig.put("/jobs/v2/job-1", &job).await.is_ok();
    let ended = over(&rig, "job-1").await;
    assert_eq!(ended["deviceJobStatistics"]["succeededCount"], 1);
    assert_eq!(rig.get("/twins/a").await.json()["tags"]["wave"], 1);
}

#[tokio::test]
async fn a_condition_over_modules_selects_modules() {
    let rig = Rig::start().await;
    rig.put("/devices/a", &json!({"deviceId": "a"}))
        .await
        .is_ok();
    for module in ["m", "n"] {
        rig.put(
            &format!("/devices/a/modules/{module}"),
            &json!({"deviceId": "a", "moduleId": module}),
        )
        .await
        .is_ok();
    }
    let condition = "FROM devices.modules WHERE moduleId = 'm'";
    rig.put("/jobs/v2/job-1", &twin_job(condition))
        .await
        .is_ok();
    let ended = over(&rig, "job-1").await;
    assert_eq!(ended["deviceJobStatistics"]["deviceCount"], 1);
    assert_eq!(ended["deviceJobStatistics"]["succeededCount"], 1);
    let tag = |path: &'static str| {
        let rig = &rig;
        async move { rig.get(path).await.json()["tags"]["wave"].clone() }
    };
    assert_eq!(tag("/twins/a/modules/m").await, 1);
    assert_eq!(tag("/twins/a/modules/n").await, Value::Null);
    assert_eq!(tag("/twins/a").await, Value::Null);
    let query = json!({"query": "SELECT * FROM devices.jobs"});
    let rows = rig.post("/devices/query", &query).await.is_ok().json();
    assert_eq!(rows[0]["moduleId"], "m");
}
