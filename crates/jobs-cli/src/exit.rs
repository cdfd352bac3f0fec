//! What the process says with its exit code.

use std::process::ExitCode;

/// How a command ended, as its caller sees it. The numbers are a contract with scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// The work is done.
    Done,
    /// The work itself failed: job failed or cancelled, rows rejected, files differ.
    WorkFailed,
    /// The command could not be understood or its input could not be used.
    Usage,
    /// The hub answered and refused.
    Refused,
    /// No usable answer: not reached, timed out, retries spent.
    NotReached,
    /// Stopped by a signal.
    Interrupted,
}

impl Exit {
    /// The number handed to the operating system.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::WorkFailed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::NotReached => 4,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The list of codes, as printed at the end of the top-level help.
pub(crate) const HELP: &str = "\
Exit codes:
  0    done
  1    the work failed: job failed or cancelled, rows rejected, files differ
  2    bad usage or input
  3    the hub refused: 401, 403, 404 and other 4xx
  4    not reached, timed out, retries spent
  130  interrupted";
