//! The blobs of imports and exports: their names, and when they are deleted.

use std::path::Path;

use crate::changes::{blobs, contains, fleet, rejected};
use crate::harness::{Cli, LocalHub};

#[test]
fn without_a_file_the_blob_has_to_be_named() {
    let (_hub, cli) = fleet(1);
    let ran = rejected(&cli, &["import"]);
    contains(&ran.stderr, &["--blob"]);
    std::fs::write(
        cli.path("container/b.txt"),
        "{\"id\":\"x\",\"status\":\"enabled\"}\n{\"id\":\"d-0\",\"status\":\"enabled\"}\n",
    )
    .unwrap();
    // Its rows are counted as those of a file.
    let ran = rejected(&cli, &["import", "--blob", "b.txt"]);
    contains(&ran.stderr, &["2 rows: 2 createOrUpdate", "d-0"]);
    std::fs::write(
        cli.path("container/b.txt"),
        "{\"id\":\"x\",\"status\":\"enabled\"}\n",
    )
    .unwrap();
    cli.run(&["import", "--blob", "b.txt"]).expect(0);
    assert!(Path::new(&cli.path("container/b.txt")).exists());
    let ran = cli.run(&["import", "--blob", "missing.txt"]).expect(3);
    contains(&ran.stderr, &["missing.txt"]);
}

#[test]
fn an_upload_has_a_name_of_its_own_and_is_deleted_after_the_job() {
    let (_hub, cli) = fleet(1);
    std::fs::write(cli.path("container/devices.txt"), "an export").unwrap();
    let file = cli.file("f.txt", "{\"id\":\"x\",\"status\":\"enabled\"}\n");
    cli.run(&["import", &file]).expect(0);
    assert_eq!(blobs(&cli), ["devices.txt", "importErrors.log"]);
    assert_eq!(cli.read("container/devices.txt"), "an export");
    let file = cli.file("g.txt", "{\"id\":\"y\",\"status\":\"enabled\"}\n");
    cli.run(&["import", &file, "--keep-blob"]).expect(0);
    let kept = blobs(&cli);
    assert_eq!(kept.len(), 3, "{kept:?}");
    assert!(
        kept[1].starts_with("import-") && kept[1].ends_with(".txt"),
        "{kept:?}"
    );
    let file = cli.file("h.txt", "{\"id\":\"z\",\"status\":\"enabled\"}\n");
    cli.run(&["import", &file, "--blob", "mine.txt"]).expect(0);
    assert!(blobs(&cli).contains(&"mine.txt".to_owned()));
}

#[test]
fn a_failed_job_leaves_no_upload_behind() {
    let hub = LocalHub::start(&["--job-delay", "400ms"]);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("container");
    let cli = cli.with("IOTHUB_CONTAINER_URI", &container);
    let file = cli.file("f.txt", "{\"id\":\"x\",\"status\":\"enabled\"}\n");
    let ran = cli.run(&["import", &file, "--no-wait"]).expect(0);
    // The job may still read it, so it stays, and the command that deletes it is shown.
    let blob = blobs(&cli)
        .into_iter()
        .find(|name| name.starts_with("import-"))
        .unwrap();
    contains(&ran.stderr, &["iothub-jobs wait", "--input-blob", &blob]);
    let id = cli.run(&["list", "-o", "json", "-q"]).expect(0).json()[0]["jobId"]
        .as_str()
        .unwrap()
        .to_owned();
    let uri = cli.file("container.uri", &container);
    cli.run(&["wait", &id, "--container-file", &uri, "--input-blob", &blob])
        .expect(0);
    assert!(!blobs(&cli).contains(&blob), "{:?}", blobs(&cli));
}

#[test]
fn an_exported_blob_with_keys_is_named_and_deleted_on_request() {
    let (_hub, cli) = fleet(2);
    let export = ["export", "--include-keys"];
    let ran = cli.run(&export).expect(0);
    contains(
        &ran.stderr,
        &["devices.txt holds the keys", "--delete-blob"],
    );
    assert!(cli.path("container/devices.txt").exists());
    let ran = cli.run(&["export"]).expect(0);
    assert!(!ran.stderr.contains("holds the keys"), "{}", ran.stderr);
    cli.run(&[&export[..], &["--delete-blob"]].concat())
        .expect(2);
    let download = ["--download", "copy.txt", "--delete-blob"];
    let ran = cli.run(&[&export[..], &download].concat()).expect(0);
    contains(&ran.stderr, &["deleted blob devices.txt"]);
    assert!(!cli.path("container/devices.txt").exists());
    assert_eq!(cli.read("copy.txt").lines().count(), 2);
}

