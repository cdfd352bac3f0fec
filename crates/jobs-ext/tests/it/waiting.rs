//! Waiting for jobs and for the slot.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{Stream as _, StreamExt};
use jobs_ext::{
    ErrorKind, ExportOptions, JobStatus, JobsClient, PollPolicy, ProgressEvent, RetryPolicy,
};

use crate::clock::StepClock;
use crate::operations::{ID, container, job};
use crate::server::{Reply, Server, fault, json};
use crate::{builder, client};

/// A client that sends each request once.
fn unrepeating(server: &Server, clock: &StepClock) -> JobsClient {
    builder(server, clock)
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

fn down() -> Reply {
    fault(503, "ServerBusy")
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test]
async fn an_export_is_awaited_to_its_end() {
    let server = Server::start([
        json(200, job("enqueued")),
        json(200, job("running")),
        json(200, job("completed")),
    ])
    .await;
    let clock = StepClock::default();
    let done = client(&server, &clock)
        .begin_export(ExportOptions::to(container()))
        .await
        .unwrap()
        .await
        .unwrap();
    assert_eq!(done.job().status(), &JobStatus::Completed);
    assert_eq!(done.blob(), "devices.txt");
    assert_eq!(
        clock.sleeps(),
        [Duration::from_millis(500), Duration::from_millis(750)]
    );
}

#[tokio::test]
async fn the_stream_gives_every_look_and_ends_and_can_still_be_awaited() {
    let server = Server::start([
        json(200, job("enqueued")),
        json(200, job("running")),
        json(200, job("completed")),
    ])
    .await;
    let mut poller = client(&server, &StepClock::default())
        .begin_export(ExportOptions::to(container()))
        .await
        .unwrap();
    let mut seen = Vec::new();
    while let Some(job) = poller.next().await {
        seen.push(job.unwrap().status().to_string());
    }
    assert_eq!(seen, ["enqueued", "running", "completed"]);
    poller.await.unwrap();
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_job_is_resumed_by_its_id_alone() {
    let server = Server::start([json(200, job("running")), json(200, job("completed"))]).await;
    let clock = StepClock::default();
    let job = client(&server, &clock).resume(ID).await.unwrap();
    assert_eq!(job.id(), ID);
    assert_eq!(clock.sleeps().len(), 1, "the first look is at once");
}

#[tokio::test]
async fn failed_and_cancelled_jobs_end_the_wait_as_errors_that_hold_the_job() {
    for (status, kind) in [
        ("failed", ErrorKind::JobFailed),
        ("cancelled", ErrorKind::JobCancelled),
    ] {
        let body = job(status).replace(
            "\"progress\"",
            "\"failureReason\":\"disk full\\nsig=planted\",\"progress\"",
        );
        let server = Server::start([json(200, &body), json(200, &body)]).await;
        let hub = client(&server, &StepClock::default());
        let error = hub.resume(ID).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.job().unwrap().status().as_str()),
            (kind, status)
        );
        assert!(!format!("{error} {error:?}").contains("planted"));
        assert_eq!(
            hub.resume(ID).finished().await.unwrap().status().as_str(),
            status
        );
    }
}

#[tokio::test]
async fn a_deadline_ends_the_wait_and_not_the_job() {
    let server = Server::start((0..20).map(|_| json(200, job("running")))).await;
    let clock = StepClock::default();
    let policy = PollPolicy::every(seconds(4)).deadline(seconds(10));
    let error = client(&server, &clock)
        .resume(ID)
        .policy(policy)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.job_id(), Some(ID));
    assert_eq!(clock.seconds(), [4, 4, 2]);
    assert!(server.lines().iter().all(|line| line.starts_with("GET ")));
}

/// A look that takes too long must not outlast the deadline.
#[tokio::test]
async fn a_deadline_ends_a_look_too() {
    let server = Server::start([json(200, job("running")), Reply::Stall]).await;
    let policy = PollPolicy::every(Duration::from_millis(50)).deadline(Duration::from_millis(300));
    let hub = JobsClient::builder(server.endpoint())
        .connection_string(&crate::connection_string())
        .build()
        .unwrap();
    let mut poller = hub.resume(ID).policy(policy);
    assert!(poller.next().await.unwrap().is_ok());
    let error = poller.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("it goes on"), "{error}");
    assert!(poller.next().await.is_none());
    let again = poller.await.unwrap_err();
    assert_eq!(again.to_string(), error.to_string());
}

/// The last look tells, however little time is left for it.
#[tokio::test]
async fn a_job_that_ended_before_the_deadline_is_not_called_unfinished() {
    let server = Server::start([json(200, job("running")), json(200, job("completed"))]).await;
    let policy = PollPolicy::every(seconds(15)).deadline(seconds(10));
    let clock = StepClock::default();
    let done = client(&server, &clock).resume(ID).policy(policy).await;
    assert_eq!(done.unwrap().status(), &JobStatus::Completed);
    assert_eq!(clock.seconds(), [10]);
}

