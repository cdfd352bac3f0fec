//! Creates whose answer was lost: they are looked for, and never sent again.

use jobs_ext::{Error, ErrorKind, ExportOptions, LostCreate};

use crate::client;
use crate::clock::StepClock;
use crate::operations::{ID, container, job};
use crate::server::{Reply, Server, fault, json};

/// The error of a create that is not answered as it should.
async fn failed_export(server: &Server, clock: &StepClock) -> Error {
    let options = ExportOptions::to(container());
    let created = client(server, clock).begin_export(options).await;
    created.unwrap_err()
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_looked_for_and_not_repeated() {
    let now = "Fri, 15 Jan 2027 08:00:10 GMT";
    let fresh = job("running").replace("2021-07-07T20:47:47.2893449Z", "2027-01-15T08:00:09.5Z");
    for lost in [
        Reply::Cut,
        Reply::Half("{"),
        fault(500, "ServerError"),
        json(200, "{"),
    ] {
        let listed = json(200, format!("[{},{fresh}]", job("completed"))).with("Date", now);
        let server = Server::start([lost, listed]).await;
        let error = failed_export(&server, &StepClock::default()).await;
        assert_eq!(server.lines(), ["POST /jobs/create", "GET /jobs"]);
        let Some(LostCreate::Candidates(jobs)) = error.lost_create() else {
            panic!("{error:?}");
        };
        assert_eq!(jobs.len(), 1);
        assert!(error.to_string().contains(ID), "{error}");
    }
}

/// The hub checks the containers before it has a job.
#[tokio::test]
async fn a_lost_create_is_looked_for_again_before_it_counts_as_not_created() {
    let now = "Fri, 15 Jan 2027 08:00:10 GMT";
    let list = |jobs: &str| json(200, format!("[{jobs}]")).with("Date", now);
    let none = || list(&job("completed"));
    let begin = async |server: &Server, clock: &StepClock| {
        let options = ExportOptions::to(container());
        let begun = client(server, clock).begin_export(options).await;
        begun.unwrap_err()
    };
    let server = Server::start([Reply::Cut, none(), none(), none()]).await;
    let clock = StepClock::default();
    let error = begin(&server, &clock).await;
    assert!(
        matches!(error.lost_create(), Some(LostCreate::NotCreated)),
        "{error:?}"
    );
    assert_eq!(clock.seconds(), [0, 2, 5]);
    let fresh = job("running").replace("2021-07-07T20:47:47.2893449Z", "2027-01-15T08:00:09.5Z");
    let server = Server::start([Reply::Cut, none(), list(&fresh)]).await;
    let error = begin(&server, &StepClock::default()).await;
    assert!(
        matches!(error.lost_create(), Some(LostCreate::Candidates(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_refused_create_is_not_looked_for() {
    let server = Server::start([fault(400, "BlobContainerValidationError")]).await;
    let error = failed_export(&server, &StepClock::default()).await;
    assert_eq!(error.kind(), ErrorKind::ContainerRejected);
    assert!(error.lost_create().is_none() && error.hint().is_some());
    assert_eq!(server.lines(), ["POST /jobs/create"]);
}

/// The hub notes when a job began as it accepts it, so one that began before is somebody else's, active or not.
#[tokio::test]
async fn a_job_that_was_active_before_is_not_taken_for_a_lost_one() {
    let now = "Fri, 15 Jan 2027 08:00:10 GMT";
    let other = || json(200, format!("[{}]", job("running"))).with("Date", now);
    let server = Server::start([Reply::Cut, other(), other(), other()]).await;
    let error = failed_export(&server, &StepClock::default()).await;
    assert!(
        matches!(error.lost_create(), Some(LostCreate::NotCreated)),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_hub_that_is_silent_after_a_create_is_not_asked_again_and_again() {
    let server = Server::start([
        Reply::Cut,
        fault(401, "IotHubUnauthorized"),
        fault(401, "x"),
    ])
    .await;
    let clock = StepClock::default();
    let error = failed_export(&server, &clock).await;
    assert!(
        matches!(error.lost_create(), Some(LostCreate::Unknown)),
        "{error:?}"
    );
    assert_eq!(clock.seconds(), [0]);
}
