//! Responses that no hub should give: the client says what is wrong with them, and never passes them on as something else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use jobs_ext::{
    BoxFuture, Clock, DirectMethod, ErrorKind, ExportOptions, JobsClient, LostCreate, RetryPolicy,
    ScheduledJob, TwinPatch,
};
use serde_json::{Value, json};

use crate::clock::StepClock;
use crate::operations::{ID, container, job};
use crate::server::{Reply, Server, fault, json as answer};
use crate::{builder, client, connection_string};

/// A job with one more member, which this client does not know.
fn job_with(member: &str) -> String {
    job("running").replacen('{', &format!("{{{member},"), 1)
}

fn nested(depth: usize) -> String {
    format!("\"x\":{}1{}", "[".repeat(depth), "]".repeat(depth))
}

#[tokio::test]
async fn a_job_is_shown_whole_or_is_an_error_and_never_null() {
    let server = Server::start([
        answer(200, job_with(&nested(126))),
        answer(200, format!("[{}]", job_with(&nested(126)))),
    ])
    .await;
    let hub = client(&server, &StepClock::default());
    let whole = hub.get_import_export(ID).await.unwrap();
    assert_eq!(whole.raw().redacted()["jobId"], ID);
    let listed = hub.list_import_export().await.unwrap();
    assert_eq!(listed[0].raw().redacted()["jobId"], ID);
    for (member, reason) in [
        (nested(127), "more than 127 levels"),
        (nested(5_000), "more than 127 levels"),
        (r#""x":1e999"#.to_owned(), "number is too large"),
        (r#""x":"\ud800""#.to_owned(), "not JSON"),
    ] {
        let one = job_with(&member);
        let server = Server::start([
            answer(200, &one),
            answer(200, format!("[{},{one}]", job("completed"))),
        ])
        .await;
        let hub = client(&server, &StepClock::default());
        let error = hub.get_import_export(ID).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        assert_eq!(error.status(), Some(200));
        assert!(error.to_string().contains(reason), "{error}");
        let error = hub.list_import_export().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        let text = error.to_string();
        assert!(
            text.contains(reason) && text.contains("job 2 of the list"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_id_that_no_request_can_name_is_an_invalid_response() {
    let long = "x".repeat(1 << 20);
    for id in ["../../devices/x", "a/b", "..", long.as_str()] {
        let made = job("enqueued").replace(ID, id);
        let server = Server::start([
            answer(200, &made),
            // The list in which the created job is looked for.
            fault(403, "IotHubUnauthorizedAccess"),
            answer(200, &made),
        ])
        .await;
        let hub = client(&server, &StepClock::default());
        let error = hub
            .begin_export(ExportOptions::to(container()))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.message().contains("invalid id"), "{error}");
        assert!(
            error.to_string().len() < 2_000,
            "{}",
            error.to_string().len()
        );
        let error = hub.get_import_export(ID).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().len() < 2_000);
    }
}

#[tokio::test]
async fn a_poll_that_is_answered_with_another_job_is_an_error() {
    let other = job("completed").replace(ID, "another-job");
    let server = Server::start([answer(200, job("enqueued")), answer(200, &other)]).await;
    let poller = client(&server, &StepClock::default())
        .begin_export(ExportOptions::to(container()))
        .await
        .unwrap();
    let error = poller.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.job_id(), Some(ID));
    assert!(error.message().contains("another-job"), "{error}");

    let other = r#"{"jobId":"t-2","type":"scheduleUpdateTwin","status":"completed"}"#;
    let server = Server::start([answer(200, other), answer(200, other)]).await;
    let hub = client(&server, &StepClock::default());
    let patch = TwinPatch::new().tag("a", json!(1));
    let made = hub
        .schedule(ScheduledJob::update_twin("t-1", "*", patch))
        .await;
    assert_eq!(made.unwrap_err().kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn the_case_of_an_id_makes_no_other_job() {
    let id = ID.to_ascii_uppercase();
    let server = Server::start([answer(200, job("completed"))]).await;
    let hub = client(&server, &StepClock::default());
    assert!(hub.get_import_export(&id).await.is_ok());
}

#[tokio::test]
async fn a_new_job_that_is_not_found_is_asked_for_once_more() {
    let missing = || fault(404, "JobNotFound");
    let server = Server::start([
        answer(200, job("enqueued")),
        missing(),
        answer(200, job("completed")),
    ])
    .await;
    let hub = client(&server, &StepClock::default());
    let poller = hub
        .begin_export(ExportOptions::to(container()))
        .await
        .unwrap();
    assert_eq!(poller.await.unwrap().job().id(), ID);

    // Twice is final, and so is once for a job that a poll found before.
    let server = Server::start([answer(200, job("enqueued")), missing(), missing()]).await;
    let hub = client(&server, &StepClock::default());
    let poller = hub
        .begin_export(ExportOptions::to(container()))
        .await
        .unwrap();
    let error = poller.await.unwrap_err();
    assert_eq!(
        (error.kind(), error.job_id()),
        (ErrorKind::NotFound, Some(ID))
    );
    assert_eq!(server.requests().len(), 3);
    let server = Server::start([
        answer(200, job("enqueued")),
        answer(200, job("running")),
        missing(),
    ])
    .await;
    let hub = client(&server, &StepClock::default());
    let poller = hub
        .begin_export(ExportOptions::to(container()))
        .await
        .unwrap();
    assert!(poller.await.unwrap_err().is_not_found());
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_job_that_another_process_has_just_created_is_asked_for_once_more_too() {
    let missing = || fault(404, "JobNotFound");
    let server = Server::start([missing(), missing(), answer(200, job("completed"))]).await;
    let hub = client(&server, &StepClock::default());
    assert_eq!(hub.resume(ID).await.unwrap().id(), ID);
    let server = Server::start((0..4).map(|_| missing())).await;
    let hub = client(&server, &StepClock::default());
    assert!(hub.resume(ID).await.unwrap_err().is_not_found());
    assert_eq!(
        server.requests().len(),
        4,
        "two polls, each of both kinds of jobs"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_names_its_target_without_its_query() {
    for (location, shown) in [
        (
            "https://login.example/sign-in?state=planted",
            "login.example/sign-in",
        ),
        (
            "https://u:planted@h.example:8443/p#planted",
            "h.example:8443/p",
        ),
        ("/elsewhere?sig=planted", "/elsewhere"),
        ("//u:planted@h.example/p?x", "h.example/p"),
    ] {
        for status in [301, 302, 303, 307, 308] {
            let reply = Reply::Full {
                status,
                headers: vec![("Location".into(), location.into())],
                body: b"{\"Message\":\"moved\"}".to_vec(),
            };
            let server = Server::start([reply]).await;
            let hub = client(&server, &StepClock::default());
            let error = hub.get_import_export(ID).await.unwrap_err();
            assert_eq!(error.status(), Some(status));
            let text = error.to_string();
            assert!(text.contains(&format!("redirects to {shown}, ")), "{text}");
            assert!(!format!("{error:?}{text}").contains("planted"), "{text}");
            assert_eq!(server.requests().len(), 1);
        }
    }
}

#[tokio::test]
async fn an_error_that_echoes_the_request_repeats_no_value_of_it() {
    // As a hub or a gateway may quote: the body as JSON, JSON in JSON, a value in a sentence, plain text.
    let body = r#"{"updateTwin":{"properties":{"desired":{"wifi":"planted-1"}}}}"#;
    let quoted = Value::String(body.to_owned()).to_string();
    let inner = quoted.trim_matches('"').to_owned();
    let envelope =
        |text: &str| json!({"Message": format!("ErrorCode:ArgumentInvalid;{text}")}).to_string();
    for reply in [
        answer(400, envelope(&format!("Cannot read {body} of the request"))),
        answer(400, envelope(&format!("Cannot read {inner}"))),
        answer(
            400,
            envelope("The value 'planted-1' is not allowed for wifi"),
        ),
        answer(400, json!({"Message": "bad", "request": body}).to_string()),
        Reply::Full {
            status: 400,
            headers: vec![("Content-Type".into(), "text/plain".into())],
            body: format!("cannot read planted-1 in {body}").into(),
        },
    ] {
        let server = Server::start([reply.clone(), reply]).await;
        let hub = client(&server, &StepClock::default());
        let patch = TwinPatch::new().desired("wifi", json!("planted-1"));
        let error = hub
            .schedule(ScheduledJob::update_twin("t-1", "*", patch))
            .await
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains("planted"), "{error}");
        let method = DirectMethod::new("set").payload(json!({"wifi": "planted-1"}));
        let error = hub
            .schedule(ScheduledJob::call_method("t-1", "*", method))
            .await
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains("planted"), "{error}");
    }
}

/// A clock that panics once it is told to.
#[derive(Clone, Default)]
struct Panicking(StepClock, Arc<AtomicBool>);

impl Clock for Panicking {
    fn now(&self) -> SystemTime {
        assert!(!self.1.load(Ordering::SeqCst), "the clock broke");
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(duration)
    }
}

#[tokio::test]
async fn a_panic_in_a_poll_goes_on_in_whoever_waits() {
    let server = Server::start([answer(200, job("enqueued")), fault(503, "ServerBusy")]).await;
    let clock = Panicking::default();
    let hub = JobsClient::builder(server.endpoint())
        .connection_string(&connection_string())
        .retry(RetryPolicy::none())
        .clock(clock.clone())
        .build()
        .unwrap();
    let mut poller = hub
        .begin_export(ExportOptions::to(container()))
        .await
        .unwrap();
    assert!(poller.next().await.unwrap().is_ok());
    clock.1.store(true, Ordering::SeqCst);
    let ended = tokio::spawn(async move { poller.next().await.map(drop) }).await;
    let panic = ended.unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"the clock broke"));
}

/// A hub behind TLS, which is asked for at the proxy.
fn proxied(proxy: &Server) -> jobs_ext::JobsClientBuilder {
    JobsClient::builder("https://hub.example")
        .connection_string(&connection_string())
        .retry(RetryPolicy::none())
        .proxy(proxy.endpoint().replace("://", "://user:planted@"))
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_hub_and_its_password_is_not_printed() {
    let proxy = Server::start([answer(502, "{}"), answer(502, "{}")]).await;
    let error = proxied(&proxy)
        .build()
        .unwrap()
        .get_import_export(ID)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    let mut text = format!("{error} {error:?}");
    let mut next = std::error::Error::source(&error);
    while let Some(cause) = next {
        text.push_str(&format!(" {cause} {cause:?}"));
        next = cause.source();
    }
    assert!(!text.contains("planted"), "{text}");
    let request = &proxy.requests()[0];
    assert_eq!(request.line, "CONNECT hub.example:443");
    let login = request.header("proxy-authorization").unwrap();
    assert_eq!(login, "Basic dXNlcjpwbGFudGVk");

    // The one for https comes first.
    let first = Server::start([answer(502, "{}")]).await;
    let hub = proxied(&proxy)
        .https_proxy(first.endpoint())
        .build()
        .unwrap();
    hub.get_import_export(ID).await.unwrap_err();
    assert_eq!((first.requests().len(), proxy.requests().len()), (1, 1));
}

#[tokio::test]
async fn this_machine_and_named_hosts_are_reached_without_the_proxy() {
    let proxy = Server::start([]).await;
    let server = Server::start([answer(200, job("completed"))]).await;
    let hub = builder(&server, &StepClock::default())
        .proxy(proxy.endpoint())
        .build()
        .unwrap();
    assert!(hub.get_import_export(ID).await.is_ok());
    for direct in [
        "hub.example",
        ".example",
        "example",
        "*",
        "other, hub.example",
        "*.example",
        "HUB.example:443",
    ] {
        let hub = proxied(&proxy).no_proxy(direct).build().unwrap();
        let error = hub.get_import_export(ID).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport, "{direct}: {error}");
    }
    assert_eq!(proxy.connections(), 0);
}

#[tokio::test]
async fn a_create_whose_response_is_invalid_is_looked_for() {
    let made = job("enqueued").replace(ID, "../x");
    let server = Server::start([answer(200, made), answer(403, "{}")]).await;
    let error = client(&server, &StepClock::default())
        .begin_export(ExportOptions::to(container()))
        .await
        .unwrap_err();
    assert!(matches!(error.lost_create(), Some(LostCreate::Unknown)));
}
