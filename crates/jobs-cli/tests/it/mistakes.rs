//! What people type at night: named by its option and its place, before anything is sent.

use serde_json::json;

use crate::harness::{Cli, LocalHub, cli_of, closed_port};

const ROW: &str = "{\"id\":\"a\",\"status\":\"enabled\"}\n";

#[test]
fn a_condition_that_is_none_is_refused_with_its_place_before_anything_is_sent() {
    let cli = cli_of(closed_port());
    for (condition, place) in [
        ("bad bad", "line 1, column 5: found `bad`"),
        ("status = ", "line 1, column 10: found the end"),
        ("tags.site = 'it's'", "line 1, column 18"),
        ("(tags.a = 1", "line 1, column 12"),
        ("tags.a = 1)", "line 1, column 11"),
        ("tags.a = 'x", "line 1, column 10"),
        ("", "is empty"),
    ] {
        for job in [vec!["twin", "--tag", "a=1"], vec!["method", "--name", "m"]] {
            let mut arguments = vec!["schedule"];
            arguments.extend(job);
            arguments.extend(["--where", condition]);
            let ran = cli.run(&arguments).expect(2);
            assert!(ran.stderr.starts_with("error: --where"), "{}", ran.stderr);
            assert!(ran.stderr.contains(place), "{condition}: {}", ran.stderr);
        }
    }
}

#[test]
fn a_condition_that_only_the_hub_may_know_is_sent_on_request() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    for (number, (condition, doubt)) in [
        ("*", false),
        ("deviceId IN ['a', 'b']", false),
        (
            "tags.location.plant = 'x' AND IS_DEFINED(properties.reported.fw)",
            false,
        ),
        ("REVERSE(deviceId) = 'a'", true),
        ("deviceId IN ('a', 'b')", true),
        ("tags.name LIKE 'a%'", true),
        ("tags.name NOT LIKE 'a%'", true),
        ("FROM devices.modules WHERE moduleId = 'm'", false),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("j-{number}");
        let arguments = [
            "schedule", "twin", "--id", &id, "--where", condition, "--tag", "a=1",
        ];
        if doubt {
            let ran = cli.run(&arguments).expect(2);
            assert!(
                ran.stderr.starts_with("error: --where: line 1"),
                "{}",
                ran.stderr
            );
            assert!(ran.stderr.contains(" >>> "), "{}", ran.stderr);
            cli.run(&["schedule", "get", &id]).expect(3);
        }
        let forced = cli.run(&[&arguments[..], &["--force-condition", "--yes"]].concat());
        // Sent: the hub knows the job, whatever became of it.
        cli.run(&["schedule", "get", &id]).expect(0);
        assert_eq!(
            forced.stderr.contains("warning: --where: line 1"),
            doubt,
            "{condition}: {}",
            forced.stderr
        );
    }
}

