//! Tables: which character separates their columns, and lines before the header.

use super::FileFormat;

const DELIMITERS: [u8; 4] = [b'\t', b',', b';', b'|'];

/// How many lines show that a text is a table.
const SAMPLE_LINES: usize = 10;

/// How a table is laid out.
#[cfg(feature = "transform")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// What separates its columns.
    pub(crate) delimiter: u8,
    /// How many bytes there are before the line with the names of the columns: a line `sep=;`, which spreadsheet programs read, or
    /// `#TYPE …`, which PowerShell writes.
    pub(crate) preamble: u64,
}

#[cfg(feature = "transform")]
impl Layout {
    /// The layout of a table that starts so. Another separator than `default` is known where the first line names it, or where it
    /// separates a column for the id from others.
    pub(crate) fn of(start: &[u8], default: u8) -> Self {
        let text = crate::line::without_bom(start);
        let (named, lines) = preamble(text);
        let preamble = match lines {
            0 => 0,
            _ => (start.len() - text.len() + lines) as u64,
        };
        let header = first_line(&text[lines..]);
        let delimiter = named.or_else(|| match has_id(header, default) {
            true => None,
            false => id_delimiter(header),
        });
        Self {
            delimiter: delimiter.unwrap_or(default),
            preamble,
        }
    }
}

/// What a table is called.
pub(super) fn name(delimiter: u8) -> String {
    match delimiter {
        b',' => "a CSV table".to_owned(),
        b'\t' => "a TSV table".to_owned(),
        other => format!("a CSV table with `{}` as its separator", char::from(other)),
    }
}

/// A table that names its separator, or has a column for the id.
pub(super) fn with_id(text: &[u8]) -> Option<FileFormat> {
    let (named, before) = preamble(text);
    let mut lines = table_lines(&text[before..])?;
    let header = lines.next();
    let delimiter = named.or_else(|| id_delimiter(header?))?;
    Some(
        match header.is_some_and(|header| has_id(header, delimiter)) {
            true => FileFormat::Table { delimiter },
            false => FileFormat::TableWithoutId { delimiter },
        },
    )
}

/// A table by its lines, which have as many columns each.
pub(super) fn with_columns(text: &[u8]) -> Option<FileFormat> {
    let (_, before) = preamble(text);
    let lines = table_lines(&text[before..])?;
    let delimiter = common_delimiter(|| lines.clone())?;
    Some(FileFormat::TableWithoutId { delimiter })
}

/// The first lines, unless rows of a device file are among them: plain text with commas may precede these.
fn table_lines(text: &[u8]) -> Option<impl Iterator<Item = &[u8]> + Clone> {
    let lines = text
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .take(SAMPLE_LINES);
    // In a table, the quotes of a row would be within quotes.
    let is_object = |line: &[u8]| {
        let inside = line.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
        inside.is_some_and(|inside| inside.starts_with(b"\""))
    };
    match lines.clone().any(is_object) {
        true => None,
        false => Some(lines),
    }
}

/// The separator that a first line `sep=;` names, and the bytes of lines before the header.
fn preamble(text: &[u8]) -> (Option<u8>, usize) {
    let line = first_line(text);
    let next = (line.len() + 1).min(text.len());
    let trimmed = line.trim_ascii_end();
    let cell = trimmed.strip_prefix(b"\"").unwrap_or(trimmed);
    if let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', rest @ ..] = cell {
        // A tab may have been trimmed.
        let named = rest.first().copied().unwrap_or(b'\t');
        return (Some(named), next);
    }
    match line.starts_with(b"#TYPE ") {
        true => (None, next),
        false => (None, 0),
    }
}

fn first_line(text: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', text).unwrap_or(text.len());
    &text[..end]
}

/// The character that separates a column `id` or `deviceId` from others; a comma where it is the only column.
fn id_delimiter(header: &[u8]) -> Option<u8> {
    let mut found = DELIMITERS.into_iter().filter(|by| has_id(header, *by));
    match found.clone().count() == DELIMITERS.len() {
        true => Some(b','),
        false => found.next(),
    }
}

fn has_id(header: &[u8], delimiter: u8) -> bool {
    let header = header.split(|byte| *byte == b'\r').next();
    let mut cells = header.unwrap_or_default().split(|byte| *byte == delimiter);
    cells.any(|cell| {
        let cell = cell.trim_ascii();
        let cell = cell.strip_prefix(b"\"").unwrap_or(cell);
        let cell = cell.strip_suffix(b"\"").unwrap_or(cell);
        cell.eq_ignore_ascii_case(b"id") || cell.eq_ignore_ascii_case(b"deviceId")
    })
}

/// The character that each line has as often as the first one, of several lines.
fn common_delimiter<'t, I: Iterator<Item = &'t [u8]>>(lines: impl Fn() -> I) -> Option<u8> {
    lines().nth(1)?;
    let is_common = |delimiter: &&u8| {
        let mut counts = lines().map(|line| memchr::memchr_iter(**delimiter, line).count());
        let first = counts.next().unwrap_or_default();
        first > 0 && counts.all(|count| count == first)
    };
    DELIMITERS.iter().find(is_common).copied()
}
