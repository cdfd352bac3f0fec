//! Scheduled jobs as sent, and what is refused before sending.

use std::time::Duration;

use jobs_ext::{
    DirectMethod, ErrorKind, JobStatus, JobSystem, LostCreate, ScheduledJob, Timestamp, TwinPatch,
};
use serde_json::json;

use crate::client;
use crate::clock::StepClock;
use crate::server::{Reply, Server, fault, json as answer};

fn patch() -> TwinPatch {
    TwinPatch::new()
        .tag("site", json!("n"))
        .desired("interval", json!(30))
        .desired("old", json!(null))
}

#[tokio::test]
async fn a_twin_update_is_sent_with_the_etag_that_the_service_wants() {
    let server = Server::start([
        answer(200, r#"{"jobId":"t-1","type":"scheduleUpdateTwin","status":"queued"}"#),
        answer(200, r#"{"jobId":"t-1","type":"scheduleUpdateTwin","status":"completed","deviceJobStatistics":{"deviceCount":2,"failedCount":1,"succeededCount":1}}"#),
    ])
    .await;
    let start: Timestamp = "2027-01-16T08:00:00.5Z".parse().unwrap();
    let job = ScheduledJob::update_twin("t-1", "tags.a = 1", patch())
        .start_at(start)
        .max_execution(Duration::from_secs(60));
    let done = client(&server, &StepClock::default())
        .schedule(job)
        .await
        .unwrap()
        .await
        .unwrap();
    assert_eq!(
        (done.system(), done.status()),
        (JobSystem::Scheduled, &JobStatus::Completed)
    );
    assert_eq!(done.statistics().unwrap().failed, 1);
    let request = &server.requests()[0];
    assert!(request.line.starts_with("PUT /jobs/v2/t-1?api-version="));
    assert_eq!(
        request.json(),
        json!({
            "jobId": "t-1", "type": "scheduleUpdateTwin", "queryCondition": "tags.a = 1",
            "startTime": "2027-01-16T08:00:00.500Z", "maxExecutionTimeInSeconds": 60,
            "updateTwin": {"etag": "*", "tags": {"site": "n"}, "properties": {"desired": {"interval": 30, "old": null}}},
        })
    );
    assert_eq!(server.lines()[1], "GET /jobs/v2/t-1");
}

#[tokio::test]
async fn a_method_call_is_sent_with_its_timeouts() {
    let server = Server::start([answer(200, r#"{"jobId":"m-1","status":"queued"}"#)]).await;
    let method = DirectMethod::new("reboot")
        .payload(json!([1]))
        .response_timeout(Duration::from_secs(30))
        .connect_timeout(Duration::from_secs(5));
    let poller = client(&server, &StepClock::default())
        .schedule(ScheduledJob::call_method("m-1", "*", method))
        .await
        .unwrap();
    assert_eq!(poller.id(), "m-1");
    assert_eq!(
        server.requests()[0].json(),
        json!({
            "jobId": "m-1", "type": "scheduleDeviceMethod", "queryCondition": "*", "maxExecutionTimeInSeconds": 3600,
            "cloudToDeviceMethod": {"methodName": "reboot", "payload": [1], "responseTimeoutInSeconds": 30, "connectTimeoutInSeconds": 5},
        })
    );
}

#[tokio::test]
async fn what_the_service_would_refuse_is_refused_here_with_a_reason() {
    let server = Server::start([]).await;
    let hub = client(&server, &StepClock::default());
    let far: Timestamp = "2027-02-15T08:00:00Z".parse().unwrap();
    let slow = DirectMethod::new("m")
        .response_timeout(Duration::from_secs(1))
        .connect_timeout(Duration::from_secs(2));
    let big = DirectMethod::new("m").payload(json!("x".repeat(140_000)));
    for (job, reason) in [
        (ScheduledJob::update_twin("a.b", "*", patch()), "id"),
        (ScheduledJob::update_twin("a_b", "*", patch()), "id"),
        (ScheduledJob::update_twin("", "*", patch()), "id"),
        (ScheduledJob::update_twin("a", " ", patch()), "condition"),
        (
            ScheduledJob::update_twin("a", "WHERE tags.a = 1", patch()),
            "WHERE",
        ),
        (
            ScheduledJob::update_twin("a", "*", TwinPatch::new()),
            "neither",
        ),
        (
            ScheduledJob::update_twin("a", "*", patch()).start_at(far),
            "168 hours",
        ),
        (ScheduledJob::call_method("a", "*", slow), "connect timeout"),
        (ScheduledJob::call_method("a", "*", big), "payload"),
        (
            ScheduledJob::call_method("a", "*", DirectMethod::new("")),
            "name",
        ),
    ] {
        let error = hub.schedule(job).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(reason), "{reason}: {error}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_lost_schedule_is_looked_for_by_its_id_and_not_repeated() {
    let unknown = r#"{"jobId":"t-1","type":"unknown","status":"unknown"}"#;
    let queued = r#"{"jobId":"t-1","type":"scheduleUpdateTwin","status":"queued"}"#;
    let old = r#"{"jobId":"t-1","type":"scheduleUpdateTwin","status":"completed","createdTime":"2020-01-06T21:44:00.8884134Z"}"#;
    let fresh = r#"{"jobId":"t-1","type":"scheduleUpdateTwin","status":"queued","createdTime":"2027-01-15T08:00:09.5Z"}"#;
    for (look, made) in [
        (queued, true),
        (fresh, true),
        (old, false),
        (unknown, false),
    ] {
        let look = answer(200, look).with("Date", "Fri, 15 Jan 2027 08:00:10 GMT");
        let server = Server::start([Reply::Cut, look]).await;
        let job = ScheduledJob::update_twin("t-1", "*", patch());
        let error = client(&server, &StepClock::default())
            .schedule(job)
            .await
            .unwrap_err();
        assert_eq!(
            matches!(error.lost_create(), Some(LostCreate::Candidates(_))),
            made,
            "{error:?}"
        );
        assert_eq!(server.lines(), ["PUT /jobs/v2/t-1", "GET /jobs/v2/t-1"]);
    }
}

#[tokio::test]
async fn a_taken_id_is_a_conflict_and_a_running_job_cannot_be_cancelled() {
    let server = Server::start([
        fault(409, "JobAlreadyExists"),
        fault(404, "JobNotFound"),
        answer(
            200,
            r#"{"jobId":"t-1","type":"scheduleUpdateTwin","status":"running"}"#,
        ),
        fault(405, "OperationNotAllowedInCurrentState"),
    ])
    .await;
    let hub = client(&server, &StepClock::default());
    let error = hub
        .schedule(ScheduledJob::update_twin("t-1", "*", patch()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let error = hub.cancel("t-1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(server.lines()[3], "POST /jobs/v2/t-1/cancel");
}
