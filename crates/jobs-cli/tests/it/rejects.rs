//! Rejected rows: what is shown of them, where they go, and that the job is never lost over them.

use serde_json::Value;

use crate::blobs::Blobs;
use crate::harness::{Cli, LocalHub};

const MIXED: &str = "{\"id\":\"a\",\"status\":\"enabled\"}\n\
                     {\"id\":\"b\",\"status\":\"enabled\",\"authentication\":{\"type\":\"wrong\"}}\n\
                     {\"id\":\"c\",\"importMode\":\"update\",\"status\":\"enabled\"}\n";

/// A hub, a client of it with a container, and a device file.
fn stage(rows: &str) -> (LocalHub, Cli, String) {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("container");
    let cli = cli.with("IOTHUB_CONTAINER_URI", &container);
    let file = cli.file("fleet.txt", rows);
    (hub, cli, file)
}

#[test]
fn keys_of_rows_that_cannot_be_read_are_shown_in_no_form() {
    let rows = [
        r#"{"id":"u1","status":"enabled"}"#,
        // Cut in the middle, a colon missing, a key without quotes, a key in an array, more behind the object, a table's line.
        r#"{"id":"u2","authentication":{"symmetricKey":{"primaryKey":"PLANTED2"#,
        r#"{"id":"u3","tags":{},"authentication":{"symmetricKey":{"primaryKey" "PLANTED3"}}}"#,
        r#"{"id":"u4","authentication":{"symmetricKey":{"primaryKey":PLANTED4}}}"#,
        r#"{"id":"u5","authentication":{"type":"sas","symmetricKey":["PLANTED5","PLANTED5"]}}"#,
        r#"{"id":"u6","status":"enabled"} PLANTED6"#,
        "u7,enabled,PLANTED7",
        r#"{"id":"u8,primaryKey:PLANTED8}"#,
    ];
    let (_hub, cli, file) = stage(&rows.join("\n"));
    for form in ["table", "json", "jsonl"] {
        let ran = cli.run(&["import", &file, "-o", form]).expect(1);
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains("PLANTED"), "{form}: {text}");
        }
        assert!(ran.stdout.contains("line not shown"), "{}", ran.stdout);
    }
    let shown = cli
        .run(&["import", &file, "-o", "json", "--show-secrets"])
        .expect(1);
    for number in 2..=8 {
        let planted = format!("PLANTED{number}");
        assert!(shown.stdout.contains(&planted), "{planted}");
    }
}

