//! Device files that are odd, and what must not happen to the files beside them.

use serde_json::json;

use crate::harness::Cli;

const ROWS: &str = "{\"id\":\"a\",\"status\":\"enabled\",\"tags\":{\"n\":-1}}\n\
    {\"id\":\"b\",\"status\":\"enabled\",\"tags\":{\"n\":1}}\n";

#[test]
fn files_that_a_command_reads_are_not_written_over() {
    let cli = Cli::new();
    let rows = cli.file("rows.txt", ROWS);
    let key = cli.file("key", "a secret of this test");
    let template = cli.file("template", r#"{"id":"d-{n}","status":"enabled"}"#);
    for option in ["--out", "--rejects"] {
        for arguments in [
            vec!["anonymise", &rows, "--key-file", &key, option, &key],
            vec![
                "generate",
                "--count",
                "1",
                "--template",
                &template,
                option,
                &template,
            ],
        ] {
            let arguments = [vec!["devices"], arguments].concat();
            let ran = cli.run(&arguments).expect(2);
            assert!(ran.stderr.contains("both name"), "{}", ran.stderr);
        }
    }
    assert_eq!(cli.read("key"), "a secret of this test");
    assert!(cli.read("template").contains("d-{n}"));
    // A key from standard input and rows to standard output are two things.
    cli.run_with(
        &["devices", "anonymise", &rows, "--key-file", "-"],
        "a secret",
    )
    .expect(0);
}

#[test]
fn a_closed_pipe_is_no_error_whatever_the_format() {
    let cli = Cli::new();
    let generate = [
        "devices",
        "generate",
        "--count",
        "20000",
        "--out",
        "fleet.txt",
    ];
    cli.run(&generate).expect(0);
    for form in ["jsonl", "json", "csv", "tsv", "parquet"] {
        let mut child = cli.spawn(&["devices", "convert", "fleet.txt", "--to", form]);
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{form}: {told}");
    }
}

#[test]
fn ids_that_look_like_secrets_are_shown_as_they_are() {
    let cli = Cli::new();
    let before = cli.file(
        "a.txt",
        "Words with sig=c2VjcmV0 in them.\n{\"id\":\"dev;sig=abc\"}\n",
    );
    let after = cli.file("b.txt", "{\"id\":\"x?sig=def\"}\n");
    let report = cli
        .run(&["devices", "diff", &before, &after, "-o", "json"])
        .expect(1)
        .json();
    assert_eq!(report["removed"], json!([{"id": "dev;sig=abc"}]));
    assert_eq!(report["added"], json!([{"id": "x?sig=def"}]));
    assert_eq!(
        report["first"]["problems"][0]["message"],
        "Words with sig=[redacted] in them."
    );
}

#[test]
fn a_condition_may_begin_with_a_sign_and_has_no_comments() {
    let cli = Cli::new();
    let rows = cli.file("rows.txt", ROWS);
    let filter = |condition| cli.run(&["devices", "filter", &rows, "-q", "--where", condition]);
    for condition in ["-tags.n = 1", "-tags.n = - -1", "-(-1) = - tags.n"] {
        let ran = filter(condition).expect(0);
        assert_eq!(
            ran.stdout.lines().next(),
            ROWS.lines().next(),
            "{condition}"
        );
        assert_eq!(ran.stdout.lines().count(), 1, "{condition}");
    }
    let ran = filter("status = 'enabled' -- x").expect(2);
    assert!(ran.stderr.contains("no comments"), "{}", ran.stderr);
}

#[test]
fn a_report_stays_apart_from_rejects_on_standard_output() {
    let cli = Cli::new();
    let rows = cli.file("rows.txt", &format!("{ROWS}{{\"id\":\n"));
    let arguments = [
        "devices",
        "filter",
        &rows,
        "--where",
        "true",
        "--out",
        "out.txt",
        "--rejects",
        "-",
    ];
    for form in ["json", "table"] {
        let ran = cli.run(&[&arguments[..], &["-o", form]].concat()).expect(1);
        assert_eq!(ran.stdout, "{\"id\":\n");
    }
    let ran = cli.run(&arguments).expect(1);
    assert!(ran.stderr.contains("1 bad line, "), "{}", ran.stderr);
}

#[test]
fn rows_that_nest_without_end_are_merged() {
    let cli = Cli::new();
    let deep = format!(
        "{{\"id\":\"a\",\"tags\":{}1{}}}\n",
        "{\"a\":".repeat(20_000),
        "}".repeat(20_000)
    );
    let rows = cli.file("rows.txt", &deep);
    let ran = cli.run(&["devices", "merge", &rows, &rows]).expect(0);
    assert_eq!(ran.stdout, deep);
    cli.run(&["devices", "diff", &rows, &rows]).expect(0);
}

#[test]
fn what_a_table_does_not_carry_is_told_of() {
    let cli = Cli::new();
    let rows = cli.file("rows.txt", &ROWS.replace("-1", "\"one\""));
    let ran = cli
        .run(&[
            "devices",
            "convert",
            &rows,
            "--to",
            "parquet",
            "--columns",
            "id,n=tags.n:number",
            "--out",
            "rows.parquet",
        ])
        .expect(0);
    for told in [
        "the table does not carry status, which 2 rows had",
        "the table does not carry tags.n, which 1 row had",
    ] {
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
    }
    let cut = cli.file("cut.csv", "id,tags.t\na,\"1\nb,2\n");
    let ran = cli
        .run(&["devices", "convert", &cut, "--to", "jsonl"])
        .expect(2);
    assert!(
        ran.stderr.contains("line 2: a quote opens"),
        "{}",
        ran.stderr
    );
}

#[test]
fn findings_are_grouped_by_rule_and_documents_have_all() {
    let cli = Cli::new();
    let rows: String = (0..25)
        .map(|at| format!("{{\"id\":\"d{at}\",\"status\":\"enabled\"}}\n"))
        .collect();
    let file = cli.file(
        "f.txt",
        &format!("{rows}{{\"id\":\"bad id\",\"status\":\"enabled\"}}\n"),
    );
    let check = ["devices", "check", &file, "--for", "import"];
    let ran = cli.run(&check).expect(1);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 12, "{}", ran.stdout);
    assert!(
        lines[9].contains(":10: warning: device d9: has no keys"),
        "{}",
        lines[9]
    );
    assert!(lines[10].contains("[device-id]"), "{}", lines[10]);
    let more = ": 16 more [keys-regenerated], 26 in all; --all prints every one";
    assert!(lines[11].ends_with(more), "{}", lines[11]);
    assert!(
        ran.stderr.contains("26 rows: ".trim_end()),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("1 error, 26 warnings"),
        "{}",
        ran.stderr
    );

    let ran = cli.run(&[&check[..], &["--all"]].concat()).expect(1);
    assert_eq!(ran.stdout.lines().count(), 27);
    for format in ["json", "jsonl"] {
        let ran = cli.run(&[&check[..], &["-o", format]].concat()).expect(1);
        let report = ran.json();
        assert_eq!(report["rows"], 26);
        assert_eq!(report["findings"].as_array().unwrap().len(), 27);
        let is_one_line = ran.stdout.trim_end().lines().count() == 1;
        assert_eq!(is_one_line, format == "jsonl");
    }
    let clean = cli.file(
        "c.txt",
        "{\"id\":\"d\",\"importMode\":\"create\",\"status\":\"enabled\"}\n",
    );
    let ran = cli.run(&["devices", "check", &clean, "--for", "import", "-o", "json"]);
    assert_eq!(
        ran.expect(0).stdout,
        "{\n  \"findings\": [],\n  \"rows\": 1\n}\n"
    );
}

#[test]
fn more_findings_than_are_held_are_all_written() {
    let cli = Cli::new();
    let rows: String = (0..100_500)
        .map(|at| format!("{{\"id\":\"d{at}\",\"status\":\"enabled\"}}\n"))
        .collect();
    let file = cli.file("f.txt", &rows);
    let check = ["devices", "check", &file, "--for", "import"];
    let ran = cli.run(&[&check[..], &["-o", "json"]].concat()).expect(0);
    assert_eq!(ran.json()["findings"].as_array().unwrap().len(), 100_500);
    let ran = cli.run(&[&check[..], &["--all"]].concat()).expect(0);
    assert_eq!(ran.stdout.lines().count(), 100_500);
}
