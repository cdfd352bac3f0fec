//! The two streams: data on standard output, everything else on standard error.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};
use jobs_devices::query::Condition;
use serde_json::Value;

use crate::args::{Format, OutputArgs};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::table::Table;
use crate::{redact, streams};

/// Knows the asked form, and that a closed pipe ends output without being an error.
#[derive(Clone, Debug)]
pub(crate) struct Printer {
    pub(crate) format: Format,
    quiet: bool,
    show_secrets: bool,
    color: bool,
    /// Where moving bars are drawn, if they may be; they step aside for messages.
    bars: Option<MultiProgress>,
    lines: bool,
    closed: Arc<AtomicBool>,
}

impl Printer {
    pub(crate) fn new(args: &OutputArgs, environment: &Environment) -> Self {
        let terminal = io::stderr().is_terminal();
        let progress = !args.no_progress && !args.quiet;
        Self {
            format: args.output,
            quiet: args.quiet,
            show_secrets: args.show_secrets,
            color: terminal && !environment.no_color,
            bars: (progress && terminal && args.verbose == 0)
                .then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8))),
            lines: progress,
            closed: Arc::default(),
        }
    }

    /// Puts a moving bar among those that are drawn, where any may be.
    pub(crate) fn draw(&self, bar: impl FnOnce() -> ProgressBar) -> Option<ProgressBar> {
        self.bars.as_ref().map(|bars| bars.add(bar()))
    }

    /// Whether a line may be written for each step when no bar is drawn.
    pub(crate) fn writes_progress_lines(&self) -> bool {
        self.lines && self.bars.is_none()
    }

    pub(crate) fn shows_secrets(&self) -> bool {
        self.show_secrets
    }

    /// Whether the reader of standard output is gone, so that long work can stop.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Remembers that the reader of standard output is gone.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// One line of data.
    pub(crate) fn line(&self, line: &str) -> Result<(), Failure> {
        self.raw(&format!("{line}\n"))
    }

    /// Data as it is.
    pub(crate) fn raw(&self, data: &str) -> Result<(), Failure> {
        self.bytes(data.as_bytes())
    }

    /// As [`raw`](Self::raw), for a piece of text that may end within a character.
    pub(crate) fn bytes(&self, data: &[u8]) -> Result<(), Failure> {
        if self.is_closed() || data.is_empty() {
            return Ok(());
        }
        streams::refuse_closed_stdout()?;
        let mut out = io::stdout().lock();
        match out.write_all(data).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed.store(true, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => Err(Failure::stdout(&error)),
            Ok(()) => Ok(()),
        }
    }

    /// A document: over several lines for `json`, on one for `jsonl`. Secrets are masked unless asked for.
    pub(crate) fn json(&self, mut value: Value) -> Result<(), Failure> {
        self.mask(&mut value);
        self.masked_json(&value)
    }

    /// A document whose secrets are masked already, for one with texts that only look like secrets.
    pub(crate) fn masked_json(&self, value: &Value) -> Result<(), Failure> {
        let text = match self.format {
            Format::Jsonl => value.to_string(),
            Format::Json | Format::Table => format!("{value:#}"),
        };
        self.line(&text)
    }

    /// A document on one line, as part of a stream of documents.
    pub(crate) fn json_line(&self, mut value: Value) -> Result<(), Failure> {
        self.mask(&mut value);
        self.line(&value.to_string())
    }

    /// Documents: an array for `json`, one a line for `jsonl`.
    pub(crate) fn json_list(&self, values: Vec<Value>) -> Result<(), Failure> {
        if self.format == Format::Jsonl {
            return values.into_iter().try_for_each(|value| self.json(value));
        }
        self.json(Value::Array(values))
    }

    /// Columns for people.
    pub(crate) fn table(&self, table: &Table) -> Result<(), Failure> {
        let text = table.to_string();
        if self.show_secrets {
            self.raw(&text)
        } else {
            self.raw(&redact::text(&text))
        }
    }

    /// Masks secrets in a document, unless they were asked for.
    pub(crate) fn mask(&self, value: &mut Value) {
        if !self.show_secrets {
            redact::json(value);
        }
    }

    /// A message on standard error.
    pub(crate) fn note(&self, message: impl Display) {
        if !self.quiet {
            self.message("", "", &message.to_string());
        }
    }

    /// A message on standard error that is shown however quiet the command was told to be.
    pub(crate) fn always(&self, message: impl Display) {
        self.message("", "", &message.to_string());
    }

    /// Something that deserves attention but stops nothing.
    pub(crate) fn warn(&self, message: impl Display) {
        if !self.quiet {
            self.message("33", "warning", &message.to_string());
        }
    }

    /// A comparison with a name where a text was most likely meant.
    pub(crate) fn warn_of_unquoted(&self, option: &str, condition: &Condition) {
        for name in condition.unquoted() {
            self.warn(format_args!(
                "{option}: `{name}` is compared as the name of a member, which no device has; a text is written in quotes: '{name}'"
            ));
        }
    }

    /// What the reader can do about it.
    pub(crate) fn hint(&self, message: impl Display) {
        if !self.quiet {
            self.message("36", "hint", &message.to_string());
        }
    }

    /// Why the command stopped; shown however quiet it was told to be.
    pub(crate) fn failure(&self, failure: &Failure, verbose: bool) {
        self.message("1;31", "error", failure.message());
        if verbose {
            for cause in failure.causes() {
                self.message("31", "  caused by", cause);
            }
        }
        for hint in failure.hints() {
            self.message("36", "hint", hint);
        }
    }

    /// Every message is one line, without control characters and without secrets.
    fn message(&self, style: &str, label: &str, message: &str) {
        let body = bounded(&one_line(&redact::message(message)));
        let line = match (label, self.color) {
            ("", _) => format!("{body}\n"),
            (_, true) => format!("\u{1b}[{style}m{label}:\u{1b}[0m {body}\n"),
            (_, false) => format!("{label}: {body}\n"),
        };
        // Nobody is left to tell when standard error is gone.
        let write = || io::stderr().lock().write_all(line.as_bytes());
        let _ = match &self.bars {
            Some(bars) => bars.suspend(write),
            None => write(),
        };
    }
}

