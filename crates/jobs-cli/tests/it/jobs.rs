//! Jobs on a local hub: exit codes, streams, forms, and that a job is always named.

use std::io::{BufRead as _, BufReader, Read as _};

use serde_json::Value;

use crate::harness::{Cli, LocalHub, mode, send};

const GOOD: &str = "{\"id\":\"a\",\"status\":\"enabled\",\"tags\":{\"site\":\"köln\"}}\n";
const MIXED: &str = "{\"id\":\"a\",\"status\":\"enabled\"}\n\
                     {\"id\":\"b\",\"status\":\"enabled\",\"authentication\":{\"type\":\"wrong\"}}\n\
                     {\"id\":\"c\",\"importMode\":\"update\",\"status\":\"enabled\"}\n";

/// A hub, a client of it with a container, and a device file.
fn stage(flags: &[&str], rows: &str) -> (LocalHub, Cli, String) {
    let hub = LocalHub::start(flags);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("container");
    let cli = cli.with("IOTHUB_CONTAINER_URI", &container);
    let file = cli.file("fleet.txt", rows);
    (hub, cli, file)
}

#[test]
fn a_clean_import_shows_its_job() {
    let (_hub, cli, file) = stage(&[], GOOD);
    insta::assert_snapshot!(cli.run(&["import", &file, "--no-progress"]).snapshot());
}

#[test]
fn rejected_rows_are_printed_with_causes_and_exit_1() {
    let (_hub, cli, file) = stage(&[], MIXED);
    insta::assert_snapshot!(
        cli.run(&["import", &file, "--no-progress"])
            .expect(1)
            .snapshot()
    );
}

