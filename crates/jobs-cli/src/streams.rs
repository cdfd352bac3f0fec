//! What standard input and output are connected to.

use std::fs::Metadata;
use std::path::Path;

use crate::failure::Failure;

/// Whether a path names an open file of this process by its number, as `/dev/stdout` does.
pub(crate) fn is_descriptor(path: &Path) -> bool {
    ["/dev/stdout", "/dev/stderr"]
        .iter()
        .any(|name| path == Path::new(name))
        || ["/dev/fd", "/proc/self/fd"]
            .iter()
            .any(|folder| path.starts_with(folder))
}

/// Rejects an input that is the file which standard output appends to: the command would read what it writes, without end, and the
/// file would no longer be what it was.
pub(crate) fn refuse_stdout(input: &Metadata, name: &str) -> Result<(), Failure> {
    if !input.is_file() || !of_stdout().is_some_and(|output| is_same(input, &output)) {
        return Ok(());
    }
    Err(Failure::usage(format_args!(
        "standard output is {name}, which the command reads"
    ))
    .hint("write to another file, or replace it once the result is complete with --out FILE"))
}

/// As [`refuse_stdout`], for standard input.
pub(crate) fn refuse_stdin_is_stdout() -> Result<(), Failure> {
    match of_stdin() {
        Some(input) => refuse_stdout(&input, "the file of standard input"),
        None => Ok(()),
    }
}

/// Whether a path leads to the file that standard output is written to.
pub(crate) fn is_stdout(path: &Path) -> bool {
    let found = std::fs::metadata(path).ok().filter(Metadata::is_file);
    found.is_some_and(|found| of_stdout().is_some_and(|output| is_same(&found, &output)))
}

/// Whether both are of one file, whatever its names are.
#[cfg(unix)]
pub(crate) fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
pub(crate) fn is_same(_: &Metadata, _: &Metadata) -> bool {
    false
}

#[cfg(unix)]
fn metadata(stream: impl std::os::fd::AsFd) -> Option<Metadata> {
    let descriptor = stream.as_fd().try_clone_to_owned().ok()?;
    std::fs::File::from(descriptor).metadata().ok()
}

#[cfg(unix)]
fn of_stdout() -> Option<Metadata> {
    metadata(std::io::stdout())
}

#[cfg(unix)]
fn of_stdin() -> Option<Metadata> {
    metadata(std::io::stdin())
}

#[cfg(not(unix))]
fn of_stdout() -> Option<Metadata> {
    None
}

#[cfg(not(unix))]
fn of_stdin() -> Option<Metadata> {
    None
}

/// Rejects a standard output that the caller closed, for a command that prints something there.
pub(crate) fn refuse_closed_stdout() -> Result<(), Failure> {
    match stdout_is_closed() {
        true => Err(Failure::stdout(&std::io::Error::other("it is closed"))),
        false => Ok(()),
    }
}

/// Rejects a standard input that the caller closed: it would be read as an empty file.
pub(crate) fn refuse_closed_stdin(user: &str) -> Result<(), Failure> {
    match stdin_is_closed() {
        true => Err(Failure::usage(format_args!(
            "{user}: standard input (`-`) is closed"
        ))),
        false => Ok(()),
    }
}

/// Whether the process was started without standard input, as by `<&-`.
#[cfg(target_os = "linux")]
fn stdin_is_closed() -> bool {
    started::WITHOUT_STDIN.load(std::sync::atomic::Ordering::Relaxed)
}

#[cfg(not(target_os = "linux"))]
fn stdin_is_closed() -> bool {
    false
}

/// Whether the process was started without standard output, as by `>&-`.
#[cfg(target_os = "linux")]
fn stdout_is_closed() -> bool {
    started::WITHOUT_STDOUT.load(std::sync::atomic::Ordering::Relaxed)
}

#[cfg(not(target_os = "linux"))]
fn stdout_is_closed() -> bool {
    false
}

/// What the process was started with. Rust opens the null device in the place of a closed stream before `main`, and then nothing tells
/// it from a null device that the parent gave: only code that runs earlier can.
#[cfg(target_os = "linux")]
mod started {
    use std::sync::atomic::{AtomicBool, Ordering};

    pub(super) static WITHOUT_STDIN: AtomicBool = AtomicBool::new(false);
    pub(super) static WITHOUT_STDOUT: AtomicBool = AtomicBool::new(false);

    // System calls and stores: nothing here needs what the runtime sets up.
    #[ctor::ctor(unsafe)]
    fn look() {
        let is_closed = |stream| rustix::io::fcntl_getfd(stream).is_err();
        WITHOUT_STDIN.store(is_closed(rustix::stdio::stdin()), Ordering::Relaxed);
        WITHOUT_STDOUT.store(is_closed(rustix::stdio::stdout()), Ordering::Relaxed);
    }
}
