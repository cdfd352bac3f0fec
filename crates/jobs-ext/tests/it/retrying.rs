//! Tokens, tries and times.

use std::error::Error as _;
use std::time::Duration;

use jobs_ext::{ErrorKind, ExportOptions, JobsClient, RetryPolicy, Timeouts};

use crate::clock::StepClock;
use crate::operations::{ID, container, job};
use crate::server::{Reply, Server, fault, json};
use crate::{builder, client};

#[tokio::test]
async fn an_expired_token_is_refreshed_once_and_the_request_repeated() {
    let server = Server::start([
        fault(401, "IotHubUnauthorizedAccess"),
        json(200, job("running")),
    ])
    .await;
    let clock = StepClock::default();
    client(&server, &clock).get_import_export(ID).await.unwrap();
    assert_eq!(server.requests().len(), 2);
    assert!(clock.sleeps().is_empty());
}

#[tokio::test]
async fn a_second_401_is_final() {
    let refused = || fault(401, "IotHubUnauthorizedAccess");
    let server = Server::start([refused(), refused(), refused()]).await;
    let error = client(&server, &StepClock::default())
        .get_import_export(ID)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Unauthorized, 2)
    );
    assert!(error.hint().unwrap().contains("clock"));
}

#[tokio::test]
async fn reads_are_repeated_after_faults_and_broken_connections() {
    let server = Server::start([
        fault(500, "ServerError"),
        Reply::Cut,
        Reply::Half("{\"jobId\""),
        fault(503, "ServerBusy"),
        json(200, job("running")),
    ])
    .await;
    let clock = StepClock::default();
    client(&server, &clock).get(ID).await.unwrap();
    assert_eq!(clock.sleeps().len(), 4);
}

#[tokio::test]
async fn retry_after_is_honoured_as_seconds_and_as_date() {
    let server = Server::start([
        fault(429, "ThrottlingException").with("Retry-After", "17"),
        fault(503, "ServerBusy")
            .with("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
            .with("Retry-After", "Sun, 06 Nov 1994 08:50:00 GMT"),
        json(200, job("running")),
    ])
    .await;
    let clock = StepClock::default();
    client(&server, &clock).get(ID).await.unwrap();
    assert_eq!(clock.seconds(), [17, 23]);
}

#[tokio::test]
async fn a_throttled_create_is_repeated_since_nothing_was_begun() {
    let server = Server::start([
        fault(429, "ThrottlingException"),
        json(200, job("enqueued")),
    ])
    .await;
    let clock = StepClock::default();
    let _poller = client(&server, &clock)
        .begin_export(ExportOptions::to(container()))
        .await
        .unwrap();
    assert!(clock.sleeps()[0] >= Duration::from_secs(10));
}

#[tokio::test]
async fn spent_retries_report_the_last_error_and_how_often() {
    let server = Server::start((0..9).map(|_| fault(503, "ServerBusy"))).await;
    let hub = builder(&server, &StepClock::default())
        .retry(RetryPolicy::default().max_attempts(3))
        .build()
        .unwrap();
    let error = hub.get_import_export(ID).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts(), error.code()),
        (ErrorKind::Service, 3, Some("ServerBusy"))
    );
    assert!(error.to_string().contains("after 3 attempts"), "{error}");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_bound_on_the_operation_ends_the_retries() {
    let server =
        Server::start((0..9).map(|_| fault(503, "ServerBusy").with("Retry-After", "4"))).await;
    let hub = builder(&server, &StepClock::default())
        .timeouts(Timeouts::default().operation(Duration::from_secs(10)))
        .build()
        .unwrap();
    hub.get_import_export(ID).await.unwrap_err();
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_silent_server_is_a_timeout() {
    let server = Server::start([Reply::Stall]).await;
    let hub = builder(&server, &StepClock::default())
        .retry(RetryPolicy::none())
        .timeouts(Timeouts::default().attempt(Duration::from_millis(100)))
        .build()
        .unwrap();
    let error = hub.get_import_export(ID).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn a_hub_that_asks_for_no_pause_is_still_not_asked_as_fast_as_it_answers() {
    let server = Server::start([
        fault(503, "ServerBusy").with("Retry-After", "0"),
        json(200, job("completed")),
    ])
    .await;
    let clock = StepClock::default();
    client(&server, &clock).get(ID).await.unwrap();
    let waited = clock.sleeps()[0];
    assert!(waited >= Duration::from_millis(400), "{waited:?}");
}

#[tokio::test]
async fn a_hub_that_is_down_is_a_transport_error_with_its_cause() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let clock = StepClock::default();
    let hub = JobsClient::builder(endpoint)
        .connection_string(&crate::connection_string())
        .clock(clock.clone())
        .build()
        .unwrap();
    let error = hub.get(ID).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 5));
    let mut depth = 0;
    let mut cause = error.source();
    while let Some(next) = cause {
        depth += 1;
        cause = next.source();
    }
    assert!(depth >= 2, "the chain goes down to the socket: {error:?}");
    let create = hub
        .begin_export(ExportOptions::to(container()))
        .await
        .unwrap_err();
    assert_eq!(
        create.attempts(),
        5,
        "a create that never left may be repeated"
    );
    assert!(create.lost_create().is_none());
}

