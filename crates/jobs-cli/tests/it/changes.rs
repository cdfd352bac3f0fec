//! A change to a hub is shown, limited and confirmed before it is made.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Cli, LocalHub, Ran};

const KEYS: &str = r#""authentication":{"type":"sas","symmetricKey":{"primaryKey":"AAAAAAAAAAAAAAAAAAAAAA==","secondaryKey":"AQEBAQEBAQEBAQEBAQEBAQ=="}}"#;

/// A hub with devices `d-0` to `d-(count-1)` that have keys, and a client of it with a container.
pub(crate) fn fleet(count: usize) -> (LocalHub, Cli) {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("container");
    let cli = cli.with("IOTHUB_CONTAINER_URI", &container);
    let rows: String = (0..count)
        .map(|n| {
            format!(
                "{{\"id\":\"d-{n}\",\"status\":\"enabled\",\"importMode\":\"create\",{KEYS}}}\n"
            )
        })
        .collect();
    cli.run(&["import", &cli.file("fleet.txt", &rows), "-q"])
        .expect(0);
    (hub, cli)
}

/// Rows as the hub exports them with keys, in the order of ids.
fn exported(cli: &Cli) -> Vec<Value> {
    let ran = cli
        .run(&["export", "--include-keys", "--download", "-", "-q"])
        .expect(0);
    let mut rows: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    rows.sort_by_key(|row| row["id"].to_string());
    rows
}

/// The names of the blobs in the container folder.
pub(crate) fn blobs(cli: &Cli) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(cli.path("container"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn jobs(cli: &Cli) -> usize {
    let listed = cli.run(&["list", "-o", "json", "-q"]).expect(0).json();
    listed.as_array().unwrap().len()
}

/// Asserts that a command was rejected without any change, and returns what it printed.
#[track_caller]
pub(crate) fn rejected(cli: &Cli, arguments: &[&str]) -> Ran {
    let (jobs_before, blobs_before) = (jobs(cli), blobs(cli));
    let ran = cli.run(arguments).expect(2);
    assert_eq!(jobs(cli), jobs_before, "{}", ran.stderr);
    assert_eq!(blobs(cli), blobs_before, "{}", ran.stderr);
    ran
}

#[track_caller]
pub(crate) fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

#[test]
fn an_import_prints_the_hub_and_the_modes_before_it_starts() {
    let (hub, cli) = fleet(3);
    let rows = format!(
        "{{\"id\":\"new-1\",\"status\":\"enabled\"}}\n{{\"id\":\"new-2\",\"status\":\"enabled\",\"importMode\":\"Create\"}}\n\
         {{\"id\":\"d-0\",\"importMode\":\"update\",\"status\":\"enabled\",{KEYS}}}\n"
    );
    let file = cli.file("f.txt", &rows);
    let host = hub.endpoint().strip_prefix("http://").unwrap().to_owned();
    let line = format!("hub {host}: 3 rows: 1 create, 1 createOrUpdate, 1 update\n");
    for flags in [&["-q"][..], &[]] {
        let ran = cli
            .run(&[&["import", &file, "--dry-run"], flags].concat())
            .expect(0);
        contains(&ran.stderr, &[&line]);
    }
    let ran = cli.run(&["import", &file, "-o", "json", "-q"]).expect(0);
    contains(&ran.stderr, &[&line]);
    let document = ran.json();
    assert_eq!(document["hub"], host);
    assert_eq!(document["rows"], 3);
    assert_eq!(
        document["byMode"],
        json!({"create": 1, "createOrUpdate": 1, "update": 1})
    );
    assert_eq!(document["rejectedByCause"], json!({}));
}

#[test]
fn a_dry_run_changes_nothing() {
    let (_hub, cli) = fleet(3);
    let file = cli.file(
        "f.txt",
        "{\"id\":\"d-1\",\"importMode\":\"delete\",\"status\":\"enabled\"}\n",
    );
    let before = exported(&cli);
    let (jobs_before, blobs_before) = (jobs(&cli), blobs(&cli));
    let ran = cli
        .run(&["import", &file, "--dry-run", "-o", "json"])
        .expect(0);
    contains(&ran.stderr, &["1 row: 1 delete", "nothing was changed"]);
    assert_eq!(ran.json()["byMode"], json!({"delete": 1}));
    assert_eq!(ran.json()["dryRun"], true);
    assert_eq!(jobs(&cli), jobs_before);
    assert_eq!(blobs(&cli), blobs_before);
    let arguments = ["schedule", "twin", "--where", "*", "--tag", "a=1"];
    let ran = cli
        .run(&[&arguments[..], &["--dry-run"]].concat())
        .expect(0);
    contains(&ran.stderr, &["3 devices", "nothing was changed"]);
    assert_eq!(exported(&cli), before);
}

#[test]
fn deletions_need_a_confirmation() {
    let (_hub, cli) = fleet(3);
    let file = cli.file(
        "f.txt",
        "{\"id\":\"d-1\",\"importMode\":\"delete\",\"status\":\"enabled\"}\n{\"id\":\"d-2\",\"importMode\":\"deleteIfMatchETag\",\"eTag\":\"no\",\"status\":\"enabled\"}\n",
    );
    let ran = rejected(&cli, &["import", &file]);
    contains(
        &ran.stderr,
        &["2 identities", "delete", "--yes", "--dry-run"],
    );
    // A script may add the switch although it is there already.
    cli.run(&["import", &file, "--yes", "--yes"]).expect(1);
    let ids: Vec<_> = exported(&cli).iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, ["d-0", "d-2"]);
}

#[test]
fn rows_that_would_give_new_keys_stop_an_import() {
    let (_hub, cli) = fleet(30);
    let before = exported(&cli);
    let keyless: String = (0..30)
        .map(|n| format!("{{\"id\":\"d-{n}\",\"status\":\"enabled\"}}\n"))
        .collect();
    let file = cli.file("f.txt", &keyless);
    for flags in [
        &[][..],
        &["--yes"],
        &["--no-check"],
        &["--yes", "--no-check"],
    ] {
        let ran = rejected(&cli, &[&["import", &file], flags].concat());
        contains(
            &ran.stderr,
            &[
                "30 ",
                "d-0",
                "--regenerate-keys",
                "--include-keys",
                "create",
            ],
        );
        assert!(!ran.stderr.contains("d-29"), "ten ids: {}", ran.stderr);
    }
    let ran = cli.run(&["import", &file, "--dry-run"]).expect(0);
    contains(&ran.stderr, &["30 ", "d-0"]);
    assert_eq!(exported(&cli), before);
    // With the flag it is a danger like others.
    rejected(&cli, &["import", &file, "--regenerate-keys"]);
    cli.run(&["import", &file, "--regenerate-keys", "--yes"])
        .expect(0);
    for (before, after) in before.iter().zip(exported(&cli)) {
        assert_ne!(before["authentication"], after["authentication"]);
    }
}

#[test]
fn new_identities_and_create_rows_keep_no_keys_from_anybody() {
    let (_hub, cli) = fleet(5);
    let before = exported(&cli);
    let rows = "{\"id\":\"new-1\",\"status\":\"enabled\"}\n\
                {\"id\":\"d-1\",\"importMode\":\"create\",\"status\":\"enabled\"}\n\
                {\"id\":\"d-2\",\"importMode\":\"updateTwin\",\"status\":\"enabled\",\"tags\":{\"a\":1}}\n\
                {\"id\":\"d-3\",\"importMode\":\"updateIfMatchETag\",\"status\":\"enabled\"}\n";
    let ran = cli
        .run(&["import", &cli.file("f.txt", rows), "-o", "json"])
        .expect(1);
    // d-1 exists.
    contains(&ran.stdout, &["409001"]);
    let after = exported(&cli);
    assert_eq!(after.len(), 6);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before["authentication"], after["authentication"]);
    }
}

