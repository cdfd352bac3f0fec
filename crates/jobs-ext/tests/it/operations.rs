//! Requests as sent and answers as read, operation by operation.

use jobs_ext::{
    ContainerUri, ErrorKind, ExportOptions, ImportOptions, JobStatus, JobSystem, JobType,
    LostCreate, StorageAuth,
};

use crate::clock::StepClock;
use crate::server::{Reply, Server, fault, json};
use crate::{builder, client};

pub(crate) const ID: &str = "7b0c7f3e-1111-4222-8333-000000000001";

/// The shape of recorded answers to GET, values invented.
pub(crate) fn job(status: &str) -> String {
    let end = if matches!(status, "completed" | "failed" | "cancelled") {
        r#""endTimeUtc":"2021-07-07T20:48:04.0157835Z","#
    } else {
        ""
    };
    format!(
        r#"{{"jobId":"{ID}","startTimeUtc":"2021-07-07T20:47:47.2893449Z",{end}"type":"export","status":"{status}","progress":0,"outputBlobContainerUri":"","excludeKeysInExport":false,"useSecondaryStorageAsSource":false}}"#
    )
}

pub(crate) fn container() -> ContainerUri {
    "https://acct.blob.core.windows.net/jobs?sv=2021-12-02&sr=c&sp=racwdl&se=2040-01-01&sig=pl%2Bnted%3D"
        .parse()
        .unwrap()
}

#[tokio::test]
async fn get_sends_the_documented_request_and_reads_the_recorded_answer() {
    let server = Server::start([json(200, job("completed"))]).await;
    let hub = client(&server, &StepClock::default());
    let job = hub.get(ID).await.unwrap();
    assert_eq!((job.id(), job.system()), (ID, JobSystem::ImportExport));
    assert_eq!(
        (job.job_type(), job.status()),
        (&JobType::Export, &JobStatus::Completed)
    );
    assert!(job.is_finished() && job.failure_reason().is_none());
    assert_eq!(
        job.started_at().unwrap().to_string(),
        "2021-07-07T20:47:47.2893449Z"
    );
    assert_eq!(job.raw().redacted()["useSecondaryStorageAsSource"], false);
    let request = &server.requests()[0];
    assert_eq!(
        request.line,
        format!("GET /jobs/{ID}?api-version=2020-05-31-preview")
    );
    assert_eq!(request.header("api-version"), None);
    let token = request.header("authorization").unwrap();
    assert!(
        token.starts_with("SharedAccessSignature sr=hub.example&sig="),
        "{token}"
    );
    assert!(
        request
            .header("user-agent")
            .unwrap()
            .starts_with("jobs-ext/")
    );
}

#[tokio::test]
async fn values_that_nobody_knows_yet_are_kept() {
    let body = format!(
        r#"{{"jobId":"{ID}","type":"teleport","status":"Paused","progress":null,"startTimeUtc":"0001-01-01T00:00:00","failureReason":null,"newThing":{{"a":[1]}}}}"#
    );
    let server = Server::start([json(200, &body)]).await;
    let job = client(&server, &StepClock::default())
        .get(ID)
        .await
        .unwrap();
    assert_eq!(job.job_type(), &JobType::Unrecognized("teleport".into()));
    assert_eq!(job.status().as_str(), "Paused");
    assert!(!job.is_finished() && !job.is_active());
    assert_eq!(
        (job.progress(), job.started_at(), job.failure_reason()),
        (None, None, None)
    );
    assert_eq!(job.raw().expose(), body.as_bytes());
}

#[tokio::test]
async fn get_turns_to_scheduled_jobs_when_there_is_no_import_or_export() {
    let scheduled = r#"{"jobId":"s1","type":"scheduleUpdateTwin","status":"running","endTime":"9999-12-31T23:59:59Z","deviceJobStatistics":{"deviceCount":4,"failedCount":1,"succeededCount":1,"runningCount":0,"pendingCount":2}}"#;
    let server = Server::start([fault(404, "JobNotFound"), json(200, scheduled)]).await;
    let job = client(&server, &StepClock::default())
        .get("s1")
        .await
        .unwrap();
    assert_eq!(
        (job.system(), job.progress()),
        (JobSystem::Scheduled, Some(50))
    );
    assert_eq!(
        job.ended_at(),
        None,
        "the placeholder of a running job is no end"
    );
    assert_eq!(server.lines(), ["GET /jobs/s1", "GET /jobs/v2/s1"]);
}