#[test]
fn waiting_deletes_the_upload_of_its_own_job_alone() {
    let (_hub, cli) = fleet(1);
    let uri = cli.file("my container.uri", &cli.container("container"));
    let import = |name: &str, flags: &[&str]| {
        let rows = format!("{{\"id\":\"{name}\",\"status\":\"enabled\"}}\n");
        let file = cli.file(&format!("{name}.txt"), &rows);
        let arguments = ["import", &file, "--container-file", &uri, "-o", "json"];
        let ran = cli.run(&[&arguments[..], flags].concat()).expect(0);
        let id = ran.json()["jobId"].as_str().unwrap().to_owned();
        (id, ran.stderr)
    };
    let (first, _) = import("one", &["--keep-blob"]);
    let (_, _) = import("two", &["--keep-blob"]);
    std::fs::write(cli.path("container/mine.txt"), "mine").unwrap();
    let job = cli.run(&["get", &first, "-o", "json"]).expect(0).json();
    let own = job["inputBlobName"].as_str().unwrap().to_owned();
    let uploads = blobs(&cli);
    let other = uploads
        .iter()
        .find(|name| name.starts_with("import-") && **name != own)
        .unwrap();
    for name in ["mine.txt", other] {
        let wait = [
            "wait",
            &first,
            "--container-file",
            &uri,
            "--input-blob",
            name,
        ];
        let ran = cli.run(&wait).expect(2);
        contains(&ran.stderr, &["--input-blob", name]);
        assert_eq!(blobs(&cli), uploads);
    }
    // The hint is a command that a shell takes as it stands, blanks included.
    let (id, said) = import("three", &["--no-wait"]);
    let hint = said.split("follow it: iothub-jobs ").nth(1).unwrap();
    contains(hint, &[&id, "my container.uri'", "--input-blob import-"]);
    let script = format!("\"$0\" {}", hint.lines().next().unwrap());
    let plain = cli.command(&["wait"]);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).arg(plain.get_program());
    for (name, value) in plain.get_envs() {
        shell.env(name, value.unwrap());
    }
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(blobs(&cli), uploads);
}

#[test]
fn the_hint_names_the_container_and_works_as_printed() {
    let (_hub, cli) = fleet(2);
    // The row is rejected: its parent is missing.
    let row =
        "{\"id\":\"x\",\"status\":\"enabled\",\"parentScopes\":[\"ms-azure-iot-edge://none-1\"]}\n";
    let file = cli.file("f.txt", row);
    let uri = cli.container("container");
    cli.file("my c.uri", &uri);
    for (arguments, shown) in [
        (&["--blob", "keep.txt"][..], ""),
        (&["--keep-blob"], ""),
        (
            &["--blob", "keep.txt", "--container-file", "my c.uri"],
            " --container-file 'my c.uri'",
        ),
        (
            &["--keep-blob", "--container", &uri],
            &format!(" --container {uri}"),
        ),
    ] {
        let import = ["import", &file, "--no-wait", "--no-check"];
        let ran = cli.run(&[&import[..], arguments].concat()).expect(0);
        let hint = ran
            .stderr
            .lines()
            .find_map(|line| line.split_once("iothub-jobs wait "));
        let (_, rest) = hint.unwrap();
        let (id, options) = rest.split_at(36);
        assert_eq!(options, shown, "{arguments:?}");
        let options = options.replace("'my c.uri'", "my_c.uri");
        let options: Vec<String> = options
            .split_whitespace()
            .map(|word| word.replace("my_c", "my c"))
            .collect();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let ran = cli.run(&[&["wait", id][..], &options].concat()).expect(1);
        contains(&ran.stderr, &["1 row"]);
    }
}

#[test]
fn a_target_never_replaces_a_file_that_leads_to_the_hub_or_the_container() {
    let (_hub, cli) = fleet(1);
    let uri = cli.container("container");
    cli.file("c.uri", &uri);
    std::fs::hard_link(cli.path("c.uri"), cli.path("same.uri")).unwrap();
    let rows = cli.file("rows.txt", "{\"id\":\"n\",\"status\":\"enabled\"}\n");
    let export = ["export", "--container-file", "c.uri", "--download"];
    let import = ["import", &rows, "--container-file", "c.uri", "--rejects"];
    for arguments in [
        [&export[..], &["c.uri"]].concat(),
        [&export[..], &["./same.uri"]].concat(),
        [&import[..], &["c.uri"]].concat(),
        [
            &import[..],
            &["out.uri", "--output-container-file", "out.uri"],
        ]
        .concat(),
        [&import[..], &["rows.txt"]].concat(),
    ] {
        cli.file("out.uri", &uri);
        let ran = rejected(&cli, &arguments);
        contains(&ran.stderr, &["both name"]);
        assert_eq!(
            (cli.read("c.uri"), cli.read("out.uri")),
            (uri.clone(), uri.clone())
        );
    }
}

#[test]
fn a_blob_stays_whose_reader_left_before_the_end() {
    let (_hub, cli) = fleet(2_000);
    let mut export = cli.command(&[
        "export",
        "--include-keys",
        "--download",
        "-",
        "--delete-blob",
    ]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = export
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    contains(&stderr, &["warning: blob devices.txt was not deleted"]);
    assert!(cli.path("container/devices.txt").exists());
}
