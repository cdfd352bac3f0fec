//! No public type, no error and no trace prints a secret: everything is formatted with secrets planted in it.

mod models;
mod traces;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use futures_util::TryStreamExt;
use jobs_ext::*;

use crate::clock::StepClock;
use crate::operations::job;
use crate::server::{Reply, Server, json};

/// Stands in every secret. The key is its base64.
const PLANTED: &str = "pl4nt3d";
const KEY: &str = "cGw0bnQzZC1rZXktcGw0bnQzZA==";

/// The public types, the models of the API among them. The test of the surface compares it with the sources, and a test here with what
/// was formatted.
pub(crate) const COVERED: &[&str] = &[
    "ApiVersion",
    "BlobContainer",
    "BlobProperties",
    "BlobReader",
    "CloudToDeviceMethod",
    "ConnectionString",
    "ContainerUri",
    "ContainerUriParser",
    "DeviceCapabilities",
    "DeviceJobStatistics",
    "DirectMethod",
    "Endpoint",
    "EntraCredential",
    "Error",
    "ErrorKind",
    "ExportOptions",
    "ExportOutcome",
    "Finding",
    "IdentityName",
    "ImportOptions",
    "ImportOutcome",
    "Job",
    "JobPoller",
    "JobProperties",
    "JobRequest",
    "JobResponse",
    "JobStatistics",
    "JobSystem",
    "JobsClient",
    "JobsClientBuilder",
    "LostCreate",
    "NoProxy",
    "PollPolicy",
    "Preflight",
    "PreflightReport",
    "ProgressEvent",
    "QuerySpecification",
    "ProxyUrl",
    "RawReply",
    "Records",
    "RegistryStatistics",
    "RetryPolicy",
    "RowError",
    "SasGrant",
    "SasResource",
    "SasToken",
    "SasUri",
    "ScheduledJob",
    "Severity",
    "SharedAccessKey",
    "StorageAuth",
    "SystemClock",
    "Timeouts",
    "Token",
    "Twin",
    "TwinPatch",
    "TwinProperties",
    "X509Thumbprint",
];

fn clean(what: &str, text: &str) {
    for secret in [PLANTED, KEY, "cGw0bnQz"] {
        assert!(!text.contains(secret), "{what} prints a secret: {text}");
    }
}

/// The types whose values were formatted.
static FORMATTED: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());

fn debug<T: Debug>(value: &T) {
    let name = std::any::type_name::<T>();
    let path = name.trim_start_matches('&').split('<').next().unwrap();
    FORMATTED
        .lock()
        .unwrap()
        .insert(path.rsplit(':').next().unwrap());
    clean(name, &format!("{value:?} {value:#?}"));
}

/// A type that is listed and never formatted would be covered by its name alone.
#[tokio::test]
async fn every_public_type_prints_without_its_secrets() {
    values().await;
    jobs_and_outcomes().await;
    imports_and_findings().await;
    lost_creates().await;
    models::print_by_size();
    let formatted = FORMATTED.lock().unwrap();
    let missing: Vec<_> = COVERED
        .iter()
        .filter(|name| !formatted.contains(**name))
        .collect();
    assert!(missing.is_empty(), "never formatted: {missing:?}");
}

fn chain(error: &Error) {
    debug(error);
    clean("Error", &error.to_string());
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        clean("a cause", &format!("{next} {next:?}"));
        cause = next.source();
    }
}

fn signed(server: &Server) -> ContainerUri {
    format!(
        "{}/acct/jobs?sv=2021-12-02&sr=c&sp=racwdl&se=2040-01-01&sig={PLANTED}%3D",
        server.endpoint()
    )
    .parse()
    .unwrap()
}

fn connection_string() -> String {
    format!("HostName=hub.example;SharedAccessKeyName=owner;SharedAccessKey={KEY}")
}

fn hub(server: &Server) -> JobsClient {
    JobsClient::builder(server.endpoint())
        .connection_string(&connection_string())
        .retry(RetryPolicy::default().max_attempts(2))
        .clock(StepClock::default())
        .build()
        .unwrap()
}

