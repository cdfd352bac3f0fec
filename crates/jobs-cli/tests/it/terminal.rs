//! What a terminal shows.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::harness::{Cli, LocalHub};

/// A terminal of 200 columns: the end of the person who sits there, and the end that a program gets.
fn terminal() -> (File, File) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let size = Winsize {
        ws_row: 24,
        ws_col: 200,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&ours, size).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = File::options()
        .read(true)
        .write(true)
        .open(OsStr::from_bytes(name.to_bytes()))
        .unwrap();
    (File::from(ours), theirs)
}

/// Runs a command whose standard error is a terminal, and gives what that was sent.
fn on_a_terminal(cli: &Cli, arguments: &[&str]) -> String {
    let (mut terminal, theirs) = terminal();
    let mut command = cli.command(arguments);
    command.env("TERM", "xterm").stderr(theirs);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // The terminal ends with its last writer: the command alone must have it.
    drop(command);
    let (mut shown, mut part) = (Vec::new(), [0; 4096]);
    // Its end is an error on some systems.
    while let Ok(length @ 1..) = terminal.read(&mut part) {
        shown.extend_from_slice(&part[..length]);
    }
    assert!(child.wait().unwrap().success(), "{shown:?}");
    String::from_utf8(shown).unwrap()
}

/// Runs a command in a session of its own, whose terminal is the one that a person types `answer` at when a question is asked. Gives the
/// exit code and what was shown.
#[cfg(target_os = "linux")]
fn with_an_answer(cli: &Cli, arguments: &[&str], answer: &str) -> (Option<i32>, String) {
    let (mut terminal, theirs) = terminal();
    let plain = cli.command(arguments);
    let mut command = std::process::Command::new("setsid");
    command
        .args(["--ctty", "--wait"])
        .arg(plain.get_program())
        .args(plain.get_args())
        .current_dir(plain.get_current_dir().unwrap())
        .env_clear()
        .env("PATH", "/usr/bin:/bin");
    for (name, value) in plain.get_envs() {
        command.env(name, value.unwrap());
    }
    command
        .stdin(theirs.try_clone().unwrap())
        .stdout(Stdio::null())
        .stderr(theirs);
    let mut child = command.spawn().unwrap();
    drop(command);
    let (mut shown, mut part, mut asked) = (String::new(), [0; 4096], false);
    while let Ok(length @ 1..) = terminal.read(&mut part) {
        shown.push_str(&String::from_utf8_lossy(&part[..length]));
        if !asked && shown.contains("[y/N]") {
            asked = true;
            terminal.write_all(answer.as_bytes()).unwrap();
        }
    }
    (child.wait().unwrap().code(), shown)
}

/// What stands on the line of the cursor, after so much was shown.
fn line(shown: &str) -> String {
    let start = shown.rfind(['\r', '\n']).map_or(0, |at| at + 1);
    let mut parts = shown[start..].split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    // A control sequence ends with its first letter.
    parts.fold(first, |mut line, part| {
        let end = part.find(|c: char| c.is_ascii_alphabetic());
        let (sequence, text) = part.split_at(end.map_or(part.len(), |end| end + 1));
        if sequence == "[2K" {
            line.clear();
        }
        line + text
    })
}

#[test]
fn a_warning_stands_on_a_line_of_its_own_while_a_bar_is_drawn() {
    let hub = LocalHub::that_fails(6);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("c");
    let patient = ["export", "--container", &container, "--patience", "10m"];
    let shown = on_a_terminal(&cli, &patient);
    let warning = shown.find("\u{1b}[33mwarning:").expect(&shown);
    assert!(shown[..warning].contains("enqueued"), "a bar: {shown:?}");
    assert_eq!(line(&shown[..warning]), "", "{shown:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_dangerous_change_is_asked_about_on_the_terminal() {
    let hub = LocalHub::start(&[]);
    let cli = Cli::for_hub(&hub);
    let container = cli.container("c");
    let cli = cli.with("IOTHUB_CONTAINER_URI", &container);
    let row = "{\"id\":\"d\",\"status\":\"enabled\"}\n";
    cli.run(&["import", &cli.file("d.txt", row)]).expect(0);
    let delete = "{\"id\":\"d\",\"importMode\":\"delete\",\"status\":\"enabled\"}\n";
    let file = cli.file("delete.txt", delete);
    for answer in ["\n", "n\n", "yess\n"] {
        let (code, shown) = with_an_answer(&cli, &["import", &file], answer);
        assert_eq!(code, Some(2), "{shown}");
        assert!(
            shown.contains("1 identity will be deleted. Continue? [y/N]"),
            "{shown}"
        );
        assert!(shown.contains("nothing was changed"), "{shown}");
    }
    // Ctrl-C is an answer too.
    let (code, shown) = with_an_answer(&cli, &["import", &file], "\u{3}");
    assert_eq!(code, Some(130), "{shown}");
    assert!(shown.contains("nothing was changed"), "{shown}");
    // So is silence, when there is a time limit.
    let limited = ["import", &file, "--timeout", "1s"];
    let (code, shown) = with_an_answer(&cli, &limited, "");
    assert_eq!(code, Some(4), "{shown}");
    assert!(shown.contains("nothing was changed"), "{shown}");
    assert!(!shown.contains("looked for the hub"), "{shown}");
    let exported = cli.run(&["export", "--download", "-", "-q"]).expect(0);
    assert!(
        exported.stdout.contains("\"id\":\"d\""),
        "{}",
        exported.stdout
    );
    let (code, shown) = with_an_answer(&cli, &["import", &file], "YES\n");
    assert_eq!(code, Some(0), "{shown}");
    let exported = cli.run(&["export", "--download", "-", "-q"]).expect(0);
    assert!(
        !exported.stdout.contains("\"id\":\"d\""),
        "{}",
        exported.stdout
    );
}
