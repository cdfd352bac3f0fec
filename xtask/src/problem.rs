//! Why a task could not do its work.

use std::fmt;

/// What was wrong, where, and what to do.
#[derive(Debug)]
pub struct Problem {
    message: String,
    exit_code: u8,
}

/// The result of a task.
pub type Result<T> = std::result::Result<T, Problem>;

impl Problem {
    /// A problem that ends the task with exit code 1.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            exit_code: 1,
        }
    }

    /// The same problem with another exit code.
    #[must_use]
    pub fn with_exit_code(mut self, exit_code: u8) -> Self {
        self.exit_code = exit_code;
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

/// What a task that did its work has to say, and the exit code it ends with.
#[derive(Debug, Default)]
pub struct Outcome {
    /// For standard output, line ends included.
    pub text: String,
    /// The exit code.
    pub code: u8,
}

impl Outcome {
    /// Success with something to say.
    pub fn said(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code: 0,
        }
    }
}