/// The answer to a create, which repeats the containers' URIs.
fn created(uri: &ContainerUri) -> String {
    let uri = uri.expose();
    job("enqueued").replace(
        r#""outputBlobContainerUri":"""#,
        &format!(r#""inputBlobContainerUri":"{uri}","outputBlobContainerUri":"{uri}""#),
    )
}

async fn values() {
    let server = Server::start([]).await;
    let uri = signed(&server);
    debug(&uri);
    clean("ContainerUri", &uri.to_string());
    let proxy: jobs_ext::ProxyUrl = format!("http://user:{PLANTED}@proxy.example")
        .parse()
        .unwrap();
    debug(&proxy);
    debug(&jobs_ext::NoProxy::from("hub.example"));
    clean("ProxyUrl", &proxy.to_string());
    debug(uri.grant().unwrap());
    debug(&uri.grant().unwrap().resource());
    let key = SharedAccessKey::new("p", KEY).unwrap();
    let token = key.sign("h", UNIX_EPOCH + Duration::from_secs(2_000_000_000));
    let signature = token
        .expose()
        .split("sig=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap()
        .to_owned();
    let all = format!("{key:?} {token:?} {:?}", Token::sas(&token));
    assert!(!all.contains(&signature), "{all}");
    debug(&key);
    debug(&token);
    debug(&Token::bearer(PLANTED, UNIX_EPOCH));
    debug(&connection_string().parse::<ConnectionString>().unwrap());
    let builder = JobsClient::builder(format!("https://u:{PLANTED}@h"))
        .connection_string(&connection_string())
        .proxy(format!("http://u:{PLANTED}@proxy:1"));
    debug(&builder);
    let error = builder.build().unwrap_err();
    chain(&error);
    debug(&error.kind());
    debug(&hub(&server));
    debug(hub(&server).endpoint());
    debug(hub(&server).api_version());
    debug(&ExportOptions::to(uri.clone()));
    debug(&ImportOptions::from(uri.clone()).output(uri.clone()));
    debug(&Preflight::new().input(&uri, "b").output(&uri));
    debug(&hub(&server).container(&uri).unwrap());
    let patch = TwinPatch::new().desired("password", PLANTED.into());
    debug(&patch);
    debug(&ScheduledJob::update_twin("a", "*", patch));
    debug(&DirectMethod::new("m").payload(PLANTED.into()));
    debug(&IdentityName::module("d", "m"));
    debug(&ContainerUriParser::new().http_storage_host("azurite"));
    debug(&RetryPolicy::none());
    debug(&Timeouts::default());
    debug(&PollPolicy::default());
    debug(&SystemClock::new());
    debug(&StorageAuth::Sas);
    debug(&JobStatistics::default());
}

/// The hub repeats the containers' URIs.
async fn jobs_and_outcomes() {
    let server = Server::start([]).await;
    let uri = signed(&server);
    let file = format!(
        "Notice.\n{{\"id\":\"a\",\"status\":\"enabled\",\"authentication\":{{\"type\":\"sas\",\"symmetricKey\":{{\"primaryKey\":\"{KEY}\",\"secondaryKey\":\"{KEY}\"}}}}}}\n{{\"id\":\"{PLANTED}\","
    );
    let blob = Reply::Full {
        status: 200,
        headers: vec![
            ("ETag".into(), "1".into()),
            (
                "Last-Modified".into(),
                "Sun, 06 Nov 1994 08:49:37 GMT".into(),
            ),
        ],
        body: file.into_bytes(),
    };
    let down = || json(503, format!("{{\"Message\":\"no {}\"}}", uri.expose()));
    let replies = [
        json(200, created(&uri)),
        down(),
        down(),
        json(200, job("completed")),
        blob.clone(),
        blob,
    ];
    let server = Server::start(replies).await;
    let uri = signed(&server);
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = events.clone();
    let patient = PollPolicy::default().patience(Duration::from_secs(60));
    let options = ExportOptions::to(uri).poll(patient);
    let options = options.progress(move |event: &ProgressEvent<'_>| {
        debug(event);
        sink.lock().unwrap().push(format!("{event:?}"));
    });
    let poller = hub(&server).begin_export(options).await.unwrap();
    debug(&poller);
    let first = poller.last().unwrap().clone();
    debug(&first);
    debug(first.raw());
    debug(first.import_export().unwrap());
    debug(&first.system());
    clean("RawReply::redacted", &first.raw().redacted().to_string());
    assert!(
        String::from_utf8_lossy(first.raw().expose()).contains(PLANTED),
        "the reply itself is kept whole"
    );
    let done = poller.await.unwrap();
    debug(&done);
    let events = events.lock().unwrap().join(" ");
    for event in ["Created", "LookFailed", "Polled"] {
        assert!(events.contains(event), "{event}: {events}");
    }
    clean("ProgressEvent", &events);
    let container = hub(&server).container(done.container()).unwrap();
    let blob = container.open(done.blob()).await.unwrap().unwrap();
    debug(&blob);
    debug(blob.properties());
    let mut rows = done.devices().await.unwrap();
    debug(&rows);
    debug(&rows.try_next().await.unwrap().unwrap());
    let error = rows.try_next().await.unwrap_err();
    debug(&error);
    clean("RowError", &error.to_string());
}

/// What an import leaves, what holds its slot, and what a preflight says.
async fn imports_and_findings() {
    let server = Server::start([]).await;
    let uri = signed(&server);
    let holder = job("running").replace(
        "\"progress\"",
        &format!("\"failureReason\":\"{}\",\"progress\"", uri.expose()),
    );
    let script = [
        json(403, r#"{"Message":"ErrorCode:JobQuotaExceeded;busy"}"#),
        json(200, format!("[{holder}]")),
        json(200, created(&uri)),
        json(200, job("completed").replace("\"export\"", "\"import\"")),
    ];
    let server = Server::start(script).await;
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = events.clone();
    let options = ImportOptions::from(signed(&server))
        .wait_for_slot(Duration::from_secs(60))
        .progress(move |event: &ProgressEvent<'_>| {
            debug(event);
            sink.lock().unwrap().push(format!("{event:?}"));
        });
    let done = hub(&server).begin_import(options).await.unwrap();
    debug(&done.await.unwrap());
    let events = events.lock().unwrap().join(" ");
    assert!(events.contains("SlotBusy"), "{events}");
    clean("ProgressEvent", &events);

    let absent = (0..3).map(|_| json(404, ""));
    let script = std::iter::once(json(200, format!("[{holder}]"))).chain(absent);
    let server = Server::start(script).await;
    let uri = signed(&server);
    let what = Preflight::new().input(&uri, "devices.txt").output(&uri);
    let report = hub(&server).preflight(what).await;
    debug(&report);
    debug(&report.worst());
    for finding in report.findings() {
        debug(finding);
        clean("Finding", &finding.to_string());
    }
    let user = StorageAuth::UserIdentity("/subscriptions/s/userAssignedIdentities/n".into());
    debug(&user);
    debug(&EntraCredential::for_hub(Arc::new(Entra(PLANTED))));
}

#[derive(Debug)]
struct Entra(#[expect(dead_code, reason = "it is there to be printed by mistake")] &'static str);

impl azure_core::credentials::TokenCredential for Entra {
    fn get_token<'a, 'b, 'c, 'd, 'e>(
        &'a self,
        _: &'b [&'c str],
        _: Option<azure_core::credentials::TokenRequestOptions<'d>>,
    ) -> BoxFuture<'e, azure_core::Result<azure_core::credentials::AccessToken>>
    where
        'a: 'e,
        'b: 'e,
        'c: 'e,
        'd: 'e,
        Self: 'e,
    {
        Box::pin(std::future::pending())
    }
}

