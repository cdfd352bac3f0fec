//! No planted secret comes out, whatever is asked and whatever goes wrong.

use crate::harness::{Cli, LocalHub, Ran};

/// What no output may hold.
const PLANTED: [&str; 3] = [
    "cGxhbnRlZC1zaWduYXR1cmU",
    "cGxhbnRlZC1kZXZpY2Uta2V5LTAwMDAwMDAw",
    "planted-token",
];

fn assert_clean(ran: &Ran, key: &str) {
    for secret in PLANTED.iter().chain(&[key]) {
        for (name, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
            assert!(!text.contains(secret), "{secret} on {name}:\n{text}");
        }
    }
}

#[test]
fn nothing_is_printed_at_any_verbosity() {
    let hub = LocalHub::start(&[]);
    let key = hub.ready["policies"][0]["primaryKey"]
        .as_str()
        .unwrap()
        .to_owned();
    let cli = Cli::for_hub(&hub).with("IOTHUB_ENTRA_TOKEN", "planted-token");
    let container = cli.container("c");
    // A blob service that is not there: the URI with its signature goes through upload, create and errors.
    let remote = "http://127.0.0.1:9/devstoreaccount1/c?sv=2022-11-02&sr=c&sp=racwdl&se=2099-01-01T00%3A00%3A00Z&sig=cGxhbnRlZC1zaWduYXR1cmU%3D";
    let row = r#"{"id":"x","status":"enabled","authentication":{"type":"sas","symmetricKey":{"primaryKey":"cGxhbnRlZC1kZXZpY2Uta2V5LTAwMDAwMDAw","secondaryKey":"cGxhbnRlZC1kZXZpY2Uta2V5LTAwMDAwMDAw"}}}"#;
    let bad = row.replace("\"sas\"", "\"wrong\"");
    let file = cli.file(
        "d.txt",
        &format!("{row}\n{bad}\n{}\n", &row[..row.len() - 20]),
    );
    let uri = cli.file("uri", remote);
    for verbosity in [vec![], vec!["-v"], vec!["-vvv"]] {
        for command in [
            vec!["import", &file, "--container", &container],
            vec!["import", &file, "--container", &container, "-o", "json"],
            vec!["export", "--container", &container, "-o", "json"],
            vec!["export", "--container", remote, "--timeout", "400ms"],
            vec![
                "export",
                "--container-file",
                &uri,
                "--no-wait",
                "--timeout",
                "400ms",
            ],
            vec!["import", "--container", remote, "--timeout", "400ms"],
            vec!["list", "-o", "json"],
            vec!["get", remote],
            vec!["export", remote],
            vec!["devices", "filter", &bad, "--where", "true"],
            vec![
                "list",
                "--host",
                "localhost",
                "--auth",
                "entra",
                "--timeout",
                "400ms",
            ],
        ] {
            let arguments: Vec<&str> = verbosity.iter().copied().chain(command).collect();
            assert_clean(&cli.run(&arguments), &key);
        }
    }
}

#[test]
fn secrets_are_shown_when_asked_for() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("c");
    let key = "cGxhbnRlZC1kZXZpY2Uta2V5LTAwMDAwMDAw";
    let row = format!(
        r#"{{"id":"x","status":"enabled","authentication":{{"type":"wrong","symmetricKey":{{"primaryKey":"{key}","secondaryKey":"{key}"}}}}}}"#
    );
    let file = cli.file("d.txt", &row);
    let arguments = ["import", &file, "--container", &container, "-o", "json"];
    assert!(!cli.run(&arguments).expect(1).stdout.contains(key));
    let shown: Vec<&str> = arguments
        .iter()
        .copied()
        .chain(["--show-secrets"])
        .collect();
    assert!(cli.run(&shown).expect(1).stdout.contains(key));
}
