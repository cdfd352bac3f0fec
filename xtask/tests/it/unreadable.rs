//! What cannot be read is rejected with a message and exit code 3, whatever the task.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use xtask::{generate, lint};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

fn spec() -> String {
    fs::read_to_string(root().join("spec/jobs.openapi.json")).unwrap()
}

/// Exit code and standard error of a task.
fn xtask(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let result = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("CARGO_MANIFEST_DIR")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&result.stderr).into_owned();
    (result.status.code().unwrap(), text)
}

/// The spec with a member that its object has already, and the pointer to it.
fn repetitions() -> Vec<(String, &'static str)> {
    let edits = [
        (
            "\"title\": ",
            "\"title\": \"Old\", \"title\": ",
            "/info/title",
        ),
        (
            "\"/jobs\": {",
            "\"/jobs\": {}, \"/jobs\": {",
            "/paths/~1jobs",
        ),
        (
            "\"JobType\": {",
            "\"JobType\": { \"description\": \"Old.\",",
            "/components/schemas/JobType/description",
        ),
        (
            "\"DeviceStatus\": {",
            "\"DeviceStatus\": { \"type\": \"object\" }, \"DeviceStatus\": {",
            "/components/schemas/DeviceStatus",
        ),
        (
            "\"204\": {",
            "\"204\": { \"description\": \"Old.\" }, \"204\": {",
            "/paths/~1jobs~1{id}/delete/responses/204",
        ),
    ];
    edits
        .into_iter()
        .map(|(from, to, pointer)| {
            let text = spec().replacen(from, to, 1);
            assert_ne!(text, spec(), "{from}");
            (text, pointer)
        })
        .collect()
}

#[test]
fn duplicate_member_is_found_with_its_line_and_rejected_by_every_task() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("twice.json");
    let (file_name, old) = (
        file.to_str().unwrap(),
        root().join("spec/jobs.openapi.json"),
    );
    for (text, pointer) in repetitions() {
        let findings = lint::lint(&text);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].rule, "duplicate-key");
        assert_eq!(findings[0].pointer, pointer);
        let key = pointer.rsplit('/').next().unwrap().replace("~1", "/");
        let line = text.lines().nth(findings[0].line - 1).unwrap();
        assert!(line.contains(&format!("\"{key}\"")), "{line}");

        let problem = generate::core(&text).unwrap_err();
        assert_eq!(problem.exit_code(), 3);
        assert!(problem.to_string().contains(pointer), "{problem}");

        fs::write(&file, &text).unwrap();
        let (code, error) = xtask(&root(), &["diff", old.to_str().unwrap(), file_name]);
        assert_eq!(code, 3, "{error}");
        assert!(error.contains(pointer), "{error}");
    }
}

#[test]
fn wrong_usage_and_a_missing_workspace_are_not_a_verdict() {
    let outside = TempDir::new().unwrap();
    let (code, error) = xtask(outside.path(), &["diff"]);
    assert_eq!(code, 3, "{error}");
    for arguments in [
        &["diff", "--nonsense"][..],
        &["diff", "one"],
        &["--root", "nowhere", "diff"],
        &["lint", "no-such-file.json"],
        &["upstream", "no-such-file.json"],
        &[],
    ] {
        let (code, error) = xtask(&root(), arguments);
        assert_eq!(code, 3, "{arguments:?}: {error}");
        assert!(!error.is_empty());
    }
    let (code, _) = xtask(&root(), &["--help"]);
    assert_eq!(code, 0);
}

#[test]
fn broken_list_of_deviations_is_not_a_difference() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("spec")).unwrap();
    fs::write(folder.path().join("spec/jobs.openapi.json"), spec()).unwrap();
    fs::write(folder.path().join("spec/deviations.toml"), "[[deviation").unwrap();
    let vendor = root().join("xtask/tests/it/fixtures/vendor.swagger.json");
    let (code, error) = xtask(
        folder.path(),
        &["--root", ".", "upstream", vendor.to_str().unwrap()],
    );
    assert_eq!(code, 3);
    assert!(error.contains("deviations.toml"), "{error}");
}
