//! What a terminal shows.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::harness::{Cli, LocalHub};

/// Runs a command whose standard error is a terminal, and gives what that was sent.
fn on_a_terminal(cli: &Cli, arguments: &[&str]) -> String {
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
    let mut command = cli.command(arguments);
    command.env("TERM", "xterm").stderr(theirs);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // The terminal ends with its last writer: the command alone must have it.
    drop(command);
    let (mut shown, mut terminal, mut part) = (Vec::new(), File::from(ours), [0; 4096]);
    // Its end is an error on some systems.
    while let Ok(length @ 1..) = terminal.read(&mut part) {
        shown.extend_from_slice(&part[..length]);
    }
    assert!(child.wait().unwrap().success(), "{shown:?}");
    String::from_utf8(shown).unwrap()
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
