//! Whole flows against the local hub.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use jobs_devices::{ImportError, Row};
use jobs_emulator::{Emulator, Hub};
use jobs_ext::{
    ContainerUri, DirectMethod, ErrorKind, ExportOptions, IdentityName, ImportOptions, JobStatus,
    JobsClient, PollPolicy, Preflight, ProgressEvent, ScheduledJob, TwinPatch,
};
use serde_json::json;

fn quick() -> PollPolicy {
    PollPolicy::every(Duration::from_millis(50)).deadline(Duration::from_secs(60))
}

fn client_of(hub: &Hub) -> JobsClient {
    JobsClient::builder(hub.endpoint())
        .connection_string(hub.connection_string())
        .poll(quick())
        .build()
        .unwrap()
}

fn folder() -> (tempfile::TempDir, ContainerUri) {
    let folder = tempfile::tempdir().unwrap();
    let uri = format!("file://{}", folder.path().display())
        .parse()
        .unwrap();
    (folder, uri)
}

fn row(text: &str) -> Row {
    text.parse().unwrap()
}

fn fleet() -> Vec<Row> {
    vec![
        row(r#"{"id":"plain","status":"enabled"}"#),
        row(
            r#"{"id":"tagged","status":"disabled","tags":{"ort":"Gießen"},"properties":{"desired":{"n":1}}}"#,
        ),
        row(r#"{"id":"nobody","importMode":"update","status":"enabled"}"#),
    ]
}

#[tokio::test]
async fn rows_go_in_and_rejects_come_back() {
    let hub = Emulator::builder().start().await.unwrap();
    let client = client_of(&hub);
    let (_folder, uri) = folder();
    let poller = client
        .begin_import_rows(fleet(), ImportOptions::from(uri.clone()))
        .await
        .unwrap();
    let id = poller.id().to_owned();
    let outcome = poller.await.unwrap();
    assert_eq!(outcome.job().status(), &JobStatus::Completed);
    let rejected: Vec<ImportError> = outcome
        .rejected()
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].device_id.as_deref(), Some("nobody"));
    assert!(
        outcome
            .rejected_configurations()
            .await
            .unwrap()
            .next()
            .await
            .is_none()
    );
    assert_eq!(client.get(&id).await.unwrap().progress(), Some(100));
    assert!(
        client
            .list()
            .await
            .unwrap()
            .iter()
            .any(|job| job.id() == id)
    );
}

#[tokio::test]
async fn a_file_goes_up_with_its_progress_told() {
    let hub = Emulator::builder().start().await.unwrap();
    let (_folder, uri) = folder();
    let local = tempfile::NamedTempFile::new().unwrap();
    let lines = "{\"id\":\"a\",\"status\":\"enabled\"}\n";
    std::fs::write(local.path(), lines).unwrap();
    let (told, events) = std::sync::mpsc::channel();
    let options = ImportOptions::from(uri.clone()).unique_blob().progress(
        move |event: &ProgressEvent<'_>| match event {
            ProgressEvent::Uploading { bytes, total, .. } => {
                told.send(format!("{bytes} of {total:?}")).unwrap();
            }
            ProgressEvent::Created { .. } => told.send("created".into()).unwrap(),
            _ => {}
        },
    );
    let blob = options.blob_name().to_owned();
    assert!(
        blob.starts_with("import-") && blob.ends_with(".txt"),
        "{blob}"
    );
    let client = client_of(&hub);
    let import = client.begin_import_file(local.path(), options).await;
    let outcome = import.unwrap().await.unwrap();
    assert_eq!(outcome.job().status(), &JobStatus::Completed);
    let size = lines.len();
    let told: Vec<String> = events.try_iter().collect();
    assert_eq!(told, [format!("{size} of Some({size})"), "created".into()]);
    let sent = client.container(&uri).unwrap().size(&blob).await;
    assert_eq!(sent.unwrap(), Some(size as u64));
}

