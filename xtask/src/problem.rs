//! Why a task could not do its work.

use std::fmt;
use std::path::Path;

use serde::Serialize;

/// What was wrong, where, and what to do.
#[derive(Debug)]
pub struct Problem {
    message: String,
    exit_code: u8,
    pointer: String,
}

/// The exit code when a task cannot even start: its arguments, the workspace or a file of it cannot be read.
pub const UNREADABLE: u8 = 3;

/// The result of a task.
pub type Result<T> = std::result::Result<T, Problem>;

impl Problem {
    /// A problem that ends the task with exit code 1.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            exit_code: 1,
            pointer: String::new(),
        }
    }

    /// A problem that ends the task with [`UNREADABLE`]: something that it needs cannot be read.
    pub fn unreadable(message: impl Into<String>) -> Self {
        Self {
            exit_code: UNREADABLE,
            ..Self::new(message)
        }
    }

    /// Makes a problem of an error with a file or a folder, which it names.
    pub(crate) fn of<E: fmt::Display>(path: impl AsRef<Path>) -> impl FnOnce(E) -> Self {
        move |cause| Self::new(format!("{}: {cause}", path.as_ref().display()))
    }

    /// The same problem, at this place of the spec. One that has a place already keeps it.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        if self.pointer.is_empty() {
            self.pointer = pointer.into();
        }
        self
    }

    /// The place of the spec, as a JSON pointer; empty when it is about the whole.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The same problem, with what was being done.
    #[must_use]
    pub fn within(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// The exit code that the task ends with.
    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// What a task that did its work prints, and the exit code it ends with.
#[derive(Debug, Default)]
pub struct Outcome {
    /// For standard output, line ends included.
    pub text: String,
    /// The exit code.
    pub code: u8,
}

impl Outcome {
    /// A result as JSON, for machines.
    pub(crate) fn json(result: &impl Serialize) -> Result<String> {
        serde_json::to_string_pretty(result)
            .map(|json| json + "\n")
            .map_err(|error| Problem::new(format!("cannot write the result: {error}")))
    }

    /// Success with something to say.
    pub fn said(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code: 0,
        }
    }
}