#[tokio::test]
async fn the_stream_ends_after_a_final_error_and_goes_on_after_a_passing_one() {
    let server = Server::start([
        down().with("Retry-After", "7"),
        json(200, job("running")),
        fault(401, "IotHubUnauthorizedAccess"),
        fault(401, "IotHubUnauthorizedAccess"),
    ])
    .await;
    let clock = StepClock::default();
    let hub = unrepeating(&server, &clock);
    let policy = PollPolicy::every(Duration::from_secs(2));
    let mut poller = hub.resume(ID).policy(policy);
    let kinds = [
        Some(ErrorKind::Service),
        None,
        Some(ErrorKind::Unauthorized),
    ];
    for kind in kinds {
        let seen = poller.next().await.unwrap();
        assert_eq!(seen.err().map(|error| error.kind()), kind);
    }
    assert!(poller.next().await.is_none());
    assert_eq!(clock.seconds(), [7, 2]);
    assert_eq!(poller.await.unwrap_err().kind(), ErrorKind::Unauthorized);
}

#[tokio::test]
async fn an_outage_is_borne_for_as_long_as_the_policy_says_and_told_of() {
    let server = Server::start([
        json(200, job("running")),
        down(),
        down(),
        down(),
        json(200, job("running")),
        down(),
        json(200, job("completed")),
    ])
    .await;
    let clock = StepClock::default();
    let hub = unrepeating(&server, &clock);
    let failed = Arc::new(Mutex::new(Vec::new()));
    let noted = failed.clone();
    // Counted from the first failure; the hub's word in between begins it anew.
    let policy = PollPolicy::every(seconds(10)).patience(seconds(21));
    let done = hub
        .resume(ID)
        .policy(policy)
        .progress(move |event: &ProgressEvent<'_>| {
            if let ProgressEvent::LookFailed {
                id, error, lasted, ..
            } = event
            {
                assert_eq!((*id, error.kind()), (ID, ErrorKind::Service));
                noted.lock().unwrap().push(lasted.as_secs());
            }
        });
    assert_eq!(done.await.unwrap().status(), &JobStatus::Completed);
    assert_eq!(*failed.lock().unwrap(), [0, 10, 20, 0]);
}

#[tokio::test]
async fn an_outage_longer_than_the_patience_ends_the_wait_with_its_error() {
    let server = Server::start([json(200, job("running")), down(), down(), down()]).await;
    let clock = StepClock::default();
    let hub = unrepeating(&server, &clock);
    let policy = PollPolicy::every(seconds(10)).patience(seconds(20));
    let error = hub.resume(ID).policy(policy).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    assert_eq!(error.job_id(), Some(ID));
    assert_eq!(clock.seconds(), [10, 10, 10]);
}

