//! Every status and code of the service's table: the kind it becomes, and whether a read is sent again.

use jobs_ext::{ErrorKind, ExportOptions};

use crate::client;
use crate::clock::StepClock;
use crate::operations::{ID, container, job};
use crate::server::{Reply, Server, fault, json};

/// Status, code, kind, and whether reading again can help.
const TABLE: [(u16, &str, ErrorKind, bool); 30] = [
    (400, "InvalidProtocolVersion", ErrorKind::BadRequest, false),
    (400, "ArgumentInvalid", ErrorKind::BadRequest, false),
    (400, "IotHubFormatError", ErrorKind::BadRequest, false),
    (
        400,
        "BlobContainerValidationError",
        ErrorKind::ContainerRejected,
        false,
    ),
    (
        400,
        "ManagedIdentityNotEnabled",
        ErrorKind::ContainerRejected,
        false,
    ),
    (
        400,
        "InvalidStorageEndpointOrBlob",
        ErrorKind::ContainerRejected,
        false,
    ),
    (403, "JobQuotaExceeded", ErrorKind::JobQuota, false),
    (403, "IotHubQuotaExceeded", ErrorKind::Throttled, false),
    (403, "SomethingElse", ErrorKind::Forbidden, false),
    (404, "JobNotFound", ErrorKind::NotFound, false),
    (404, "IotHubNotFound", ErrorKind::NotFound, false),
    (
        405,
        "OperationNotAllowedInCurrentState",
        ErrorKind::Conflict,
        false,
    ),
    (408, "RequestTimeout", ErrorKind::Timeout, true),
    (409, "JobAlreadyExists", ErrorKind::Conflict, false),
    (412, "PreconditionFailed", ErrorKind::Conflict, false),
    (
        413,
        "GenericRequestEntityTooLarge",
        ErrorKind::BadRequest,
        false,
    ),
    (418, "SomethingElse", ErrorKind::BadRequest, false),
    (429, "ThrottlingException", ErrorKind::Throttled, true),
    (
        429,
        "ThrottleBacklogLimitExceeded",
        ErrorKind::Throttled,
        true,
    ),
    (429, "ThrottlingBacklogTimeout", ErrorKind::Throttled, true),
    (429, "GenericTooManyRequests", ErrorKind::Throttled, true),
    (
        429,
        "ThrottlingMaxActiveJobCountExceeded",
        ErrorKind::JobQuota,
        false,
    ),
    (500, "ServerError", ErrorKind::Service, true),
    (501, "SomethingElse", ErrorKind::Service, false),
    (502, "SomethingElse", ErrorKind::Service, true),
    (503, "ServiceUnavailable", ErrorKind::Service, true),
    (503, "ServerBusy", ErrorKind::Service, true),
    (503, "IotHubActivationFailed", ErrorKind::Service, true),
    (504, "GatewayTimeout", ErrorKind::Service, true),
    (302, "SomethingElse", ErrorKind::Decode, false),
];

#[tokio::test]
async fn every_status_and_code_becomes_its_kind_and_is_repeated_only_where_that_helps() {
    for (status, code, kind, repeated) in TABLE {
        let server = Server::start([fault(status, code), json(200, job("running"))]).await;
        let answer = client(&server, &StepClock::default())
            .get_import_export(ID)
            .await;
        assert_eq!(answer.is_ok(), repeated, "{status} {code}");
        assert_eq!(
            server.requests().len(),
            1 + usize::from(repeated),
            "{status} {code}"
        );
        let server = Server::start((0..9).map(|_| fault(status, code))).await;
        let error = client(&server, &StepClock::default())
            .get_import_export(ID)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.status(), error.code()),
            (kind, Some(status), Some(code))
        );
        assert_eq!(error.tracking_id(), Some("t-1"), "{status} {code}");
        assert!(!error.to_string().contains('\n'));
    }
}

#[tokio::test]
async fn the_same_answers_to_a_create_never_make_a_second_one_that_could_be_a_second_job() {
    for (status, code, _, _) in TABLE {
        let server = Server::start((0..9).map(|_| fault(status, code))).await;
        client(&server, &StepClock::default())
            .begin_export(ExportOptions::to(container()))
            .await
            .unwrap_err();
        let creates = server
            .lines()
            .iter()
            .filter(|line| *line == "POST /jobs/create")
            .count();
        assert_eq!(
            creates > 1,
            status == 429 && code != "ThrottlingMaxActiveJobCountExceeded",
            "{status} {code}"
        );
    }
}

#[tokio::test]
async fn statuses_without_any_envelope_keep_their_kind() {
    for body in [
        "",
        "<html><title>Bad gateway</title></html>",
        "{",
        "[1]",
        "null",
        "\"x\"",
        "\u{feff}{}",
    ] {
        for (status, kind) in [
            (401, ErrorKind::Unauthorized),
            (403, ErrorKind::Forbidden),
            (404, ErrorKind::NotFound),
            (502, ErrorKind::Service),
        ] {
            let reply = || Reply::Full {
                status,
                headers: vec![("Content-Type".into(), "text/html".into())],
                body: body.into(),
            };
            let server = Server::start((0..9).map(|_| reply())).await;
            let error = client(&server, &StepClock::default())
                .get_import_export(ID)
                .await
                .unwrap_err();
            assert_eq!(
                (error.kind(), error.status()),
                (kind, Some(status)),
                "{body}"
            );
        }
    }
}

/// Ids, types and states come from the other side, and stand in the line.
#[tokio::test]
async fn what_the_hub_calls_its_jobs_cannot_break_the_one_line() {
    let hostile = r"x\n\u001b[2J sig=planted\r\ny";
    let running = job("running").replace(ID, hostile);
    let began = running.replace("2021-07-07T20:47:47.2893449Z", "2027-01-15T08:00:09.5Z");
    let busy = [
        fault(403, "JobQuotaExceeded"),
        json(200, format!("[{running}]")),
    ];
    let lost = [
        Reply::Cut,
        json(200, format!("[{began}]")).with("Date", "Fri, 15 Jan 2027 08:00:10 GMT"),
    ];
    for (script, text) in [(busy, "held by"), (lost, "began since")] {
        let server = Server::start(script).await;
        let error = client(&server, &StepClock::default())
            .begin_export(ExportOptions::to(container()))
            .await
            .unwrap_err();
        let line = error.to_string();
        assert!(line.contains(text), "{line}");
        assert!(!line.contains(char::is_control), "{line:?}");
        assert!(!line.contains("planted"), "{line}");
    }
}
