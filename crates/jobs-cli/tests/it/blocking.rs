//! Every argument that names a file, with files that block, never end, or are not files: a signal and the time limit always work.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Cli, cli_of, closed_port, send};

/// What a command does with the file that an argument names.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    /// Reads it as a small input, which has a limit.
    Small,
    /// Reads it as a device file of any size.
    Rows,
    /// Writes it.
    Write,
}

/// Every argument that names a file. `@` stands for that file, `rows.txt` and `key` are there.
const ARGUMENTS: [(&str, Use, &[&str]); 27] = [
    ("FILE", Use::Rows, &["devices", "stats", "@"]),
    ("FILE", Use::Rows, &["devices", "check", "@"]),
    (
        "FILE",
        Use::Rows,
        &["devices", "filter", "@", "--where", "id = 'a'"],
    ),
    ("FILE", Use::Rows, &["devices", "set-mode", "@", "delete"]),
    ("FILE", Use::Rows, &["devices", "prepare-import", "@"]),
    ("FILE", Use::Rows, &["devices", "split", "@", "--rows", "9"]),
    ("FILE", Use::Rows, &["devices", "merge", "rows.txt", "@"]),
    ("A", Use::Rows, &["devices", "diff", "@", "rows.txt"]),
    ("B", Use::Rows, &["devices", "diff", "rows.txt", "@"]),
    (
        "FILE",
        Use::Rows,
        &["devices", "convert", "@", "--to", "csv"],
    ),
    (
        "FILE",
        Use::Rows,
        &["devices", "anonymise", "@", "--key-file", "key"],
    ),
    (
        "FILE",
        Use::Rows,
        &["import", "@", "--container", "file:///none"],
    ),
    (
        "--key-file",
        Use::Small,
        &["devices", "anonymise", "rows.txt", "--key-file", "@"],
    ),
    (
        "--template",
        Use::Small,
        &["devices", "generate", "--count", "1", "--template", "@"],
    ),
    ("--faults", Use::Small, &["emulator", "--faults", "@"]),
    ("--ca-file", Use::Small, &["list", "--ca-file", "@"]),
    (
        "--patch",
        Use::Small,
        &["schedule", "twin", "--where", "*", "--patch", "@"],
    ),
    (
        "--payload-file",
        Use::Small,
        &[
            "schedule",
            "method",
            "--where",
            "*",
            "--name",
            "m",
            "--payload-file",
            "@",
        ],
    ),
    (
        "--connection-string-file",
        Use::Small,
        &["list", "--connection-string-file", "@"],
    ),
    (
        "--container-file",
        Use::Small,
        &["export", "--container-file", "@"],
    ),
    (
        "--output-container-file",
        Use::Small,
        &[
            "import",
            "rows.txt",
            "--container",
            "file:///none",
            "--output-container-file",
            "@",
        ],
    ),
    (
        "--container-file",
        Use::Small,
        &["doctor", "--container-file", "@"],
    ),
    (
        "--out",
        Use::Write,
        &["devices", "set-mode", "rows.txt", "delete", "--out", "@"],
    ),
    (
        "--rejects",
        Use::Write,
        &[
            "devices",
            "set-mode",
            "rows.txt",
            "delete",
            "--rejects",
            "@",
        ],
    ),
    (
        "--system-modules",
        Use::Write,
        &[
            "devices",
            "prepare-import",
            "rows.txt",
            "--system-modules",
            "@",
        ],
    ),
    (
        "--rejects",
        Use::Write,
        &[
            "import",
            "rows.txt",
            "--container",
            "file:///none",
            "--rejects",
            "@",
        ],
    ),
    (
        "--download",
        Use::Write,
        &["export", "--container", "file:///none", "--download", "@"],
    ),
];

struct Case {
    cli: Cli,
    name: String,
    arguments: Vec<String>,
}

impl Case {
    fn new(file: &str, option: &str, arguments: &[&str]) -> Self {
        let cli = cli_of(closed_port());
        cli.file("rows.txt", "{\"id\":\"a\",\"status\":\"enabled\"}\n");
        cli.file("key", "secret");
        std::fs::create_dir(cli.path("folder")).unwrap();
        let pipe = Command::new("mkfifo").arg(cli.path("pipe")).status();
        assert!(pipe.unwrap().success());
        let arguments = arguments.iter().map(|argument| argument.replace('@', file));
        let arguments: Vec<String> = arguments.collect();
        Self {
            cli,
            name: format!("{option} in {}", arguments.join(" ")),
            arguments,
        }
    }

    fn start(&self, more: &[&str]) -> Child {
        let mut arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        arguments.extend(more);
        self.cli.spawn(&arguments)
    }