#[test]
fn blob_names_that_storage_refuses_are_refused_by_flag() {
    let cli = cli_of(closed_port());
    let container = cli.container("c");
    let file = cli.file("d.txt", ROW);
    let long = "x".repeat(1025);
    for (name, part) in [
        ("%2e%2e/x", "%2e%2e"),
        ("../x", "`..`"),
        ("", "is empty"),
        (long.as_str(), "1025 characters"),
        ("/x", "slash"),
    ] {
        for command in [vec!["export"], vec!["import", &file], vec!["doctor"]] {
            let mut arguments = command.clone();
            arguments.extend(["--container", &container, "--blob", name]);
            let ran = cli.run(&arguments).expect(2);
            assert!(
                ran.stderr.starts_with("error: --blob"),
                "{command:?}: {}",
                ran.stderr
            );
            assert!(ran.stderr.contains(part), "{command:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(": the blob's name "), "{}", ran.stderr);
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_that_takes_no_file_is_told_by_the_target_alone() {
    let cli = cli_of(closed_port());
    let container = cli.container("c");
    // No user can make a file there, whatever the rights.
    let ran = cli
        .run(&["export", "--container", &container, "--download", "/proc/x"])
        .expect(2);
    assert_eq!(
        ran.stderr,
        "error: cannot write /proc/x: no such file or directory\n"
    );
}

#[test]
fn an_empty_file_is_no_input_of_an_import_and_a_clean_export() {
    let cli = Cli::new();
    for text in ["", "\r\n\n"] {
        let file = cli.file("empty.txt", text);
        let report = cli
            .run(&["devices", "check", &file, "--for", "import", "-o", "json"])
            .expect(1)
            .json();
        let found = &report["findings"][0];
        assert_eq!(
            (
                &report["rows"],
                &found["line"],
                &found["offset"],
                &found["severity"],
                &found["rule"]
            ),
            (
                &json!(0),
                &json!(1),
                &json!(0),
                &json!("error"),
                &json!("empty")
            )
        );
        let ran = cli.run(&["devices", "check", &file]).expect(0);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn a_container_that_the_hub_would_refuse_is_refused_before_the_upload() {
    let cli = cli_of(closed_port());
    let file = cli.file("d.txt", ROW);
    let of_blob = "https://a.blob.core.windows.net/c?sv=2021-12-02&sr=b&sp=r&se=2099-01-01&sig=cGxhbnRlZA%3D%3D";
    for (container, part) in [
        (of_blob, "one blob"),
        ("https://a.blob.core.windows.net/c", "carries no signature"),
    ] {
        let ran = cli
            .run(&["import", &file, "--container", container])
            .expect(2);
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
        assert!(!ran.stderr.contains("storage credential"), "{}", ran.stderr);
    }
}

#[test]
fn what_is_wrong_with_an_option_is_said_of_that_option() {
    let cli = cli_of(closed_port());
    let file = cli.file("d.txt", ROW);
    let junk = cli.file(
        "junk.pem",
        "-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n",
    );
    for (arguments, start) in [
        (vec!["list", "--endpoint", "ftp://x"], "error: --endpoint: ".to_owned()),
        (vec!["list", "--endpoint", ""], "error: --endpoint: ".to_owned()),
        (vec!["list", "--api-version", "1"], "error: --api-version: ".to_owned()),
        (
            vec!["list", "--ca-file", &file],
            format!("error: the CA file {file} holds no PEM certificate"),
        ),
        (
            vec!["list", "--ca-file", &junk, "--endpoint", "https://localhost:1"],
            format!("error: the CA file {junk}: "),
        ),
        (
            vec!["list", "--connection-string-file", "none"],
            "error: cannot read the connection string from none (--connection-string-file): no such file".to_owned(),
        ),
        (
            vec!["list", "--timeout", "1.5s"],
            "error: invalid value '1.5s' for '--timeout <DURATION>': `1.5s` has a fraction".to_owned(),
        ),
    ] {
        let ran = cli.run(&arguments).expect(2);
        assert!(ran.stderr.starts_with(&start), "{arguments:?}: {}", ran.stderr);
    }
    let ran = cli
        .with("IOTHUB_ENDPOINT", "ftp://x")
        .run(&["list"])
        .expect(2);
    assert!(
        ran.stderr.starts_with("error: IOTHUB_ENDPOINT: "),
        "{}",
        ran.stderr
    );
}

#[test]
fn quotes_around_a_value_and_empty_variables_are_pointed_out() {
    let text = "HostName=h.example;SharedAccessKeyName=p;SharedAccessKey=c2VjcmV0";
    let quoted = format!("\"{text}\"");
    let ran = Cli::new()
        .with("IOTHUB_CONNECTION_STRING", &quoted)
        .run(&["list"])
        .expect(2);
    assert!(
        ran.stderr.contains("hint: take the quotes off"),
        "{}",
        ran.stderr
    );
    let ran = Cli::new()
        .with("IOTHUB_CONNECTION_STRING", text)
        .run(&["export", "--container", "'file:///tmp'"])
        .expect(2);
    assert!(
        ran.stderr.contains("hint: take the quotes off"),
        "{}",
        ran.stderr
    );
    let ran = Cli::new()
        .with("IOTHUB_CONNECTION_STRING", "")
        .run(&["list"])
        .expect(2);
    assert!(
        ran.stderr
            .contains("hint: IOTHUB_CONNECTION_STRING is set, but empty\n"),
        "{}",
        ran.stderr
    );
}

#[test]
fn bad_lines_of_merged_files_are_shown_with_their_file() {
    let cli = Cli::new();
    let good = cli.file("a.txt", ROW);
    let bad = cli.file("b.txt", &format!("{{\"id\":\n{ROW}"));
    let ran = cli.run(&["devices", "merge", &good, &bad]).expect(1);
    assert!(
        ran.stderr.contains(&format!("warning: {bad}, line 1: ")),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_target_in_a_folder_that_is_missing_is_said_so() {
    let cli = Cli::new();
    let file = cli.file("d.txt", ROW);
    let ran = cli
        .run(&[
            "devices",
            "filter",
            &file,
            "--where",
            "true",
            "--out",
            "none/x.txt",
        ])
        .expect(2);
    assert_eq!(
        ran.stderr,
        "error: cannot write none/x.txt: the folder none does not exist\n"
    );
}

#[test]
fn a_star_that_a_shell_has_replaced_is_noticed() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    cli.file("fleet", "");
    let ran = cli
        .run(&["schedule", "twin", "--where", "fleet", "--tag", "a=1"])
        .expect(0);
    assert!(
        ran.stderr
            .contains("warning: --where fleet is the name of a file here"),
        "{}",
        ran.stderr
    );
}

#[test]
fn one_file_for_two_things_is_refused_before_either_is_written() {
    let cli = cli_of(closed_port());
    let file = cli.file("d.txt", ROW);
    let filter = ["devices", "filter", &file, "--where", "true"];
    let prepare = ["devices", "prepare-import", &file, "--regenerate-keys"];
    let container = cli.container("c");
    let import = ["import", &file, "--container", &container];
    for (command, options, pair) in [
        (
            &filter[..],
            &["--out", "x.txt", "--rejects", "./x.txt"][..],
            "--out and --rejects",
        ),
        (&filter, &["--rejects", "-"], "--out and --rejects"),
        (
            &filter,
            &["--out", "x.txt", "--rejects", &file],
            "FILE and --rejects",
        ),
        (
            &prepare,
            &["--out", "x.txt", "--system-modules", "x.txt"],
            "--out and --system-modules",
        ),
        (
            &prepare,
            &["--system-modules", &file],
            "FILE and --system-modules",
        ),
        (&import, &["--rejects", &file], "FILE and --rejects"),
    ] {
        let arguments: Vec<&str> = command.iter().chain(options).copied().collect();
        let ran = cli.run(&arguments).expect(2);
        assert!(
            ran.stderr.contains(&format!("error: {pair} both name")),
            "{}",
            ran.stderr
        );
        assert_eq!(ran.stdout, "");
        assert_eq!(cli.read("d.txt"), ROW);
        assert!(!cli.path("x.txt").exists());
    }
    // In place is no mistake, and a device takes everything.
    cli.run(&[&filter[..], &["--out", &file, "--rejects", "/dev/null"]].concat())
        .expect(0);
    assert_eq!(cli.read("d.txt"), ROW);
}

#[test]
fn a_text_without_its_quotes_is_noticed() {
    let cli = Cli::new();
    let file = cli.file("d.txt", ROW);
    let ran = cli
        .run(&["devices", "filter", &file, "--where", "status = enabled"])
        .expect(0);
    assert_eq!(ran.stdout, "");
    assert!(
        ran.stderr.contains("warning: --where: `enabled`") && ran.stderr.contains("'enabled'"),
        "{}",
        ran.stderr
    );
    let ran = cli
        .run(&["devices", "filter", &file, "--where", "status = 'enabled'"])
        .expect(0);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
}

#[test]
fn what_a_conversion_cannot_do_is_said_before_anything_is_written() {
    let cli = Cli::new();
    let file = cli.file("d.txt", ROW);
    for (options, part) in [
        (
            ["--to", "parquet", "--from", "parquet"],
            "Parquet is written and not read",
        ),
        (
            ["--to", "json", "--columns", "id"],
            "--columns is for tables",
        ),
    ] {
        let mut arguments = vec!["devices", "convert", &file];
        arguments.extend(options);
        let ran = cli.run(&arguments).expect(2);
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
    let empty = cli.file("empty.txt", "");
    let ran = cli
        .run(&["devices", "generate", "--count", "1", "--template", &empty])
        .expect(2);
    assert!(ran.stderr.contains("is empty"), "{}", ran.stderr);
    let ran = cli
        .run(&["devices", "split", &file, "--rows", "1", "--out-dir", &file])
        .expect(2);
    assert!(
        ran.stderr.contains("it is a file, and a folder is needed"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_twin_that_no_device_takes_is_refused_before_a_job_is_made() {
    let cli = cli_of(closed_port());
    let patch = cli.file("p.json", "{\"properties\":{\"desired\":{\"a b\":1}}}");
    for (options, part) in [
        (["--tag", "a.b=1"], "error: --tag: "),
        (["--desired", "$x=1"], "error: --desired: "),
        (["--patch", patch.as_str()], "error: --patch: "),
    ] {
        let mut arguments = vec!["schedule", "twin", "--where", "*"];
        arguments.extend(options);
        let ran = cli.run(&arguments).expect(2);
        assert!(ran.stderr.starts_with(part), "{}", ran.stderr);
        assert!(ran.stderr.contains("not allowed"), "{}", ran.stderr);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_is_bad_in_every_command() {
    let cli = Cli::new();
    let file = cli.file("d.txt", ROW);
    for arguments in [
        vec!["--help"],
        vec!["--version"],
        vec!["man"],
        vec!["devices", "convert", &file, "--to", "parquet"],
        vec!["devices", "generate", "--count", "5"],
        vec!["devices", "stats", &file],
    ] {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = cli.command(&arguments).stdout(full).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(
            stderr.ends_with(": no space left on device\n"),
            "{arguments:?}: {stderr}"
        );
        assert!(!stderr.contains("xternal"), "{arguments:?}: {stderr}");
    }
}
