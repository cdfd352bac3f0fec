//! Progress for people: a moving bar on a terminal, one line for each change elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::duration;
use crate::printer::{Printer, one_line};

/// Jobs without any change for this long are said to be so.
const UNREMARKABLE: Duration = Duration::from_secs(20);

/// The progress of one piece of work.
#[derive(Debug)]
pub(crate) struct Progress {
    printer: Printer,
    bar: Option<ProgressBar>,
    last: String,
    changed: Instant,
}

impl Progress {
    /// Progress of a job on the hub, in percent.
    pub(crate) fn job(printer: &Printer, label: &str) -> Self {
        let style = "{spinner} {prefix}  {bar:24}  {pos:>3}%  {msg}  {elapsed}";
        Self::start(printer, style, label, Some(100))
    }

    /// Progress through a file of known or unknown length, in bytes.
    pub(crate) fn bytes(printer: &Printer, label: &str, total: Option<u64>) -> Self {
        let style = match total {
            Some(_) => {
                "{spinner} {prefix}  {bar:24}  {bytes}/{total_bytes}  {binary_bytes_per_sec}  {elapsed}"
            }
            None => "{spinner} {prefix}  {bytes}  {binary_bytes_per_sec}  {elapsed}",
        };
        Self::start(printer, style, label, total)
    }

    fn start(printer: &Printer, style: &str, label: &str, total: Option<u64>) -> Self {
        let bar = printer.draw(|| {
            let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(one_line(label));
            bar
        });
        if let Some(bar) = &bar {
            bar.enable_steady_tick(Duration::from_millis(125));
        }
        Self {
            printer: printer.clone(),
            bar,
            last: String::new(),
            changed: Instant::now(),
        }
    }

    /// Shows a job's status and percentage, and for how long nothing has changed: slow and stuck look alike otherwise.
    pub(crate) fn status(&mut self, label: &str, status: &str, percent: Option<u8>) {
        let line = match percent {
            Some(percent) => format!("{label}: {status} {percent}%"),
            None => format!("{label}: {status}"),
        };
        let same = line == self.last;
        if !same {
            self.changed = Instant::now();
        }
        if let Some(bar) = &self.bar {
            bar.set_position(percent.unwrap_or_default().into());
            let quiet = self.changed.elapsed();
            if quiet < UNREMARKABLE {
                bar.set_message(one_line(status));
            } else {
                bar.set_message(format!(
                    "{} (no change for {})",
                    one_line(status),
                    duration::format(Duration::from_secs(quiet.as_secs()))
                ));
            }
        } else if !same && self.printer.writes_progress_lines() {
            self.printer.note(&line);
        }
        self.last = line;
    }

    /// Shows how far a file has been worked through.
    pub(crate) fn position(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(bytes);
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {}
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
