//! What is down, missing or closed around a command: one line that says what, where, and what to do.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::harness::{Cli, LocalHub, cli_of, closed_port, file_uri};

const ROW: &str = "{\"id\":\"a\",\"status\":\"enabled\"}\n";

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
    let missing = file_uri(&cli.path("none"));
    let plain = file_uri(file.as_ref());
    let below = format!("{plain}/c");
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
    let import = [
        "import",
        &file,
        "--container",
        &container,
        "--blob",
        "devices.txt",
    ];
    let ran = cli.run(&import).expect(2);
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
fn an_import_that_ends_during_its_upload_says_that_no_job_was_created() {
    // Accepts connections and never answers.
    let storage = TcpListener::bind("127.0.0.1:0").unwrap();
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub).with(
        "IOTHUB_CONTAINER_URI",
        &storage_at(storage.local_addr().unwrap().port()),
    );
    let file = cli.file("d.txt", ROW);
    let ran = cli.run(&["import", &file, "--timeout", "2s"]).expect(4);
    assert!(
        ran.stderr
            .contains("error: timed out after 2s during the upload; no job was created\n"),
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
            "4s",
        ])
        .expect(4);
    assert!(
        ran.stderr.contains("a job may have been created"),
        "{}",
        ran.stderr
    );
    // The job may read the upload, so it stays, and the hint names it.
    let names: Vec<_> = std::fs::read_dir(cli.path("c"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("import-"))
        .collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(
        ran.stderr.contains(&format!("--input-blob {}", names[0])),
        "{}",
        ran.stderr
    );
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

#[test]
fn storage_that_does_not_answer_is_named_by_place_and_cause_alone() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let port = closed_port();
    let file = cli.file("d.txt", ROW);
    let uri = storage_at(port);
    let import = [
        "import",
        &file,
        "--container",
        &uri,
        "--blob",
        "devices.txt",
    ];
    let ran = cli.run(&import).expect(4);
    assert_eq!(
        ran.stderr.split_once('\n').unwrap().1,
        format!(
            "error: upload blob: connection failed: blob devices.txt: no answer from the storage at \
             http://127.0.0.1:{port}/devstoreaccount1/c: connection refused\n"
        )
    );
}

#[test]
fn the_hub_names_the_folder_that_it_cannot_use() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let missing = cli.path("none").display().to_string();
    let ran = cli
        .run(&["export", "--container", &file_uri(missing.as_ref())])
        .expect(3);
    assert!(
        ran.stderr
            .contains(&format!("the container folder {missing} does not exist")),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("hint: the folder must exist on the hub's machine"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("signature"), "{}", ran.stderr);
}

#[test]
#[cfg(target_os = "linux")]
fn the_doctor_tries_whether_a_folder_can_be_written() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    // No user can make a file there, whatever the rights.
    let ran = cli
        .run(&["doctor", "--container", "file:///proc", "-o", "json"])
        .expect(2);
    let report = ran.json();
    let found = findings(&report, "output container");
    let told = found.last().unwrap()["message"].as_str().unwrap();
    assert!(
        told.contains("the folder /proc cannot be written: "),
        "{told}"
    );
    assert!(!told.contains("os error"), "{told}");
    let container = cli.container("c");
    cli.run(&["doctor", "--container", &container]).expect(0);
    assert_eq!(std::fs::read_dir(cli.path("c")).unwrap().count(), 0);
}

#[test]
fn a_hub_without_tls_is_told_from_one_that_is_down() {
    let hub = LocalHub::start(&[]);
    let endpoint = hub.endpoint().replace("http://", "https://");
    let ran = Cli::for_hub(&hub)
        .run(&["list", "--endpoint", &endpoint])
        .expect(4);
    assert!(
        ran.stderr.contains("does not speak https"),
        "{}",
        ran.stderr
    );
    // No further try changes that.
    assert!(!ran.stderr.contains("attempts"), "{}", ran.stderr);
    let hub = LocalHub::start(&["--tls"]);
    let endpoint = hub.endpoint().replace("https://", "http://");
    let ran = Cli::for_hub(&hub)
        .run(&["list", "--endpoint", &endpoint])
        .expect(4);
    assert!(
        ran.stderr.contains("does not speak plain http"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_database_that_is_none_is_named() {
    let cli = Cli::new();
    std::fs::create_dir(cli.path("hub")).unwrap();
    cli.file(
        "hub/hub.sqlite",
        "no database, but long enough to be looked at",
    );
    let ran = cli.run(&["emulator", "--data", "hub"]).expect(2);
    assert!(
        ran.stderr
            .contains("hub/hub.sqlite is not the database of a local hub"),
        "{}",
        ran.stderr
    );
}

/// A storage that answers everything so.
fn storage_that_answers(head: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut length = 0;
            let mut line = String::new();
            // Up to the blank line.
            while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                let lower = line.to_ascii_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut sent = vec![0; length];
            let _ = stream.read_exact(&mut sent);
            let answer = format!(
                "HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.get_mut().write_all(answer.as_bytes());
        }
    });
    storage_at(port)
}

#[test]
fn what_the_storage_answered_is_said_in_a_line() {
    const BODY: &str = "<?xml version=\"1.0\"?><Error><Code>AuthorizationPermissionMismatch</Code>\
                        <Message>Not with this permission.\nRequestId:1</Message></Error>";
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let file = cli.file("d.txt", ROW);
    let uri = storage_that_answers("403 Forbidden", BODY);
    let place = uri.split('?').next().unwrap();
    let import = [
        "import",
        &file,
        "--container",
        &uri,
        "--blob",
        "devices.txt",
    ];
    let ran = cli.run(&import).expect(3);
    assert_eq!(
        ran.stderr.lines().nth(1).unwrap(),
        format!(
            "error: upload blob: container rejected (403 AuthorizationPermissionMismatch): blob devices.txt: \
             the storage at {place} answered: Not with this permission."
        )
    );
    // The hub tells a container that is not there from one that refuses.
    let uri = storage_that_answers("404 Not Found", BODY);
    let ran = cli.run(&["export", "--container", &uri]).expect(3);
    assert!(
        ran.stderr.contains("BlobContainerValidationError"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("no such blob or container"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("Unauthorized"), "{}", ran.stderr);
    let uri = storage_that_answers("409 Conflict", BODY);
    let ran = cli.run(&["export", "--container", &uri]).expect(3);
    assert!(
        ran.stderr.contains("answered 409 Conflict;"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("MicrosoftAzure"), "{}", ran.stderr);
}