    /// Waits for the end of the command, which must come within a time that any machine keeps.
    fn end(&self, mut child: Child) -> (Option<i32>, String) {
        let started = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if started.elapsed() > Duration::from_secs(30) {
                child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut stderr = String::new();
        let mut stream = child.stderr.take().unwrap();
        stream.read_to_string(&mut stderr).unwrap();
        (child.wait().unwrap().code(), stderr)
    }

    fn expect_stopped_by_limit_and_signal(&self) {
        let (code, stderr) = self.end(self.start(&["--timeout", "300ms"]));
        assert_eq!(code, Some(4), "{}: {stderr}", self.name);
        assert!(
            stderr.contains("timed out after 300ms"),
            "{}: {stderr}",
            self.name
        );
        let child = self.start(&[]);
        until_it_handles_signals(&child);
        send(&child, "INT");
        let (code, stderr) = self.end(child);
        assert_eq!(code, Some(130), "{}: {stderr}", self.name);
        assert!(
            stderr.contains("error: interrupted"),
            "{}: {stderr}",
            self.name
        );
        self.expect_nothing_left();
    }

    fn expect_usage(&self, parts: &[&str]) {
        let (code, stderr) = self.end(self.start(&["--timeout", "20s"]));
        assert_eq!(code, Some(2), "{}: {stderr}", self.name);
        for part in parts {
            assert!(stderr.contains(part), "{}: {part} in {stderr}", self.name);
        }
        self.expect_nothing_left();
    }

    /// No temporary file is left, whatever the command was doing.
    fn expect_nothing_left(&self) {
        let entries = std::fs::read_dir(self.cli.path(".")).unwrap();
        for entry in entries {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(!name.starts_with('.'), "{}: {name} is left", self.name);
        }
    }
}

/// Waits until a process has handlers for its signals.
fn until_it_handles_signals(child: &Child) {
    let started = Instant::now();
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let mask = status
            .lines()
            .find_map(|line| line.strip_prefix("SigCgt:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        // The handler of SIGTERM, signal 15, is installed last.
        if mask.is_some_and(|mask| mask & 1 << 14 != 0) {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "no handler");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// One case after the other on each of a few threads: they mostly wait.
fn each(cases: Vec<Case>, test: impl Fn(&Case) + Sync) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) =
                    cases.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                {
                    test(case);
                }
            });
        }
    });
}

fn cases(file: &str, wanted: impl Fn(Use) -> bool) -> Vec<Case> {
    ARGUMENTS
        .iter()
        .filter(|(_, purpose, _)| wanted(*purpose))
        .map(|(option, _, arguments)| Case::new(file, option, arguments))
        .collect()
}

#[test]
fn a_fifo_that_nobody_opens_delays_neither_the_limit_nor_a_signal() {
    each(
        cases("pipe", |_| true),
        Case::expect_stopped_by_limit_and_signal,
    );
}

#[test]
fn a_small_input_has_a_limit() {
    each(
        cases("/dev/zero", |purpose| purpose == Use::Small),
        |case| {
            case.expect_usage(&["which is the limit", "/dev/zero"]);
        },
    );
}

#[test]
fn a_folder_is_not_a_file() {
    each(cases("folder", |_| true), |case| {
        case.expect_usage(&["folder"])
    });
}

#[test]
fn a_missing_file_is_named() {
    each(cases("missing/none", |_| true), |case| {
        case.expect_usage(&["missing"]);
    });
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    let locked = |purpose: Use| {
        let cases = cases("locked", |found| found == purpose);
        for case in &cases {
            let path = case.cli.file("locked", "x");
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o000)).unwrap();
        }
        cases
    };
    let probe = locked(Use::Small).remove(0);
    if std::fs::read(probe.cli.path("locked")).is_ok() {
        // Root reads everything.
        return;
    }
    for purpose in [Use::Small, Use::Rows] {
        each(locked(purpose), |case| {
            case.expect_usage(&["locked", "permission denied"])
        });
    }
}

#[test]
fn a_device_file_without_an_end_delays_neither_the_limit_nor_a_signal() {
    // Rows for ever, from a writer that ends with the command.
    for arguments in [
        &["devices", "stats", "-"][..],
        &[
            "devices", "convert", "-", "--from", "csv", "--to", "jsonl", "--out", "out.txt",
        ],
    ] {
        for (signal, code) in [(true, 130), (false, 4)] {
            let case = Case::new("", "FILE", arguments);
            let mut rows = Command::new("yes")
                .arg("id,status")
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut command = case.cli.command(arguments);
            if !signal {
                command.args(["--timeout", "300ms"]);
            }
            let child = command
                .stdin(rows.stdout.take().unwrap())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            drop(command);
            if signal {
                until_it_handles_signals(&child);
                send(&child, "INT");
            }
            let (found, stderr) = case.end(child);
            rows.kill().unwrap();
            rows.wait().unwrap();
            assert_eq!(found, Some(code), "{}: {stderr}", case.name);
            case.expect_nothing_left();
        }
    }
}

/// A pipe that is full, so that whoever writes into it waits; with the end to read from.
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    let filling = writer.try_clone().unwrap();
    // Linux pipes hold 64 KiB unless the system is configured otherwise; the thread waits for as long as the pipe is open.
    std::thread::spawn(move || (&filling).write_all(&vec![b'.'; 1 << 20]));
    (reader, writer)
}

#[test]
fn a_standard_error_that_nobody_reads_delays_neither_the_limit_nor_a_signal() {
    // The first fails at once, the second has notes to write, the third goes on until it is stopped.
    for arguments in [
        &["devices", "stats", "missing"][..],
        &["get", "some-job"],
        &["emulator", "--listen", "0.0.0.0:0"],
    ] {
        for limit in [None, Some("700ms")] {
            let case = Case::new("", "standard error", arguments);
            let (_reader, writer) = full_pipe();
            let mut command = case.cli.command(arguments);
            command.stdout(Stdio::null()).stderr(writer);
            if let Some(limit) = limit {
                command.args(["--timeout", limit]);
            }
            let mut child = command.spawn().unwrap();
            let started = Instant::now();
            if limit.is_none() {
                until_it_handles_signals(&child);
            }
            while child.try_wait().unwrap().is_none() {
                if limit.is_none() {
                    send(&child, "INT");
                }
                assert!(
                    started.elapsed() < Duration::from_secs(40),
                    "{} goes on",
                    case.name
                );
                std::thread::sleep(Duration::from_millis(100));
            }
            case.expect_nothing_left();
        }
    }
}
