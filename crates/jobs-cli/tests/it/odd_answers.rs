//! Hubs that answer what no hub should, files that are keys, and proxies: each a clear line, bounded and without secrets.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use crate::harness::{Cli, Ran, cli_of};

const ID: &str = "7b0c7f3e-1111-4222-8333-000000000001";
/// 32 bytes, as the portal shows a key.
const KEY: &str = "ZtMQnCUKRbgCAbXkI5FT8C/GOcHz3+r8rNEUJh2SD5w=";

/// Answers each connection once, in order, and keeps the first line of every request.
struct Answers {
    port: u16,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Answers {
    fn of(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = lines.clone();
        // Ends with its answers, or with the process of the tests.
        std::thread::spawn(move || {
            for answer in answers {
                let Ok((mut stream, _)) = listener.accept() else {
                    return;
                };
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let first = head.lines().next().unwrap_or_default().to_owned();
                kept.lock().unwrap().push(first);
                let length = head.lines().find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse()
                        .ok()
                });
                let mut body = vec![0; length.unwrap_or(0)];
                let _ = stream.read_exact(&mut body);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { port, lines }
    }

    fn cli(&self) -> Cli {
        cli_of(self.port)
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

fn answer(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Scripted\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

fn job(id: &str, status: &str, more: &str) -> String {
    format!(r#"{{"jobId":"{id}","type":"export","status":"{status}"{more}}}"#)
}

const MISSING: &str = r#"{"Message":"ErrorCode:JobNotFound;Job not found"}"#;

/// Creates an export at a hub that answers so, and waits for it.
fn export(answers: &Answers) -> Ran {
    let cli = answers.cli();
    let container = cli.container("c");
    cli.run(&[
        "export",
        "--container",
        &container,
        "--poll-interval",
        "10ms",
    ])
}

#[test]
fn a_job_that_cannot_be_shown_as_json_is_an_error_and_not_null() {
    let deep = format!(",\"x\":{}1{}", "[".repeat(127), "]".repeat(127));
    for options in [&[][..], &["--show-secrets"]] {
        let hub = Answers::of(vec![answer(200, "", &job(ID, "completed", &deep))]);
        let mut arguments = vec!["get", ID, "-o", "json"];
        arguments.extend(options);
        let ran = hub.cli().run(&arguments).expect(4);
        assert_eq!(ran.stdout, "");
        assert!(
            ran.stderr.contains("more than 127 levels"),
            "{}",
            ran.stderr
        );
        let fits = format!(",\"x\":{}1{}", "[".repeat(126), "]".repeat(126));
        let hub = Answers::of(vec![answer(200, "", &job(ID, "completed", &fits))]);
        let ran = hub.cli().run(&arguments).expect(0);
        assert!(ran.stdout.contains(ID) && ran.stdout.matches('[').count() == 126);
    }
}

#[test]
fn an_invalid_id_in_a_response_is_exit_4_and_bounded() {
    let long = "x".repeat(1 << 20);
    for id in ["../../devices/x", &long] {
        let hub = Answers::of(vec![answer(200, "", &job(id, "enqueued", ""))]);
        let ran = export(&hub).expect(4);
        assert!(ran.stderr.contains("invalid id"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("invalid configuration"));
        assert!(ran.stderr.len() < 4_000, "{}", ran.stderr.len());
    }
}

#[test]
fn an_argument_of_a_megabyte_does_not_come_back_whole() {
    // As long as one argument may be on Linux.
    let long = "x".repeat(100_000);
    let bad = format!("http://{long} x");
    let hub = Answers::of(Vec::new());
    for arguments in [
        vec!["get", &long],
        vec!["wait", &long],
        vec!["cancel", &long],
        vec!["get", "a", &long],
        vec!["devices", "stats", &long],
        vec!["list", "--ca-file", &long],
        vec!["list", "--host", &long, "--auth", "entra"],
        vec!["list", "--proxy", &bad],
    ] {
        let ran = hub.cli().run(&arguments);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(
            ran.stderr.len() < 4_000,
            "{:?}: {}",
            arguments[0],
            ran.stderr.len()
        );
    }
}

#[test]
fn a_new_job_that_stays_missing_is_named_with_the_way_back() {
    let hub = Answers::of(vec![
        answer(200, "", &job(ID, "enqueued", "")),
        answer(404, "", MISSING),
        answer(404, "", MISSING),
    ]);
    let ran = export(&hub).expect(3);
    assert!(
        ran.stderr
            .contains(&format!("follow it: iothub-jobs wait {ID}")),
        "{}",
        ran.stderr
    );
    assert_eq!(hub.lines().len(), 3);
}

#[test]
fn a_poll_about_another_job_is_exit_4() {
    let hub = Answers::of(vec![
        answer(200, "", &job(ID, "enqueued", "")),
        answer(200, "", &job("other", "completed", "")),
    ]);
    let ran = export(&hub).expect(4);
    assert!(ran.stderr.contains("another job, other"), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("iothub-jobs wait {ID}")));
}

#[test]
fn a_redirect_names_its_target_and_nothing_goes_there() {
    let target = Answers::of(vec![answer(200, "", &job(ID, "completed", ""))]);
    let location = format!(
        "Location: http://127.0.0.1:{}/sign-in?state=planted\r\n",
        target.port
    );
    let hub = Answers::of(vec![answer(302, &location, "")]);
    let ran = hub.cli().run(&["get", ID]).expect(4);
    let shown = format!("redirects to 127.0.0.1:{}/sign-in", target.port);
    assert!(ran.stderr.contains(&shown), "{}", ran.stderr);
    assert!(!ran.stderr.contains("planted"));
    assert!(target.lines().is_empty());
}

#[test]
fn a_key_in_place_of_a_file_name_is_not_repeated() {
    let hub = Answers::of(Vec::new());
    let cli = hub.cli();
    let row = cli.file("d.txt", "{\"id\":\"a\",\"status\":\"enabled\"}\n");
    let unpadded = KEY.trim_end_matches('=');
    let uri = format!("https://a.blob.core.windows.net/c?sp=r&sig={unpadded}");
    for key in [KEY, unpadded, &uri] {
        for arguments in [
            vec!["devices", "anonymise", &row, "--key-file", key],
            vec!["list", "--connection-string-file", key],
            vec!["list", "--ca-file", key],
            vec!["export", "--container-file", key],
            vec!["devices", "stats", key],
            vec!["devices", "generate", "--count", "1", "--template", key],
            vec!["import", key, "--container", "file:///tmp"],
        ] {
            let ran = cli.run(&arguments).expect(2);
            let text = format!("{}{}", ran.stdout, ran.stderr);
            assert!(!text.contains(unpadded), "{arguments:?}: {text}");
            assert!(
                text.contains("the name of a file is wanted"),
                "{arguments:?}: {text}"
            );
        }
    }
}

#[test]
fn the_whole_chain_is_shown_once() {
    let ran = cli_of(crate::harness::closed_port())
        .run(&["get", ID, "-v", "--timeout", "300ms"])
        .expect(4);
    let said: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: ") || line.contains("caused by: "))
        .collect();
    let text = said.join("\n");
    assert_eq!(text.matches("Connection refused").count(), 1, "{text}");
    assert!(text.contains("caused by: "), "{text}");
}

fn remote() -> Cli {
    Cli::new().with(
        "IOTHUB_CONNECTION_STRING",
        "HostName=hub.example;SharedAccessKeyName=p;SharedAccessKey=c2VjcmV0LXNlY3JldC0=",
    )
}

#[test]
fn the_proxy_of_the_environment_or_the_option_is_used_and_its_password_is_not_shown() {
    for name in [
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
        "--proxy",
    ] {
        let proxy = Answers::of((0..9).map(|_| answer(502, "", "{}")).collect());
        let url = format!("http://user:planted@127.0.0.1:{}", proxy.port);
        let (cli, option) = if name == "--proxy" {
            let option = vec!["--proxy", url.as_str()];
            (remote().with("HTTPS_PROXY", "http://127.0.0.1:1"), option)
        } else {
            (remote().with(name, &url), vec![])
        };
        let mut arguments = vec!["doctor", "-v", "--timeout", "3s"];
        arguments.extend(option);
        let ran = cli.run(&arguments).expect(4);
        let text = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!text.contains("planted"), "{name}: {text}");
        let shown = format!("http://[redacted]@127.0.0.1:{} ({name})", proxy.port);
        assert!(ran.stdout.contains(&shown), "{name}: {text}");
        assert_eq!(
            proxy.lines()[0],
            "CONNECT hub.example:443 HTTP/1.1",
            "{name}"
        );
    }
}

#[test]
fn this_machine_is_never_reached_through_a_proxy_and_a_bad_one_stops_only_what_needs_it() {
    let hub = Answers::of(vec![answer(200, "", &job(ID, "completed", "")); 3]);
    let proxy = Answers::of(vec![answer(502, "", "{}")]);
    let url = format!("http://127.0.0.1:{}", proxy.port);
    let cli = || hub.cli();
    cli().with("ALL_PROXY", &url).run(&["get", ID]).expect(0);
    cli().run(&["get", ID, "--proxy", &url]).expect(0);
    cli()
        .with("all_proxy", "socks5://u:planted@h")
        .run(&["get", ID])
        .expect(0);
    assert!(proxy.lines().is_empty());
    for (name, value) in [
        ("ALL_PROXY", "socks5://u:planted@h"),
        ("https_proxy", "http://u:planted@h o"),
    ] {
        let ran = remote().with(name, value).run(&["get", ID]).expect(2);
        assert!(
            ran.stderr.starts_with(&format!("error: {name}: ")),
            "{}",
            ran.stderr
        );
        assert!(!ran.stderr.contains("planted"), "{}", ran.stderr);
    }
}
