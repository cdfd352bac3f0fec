//! Every `devices` command with files of other formats: read as they are, or rejected by name with the target unchanged.

use std::process::Command;

use crate::harness::Cli;

/// A file, words of its name in the message, and whether `convert` reads it.
pub(crate) struct Form {
    pub(crate) file: &'static str,
    pub(crate) bytes: Vec<u8>,
    name: &'static str,
    converts: bool,
}

pub(crate) const ROWS: &str =
    "{\"id\":\"a\",\"status\":\"enabled\"}\n{\"id\":\"b\",\"status\":\"enabled\"}\n";
const BEFORE: &str = "{\"id\":\"kept\",\"status\":\"enabled\"}\n";

pub(crate) fn forms() -> Vec<Form> {
    let form = |file, bytes: &[u8], name, converts| Form {
        file,
        bytes: bytes.to_vec(),
        name,
        converts,
    };
    let utf16 = |mark: &[u8]| -> Vec<u8> {
        let units = ROWS.encode_utf16().flat_map(u16::to_le_bytes);
        mark.iter().copied().chain(units).collect()
    };
    let utf32: Vec<u8> = ROWS
        .chars()
        .flat_map(|letter| u32::from(letter).to_be_bytes())
        .collect();
    let each = |change: &dyn Fn(&str) -> String| -> Vec<u8> {
        ROWS.lines()
            .map(|line| change(line) + "\n")
            .collect::<String>()
            .into_bytes()
    };
    let twin = r#"{"deviceId":"a","etag":"AAAAAAAAAAc=","status":"enabled","authenticationType":"selfSigned","x509Thumbprint":{"primaryThumbprint":"AA89B7BBD215E7E47ECD372F61205712D71DD521"},"properties":{"desired":{"n":1,"$version":2}},"tags":{}}"#;
    vec![
        form("f.gz", &packed("gzip", &["-c"]), "gzip", false),
        form("f.zst", &[0x28, 0xb5, 0x2f, 0xfd, 4, 0, 9, 9], "zstd", false),
        form("f.zip", b"PK\x03\x04\x14\0\0\0\0\0devices.txt", "zip", false),
        form("marked16.txt", &utf16(b"\xff\xfe"), "UTF-16LE", false),
        form("bare16.txt", &utf16(b""), "UTF-16LE", false),
        form("bare32.txt", &utf32, "UTF-32BE", false),
        form("f.csv", b"id,status\na,enabled\nb,disabled\n", "CSV", true),
        form("semicolon.csv", b"id;status\na;enabled\n", "CSV table with `;`", true),
        form("sep.csv", b"sep=;\r\nid;status\r\na;enabled\r\n", "CSV", true),
        form("type.csv", b"#TYPE System.Object\nid,status\na,enabled\n", "CSV", true),
        form("f.tsv", b"id\tstatus\na\tenabled\n", "TSV", true),
        form("names.txt", b"serial,site\n1,north\n2,south\n", "CSV", false),
        form("array.json", b"[{\"id\":\"a\"},\n{\"id\":\"b\"}\n]\n", "JSON array", true),
        form("pretty.json", b"{\n  \"id\": \"a\"\n}\n{\n  \"id\": \"b\"\n}\n", "several lines", true),
        form("commas.txt", &each(&|line| format!("{line},")), "commas", true),
        form("cr.txt", ROWS.replace('\n', "\r").as_bytes(), "carriage return", false),
        form("quoted.txt", &each(&|line| format!("{line:?}")), "quotes", false),
        form("cells.txt", &each(&|line| format!("\"{}\"", line.replace('"', "\"\""))), "quotes", false),
        form("log.txt", &each(&|line| format!("12:00 INFO {line}")), "text before each row", false),
        form("nbsp.txt", &each(&|line| format!("\u{a0}{line}")), "text before each row", false),
        form("vt.txt", &each(&|line| format!("\u{b}{line}")), "text before each row", false),
        form("f.bin", b"\0\x01\x02\0abc\n\0\0", "binary", false),
        form("r.bin", b"\0\x01\r{\xff\r\x02\0abc\r\0", "binary", false),
        form("f.html", b"<!DOCTYPE html>\n<html><p>Sign in</p></html>\n", "HTML", false),
        form("f.xml", b"<?xml version=\"1.0\"?>\n<Error/>\n", "XML", false),
        form("twins.json", format!("[\n  {twin}\n]\n").as_bytes(), "array of twins", false),
        form("twin.json", twin.replace(',', ",\n").as_bytes(), "twins", false),
        form("identities.json", b"[{\"deviceId\":\"a\",\"generationId\":\"1\",\"authentication\":{\"type\":\"sas\"}}]", "device identities", false),
        form("hubs.json", b"[\n {\n  \"id\": \"/subscriptions/1\",\n  \"name\": \"h\",\n  \"resourcegroup\": \"g\"\n }\n]", "Azure resources", false),
        form("state.json", b"{\n \"arm\": {},\n \"configurations\": {},\n \"devices\": {\"a\": {\"identity\": {\"status\": \"enabled\"}, \"twin\": {}}}\n}\n", "az iot hub state export", false),
        form("tool.json", b"{\n \"exportDate\": \"x\",\n \"devices\": [\n  {\"deviceId\": \"a\", \"status\": \"Enabled\"}\n ]\n}\n", "object with `devices`", false),
        form("configurations.txt", b"{\"Id\":\"c\",\"SchemaVersion\":\"1.0\",\"Content\":{},\"TargetCondition\":\"*\"}\n", "configurations", false),
        form("configurations.json", b"[{\"id\":\"c\",\"schemaVersion\":\"1.0\",\"content\":{},\"targetCondition\":\"*\"}]", "configurations", false),
        form("az.jsonl", b"{\"content\":{},\"id\":\"c\",\"priority\":1,\"targetCondition\":\"*\"}\n{\"content\":{},\"id\":\"d\",\"priority\":1}\n", "configurations", false),
        form("byId.log", b"{\"errorStatus\":\"x\",\"id\":\"a\"}\n{\"errorCode\":409001,\"errorStatus\":\"x\",\"id\":\"a\",\"moduleId\":\"m\"}\n", "error log", false),
        form("devices.json", b"{\"devices\":{\"a\":{\"identity\":{\"status\":\"enabled\"},\"modules\":{\"m\":{\"identity\":{},\"twin\":{}}},\"parent\":\"p\",\"twin\":{}}}}\n", "az iot hub state export", false),
        form("capitals.json", b"{\"Devices\":[{\"Id\":\"a\",\"Status\":\"Enabled\",\"Authentication\":{\"SymmetricKey\":null}}]}", "capital member names", false),
        form("array-capitals.json", b"[\n {\"Id\":\"a\",\"Status\":1,\"Tags\":{\"Big\":1}}\n]", "capital member names", false),
        form("capitals.txt", b"{\"Id\":\"a\",\"Status\":\"enabled\"}\n{\"Id\":\"b\"}\n", "capital member names", false),
        form("tool-capital.json", b"{\"Devices\":[{\"deviceId\":\"a\"}]}", "object with `devices`", false),
        form("enrollments.json", b"[\n {\n  \"attestation\": {},\n  \"deviceId\": \"a\",\n  \"provisioningStatus\": \"enabled\",\n  \"registrationId\": \"a\"\n }\n]", "enrollments", false),
        form("groups.json", b"[{\"attestation\":{},\"enrollmentGroupId\":\"g\"}]", "enrollments", false),
        form("strings.txt", b"HostName=h.example;DeviceId=a;SharedAccessKey=PLANTED\nHostName=h.example;DeviceId=b;SharedAccessKey=PLANTED\n", "connection strings", false),
        form("comma.json", b"[{\"id\":\"a\"},{\"id\":\"b\"},\n]", "comma behind its last row", false),
        form("feeds.txt", ROWS.replace('\n', "\u{c}").as_bytes(), "several rows on one line", true),
        form("importErrors.log", b"{\"errorCode\":409001,\"deviceId\":\"a\",\"errorStatus\":\"x\"}\n", "error log", false),
    ]
}

