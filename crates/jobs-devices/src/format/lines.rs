//! Formats that are recognized line by line: rows with something around them.

use super::FileFormat;
use super::json::{self, Shape};
use crate::Row;

/// How many lines are tried as rows with something around them.
const SAMPLE_LINES: usize = 8;

/// Which quotes there are around each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quoting {
    /// A JSON string: `"{\"id\":\"d1\"}"`.
    Json,
    /// A cell of a table: `"{""id"":""d1""}"`.
    Cell,
    /// Single quotes.
    Single,
}

/// The lines of a file's start that are not blank and not cut off.
pub(super) struct Lines<'t>(Vec<&'t [u8]>);

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t [u8], is_whole: bool) -> Self {
        let mut lines: Vec<_> = text.split(|byte| *byte == b'\n').collect();
        if !is_whole {
            lines.pop();
        }
        let lines = lines.into_iter().map(<[u8]>::trim_ascii);
        Self(lines.filter(|line| !line.is_empty()).collect())
    }

    pub(super) fn has_row(&self) -> bool {
        self.0.iter().any(|line| is_row(line))
    }

    /// Whether the first line is a row and a comma.
    pub(super) fn first_is_joined(&self) -> bool {
        let first = self.0.first().and_then(|line| line.strip_suffix(b","));
        first.is_some_and(is_row)
    }

    pub(super) fn has_connection_string(&self) -> bool {
        let is_one = |line: &&[u8]| {
            let start = line.get(..9).unwrap_or_default();
            start.eq_ignore_ascii_case(b"HostName=") && line.contains(&b';')
        };
        self.0.iter().take(SAMPLE_LINES).any(is_one)
    }

    pub(super) fn recognize(&self) -> Option<FileFormat> {
        let sample = || self.0.iter().take(SAMPLE_LINES).copied();
        if self.first_is_joined() {
            return Some(FileFormat::Joined);
        }
        if sample().any(|line| line.contains(&b'\r')) {
            return Some(FileFormat::CarriageReturns);
        }
        sample()
            .find_map(quoting)
            .map(FileFormat::Quoted)
            .or_else(|| sample().any(is_prefixed).then_some(FileFormat::Prefixed))
            .or_else(|| sample().find_map(shape).map(FileFormat::Json))
    }
}

fn is_row(line: &[u8]) -> bool {
    line.starts_with(b"{")
        && std::str::from_utf8(line).is_ok_and(|text| text.parse::<Row>().is_ok())
        && !json::is_other(line)
}

fn quoting(line: &[u8]) -> Option<Quoting> {
    let inside = |quote: u8| match line {
        [first, inside @ .., last] if *first == quote && *last == quote => Some(inside),
        _ => None,
    };
    if inside(b'\'').is_some_and(is_known) {
        return Some(Quoting::Single);
    }
    let inside = inside(b'"')?;
    let unescaped = serde_json::from_slice::<String>(line);
    if unescaped.is_ok_and(|row| is_known(row.as_bytes())) {
        return Some(Quoting::Json);
    }
    let row = std::str::from_utf8(inside).ok()?.replace("\"\"", "\"");
    is_known(row.as_bytes()).then_some(Quoting::Cell)
}

/// A row of a device file, or of another file that a hub writes.
fn is_known(line: &[u8]) -> bool {
    is_row(line) || shape(line).is_some()
}

/// Whether a row ends the line and something else starts it.
fn is_prefixed(line: &[u8]) -> bool {
    let brace = memchr::memchr(b'{', line).unwrap_or_default();
    brace > 0 && is_row(&line[brace..])
}

/// A JSON object that is recognized by its members.
fn shape(line: &[u8]) -> Option<Shape> {
    let object = line.starts_with(b"{").then_some(line)?;
    json::shape_of_line(object)
}