#[tokio::test]
async fn an_export_returns_the_devices_with_keys_or_with_a_notice() {
    let hub = Emulator::builder().start().await.unwrap();
    let client = client_of(&hub);
    let (_folder, uri) = folder();
    let import = client.begin_import_rows(fleet(), ImportOptions::from(uri.clone()));
    import.await.unwrap().await.unwrap();

    let export = ExportOptions::to(uri.clone())
        .blob("out/fleet.txt")
        .include_keys(true);
    let done = client.begin_export(export).await.unwrap().await.unwrap();
    let rows: Vec<Row> = done.devices().await.unwrap().try_collect().await.unwrap();
    let mut ids: Vec<_> = rows.iter().map(|row| row.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["plain", "tagged"]);
    assert!(rows.iter().all(|row| row.authentication.is_some()));

    let bare = client
        .begin_export(ExportOptions::to(uri))
        .await
        .unwrap()
        .await
        .unwrap();
    let rows = bare.devices().await.unwrap();
    assert!(
        rows.notice().is_some(),
        "an export without keys begins with a sentence"
    );
    let rows: Vec<Row> = rows.try_collect().await.unwrap();
    assert!(rows.iter().all(|row| row.authentication.is_none()));
}

#[tokio::test]
async fn the_slot_is_held_until_the_job_ends_and_a_running_job_can_be_cancelled() {
    let hub = Emulator::builder()
        .job_delay(Duration::from_secs(600))
        .start()
        .await
        .unwrap();
    let client = client_of(&hub);
    let (_folder, uri) = folder();
    let running = client
        .begin_export(ExportOptions::to(uri.clone()))
        .await
        .unwrap();
    let error = client
        .begin_export(ExportOptions::to(uri))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::JobQuota, Some("JobQuotaExceeded"))
    );
    assert_eq!(error.job().unwrap().id(), running.id());
    assert_eq!(
        running.cancel().await.unwrap().status(),
        &JobStatus::Cancelled
    );
    let error = running.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JobCancelled);
    let after = client.cancel(error.job_id().unwrap()).await.unwrap();
    assert_eq!(
        after.status(),
        &JobStatus::Cancelled,
        "cancelling twice changes nothing"
    );
}

#[tokio::test]
async fn the_hub_refuses_a_wrong_key_and_an_unknown_job() {
    let hub = Emulator::builder().start().await.unwrap();
    let client = client_of(&hub);
    let error = client
        .get("00000000-0000-0000-0000-000000000000")
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.status()),
        (ErrorKind::NotFound, Some("JobNotFound"), Some(404))
    );
    let wrong = "HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=cGxhbnRlZA==";
    let stranger = JobsClient::builder(hub.endpoint())
        .connection_string(wrong)
        .build()
        .unwrap();
    let error = stranger.list().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Unauthorized, Some(401))
    );
    assert!(error.hint().is_some());
}

#[tokio::test]
async fn a_missing_input_blob_is_refused_by_the_hub_and_found_by_the_preflight() {
    let hub = Emulator::builder().start().await.unwrap();
    let client = client_of(&hub);
    let (_folder, uri) = folder();
    let report = client
        .preflight(Preflight::new().input(&uri, "devices.txt").output(&uri))
        .await;
    assert!(!report.is_clear());
    let error = client
        .begin_import(ImportOptions::from(uri))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (
            ErrorKind::ContainerRejected,
            Some("BlobContainerValidationError")
        )
    );
}

#[tokio::test]
async fn tls_needs_the_hubs_own_ca() {
    let hub = Emulator::builder().tls(true).start().await.unwrap();
    let pem = std::fs::read(hub.ca_file().unwrap()).unwrap();
    let with = JobsClient::builder_from_connection_string(hub.connection_string())
        .ca_pem(&pem)
        .build()
        .unwrap();
    with.list().await.unwrap();
    let without = JobsClient::from_connection_string(hub.connection_string()).unwrap();
    let error = without.list().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 1));
    assert!(error.hint().unwrap().contains("CA"), "{error}");
}

