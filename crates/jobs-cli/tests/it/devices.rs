//! Device files on the command line: flags, members, exit codes.

use serde_json::{Value, json};

use crate::harness::{Cli, mode};

const FLEET: &str = "Keys are left out of this export.\n\
    {\"id\":\"a\",\"eTag\":\"MQ==\",\"status\":\"enabled\",\"tags\":{\"site\":\"köln\"}}\n\
    {\"id\":\"b\",\"status\":\"disabled\",\"tags\":{\"site\":\"rom\"}}\n\
    {\"id\":\"b\",\"moduleId\":\"m\",\"status\":\"enabled\"}\n";

#[test]
fn filter_keeps_rows_by_a_condition() {
    let cli = Cli::new();
    let file = cli.file("fleet.txt", FLEET);
    let ran = cli
        .run(&[
            "devices",
            "filter",
            &file,
            "--where",
            "tags.site IN ['köln','x'] AND status = 'enabled'",
        ])
        .expect(0);
    assert_eq!(
        ran.stdout,
        "{\"id\":\"a\",\"eTag\":\"MQ==\",\"status\":\"enabled\",\"tags\":{\"site\":\"köln\"}}\n"
    );
    let ran = cli
        .run(&["devices", "filter", &file, "--where", "status = "])
        .expect(2);
    assert!(ran.stderr.contains("--where"), "{}", ran.stderr);
}

#[test]
fn the_report_goes_where_the_data_does_not() {
    let cli = Cli::new();
    let file = cli.file("fleet.txt", FLEET);
    let condition = ["devices", "filter", &file, "--where", "status = 'enabled'"];
    let ran = cli.run(&condition).expect(0);
    assert!(ran.stderr.contains("filter: "), "{}", ran.stderr);
    let out = cli.path("out.txt");
    let arguments: Vec<&str> = condition
        .iter()
        .copied()
        .chain(["--out", out.to_str().unwrap(), "-o", "json", "-q"])
        .collect();
    let report = cli.run(&arguments).expect(0).json();
    assert_eq!(
        (&report["rows"], &report["written"], &report["notices"]),
        (&json!(3), &json!(2), &json!(1))
    );
    assert_eq!(cli.read("out.txt").lines().count(), 2);
    assert_eq!(mode(&out), 0o600);
}

