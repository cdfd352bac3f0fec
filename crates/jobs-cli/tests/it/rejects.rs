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
        r#"{"id":"u1","importMode":"create","status":"enabled"}"#,
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
    for form in ["table", "json", "jsonl"] {
        let (_hub, cli, file) = stage(MIXED);
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
        .run(&[
            "import",
            "--blob",
            "devices.txt",
            "--container-file",
            &uri,
            "-o",
            "json",
        ])
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
    let import = [
        "import",
        "--blob",
        "devices.txt",
        "--container",
        &uri,
        "--storage-auth",
        "system",
    ];
    // Nobody here knows what is in the blob.
    let ran = cli.run(&import).expect(2);
    for part in ["rows unknown", "--yes"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    let limited = [&import[..], &["--yes", "--max-devices", "9"]].concat();
    let ran = cli.run(&limited).expect(2);
    assert!(ran.stderr.contains("--max-devices 9"), "{}", ran.stderr);
    let ran = cli
        .run(&[&import[..], &["--yes", "-o", "json"]].concat())
        .expect(0);
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
                "--blob",
                "devices.txt",
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
            "--blob",
            "devices.txt",
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

const ROW: &str = "{\"deviceId\":\"d\",\"errorCode\":404001,\"errorStatus\":\"d\"}\n";

/// The id of the only job of a hub.
fn only_job(cli: &Cli) -> String {
    let jobs = cli.run(&["list", "-o", "json", "-q"]).json();
    let jobs = jobs.as_array().unwrap();
    assert_eq!(jobs.len(), 1);
    jobs[0]["jobId"].as_str().unwrap().to_owned()
}

#[test]
fn the_log_of_a_later_import_is_not_taken_for_an_earlier_ones() {
    let (_hub, cli, file) = stage(MIXED);
    cli.run(&["import", &file]).expect(1);
    let first = only_job(&cli);
    let container = cli.container("container");
    let wait = ["wait", &first, "--container", &container];
    let ran = cli.run(&wait).expect(1);
    assert!(
        ran.stderr.contains("2 rows were rejected"),
        "{}",
        ran.stderr
    );
    let clean = cli.file("clean.txt", "{\"id\":\"z\",\"status\":\"enabled\"}\n");
    cli.run(&["import", &clean]).expect(0);
    let ran = cli.run(&[&wait[..], &["-o", "json"]].concat()).expect(1);
    assert!(ran.stderr.contains("result is unknown"), "{}", ran.stderr);
    assert!(
        !ran.stderr.contains("no row was rejected"),
        "{}",
        ran.stderr
    );
    let job = ran.json();
    for member in ["rejected", "rejectedCount", "rejectedByCause"] {
        assert!(job[member].is_null(), "{member}");
    }
    let target = cli.file("rejects.txt", "");
    cli.run(&[&wait[..], &["--rejects", &target]].concat())
        .expect(1);
    assert_eq!(cli.read("rejects.txt"), "");
    let target = cli.file("rejects.txt", "before");
    cli.run(&[&wait[..], &["--rejects", &target]].concat())
        .expect(2);
    assert_eq!(cli.read("rejects.txt"), "before");
}

#[test]
fn a_missing_log_and_one_without_rows_are_unknown_results() {
    let (_hub, cli, file) = stage("{\"id\":\"a\",\"status\":\"enabled\"}\n");
    cli.run(&["import", &file]).expect(0);
    let id = only_job(&cli);
    let container = cli.container("container");
    let log = cli.path("container/importErrors.log");
    let wait = ["wait", &id, "--container", &container];
    cli.run(&wait).expect(0);
    for (content, looks) in [
        ("<!DOCTYPE html><p>Sign in", "an HTML page"),
        ("\u{0}\u{1}", "binary data"),
        (
            "\"{\"\"deviceId\"\":\"\"a\"\",\"\"errorCode\"\":404001,\"\"errorStatus\"\":\"\"x\"\"}\"\n",
            "rows within quotes",
        ),
        ("not a row\n", "plain text"),
    ] {
        std::fs::write(&log, content).unwrap();
        let target = cli.path("copy.txt");
        cli.file("copy.txt", "");
        let ran = cli
            .run(&[&wait[..], &["--rejects", target.to_str().unwrap()]].concat())
            .expect(1);
        assert!(ran.stderr.contains(looks), "{looks}: {}", ran.stderr);
        assert!(ran.stderr.contains("result is unknown"), "{}", ran.stderr);
        assert_eq!(cli.read("copy.txt"), content, "a copy all the same");
    }
    std::fs::remove_file(&log).unwrap();
    let ran = cli.run(&wait).expect(1);
    let told = "there is no importErrors.log in ";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}

#[test]
fn rejects_are_a_byte_for_byte_copy_of_the_log_about_devices() {
    let (_hub, cli, file) = stage(MIXED);
    cli.run(&["import", &file]).expect(1);
    let id = only_job(&cli);
    let container = cli.container("container");
    // Spacing, line ends, further members, a blank line and one that cannot be read.
    let content = format!(
        "{{ \"errorCode\" : \"404001\" , \"deviceId\":\"d\", \"errorStatus\":\"\\u0064\",\"x\":1}}\r\n\r\nwords\r\n{ROW}"
    );
    std::fs::write(cli.path("container/importErrors.log"), &content).unwrap();
    let wait = ["wait", &id, "--container", &container, "--rejects"];
    for form in ["table", "json"] {
        cli.file("copy.txt", "");
        cli.run(&[&wait[..], &["copy.txt", "-o", form]].concat())
            .expect(1);
        assert_eq!(cli.read("copy.txt"), content);
        let ran = cli.run(&[&wait[..], &["-", "-o", form]].concat()).expect(1);
        assert_eq!(ran.stdout, content);
    }
    let rejected = cli.run(&["wait", &id, "--container", &container, "-o", "json"]);
    let job = rejected.expect(1).json();
    assert_eq!(job["rejectedCount"], 3);
    assert_eq!(job["rejected"].as_array().unwrap().len(), 3);
    assert_eq!(
        job["rejectedByCause"],
        serde_json::json!({"DeviceNotFound": 2, "unreadable": 1})
    );
}

#[test]
fn many_equal_rejects_are_one_line_with_a_count() {
    let rows: String = (0..500)
        .map(|n| {
            format!("{{\"id\":\"d{n:03}\",\"importMode\":\"update\",\"status\":\"enabled\"}}\n")
        })
        .collect();
    let (_hub, cli, file) = stage(&rows);
    let ran = cli.run(&["import", &file]).expect(1);
    let lines: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| line.contains("DeviceNotFound"))
        .collect();
    assert_eq!(lines.len(), 1, "{}", ran.stdout);
    assert!(
        lines[0].starts_with("500 rows: d000, d001, "),
        "{}",
        lines[0]
    );
    assert!(!lines[0].contains("d010"), "{}", lines[0]);
    let job = cli.run(&["import", &file, "-o", "json"]).expect(1).json();
    assert_eq!(job["rejected"].as_array().unwrap().len(), 500);
    assert_eq!(
        job["rejectedByCause"],
        serde_json::json!({"DeviceNotFound": 500})
    );
}

#[test]
fn an_answer_that_is_not_the_log_leaves_the_result_unknown() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let blobs = Blobs::start();
    blobs.put("devices.txt", MIXED);
    blobs.answer_as("importErrors.log", "<!DOCTYPE html><p>Sign in</p>");
    let uri = cli.file("container.uri", &blobs.signed_uri());
    let ran = cli
        .run(&[
            "import",
            "--blob",
            "devices.txt",
            "--container-file",
            &uri,
            "--rejects",
            "r.txt",
        ])
        .expect(1);
    for part in ["HTML page", "which rows it rejected is unknown"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    assert!(!cli.path("r.txt").exists());
}

#[test]
fn an_old_blob_is_not_downloaded_as_the_export_of_a_job() {
    let (_hub, cli, file) = stage("{\"id\":\"a\",\"status\":\"enabled\"}\n");
    let container = cli.container("container");
    let export = |blob: &[&str]| {
        let run = [&["export", "--container", &container, "-o", "json"], blob].concat();
        let job = cli.run(&run).expect(0).json();
        job["jobId"].as_str().unwrap().to_owned()
    };
    let first = export(&[]);
    let wait = |id: &str, more: &[&str]| {
        let wait = [
            "wait",
            id,
            "--container",
            &container,
            "--download",
            "out.txt",
        ];
        cli.run(&[&wait[..], more].concat())
    };
    wait(&first, &[]).expect(0);
    // Another blob than the default, which the hub does not report: devices.txt is the first job's.
    cli.run(&["import", &file]).expect(0);
    let second = export(&["--blob", "second.txt"]);
    cli.file("out.txt", "before");
    let ran = wait(&second, &[]).expect(1);
    for part in ["devices.txt", "--blob NAME", &second] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    assert_eq!(cli.read("out.txt"), "before");
    wait(&second, &["--blob", "second.txt"]).expect(0);
    assert!(cli.read("out.txt").contains("\"id\":\"a\""));
}

#[test]
fn a_stepped_clock_of_the_hub_changes_nothing_about_whose_log_it_is() {
    let (hub, cli, file) = stage(MIXED);
    hub.advance(90_000);
    let ran = cli.run(&["import", &file]).expect(1);
    assert!(
        ran.stderr.contains("2 rows were rejected"),
        "{}",
        ran.stderr
    );
    let container = cli.container("container");
    let id = only_job(&cli);
    let ran = cli.run(&["wait", &id, "--container", &container]).expect(1);
    assert!(
        ran.stderr.contains("2 rows were rejected"),
        "{}",
        ran.stderr
    );
}
