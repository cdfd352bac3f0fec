//! Who is calling, as it goes over the wire; and what is refused before anything does.

use std::time::Duration;

use jobs_ext::{ErrorKind, JobsClient, JobsClientBuilder, RetryPolicy, Timeouts};

use crate::builder;
use crate::clock::StepClock;
use crate::operations::{ID, job};
use crate::server::{Reply, Server, fault, json};

/// Good until three hours after the step clock's beginning.
const READY_MADE: &str =
    "SharedAccessSignature sr=hub.example&sig=ready%3D&se=1800010800&skn=service";

fn bare(server: &Server) -> JobsClientBuilder {
    JobsClient::builder(server.endpoint()).clock(StepClock::default())
}

fn authorizations(server: &Server) -> Vec<String> {
    let header =
        |request: &crate::server::Request| request.header("authorization").unwrap().to_owned();
    server.requests().iter().map(header).collect()
}

#[tokio::test]
async fn a_ready_made_token_goes_out_as_it_was_given() {
    let string = format!("HostName=hub.example;SharedAccessSignature={READY_MADE}");
    for given in [0, 1] {
        let server = Server::start([json(200, job("running")), json(200, job("running"))]).await;
        let hub = match given {
            0 => bare(&server).sas_token(READY_MADE),
            _ => bare(&server).connection_string(&string),
        }
        .build()
        .unwrap();
        hub.get(ID).await.unwrap();
        hub.get(ID).await.unwrap();
        assert_eq!(authorizations(&server), [READY_MADE; 2]);
    }
}

#[tokio::test]
async fn what_was_read_before_is_taken_like_its_text() {
    use jobs_ext::{ApiVersion, ConnectionString, Endpoint, SasToken};

    let key = "cGxhbnRlZC1rZXk=";
    let string = format!("HostName=hub.example;SharedAccessKeyName=service;SharedAccessKey={key}");
    let server = Server::start((0..5).map(|_| json(200, job("running")))).await;
    let parsed: ConnectionString = string.parse().unwrap();
    let token: SasToken = READY_MADE.parse().unwrap();
    let endpoint: Endpoint = server.endpoint().parse().unwrap();
    let version: ApiVersion = "2021-04-12".parse().unwrap();
    let to = || JobsClient::builder(endpoint.clone()).clock(StepClock::default());
    for builder in [
        to().connection_string(&string),
        to().connection(ConnectionString::try_from(string.as_str()).unwrap()),
        to().connection(parsed),
        to().shared_access_key("service", key)
            .api_version(version.clone()),
        to().token(token.clone()).api_version(version.clone()),
    ] {
        builder.build().unwrap().get(ID).await.unwrap();
    }
    let sent = authorizations(&server);
    assert_eq!(sent[0], sent[1]);
    assert_eq!(sent[0], sent[2]);
    assert!(sent[3].ends_with("&skn=service"), "{}", sent[3]);
    assert_eq!(sent[4], READY_MADE);
    assert!(server.requests()[4].line.contains("api-version=2021-04-12"));
    let hub = JobsClient::builder_from_connection_string(&string).endpoint(endpoint.clone());
    assert_eq!(hub.build().unwrap().endpoint(), &endpoint);
    let error = to()
        .shared_access_key("service", "planted!")
        .build()
        .unwrap_err();
    assert!(error.to_string().contains("base64") && !error.to_string().contains("planted"));
    let error = to()
        .token(token)
        .shared_access_key("service", key)
        .build()
        .unwrap_err();
    assert!(
        error.to_string().contains("exactly one credential"),
        "{error}"
    );
    let unlike = std::collections::HashSet::from([endpoint, "https://h".parse().unwrap()]);
    assert_eq!(unlike.len(), 2);
    assert_eq!(
        std::collections::HashSet::from([version, ApiVersion::default()]).len(),
        2
    );
}

#[tokio::test]
async fn the_longest_token_is_valid_for_a_year() {
    for (asked, seconds) in [
        (Duration::MAX, 365 * 24 * 3600),
        (Duration::from_secs(7200), 7200),
        (Duration::ZERO, 1200),
    ] {
        let server = Server::start([json(200, job("running"))]).await;
        let hub = builder(&server, &StepClock::default()).token_lifetime(asked);
        hub.build().unwrap().get(ID).await.unwrap();
        let sent = authorizations(&server);
        let expiry = format!("&se={}&", 1_800_000_000u64 + seconds);
        assert!(sent[0].contains(&expiry), "{asked:?}: {}", sent[0]);
    }
}

#[tokio::test]
async fn a_ready_made_token_that_has_expired_is_told_before_anything_is_sent() {
    let server = Server::start([]).await;
    let hub = bare(&server)
        .sas_token(&READY_MADE.replace("1800010800", "1800000000"))
        .build()
        .unwrap();
    let error = hub.get(ID).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("expired"), "{cause}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_signed_token_is_kept_and_a_refused_one_replaced() {
    let refused = || fault(401, "IotHubUnauthorizedAccess");
    let good = || json(200, job("running"));
    let server = Server::start([good(), good(), refused(), good()]).await;
    let clock = StepClock::default();
    let hub = builder(&server, &clock).build().unwrap();
    hub.get(ID).await.unwrap();
    jobs_ext::Clock::sleep(&clock, Duration::from_secs(60)).await;
    hub.get(ID).await.unwrap();
    hub.get(ID).await.unwrap();
    let sent = authorizations(&server);
    assert!(sent[0] == sent[1] && sent[1] == sent[2], "kept: {sent:?}");
    assert!(sent[3] != sent[2], "made anew after the refusal: {sent:?}");
}

#[tokio::test]
async fn exactly_one_credential_is_wanted() {
    let server = Server::start([]).await;
    for builder in [
        bare(&server),
        bare(&server)
            .sas_token(READY_MADE)
            .connection_string(&crate::connection_string()),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains("exactly one"), "{error}");
    }
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused_with_nothing_sent() {
    let error = JobsClient::builder("http://hub.example")
        .sas_token(READY_MADE)
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("use https"), "{error}");
}

#[tokio::test]
async fn the_applications_name_heads_the_user_agent() {
    let server = Server::start([json(200, job("running"))]).await;
    let hub = bare(&server)
        .sas_token(READY_MADE)
        .user_agent("fleet/2.1")
        .build()
        .unwrap();
    hub.get(ID).await.unwrap();
    let agent = server.requests()[0]
        .header("user-agent")
        .unwrap()
        .to_owned();
    assert!(agent.starts_with("fleet/2.1 jobs-ext/"), "{agent}");
}

/// The hub holds requests back before it refuses them, so a try must be given a minute at least.
#[tokio::test]
async fn a_slow_answer_is_waited_for_a_minute_unless_said_otherwise() {
    for (timeouts, least, most) in [
        (Timeouts::default(), 60, 120),
        (Timeouts::default().attempt(Duration::from_secs(7)), 7, 8),
    ] {
        let server = Server::start([Reply::Stall]).await;
        let hub = bare(&server)
            .sas_token(READY_MADE)
            .retry(RetryPolicy::none())
            .timeouts(timeouts)
            .build()
            .unwrap();
        let call = tokio::spawn(async move { hub.get_import_export(ID).await });
        while server.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        // From here on nothing but time can end the call.
        tokio::time::pause();
        let began = tokio::time::Instant::now();
        let error = call.await.unwrap().unwrap_err();
        tokio::time::resume();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        let waited = began.elapsed().as_secs() + 1;
        assert!((least..=most).contains(&waited), "{waited} s");
    }
}