#[test]
fn one_row_in_a_thousand_is_found() {
    let (_hub, cli) = fleet(3);
    let mut rows: String = (0..1000)
        .map(|n| format!("{{\"id\":\"n-{n}\",\"status\":\"enabled\"}}\n"))
        .collect();
    rows.insert_str(0, "{\"id\":\"d-2\",\"status\":\"enabled\"}\n");
    let ran = rejected(&cli, &["import", &cli.file("f.txt", &rows)]);
    contains(&ran.stderr, &["1 ", "d-2", "--regenerate-keys"]);
    assert!(!ran.stderr.contains("n-1"), "{}", ran.stderr);
}

#[test]
fn another_kind_of_authentication_needs_a_confirmation() {
    let (_hub, cli) = fleet(3);
    let thumbprint = "A".repeat(40);
    let row = |id: &str| {
        format!(
            "{{\"id\":\"{id}\",\"status\":\"enabled\",\"authentication\":{{\"type\":\"selfSigned\",\"x509Thumbprint\":{{\"primaryThumbprint\":\"{thumbprint}\",\"secondaryThumbprint\":null}}}}}}\n"
        )
    };
    let file = cli.file("f.txt", &format!("{}{}", row("d-1"), row("new")));
    let ran = rejected(&cli, &["import", &file]);
    contains(&ran.stderr, &["1 ", "authentication", "--yes"]);
    cli.run(&["import", &file, "--yes"]).expect(0);
    // The kind is the same now: nothing to ask.
    cli.run(&["import", &file]).expect(0);
    // Keys in the place of certificates are another kind, too.
    let keys = |id: &str| format!("{{\"id\":\"{id}\",\"status\":\"enabled\",{KEYS}}}\n");
    let file = cli.file("k.txt", &format!("{}{}", keys("d-1"), keys("d-2")));
    let ran = rejected(&cli, &["import", &file]);
    contains(&ran.stderr, &["1 existing identity", "(d-1)", "--yes"]);
    cli.run(&["import", &file, "--yes"]).expect(0);
}

