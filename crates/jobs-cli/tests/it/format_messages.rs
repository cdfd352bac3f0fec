//! What commands say of files of other formats: hints that work, and why a conversion gave no row.

use std::process::Command;

use crate::formats::{ROWS, forms};
use crate::harness::Cli;

#[test]
fn the_state_of_a_hub_becomes_rows_of_devices_and_modules_and_the_hint_says_what_is_lost() {
    let cli = Cli::new();
    let state = r#"{"devices":{"a":{"identity":{"status":"enabled"},"modules":{"m":{"identity":{},"twin":{}}},"parent":"p"}}}"#;
    cli.file("state.json", state);
    let ran = cli.run(&["devices", "stats", "state.json"]).expect(2);
    assert!(ran.stderr.contains("parents of devices"), "{}", ran.stderr);
    let (_, hint) = ran.stderr.split_once(": `").unwrap();
    let (tool, _) = hint.split_once(" | iothub-jobs").unwrap();
    let output = Command::new("sh")
        .args(["-c", tool])
        .current_dir(cli.path(""))
        .output()
        .unwrap();
    if Command::new("jq").arg("--version").output().is_err() {
        return;
    }
    let rows = String::from_utf8_lossy(&output.stdout);
    assert_eq!(rows.lines().count(), 2, "{tool}: {rows}");
    assert!(rows.contains(r#""id":"a","moduleId":"m""#), "{rows}");
}

#[test]
fn convert_says_why_no_row_came_out() {
    let cli = Cli::new();
    for (file, content, reason) in [
        (
            "few.csv",
            "id,status\na\nb\n",
            "line 2: 1 cells where the header has 2 columns (the first of 2",
        ),
        (
            "type.csv",
            "id,iotEdge\na,maybe\n",
            "line 2: column `iotEdge`: expected true or false",
        ),
        ("header.csv", "id,status\n", "a header and nothing below it"),
        ("empty.json", "[]\n", "the array is empty"),
        ("wrong.json", "[{\"id\":1}]\n", "line 1: "),
    ] {
        cli.file(file, content);
        let ran = cli
            .run(&[
                "devices",
                "convert",
                file,
                "--to",
                "jsonl",
                "--out",
                "target.txt",
            ])
            .expect(2);
        let last = ran.stderr.lines().last().unwrap();
        assert!(last.contains(reason), "{}", ran.stderr);
        assert!(!last.contains("hint"), "{}", ran.stderr);
        assert!(!cli.path("target.txt").exists());
    }
    // A table without a column for the id needs names, or a mapping, and the hint says so.
    cli.file("bare.csv", "a,enabled\nb,disabled\n");
    let ran = cli.run(&["devices", "stats", "bare.csv"]).expect(2);
    assert!(
        ran.stderr.contains("without a column `id`"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("--columns"), "{}", ran.stderr);
}

#[test]
fn the_sentence_about_a_format_comes_without_the_lines() {
    let cli = Cli::new();
    cli.file("rows.txt", ROWS);
    for form in forms() {
        std::fs::write(cli.path(form.file), &form.bytes).unwrap();
        let commands = [
            &["set-mode", form.file, "delete"][..],
            &["filter", form.file, "--where", "true"],
            &["merge", "rows.txt", form.file],
            &["split", form.file, "--rows", "1"],
            &["prepare-import", form.file],
            &["diff", "rows.txt", form.file],
        ];
        for command in commands {
            let ran = cli.run(&[&["devices"][..], command].concat()).expect(2);
            let said = ran.stderr.lines().count();
            assert!(
                said == 2 && !ran.stderr.contains("PLANTED"),
                "{}: {}",
                form.file,
                ran.stderr
            );
        }
    }
}
