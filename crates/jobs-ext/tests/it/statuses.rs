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

/// What an answer to a create says, in each of the service's envelopes: as sent, and what becomes of it.
struct Envelope {
    name: &'static str,
    status: u16,
    /// Header `iothub-errorcode`; some gateways leave it out.
    header: Option<&'static str>,
    body: &'static str,
    kind: ErrorKind,
    code: &'static str,
    number: Option<u64>,
    message: &'static str,
    tracking_id: Option<&'static str>,
    /// A part of the hint; none when there is none.
    hint: Option<&'static str>,
}

const ENVELOPES: [Envelope; 5] = [
    Envelope {
        name: "A of jobs",
        status: 403,
        header: None,
        body: r#"{"Message":"ErrorCode:JobQuotaExceeded;Error: 403 ErrorCode: JobQuotaExceeded\nMessage: Job quota has been exceeded\nTimestamp: 08/15/2026 09:38:50\nTracking ID: ","ExceptionMessage":""}"#,
        kind: ErrorKind::JobQuota,
        code: "JobQuotaExceeded",
        number: None,
        message: "Job quota has been exceeded",
        tracking_id: None,
        hint: Some("one import or export job at a time"),
    },
    Envelope {
        name: "A of jobs, with a public message",
        status: 400,
        header: Some("BlobContainerValidationError"),
        body: r#"{"Message":"ErrorCode:BlobContainerValidationError;Error: 400 ErrorCode: BlobContainerValidationError\r\nMessage: Unauthorized to write to output blob container.\r\nTimestamp: 08/15/2026 09:38:50\r\nTracking ID: 7-G:1\r\nPublic Message: Failed to validate","ExceptionMessage":""}"#,
        kind: ErrorKind::ContainerRejected,
        code: "BlobContainerValidationError",
        number: None,
        message: "Failed to validate",
        tracking_id: Some("7-G:1"),
        hint: Some("container"),
    },
    Envelope {
        name: "A with A inside",
        status: 429,
        header: Some("ThrottlingMaxActiveJobCountExceeded"),
        body: r#"{"Message":"ErrorCode:ThrottlingMaxActiveJobCountExceeded;Error: 429 {\"Message\":\"ErrorCode:ThrottlingMaxActiveJobCountExceeded;429\",\"ExceptionMessage\":\"Tracking ID:abc-G:2-TimeStamp:08/15/2026 09:38:50\"}","ExceptionMessage":""}"#,
        kind: ErrorKind::JobQuota,
        code: "ThrottlingMaxActiveJobCountExceeded",
        number: None,
        message: "429",
        tracking_id: Some("abc-G:2-TimeStamp:08/15/2026 09:38:50"),
        hint: Some("limited by tier"),
    },
    Envelope {
        name: "B",
        status: 400,
        header: None,
        body: r#"{"errorCode":400032,"message":"no identity","trackingId":"b-G2:-TimeStamp:2026-08-15T09:38:50.123456789Z","timestampUtc":"2026-08-15T09:38:50Z","info":null}"#,
        kind: ErrorKind::ContainerRejected,
        code: "ManagedIdentityNotEnabled",
        number: Some(400_032),
        message: "no identity",
        tracking_id: Some("b-G2:-TimeStamp:2026-08-15T09:38:50.123456789Z"),
        hint: Some("identity"),
    },
    Envelope {
        name: "A with B inside",
        status: 400,
        header: None,
        body: r#"{"Message":"{\"errorCode\":400004,\"message\":\"bad blob name\",\"trackingId\":\"c-G2:\",\"timestampUtc\":\"2026-08-15T09:38:50Z\"}","ExceptionMessage":""}"#,
        kind: ErrorKind::BadRequest,
        code: "ArgumentInvalid",
        number: Some(400_004),
        message: "bad blob name",
        tracking_id: Some("c-G2:"),
        hint: None,
    },
];

#[tokio::test]
async fn every_envelope_of_the_service_is_read_off_the_wire() {
    for sent in &ENVELOPES {
        let mut reply = json(sent.status, sent.body).with("x-ms-request-id", "r-7");
        if let Some(code) = sent.header {
            reply = reply.with("iothub-errorcode", code);
        }
        // After a full slot the client asks who holds it.
        let server = Server::start([reply, json(200, "[]")]).await;
        let error = client(&server, &StepClock::default())
            .begin_export(ExportOptions::to(container()))
            .await
            .unwrap_err();
        let name = sent.name;
        assert_eq!(
            (error.kind(), error.code()),
            (sent.kind, Some(sent.code)),
            "{name}"
        );
        assert_eq!(
            (error.status(), error.error_number()),
            (Some(sent.status), sent.number),
            "{name}"
        );
        assert_eq!(
            (error.message(), error.tracking_id()),
            (sent.message, sent.tracking_id),
            "{name}"
        );
        assert_eq!(error.request_id(), Some("r-7"), "{name}");
        match (error.hint(), sent.hint) {
            (Some(hint), Some(part)) => assert!(hint.contains(part), "{name}: {hint}"),
            (hint, part) => assert_eq!(hint, part, "{name}"),
        }
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
    for (script, text) in [(busy, "held by"), (lost, "may have made")] {
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