/// The hub's words for a job stand in errors too: as its id, its reason, and among those that a lost create may have made.
async fn lost_creates() {
    let fresh = job("failed")
        .replace(crate::operations::ID, &format!("sig={PLANTED}"))
        .replace("2021-07-07T20:47:47.2893449Z", "2027-01-15T08:00:09.5Z");
    let listed = json(200, format!("[{fresh}]")).with("Date", "Fri, 15 Jan 2027 08:00:10 GMT");
    let server = Server::start([Reply::Cut, listed, json(200, fresh)]).await;
    let error = hub(&server)
        .begin_export(ExportOptions::to(signed(&server)))
        .await
        .unwrap_err();
    chain(&error);
    debug(error.lost_create().unwrap());
    let waited = hub(&server).resume(format!("sig={PLANTED}")).await;
    let error = waited.unwrap_err();
    assert!(error.job_id().unwrap().contains(PLANTED), "{error}");
    chain(&error);
}

#[tokio::test]
async fn errors_print_without_what_a_hostile_answer_repeats() {
    let uri = format!("https://a/c?sig={PLANTED}");
    let bodies = [
        format!(
            r#"{{"Message":"ErrorCode:ArgumentInvalid;bad {uri}","ExceptionMessage":"Tracking ID:{uri}"}}"#
        ),
        format!(
            r#"{{"errorCode":400004,"message":"SharedAccessKey={PLANTED}","trackingId":"Bearer {PLANTED}"}}"#
        ),
        format!("<html>{uri}</html>"),
        format!("Authorization: Bearer {PLANTED}"),
        format!("{{\"{PLANTED}\":"),
    ];
    for body in &bodies {
        for status in [200, 400, 401, 403, 404, 409, 429, 500] {
            let server =
                Server::start((0..6).map(|_| json(status, body).with("x-ms-request-id", &uri)))
                    .await;
            let hub = hub(&server);
            if let Err(error) = hub.get_import_export("id").await {
                chain(&error);
            }
            if let Err(error) = hub.begin_export(ExportOptions::to(signed(&server))).await {
                chain(&error);
                error.lost_create().iter().for_each(|found| debug(*found));
            }
            // Opening the storage loads the platform's roots each time; once a body is enough.
            if status == 400 {
                let what = Preflight::new().output(&signed(&server));
                debug(&hub.preflight(what).await);
            }
        }
    }
}
