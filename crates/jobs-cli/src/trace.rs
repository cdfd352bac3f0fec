//! Logging for `-v`: to standard error, secrets masked.

use std::io::{self, Write};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::printer::bounded;
use crate::redact;

/// Starts logging when `-v` was given; `-vv` adds the libraries below ours.
pub(crate) fn install(verbose: u8, color: bool) {
    let filter = match verbose {
        0 => return,
        1 => ours(LevelFilter::DEBUG).with_default(LevelFilter::WARN),
        2 => ours(LevelFilter::TRACE).with_default(LevelFilter::DEBUG),
        _ => ours(LevelFilter::TRACE).with_default(LevelFilter::TRACE),
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(|| MaskedStderr)
        .with_ansi(color);
    // A second installation can only come from a test in the same process.
    let _ = tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init();
}

fn ours(level: LevelFilter) -> Targets {
    Targets::new().with_targets(
        [
            "iothub_jobs",
            "jobs_api",
            "jobs_ext",
            "jobs_devices",
            "jobs_emulator",
        ]
        .map(|name| (name, level)),
    )
}

/// Standard error behind the mask. The formatter writes one whole event at a time, so no secret is cut in two.
struct MaskedStderr;

impl Write for MaskedStderr {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(buffer);
        io::stderr()
            .lock()
            .write_all(bounded(&redact::message(&text)).as_bytes())?;
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
