//! Why a command stopped: one line for the reader, hints with the cure, an exit code for the script.

use std::fmt::Display;
use std::io;
use std::path::Path;

use crate::exit::Exit;
use crate::redact;

/// The result of every command.
pub(crate) type Outcome = Result<Exit, Failure>;

/// A command that could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    hints: Vec<String>,
    causes: Vec<String>,
    unreached: bool,
}

impl Failure {
    /// A failure with its exit code and one line that says what went wrong and where.
    pub(crate) fn new(exit: Exit, message: impl Display) -> Self {
        Self {
            exit,
            message: without_numbers(&message.to_string()),
            hints: Vec::new(),
            causes: Vec::new(),
            unreached: false,
        }
    }

    /// The command or its input cannot be used.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The work was done, or tried, and did not succeed.
    pub(crate) fn work(message: impl Display) -> Self {
        Self::new(Exit::WorkFailed, message)
    }

    /// An error of a library with all its causes in one line.
    pub(crate) fn of_chain(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut line = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            line.push_str(": ");
            line.push_str(&cause.to_string());
            next = cause.source();
        }
        Self::usage(line)
    }

    /// A file that cannot be read or written, named together with what was tried. A secret in the place of the name is not repeated.
    pub(crate) fn file(doing: &str, path: &Path, error: &io::Error) -> Self {
        if redact::is_secret(&path.to_string_lossy()) {
            return Self::secret_as_name(format_args!("cannot {doing}"));
        }
        Self::usage(format_args!(
            "cannot {doing} {}: {}",
            path.display(),
            plain(error)
        ))
    }

    /// Somebody typed the secret itself where the name of a file belongs.
    pub(crate) fn secret_as_name(what: impl Display) -> Self {
        Self::usage(format_args!(
            "{what}: the name of a file is wanted, and this looks like a key, a connection string or a URI with a signature"
        ))
        .hint(
            "other users of this machine can read arguments: consider that secret known, and replace it",
        )
    }

    /// Standard output that cannot be written (a closed pipe never comes here).
    pub(crate) fn stdout(error: &io::Error) -> Self {
        Self::usage(format_args!(
            "cannot write to standard output: {}",
            plain(error)
        ))
    }

    /// Adds a line that says what to do about it.
    pub(crate) fn hint(mut self, hint: impl Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// As [`hint`](Self::hint), unless it was given already.
    pub(crate) fn hint_once(self, hint: &str) -> Self {
        if self.hints.iter().any(|given| given == hint) {
            return self;
        }
        self.hint(hint)
    }

    /// Adds the chain of causes below an error, shown with `-v`.
    pub(crate) fn caused_by(mut self, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = error.source();
        while let Some(cause) = next {
            self.causes.push(without_numbers(&cause.to_string()));
            next = cause.source();
        }
        self
    }

    /// The same failure with another exit code.
    pub(crate) fn with_exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// Nobody answered where the hub was looked for.
    pub(crate) fn unreached(mut self) -> Self {
        self.unreached = true;
        self
    }

    pub(crate) fn is_unreached(&self) -> bool {
        self.unreached
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Whether the reader is told about this job already.
    pub(crate) fn names(&self, job: &str) -> bool {
        self.message.contains(job) || self.hints.iter().any(|hint| hint.contains(job))
    }

    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The causes that the message does not name.
    pub(crate) fn causes(&self) -> impl Iterator<Item = &str> {
        self.causes
            .iter()
            .map(String::as_str)
            .filter(|cause| !self.message.contains(*cause))
    }
}

/// The last of an error's causes, which names what the system said.
pub(crate) fn root_cause(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut cause = error.source()?;
    while let Some(next) = cause.source() {
        cause = next;
    }
    Some(without_numbers(&cause.to_string()))
}

/// A text without Rust's `(os error 2)`, which tells an operator nothing.
pub(crate) fn without_numbers(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, number)) = rest.split_once(" (os error ") {
        kept.push_str(before);
        rest = match number.split_once(')') {
            Some((digits, behind)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => behind,
            _ => {
                kept.push_str(" (os error ");
                number
            }
        };
    }
    kept.push_str(rest);
    kept
}

/// An I/O error as a part of a sentence.
pub(crate) fn plain(error: &io::Error) -> String {
    let text = without_numbers(&error.to_string());
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().collect::<String>() + letters.as_str(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_numbers_are_left_out_wherever_they_stand() {
        for (text, kept) in [
            ("denied (os error 13)", "denied"),
            ("a (os error 1): b (os error 22), c", "a: b, c"),
            ("a (os error x) b", "a (os error x) b"),
            ("cut (os error 1", "cut (os error 1"),
            ("", ""),
        ] {
            assert_eq!(without_numbers(text), kept);
        }
    }
}
