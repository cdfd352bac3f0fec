//! Records, one on each line of a file.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    configuration::Configuration,
    error_log::ImportError,
    field::{FromText, Misfit, from_any_text},
    json::{deserialize_text, serialize_text},
    line::{BadLine, Cause, Place, Scratch, check_json, trim, without_bom},
    object::Object,
    row::{Row, RowRef},
};

/// Where a line stands, and what it is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Entry<T = Row> {
    /// The number of the line; the first is 1. Blank lines count.
    pub line: u64,
    /// The offset of the line's first byte in the file.
    pub offset: u64,
    /// What stands there.
    pub item: Item<T>,
}

/// What a line is. Blank lines give nothing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Item<T = Row> {
    /// A record: an identity, an import error or a configuration.
    Row(T),
    /// Words: the hub warns so in the first line of an export without keys.
    Notice(String),
    /// Neither; reading goes on behind it.
    Bad(BadLine),
}

/// A kind of record that stands on one line each: [`Row`], [`ImportError`], [`Configuration`].
pub trait Record: sealed::Sealed + Sized {
    /// Appends the record's line, without a line break.
    fn write_line(&self, out: &mut Vec<u8>);
}

pub(crate) mod sealed {
    use super::{Cause, Scratch};

    pub trait Sealed: Sized {
        /// Reads a line that starts with neither space nor byte order mark and is not empty.
        fn from_line(line: &[u8], scratch: &mut Scratch) -> Result<Self, Cause>;
    }
}

/// What all records have: text in and out, alone and within JSON.
macro_rules! records {
    ($($name:ident),*) => {$(
        impl $name {
            /// The line, without its line break.
            pub fn to_line(&self) -> String {
                let mut out = Vec::with_capacity(512);
                self.write(&mut out);
                String::from_utf8_lossy(&out).into_owned()
            }

            /// Appends the line, without a line break.
            pub fn write_line(&self, out: &mut Vec<u8>) {
                self.write(out);
            }
        }

        impl Record for $name {
            fn write_line(&self, out: &mut Vec<u8>) {
                self.write(out);
            }
        }

        impl FromStr for $name {
            type Err = Misfit;

            /// Reads one line, or any JSON text of one record.
            fn from_str(text: &str) -> Result<Self, Misfit> {
                from_any_text(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serialize_text(self.to_line(), serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_any_text(deserialize_text(deserializer)?.get()).map_err(de::Error::custom)
            }
        }
    )*};
}
records!(Row, ImportError, Configuration);

impl sealed::Sealed for Row {
    fn from_line(line: &[u8], scratch: &mut Scratch) -> Result<Self, Cause> {
        RowRef::parse(line, scratch)?
            .to_row()
            .map_err(Cause::Misfit)
    }
}

impl sealed::Sealed for ImportError {
    fn from_line(line: &[u8], _: &mut Scratch) -> Result<Self, Cause> {
        from_line(line)
    }
}

impl sealed::Sealed for Configuration {
    fn from_line(line: &[u8], _: &mut Scratch) -> Result<Self, Cause> {
        from_line(line)
    }
}

fn from_line<T: FromText>(line: &[u8]) -> Result<T, Cause> {
    let text = std::str::from_utf8(line).map_err(|error| Cause::NotUtf8 {
        column: error.valid_up_to() as u64 + 1,
    })?;
    check_json(text)?;
    T::from_text(text).map_err(Cause::Misfit)
}

/// What the line is, with `read` for those that may be a record; `None` for a blank one.
#[inline]
pub(crate) fn classify<'l, T>(
    line: &'l [u8],
    at: Place,
    strict: bool,
    read: impl FnOnce(&'l [u8]) -> Result<T, Cause>,
) -> Option<Item<T>> {
    let text = trim(without_bom(line));
    let first = *text.first()?;
    if at.number == 1 && (line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff")) {
        return Some(Item::Bad(BadLine::new(Cause::Utf16, line)));
    }
    let cause = match read(text) {
        Ok(row) => return Some(Item::Row(row)),
        Err(cause) => cause,
    };
    let not_json = matches!(
        cause,
        Cause::NotJson { .. } | Cause::NotUtf8 { .. } | Cause::Truncated { .. }
    );
    if first != b'{' && not_json {
        return Some(words(shown(text), line, line.len() as u64, at, strict));
    }
    // Columns count from the line's first byte, which spaces or a byte order mark may be.
    let before = text.as_ptr().addr().saturating_sub(line.as_ptr().addr()) as u64;
    Some(Item::Bad(BadLine::new(cause.moved(before, at.last), line)))
}

/// How much of a line of plain words is kept: each of its bytes may become three.
const MOST_WORDS: usize = 64 * 1024;

/// The words of a line as text.
fn shown(text: &[u8]) -> String {
    match text.get(..MOST_WORDS) {
        Some(start) if text.len() > MOST_WORDS => {
            let mut shown = String::from_utf8_lossy(start).into_owned();
            shown.push('…');
            shown
        }
        _ => String::from_utf8_lossy(text).into_owned(),
    }
}

/// What a line of plain words is.
pub(crate) fn words<T>(shown: String, line: &[u8], len: u64, at: Place, strict: bool) -> Item<T> {
    if strict && at.number > 1 {
        let message =
            "words in place of a row; strict reading allows these on the first line alone";
        return Item::Bad(BadLine::cut(Cause::Strict(message.to_owned()), line, len));
    }
    Item::Notice(shown)
}
