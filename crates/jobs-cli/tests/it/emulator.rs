//! The local hub as a process.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::harness::{Cli, LocalHub};

#[test]
fn the_ready_line_is_the_only_line_and_has_its_members() {
    let hub = LocalHub::start(&[]);
    let endpoint = hub.endpoint().to_owned();
    assert!(endpoint.starts_with("http://127.0.0.1:"), "{endpoint}");
    let port = endpoint.rsplit(':').next().unwrap();
    let string = hub.connection_string();
    assert!(
        string.starts_with(&format!(
            "HostName=localhost:{port};SharedAccessKeyName=iothubowner;SharedAccessKey="
        )),
        "{string}"
    );
    assert_eq!(hub.ready["adminEndpoint"], format!("{endpoint}/_local"));
    assert!(hub.ready.get("caFile").is_none());
    let policies = hub.ready["policies"].as_array().unwrap();
    for member in ["name", "rights", "primaryKey", "secondaryKey"] {
        assert!(
            policies.iter().all(|policy| policy[member].is_string()),
            "{member}"
        );
    }
    let (code, rest) = hub.stop("TERM");
    assert_eq!((code, rest.as_str()), (0, ""));
}

#[test]
fn a_signal_stops_it_cleanly_the_moment_it_is_ready() {
    for signal in ["INT", "TERM"] {
        let (code, rest) = LocalHub::start(&[]).stop(signal);
        assert_eq!((code, rest.as_str()), (0, ""), "{signal}");
    }
}

#[test]
fn healthz_answers_without_a_token() {
    let hub = LocalHub::start(&[]);
    let address = hub.endpoint().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn a_folder_in_use_is_refused_by_name() {
    let cli = Cli::new();
    let folder = cli.path("hub").to_str().unwrap().to_owned();
    let _first = LocalHub::start(&["--data", &folder]);
    let ran = cli.run(&["emulator", "--data", &folder]).expect(2);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains(&folder), "{}", ran.stderr);
}

#[test]
fn data_outlives_the_process() {
    let home = Cli::new();
    let folder = home.path("hub").to_str().unwrap().to_owned();
    let container = home.container("c");
    let file = home.file("d.txt", "{\"id\":\"kept\",\"status\":\"enabled\"}\n");
    let first = LocalHub::start(&["--data", &folder]);
    Cli::for_hub(&first)
        .run(&["import", &file, "--container", &container])
        .expect(0);
    assert_eq!(first.stop("TERM").0, 0);
    let second = LocalHub::start(&["--data", &folder]);
    let ran = Cli::for_hub(&second)
        .run(&["export", "--container", &container, "--download", "-", "-q"])
        .expect(0);
    assert!(ran.stdout.contains("\"id\":\"kept\""), "{}", ran.stdout);
}

#[test]
fn tls_gives_a_ca_file_that_clients_can_trust() {
    let home = Cli::new();
    let hub = LocalHub::start(&["--tls", "--data", home.path("hub").to_str().unwrap()]);
    assert!(
        hub.endpoint().starts_with("https://127.0.0.1:"),
        "{}",
        hub.endpoint()
    );
    let ca = hub.ready["caFile"].as_str().unwrap();
    // The connection string alone is enough over https, once the CA is trusted.
    let client = Cli::new().with("IOTHUB_CONNECTION_STRING", hub.connection_string());
    client.run(&["list", "--ca-file", ca]).expect(0);
    client.run(&["list"]).expect(4);
}

