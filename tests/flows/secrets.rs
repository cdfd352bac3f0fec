//! A signature planted in a container URI and the hub's own key come out nowhere, however much is logged.

use std::io::Write;
use std::sync::{Arc, Mutex};

use jobs_ext::{ContainerUri, ExportOptions, ImportOptions, JobsClient};

use crate::stage::Stage;

const PLANTED: &str = "cGxhbnRlZC1zaWduYXR1cmUtb2YtYS1jb250YWluZXI";

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("one writer at a time").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Captured {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("one reader at a time")).into_owned()
    }
}

/// An error and all its causes, in both forms.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = format!("{error} {error:?} ");
    if let Some(cause) = error.source() {
        text += &whole(cause);
    }
    text
}

#[tokio::test]
async fn a_rejected_container_and_a_wrong_key_leave_no_secret_in_logs_or_errors() {
    let captured = Captured::default();
    let sink = captured.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || sink.clone())
        .init();

    let stage = Stage::set().await;
    let container: ContainerUri = format!(
        "http://127.0.0.1:9/devstoreaccount1/devices?sv=2021-12-02&sr=c&sp=racwdl&se=2999-01-01T00:00:00Z&sig={PLANTED}%3D"
    )
    .parse()
    .expect("a path-style container URI");

    let mut said = format!("{container:?} {container}");
    let export = ExportOptions::to(container.clone());
    let import = ImportOptions::from(container);
    for error in [
        stage.client.begin_export(export).await.err(),
        stage.client.begin_import(import).await.err(),
    ] {
        said += &whole(&error.expect("nothing listens at that container"));
    }

    let key = stage
        .hub
        .connection_string()
        .split_once("SharedAccessKey=")
        .expect("the ready line carries the key")
        .1
        .to_owned();
    said += &format!("{:?}", stage.client);
    let wrong = JobsClient::builder_from_connection_string(
        "HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=d3Jvbmcta2V5LXdyb25nLWtleS13cm9uZy1rZXkhISE=",
    )
    .endpoint(stage.hub.endpoint())
    .build()
    .expect("the key is well formed");
    let unauthorized = wrong.list().await.expect_err("the key is not the hub's");
    said += &format!("{} {wrong:?}", whole(&unauthorized));

    let logged = captured.text();
    assert!(logged.contains("export"), "the flow is traced: {logged}");
    for secret in [PLANTED, &key, "d3Jvbmcta2V5", "sig=cGx"] {
        assert!(!said.contains(secret), "{secret} was said: {said}");
        assert!(!logged.contains(secret), "{secret} was logged: {logged}");
    }
}
