//! Whether a log or an exported blob is from the job that is asked about.

use futures_util::TryStreamExt;
use jobs_ext::{
    ContainerUri, Error, ErrorKind, ExportOptions, ExportOutcome, ImportOptions, ImportOutcome,
};

use crate::blobs::{import, storage, text};
use crate::client;
use crate::clock::StepClock;
use crate::operations::{ID, job};
use crate::server::{Reply, Server, json};

/// A log written at a time of the day on which the job of the recording ran, from 20:47:47 to 20:48:04.
fn log(body: &str, time: &str) -> Reply {
    let Reply::Full {
        status,
        headers,
        body,
    } = text(body)
    else {
        unreachable!("a whole response")
    };
    let headers = headers
        .into_iter()
        .filter(|(name, _)| name != "Last-Modified");
    Reply::Full {
        status,
        headers: headers.collect(),
        body,
    }
    .with("Last-Modified", &day(time))
}

fn day(time: &str) -> String {
    format!("Wed, 07 Jul 2021 {time} GMT")
}

fn other(id: &str, start: &str, end: &str) -> String {
    format!(
        r#"{{"jobId":"{id}","type":"import","status":"completed","startTimeUtc":"2021-07-07T{start}Z","endTimeUtc":"2021-07-07T{end}Z"}}"#
    )
}

async fn resumed(replies: impl IntoIterator<Item = Reply>) -> ImportOutcome {
    let first = json(200, import("completed"));
    let server = Server::start(std::iter::once(first).chain(replies)).await;
    let options = ImportOptions::from(storage(&server));
    let hub = client(&server, &StepClock::default());
    let outcome = hub.resume_import(ID, options).await.unwrap();
    // The server goes on as long as the test does.
    std::mem::forget(server);
    outcome
}

async fn rejected(replies: impl IntoIterator<Item = Reply>) -> Result<usize, Error> {
    let rows = resumed(replies).await.rejected().await?;
    let rows: Vec<_> = rows.try_collect().await.unwrap();
    Ok(rows.len())
}

fn assert_unknown(error: &Error, part: &str) {
    assert_eq!(error.kind(), ErrorKind::UnknownOutcome, "{error}");
    let text = error.to_string();
    assert!(text.contains(part), "{part}: {text}");
    assert!(
        text.contains(ID) && text.contains("importErrors.log"),
        "{text}"
    );
    assert!(!text.contains("nted"), "{text}");
    assert!(error.hint().is_some() && !error.is_transient());
}

const ROW: &str = "{\"deviceId\":\"d\",\"errorCode\":404001,\"errorStatus\":\"d\"}\n";

#[tokio::test]
async fn a_log_counts_when_it_was_written_while_the_job_ran() {
    for (time, part) in [
        ("20:46:00", Some("before the job started")),
        ("20:47:00", None),
        ("20:48:00", None),
        ("20:49:00", None),
        ("20:49:10", Some("after the job ended")),
    ] {
        let found = rejected([log(ROW, time), json(200, "[]")]).await;
        match (found, part) {
            (Ok(count), None) => assert_eq!(count, 1, "{time}"),
            (Err(error), Some(part)) => assert_unknown(&error, part),
            (found, _) => panic!("{time}: {found:?}"),
        }
    }
}

#[tokio::test]
async fn a_later_import_may_have_replaced_the_log() {
    for (start, end, same) in [
        ("20:48:10", "20:48:20", false),
        ("20:48:16.5", "20:48:30", false),
        ("20:48:30", "20:48:40", true),
        ("20:40:00", "20:47:40", true),
    ] {
        let jobs = format!(
            "[{},{}]",
            other("other-import", start, end),
            import("completed")
        );
        let found = rejected([log("", "20:48:16"), json(200, jobs)]).await;
        match found {
            Ok(count) => assert!(same && count == 0, "{start}"),
            Err(error) => {
                assert!(!same, "{start}: {error}");
                assert_unknown(&error, "job other-import");
            }
        }
    }
    // An export writes no log.
    let export = other("x", "20:48:10", "20:48:20").replace("import", "export");
    let found = rejected([log("", "20:48:16"), json(200, format!("[{export}]"))]).await;
    assert_eq!(found.unwrap(), 0);
}

#[tokio::test]
async fn a_missing_log_is_an_unknown_result_and_not_an_empty_one() {
    let missing = json(404, "").with("x-ms-error-code", "BlobNotFound");
    let error = rejected([missing.clone()]).await.unwrap_err();
    assert_unknown(&error, "there is no importErrors.log");
    let outcome = resumed([]).await;
    let none = outcome.rejected_configurations().await.unwrap();
    assert_eq!(none.try_collect::<Vec<_>>().await.unwrap(), []);
    let done = import("completed").replace("{", "{\"includeConfigurations\":true,");
    let server = Server::start([json(200, done), missing]).await;
    let options = ImportOptions::from(storage(&server));
    let hub = client(&server, &StepClock::default());
    let outcome = hub.resume_import(ID, options).await.unwrap();
    let error = outcome.rejected_configurations().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownOutcome);
    assert!(
        error.to_string().contains("importConfigErrors.log"),
        "{error}"
    );
}