#[tokio::test]
async fn an_unreadable_answer_names_the_place_and_quotes_nothing() {
    for body in [
        r#"{"jobId":"x","progress":"sig=planted"}"#,
        "<html>sig=planted</html>",
        "",
    ] {
        let server = Server::start([json(200, body)]).await;
        let error = client(&server, &StepClock::default())
            .get_import_export(ID)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.status()),
            (ErrorKind::Decode, Some(200)),
            "{body}"
        );
        assert!(!format!("{error} {error:?}").contains("planted"));
    }
}

#[tokio::test]
async fn a_hostile_error_body_is_read_in_part_only() {
    let mut body = br#"{"Message":"ErrorCode:ServerError;"#.to_vec();
    body.resize(20_000_000, b'x');
    let reply = Reply::Full {
        status: 400,
        headers: vec![("iothub-errorcode".into(), "ArgumentInvalid".into())],
        body,
    };
    let server = Server::start([reply]).await;
    let error = client(&server, &StepClock::default())
        .get_import_export(ID)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("ArgumentInvalid"));
    assert!(
        error.to_string().len() < 2000,
        "{}",
        error.to_string().len()
    );
}

#[tokio::test]
async fn the_end_of_an_error_body_is_not_waited_for() {
    let server = Server::start([Reply::Endless(400, "no end of words ")]).await;
    let error = client(&server, &StepClock::default())
        .get_import_export(ID)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.status(), error.attempts()),
        (ErrorKind::BadRequest, Some(400), 1)
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let server = Server::start([json(307, "{}").with("Location", "http://127.0.0.1:1/jobs")]).await;
    client(&server, &StepClock::default())
        .get_import_export(ID)
        .await
        .unwrap_err();
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_proxy_is_asked_to_connect_and_sees_no_token() {
    let proxy = Server::start([json(502, "")]).await;
    let hub = JobsClient::builder("hub.example")
        .connection_string(&crate::connection_string())
        .proxy(proxy.endpoint())
        .retry(RetryPolicy::none())
        .clock(StepClock::default())
        .build()
        .unwrap();
    let error = hub.get_import_export(ID).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    let requests = proxy.requests();
    assert_eq!(requests[0].line, "CONNECT hub.example:443");
    assert_eq!(requests[0].header("authorization"), None);
}

#[tokio::test]
async fn a_credential_that_hangs_does_not_hang_its_callers() {
    struct Hanging;
    impl jobs_ext::Credential for Hanging {
        fn token(
            &self,
        ) -> jobs_ext::BoxFuture<'_, Result<jobs_ext::Token, jobs_ext::CredentialError>> {
            Box::pin(std::future::pending())
        }
    }
    let (server, bound) = (Server::start([]).await, Duration::from_millis(50));
    // Getting a token is part of a try, and of the whole operation.
    for timeouts in [
        Timeouts::default().attempt(bound),
        Timeouts::default().operation(bound),
    ] {
        let hub = JobsClient::builder(server.endpoint())
            .credential(Hanging)
            .timeouts(timeouts)
            .build()
            .unwrap();
        let error = hub.get(ID).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credential);
    }
}