#[tokio::test]
async fn scheduled_jobs_run_and_are_seen_like_the_others() {
    let hub = Emulator::builder().start().await.unwrap();
    let client = client_of(&hub);
    let (_folder, uri) = folder();
    client
        .begin_import_rows(fleet(), ImportOptions::from(uri))
        .await
        .unwrap()
        .await
        .unwrap();
    let patch = TwinPatch::new().tag("checked", json!(true));
    let done = client
        .schedule(ScheduledJob::update_twin("check-1", "*", patch))
        .await
        .unwrap()
        .await
        .unwrap();
    assert_eq!(done.statistics().unwrap().succeeded, 2);
    let method = ScheduledJob::call_method("reboot-1", "*", DirectMethod::new("reboot"));
    let done = client.schedule(method).await.unwrap().await.unwrap();
    assert_eq!(
        client.get("reboot-1").await.unwrap().status(),
        done.status()
    );
    let listed = client
        .list_scheduled(None, Some(JobStatus::Completed))
        .await
        .unwrap();
    assert_eq!(listed.len(), 2);
}

#[tokio::test]
async fn another_process_takes_up_the_wait() {
    let hub = Emulator::builder().start().await.unwrap();
    let (_folder, uri) = folder();
    let options = ExportOptions::to(uri);
    let id = client_of(&hub)
        .begin_export(options.clone())
        .await
        .unwrap()
        .id()
        .to_owned();
    let done = client_of(&hub).resume_export(&id, options).await.unwrap();
    assert!(done.devices().await.unwrap().next().await.is_none());
}

#[tokio::test]
async fn existing_identities_are_found_with_their_authentication() {
    let hub = Emulator::builder().start().await.unwrap();
    let client = client_of(&hub);
    let (_folder, uri) = folder();
    let names: Vec<IdentityName> = (0..1_200)
        .map(|n| IdentityName::device(format!("d'{n}")))
        .chain([
            IdentityName::module("d'1", "m"),
            IdentityName::module("d'2", "m"),
        ])
        .collect();
    assert_eq!(client.device_count().await.unwrap(), 0);
    assert!(client.existing_identities(&names).await.unwrap().is_empty());
    let mut rows: Vec<Row> = (0..1_100)
        .map(|n| {
            row(&format!(
                r#"{{"id":"d'{n}","status":"enabled","tags":{{"n":{n}}}}}"#
            ))
        })
        .collect();
    rows[0] = row(
        r#"{"id":"d'0","status":"enabled","authentication":{"type":"certificateAuthority"},"tags":{"n":0}}"#,
    );
    rows.push(row(r#"{"id":"d'1","moduleId":"m","status":"enabled"}"#));
    rows.push(row(r#"{"id":"other","moduleId":null,"status":"enabled"}"#));
    let options = ImportOptions::from(uri);
    client
        .begin_import_rows(rows, options)
        .await
        .unwrap()
        .await
        .unwrap();
    assert_eq!(client.device_count().await.unwrap(), 1_101);
    let found = client.existing_identities(&names).await.unwrap();
    assert_eq!(found.len(), 1_101, "1,100 devices and a module");
    assert_eq!(found[&names[0]], "certificateAuthority");
    assert_eq!(found[&names[7]], "sas");
    assert_eq!(found[&IdentityName::module("d'1", "m")], "sas");
    for (condition, count) in [
        ("*", 1_101),
        ("tags.n < 10", 10),
        ("deviceId = 'nobody'", 0),
        ("FROM devices.modules WHERE moduleId = 'm'", 1),
    ] {
        let counted = client.count_matches(condition).await.unwrap();
        assert_eq!(counted, count, "{condition}");
    }
    let error = client.count_matches("tags. = = 1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadRequest, "{error}");
}