#[tokio::test]
async fn an_id_that_neither_knows_is_not_found_with_the_services_code() {
    let unknown = r#"{"jobId":"x","type":"unknown","status":"unknown"}"#;
    let server = Server::start([fault(404, "JobNotFound"), json(200, unknown)]).await;
    let error = client(&server, &StepClock::default())
        .get("x")
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::NotFound, Some("JobNotFound"))
    );
    let line = error.to_string();
    assert!(line.starts_with("get job x: not found (404 JobNotFound): text of JobNotFound; tracking id t-1; request id r-1"), "{line}");
}

/// Only both systems together can say that there is no such job.
#[tokio::test]
async fn a_job_is_not_called_missing_where_one_system_could_not_be_asked() {
    for (reply, kind) in [
        (
            fault(401, "IotHubUnauthorizedAccess"),
            ErrorKind::Unauthorized,
        ),
        (fault(403, "GenericForbidden"), ErrorKind::Forbidden),
        (json(200, "<html>"), ErrorKind::Decode),
    ] {
        let server = Server::start([fault(404, "JobNotFound"), reply.clone(), reply]).await;
        let hub = client(&server, &StepClock::default());
        let error = hub.get("x").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(
            error.to_string().contains("no import or export job"),
            "{error}"
        );
    }
    // A tier without scheduled jobs has none.
    let tier = json(403, r#"{"errorCode":403010,"message":"not in this tier"}"#);
    let server = Server::start([fault(404, "JobNotFound"), tier]).await;
    let error = client(&server, &StepClock::default()).get("x").await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::NotFound);
}

/// The policy `service` has the right to scheduled jobs alone.
#[tokio::test]
async fn a_missing_right_for_imports_and_exports_does_not_hide_a_scheduled_job() {
    let denied = || fault(401, "IotHubUnauthorizedAccess");
    let found = r#"{"jobId":"x","type":"scheduleUpdateTwin","status":"running"}"#;
    let server = Server::start([denied(), denied(), json(200, found)]).await;
    let hub = client(&server, &StepClock::default());
    assert_eq!(hub.get("x").await.unwrap().system(), JobSystem::Scheduled);
    let unknown = r#"{"jobId":"x","type":"unknown","status":"unknown"}"#;
    let server = Server::start([denied(), denied(), json(200, unknown)]).await;
    let hub = client(&server, &StepClock::default());
    assert_eq!(
        hub.get("x").await.unwrap_err().kind(),
        ErrorKind::Unauthorized
    );
}