#[tokio::test]
async fn clocks_are_compared_by_the_dates_of_both_services() {
    let jobs = || json(200, "[]").with("Date", &day("20:50:00"));
    // The storage's clock is an hour ahead.
    let ahead = log(ROW, "21:48:00").with("Date", &day("21:50:00"));
    assert_eq!(rejected([ahead, jobs()]).await.unwrap(), 1);
    let ahead = log(ROW, "20:48:00").with("Date", &day("21:50:00"));
    let error = rejected([ahead, jobs()]).await.unwrap_err();
    assert_unknown(&error, "before the job started");
}

#[tokio::test]
async fn who_may_not_list_jobs_still_reads_the_log() {
    let found = rejected([log(ROW, "20:48:00"), json(403, "")]).await;
    assert_eq!(found.unwrap(), 1);
    let mut replies = vec![log(ROW, "20:48:00")];
    replies.extend((0..10).map(|_| json(503, "")));
    let error = rejected(replies).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
}

#[tokio::test]
async fn a_log_without_any_row_is_an_unknown_result_that_says_what_it_looks_like() {
    let many = "no row\n".repeat(40);
    for (body, looks) in [
        ("\0\u{1}\u{2}", "binary data"),
        ("[{\"id\":\"d\"}]", "a JSON array"),
        ("\"{\"\"id\"\":\"d\"}\"\n", "rows within quotes"),
        ("all went well", "plain text"),
        ("{\n\"error\": \"d\"\n}\n", "JSON of another kind"),
        (many.as_str(), "plain text"),
    ] {
        let error = rejected([log(body, "20:48:00"), json(200, "[]")]).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownOutcome, "{error}");
        assert!(error.to_string().contains(looks), "{looks}: {error}");
    }
    for blank in ["", "\r\n\n", "\u{feff}"] {
        let found = rejected([log(blank, "20:48:00"), json(200, "[]")]).await;
        assert_eq!(found.unwrap(), 0, "{blank:?}");
    }
}

#[tokio::test]
async fn a_line_of_a_log_that_cannot_be_read_is_an_item_of_its_own() {
    let body = format!("words\n{ROW}words\n{ROW}");
    let outcome = resumed([log(&body, "20:48:00"), json(200, "[]")]).await;
    let rows: Vec<_> = futures_util::StreamExt::collect(outcome.rejected().await.unwrap()).await;
    let good: Vec<bool> = rows.iter().map(Result::is_ok).collect();
    assert_eq!(good, [false, true, false, true]);
}

#[tokio::test]
async fn a_log_in_a_folder_is_judged_by_the_time_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let server =
        Server::start((0..2).flat_map(|_| [json(200, import("completed")), json(200, "[]")])).await;
    let file = folder.path().join("importErrors.log");
    std::fs::write(&file, ROW).unwrap();
    let options = ImportOptions::from(ContainerUri::from_folder(folder.path()).unwrap());
    let hub = client(&server, &StepClock::default());
    let outcome = hub.resume_import(ID, options.clone()).await.unwrap();
    let error = outcome.rejected().await.unwrap_err();
    assert_unknown(&error, "after the job ended");
    let written = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_625_690_880);
    let file = std::fs::File::options().write(true).open(&file).unwrap();
    file.set_modified(written).unwrap();
    let outcome = hub.resume_import(ID, options).await.unwrap();
    assert!(outcome.rejected().await.is_ok());
}

async fn export(
    options: impl Fn(ContainerUri) -> ExportOptions,
    replies: impl IntoIterator<Item = Reply>,
) -> ExportOutcome {
    let first = json(200, job("completed"));
    let server = Server::start(std::iter::once(first).chain(replies)).await;
    let hub = client(&server, &StepClock::default());
    let outcome = hub.resume_export(ID, options(storage(&server))).await;
    std::mem::forget(server);
    outcome.unwrap()
}

#[tokio::test]
async fn an_old_blob_is_not_taken_for_the_export_of_a_job_that_was_created_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("rows.txt");
    let row = "{\"id\":\"a\"}\n";
    let old = || log(row, "20:40:00");
    let done = export(ExportOptions::to, [old(), json(200, "[]")]).await;
    let error = done.download(&target).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownOutcome);
    let text = error.to_string();
    assert!(
        text.contains("devices.txt") && text.contains("before the job"),
        "{text}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let fresh = || log(row, "20:48:00");
    let done = export(ExportOptions::to, [fresh(), json(200, "[]"), fresh()]).await;
    assert!(done.download(&target).await.is_ok());
    // A name that was given is the user's word.
    let named = |uri| ExportOptions::to(uri).blob("devices.txt");
    let done = export(named, [old()]).await;
    assert!(done.download(&target).await.is_ok());
}
