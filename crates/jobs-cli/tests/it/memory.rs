//! How much memory the program has at most, as the system counts it. The library's own tests cannot see what a command holds.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::harness::Cli;

/// Most memory of all commands but the ones below.
const MOST: u64 = 64 << 10;
/// Most memory of `diff`, `anonymise` and `merge`.
const MOST_OF_SORTING: u64 = 256 << 10;

/// The most KiB of memory that a process had, asked until it ends: the number only grows.
fn peak(mut child: Child) -> (u64, i32) {
    let status = format!("/proc/{}/status", child.id());
    let (ended, end) = mpsc::channel();
    let waits = std::thread::spawn(move || {
        let code = child.wait().unwrap().code();
        let _ = ended.send(());
        code.unwrap_or(-1)
    });
    let mut peak = 0;
    while end.recv_timeout(Duration::from_millis(1)) == Err(mpsc::RecvTimeoutError::Timeout) {
        let found = std::fs::read_to_string(&status).unwrap_or_default();
        let line = found.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
        peak = peak.max(number.unwrap_or(0));
    }
    (peak, waits.join().unwrap())
}

/// Runs a command with its output in files, and fails when it had more memory.
#[track_caller]
fn expect_within(most: u64, cli: &Cli, arguments: &[&str], code: i32) {
    let output = |name: &str| Stdio::from(File::create(cli.path(name)).unwrap());
    let child = cli
        .command(arguments)
        .stdin(Stdio::null())
        .stdout(output("stdout"))
        .stderr(output("stderr"))
        .spawn()
        .unwrap();
    let (peak, ended) = peak(child);
    assert_eq!(ended, code, "{arguments:?}: {}", cli.read("stderr"));
    // A process that was asked too late would pass.
    assert!(peak > 4 << 10, "{arguments:?}: {peak} KiB");
    assert!(peak <= most, "{arguments:?}: {peak} KiB, not {most}");
}

/// Writes a file of many lines.
fn lines(cli: &Cli, name: &str, count: u64, mut line: impl FnMut(u64, &mut String)) {
    let mut file = BufWriter::new(File::create(cli.path(name)).unwrap());
    let mut text = String::new();
    for number in 0..count {
        text.clear();
        line(number, &mut text);
        writeln!(file, "{text}").unwrap();
    }
    file.flush().unwrap();
}

fn rows(cli: &Cli, name: &str, count: u64, status: &str) {
    lines(cli, name, count, |number, line| {
        write!(line, r#"{{"id":"device-{number:07}","status":"{status}"}}"#).unwrap();
    });
}

#[test]
fn differences_are_not_held() {
    let cli = Cli::new();
    rows(&cli, "a", 200_000, "enabled");
    rows(&cli, "b", 200_000, "disabled");
    let arguments = ["devices", "diff", "a", "b", "-o", "json"];
    expect_within(MOST_OF_SORTING, &cli, &arguments, 1);
    let printed = cli.read("stdout");
    assert_eq!(printed.matches(r#""fields""#).count(), 200_000);
    assert!(printed.starts_with("{\n  \"added\": [],\n  \"changed\": [\n    {\n"));
    assert!(printed.ends_with("\n  \"unchanged\": 0\n}\n"));
}

#[test]
fn a_document_of_differences_is_the_same_in_both_forms() {
    let cli = Cli::new();
    let file = |name, ids: &[&str], status| {
        let rows = ids
            .iter()
            .map(|id| format!("{{\"id\":\"{id}\",\"status\":\"{status}\"}}\n"));
        cli.file(name, &rows.collect::<String>())
    };
    let before = file("before", &["a", "b", "c", "d"], "enabled");
    let after = file("after", &["c", "d", "e", "f"], "disabled");
    let ran = |format| cli.run(&["devices", "diff", &before, &after, "-o", format]);
    let (long, short) = (ran("json").expect(1), ran("jsonl").expect(1));
    let report = long.json();
    assert_eq!(report, short.json());
    assert_eq!(long.stdout, format!("{report:#}\n"));
    assert_eq!(short.stdout, format!("{report}\n"));
    for list in ["added", "removed", "changed"] {
        assert_eq!(report[list].as_array().unwrap().len(), 2, "{list}");
    }
    let ran = cli.run(&["devices", "diff", &before, &before, "-o", "json"]);
    let ran = ran.expect(0);
    assert_eq!(ran.stdout, format!("{:#}\n", ran.json()));
}

#[test]
fn findings_are_not_held() {
    let cli = Cli::new();
    let bad = |number, line: &mut String| match number {
        0 => line.push_str(r#"{"id":"a","status":"enabled"}"#),
        _ => line.push('{'),
    };
    lines(&cli, "bad", 250_000, bad);
    let arguments = ["devices", "check", "bad", "-o", "json"];
    expect_within(MOST, &cli, &arguments, 1);
    assert_eq!(cli.read("stdout").matches(r#""rule""#).count(), 249_999);
    expect_within(MOST, &cli, &["devices", "check", "bad", "--all"], 1);
}
