//! Client programs, and servers that are ended with the run.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Problem, Result};

/// The last lines of a log, for a message.
pub(super) fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// A running program whose stdout is read line by line; dropped, it is ended.
pub(super) struct Process {
    child: Child,
    lines: Receiver<String>,
    what: String,
}

impl Process {
    /// Starts the command with stderr in `log`.
    pub(super) fn start(command: &mut Command, log: &Path, what: &str) -> Result<Self> {
        let errors = File::create(log).map_err(Problem::of(&log))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(|cause| {
                Problem::new(format!(
                    "{what}: {:?} does not start: {cause}",
                    command.get_program()
                ))
            })?;
        let stdout = child
            .stdout
            .take()
            .ok_or_else(|| Problem::new(format!("{what}: no stdout")))?;
        let (sender, lines) = mpsc::channel();
        // The thread ends with the pipe, and goes on reading so that the program never blocks on a full one.
        thread::spawn(move || {
            for line in BufReader::new(stdout)
                .lines()
                .map_while(std::result::Result::ok)
            {
                let _ = sender.send(line);
            }
        });
        Ok(Self {
            child,
            lines,
            what: what.to_owned(),
        })
    }

    /// The next line of stdout; `None` when the program closed it.
    pub(super) fn line(&self, deadline: Instant) -> Result<Option<String>> {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left) {
            Ok(line) => Ok(Some(line)),
            Err(mpsc::RecvTimeoutError::Disconnected) => Ok(None),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                Err(Problem::new(format!("{}: no output in time", self.what)))
            }
        }
    }

    /// Waits for the end, at most until the deadline.
    pub(super) fn wait(&mut self, deadline: Instant) -> Option<ExitStatus> {
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(10)),
                _ => return None,
            }
        }
    }

    /// Asks it to stop as a service manager would.
    pub(super) fn terminate(&self) -> bool {
        Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .is_ok_and(|status| status.success())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