/// The rows as a tool of the system packs them.
fn packed(tool: &str, arguments: &[&str]) -> Vec<u8> {
    use std::io::Write as _;
    let child = Command::new(tool)
        .args(arguments)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn();
    let mut child = child.unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(ROWS.as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap().stdout
}

/// Each command, with `FILE` for the file and `TARGET` for what it would replace.
const COMMANDS: [&[&str]; 12] = [
    &["stats", "FILE"],
    &["check", "FILE"],
    &["convert", "FILE", "--to", "jsonl", "--out", "TARGET"],
    &["filter", "FILE", "--where", "true", "--out", "TARGET"],
    &["diff", "FILE", "rows.txt"],
    &["set-mode", "FILE", "delete", "--out", "TARGET"],
    &["prepare-import", "FILE", "--out", "TARGET"],
    &["split", "FILE", "--rows", "1", "--out-dir", "parts"],
    &["merge", "rows.txt", "FILE", "--out", "TARGET"],
    &["anonymise", "FILE", "--key-file", "key", "--out", "TARGET"],
    &["diff", "rows.txt", "FILE"],
    &["merge", "FILE", "--keep", "all", "--out", "TARGET"],
];

#[test]
fn every_command_reads_a_file_or_names_its_format_and_changes_nothing() {
    let cli = Cli::new();
    cli.file("rows.txt", ROWS);
    cli.file("key", "a secret of this test");
    for form in forms() {
        std::fs::write(cli.path(form.file), &form.bytes).unwrap();
        for command in COMMANDS {
            // The result replaces another file, and the input itself.
            for target in ["target.txt", form.file] {
                cli.file("target.txt", BEFORE);
                let arguments: Vec<&str> = ["devices"]
                    .iter()
                    .chain(command)
                    .map(|argument| match *argument {
                        "FILE" => form.file,
                        "TARGET" => target,
                        other => other,
                    })
                    .collect();
                let ran = cli.run(&arguments);
                let what = format!("{}: {arguments:?}\n{}{}", form.file, ran.stdout, ran.stderr);
                if command[0] == "convert" && form.converts {
                    assert_eq!(ran.code, 0, "{what}");
                    let result = cli.read(target);
                    assert!(result.starts_with("{\"id\":\"a\""), "{what}{result}");
                    std::fs::write(cli.path(form.file), &form.bytes).unwrap();
                    continue;
                }
                assert_eq!(ran.code, 2, "{what}");
                let said = format!("{}{}", ran.stdout, ran.stderr);
                // As a table it is read up to the names of its columns.
                let is_read = ["names.txt", "comma.json"].contains(&form.file);
                if !is_read || command[0] != "convert" {
                    assert!(said.contains(form.name), "{what}");
                    assert!(said.contains("not a device file"), "{what}");
                }
                assert_eq!(cli.read("target.txt"), BEFORE, "{what}");
                assert_eq!(
                    std::fs::read(cli.path(form.file)).unwrap(),
                    form.bytes,
                    "{what}"
                );
                assert!(!cli.path("parts").exists(), "{what}");
            }
        }
    }
}

#[test]
fn check_names_the_format_as_one_finding() {
    let cli = Cli::new();
    for form in forms() {
        std::fs::write(cli.path(form.file), &form.bytes).unwrap();
        let arguments = [
            "devices", "check", form.file, "--for", "import", "-o", "json",
        ];
        let report = cli.run(&arguments).expect(2).json();
        let findings = report["findings"].as_array().unwrap();
        assert_eq!(findings.len(), 1, "{}: {report}", form.file);
        assert_eq!(findings[0]["rule"], "format", "{}", form.file);
    }
}

/// Runs the command of each hint, up to the pipe.
#[test]
#[cfg(target_os = "linux")]
fn the_command_of_a_hint_prints_a_device_file() {
    let cli = Cli::new();
    let binary = env!("CARGO_BIN_EXE_iothub-jobs");
    let mut ran_any = 0;
    for form in forms() {
        // What is only the start of a file cannot be unpacked.
        if ["f.zst", "f.zip", "names.txt"].contains(&form.file) {
            continue;
        }
        std::fs::write(cli.path(form.file), &form.bytes).unwrap();
        let ran = cli.run(&["devices", "stats", form.file]).expect(2);
        let Some((_, hint)) = ran.stderr.split_once(": `") else {
            continue;
        };
        let Some((tool, _)) = hint.split_once(" | iothub-jobs devices stats -`") else {
            continue;
        };
        let has_tool = |name: &str| Command::new(name).arg("--version").output().is_ok();
        if tool.starts_with("jq") && !has_tool("jq") {
            continue;
        }
        let tool = tool.replace("iothub-jobs ", &format!("{binary} "));
        let script = format!("{tool} | {binary} devices stats - -o json");
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(cli.path(""))
            .output()
            .unwrap();
        let report: serde_json::Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
                panic!(
                    "{script}: {error}: {}",
                    String::from_utf8_lossy(&output.stderr)
                )
            });
        assert!(report["rows"].as_u64() > Some(0), "{script}: {report}");
        assert_eq!(report["badLines"], 0, "{script}: {report}");
        ran_any += 1;
    }
    assert!(ran_any >= 15, "{ran_any}");
}

