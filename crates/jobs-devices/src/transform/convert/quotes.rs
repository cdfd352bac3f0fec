//! Whether the quotes of a table are closed, which the reader of tables does not tell: it takes the rest of the file for one cell. And how
//! large a row is, for which that reader has no limit.

use std::io::{self, Read};

use crate::line::BOM;

/// Most cells of a row.
pub(super) const MOST_CELLS: u64 = 10_000;

/// Passes a table on and follows its quotes and the size of its rows.
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
    /// Most bytes of a row.
    most: u64,
    row: RowSize,
    /// Why the table is not read on.
    excess: Option<Excess>,
}

/// How much of a row was read.
struct RowSize {
    line: u64,
    bytes: u64,
    cells: u64,
}

impl RowSize {
    fn at(line: u64) -> Self {
        RowSize {
            line,
            bytes: 0,
            cells: 1,
        }
    }
}

/// A row that is larger than any row of a table of devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excess {
    /// The line where the row starts, or the quote that is not closed.
    pub(super) line: u64,
    pub(super) message: String,
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
    pub(super) fn new(source: R, delimiter: u8, most: u64) -> Self {
        Quotes {
            source,
            delimiter,
            at: At::Start,
            mark: 0,
            line: 1,
            opened: 0,
            over: false,
            most,
            row: RowSize::at(1),
            excess: None,
        }
    }

    /// The row that was too large to be read on.
    pub(super) fn excess(&self) -> Option<&Excess> {
        self.excess.as_ref()
    }

    fn judge(&mut self) {
        let most = self.most;
        if self.row.bytes > most && self.at == At::Quoted {
            self.excess = Some(Excess {
                line: self.opened,
                message: format!(
                    "a quote opens here and is not closed within {most} bytes, the most that a row may have; close it, \
                     or write a quote within a cell as two in a quoted cell"
                ),
            });
        } else if self.row.bytes > most {
            self.excess = Some(Excess {
                line: self.row.line,
                message: format!(
                    "the row that starts here is longer than {most} bytes, the most that a row may have"
                ),
            });
        } else if self.row.cells > MOST_CELLS {
            self.excess = Some(Excess {
                line: self.row.line,
                message: format!("the row that starts here has more than {MOST_CELLS} cells"),
            });
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
        while let Some(&byte) = bytes.first()
            && self.excess.is_none()
        {
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
                self.row.bytes += passed as u64;
                bytes = &bytes[passed..];
                self.judge();
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
        self.row.bytes += 1;
        if self.at == At::Start {
            if byte == self.delimiter {
                self.row.cells += 1;
            } else {
                self.row = RowSize::at(self.line);
            }
        }
        self.judge();
    }
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.over = count == 0;
        self.follow(&buffer[..count]);
        match &self.excess {
            Some(excess) => Err(io::Error::other(excess.message.clone())),
            None => Ok(count),
        }
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
                let mut quotes = Quotes::new(table.as_bytes(), b',', 100);
                let mut buffer = vec![0; size];
                while quotes.read(&mut buffer).expect("a slice") > 0 {
                    assert_eq!(quotes.unclosed(), None);
                }
                assert_eq!(quotes.unclosed(), unclosed, "{table:?} by {size}");
            }
        }
    }

    #[test]
    fn a_row_that_is_too_large_is_named_by_its_line() {
        let wide = format!("a\nb{}\n", ",".repeat(10_000));
        for (table, line, part) in [
            ("a\nb\n\"c\nd", Some(3), "quote"),
            ("a\nb\n12345678901", Some(3), "longer than 10 bytes"),
            ("a\r\n\r\n123456,8901", Some(3), "longer than 10 bytes"),
            ("12345678\n12345678\n\"1\n2\"\n", None, ""),
        ] {
            let table = if part == "quote" {
                format!("{table}{}", "x".repeat(10))
            } else {
                table.to_owned()
            };
            let mut quotes = Quotes::new(table.as_bytes(), b',', 10);
            let read = io::copy(&mut quotes, &mut io::sink());
            assert_eq!(read.is_err(), line.is_some(), "{table:?}");
            assert_eq!(quotes.excess().map(|excess| excess.line), line, "{table:?}");
            assert!(
                quotes
                    .excess()
                    .is_none_or(|excess| excess.message.contains(part))
            );
        }
        let mut quotes = Quotes::new(wide.as_bytes(), b',', 100_000);
        assert!(io::copy(&mut quotes, &mut io::sink()).is_err());
        assert_eq!(quotes.excess().map(|excess| excess.line), Some(2));
        let mut source = Quotes::new(io::repeat(0), b',', 1000);
        assert!(io::copy(&mut source, &mut io::sink()).is_err());
    }
}