#[test]
fn rejected_rows_stand_beside_the_jobs_own_members() {
    let (_hub, cli, file) = stage(&[], MIXED);
    let rejects = cli.path("rejects.jsonl");
    let ran = cli
        .run(&[
            "import",
            &file,
            "-o",
            "json",
            "--rejects",
            rejects.to_str().unwrap(),
        ])
        .expect(1);
    let document = ran.json();
    assert_eq!(document["status"], "completed");
    assert_eq!(document["type"], "import");
    assert_eq!(document["rejectedCount"], 2);
    assert_eq!(document["rejected"][1]["deviceId"], "c");
    assert_eq!(document["rejected"][1]["errorCode"], 404_001);
    assert_eq!(cli.read("rejects.jsonl").lines().count(), 2);
    assert_eq!(mode(&rejects), 0o600);
    assert!(
        ran.stderr.contains(document["jobId"].as_str().unwrap()),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_file_comes_in_by_standard_input_too() {
    let (_hub, cli, _) = stage(&[], GOOD);
    cli.run_with(&["import", "-"], GOOD).expect(0);
    let ran = cli.run(&["export", "--download", "-", "-q"]).expect(0);
    assert!(ran.stdout.contains("\"site\":\"köln\""), "{}", ran.stdout);
}

#[test]
fn a_file_without_a_single_row_is_refused_before_a_job_is_made() {
    let (_hub, cli, _) = stage(&[], GOOD);
    for (text, part) in [
        ("id,status\nd-1,enabled\n", "is a CSV table"),
        ("hello", "its only line is plain text"),
        ("\r\n\n", "all its lines are blank"),
    ] {
        let file = cli.file("words.txt", text);
        let ran = cli.run(&["import", &file]).expect(2);
        assert!(ran.stderr.contains(&file), "{}", ran.stderr);
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
        let ran = cli.run_with(&["import", "-"], text).expect(2);
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
    }
    assert_eq!(
        cli.run(&["list", "-o", "json", "-q"]).json(),
        serde_json::json!([])
    );
}

#[test]
fn an_export_is_downloaded_whole_and_private() {
    let (_hub, cli, file) = stage(&[], GOOD);
    cli.run(&["import", &file]).expect(0);
    let target = cli.path("out.txt");
    let ran = cli
        .run(&[
            "export",
            "--include-keys",
            "--blob",
            "x/y.txt",
            "--download",
            target.to_str().unwrap(),
        ])
        .expect(0);
    assert!(ran.stdout.contains("completed"), "{}", ran.stdout);
    assert_eq!(mode(&target), 0o600);
    let row: Value = serde_json::from_str(cli.read("out.txt").lines().next().unwrap()).unwrap();
    assert_eq!(row["tags"]["site"], "köln");
    assert!(row["authentication"]["symmetricKey"]["primaryKey"].is_string());
    assert_eq!(cli.read("container/x/y.txt"), cli.read("out.txt"));
}

#[test]
fn an_unknown_id_exits_3_in_one_line_with_the_services_code() {
    let (_hub, cli, _) = stage(&[], GOOD);
    for command in ["get", "wait", "cancel"] {
        let ran = cli.run(&[command, "nope"]).expect(3);
        assert_eq!(ran.stdout, "");
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(
            ran.stderr.contains("nope") && ran.stderr.contains("JobNotFound"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn a_wrong_key_exits_3() {
    let (hub, cli, _) = stage(&[], GOOD);
    let text = hub.connection_string().replace(
        "SharedAccessKeyName=iothubowner",
        "SharedAccessKeyName=registryRead",
    );
    let ran = cli
        .with("IOTHUB_CONNECTION_STRING", &text)
        .run(&["list"])
        .expect(3);
    assert!(ran.stderr.contains("401"), "{}", ran.stderr);
}

#[test]
fn get_says_which_endpoint_answered_and_prints_wire_names() {
    let (_hub, cli, file) = stage(&[], GOOD);
    let id = job_id(
        &cli.run(&["import", &file, "-o", "json", "-q"])
            .expect(0)
            .json(),
    );
    let ran = cli.run(&["get", &id, "-o", "json"]).expect(0);
    let job = ran.json();
    assert_eq!(job["jobId"], id);
    assert_eq!(job["status"], "completed");
    assert_eq!(job["progress"], 100);
    assert_eq!(
        ran.stderr,
        "answered by the import/export endpoint (/jobs)\n"
    );
    insta::assert_snapshot!(cli.run(&["get", &id]).snapshot());
}

#[test]
fn list_filters_and_has_three_forms() {
    let (_hub, cli, file) = stage(&[], GOOD);
    cli.run(&["import", &file]).expect(0);
    cli.run(&["export"]).expect(0);
    assert_eq!(
        cli.run(&["list", "-o", "json"])
            .expect(0)
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let exports = cli
        .run(&[
            "list",
            "--type",
            "EXPORT",
            "--status",
            "completed",
            "-o",
            "jsonl",
        ])
        .expect(0);
    assert_eq!(exports.stdout.lines().count(), 1);
    assert_eq!(exports.json()["type"], "export");
    assert_eq!(exports.stderr, "1 of 2 jobs\n");
    insta::assert_snapshot!(cli.run(&["list"]).snapshot());
    let ran = cli.run(&["list", "--status", "finished"]).expect(0);
    assert!(
        ran.stderr
            .contains("warning: --status finished is not known"),
        "{}",
        ran.stderr
    );
}

#[test]
fn no_wait_returns_at_once_and_wait_takes_over() {
    let (_hub, cli, file) = stage(&["--job-delay", "150ms"], GOOD);
    let ran = cli
        .run(&["import", &file, "--no-wait", "-o", "json"])
        .expect(0);
    let job = ran.json();
    assert_eq!(job["status"], "enqueued");
    let id = job_id(&job);
    assert!(
        ran.stderr.contains(&format!("iothub-jobs wait {id}")),
        "{}",
        ran.stderr
    );
    let done = cli
        .run(&["wait", &id, "--poll-interval", "50ms", "-o", "json"])
        .expect(0);
    assert_eq!(done.json()["status"], "completed");
}

#[test]
fn watch_prints_one_line_for_each_change() {
    let (_hub, cli, file) = stage(&["--job-delay", "400ms"], GOOD);
    let id = job_id(
        &cli.run(&["import", &file, "--no-wait", "-o", "json", "-q"])
            .expect(0)
            .json(),
    );
    let ran = cli
        .run(&[
            "get",
            &id,
            "--watch",
            "--poll-interval",
            "50ms",
            "-o",
            "jsonl",
        ])
        .expect(0);
    let states: Vec<String> = ran
        .stdout
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["status"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(states, ["enqueued", "running", "completed"]);
}

#[test]
fn a_cancelled_job_exits_0_for_cancel_and_get_and_1_for_wait() {
    let (_hub, cli, _) = stage(&["--job-delay", "20s"], GOOD);
    let id = job_id(
        &cli.run(&["export", "--no-wait", "-o", "json", "-q"])
            .expect(0)
            .json(),
    );
    let ran = cli.run(&["cancel", &id, "--wait", "-o", "json"]).expect(0);
    assert_eq!(ran.json()["status"], "cancelled");
    cli.run(&["get", &id]).expect(0);
    let ran = cli.run(&["wait", &id]).expect(1);
    assert!(
        ran.stderr
            .contains(&format!("error: job {id} was cancelled")),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_taken_slot_is_explained() {
    let (_hub, cli, _) = stage(&["--job-delay", "20s"], GOOD);
    let id = job_id(
        &cli.run(&["export", "--no-wait", "-o", "json", "-q"])
            .expect(0)
            .json(),
    );
    let ran = cli.run(&["export"]).expect(3);
    for part in ["JobQuotaExceeded", "--wait-for-slot", &id] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
}

#[test]
fn a_missing_input_blob_is_refused_by_the_hub() {
    let (_hub, cli, _) = stage(&[], GOOD);
    // Its rows are counted before the import, so that it is missed before the hub is asked.
    let ran = cli.run(&["import", "--blob", "absent.txt"]).expect(3);
    assert!(
        ran.stderr.contains("there is no blob absent.txt"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_interrupted_wait_names_the_job_and_leaves_it_running() {
    let (_hub, cli, file) = stage(&["--job-delay", "20s"], GOOD);
    for signal in ["INT", "TERM", "HUP"] {
        let mut child = cli.spawn(&["import", &file]);
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        stderr.read_line(&mut first).unwrap();
        assert!(first.starts_with("hub "), "{first}");
        first.clear();
        stderr.read_line(&mut first).unwrap();
        let id = first
            .strip_prefix("created job ")
            .and_then(|rest| rest.split(' ').next())
            .unwrap_or_else(|| panic!("{first}"));
        send(&child, signal);
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
        assert!(
            rest.contains(&format!("error: interrupted; job {id} goes on at the hub")),
            "{rest}"
        );
        assert!(
            rest.contains(&format!("hint: follow it: iothub-jobs wait {id}")),
            "{rest}"
        );
        assert_eq!(
            cli.run(&["get", id, "-o", "json"]).expect(0).json()["status"],
            "enqueued"
        );
        cli.run(&["cancel", id, "--wait"]).expect(0);
    }
}

#[test]
fn a_spent_time_limit_names_the_job() {
    let (_hub, cli, file) = stage(&["--job-delay", "20s"], GOOD);
    let ran = cli.run(&["--timeout", "1s", "import", &file]).expect(4);
    let id = cli.run(&["list", "-o", "jsonl", "-q"]).json();
    let id = job_id(&id);
    assert!(
        ran.stderr.contains(&format!(
            "error: timed out after 1s; job {id} goes on at the hub"
        )),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_unwritable_target_fails_before_a_job_is_made() {
    let (_hub, cli, file) = stage(&[], GOOD);
    cli.run(&["export", "--download", "no/such/folder/x"])
        .expect(2);
    cli.run(&["import", &file, "--rejects", "no/such/folder/x"])
        .expect(2);
    assert_eq!(
        cli.run(&["list", "-o", "json"]).expect(0).json(),
        serde_json::json!([])
    );
}

#[test]
fn spent_retries_exit_4() {
    let cli = Cli::new();
    let script = r#"{"rules":[{"operation":"Jobs_GetImportExportJobs","times":1000,"action":{"kind":"respond","status":429,"errorCode":"ThrottlingException","retryAfter":"0"}}]}"#;
    let hub = LocalHub::start(&["--faults", &cli.file("faults.json", script)]);
    let ran = Cli::for_hub(&hub).run(&["list"]).expect(4);
    assert!(ran.stderr.contains("ThrottlingException"), "{}", ran.stderr);
}

#[test]
fn a_failed_job_exits_1_for_wait_and_0_for_get() {
    let cli = Cli::new();
    let script = r#"{"rules":[{"operation":"Jobs_GetImportExportJob","times":1000,"action":{"kind":"patch","set":{"status":"failed","failureReason":"the disk is full"}}}]}"#;
    let hub = LocalHub::start(&["--faults", &cli.file("faults.json", script)]);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("c");
    let ran = cli.run(&["export", "--container", &container]).expect(1);
    assert!(
        ran.stderr.contains("failed: the disk is full"),
        "{}",
        ran.stderr
    );
    let id = job_id(&cli.run(&["list", "-o", "jsonl"]).json());
    cli.run(&["get", &id]).expect(0);
    cli.run(&["wait", &id]).expect(1);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let (_hub, cli, file) = stage(&[], GOOD);
    cli.run(&["import", &file]).expect(0);
    for arguments in [
        vec!["list"],
        vec!["export", "--download", "-"],
        vec!["--help"],
        vec!["man"],
    ] {
        let mut child = cli.spawn(&arguments);
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("error"), "{arguments:?}: {stderr}");
    }
}

fn job_id(job: &Value) -> String {
    job["jobId"].as_str().unwrap().to_owned()
}