#[test]
fn the_limit_holds_whatever_was_confirmed() {
    let (_hub, cli) = fleet(4);
    let rows: String = (0..5)
        .map(|n| format!("{{\"id\":\"n-{n}\",\"status\":\"enabled\"}}\n"))
        .collect();
    let file = cli.file("f.txt", &rows);
    let ran = rejected(&cli, &["import", &file, "--max-devices", "4", "--yes"]);
    contains(&ran.stderr, &["--max-devices 4", "5 identities"]);
    let schedule = ["schedule", "twin", "--where", "*", "--tag", "a=1", "--yes"];
    let ran = rejected(&cli, &[&schedule[..], &["--max-devices", "3"]].concat());
    contains(&ran.stderr, &["--max-devices 3", "4 identities"]);
    cli.run(&[&schedule[..], &["--max-devices", "4"]].concat())
        .expect(0);
}

#[test]
fn the_limit_counts_each_identity_once() {
    let (_hub, cli) = fleet(1);
    let rows: String = (0..5)
        .map(|n| format!("{{\"id\":\"n-{n}\",\"status\":\"enabled\"}}\n"))
        .collect();
    // The hub rejects the second row about an identity.
    let file = cli.file("twice.txt", &rows.repeat(2));
    let ran = rejected(&cli, &["import", &file, "--max-devices", "4"]);
    contains(&ran.stderr, &["10 rows", "5 identities would be touched"]);
    let ran = cli.run(&["import", &file, "--max-devices", "5"]).expect(1);
    contains(&ran.stdout, &["DeviceDefinedMultipleTimes"]);
}

#[test]
fn a_list_of_more_than_a_thousand_ids_needs_a_confirmation() {
    let (_hub, cli) = fleet(2);
    let list = |from: usize, to: usize| {
        let ids: Vec<_> = (from..to).map(|n| format!("'{n}'")).collect();
        format!("deviceId IN [{}]", ids.join(","))
    };
    let schedule = ["schedule", "twin", "--tag", "a=1", "--where"];
    let two_lists = format!("{} OR {}", list(0, 500), list(500, 1001));
    for condition in [list(0, 1001), two_lists] {
        let ran = rejected(&cli, &[&schedule[..], &[&*condition]].concat());
        contains(&ran.stderr, &["lists of 1001 ids", "--yes"]);
    }
    cli.run(&[&schedule[..], &[&*list(0, 1000)]].concat())
        .expect(0);
}

#[test]
fn a_plan_for_all_devices_needs_a_confirmation() {
    let (_hub, cli) = fleet(2);
    let schedule = ["schedule", "twin", "--tag", "a=1", "--where"];
    let ran = rejected(&cli, &[&schedule[..], &["*"]].concat());
    contains(&ran.stderr, &["2 devices", "--yes"]);
    cli.run(&[&schedule[..], &["*", "--yes"]].concat())
        .expect(0);
    // Few devices that are named by a condition need none.
    let ran = cli
        .run(&[&schedule[..], &["deviceId = 'd-1'"]].concat())
        .expect(0);
    contains(&ran.stderr, &["1 device"]);
}

/// The commands of the README's example, as a user would type them.
fn readme_commands() -> Vec<Vec<String>> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let text = std::fs::read_to_string(readme).unwrap();
    let section = text.split("## Use it against a real hub").nth(1).unwrap();
    let block = section.split("```console\n").nth(1).unwrap();
    let block = block.split("```").next().unwrap();
    block
        .lines()
        .filter_map(|line| line.strip_prefix("$ iothub-jobs "))
        .map(|line| line.split_whitespace().map(str::to_owned).collect())
        .collect()
}

#[test]
fn the_readmes_example_changes_no_key() {
    let (_hub, cli) = fleet(200);
    let cli = cli.with("IOTHUB_CONTAINER_URI", "");
    let uri = format!("file://{}", cli.path("container").display());
    cli.file("container.txt", &uri);
    let before = export_with(&cli, &uri);
    let commands = readme_commands();
    let verbs: Vec<&str> = commands.iter().map(|words| words[0].as_str()).collect();
    assert_eq!(
        verbs,
        [
            "export", "devices", "devices", "import", "import", "list", "get"
        ]
    );
    for words in &commands {
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        let id;
        if let ["get", last] = words.as_mut_slice() {
            let listed = cli.run(&["list", "-o", "json", "-q"]).expect(0).json();
            id = listed[0]["jobId"].as_str().unwrap().to_owned();
            *last = &id;
        }
        cli.run(&words).expect(0);
    }
    assert_eq!(export_with(&cli, &uri), before);
    assert_eq!(before.len(), 200);
}

