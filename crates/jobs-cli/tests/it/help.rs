//! What the program says about itself.

use crate::harness::Cli;

const COMMANDS: [&str; 31] = [
    "",
    "get",
    "list",
    "export",
    "import",
    "wait",
    "cancel",
    "devices",
    "devices stats",
    "devices check",
    "devices convert",
    "devices filter",
    "devices set-mode",
    "devices prepare-import",
    "devices split",
    "devices merge",
    "devices diff",
    "devices generate",
    "devices anonymise",
    "emulator",
    "demo",
    "completions",
    "man",
    "schema",
    "schedule",
    "schedule twin",
    "schedule method",
    "schedule get",
    "schedule list",
    "schedule cancel",
    "doctor",
];

#[test]
fn every_command_explains_itself() {
    let cli = Cli::new();
    for command in COMMANDS {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let ran = cli.run(&arguments).expect(0);
        assert_eq!(ran.stderr, "");
        let name = if command.is_empty() {
            "program".to_owned()
        } else {
            command.replace(' ', "-")
        };
        insta::assert_snapshot!(format!("help-{name}"), own_part(&ran.stdout));
    }
}

/// The global options are pinned once, with the program's own help.
fn own_part(help: &str) -> String {
    if help.contains("Commands:\n  get") {
        return help.to_owned();
    }
    let (before, rest) = help.split_once("\nHub options:\n").unwrap();
    let (_, after) = rest.split_once("--timeout <DURATION>\n").unwrap();
    let after = after
        .split_once("\n\n")
        .map(|(_, after)| after)
        .unwrap_or_default();
    format!("{before}\n[hub and output options]\n\n{after}")
}

#[test]
fn the_version_is_one_line() {
    let ran = Cli::new().run(&["--version"]).expect(0);
    assert_eq!(
        ran.stdout,
        format!("iothub-jobs {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn no_command_is_bad_usage() {
    let ran = Cli::new().run(&[]).expect(2);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("Usage: iothub-jobs"), "{}", ran.stderr);
}

#[test]
fn completions_know_commands_and_options() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = Cli::new().run(&["completions", shell]).expect(0).stdout;
        for word in [
            "export",
            "prepare-import",
            "container-file",
            "poll-interval",
        ] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn the_manual_page_covers_every_command() {
    let page = Cli::new().run(&["man"]).expect(0).stdout;
    for command in COMMANDS.iter().filter(|name| !name.is_empty()) {
        let heading = format!(".SH \"IOTHUB-JOBS {}\"", command.to_uppercase());
        assert!(page.contains(&heading), "{heading}");
    }
}

#[test]
fn schemas_are_listed_and_printed_by_name() {
    let cli = Cli::new();
    let names = cli.run(&["schema", "-o", "jsonl"]).expect(0).stdout;
    assert!(
        names.lines().any(|name| name == "\"JobProperties\""),
        "{names}"
    );
    let schema = cli.run(&["schema", "jobproperties"]).expect(0).json();
    assert!(schema["properties"]["jobId"].is_object(), "{schema}");
    let ran = cli.run(&["schema", "Nonsense"]).expect(2);
    assert!(ran.stderr.contains("Nonsense"), "{}", ran.stderr);
}