#[test]
fn lines_that_are_lost_make_the_command_fail_and_are_kept() {
    let cli = Cli::new();
    let file = cli.file("fleet.txt", &format!("{FLEET}{{\"id\":\n"));
    let ran = cli
        .run(&[
            "devices",
            "filter",
            &file,
            "--where",
            "true",
            "--rejects",
            "bad.txt",
        ])
        .expect(1);
    assert_eq!(ran.stdout.lines().count(), 3);
    assert!(ran.stderr.contains("line 5"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("error: 1 line was not taken over"),
        "{}",
        ran.stderr
    );
    assert_eq!(cli.read("bad.txt"), "{\"id\":\n");
}

#[test]
fn a_file_goes_through_standard_input_and_output() {
    let cli = Cli::new();
    let ran = cli
        .run_with(&["devices", "set-mode", "-", "DELETE"], FLEET)
        .expect(0);
    for line in ran.stdout.lines() {
        assert_eq!(
            serde_json::from_str::<Value>(line).unwrap()["importMode"],
            "delete"
        );
    }
    assert_eq!(ran.stdout.lines().count(), 3);
}

#[test]
fn diff_names_what_differs() {
    let cli = Cli::new();
    let before = cli.file("a.txt", FLEET);
    let after = cli.file(
        "b.txt",
        "{\"tags\":{\"site\":\"k\\u00f6ln\"},\"status\":\"enabled\",\"id\":\"a\",\"eTag\":\"Mg==\"}\n\
         {\"id\":\"b\",\"status\":\"enabled\",\"tags\":{\"site\":\"rom\"}}\n\
         {\"id\":\"c\",\"status\":\"enabled\"}\n",
    );
    let report = cli
        .run(&["devices", "diff", &before, &after, "-o", "json"])
        .expect(1)
        .json();
    assert_eq!(report["added"], json!([{"id": "c"}]));
    assert_eq!(report["removed"], json!([{"id": "b", "moduleId": "m"}]));
    assert_eq!(
        report["changed"],
        json!([{"id": "b", "fields": ["status"]}])
    );
    let ran = cli.run(&["devices", "diff", &before, &before]).expect(0);
    assert_eq!(ran.stdout, "");
    let report = cli
        .run(&[
            "devices",
            "diff",
            &before,
            &after,
            "--with-etags",
            "-o",
            "json",
        ])
        .expect(1)
        .json();
    assert_eq!(report["changed"][0], json!({"id": "a", "fields": ["eTag"]}));
    insta::assert_snapshot!(cli.run(&["devices", "diff", &before, &after]).snapshot(), @r"
    exit code: 1
    ----- stdout
    - b/m
    + c
    ~ b  status
    ----- stderr
    [HOME]/a.txt, line 1: Keys are left out of this export. (a notice, no row)
    1 added, 1 removed, 1 changed, 1 the same
    ");
}

#[test]
fn lines_in_a_file_called_json_are_read_as_lines() {
    let cli = Cli::new();
    let rows = "{\"id\":\"a\"}\n{\"id\":\"b\"}\n";
    let lines = cli.file("fleet.json", rows);
    let ran = cli
        .run(&["devices", "convert", &lines, "--to", "jsonl"])
        .expect(0);
    assert_eq!(ran.stdout, rows);
    let array = cli.file("array.json", "[{\"id\":\"a\"},{\"id\":\"b\"}]");
    let ran = cli
        .run(&["devices", "convert", &array, "--to", "jsonl"])
        .expect(0);
    assert_eq!(ran.stdout, rows);
    let words = cli.file("words.json", "hello");
    cli.run(&["devices", "convert", &words, "--to", "jsonl"])
        .expect(2);
}

#[test]
fn convert_goes_to_a_table_and_back() {
    let cli = Cli::new();
    let file = cli.file("fleet.txt", FLEET);
    let csv = cli
        .run(&[
            "devices",
            "convert",
            &file,
            "--to",
            "csv",
            "--columns",
            "id,site=tags.site,status",
            "-q",
        ])
        .expect(0)
        .stdout;
    assert_eq!(csv.lines().next(), Some("id,site,status"));
    assert_eq!(csv.lines().nth(1), Some("a,köln,enabled"));
    let json = cli
        .run(&["devices", "convert", &file, "--to", "json", "-q"])
        .expect(0)
        .json();
    assert_eq!(json.as_array().unwrap().len(), 3);
    let all = cli
        .run(&["devices", "convert", &file, "--to", "tsv", "-q"])
        .expect(0)
        .stdout;
    let back = cli
        .run_with(&["devices", "convert", "-", "--to", "jsonl", "-q"], &all)
        .expect(0)
        .stdout;
    let rows = FLEET.split_once('\n').unwrap().1;
    assert_eq!(back, rows);
    let ran = cli
        .run(&[
            "devices",
            "convert",
            &file,
            "--to",
            "csv",
            "--columns",
            "id,nonsense.path",
        ])
        .expect(2);
    assert!(
        ran.stderr.contains("--columns") && ran.stderr.contains("nonsense"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_parquet_file_is_written() {
    let cli = Cli::new();
    let file = cli.file("fleet.txt", FLEET);
    let out = cli.path("fleet.parquet");
    cli.run(&[
        "devices",
        "convert",
        &file,
        "--to",
        "parquet",
        "--out",
        out.to_str().unwrap(),
    ])
    .expect(0);
    let bytes = std::fs::read(out).unwrap();
    assert_eq!(
        (&bytes[..4], &bytes[bytes.len() - 4..]),
        (b"PAR1".as_slice(), b"PAR1".as_slice())
    );
}

#[test]
fn parts_are_split_off_and_merged_again() {
    let cli = Cli::new();
    let file = cli.file("fleet.txt", FLEET);
    let ran = cli
        .run(&[
            "devices",
            "split",
            &file,
            "--rows",
            "2",
            "--out-dir",
            "parts",
            "-o",
            "json",
        ])
        .expect(0);
    assert_eq!(ran.json()["files"].as_array().unwrap().len(), 2);
    let parts = ["parts/fleet-0001.txt", "parts/fleet-0002.txt"];
    assert_eq!(parts.map(|part| cli.read(part).lines().count()), [2, 1]);
    let merged = cli
        .run(&["devices", "merge", parts[0], parts[1], parts[0], "-q"])
        .expect(0)
        .stdout;
    assert_eq!(merged.lines().count(), 3);
}

#[test]
fn an_exported_file_is_made_importable() {
    let cli = Cli::new();
    let export = "{\"id\":\"e\",\"eTag\":\"MQ==\",\"status\":\"enabled\",\"authentication\":null,\"capabilities\":{\"iotEdge\":true}}\n\
                  {\"id\":\"e\",\"moduleId\":\"$edgeAgent\",\"status\":\"enabled\",\"authentication\":null}\n";
    let file = cli.file("export.txt", export);
    let ran = cli.run(&["devices", "prepare-import", &file]).expect(0);
    assert_eq!(
        ran.stderr.matches("the hub makes new keys").count(),
        1,
        "{}",
        ran.stderr
    );
    let arguments = [
        "devices",
        "prepare-import",
        &file,
        "--regenerate-keys",
        "--system-modules",
        "aside.txt",
        "-q",
    ];
    let ran = cli.run(&arguments).expect(0);
    assert_eq!(ran.stdout.lines().count(), 1);
    assert!(cli.read("aside.txt").contains("$edgeAgent"));
}

#[test]
fn generated_files_are_the_same_for_the_same_seed() {
    let cli = Cli::new();
    let make = |seed| {
        cli.run(&["devices", "generate", "--count", "50", "--seed", seed, "-q"])
            .expect(0)
            .stdout
    };
    assert_eq!(make("7"), make("7"));
    assert_ne!(make("7"), make("8"));
    assert_eq!(make("7").lines().count(), 50);
}

#[test]
fn anonymised_files_keep_their_links_and_lose_their_names() {
    let cli = Cli::new();
    let file = cli.file("fleet.txt", FLEET);
    let key = cli.file("key", "a secret of this test");
    let ran = cli
        .run(&["devices", "anonymise", &file, "--key-file", &key, "-q"])
        .expect(0);
    assert!(!ran.stdout.contains("köln"), "{}", ran.stdout);
    let ids: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone())
        .collect();
    assert_eq!(ids[1], ids[2]);
    assert_ne!(ids[0], json!("a"));
    let ran = cli
        .run(&["devices", "anonymise", &file, "--key-file", "none"])
        .expect(2);
    assert!(ran.stderr.contains("none"), "{}", ran.stderr);
}

#[test]
fn missing_files_are_named() {
    let cli = Cli::new();
    for arguments in [
        vec!["devices", "filter", "none.txt", "--where", "true"],
        vec!["devices", "diff", "none.txt", "none.txt"],
        vec!["devices", "merge", "none.txt"],
        vec!["devices", "convert", "none.txt", "--to", "csv"],
    ] {
        let ran = cli.run(&arguments).expect(2);
        assert!(
            ran.stderr.contains("none.txt: no such file"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn a_closed_pipe_ends_a_long_command_quietly() {
    let cli = Cli::new();
    let mut child = cli.spawn(&["devices", "generate", "--count", "100000"]);
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_command_leaves_no_partial_file() {
    let cli = Cli::new();
    let child = cli.spawn(&[
        "devices",
        "generate",
        "--count",
        "100000000",
        "--out",
        "big.txt",
    ]);
    // Its temporary file tells that it is at work.
    while std::fs::read_dir(cli.path("")).unwrap().count() == 0 {
        std::thread::yield_now();
    }
    crate::harness::send(&child, "INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(130),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(std::fs::read_dir(cli.path("")).unwrap().count(), 0);
}

#[test]
fn stats_count_several_files_and_bad_lines_are_no_failure() {
    let cli = Cli::new();
    let first = cli.file("a.txt", FLEET);
    let second = cli.file(
        "b.txt",
        "{\"id\":\"a\",\"status\":\"enabled\",\"capabilities\":{\"iotEdge\":true}}\n{\"id\":\n",
    );
    let report = cli
        .run(&["devices", "stats", &first, &second, "-o", "json"])
        .expect(0)
        .json();
    let bytes = cli.read("a.txt").len() + cli.read("b.txt").len();
    for (member, count) in [
        ("rows", 4),
        ("devices", 3),
        ("modules", 1),
        ("notices", 1),
        ("badLines", 1),
        ("edge", 1),
        ("withTags", 2),
        ("duplicates", 1),
        ("bytes", bytes),
    ] {
        assert_eq!(report[member], json!(count), "{member}: {report}");
    }
    assert_eq!(report["byStatus"], json!({"enabled": 3, "disabled": 1}));
    assert!(report["byAuthentication"].is_object());
    insta::assert_snapshot!(cli.run(&["devices", "stats", &first]).snapshot());
}

#[test]
fn check_reports_each_fault_with_its_place_and_rule() {
    let cli = Cli::new();
    let rows = "{\"id\":\"a\",\"status\":\"enabled\"}\n{\"deviceId\":\"b\",\"status\":\"enabled\"}\n{\"id\":\"c\"}\n{\"id\":\"a\",\"status\":\"enabled\"}\n";
    let file = cli.file("fleet.txt", rows);
    let report = cli
        .run(&["devices", "check", &file, "--for", "import", "-o", "json"])
        .expect(1)
        .json();
    let findings = report["findings"].as_array().unwrap();
    assert!(
        findings
            .iter()
            .any(|finding| finding["line"] == 2 && finding["offset"] == 30),
        "{report}"
    );
    for finding in findings {
        assert!(["error", "warning"].contains(&finding["severity"].as_str().unwrap()));
        assert!(finding["rule"].is_string() && finding["message"].is_string());
    }
    insta::assert_snapshot!(
        cli.run(&["devices", "check", &file, "--for", "import"])
            .snapshot()
    );
    let clean = cli.file(
        "clean.txt",
        "{\"id\":\"a\",\"eTag\":\"MQ==\",\"status\":\"enabled\"}\n",
    );
    let report = cli
        .run(&["devices", "check", &clean, "-o", "json"])
        .expect(0)
        .json();
    assert_eq!(
        (&report["rows"], &report["findings"]),
        (&json!(1), &json!([]))
    );
}

#[test]
#[cfg(unix)]
fn a_missing_folder_for_temporary_files_is_named() {
    let cli = Cli::new();
    let file = cli.file("f.txt", "{\"id\":\"a\",\"status\":\"enabled\"}\n");
    let cli = cli.with("TMPDIR", "/nonexistent");
    let ran = cli.run(&["devices", "merge", &file]).expect(2);
    for part in ["temporary file in /nonexistent", "TMPDIR"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
}