#[tokio::test]
async fn patience_bears_no_refusal_and_outlasts_no_deadline() {
    let refused = || fault(401, "IotHubUnauthorizedAccess");
    let server = Server::start([refused(), refused(), refused(), refused(), down(), down()]).await;
    let clock = StepClock::default();
    let hub = unrepeating(&server, &clock);
    let patient = PollPolicy::every(seconds(10)).patience(seconds(3600));
    let wait = |policy: PollPolicy| hub.resume(ID).policy(policy);
    let error = wait(patient.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    let error = wait(patient.deadline(seconds(15))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("15s"), "{error}");
    let cause = std::error::Error::source(&error).unwrap();
    let cause = cause.downcast_ref::<jobs_ext::Error>().unwrap();
    assert_eq!(cause.kind(), ErrorKind::Service);
}

/// A poller that nobody polls must not hold up the other calls of its client.
#[tokio::test]
async fn pollers_that_are_left_alone_hold_nobody_up() {
    let server = Server::start((0..200).map(|_| json(200, job("completed")))).await;
    let hub = client(&server, &StepClock::default());
    let mut left = Vec::new();
    for _ in 0..100 {
        let mut poller = hub.resume(ID);
        let once = std::future::poll_fn(|cx| {
            let pending = Pin::new(&mut poller).poll_next(cx).is_pending();
            std::task::Poll::Ready(pending)
        });
        assert!(once.await);
        left.push(poller);
    }
    assert!(hub.resume(ID).await.is_ok());
    assert!(hub.get(ID).await.is_ok());
}

#[tokio::test]
async fn a_job_of_another_kind_makes_no_outcome() {
    let server = Server::start([json(200, job("completed"))]).await;
    let hub = client(&server, &StepClock::default());
    let container = "file:///tmp".parse().unwrap();
    let import = hub.resume_import(ID, jobs_ext::ImportOptions::from(container));
    let error = import.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(
        error.to_string().contains("no import but export"),
        "{error}"
    );
}

#[tokio::test]
async fn a_state_that_nobody_knows_does_not_wait_for_ever() {
    let server = Server::start((0..20).map(|_| json(200, job("paused")))).await;
    let policy = PollPolicy::every(seconds(10)).unknown_limit(seconds(30));
    let error = client(&server, &StepClock::default())
        .resume(ID)
        .policy(policy)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownState);
    assert!(error.to_string().contains("paused"), "{error}");
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn an_unknown_state_that_passes_is_waited_through() {
    let mut states = vec!["paused"; 3];
    states.extend(["running", "paused", "paused", "completed"]);
    let server = Server::start(states.into_iter().map(|s| json(200, job(s)))).await;
    let policy = PollPolicy::every(seconds(10)).unknown_limit(seconds(30));
    client(&server, &StepClock::default())
        .resume(ID)
        .policy(policy)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_hubs_retry_after_sets_the_next_look() {
    let server = Server::start([
        json(200, job("running")).with("Retry-After", "40"),
        json(200, job("completed")),
    ])
    .await;
    let clock = StepClock::default();
    client(&server, &clock).resume(ID).await.unwrap();
    assert_eq!(clock.seconds(), [40]);
}

#[tokio::test]
async fn dropping_a_poller_leaves_the_job_alone() {
    let server = Server::start([json(200, job("enqueued"))]).await;
    let poller = client(&server, &StepClock::default())
        .begin_export(ExportOptions::to(container()))
        .await
        .unwrap();
    drop(poller);
    assert_eq!(server.lines(), ["POST /jobs/create"]);
}

#[tokio::test]
async fn cancelling_is_explicit() {
    let server = Server::start([
        json(200, job("enqueued")),
        json(200, job("running")),
        json(200, "{}"),
        json(200, job("cancelled")),
        json(200, job("cancelled")),
    ])
    .await;
    let poller = client(&server, &StepClock::default())
        .begin_export(ExportOptions::to(container()))
        .await
        .unwrap();
    poller.cancel().await.unwrap();
    assert_eq!(poller.await.unwrap_err().kind(), ErrorKind::JobCancelled);
}

#[tokio::test]
async fn the_slot_is_waited_for_on_request_showing_who_holds_it() {
    let server = Server::start([
        fault(403, "JobQuotaExceeded"),
        json(200, format!("[{}]", job("running"))),
        json(200, job("enqueued")),
    ])
    .await;
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = events.clone();
    let options = ExportOptions::to(container())
        .wait_for_slot(seconds(60))
        .progress(move |event: &ProgressEvent<'_>| {
            let text = match event {
                ProgressEvent::Creating { .. } => "creating".to_owned(),
                ProgressEvent::SlotBusy { holder, .. } => {
                    format!("busy {}", holder.map_or("", |job| job.id()))
                }
                ProgressEvent::Created { job, .. } => format!("created {}", job.id()),
                _ => String::new(),
            };
            seen.lock().unwrap().push(text);
        });
    let _poller = client(&server, &StepClock::default())
        .begin_export(options)
        .await
        .unwrap();
    assert_eq!(
        *events.lock().unwrap(),
        [
            "creating".to_owned(),
            format!("busy {ID}"),
            "creating".to_owned(),
            format!("created {ID}")
        ]
    );
}

#[tokio::test]
async fn without_being_asked_a_busy_slot_is_an_error_that_names_the_holder() {
    let server = Server::start([
        fault(403, "JobQuotaExceeded"),
        json(200, format!("[{},{}]", job("completed"), job("running"))),
    ])
    .await;
    let error = client(&server, &StepClock::default())
        .begin_export(ExportOptions::to(container()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JobQuota);
    assert_eq!(error.job().unwrap().status(), &JobStatus::Running);
    assert!(error.is_transient());
    let line = error.to_string();
    assert!(
        line.starts_with("create export job: another job is active (403 JobQuotaExceeded)"),
        "{line}"
    );
    assert!(
        line.contains(&format!("; held by export {ID} (running)")),
        "{line}"
    );
}

#[tokio::test]
async fn the_wait_for_the_slot_ends_in_time() {
    let answers = (0..40).flat_map(|_| [fault(403, "JobQuotaExceeded"), json(200, "[]")]);
    let server = Server::start(answers).await;
    let clock = StepClock::default();
    let options = ExportOptions::to(container())
        .wait_for_slot(seconds(25))
        .poll(PollPolicy::every(seconds(10)));
    let error = client(&server, &clock)
        .begin_export(options)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JobQuota);
    assert_eq!(clock.seconds(), [10, 10, 5]);
}