#[tokio::test]
async fn a_scheduled_job_whose_cancelling_was_answered_too_late_is_cancelled() {
    let at = |status: &str| {
        json(
            200,
            format!(r#"{{"jobId":"x","type":"scheduleUpdateTwin","status":"{status}"}}"#),
        )
    };
    let conflict = fault(405, "OperationNotAllowedInCurrentState");
    let server = Server::start([
        at("scheduled"),
        Reply::Cut,
        conflict.clone(),
        at("cancelled"),
    ])
    .await;
    let hub = client(&server, &StepClock::default());
    let after = hub.cancel_scheduled("x").await.unwrap();
    assert_eq!(after.status(), &JobStatus::Cancelled);
    let server = Server::start([at("running"), conflict, at("running")]).await;
    let hub = client(&server, &StepClock::default());
    let error = hub.cancel_scheduled("x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn pages_that_come_in_a_ring_or_without_end_are_an_error() {
    let page = |token: &str| json(200, "[]").with("x-ms-continuation", token);
    let server = Server::start([page("a"), page("b"), page("a")]).await;
    let hub = client(&server, &StepClock::default());
    let error = hub.list_scheduled(None, None).await.unwrap_err();
    assert!(error.to_string().contains("same pages"), "{error}");
    let server = Server::start([json(200, "[]").with("x-ms-continuation", "\u{e9}")]).await;
    let hub = client(&server, &StepClock::default());
    let error = hub.list_scheduled(None, None).await.unwrap_err();
    assert!(
        error.to_string().contains("token for the next page"),
        "{error}"
    );
}

#[tokio::test]
async fn a_short_answer_that_is_a_list_of_very_many_is_refused() {
    let many = format!("[{}{{}}]", "{},".repeat(200_000));
    let server = Server::start([json(200, many)]).await;
    let error = client(&server, &StepClock::default())
        .list()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert!(
        error.to_string().contains("more than 100000 jobs"),
        "{error}"
    );
}

#[tokio::test]
async fn ids_that_are_other_paths_never_leave() {
    let server = Server::start([]).await;
    let hub = client(&server, &StepClock::default());
    for id in ["", " ", ".", "..", "a/b", "a\nb", "a\\b"] {
        assert_eq!(
            hub.get(id).await.unwrap_err().kind(),
            ErrorKind::Configuration,
            "{id:?}"
        );
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn ids_are_percent_encoded() {
    let server = Server::start([json(200, job("running").replace(ID, "a b?c#d%"))]).await;
    client(&server, &StepClock::default())
        .get("a b?c#d%")
        .await
        .unwrap();
    assert!(
        server.requests()[0]
            .line
            .starts_with("GET /jobs/a%20b%3Fc%23d%25?api-version=")
    );
}

#[tokio::test]
async fn list_joins_both_systems_and_follows_pages() {
    let server = Server::start([
        json(200, format!("[{},\n {}]", job("completed"), job("running"))),
        json(
            200,
            r#"[{"jobId":"s1","type":"scheduleUpdateTwin","status":"queued"}]"#,
        )
        .with("x-ms-continuation", "page 2")
        .with("x-ms-item-type", "JobResponse"),
        json(
            200,
            r#"[{"jobId":"s2","type":"scheduleDeviceMethod","status":"completed"}]"#,
        ),
    ])
    .await;
    let jobs = client(&server, &StepClock::default()).list().await.unwrap();
    let ids: Vec<_> = jobs.iter().map(|job| job.id()).collect();
    assert_eq!(ids, [ID, ID, "s1", "s2"]);
    assert_eq!(jobs[1].raw().expose(), job("running").as_bytes());
    let requests = server.requests();
    assert_eq!(requests[1].header("x-ms-continuation"), None);
    assert_eq!(requests[2].header("x-ms-continuation"), Some("page 2"));
}

#[tokio::test]
async fn list_goes_without_scheduled_jobs_where_the_tier_has_none() {
    let tier = json(403, r#"{"errorCode":403010,"message":"not in this tier"}"#);
    let server = Server::start([json(200, "[]"), tier]).await;
    assert!(
        client(&server, &StepClock::default())
            .list()
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_page_that_leads_to_itself_ends_the_list() {
    let page = || json(200, "[]").with("x-ms-continuation", "same");
    let server = Server::start([page(), page()]).await;
    let error = client(&server, &StepClock::default())
        .list_scheduled(None, None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn cancel_looks_first_and_leaves_finished_jobs_alone() {
    let server = Server::start([json(200, job("completed"))]).await;
    let job_seen = client(&server, &StepClock::default())
        .cancel(ID)
        .await
        .unwrap();
    assert_eq!(job_seen.status(), &JobStatus::Completed);
    assert_eq!(server.lines(), [format!("GET /jobs/{ID}")]);
    for answer in [
        Reply::Full {
            status: 204,
            headers: vec![],
            body: vec![],
        },
        json(200, "{}"),
        json(200, "null"),
        json(200, ""),
    ] {
        let server = Server::start([
            json(200, job("running")),
            answer,
            json(200, job("cancelled")),
        ])
        .await;
        let after = client(&server, &StepClock::default())
            .cancel(ID)
            .await
            .unwrap();
        assert_eq!(after.status(), &JobStatus::Cancelled);
        assert_eq!(server.lines()[1], format!("DELETE /jobs/{ID}"));
    }
}

#[tokio::test]
async fn an_export_sends_what_was_meant_and_nothing_else() {
    let server = Server::start([json(200, job("enqueued"))]).await;
    let hub = client(&server, &StepClock::default());
    let options = ExportOptions::to(container())
        .blob("fleet.txt")
        .configurations();
    let poller = hub.begin_export(options).await.unwrap();
    assert_eq!(poller.id(), ID);
    let request = &server.requests()[0];
    assert!(
        request.line.starts_with("POST /jobs/create?api-version="),
        "{}",
        request.line
    );
    assert_eq!(
        request.json(),
        serde_json::json!({"type":"export","outputBlobContainerUri":container().expose(),"outputBlobName":"fleet.txt","excludeKeysInExport":true,"includeConfigurations":true})
    );
}

#[tokio::test]
async fn an_import_by_a_user_assigned_identity_names_it() {
    let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/n";
    let server = Server::start([json(200, job("enqueued"))]).await;
    let hub = builder(&server, &StepClock::default())
        .api_version("2021-04-12")
        .build()
        .unwrap();
    let plain: ContainerUri = "https://acct.blob.core.windows.net/jobs".parse().unwrap();
    let options =
        ImportOptions::from(plain.clone()).storage_auth(StorageAuth::UserIdentity(id.into()));
    let _poller = hub.begin_import(options).await.unwrap();
    assert_eq!(
        server.requests()[0].json(),
        serde_json::json!({"type":"import","inputBlobContainerUri":plain.expose(),"outputBlobContainerUri":plain.expose(),"storageAuthenticationType":"identityBased","identity":{"userAssignedIdentity":id}})
    );
}

#[tokio::test]
async fn an_export_by_the_hubs_own_identity_says_so() {
    let server = Server::start([json(200, job("enqueued"))]).await;
    let plain: ContainerUri = "https://acct.blob.core.windows.net/jobs".parse().unwrap();
    let options = ExportOptions::to(plain).storage_auth(StorageAuth::SystemIdentity);
    let hub = client(&server, &StepClock::default());
    let _poller = hub.begin_export(options).await.unwrap();
    let sent = server.requests()[0].json();
    assert_eq!(sent["storageAuthenticationType"], "identityBased");
    assert_eq!(sent["identity"], serde_json::Value::Null);
}

#[tokio::test]
async fn what_the_service_would_refuse_is_never_sent() {
    let server = Server::start([]).await;
    let hub = client(&server, &StepClock::default());
    let plain: ContainerUri = "https://acct.blob.core.windows.net/jobs".parse().unwrap();
    let identity = "/subscriptions/s/x/userAssignedIdentities/n";
    for options in [
        ExportOptions::to(plain.clone()),
        ExportOptions::to(container()).storage_auth(StorageAuth::SystemIdentity),
        ExportOptions::to(plain).storage_auth(StorageAuth::UserIdentity(identity.into())),
        ExportOptions::to(container()).blob("../devices.txt"),
    ] {
        let error = hub.begin_export(options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert_eq!(error.operation(), Some("create export job"));
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn of_many_jobs_that_a_lost_create_may_have_made_the_line_names_a_few() {
    let now = "Fri, 15 Jan 2027 08:00:10 GMT";
    let fresh = job("running").replace("2021-07-07T20:47:47.2893449Z", "2027-01-15T08:00:09.5Z");
    for (count, more) in [
        (5, None),
        (6, Some(" and 1 more")),
        (3000, Some(" and 2995 more")),
    ] {
        let jobs: Vec<_> = (0..count)
            .map(|n| fresh.replace(ID, &format!("job-{n}-")))
            .collect();
        let listed = json(200, format!("[{}]", jobs.join(","))).with("Date", now);
        let server = Server::start([Reply::Cut, listed]).await;
        let error = client(&server, &StepClock::default())
            .begin_export(ExportOptions::to(container()))
            .await
            .unwrap_err();
        let line = error.to_string();
        assert!(
            line.contains(" job-0- job-1- job-2- job-3- job-4-"),
            "{line}"
        );
        assert!(!line.contains("job-5-") && line.len() < 1000, "{line}");
        assert_eq!(more.is_some(), line.contains(" more"), "{line}");
        assert!(line.contains(more.unwrap_or_default()), "{line}");
        let Some(LostCreate::Candidates(jobs)) = error.lost_create() else {
            panic!("{error:?}");
        };
        assert_eq!(jobs.len(), count);
    }
}

#[tokio::test]
async fn a_job_that_ends_while_it_is_cancelled_is_no_error() {
    let mut replies = vec![json(200, job("running"))];
    replies.extend((0..5).map(|_| fault(500, "ServerError")));
    replies.push(json(200, job("completed")));
    let server = Server::start(replies).await;
    let after = client(&server, &StepClock::default())
        .cancel(ID)
        .await
        .unwrap();
    assert_eq!(after.status(), &JobStatus::Completed);
}
