//! What keeps a command waiting can be ended, and what was interrupted can be taken up again.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Cli, LocalHub, cli_of, closed_port, mode, send};

const GOOD: &str = "{\"id\":\"a\",\"status\":\"enabled\"}\n";
const MIXED: &str = "{\"id\":\"a\",\"status\":\"enabled\"}\n{\"id\":\"b\",\"importMode\":\"update\",\"status\":\"enabled\"}\n";

/// Waits for what must come within a time that is long enough for any machine.
#[track_caller]
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The exit code of a process whose standard input stays open, and what it said.
#[track_caller]
fn ended(child: &mut Child) -> (Option<i32>, String) {
    let begun = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if begun.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let mut stderr = String::new();
    let mut stream = child.stderr.take().unwrap();
    stream.read_to_string(&mut stderr).unwrap();
    (code, stderr)
}

/// Waits until a process has handlers for its signals.
#[cfg(target_os = "linux")]
fn until_it_handles_signals(child: &Child) {
    let status = format!("/proc/{}/status", child.id());
    until("no handler stands", || {
        let text = std::fs::read_to_string(&status).unwrap();
        let mask = text.split_once("SigCgt:")?.1.lines().next()?.trim();
        // Bit 14 is SIGTERM's, which is installed last of all.
        (u64::from_str_radix(mask, 16).ok()? & (1 << 14) != 0).then_some(())
    });
}

fn fifo(cli: &Cli, name: &str) -> String {
    let path = cli.path(name);
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    path.to_str().unwrap().to_owned()
}

fn import(cli: &Cli, rows: &str, container: &str) -> String {
    let file = cli.file("rows.txt", rows);
    let job = cli
        .run(&[
            "import",
            &file,
            "--container",
            container,
            "--no-wait",
            "-o",
            "json",
            "-q",
        ])
        .expect(0)
        .json();
    job["jobId"].as_str().unwrap().to_owned()
}

