//! A standard output that the caller closed, as by `>&-`: one rule for every command that prints there.

use std::process::Stdio;

use crate::harness::{Cli, LocalHub};

const ROWS: &str = "{\"id\":\"a\",\"status\":\"enabled\"}\n{\"id\":\"b\",\"status\":\"enabled\"}\n";
const TOLD: &str = "error: cannot write to standard output: it is closed\n";

/// Runs a command whose standard output is closed.
fn run_closed(cli: &Cli, arguments: &[&str]) -> (i32, String) {
    let program = cli.command(arguments);
    let mut script = std::process::Command::new("/bin/sh");
    script
        .args(["-c", r#"exec "$0" "$@" >&-"#])
        .arg(program.get_program())
        .args(arguments)
        .env_clear()
        .envs(
            program
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(cli.path(""));
    let output = script.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap_or(-1), said)
}

#[test]
fn whatever_prints_on_a_closed_standard_output_fails_with_one_sentence() {
    let cli = Cli::new();
    cli.file("d.txt", ROWS);
    cli.file("bad.txt", &format!("{ROWS}{{\n"));
    cli.file("other.txt", "{\"id\":\"a\",\"status\":\"enabled\"}\n");
    for arguments in [
        &["devices", "stats", "d.txt"][..],
        &["devices", "stats", "d.txt", "-o", "json"],
        &["devices", "check", "bad.txt"],
        &["devices", "check", "bad.txt", "--all"],
        &["devices", "check", "d.txt", "-o", "json"],
        &["devices", "diff", "d.txt", "other.txt"],
        &["devices", "diff", "d.txt", "d.txt", "-o", "jsonl"],
        &["devices", "filter", "d.txt", "--where", "true"],
        &[
            "devices", "filter", "d.txt", "--where", "true", "--out", "o",
        ],
        &[
            "devices",
            "set-mode",
            "other.txt",
            "delete",
            "--out",
            "other.txt",
        ],
        &[
            "devices",
            "split",
            "d.txt",
            "--rows",
            "1",
            "--out-dir",
            "parts",
        ],
        &["devices", "generate", "--count", "1", "--out", "o"],
        &["--help"],
        &["--version"],
        &["schema"],
        &["man"],
        &["completions", "bash"],
        &["emulator"],
        &["doctor"],
        &["demo"],
    ] {
        let (code, said) = run_closed(&cli, arguments);
        assert_eq!(code, 2, "{arguments:?}: {said}");
        assert!(said.ends_with(TOLD), "{arguments:?}: {said}");
        assert!(!cli.path("o").exists() && !cli.path("parts").exists());
        assert_eq!(
            cli.read("other.txt"),
            ROWS.lines().next().unwrap().to_owned() + "\n"
        );
    }
    // What prints nothing there does not need it.
    for arguments in [
        &["devices", "diff", "d.txt", "d.txt"][..],
        &["devices", "check", "d.txt"],
    ] {
        let (code, said) = run_closed(&cli, arguments);
        assert_eq!(code, 0, "{arguments:?}: {said}");
    }
}

#[test]
fn nothing_changes_on_a_hub_when_standard_output_is_closed() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    cli.file("d.txt", ROWS);
    let container = cli.container("c");
    let jobs = || cli.run(&["list", "-o", "json"]).expect(0).json();
    for arguments in [
        &["list"][..],
        &["get", "any"],
        &["wait", "any"],
        &["cancel", "any"],
        &["import", "d.txt", "--container", &container, "--yes"],
        &["export", "--container", &container],
        &["schedule", "twin", "--where", "*", "--tag", "a=b", "--yes"],
        &[
            "schedule", "method", "--name", "reboot", "--where", "*", "--yes",
        ],
    ] {
        let (code, said) = run_closed(&cli, arguments);
        assert_eq!((code, &*said), (2, TOLD), "{arguments:?}");
        assert_eq!(jobs(), serde_json::json!([]), "{arguments:?}");
    }
    assert_eq!(std::fs::read_dir(cli.path("c")).unwrap().count(), 0);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let cli = Cli::new();
    cli.file("d.txt", ROWS);
    let mut child = cli.spawn(&["devices", "stats", "d.txt"]);
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &*said), (Some(0), ""));
}
