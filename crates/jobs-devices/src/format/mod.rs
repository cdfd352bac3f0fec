//! What an input is, by its first bytes: a device file, or one of the files that people take for one.
//!
//! [`start`] reads the first bytes of a source, [`recognize`] names their format. Memory is bounded by [`START`], whatever the
//! size of the input.
//!
//! ```
//! use jobs_devices::format::{recognize, start};
//! let file = b"\x1f\x8b\x08\0\0\0\0\0";
//! let (first, _all) = start(&file[..])?;
//! let format = recognize(&first);
//! assert!(format.is_certain());
//! assert_eq!(format.name(), "data compressed with gzip");
//! assert_eq!(
//!     format.hint(Some("fleet.txt.gz"), "devices stats -"),
//!     "decompress it: `gunzip -c fleet.txt.gz | iothub-jobs devices stats -`"
//! );
//! # Ok::<(), std::io::Error>(())
//! ```

use std::borrow::Cow;
use std::io::{self, Read};

mod bytes;
mod hint;
mod json;
mod lines;
mod table;

pub use bytes::{Compression, Encoding};
pub use json::{Nesting, Shape};
pub use lines::Quoting;
#[cfg(feature = "transform")]
pub(crate) use table::Layout;

/// How many bytes of an input its format is recognized from.
pub const START: usize = 64 * 1024;

/// What an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileFormat {
    /// A device file: one of the first lines is a row.
    DeviceFile,
    /// Nothing that the start of the file names: blank lines, plain text, lines that are not rows.
    Unknown,
    /// Compressed, or an archive.
    Compressed(Compression),
    /// Text that is not UTF-8.
    Encoded(Encoding),
    /// A table of comma-separated values or the like.
    Table {
        /// What separates its columns.
        delimiter: u8,
    },
    /// The same, but no column of its first line is for the id.
    TableWithoutId {
        /// What separates its columns.
        delimiter: u8,
    },
    /// One JSON array of rows.
    Array,
    /// Rows that are printed over several lines each.
    SeveralLines,
    /// Rows that have a comma or another row behind them on their line.
    Joined,
    /// Lines that end in a carriage return alone.
    CarriageReturns,
    /// Rows within quotes.
    Quoted(Quoting),
    /// Rows behind other text, such as the prefix of a log.
    Prefixed,
    /// JSON of another tool, or of the hub for something else.
    Json(Shape),
    /// Connection strings of devices, one a line.
    ConnectionStrings,
    /// A web page.
    Html,
    /// XML.
    Xml,
    /// A Parquet table.
    Parquet,
    /// A workbook of a spreadsheet program.
    Workbook,
    /// Bytes that are not text.
    Binary,
}

/// Names the format of an input by its first bytes; [`START`] bytes are enough.
pub fn recognize(start: &[u8]) -> FileFormat {
    let is_whole = start.len() < START;
    if let Some(format) = bytes::signature(start) {
        return format;
    }
    let text = crate::line::without_bom(start).trim_ascii();
    if let Some(format) = json::array(text) {
        return format;
    }
    let lines = lines::Lines::of(text, is_whole);
    if let Some(format) = json::object(text, is_whole, || lines.has_row()) {
        return format;
    }
    if lines.has_row() {
        return match lines.first_is_joined() {
            true => FileFormat::Joined,
            false => FileFormat::DeviceFile,
        };
    }
    bytes::unmarked_encoding(start)
        .or_else(|| bytes::is_binary(start).then_some(FileFormat::Binary))
        .or_else(|| markup(text))
        .or_else(|| table::with_id(text))
        .or_else(|| lines.recognize())
        .or_else(|| {
            lines
                .has_connection_string()
                .then_some(FileFormat::ConnectionStrings)
        })
        .or_else(|| table::with_columns(text))
        .unwrap_or(FileFormat::Unknown)
}

