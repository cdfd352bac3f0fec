//! One line of a file: how it is read, and what can be wrong with it.

use std::fmt;

use crate::{field::Misfit, scan::Index};

/// A line that could not be read.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadLine {
    /// Why.
    pub cause: Cause,
    raw: Box<[u8]>,
    len: u64,
}

impl BadLine {
    pub(crate) fn new(cause: Cause, raw: &[u8]) -> Self {
        Self {
            cause,
            raw: raw.into(),
            len: raw.len() as u64,
        }
    }

    /// A line longer than is kept: `start` is where it begins.
    pub(crate) fn cut(cause: Cause, start: &[u8], len: u64) -> Self {
        Self {
            cause,
            raw: start.into(),
            len,
        }
    }

    /// The bytes of the line, without its line break, to be written to a file of rejects. They may hold keys: never print them.
    /// Of a line that was too long, these are the first bytes alone: [`BadLine::is_cut`].
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// How many bytes the line has.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether the line has more bytes than [`BadLine::raw`] gives.
    pub fn is_cut(&self) -> bool {
        self.len > self.raw.len() as u64
    }

    /// Whether the line has no bytes, which no bad line has.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first byte of the line that is wrong, counted from 1, where one can be named.
    pub fn column(&self) -> Option<u64> {
        match &self.cause {
            Cause::NotUtf8 { column }
            | Cause::NotJson { column, .. }
            | Cause::Truncated { column } => Some(*column),
            _ => None,
        }
    }
}

impl fmt::Debug for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BadLine")
            .field("cause", &self.cause)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)?;
        if self.is_cut() {
            write!(f, ": it has {}", self.len)?;
        }
        Ok(())
    }
}

impl std::error::Error for BadLine {}

/// Why a line could not be read. No cause quotes what stands in the line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// A byte that is not UTF-8.
    NotUtf8 {
        /// That byte, counted from 1.
        column: u64,
    },
    /// The file is UTF-16: it starts with that encoding's byte order mark.
    Utf16,
    /// Not JSON.
    NotJson {
        /// The byte where it stops being JSON, counted from 1.
        column: u64,
        /// What is wrong there.
        message: String,
    },
    /// The file ends before the object does, as after a copy that broke off.
    Truncated {
        /// The byte behind the last, counted from 1.
        column: u64,
    },
    /// Longer than the reader was told to keep.
    TooLong {
        /// The most bytes a line may have.
        limit: u64,
    },
    /// JSON, but not of the type needed.
    Misfit(Misfit),
    /// Refused by the strict mode alone.
    Strict(String),
}

impl Cause {
    /// A short name for the kind of cause, stable across releases.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::NotUtf8 { .. } | Self::Utf16 => "encoding",
            Self::NotJson { .. } => "json",
            Self::Truncated { .. } => "truncated",
            Self::TooLong { .. } => "line-length",
            Self::Misfit(_) => "row-type",
            Self::Strict(_) => "strict",
        }
    }
}

impl Cause {
    /// The same for a line with `bytes` before its text. Only the end of the file can cut a line off.
    pub(crate) fn moved(self, bytes: u64, last: bool) -> Self {
        match self {
            Self::NotUtf8 { column } => Self::NotUtf8 {
                column: column + bytes,
            },
            Self::NotJson { column, message } => Self::NotJson {
                column: column + bytes,
                message,
            },
            Self::Truncated { column } if last => Self::Truncated {
                column: column + bytes,
            },
            Self::Truncated { column } => Self::NotJson {
                column: column + bytes,
                message: "the line ends inside the object".to_owned(),
            },
            other => other,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 { column } => write!(f, "not UTF-8 at byte {column} of the line"),
            Self::Utf16 => f.write_str("the file is UTF-16; convert it to UTF-8 first"),
            Self::NotJson { column, message } => {
                write!(f, "not JSON at byte {column} of the line: {message}")
            }
            Self::Truncated { column } => write!(
                f,
                "the file ends inside this line, after {} bytes of it; it may have been cut off",
                column - 1
            ),
            Self::TooLong { limit } => write!(
                f,
                "longer than {limit} bytes, the most that a line may have"
            ),
            Self::Misfit(misfit) => misfit.fmt(f),
            Self::Strict(message) => f.write_str(message),
        }
    }
}

/// Memory that reading one line after another needs, kept between them.
#[derive(Debug, Default)]
pub struct Scratch(Index);

impl Scratch {
    /// With nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn index(&mut self) -> &mut Index {
        &mut self.0
    }
}

/// How lines are read.
#[derive(Debug, Clone)]
#[must_use]
pub struct Options {
    pub(crate) strict: bool,
    pub(crate) max_line: usize,
}

/// Longest line kept unless told otherwise: 8 MiB. A row with every limit of its twin reached, each character escaped, is below 1 MiB.
pub const DEFAULT_MAX_LINE: usize = 8 * 1024 * 1024;

impl Default for Options {
    fn default() -> Self {
        Self {
            strict: false,
            max_line: DEFAULT_MAX_LINE,
        }
    }
}

impl Options {
    /// Lenient, with lines of up to [`DEFAULT_MAX_LINE`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether reading is strict.
    #[cfg(feature = "transform")]
    pub(crate) fn is_strict(&self) -> bool {
        self.strict
    }

    /// The most bytes a line may have.
    #[cfg(feature = "transform")]
    pub(crate) fn most_bytes(&self) -> usize {
        self.max_line
    }

    /// Strict reading ends at the first line that is neither blank, a record, nor a notice on the first line.
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// The most bytes a line may have; a longer one is a bad line, and never held in memory.
    pub fn max_line(mut self, bytes: usize) -> Self {
        self.max_line = bytes.max(1);
        self
    }
}

/// The byte order mark of UTF-8.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

/// Without the byte order mark that a file may begin with.
pub(crate) fn without_bom(line: &[u8]) -> &[u8] {
    line.strip_prefix(BOM).unwrap_or(line)
}

/// Without the white space of JSON at both ends.
pub(crate) fn trim(mut line: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..]
    | [rest @ .., b' ' | b'\t' | b'\r' | b'\n'] = line
    {
        line = rest;
    }
    line
}

/// Where a line stands in its file, as far as it matters to what it is.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) number: u64,
    /// Ends the file without a line break.
    pub(crate) last: bool,
}

/// Checks that a line is one JSON value, and else says where it stops being one.
pub(crate) fn check_json(line: &str) -> Result<(), Cause> {
    let Err(error) = serde_json::from_str::<&serde_json::value::RawValue>(line) else {
        return Ok(());
    };
    if error.is_eof() {
        return Err(Cause::Truncated {
            column: line.len() as u64 + 1,
        });
    }
    let text = error.to_string();
    let message = text
        .split(" at line ")
        .next()
        .unwrap_or("not readable")
        .to_owned();
    // A control character within a string is told of with the column before it.
    let shift = u64::from(message.starts_with("control character"));
    Err(Cause::NotJson {
        column: error.column() as u64 + shift,
        message,
    })
}