#[test]
fn an_address_for_others_gets_keys_of_its_own() {
    let key = |hub: &LocalHub| {
        hub.ready["policies"][0]["primaryKey"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (first, second) = (LocalHub::start(&[]), LocalHub::start(&[]));
    assert_eq!(key(&first), key(&second));
    let (open, other) = (
        LocalHub::start(&["--listen", "0.0.0.0:0"]),
        LocalHub::start(&["--listen", "0.0.0.0:0"]),
    );
    assert_ne!(key(&open), key(&first));
    assert_ne!(key(&open), key(&other));
}

#[test]
fn no_auth_and_entra_are_asked_for() {
    let list = |hub: &LocalHub, cli: Cli| {
        cli.with("IOTHUB_ENDPOINT", hub.endpoint()).run(&[
            "list",
            "--host",
            "localhost",
            "--auth",
            "entra",
        ])
    };
    // A token for the right audience, its signature worth nothing: {"aud":"https://iothubs.azure.net","exp":4102444800}
    let token = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJodHRwczovL2lvdGh1YnMuYXp1cmUubmV0IiwiZXhwIjo0MTAyNDQ0ODAwfQ.c2ln";
    let with_token = || Cli::new().with("IOTHUB_ENTRA_TOKEN", token);
    list(&LocalHub::start(&[]), with_token()).expect(3);
    list(&LocalHub::start(&["--entra", "permissive"]), with_token()).expect(0);
    list(&LocalHub::start(&["--no-auth"]), with_token()).expect(0);
}

#[test]
fn a_fault_script_is_played_and_a_wrong_one_refused() {
    let cli = Cli::new();
    let script = r#"{"rules":[{"operation":"Jobs_GetImportExportJobs","times":1,"action":{"kind":"respond","status":403,"errorCode":"IotHubForbidden"}}]}"#;
    let path = cli.file("faults.json", script);
    let hub = LocalHub::start(&["--faults", &path]);
    let ran = Cli::for_hub(&hub).run(&["list"]).expect(3);
    assert!(ran.stderr.contains("403 IotHubForbidden"), "{}", ran.stderr);
    Cli::for_hub(&hub).run(&["list"]).expect(0);
    let path = cli.file("wrong.json", r#"{"rules":[],"surprise":1}"#);
    let ran = cli.run(&["emulator", "--faults", &path]).expect(2);
    assert!(
        ran.stderr.contains("wrong.json") && ran.stderr.contains("surprise"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_address_in_use_is_named() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let ran = Cli::new()
        .run(&["emulator", "--listen", &address])
        .expect(2);
    assert!(ran.stderr.contains(&address), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[test]
fn the_ready_line_stays_one_json_line_at_v() {
    let cli = Cli::new();
    let mut child = cli.spawn(&["emulator", "-v"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    serde_json::from_str::<Value>(&line).unwrap();
    crate::harness::send(&child, "TERM");
    assert!(lines.next().is_none());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// One request to a hub without authentication: the status and the rest of the answer.
fn request(hub: &LocalHub, method: &str, path: &str, body: &str) -> (u16, String) {
    let address = hub.endpoint().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

#[test]
fn the_tier_decides_how_many_identities_the_hub_holds() {
    // A free hub holds 500; every other tier a million.
    let rows: String = (0..501)
        .map(|n| format!("{{\"id\":\"d{n}\",\"status\":\"enabled\"}}\n"))
        .collect();
    for (arguments, taken) in [
        (&["--no-auth", "--sku", "F1"][..], 500),
        (&["--no-auth", "--sku", "S2"], 501),
        (&["--no-auth"], 501),
    ] {
        let hub = LocalHub::start(arguments);
        let (status, answer) = request(&hub, "POST", "/_local/devices", &rows);
        assert_eq!(status, if taken == 501 { 200 } else { 400 }, "{answer}");
        assert_eq!(answer.contains("403002"), taken != 501, "{answer}");
        let (_, counts) = request(
            &hub,
            "GET",
            "/statistics/devices?api-version=2021-04-12",
            "",
        );
        let total = format!("\"totalDeviceCount\":{taken}");
        assert!(counts.contains(&total), "{arguments:?}: {counts}");
    }
}

#[test]
fn request_rates_are_those_of_the_tier_and_only_with_throttle() {
    const QUERY: &str = "/jobs/v2/query?api-version=2021-04-12";
    // An S1 hub takes 20 queries a minute.
    let free = LocalHub::start(&["--no-auth"]);
    for _ in 0..60 {
        assert_eq!(request(&free, "GET", QUERY, "").0, 200);
    }
    let hub = LocalHub::start(&["--no-auth", "--throttle"]);
    for _ in 0..20 {
        assert_eq!(request(&hub, "GET", QUERY, "").0, 200);
    }
    let (_, refused) = (0..200)
        .map(|_| request(&hub, "GET", QUERY, ""))
        .find(|(status, _)| *status == 429)
        .expect("200 more queries cannot take ten minutes");
    assert!(
        refused.contains("iothub-errorcode: ThrottlingException"),
        "{refused}"
    );
    // Other work has an allowance of its own, and a larger tier a larger one.
    assert_eq!(
        request(&hub, "GET", "/jobs?api-version=2021-04-12", "").0,
        200
    );
    let large = LocalHub::start(&["--no-auth", "--throttle", "--sku", "S3"]);
    for _ in 0..60 {
        assert_eq!(request(&large, "GET", QUERY, "").0, 200);
    }
}

/// Runs the emulator where no file may grow beyond so many blocks (of 512 or 1024 bytes).
#[cfg(unix)]
fn with_file_limit(cli: &Cli, blocks: u32, flags: &[&str]) -> std::process::Child {
    std::process::Command::new("/bin/sh")
        .arg("-c")
        .arg(format!("ulimit -f {blocks} && exec \"$0\" \"$@\""))
        .args([env!("CARGO_BIN_EXE_iothub-jobs"), "emulator"])
        .args(flags)
        .env_clear()
        .env("HOME", cli.path(""))
        .env("TMPDIR", std::env::temp_dir())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap()
}

/// Reaching the limit sends SIGXFSZ, which ends a process that does not handle it.
#[cfg(unix)]
#[test]
fn a_limit_on_the_size_of_files_fails_the_job_and_not_the_hub() {
    let cli = Cli::new();
    let mut hub = with_file_limit(&cli, 64, &[]);
    let mut line = String::new();
    BufReader::new(hub.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let cli = cli
        .with(
            "IOTHUB_CONNECTION_STRING",
            ready["connectionString"].as_str().unwrap(),
        )
        .with("IOTHUB_ENDPOINT", ready["endpoint"].as_str().unwrap());
    let container = cli.container("c");
    let rows = |from: usize, until: usize| -> String {
        (from..until)
            .map(|n| format!("{{\"id\":\"d{n}\",\"status\":\"enabled\"}}\n"))
            .collect()
    };
    let import = |name: &str, text: &str| {
        let file = cli.file(name, text);
        cli.run(&["import", &file, "--container", &container])
            .expect(0);
    };
    import("many.txt", &rows(0, 1000));
    let failed = cli
        .run(&[
            "export",
            "--container",
            &container,
            "--include-keys",
            "--blob",
            "out.txt",
        ])
        .expect(1);
    assert!(failed.stderr.contains("failed"), "{}", failed.stderr);
    let names: Vec<_> = std::fs::read_dir(cli.path("c"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("out.txt") || name.contains("probe"))
        .collect();
    assert!(names.is_empty(), "{names:?}");
    import("one.txt", &rows(1000, 1001));
    assert!(hub.try_wait().unwrap().is_none(), "the hub is still there");
    hub.kill().unwrap();
    hub.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn a_start_without_space_says_so_and_keeps_what_is_there() {
    let cli = Cli::new();
    let data = cli.path("hub").to_str().unwrap().to_owned();
    let ended = with_file_limit(&cli, 8, &["--data", &data])
        .wait_with_output()
        .unwrap();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("space"), "{stderr}");
    for word in ["remove", "delete"] {
        assert!(!stderr.contains(word), "{stderr}");
    }
    assert_eq!(LocalHub::start(&["--data", &data]).stop("TERM").0, 0);
}

#[test]
fn jobs_use_the_named_folders_and_no_other() {
    let home = Cli::new();
    let (named, other) = (home.container("named"), home.container("other"));
    let folder = home.path("named").to_str().unwrap().to_owned();
    let hub = LocalHub::start(&["--files", &folder]);
    let cli = Cli::for_hub(&hub);
    cli.run(&["export", "--container", &named]).expect(0);
    let refused = cli.run(&["export", "--container", &other]).expect(3);
    assert!(refused.stderr.contains("--files"), "{}", refused.stderr);
    let missing = home.path("missing").to_str().unwrap().to_owned();
    let ran = home.run(&["emulator", "--files", &missing]).expect(2);
    assert!(ran.stderr.contains(&missing), "{}", ran.stderr);
}

#[test]
fn plain_http_storage_is_for_named_hosts() {
    let hub = LocalHub::start(&["--http-storage-host", "named.invalid"]);
    let cli = Cli::for_hub(&hub);
    let uri =
        "http://named.invalid:10000/acct/jobs?sv=2021-12-02&sr=c&sp=rwdl&se=2999-01-01&sig=planted";
    let file = cli.file("container.uri", uri);
    let export = ["export", "--container-file", &file];
    let refused = cli.run(&export).expect(2);
    assert!(
        refused.stderr.contains("--http-storage-host"),
        "{}",
        refused.stderr
    );
    // The hub is asked, and lets it through: nothing answers at that name.
    let named = [&export[..], &["--http-storage-host", "named.invalid"]].concat();
    let ran = cli.run(&named).expect(3);
    assert!(ran.stderr.contains("not reached"), "{}", ran.stderr);
    let strict = LocalHub::start(&[]);
    let ran = Cli::for_hub(&strict);
    let file = ran.file("container.uri", uri);
    let ran = ran
        .run(&[
            "export",
            "--container-file",
            &file,
            "--http-storage-host",
            "named.invalid",
        ])
        .expect(3);
    assert!(ran.stderr.contains("--http-storage-host"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("planted"), "{}", ran.stderr);
}
