//! Wrong input: what was wrong, where, and the exit code, in a stable form.

use crate::harness::Cli;

const HUB: &str = "HostName=hub.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=";

#[test]
fn a_malformed_connection_string_names_its_part_and_prints_no_key() {
    for (text, part) in [
        (
            "HostName=h.azure-devices.net;SharedAccessKeyName=p".to_owned(),
            "SharedAccessKey",
        ),
        (
            "SharedAccessKeyName=p;SharedAccessKey=cGxhbnRlZHNlY3JldA==".to_owned(),
            "HostName",
        ),
        (format!("{HUB}not-base64-planted!"), "SharedAccessKey"),
        (format!("{HUB}cGxhbnRlZHNlY3JldA==;Extra=1"), "part 4"),
        (format!("{HUB}cGxhbnRlZHNlY3JldA==;HostName=h"), "HostName"),
        ("cGxhbnRlZHNlY3JldA==".to_owned(), "part 1"),
    ] {
        let ran = Cli::new()
            .with("IOTHUB_CONNECTION_STRING", &text)
            .run(&["get", "1", "-v"])
            .expect(2);
        assert!(ran.stderr.contains(part), "{text}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("IOTHUB_CONNECTION_STRING"),
            "{}",
            ran.stderr
        );
        for planted in ["cGxhbnRlZHNlY3JldA", "planted"] {
            assert!(!ran.stderr.contains(planted), "{}", ran.stderr);
        }
    }
}

#[test]
fn the_same_fault_in_a_file_names_the_file() {
    let cli = Cli::new();
    let path = cli.file(
        "hub.txt",
        "HostName=h.azure-devices.net;SharedAccessKeyName=p\n",
    );
    insta::assert_snapshot!(cli.run(&["list", "--connection-string-file", &path]).snapshot(), @r"
    exit code: 2
    ----- stdout
    ----- stderr
    error: connection string in [HOME]/hub.txt: the connection string lacks SharedAccessKey
    ");
}

#[test]
fn no_hub_at_all_is_explained() {
    insta::assert_snapshot!(Cli::new().run(&["list"]).snapshot(), @r"
    exit code: 2
    ----- stdout
    ----- stderr
    error: no hub is named
    hint: set IOTHUB_CONNECTION_STRING, or give --connection-string-file FILE
    hint: or sign in with Microsoft Entra ID: --host HOST --auth entra
    hint: no hub at hand? `iothub-jobs emulator` runs one here
    ");
}

#[test]
fn a_key_as_an_argument_is_refused_without_being_repeated() {
    let text = format!("{HUB}cGxhbnRlZHNlY3JldA==");
    for arguments in [
        vec!["list", "--connection-string-file", &text],
        vec!["list", &text],
        vec!["get", "x", &text],
        vec!["list", "--connection-string", &text],
        vec!["--timeout", &text, "list"],
    ] {
        let ran = Cli::new().run(&arguments).expect(2);
        assert!(!ran.stderr.contains("cGxhbnRlZHNlY3JldA"), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn bad_options_are_named() {
    for (arguments, part) in [
        (vec!["list", "--timeout", "30"], "no unit"),
        (vec!["list", "--timeout", "0s"], "no time"),
        (vec!["list", "-o", "yaml"], "yaml"),
        (vec!["list", "--auth", "entra"], "--host"),
        (vec!["list", "--host", "h"], "--auth entra"),
        (
            vec![
                "export",
                "--storage-auth",
                "key",
                "--container",
                "file:///x",
            ],
            "system",
        ),
        (vec!["get"], "<ID>"),
        (vec!["emulator", "--job-delay", "5"], "no unit"),
        (
            vec!["emulator", "--listen", "example.org:80"],
            "127.0.0.1:8443",
        ),
        (vec!["emulator", "--sku", "B1"], "S1"),
        (vec!["demo", "--devices", "3"], "20"),
        (vec!["devices", "set-mode", "x", "explode"], "explode"),
    ] {
        let ran = Cli::new().run(&arguments).expect(2);
        assert!(ran.stderr.contains(part), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn a_container_is_checked_before_anything_is_sent() {
    let cli = Cli::new().with(
        "IOTHUB_CONNECTION_STRING",
        &format!("{HUB}cGxhbnRlZHNlY3JldA=="),
    );
    let expired =
        "https://a.blob.core.windows.net/c?sr=c&sp=rwdl&se=2020-01-01&sig=cGxhbnRlZA%3D%3D";
    for (arguments, part) in [
        (vec!["export"], "no container is named"),
        (vec!["export", "--container", expired], "expired"),
        (
            vec!["export", "--container", "https://a.blob.core.windows.net/c"],
            "no signature",
        ),
        (vec!["export", "--container", "ftp://a/c"], "--container"),
        (
            vec!["import", "missing.txt", "--container", "file:///tmp"],
            "missing.txt",
        ),
        (
            vec![
                "export",
                "--container",
                "file:///tmp",
                "--download",
                "none/such/folder.txt",
            ],
            "none/such/folder.txt",
        ),
    ] {
        let ran = cli.run(&arguments).expect(2);
        assert!(ran.stderr.contains(part), "{arguments:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("cGxhbnRlZA"), "{}", ran.stderr);
    }
}

#[test]
fn a_uri_that_a_shell_has_cut_is_noticed() {
    let cli = Cli::new().with(
        "IOTHUB_CONNECTION_STRING",
        &format!("{HUB}cGxhbnRlZHNlY3JldA=="),
    );
    let ran = cli
        .run(&[
            "export",
            "--container",
            "https://a.blob.core.windows.net/c?sv=2022-11-02",
        ])
        .expect(2);
    assert!(
        ran.stderr
            .contains("warning: the container URI in --container has a query but no signature"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("--container-file"), "{}", ran.stderr);
}

#[test]
fn standard_input_cannot_be_two_things() {
    let cli = Cli::new();
    let arguments = [
        "export",
        "--connection-string-file",
        "-",
        "--container-file",
        "-",
    ];
    let ran = cli
        .run_with(&arguments, &format!("{HUB}cGxhbnRlZHNlY3JldA=="))
        .expect(2);
    assert!(ran.stderr.contains("only once"), "{}", ran.stderr);
}

#[test]
fn a_hub_that_is_down_exits_4_and_says_where_it_was_looked_for() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let cli = Cli::new()
        .with(
            "IOTHUB_CONNECTION_STRING",
            &format!("HostName=localhost:{port};SharedAccessKeyName=p;SharedAccessKey=c2VjcmV0"),
        )
        .with("IOTHUB_ENDPOINT", &format!("http://127.0.0.1:{port}"));
    for arguments in [vec!["get", "1"], vec!["get", "1", "--timeout", "1s"]] {
        let ran = cli.run(&arguments).expect(4);
        assert!(
            ran.stderr.to_lowercase().contains("connection refused"),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains(&format!("http://127.0.0.1:{port}")),
            "{}",
            ran.stderr
        );
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn the_time_limit_bounds_the_whole_command() {
    // Accepts connections and never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let cli = Cli::new()
        .with(
            "IOTHUB_CONNECTION_STRING",
            "HostName=localhost;SharedAccessKeyName=p;SharedAccessKey=c2VjcmV0",
        )
        .with("IOTHUB_ENDPOINT", &format!("http://127.0.0.1:{port}"));
    let ran = cli.run(&["--timeout", "300ms", "get", "1"]).expect(4);
    assert_eq!(
        ran.stderr,
        format!(
            "error: timed out after 300ms\nhint: looked for the hub at http://127.0.0.1:{port}\n"
        )
    );
}
