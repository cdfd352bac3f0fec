//! What goes wrong around a command (hub or storage down, folders missing, names refused): one line that says what, where, and what
//! to do.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::harness::{Cli, LocalHub};

const ROW: &str = "{\"id\":\"a\",\"status\":\"enabled\"}\n";

/// A port that was free a moment ago: nobody answers there.
fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A client of a hub at this port, which need not be there.
fn cli_of(port: u16) -> Cli {
    let text = format!("HostName=localhost:{port};SharedAccessKeyName=p;SharedAccessKey=c2VjcmV0");
    Cli::new()
        .with("IOTHUB_CONNECTION_STRING", &text)
        .with("IOTHUB_ENDPOINT", &format!("http://127.0.0.1:{port}"))
}

/// A container of a storage emulator at this port, as a path-style URI.
fn storage_at(port: u16) -> String {
    format!(
        "http://127.0.0.1:{port}/devstoreaccount1/c?sv=2021-12-02&sr=c&sp=racwdl&se=2099-01-01&sig=cGxhbnRlZA%3D%3D"
    )
}

fn findings(report: &Value, subject: &str) -> Vec<Value> {
    let all = report["findings"].as_array().unwrap();
    all.iter()
        .filter(|finding| finding["subject"] == subject)
        .cloned()
        .collect()
}

#[test]
fn the_doctor_names_endpoint_and_last_cause_of_a_hub_that_is_down_in_one_finding() {
    let port = closed_port();
    let ran = cli_of(port).run(&["doctor", "-o", "json"]).expect(4);
    let found = ran.json();
    assert_eq!(found["findings"].as_array().unwrap().len(), 1, "{found}");
    let message = found["findings"][0]["message"].as_str().unwrap();
    assert!(
        message.contains(&format!("http://127.0.0.1:{port}")),
        "{message}"
    );
    assert!(message.contains("Connection refused"), "{message}");
    assert!(!message.contains("os error"), "{message}");
    assert!(
        found["findings"][0]["cure"]
            .as_str()
            .unwrap()
            .contains("address")
    );
}

#[test]
fn a_container_folder_that_cannot_be_used_is_named_with_what_to_do() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let file = cli.file("d.txt", ROW);
    let missing = format!("file://{}", cli.path("none").display());
    let plain = format!("file://{file}");
    let below = format!("file://{file}/c");
    for (container, path, part) in [
        (&missing, "none", "does not exist; create it"),
        (&plain, "d.txt", "is a file; give the URI of a folder"),
        (&below, "d.txt/c", "not a directory"),
    ] {
        let path = cli.path(path).display().to_string();
        for arguments in [
            vec!["import", &file, "--container", container],
            vec![
                "doctor",
                "--container",
                container,
                "--blob",
                "devices.txt",
                "-o",
                "json",
            ],
        ] {
            let ran = cli.run(&arguments).expect(2);
            let text = format!("{}{}", ran.stdout, ran.stderr);
            assert!(text.contains(&path), "{arguments:?}: {text}");
            assert!(text.contains(part), "{arguments:?}: {text}");
            for word in ["LocalFileSystem", "os error", "canonicalize"] {
                assert!(!text.contains(word), "{arguments:?}: {text}");
            }
        }
    }
}

#[test]
fn a_blob_that_cannot_be_read_or_written_is_named_with_its_folder() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let file = cli.file("d.txt", ROW);
    let container = cli.container("c");
    let folder = cli.path("c").display().to_string();
    // A folder stands where the blob should be.
    cli.container("c/devices.txt");
    let ran = cli
        .run(&["import", &file, "--container", &container])
        .expect(2);
    assert!(
        ran.stderr.contains(&format!(
            "devices.txt in the folder {folder} cannot be written"
        )),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
    assert!(!ran.stderr.contains("LocalFileSystem"), "{}", ran.stderr);
    // A file stands where a folder on the way to the blob should be.
    cli.file("c/part", "");
    let ran = cli
        .run(&[
            "doctor",
            "--container",
            &container,
            "--blob",
            "part/x.txt",
            "-o",
            "json",
        ])
        .expect(2);
    let report = ran.json();
    let found = &findings(&report, "input blob")[0];
    let message = found["message"].as_str().unwrap();
    assert!(
        message.contains(&format!("part/x.txt in the folder {folder} cannot be read")),
        "{message}"
    );
    assert!(!message.contains("LocalFileSystem"), "{message}");
}

#[test]
fn a_file_as_the_emulators_data_folder_is_bad_usage() {
    let cli = Cli::new();
    let file = cli.file("plain.txt", "");
    let ran = cli.run(&["emulator", "--data", &file]).expect(2);
    assert_eq!(
        ran.stderr,
        format!(
            "error: the data folder {file} cannot be used: it is a file, and a folder is wanted\n"
        )
    );
    assert_eq!(ran.stdout, "");
}

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
fn a_condition_that_the_hub_may_know_is_sent() {
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
        ("FROM devices.modules WHERE moduleId = 'm'", true),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("j-{number}");
        let ran = cli.run(&[
            "schedule", "twin", "--id", &id, "--where", condition, "--tag", "a=1",
        ]);
        // Sent: the hub knows the job, whatever became of it.
        cli.run(&["schedule", "get", &id]).expect(0);
        assert_eq!(
            ran.stderr.contains("warning: --where: line 1"),
            doubt,
            "{condition}: {}",
            ran.stderr
        );
    }
}

#[test]
fn an_import_that_ends_during_its_upload_says_that_no_job_was_created() {
    // Accepts connections and never answers.
    let storage = TcpListener::bind("127.0.0.1:0").unwrap();
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub).with(
        "IOTHUB_CONTAINER_URI",
        &storage_at(storage.local_addr().unwrap().port()),
    );
    let file = cli.file("d.txt", ROW);
    let ran = cli.run(&["import", &file, "--timeout", "500ms"]).expect(4);
    assert!(
        ran.stderr
            .contains("error: timed out after 500ms; no job was created\n"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("may have been"), "{}", ran.stderr);
    assert_eq!(cli.run(&["list", "-o", "json"]).expect(0).json(), json!([]));
}

#[test]
fn an_import_whose_create_is_not_answered_admits_that_a_job_may_exist() {
    let cli = Cli::new();
    let script = r#"{"rules":[{"operation":"Jobs_CreateImportExportJob","times":9,"action":{"kind":"stall","seconds":60}}]}"#;
    let hub = LocalHub::start(&["--faults", &cli.file("faults.json", script)]);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("c");
    let file = cli.file("d.txt", ROW);
    let ran = cli
        .run(&[
            "import",
            &file,
            "--container",
            &container,
            "--timeout",
            "2s",
        ])
        .expect(4);
    assert!(
        ran.stderr.contains("a job may have been created"),
        "{}",
        ran.stderr
    );
    assert!(cli.path("c/devices.txt").exists());
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
        }
    }
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
fn the_hub_says_of_storage_that_is_down_that_it_was_not_reached() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let port = closed_port();
    let ran = cli
        .run(&["export", "--container", &storage_at(port)])
        .expect(3);
    assert!(
        ran.stderr.contains("BlobContainerValidationError"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains(&format!("http://127.0.0.1:{port}/devstoreaccount1")),
        "{}",
        ran.stderr
    );
    for word in ["Unauthorized", "sig=", "sv=2021"] {
        assert!(!ran.stderr.contains(word), "{word}: {}", ran.stderr);
    }
}
