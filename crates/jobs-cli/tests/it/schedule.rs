//! Scheduled jobs, and the doctor.

use serde_json::json;

use crate::harness::{Cli, LocalHub, cli_of, closed_port};

/// A hub with one device, and a client of it with a container.
fn stage() -> (LocalHub, Cli) {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("c");
    let cli = cli.with("IOTHUB_CONTAINER_URI", &container);
    let file = cli.file(
        "d.txt",
        "{\"id\":\"a\",\"status\":\"enabled\",\"tags\":{\"site\":\"x\"}}\n",
    );
    cli.run(&["import", &file, "--blob", "devices.txt"])
        .expect(0);
    (hub, cli)
}

#[test]
fn a_twin_update_reaches_the_devices_of_its_condition() {
    let (_hub, cli) = stage();
    let arguments = [
        "schedule",
        "twin",
        "--id",
        "tw-1",
        "--where",
        "tags.site = 'x'",
        "--tag",
        "ok=true",
        "--desired",
        "name=text",
    ];
    cli.run(&arguments).expect(0);
    let row = cli
        .run(&["export", "--download", "-", "-q"])
        .expect(0)
        .json();
    assert_eq!(row["tags"], json!({"ok": true, "site": "x"}));
    assert_eq!(row["properties"]["desired"], json!({"name": "text"}));
}

#[test]
fn get_falls_back_to_the_scheduled_endpoint_and_says_so() {
    let (_hub, cli) = stage();
    cli.run(&[
        "schedule", "twin", "--id", "tw-1", "--where", "*", "--yes", "--tag", "a=1",
    ])
    .expect(0);
    let ran = cli.run(&["get", "tw-1", "-o", "json"]).expect(0);
    assert_eq!(ran.json()["type"], "scheduleUpdateTwin");
    assert_eq!(
        ran.stderr,
        "answered by the scheduled-job endpoint (/jobs/v2)\n"
    );
    let types: Vec<_> = cli
        .run(&["list", "-o", "json"])
        .expect(0)
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["type"].clone())
        .collect();
    assert!(
        types.contains(&json!("import")) && types.contains(&json!("scheduleUpdateTwin")),
        "{types:?}"
    );
    assert_eq!(
        cli.run(&["schedule", "list", "-o", "json"])
            .expect(0)
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    cli.run(&["schedule", "get", "nope"]).expect(3);
}

