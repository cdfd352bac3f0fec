//! Traces tell what was done, and no secret.

use std::io::Write;
use std::sync::{Arc, Mutex};

use jobs_ext::ExportOptions;
use jobs_ext::jobs_devices::Row;
use tracing_subscriber::fmt::MakeWriter;

use super::{clean, created, hub, signed};
use crate::operations::{ID, job};
use crate::server::{Reply, Server, json};

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
    // A test on another thread may register a callsite at the moment at which this subscriber is set, and nobody would ask the
    // subscriber about it: the first round registers every callsite, and then all are asked about again.
    requests().await;
    tracing::callsite::rebuild_interest_cache();
    requests().await;
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

/// Requests that succeed, that are repeated and that are rejected.
async fn requests() {
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
        json(200, job("completed").replace(ID, "some-job")),
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
}