/// A source with the bytes that were read of it put back.
pub type Whole<R> = io::Chain<io::Cursor<Vec<u8>>, R>;

/// Reads the first bytes of a source; the reader returned yields these again, and then the rest.
///
/// # Errors
/// That of the source.
pub fn start<R: Read>(mut source: R) -> io::Result<(Vec<u8>, Whole<R>)> {
    let mut first = Vec::new();
    (&mut source).take(START as u64).read_to_end(&mut first)?;
    let all = io::Cursor::new(first.clone()).chain(source);
    Ok((first, all))
}

fn markup(text: &[u8]) -> Option<FileFormat> {
    let rest = text.strip_prefix(b"<")?;
    let starts = |name: &[u8]| {
        rest.get(..name.len())
            .is_some_and(|word| word.eq_ignore_ascii_case(name))
    };
    if starts(b"!doctype html") || starts(b"html") || starts(b"head") || starts(b"body") {
        return Some(FileFormat::Html);
    }
    let is_name = rest
        .first()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'?' | b'!'));
    (is_name && rest.contains(&b'>')).then_some(FileFormat::Xml)
}

impl FileFormat {
    /// Whether this may be a device file, so that it is to be read as one.
    pub fn may_be_device_file(self) -> bool {
        matches!(self, Self::DeviceFile | Self::Unknown)
    }

    /// Whether the start alone shows that the input is not a device file.
    ///
    /// Of any other format but [`FileFormat::DeviceFile`] and [`FileFormat::Unknown`], an input that yields no row to the end is
    /// of that format, and an input that yields one is a device file with lines that are not rows.
    pub fn is_certain(self) -> bool {
        match self {
            Self::DeviceFile
            | Self::Unknown
            | Self::Table { .. }
            | Self::TableWithoutId { .. }
            | Self::Quoted(_)
            | Self::Prefixed
            | Self::CarriageReturns
            | Self::ConnectionStrings
            | Self::Binary => false,
            Self::Json(shape) => !shape.is_one_a_line(),
            _ => true,
        }
    }

    /// What the format is called, as part of a sentence: `data compressed with gzip`.
    pub fn name(self) -> Cow<'static, str> {
        match self {
            Self::DeviceFile => "a device file".into(),
            Self::Unknown => "a file without rows".into(),
            Self::Compressed(kind) => kind.name().into(),
            Self::Encoded(encoding) => format!("text encoded in {}", encoding.name()).into(),
            Self::Table { delimiter } => table::name(delimiter).into(),
            Self::TableWithoutId { delimiter } => {
                format!("{} without a column `id`", table::name(delimiter)).into()
            }
            Self::Array => "a JSON array of rows".into(),
            Self::SeveralLines => "JSON with rows over several lines".into(),
            Self::Joined => "JSON with commas between rows or several rows on one line".into(),
            Self::CarriageReturns => "text whose lines end in a carriage return alone".into(),
            Self::Quoted(_) => "a file of rows within quotes".into(),
            Self::Prefixed => "a file with text before each row, such as a log".into(),
            Self::Json(shape) => shape.name().into(),
            Self::ConnectionStrings => "a list of connection strings".into(),
            Self::Html => "an HTML page".into(),
            Self::Xml => "an XML document".into(),
            Self::Parquet => "a Parquet table".into(),
            Self::Workbook => "a workbook of a spreadsheet program".into(),
            Self::Binary => "binary data".into(),
        }
    }

    /// What to do about it: a command that turns `file` into a device file and passes it to `iothub-jobs` with the arguments in
    /// `command`, where there is one.
    pub fn hint(self, file: Option<&str>, command: &str) -> String {
        hint::hint(self, file, command)
    }

    /// The problem and what to do about it, in one sentence.
    pub fn sentence(self, command: &str) -> String {
        let (name, hint) = (self.name(), self.hint(None, command));
        format!("the file is {name}, not a device file; hint: {hint}")
    }
}