#[test]
fn a_method_that_reaches_nobody_fails_although_its_job_completes() {
    let (_hub, cli) = stage();
    let ran = cli
        .run(&[
            "schedule",
            "method",
            "--where",
            "*",
            "--yes",
            "--name",
            "reboot",
            "--payload",
            "{\"delay\":5}",
            "-o",
            "json",
        ])
        .expect(1);
    assert_eq!(ran.json()["status"], "completed");
    assert!(
        ran.stderr.contains("the work failed on 1 of 1 devices"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_job_for_later_is_cancelled_before_it_runs() {
    let (_hub, cli) = stage();
    cli.run(&[
        "schedule",
        "twin",
        "--id",
        "later",
        "--where",
        "*",
        "--yes",
        "--tag",
        "a=1",
        "--after",
        "1h",
        "--no-wait",
    ])
    .expect(0);
    let ran = cli
        .run(&["schedule", "cancel", "later", "-o", "json"])
        .expect(0);
    assert_eq!(ran.json()["status"], "cancelled");
}

#[test]
fn taken_slots_of_scheduled_jobs_are_not_those_of_imports() {
    let (_hub, cli) = stage();
    let twin = ["schedule", "twin", "--where", "*", "--yes", "--tag", "a=1"];
    cli.run(&[&twin[..], &["--after", "1h", "--no-wait"]].concat())
        .expect(0);
    let ran = cli.run(&twin).expect(4);
    assert!(
        ran.stderr.contains("ThrottlingMaxActiveJobCountExceeded"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("hint: see them: iothub-jobs schedule list"),
        "{}",
        ran.stderr
    );
    for word in ["--wait-for-slot", "import", "export"] {
        assert!(!ran.stderr.contains(word), "{word}: {}", ran.stderr);
    }
}

#[test]
fn schedule_cancel_touches_scheduled_jobs_only() {
    let hub = LocalHub::start(&["--job-delay", "20s"]);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("c");
    let job = cli
        .run(&[
            "export",
            "--container",
            &container,
            "--no-wait",
            "-o",
            "json",
        ])
        .expect(0)
        .json();
    let id = job["jobId"].as_str().unwrap();
    for unknown in [id, "nope"] {
        let ran = cli.run(&["schedule", "cancel", unknown]).expect(3);
        assert!(
            ran.stderr
                .contains(&format!("scheduled job {unknown}: not found")),
            "{}",
            ran.stderr
        );
    }
    let job = cli.run(&["get", id, "-o", "json"]).expect(0).json();
    assert_eq!(job["status"], "enqueued");
}

#[test]
fn a_job_for_no_device_is_remarked_upon() {
    let (_hub, cli) = stage();
    for (condition, remarked) in [("tags.site = 'y'", true), ("tags.site = 'x'", false)] {
        let ran = cli
            .run(&["schedule", "twin", "--where", condition, "--tag", "a=1"])
            .expect(0);
        assert_eq!(
            ran.stderr.contains("selects no device"),
            remarked,
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn wrong_arguments_are_refused_before_anything_is_sent() {
    let cli = Cli::new().with(
        "IOTHUB_CONNECTION_STRING",
        "HostName=h.example;SharedAccessKeyName=p;SharedAccessKey=c2VjcmV0",
    );
    for (arguments, part) in [
        (vec!["schedule", "twin", "--where", "*"], "--patch"),
        (vec!["schedule", "twin", "--where", "*"], "--tag"),
        (vec!["schedule", "twin", "--where", "*"], "--desired"),
        (vec!["schedule", "twin", "--tag", "a=1"], "--where"),
        (
            vec!["schedule", "twin", "--where", "*", "--yes", "--tag", "a"],
            "NAME=VALUE",
        ),
        (
            vec!["schedule", "twin", "--where", "WHERE a = 1", "--tag", "a=1"],
            "without the word WHERE",
        ),
        (
            vec![
                "schedule", "twin", "--where", "*", "--yes", "--tag", "a=1", "--id", "a.b",
            ],
            "letters, digits, hyphens",
        ),
        (
            vec![
                "schedule", "twin", "--where", "*", "--yes", "--tag", "a=1", "--start", "tomorrow",
            ],
            "2030-01-31T08:00:00Z",
        ),
        (
            vec![
                "schedule",
                "method",
                "--where",
                "*",
                "--yes",
                "--name",
                "m",
                "--payload",
                "{",
            ],
            "--payload",
        ),
    ] {
        let ran = cli.run(&arguments).expect(2);
        assert!(ran.stderr.contains(part), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn the_doctor_finds_nothing_on_a_healthy_hub() {
    let (_hub, cli) = stage();
    insta::assert_snapshot!(
        cli.run(&["doctor", "--blob", "devices.txt"])
            .expect(0)
            .snapshot()
    );
}

#[test]
fn the_doctors_exit_code_is_the_highest_among_its_findings() {
    let (hub, cli) = stage();
    let code = |cli: &Cli, arguments: &[&str]| cli.run(arguments).code;
    assert_eq!(code(&cli, &["doctor", "--blob", "absent.txt"]), 3);
    let expired = "https://a.blob.core.windows.net/c?sr=c&sp=racwdl&se=2020-01-01&sig=c2VjcmV0";
    let ran = cli
        .run(&["doctor", "--container", expired, "-o", "json"])
        .expect(2);
    let found = ran.json()["findings"].clone();
    assert!(
        found
            .as_array()
            .unwrap()
            .iter()
            .any(|finding| finding["severity"] == "error"
                && finding["message"].as_str().unwrap().contains("expired")),
        "{found}"
    );
    assert!(!ran.stdout.contains("c2VjcmV0"));
    let wrong = hub.connection_string().replace("=iothubowner", "=service");
    assert_eq!(
        code(
            &Cli::for_hub(&hub).with("IOTHUB_CONNECTION_STRING", &wrong),
            &["doctor"]
        ),
        3
    );
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    assert_eq!(
        code(
            &cli.with("IOTHUB_ENDPOINT", &format!("http://127.0.0.1:{port}")),
            &["doctor"]
        ),
        4
    );
}

#[test]
fn a_number_that_would_come_back_changed_is_sent_as_text() {
    let (_hub, cli) = stage();
    let ran = cli
        .run(&[
            "schedule",
            "twin",
            "--where",
            "*",
            "--yes",
            "--desired",
            "fw=3.10",
            "--desired",
            "n=30",
            "--tag",
            "big=1e5",
            "--tag",
            "half=0.5",
            "--tag-text",
            "code=12",
            "--desired-text",
            "on=true",
        ])
        .expect(0);
    let warned = ran.stderr.matches("sent as a text").count();
    assert_eq!(warned, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("warning: --desired fw=3.10: "),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("--tag-text big=1e5"), "{}", ran.stderr);
    let row = cli
        .run(&["export", "--download", "-", "-q"])
        .expect(0)
        .json();
    assert_eq!(
        row["tags"],
        json!({"big": "1e5", "code": "12", "half": 0.5, "site": "x"})
    );
    assert_eq!(
        row["properties"]["desired"],
        json!({"fw": "3.10", "n": 30, "on": "true"})
    );
}

#[test]
fn a_number_within_a_value_must_be_one_that_a_twin_holds() {
    let cli = cli_of(closed_port());
    let ran = cli
        .run(&[
            "schedule",
            "twin",
            "--where",
            "*",
            "--yes",
            "--tag",
            "a={\"b\":98765432109876543210}",
        ])
        .expect(2);
    assert!(ran.stderr.contains("tags.a.b"), "{}", ran.stderr);
}

#[test]
fn a_local_start_is_echoed_in_utc_and_a_past_one_is_an_error() {
    let (_hub, cli) = stage();
    let cli = cli.with("TZ", "EST5EDT,M3.2.0,M11.1.0");
    let twin = [
        "schedule",
        "twin",
        "--where",
        "*",
        "--yes",
        "--tag",
        "a=1",
        "--no-wait",
        "--start",
    ];
    let run = |start: &str| cli.run(&[&twin[..], &[start]].concat());
    // The service takes starts within a week.
    let ran = run("2120-01-31T08:00").expect(2);
    assert!(
        ran.stderr.contains("2120-01-31T13:00:00Z (UTC)"),
        "{}",
        ran.stderr
    );
    let ran = run("23:59").expect(0);
    assert!(ran.stderr.contains(":59:00Z (UTC)"), "{}", ran.stderr);
    for (start, reason) in [
        ("2020-01-31T08:00:00Z", "is in the past"),
        ("2020-01-31T08:00", "is in the past"),
        ("2120-03-10T02:30", "does not exist"),
        ("2120-11-03T01:30", "exists twice"),
        ("noon", "not a time"),
    ] {
        let ran = run(start).expect(2);
        assert!(ran.stderr.contains(reason), "{start}: {}", ran.stderr);
    }
    let cli = cli.with("TZ", "Nowhere/Nothing");
    let ran = cli.run(&[&twin[..], &["22:00"]].concat()).expect(2);
    assert!(
        ran.stderr.contains("write the time with an offset"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_dry_run_shows_the_request() {
    let (_hub, cli) = stage();
    let twin = [
        "schedule",
        "twin",
        "--where",
        "tags.site = 'x'",
        "--dry-run",
    ];
    let sent = ["--id", "j-1", "--tag", "v=3.10", "--desired", "on=true"];
    let table = cli.run(&[&twin[..], &sent].concat()).expect(0).json();
    assert_eq!(
        table,
        json!({
            "jobId": "j-1",
            "type": "scheduleUpdateTwin",
            "queryCondition": "tags.site = 'x'",
            "maxExecutionTimeInSeconds": 3600,
            "updateTwin": {
                "etag": "*",
                "tags": {"v": "3.10"},
                "properties": {"desired": {"on": true}},
            },
        })
    );
    let ran = cli.run(&[&twin[..], &sent, &["-o", "json"]].concat());
    let document = ran.expect(0).json();
    assert_eq!(
        (&document["request"], &document["devices"]),
        (&table, &json!(1))
    );
    let method = ["schedule", "method", "--where", "*", "--name", "reboot"];
    let payload = ["--payload", "{\"wait\":[1.50]}", "--dry-run"];
    let ran = cli.run(&[&method[..], &payload].concat()).expect(0);
    assert!(ran.stderr.contains("the number 1.50 "), "{}", ran.stderr);
    let call = &ran.json()["cloudToDeviceMethod"];
    assert_eq!(call["payload"], json!({"wait": [1.5]}));
}

#[test]
fn a_member_that_is_set_twice_and_an_integer_that_cannot_be_sent_are_errors() {
    let cli = cli_of(closed_port());
    let twin = ["schedule", "twin", "--where", "*", "--yes"];
    for (arguments, part) in [
        (&["--tag", "n=5", "--tag", "n=6"][..], "`n` is set twice"),
        (
            &["--desired-text", "n=5", "--desired", "n=6"],
            "`n` is set twice",
        ),
        (&["--patch", "p.json"], "98765432109876543210 is too large"),
    ] {
        cli.file("p.json", "{\"tags\":{\"a\":98765432109876543210}}");
        let ran = cli.run(&[&twin[..], arguments].concat()).expect(2);
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
    }
}