/// The ids, keys and states of all devices.
fn export_with(cli: &Cli, uri: &str) -> Vec<Value> {
    let ran = cli
        .run(&[
            "export",
            "--container",
            uri,
            "--include-keys",
            "--blob",
            "state.txt",
            "--download",
            "-",
            "-q",
        ])
        .expect(0);
    let mut rows: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line).unwrap();
            json!([row["id"], row["authentication"], row["status"], row["tags"]])
        })
        .collect();
    rows.sort_by_key(|row| row[0].to_string());
    rows
}

#[test]
fn a_file_of_another_format_is_named_and_not_uploaded() {
    let (_hub, cli) = fleet(1);
    for (content, part) in [
        ("\u{feff}[{\"id\":\"a\",\"status\":\"enabled\"}]", "JSON"),
        ("id,status\na,enabled\nb,enabled\n", "CSV"),
        (
            "{\n  \"id\": \"a\",\n  \"status\": \"enabled\"\n}\n",
            "several lines",
        ),
        ("<!DOCTYPE html><p>Sign in</p>\n", "HTML"),
        ("{oops\n{oops\n", "nothing to import"),
    ] {
        let file = cli.file("f.txt", content);
        let ran = rejected(&cli, &["import", &file, "--yes", "--no-check"]);
        contains(&ran.stderr, &[part, "hint"]);
        std::fs::copy(cli.path("f.txt"), cli.path("container/b.txt")).unwrap();
        let ran = rejected(&cli, &["import", "--blob", "b.txt", "--yes"]);
        contains(&ran.stderr, &[part]);
    }
}

#[test]
fn more_rows_than_are_asked_about_count_as_existing_unless_the_hub_is_empty() {
    let rows = |prefix: &str| -> String {
        (0..2_001)
            .map(|n| format!("{{\"id\":\"{prefix}-{n}\",\"status\":\"enabled\"}}\n"))
            .collect()
    };
    let (_hub, cli) = fleet(1);
    let file = cli.file("f.txt", &rows("x"));
    let ran = rejected(&cli, &["import", &file]);
    contains(
        &ran.stderr,
        &["2001 existing identities", "x-0", "more than 2,000"],
    );
    let hub = LocalHub::start(&[]);
    let empty = Cli::for_hub(&hub);
    let container = empty.container("container");
    let empty = empty.with("IOTHUB_CONTAINER_URI", &container);
    let file = empty.file("f.txt", &rows("x"));
    empty.run(&["import", &file]).expect(0);
}

#[test]
fn a_hub_that_does_not_say_what_exists_has_all_of_it() {
    let (hub, cli) = fleet(1);
    let file = cli.file("f.txt", "{\"id\":\"new\",\"status\":\"enabled\"}\n");
    let script = r#"{"rules":[{"operation":"Query_GetTwins","times":99,"action":{"kind":"respond","status":401,"errorCode":"IotHubUnauthorizedAccess"}}]}"#;
    let faulty = LocalHub::start(&["--faults", &cli.file("faults.json", script)]);
    let denied = Cli::for_hub(&faulty);
    let container = denied.container("container");
    let denied = denied.with("IOTHUB_CONTAINER_URI", &container);
    let other = denied.file("o.txt", "{\"id\":\"other\",\"status\":\"enabled\"}\n");
    // Its statistics say that it is empty.
    denied.run(&["import", &other]).expect(0);
    let same = denied.file("f.txt", "{\"id\":\"new\",\"status\":\"enabled\"}\n");
    let ran = rejected(&denied, &["import", &same]);
    contains(
        &ran.stderr,
        &["1 existing identity", "new", "count as existing"],
    );
    let schedule = ["schedule", "twin", "--tag", "a=1", "--where"];
    // Only a job for all devices asks then, and a limit cannot be held.
    denied
        .run(&[&schedule[..], &["deviceId = 'other'"]].concat())
        .expect(0);
    rejected(&denied, &[&schedule[..], &["*"]].concat());
    let limited = ["deviceId = 'other'", "--max-devices", "5", "--yes"];
    let ran = rejected(&denied, &[&schedule[..], &limited].concat());
    contains(&ran.stderr, &["--max-devices 5", "unknown"]);
    // The same file passes where the hub tells.
    cli.run(&["import", &file]).expect(0);
    drop(hub);
}