/// A number with what it counts: `1 row`, `2 rows`, `2 identities`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    match noun.strip_suffix('y') {
        _ if number == 1 => format!("1 {noun}"),
        Some(stem) => format!("{number} {stem}ies"),
        None => format!("{number} {noun}s"),
    }
}

/// Text on one line that cannot steer a terminal: line breaks become spaces, other control characters are written out.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.trim_end().chars() {
        match character {
            '\n' | '\t' => line.push(' '),
            '\r' => {}
            other if other.is_control() || is_bidirectional(other) => {
                line.extend(other.escape_unicode())
            }
            other => line.push(other),
        }
    }
    line
}

/// No word of a message is longer, in characters: ids, names and URIs are not.
const LONGEST_WORD: usize = 500;
/// No message is longer, in characters.
const LONGEST_MESSAGE: usize = 4_000;

/// Text of bounded length, whoever wrote the words in it. A long word is cut by itself, so that what comes after it is still read.
pub(crate) fn bounded(text: &str) -> String {
    let mut kept = String::new();
    let mut left = LONGEST_MESSAGE;
    for word in text.split_inclusive(char::is_whitespace) {
        let end = word.char_indices().nth(LONGEST_WORD).map(|(at, _)| at);
        let mut shown = Cow::Borrowed(word);
        if let Some(end) = end {
            // What a sentence puts behind the word stays.
            let inside =
                word.trim_end_matches(|c: char| c.is_whitespace() || ":;,.'`)".contains(c));
            if inside.len() > end {
                shown = Cow::Owned(format!("{}…{}", &word[..end], &word[inside.len()..]));
            }
        }
        match shown.char_indices().nth(left) {
            Some((at, _)) => {
                kept.push_str(&shown[..at]);
                kept.push('…');
                return kept;
            }
            None => left -= shown.chars().count(),
        }
        kept.push_str(&shown);
    }
    kept
}

/// Marks that reorder text, with which a device id could pretend to be another.
fn is_bidirectional(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_bounded_and_a_long_word_hides_no_other() {
        let id = "x".repeat(1 << 20);
        let text = bounded(&format!("get job {id}: not found"));
        assert!(
            text.len() < 600 && text.ends_with("…: not found") || text.ends_with("… not found")
        );
        let words = "word ".repeat(1 << 18);
        assert!(bounded(&words).chars().count() <= LONGEST_MESSAGE + 1);
        assert_eq!(bounded("größe 設備\n x"), "größe 設備\n x");
    }

    #[test]
    fn messages_stay_on_one_line_and_cannot_steer_the_terminal() {
        assert_eq!(one_line("a\r\nb\tc\n"), "a b c");
        assert_eq!(one_line("x\u{1b}[2Jy"), "x\\u{1b}[2Jy");
        assert_eq!(one_line("\u{202e}txt"), "\\u{202e}txt");
        assert_eq!(one_line("größe 設備"), "größe 設備");
    }
}
