//! No public type, no error and no trace prints a secret: everything is formatted with secrets planted in it.

use std::fmt::Debug;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use futures_util::TryStreamExt;
use jobs_devices::Row;
use jobs_ext::*;
use tracing_subscriber::fmt::MakeWriter;

use crate::clock::StepClock;
use crate::operations::job;
use crate::server::{Reply, Server, json};

/// Stands in every secret. The key is its base64.
const PLANTED: &str = "pl4nt3d";
const KEY: &str = "cGw0bnQzZC1rZXktcGw0bnQzZA==";

/// The public types that this file formats, or that hold no text from outside. The test of the surface compares it with the source.
pub(crate) const COVERED: &[&str] = &[
    "ApiVersion",
    "BlobContainer",
    "ConnectionString",
    "ContainerUri",
    "DirectMethod",
    "Endpoint",
    "EntraCredential",
    "Error",
    "ErrorKind",
    "ExportOptions",
    "ExportOutcome",
    "Finding",
    "ImportOptions",
    "ImportOutcome",
    "Job",
    "JobPoller",
    "JobStatistics",
    "JobSystem",
    "JobsClient",
    "JobsClientBuilder",
    "LostCreate",
    "PollPolicy",
    "Preflight",
    "PreflightReport",
    "ProgressEvent",
    "RawReply",
    "Records",
    "RetryPolicy",
    "RowError",
    "SasGrant",
    "SasResource",
    "SasToken",
    "ScheduledJob",
    "Severity",
    "SharedAccessKey",
    "StorageAuth",
    "SystemClock",
    "Timeouts",
    "Token",
    "TwinPatch",
];

fn clean(what: &str, text: &str) {
    for secret in [PLANTED, KEY, "cGw0bnQz"] {
        assert!(!text.contains(secret), "{what} prints a secret: {text}");
    }
}

fn debug(value: &impl Debug) {
    clean(
        std::any::type_name_of_val(value),
        &format!("{value:?} {value:#?}"),
    );
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

#[tokio::test]
async fn values_print_without_their_secrets() {
    let server = Server::start([]).await;
    let uri = signed(&server);
    debug(&uri);
    clean("ContainerUri", &uri.to_string());
    debug(&uri.grant().unwrap());
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
    debug(&Token::bearer(PLANTED, UNIX_EPOCH));
    debug(&connection_string().parse::<ConnectionString>().unwrap());
    let builder = JobsClient::builder(format!("https://u:{PLANTED}@h"))
        .connection_string(&connection_string())
        .proxy(format!("http://u:{PLANTED}@proxy:1"));
    debug(&builder);
    chain(&builder.build().unwrap_err());
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
    debug(&(
        RetryPolicy::none(),
        Timeouts::default(),
        PollPolicy::default(),
        SystemClock::new(),
        StorageAuth::Sas,
    ));
}

#[tokio::test]
async fn jobs_and_outcomes_print_without_the_uris_that_the_hub_repeats() {
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
    let replies = [json(200, created(&uri)), json(200, job("completed")), blob];
    let server = Server::start(replies).await;
    let uri = signed(&server);
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = events.clone();
    let options = ExportOptions::to(uri).progress(move |event: &ProgressEvent<'_>| {
        sink.lock().unwrap().push(format!("{event:?}"));
    });
    let poller = hub(&server).begin_export(options).await.unwrap();
    debug(&poller);
    let first = poller.last().unwrap().clone();
    debug(&first);
    debug(first.raw());
    debug(&first.import_export());
    clean("RawReply::redacted", &first.raw().redacted().to_string());
    assert!(
        String::from_utf8_lossy(first.raw().expose()).contains(PLANTED),
        "the reply itself is kept whole"
    );
    let done = poller.await.unwrap();
    debug(&done);
    let events = events.lock().unwrap().join(" ");
    assert!(
        events.contains("Created") && events.contains("Polled"),
        "{events}"
    );
    clean("ProgressEvent", &events);
    let mut rows = done.devices().await.unwrap();
    debug(&rows);
    debug(&rows.try_next().await.unwrap().unwrap());
    let error = rows.try_next().await.unwrap_err();
    debug(&error);
    clean("RowError", &error.to_string());
}

/// What an import leaves, what holds its slot, and what a preflight says.
#[tokio::test]
async fn imports_and_findings_print_without_their_secrets() {
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
                debug(&error.lost_create());
            }
            // Opening the storage loads the platform's roots each time; once a body is enough.
            if status == 400 {
                let what = Preflight::new().output(&signed(&server));
                debug(&hub.preflight(what).await);
            }
        }
    }
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Sink {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn traces_tell_operation_job_attempt_and_status_and_no_secret() {
    let sink = Sink::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(sink.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = Server::start([]).await;
    let uri = signed(&server);
    let busy = json(
        503,
        format!(r#"{{"Message":"ErrorCode:ServerBusy;{}"}}"#, uri.expose()),
    );
    let refused = Reply::Full {
        status: 403,
        headers: vec![],
        body: uri.expose().into(),
    };
    let server = Server::start([
        busy,
        json(200, job("completed")),
        json(200, created(&uri)),
        json(200, job("completed")),
        refused,
    ])
    .await;
    let hub = hub(&server);
    hub.get("some-job").await.unwrap();
    let done = hub
        .begin_export(ExportOptions::to(signed(&server)))
        .await
        .unwrap()
        .await
        .unwrap();
    done.devices().await.unwrap_err();
    let rows: Vec<Row> = Vec::new();
    hub.container(&signed(&server))
        .unwrap()
        .upload_rows("devices.txt", rows)
        .await
        .unwrap_err();
    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    clean("a trace", &text);
    for part in [
        "iothub.jobs",
        "operation=\"get job\"",
        "job_id=\"some-job\"",
        "attempt=2",
        "status=503",
        "status=200",
        "duration_ms",
        "repeated",
        "iothub.blob",
        "operation=\"read blob\"",
    ] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
}
