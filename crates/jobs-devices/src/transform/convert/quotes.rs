//! Whether the quotes of a table are closed, which the reader of tables does not tell: it takes the rest of the file for one cell.

use std::io::{self, Read};

use super::delimited::BOM;

/// Passes a table on and follows its quotes.
pub(super) struct Quotes<R> {
    source: R,
    delimiter: u8,
    at: At,
    /// Bytes seen of a byte order mark that the file may begin with.
    mark: usize,
    line: u64,
    /// The line of the quote that was opened last.
    opened: u64,
    over: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Unquoted,
    Quoted,
    /// Behind a quote within a quoted cell: its end, or the first of two that stand for one.
    Quote,
}

impl<R> Quotes<R> {
    pub(super) fn new(source: R, delimiter: u8) -> Self {
        Quotes {
            source,
            delimiter,
            at: At::Start,
            mark: 0,
            line: 1,
            opened: 0,
            over: false,
        }
    }

    /// The line of a quote that is open at the end of the file.
    pub(super) fn unclosed(&self) -> Option<u64> {
        (self.over && self.at == At::Quoted).then_some(self.opened)
    }

    fn follow(&mut self, mut bytes: &[u8]) {
        while self.mark < BOM.len() && bytes.first() == Some(&BOM[self.mark]) {
            self.mark += 1;
            bytes = &bytes[1..];
        }
        if !bytes.is_empty() {
            self.mark = BOM.len();
        }
        while let Some(&byte) = bytes.first() {
            let passed = match self.at {
                At::Quoted => memchr::memchr(b'"', bytes),
                At::Unquoted => memchr::memchr3(self.delimiter, b'\r', b'\n', bytes),
                At::Start | At::Quote => None,
            };
            let passed = match (self.at, passed) {
                (At::Start | At::Quote, _) => 0,
                (_, Some(at)) => at,
                (_, None) => bytes.len(),
            };
            if passed > 0 {
                self.line += memchr::memchr_iter(b'\n', &bytes[..passed]).count() as u64;
                bytes = &bytes[passed..];
                continue;
            }
            self.step(byte);
            bytes = &bytes[1..];
        }
    }

    fn step(&mut self, byte: u8) {
        let ends_cell = byte == self.delimiter || matches!(byte, b'\r' | b'\n');
        self.at = match (self.at, byte) {
            (At::Start, b'"') => {
                self.opened = self.line;
                At::Quoted
            }
            (At::Quoted, b'"') => At::Quote,
            (At::Quoted, _) | (At::Quote, b'"') => At::Quoted,
            _ if ends_cell => At::Start,
            _ => At::Unquoted,
        };
        self.line += u64::from(byte == b'\n');
    }
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.over = count == 0;
        self.follow(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_followed_as_the_reader_of_tables_does() {
        for (table, unclosed) in [
            ("a,b\n1,2\n", None),
            ("a,b\n\"1\n,\",\"\"\"\"\n", None),
            ("a\nx\"y\n", None),
            ("a\n\"x\"y\"z\n", None),
            ("\u{feff}\"a\"\n", None),
            ("\u{feff}\"a\n", Some(1)),
            ("a,b\r\n1,\"2\r\n3,4\r\n", Some(2)),
            ("a\n\"b\nc\"\n\"d\"\"\n\n", Some(4)),
        ] {
            for size in 1..=table.len() {
                let mut quotes = Quotes::new(table.as_bytes(), b',');
                let mut buffer = vec![0; size];
                while quotes.read(&mut buffer).expect("a slice") > 0 {
                    assert_eq!(quotes.unclosed(), None);
                }
                assert_eq!(quotes.unclosed(), unclosed, "{table:?} by {size}");
            }
        }
    }
}