#[test]
#[cfg(target_os = "linux")]
fn a_read_that_blocks_heeds_the_time_limit_and_signals() {
    let cli = cli_of(closed_port());
    let pipe = fifo(&cli, "pipe");
    let twin = ["schedule", "twin", "--where", "*", "--yes", "--patch"];
    for arguments in [
        vec!["list", "--connection-string-file", "-"],
        vec!["list", "--connection-string-file", &pipe],
        vec!["list", "--ca-file", &pipe],
        vec!["export", "--container-file", "-"],
        vec!["doctor", "--container-file", &pipe],
        vec!["import", &pipe, "--container", "file:///none"],
        [&twin[..], &["-"]].concat(),
        [&twin[..], &[&pipe]].concat(),
    ] {
        let limited = [&arguments[..], &["--timeout", "300ms"]].concat();
        let (code, stderr) = ended(&mut cli.spawn(&limited));
        assert_eq!(code, Some(4), "{arguments:?}: {stderr}");
        let start = "error: timed out after 300ms";
        assert!(stderr.starts_with(start), "{arguments:?}: {stderr}");
        for signal in ["INT", "HUP"] {
            let mut child = cli.spawn(&arguments);
            until_it_handles_signals(&child);
            send(&child, signal);
            let (code, stderr) = ended(&mut child);
            assert_eq!(code, Some(130), "{arguments:?}: {stderr}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_hangup_that_was_told_to_be_ignored_is_ignored() {
    let hub = LocalHub::start(&["--job-delay", "500ms"]);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("c");
    let id = import(&cli, GOOD, &container);
    let own = cli.command(&["wait", &id]);
    let mut child = Command::new("nohup")
        .arg(own.get_program())
        .args(own.get_args())
        .envs(
            own.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    until_it_handles_signals(&child);
    send(&child, "HUP");
    let (code, stderr) = ended(&mut child);
    assert_eq!(code, Some(0), "{stderr}");
}

#[test]
#[cfg(target_os = "linux")]
fn rows_on_their_way_in_are_removed_when_the_import_is_stopped() {
    let cli = cli_of(closed_port());
    let temporary = cli.path("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let container = cli.container("c");
    let cli = cli.with("TMPDIR", temporary.to_str().unwrap());
    let kept = || std::fs::read_dir(&temporary).unwrap().flatten();
    for limit in [None, Some("2s")] {
        let mut arguments = vec!["import", "-", "--container", &container];
        arguments.extend(limit.iter().flat_map(|limit| ["--timeout", limit]));
        let mut child = cli.spawn(&arguments);
        let mut stdin = child.stdin.take().unwrap();
        let row = GOOD.repeat(10_000);
        stdin.write_all(row.as_bytes()).unwrap();
        if limit.is_none() {
            until("no row arrives", || {
                let has_rows =
                    |file: std::fs::DirEntry| file.metadata().is_ok_and(|it| it.len() > 0);
                kept().any(has_rows).then_some(())
            });
            send(&child, "TERM");
        }
        let (code, stderr) = ended(&mut child);
        assert_eq!(
            code,
            Some(if limit.is_none() { 130 } else { 4 }),
            "{stderr}"
        );
        assert_eq!(kept().count(), 0);
        drop(stdin);
    }
}

#[test]
#[cfg(unix)]
fn a_pipe_is_as_good_as_standard_input() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("c");
    let pipe = fifo(&cli, "pipe");
    for (rows, code) in [(GOOD, 0), ("only words", 2)] {
        let mut child = cli.spawn(&["import", &pipe, "--container", &container]);
        let (path, rows) = (pipe.clone(), rows.to_owned());
        // A writer that nobody reads from stays behind; the process ends with it.
        std::thread::spawn(move || drop(std::fs::write(path, rows)));
        let (ended, stderr) = ended(&mut child);
        assert_eq!(ended, Some(code), "{stderr}");
        if code == 2 {
            assert!(stderr.contains("pipe holds no device"), "{stderr}");
        }
    }
}

#[test]
fn wait_judges_a_scheduled_job_by_its_devices() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("c");
    let id = import(&cli, GOOD, &container);
    cli.run(&["wait", &id]).expect(0);
    cli.run(&[
        "schedule",
        "method",
        "--id",
        "m-1",
        "--where",
        "*",
        "--yes",
        "--name",
        "reboot",
        "--no-wait",
    ])
    .expect(0);
    let ran = cli.run(&["wait", "m-1", "-o", "json"]).expect(1);
    assert_eq!(ran.json()["status"], "completed");
    let told = "error: job m-1: the work failed on 1 of 1 devices\n";
    assert!(ran.stderr.ends_with(told), "{}", ran.stderr);
}

#[test]
fn wait_without_a_container_says_where_rejected_rows_stand() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("c");
    let id = import(&cli, MIXED, &container);
    let ran = cli.run(&["wait", &id]).expect(0);
    for part in ["importErrors.log", "--container-file", "were not looked at"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
}

#[test]
fn wait_with_the_container_finishes_an_import_as_import_does() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let (container, other) = (cli.container("c"), cli.container("other"));
    let id = import(&cli, MIXED, &container);
    let wait = ["wait", &id, "--container", &container];
    let ran = cli
        .run(&[&wait[..], &["-o", "json", "--rejects", "r.txt"]].concat())
        .expect(1);
    assert_eq!(ran.json()["rejectedCount"], 1);
    assert_eq!(ran.json()["rejected"][0]["deviceId"], "b");
    assert_eq!(cli.read("r.txt").lines().count(), 1);
    assert_eq!(mode(&cli.path("r.txt")), 0o600);
    // The variables serve too, and a container without a log is no sign that all went well.
    for name in ["IOTHUB_CONTAINER_URI", "IOTHUB_OUTPUT_CONTAINER_URI"] {
        let cli = Cli::for_hub(&hub).with(name, &container);
        let ran = cli.run(&["wait", &id]).expect(1);
        assert!(ran.stdout.contains("DeviceNotFound"), "{}", ran.stdout);
    }
    let ran = cli.run(&["wait", &id, "--container", &other]).expect(1);
    let told = format!("the result is unknown: there is no importErrors.log in {other}");
    assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    assert!(!ran.stderr.contains("no row was"), "{}", ran.stderr);
}

#[test]
fn wait_with_the_container_finishes_an_export_as_export_does() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("c");
    let id = import(&cli, GOOD, &container);
    cli.run(&["wait", &id]).expect(0);
    let job = cli
        .run(&[
            "export",
            "--container",
            &container,
            "--blob",
            "x/y.txt",
            "--no-wait",
            "-o",
            "json",
        ])
        .expect(0)
        .json();
    let id = job["jobId"].as_str().unwrap();
    let ran = cli
        .run(&[
            "wait",
            id,
            "--container",
            &container,
            "--blob",
            "x/y.txt",
            "--download",
            "-",
        ])
        .expect(0);
    assert_eq!(ran.json()["id"], "a");
    for (options, part) in [
        (vec!["--download", "o.txt"], "--container-file"),
        (
            vec!["--rejects", "r.txt", "--container", &container],
            "--rejects is for imports",
        ),
    ] {
        let ran = cli.run(&[&["wait", id], &options[..]].concat()).expect(2);
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
    }
}

#[test]
fn a_watch_that_is_stopped_names_its_job() {
    let hub = LocalHub::start(&["--job-delay", "20s"]);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("c");
    let id = import(&cli, GOOD, &container);
    let ran = cli
        .run(&["get", &id, "--watch", "--timeout", "3s"])
        .expect(4);
    let told = format!("error: timed out after 3s; job {id} goes on at the hub");
    assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    assert!(!ran.stderr.contains("looked for"), "{}", ran.stderr);
}

#[test]
fn a_job_that_was_not_followed_to_its_end_is_named_with_the_way_back() {
    let hub = LocalHub::that_fails(1000);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("c");
    let ran = cli.run(&["export", "--container", &container]).expect(4);
    let jobs = cli.run(&["list", "-o", "json", "-q"]).json();
    let id = jobs[0]["jobId"].as_str().unwrap();
    let hint = format!("hint: follow it: iothub-jobs wait {id}\n");
    assert!(ran.stderr.ends_with(&hint), "{}", ran.stderr);
}

#[test]
fn patience_waits_through_an_outage_and_tells_once_of_its_begin_and_its_end() {
    let hub = LocalHub::that_fails(11);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("c");
    let ran = cli
        .run(&["export", "--container", &container, "--patience", "10m"])
        .expect(0);
    for told in [
        "warning: still waiting for job ",
        "of which nothing is heard (the service failed, 503 ServiceUnavailable)",
        "the hub tells of job ",
    ] {
        let count = ran.stderr.matches(told).count();
        assert_eq!(count, 1, "{told}: {}", ran.stderr);
    }
}

#[test]
fn a_wait_that_is_stopped_during_an_outage_does_not_say_that_the_job_goes_on() {
    let hub = LocalHub::that_fails(100_000);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("c");
    let id = import(&cli, GOOD, &container);
    for command in [
        &["wait", &id, "-q"][..],
        &["wait", &id, "-q", "--container", &container],
    ] {
        let limits = ["--patience", "10m", "--timeout", "6s"];
        let ran = cli.run(&[command, &limits].concat()).expect(4);
        let told = format!(
            "error: timed out after 6s; job {id} may go on at the hub, of which nothing is heard (the service failed, 503 ServiceUnavailable)"
        );
        assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    }
}

#[test]
fn a_watch_has_patience_from_its_first_look() {
    let hub = LocalHub::that_fails(6);
    let cli = Cli::for_hub(&hub);
    let id = import(&cli, GOOD, &cli.container("c"));
    let ran = cli
        .run(&["get", &id, "--watch", "--patience", "10m", "-o", "json"])
        .expect(0);
    assert_eq!(ran.json()["status"], "completed");
}

#[test]
fn after_a_lost_create_it_is_said_what_to_do() {
    for (when, candidate) in [("afterWork", true), ("beforeWork", false)] {
        let cli = Cli::new();
        let rule = json!({"operation": "Jobs_CreateImportExportJob", "times": 1, "action": {"kind": "cut", "when": when}});
        let script = json!({"rules": [rule]}).to_string();
        let hub = LocalHub::start(&["--faults", &cli.file("faults.json", &script)]);
        let cli = Cli::for_hub(&hub);
        let container = cli.container("c");
        let ran = cli.run(&["export", "--container", &container]).expect(4);
        let jobs = cli.run(&["list", "-o", "json", "-q"]).json();
        let hint = if candidate {
            let id = jobs[0]["jobId"].as_str().unwrap();
            format!("hint: follow it: iothub-jobs wait {id}\n")
        } else {
            assert_eq!(jobs, json!([]));
            "hint: look with `iothub-jobs list` before starting it again\n".to_owned()
        };
        assert!(ran.stderr.contains(&hint), "{}", ran.stderr);
        assert!(!ran.stderr.contains("looked for"), "{}", ran.stderr);
    }
}

#[test]
fn a_demo_that_is_stopped_speaks_of_no_hub_that_goes_on() {
    let cli = Cli::new();
    let mut child = cli.spawn(&["demo", "--devices", "50000", "-o", "json"]);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("created job") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0);
    }
    send(&child, "INT");
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(rest.ends_with("error: interrupted\n"), "{rest}");
}

#[test]
fn a_mask_is_the_same_wherever_a_signature_stood() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let blobs = crate::blobs::Blobs::start();
    let uri = cli.file("container.uri", &blobs.signed_uri());
    let ran = cli
        .run(&[
            "export",
            "--container-file",
            &uri,
            "--no-wait",
            "-o",
            "json",
        ])
        .expect(0);
    let of_job: Value = ran.json()["outputBlobContainerUri"].clone();
    assert!(
        of_job.as_str().unwrap().ends_with("&sig=[redacted]"),
        "{of_job}"
    );
}
