//! A fleet goes from a file into one hub, out of it, into another hub and out again, and nothing of it is lost on the way.

use std::fs::File;

use jobs_devices::transform::{
    Context, DiffOptions, GenerateOptions, PrepareOptions, diff, generate, prepare_import,
};
use jobs_ext::{ExportOptions, ImportOptions};

use crate::stage::Stage;

async fn import(stage: &Stage) -> usize {
    let outcome = stage
        .client
        .begin_import(ImportOptions::from(stage.container()))
        .await
        .expect("the hub takes the job")
        .await
        .expect("the job completes");
    assert_eq!(outcome.job().status().as_str(), "completed");
    stage.rows("importErrors.log").len()
}

async fn export(stage: &Stage, blob: &str) {
    stage
        .client
        .begin_export(
            ExportOptions::to(stage.container())
                .blob(blob)
                .include_keys(true),
        )
        .await
        .expect("the hub takes the job")
        .await
        .expect("the job completes");
}

#[tokio::test]
async fn a_fleet_survives_two_hubs_unchanged() {
    let (first, second) = (Stage::set().await, Stage::set().await);
    let mut file = File::create(first.path("devices.txt")).expect("the container is writable");
    let made = generate(
        &mut file,
        &GenerateOptions::new(400).seed(7).etags(false),
        &mut Context::new(),
    )
    .expect("a fleet is generated");
    assert!(made.modules > 0 && made.children > 0, "{made:?}");

    assert_eq!(import(&first).await, 0, "no row is rejected");
    export(&first, "exported.txt").await;

    // The hub exports its edge devices' system modules and rejects them on import, so the file is prepared first.
    let prepared = prepare_import(
        File::open(first.path("exported.txt")).expect("the export is there"),
        File::create(second.path("devices.txt")).expect("the container is writable"),
        PrepareOptions::new(),
        &mut Context::new(),
    )
    .expect("the export is made ready");
    assert_eq!(prepared.refused, 0, "{prepared:?}");
    assert_eq!(import(&second).await, 0, "the second hub rejects no row");
    export(&second, "exported.txt").await;

    let open = |stage: &Stage, blob| File::open(stage.path(blob)).expect("the blob is there");
    let between_hubs = diff(
        open(&first, "exported.txt"),
        open(&second, "exported.txt"),
        DiffOptions::new(),
        &mut Context::new(),
    )
    .expect("the files compare");
    assert!(between_hubs.is_same(), "{between_hubs:?}");
    let read = between_hubs.summary.first.rows;
    assert_eq!(read, made.rows + prepared.system_modules);
}

#[tokio::test]
async fn a_job_that_completed_reports_every_rejected_row() {
    let stage = Stage::set().await;
    stage.put_lines(
        "devices.txt",
        &[
            r#"{"id":"good","status":"enabled","authentication":null}"#,
            r#"{"id":"good","status":"enabled","importMode":"create"}"#,
            r#"{"id":"absent","status":"disabled","importMode":"update"}"#,
            r#"{"id":"half","status":"#,
        ],
    );
    let outcome = stage
        .client
        .begin_import(ImportOptions::from(stage.container()))
        .await
        .expect("the hub takes the job")
        .await
        .expect("bad rows do not fail the job");
    assert_eq!(outcome.job().failure_reason(), None);

    let log = stage.rows("importErrors.log");
    assert_eq!(log.len(), 3, "{log:?}");
    let absent = log
        .iter()
        .find(|row| row["deviceId"] == "absent")
        .expect("an update without any change is reported");
    assert_eq!(absent["errorCode"], 404_001);
    let unread = log
        .iter()
        .find(|row| row.get("deviceId").is_none())
        .expect("a line that is not JSON names no device");
    assert_eq!(unread["errorCode"], 400_012);
}
