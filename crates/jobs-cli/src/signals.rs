//! Ctrl-C, SIGTERM, and the end of the terminal.

use std::io;

/// Handlers that stand from the moment of [`Signals::install`].
#[derive(Debug)]
pub(crate) struct Signals {
    /// Nothing where it is to be ignored.
    #[cfg(unix)]
    hangup: Option<tokio::signal::unix::Signal>,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
    #[cfg(windows)]
    terminate: tokio::signal::windows::CtrlBreak,
}

impl Signals {
    /// Replaces the default reaction, which is to die at once. Needs a tokio runtime.
    pub(crate) fn install() -> io::Result<Self> {
        survive_file_size_limit();
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let hangup = heeds_hangups().then(|| signal(SignalKind::hangup()));
            Ok(Self {
                hangup: hangup.transpose()?,
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        }
        #[cfg(windows)]
        {
            use tokio::signal::windows::{ctrl_break, ctrl_c};
            Ok(Self {
                interrupt: ctrl_c()?,
                terminate: ctrl_break()?,
            })
        }
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        #[cfg(windows)]
        let hangup = std::future::pending::<()>();
        tokio::select! {
            _ = hangup => {}
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Where files may not grow beyond a limit, a write that would do so ends the process by SIGXFSZ,
/// unless a handler is installed: then the write fails, as on a full disk, and the command says so and cleans up.
fn survive_file_size_limit() {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use tokio::signal::unix::{SignalKind, signal};
        /// The number on both systems.
        const SIGXFSZ: i32 = 25;
        // The handler stays when this value is dropped. Without it all else works as well.
        if let Err(error) = signal(SignalKind::from_raw(SIGXFSZ)) {
            tracing::warn!(%error, "cannot handle SIGXFSZ");
        }
    }
}

/// Whether a SIGHUP would end the process: under `nohup` it is ignored, and a handler would undo that. Where the system does not tell,
/// its own way with hangups is left alone.
#[cfg(unix)]
fn heeds_hangups() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| !ignores_hangups(&status))
}

/// Whether the first signal is among those that a process ignores, by the system's description of the process.
#[cfg(unix)]
fn ignores_hangups(status: &str) -> bool {
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_none_or(|mask| mask & 1 != 0)
}