#[test]
fn a_control_character_in_an_id_hides_nothing_else() {
    let (_hub, cli, file) = stage(concat!(r#"{"id":"x\u001by","status":"enabled"}"#, "\n"));
    let ran = cli.run(&["import", &file]).expect(1);
    assert!(!ran.stdout.contains("line not shown"), "{}", ran.stdout);
    assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
}

#[test]
fn rejects_on_standard_output_stand_there_alone() {
    let (_hub, cli, file) = stage(MIXED);
    for form in ["table", "json", "jsonl"] {
        let ran = cli
            .run(&["import", &file, "--rejects", "-", "-o", form])
            .expect(1);
        let rows: Vec<Value> = ran
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{}", ran.stdout)))
            .collect();
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().all(|row| row["errorCode"].is_i64()), "{rows:?}");
        let id = cli.run(&["list", "-o", "json", "-q"]).json();
        let last = id.as_array().unwrap().iter().find_map(|job| {
            let id = job["jobId"].as_str().unwrap();
            ran.stderr.contains(id).then_some(id)
        });
        let told = format!("job {} (import) is completed", last.unwrap());
        assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    }
}

#[test]
fn a_job_that_failed_puts_nothing_between_rows_on_standard_output() {
    let cli = Cli::new();
    let script = r#"{"rules":[{"operation":"Jobs_GetImportExportJob","times":1000,"action":{"kind":"patch","set":{"status":"failed","failureReason":"the disk is full"}}}]}"#;
    let hub = LocalHub::start(&["--faults", &cli.file("faults.json", script)]);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("c");
    let file = cli.file("d.txt", MIXED);
    for arguments in [
        vec!["export", "--container", &container, "--download", "-"],
        vec!["import", &file, "--container", &container, "--rejects", "-"],
    ] {
        let ran = cli.run(&arguments).expect(1);
        assert_eq!(ran.stdout, "");
        assert!(ran.stderr.contains("the disk is full"), "{}", ran.stderr);
    }
}

#[test]
fn an_import_whose_log_cannot_be_read_is_shown_and_said_to_be_complete() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let blobs = Blobs::start();
    blobs.put("devices.txt", MIXED);
    blobs.close("importErrors.log");
    let uri = cli.file("container.uri", &blobs.signed_uri());
    let ran = cli
        .run(&["import", "--container-file", &uri, "-o", "json"])
        .expect(3);
    assert_eq!(ran.json()["status"], "completed");
    for part in ["the import itself completed", "importErrors.log", "403"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
}

#[test]
fn an_import_by_the_hubs_identity_says_where_its_rejects_are() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let blobs = Blobs::start();
    blobs.put("devices.txt", MIXED);
    let uri = blobs.uri();
    let import = ["import", "--container", &uri, "--storage-auth", "system"];
    let ran = cli.run(&[&import[..], &["-o", "json"]].concat()).expect(0);
    assert_eq!(ran.json()["status"], "completed");
    for part in ["importErrors.log", &uri, "cannot be read from here"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    assert!(blobs.readers("importErrors.log").is_empty());
}

#[test]
fn rows_that_nothing_here_could_open_are_refused_before_the_job() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let blobs = Blobs::start();
    blobs.put("devices.txt", MIXED);
    for (command, option) in [("export", "--download"), ("import", "--rejects")] {
        let ran = cli
            .run(&[
                command,
                "--container",
                &blobs.uri(),
                "--storage-auth",
                "system",
                option,
                "rows.txt",
            ])
            .expect(2);
        let start = format!("error: {option} cannot be written: ");
        assert!(ran.stderr.starts_with(&start), "{}", ran.stderr);
        assert!(!cli.path("rows.txt").exists());
    }
    let jobs = cli.run(&["list", "-o", "json", "-q"]).expect(0).json();
    assert_eq!(jobs, serde_json::json!([]));
    let ran = cli
        .run(&[
            "doctor",
            "--container",
            &blobs.uri(),
            "--storage-auth",
            "system",
        ])
        .expect(0);
    assert!(ran.stdout.contains("--download"), "{}", ran.stdout);
}

#[test]
#[cfg(unix)]
fn the_azure_command_line_gives_a_token_for_storage_too() {
    use std::os::unix::fs::PermissionsExt as _;

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let hub = LocalHub::start(&["--entra", "permissive"]);
    let cli = Cli::new();
    let claims = r#"{"aud":"https://iothubs.azure.net","exp":4070908800}"#;
    let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
    // Stands in for `az`: one token for the hub, another for storage.
    let az = format!(
        "#!/bin/sh\ncase \"$*\" in\n  *storage.azure.com*) token=of-storage ;;\n  *) token={token} ;;\nesac\n\
         echo \"{{\\\"accessToken\\\":\\\"$token\\\",\\\"expires_on\\\":4070908800}}\"\n"
    );
    let program = cli.file("az", &az);
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    let path = format!("{}:/usr/bin:/bin", cli.path("").display());
    let cli = cli
        .with("PATH", &path)
        .with("IOTHUB_ENDPOINT", hub.endpoint());
    let blobs = Blobs::start();
    blobs.put("devices.txt", MIXED);
    let ran = cli
        .run(&[
            "import",
            "--host",
            "localhost",
            "--auth",
            "entra",
            "--storage-auth",
            "system",
            "--container",
            &blobs.uri(),
            "-o",
            "json",
        ])
        .expect(1);
    assert_eq!(ran.json()["rejectedCount"], 2);
    assert_eq!(blobs.readers("importErrors.log"), ["Bearer of-storage"]);
}