#[test]
fn a_result_without_some_lines_replaces_no_file() {
    let cli = Cli::new();
    let with_bad = format!("{ROWS}{{\"id\":\n");
    let set_mode = |more: &[&str]| {
        let arguments = ["devices", "set-mode", "f.txt", "delete", "--out", "f.txt"];
        cli.run(&[&arguments[..], more].concat())
    };
    cli.file("f.txt", &with_bad);
    let ran = set_mode(&[]).expect(1);
    assert!(
        ran.stderr.contains("1 line would be lost"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("--skip-bad-lines"), "{}", ran.stderr);
    assert_eq!(cli.read("f.txt"), with_bad);
    set_mode(&["--rejects", "bad.txt"]).expect(1);
    assert_eq!(cli.read("bad.txt"), "{\"id\":\n");
    assert_eq!(cli.read("f.txt").lines().count(), 2);
    cli.file("f.txt", &with_bad);
    set_mode(&["--skip-bad-lines"]).expect(0);
    assert_eq!(cli.read("f.txt").lines().count(), 2);
    // A line that is too long is not kept whole by --rejects.
    let long = format!("{ROWS}{{\"id\":\"{}\"}}\n", "x".repeat(9 << 20));
    cli.file("f.txt", &long);
    set_mode(&["--rejects", "long.txt"]).expect(1);
    assert!(cli.read("f.txt") == long);
    // Plain text behind the first line is a line of the file, too.
    let text = format!("{ROWS}a remark\n");
    cli.file("f.txt", &text);
    set_mode(&[]).expect(1);
    assert_eq!(cli.read("f.txt"), text);
    set_mode(&["--rejects", "remarks.txt"]).expect(1);
    assert_eq!(cli.read("remarks.txt"), "a remark\n");
    // Nor is what is left of a row the notice of the hub.
    let damaged = format!("\"id\":\"c\",\"status\":\"enabled\"}}\n{ROWS}");
    cli.file("f.txt", &damaged);
    set_mode(&[]).expect(1);
    assert_eq!(cli.read("f.txt"), damaged);
}

#[test]
fn a_file_without_rows_is_rejected_and_one_line_of_text_is_not() {
    let cli = Cli::new();
    for (content, code) in [
        ("", 0),
        ("\n\n", 0),
        ("The export has no keys, and no device.\n", 0),
        ("one line\nand another\n", 2),
        // The head of a table, alone.
        ("id,status\n", 2),
        ("\"id\";\"status\"\n", 2),
        ("id\tstatus\n", 2),
        ("{\"id\":\n", 2),
        // NUL bytes make a file binary only when no line is a row.
        ("\0\0\0\n{\"id\":\"a\"}\n", 0),
    ] {
        cli.file("f.txt", content);
        cli.file("target.txt", "");
        let arguments = [
            "devices",
            "set-mode",
            "f.txt",
            "delete",
            "--out",
            "target.txt",
        ];
        let ran = cli.run(&arguments);
        assert_eq!(ran.code, code, "{content:?}: {}", ran.stderr);
    }
    cli.file("f.txt", "one line\nand another\n");
    cli.run(&["devices", "stats", "f.txt"]).expect(0);
}

#[test]
fn parts_of_another_run_and_other_files_stay() {
    let cli = Cli::new();
    cli.file("f.txt", &ROWS.repeat(3));
    let split = |rows| cli.run(&["devices", "split", "f.txt", "--rows", rows]);
    split("1").expect(0);
    let before = cli.read("f-0001.txt");
    let ran = split("4").expect(2);
    assert!(ran.stderr.contains("f-0001.txt exists"), "{}", ran.stderr);
    assert_eq!(cli.read("f-0001.txt"), before);
    assert!(cli.path("f-0006.txt").exists());
}

#[test]
#[cfg(unix)]
fn an_input_is_not_the_file_of_standard_output() {
    let cli = Cli::new();
    let path = cli.file("f.txt", ROWS);
    for arguments in [
        &["devices", "set-mode", "f.txt", "delete"][..],
        &["devices", "stats", "f.txt"],
        &["devices", "set-mode", "-", "delete"],
    ] {
        let output = std::fs::File::options().append(true).open(&path).unwrap();
        let status = cli
            .command(arguments)
            .stdin(std::fs::File::open(&path).unwrap())
            .stdout(output)
            .output()
            .unwrap();
        assert_eq!(status.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8_lossy(&status.stderr);
        assert!(said.contains("standard output is"), "{said}");
        assert_eq!(cli.read("f.txt"), ROWS);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_closed_standard_output_and_a_full_disk_are_reported() {
    let cli = Cli::new();
    cli.file("f.txt", ROWS);
    let binary = env!("CARGO_BIN_EXE_iothub-jobs");
    for (rest, code, words) in [
        ("generate --count 3 >&-", 2, "standard output"),
        ("set-mode f.txt delete >&-", 2, "standard output"),
        ("generate --count 3 >/dev/full", 2, "no space left"),
        ("generate --count 3 >/dev/null", 0, ""),
    ] {
        let script = format!("{binary} devices {rest}");
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(cli.path(""))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{rest}: {said}");
        assert!(said.contains(words), "{rest}: {said}");
    }
    // The null device of a parent that opened it for reading and writing, as Python and Node do, is no closed output.
    for command in [
        &["generate", "--count", "3"][..],
        &["set-mode", "f.txt", "delete"],
    ] {
        let mut null = std::fs::File::options();
        let null = null.read(true).write(true).open("/dev/null").unwrap();
        let output = Command::new(binary)
            .arg("devices")
            .args(command)
            .current_dir(cli.path(""))
            .stdout(null)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{command:?}: {said}");
    }
    // A limit on the size of files is what a full disk is: the write fails half way.
    let script = format!("ulimit -f 8; {binary} devices generate --count 20000 --out big.txt");
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(cli.path(""))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot write big.txt: "), "{said}");
    assert!(!said.contains(".part"), "{said}");
    assert!(!cli.path("big.txt").exists());
    let names = std::fs::read_dir(cli.path("")).unwrap();
    let left = names.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with(".iothub-jobs-")
    });
    assert_eq!(left.count(), 0, "a temporary file is left");
}

#[test]
fn text_before_the_first_row_is_not_lost_in_silence() {
    let cli = Cli::new();
    for start in [
        "\0\0",
        "\u{feff}\u{feff}",
        "> ",
        "\u{a0}",
        "\u{200b}",
        "\u{1e}",
        "x=",
        "\"",
    ] {
        let rows = format!("{start}{ROWS}");
        cli.file("f.txt", &rows);
        let set_mode = ["devices", "set-mode", "f.txt", "delete", "--out"];
        let ran = cli.run(&[&set_mode[..], &["f.txt"]].concat());
        assert_ne!(ran.code, 0, "{start:?}: {}", ran.stderr);
        assert_eq!(cli.read("f.txt"), rows, "{start:?}");
        let ran = cli.run(&[&set_mode[..], &["new.txt"]].concat());
        assert_ne!(ran.code, 0, "{start:?}: {}", ran.stderr);
        let _ = std::fs::remove_file(cli.path("new.txt"));
    }
    // The first line with text is the notice, wherever it is.
    cli.file("f.txt", &format!("\n\nA notice.\n{ROWS}"));
    cli.file("target.txt", "before");
    cli.run(&[
        "devices",
        "set-mode",
        "f.txt",
        "delete",
        "--out",
        "target.txt",
    ])
    .expect(0);
    assert_eq!(cli.read("target.txt").lines().count(), ROWS.lines().count());
}

#[test]
#[cfg(target_os = "linux")]
fn a_closed_standard_input_is_not_an_empty_file() {
    let cli = Cli::new();
    cli.file("keep.txt", ROWS);
    for arguments in [
        &["devices", "set-mode", "-", "delete", "--out", "keep.txt"][..],
        &["devices", "stats", "-"],
    ] {
        let program = cli.command(arguments);
        let output = std::process::Command::new("/bin/sh")
            .args(["-c", r#"exec "$0" "$@" <&-"#])
            .arg(program.get_program())
            .args(arguments)
            .current_dir(cli.path(""))
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("is closed"), "{stderr}");
        assert_eq!(cli.read("keep.txt"), ROWS);
    }
}
