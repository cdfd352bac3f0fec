//! One JSON array of rows, read and written element by element; rows without an array around them are read, too.

use std::io::{BufReader, Read, Write};

use crate::Row;
use crate::transform::{PROGRESS_EVERY, Place, Progress, Run, TransformError};

/// Calls `each` with every row of the array.
pub(super) fn rows<'c, 'a, R: Read>(
    source: R,
    run: &mut Run<'c, 'a>,
    mut each: impl FnMut(&mut Run<'c, 'a>, Place, Row) -> Result<(), TransformError>,
) -> Result<(), TransformError> {
    let mut scanner = Scanner::new(source, run.context.options.most_bytes());
    let mut progress = Progress::default();
    let mut count = 0;
    scanner.open()?;
    while let Some((place, element)) = scanner.element()? {
        progress = Progress {
            lines: place.line,
            bytes: place.offset,
        };
        count += 1;
        if count % PROGRESS_EVERY == 0 {
            run.context.tell(progress);
        }
        match read(&element, scanner.most) {
            Ok(row) => {
                run.passed.rows += 1;
                each(run, place, row)?;
            }
            Err(message) => {
                run.unreadable(place, message)?;
                run.passed.cut_lines += u64::from(element.len > scanner.most as u64);
                let one_line: Vec<u8> = element
                    .bytes
                    .iter()
                    .map(|byte| {
                        if matches!(byte, b'\n' | b'\r') {
                            b' '
                        } else {
                            *byte
                        }
                    })
                    .collect();
                run.context.reject(&one_line)?;
            }
        }
    }
    run.context.tell(progress);
    Ok(())
}

fn read(element: &Element, most: usize) -> Result<Row, String> {
    if element.len > most as u64 {
        return Err(format!(
            "longer than {most} bytes, the most that a row may have: it has {}; only the first are kept as a reject, copy it from the file",
            element.len
        ));
    }
    let text = std::str::from_utf8(&element.bytes).map_err(|_| "not UTF-8".to_owned())?;
    text.parse::<Row>().map_err(|misfit| misfit.to_string())
}

/// The bytes of one element; only the first of them when it is too long.
struct Element {
    bytes: Vec<u8>,
    len: u64,
}

/// Finds the elements of an array by its brackets, quotes and commas alone, and objects that follow each other without an array.
struct Scanner<R> {
    /// Whether there is an array around the elements.
    in_array: bool,
    source: std::io::Bytes<BufReader<R>>,
    ahead: Option<u8>,
    line: u64,
    offset: u64,
    most: usize,
    closed: bool,
    first: bool,
}

impl<R: Read> Scanner<R> {
    fn new(source: R, most: usize) -> Self {
        Scanner {
            in_array: true,
            source: BufReader::with_capacity(256 * 1024, source).bytes(),
            ahead: None,
            line: 1,
            offset: 0,
            most,
            closed: false,
            first: true,
        }
    }

    fn next(&mut self) -> Result<Option<u8>, TransformError> {
        let byte = match self.ahead.take() {
            Some(byte) => Some(byte),
            None => self
                .source
                .next()
                .transpose()
                .map_err(TransformError::Read)?,
        };
        if let Some(byte) = byte {
            self.offset += 1;
            self.line += u64::from(byte == b'\n');
        }
        Ok(byte)
    }

    fn give_back(&mut self, byte: u8) {
        self.offset -= 1;
        self.line -= u64::from(byte == b'\n');
        self.ahead = Some(byte);
    }

    fn next_part(&mut self) -> Result<Option<u8>, TransformError> {
        loop {
            match self.next()? {
                Some(byte) if byte.is_ascii_whitespace() => {}
                other => return Ok(other),
            }
        }
    }

    fn wrong<T>(&self, message: &str) -> Result<T, TransformError> {
        Err(TransformError::Input {
            line: self.line,
            message: message.to_owned(),
        })
    }

    fn open(&mut self) -> Result<(), TransformError> {
        let mut first = self.next_part()?;
        if first == Some(0xef) && self.next()? == Some(0xbb) && self.next()? == Some(0xbf) {
            first = self.next_part()?;
        }
        match first {
            Some(b'[') => Ok(()),
            Some(brace @ b'{') => {
                self.in_array = false;
                self.give_back(brace);
                Ok(())
            }
            _ => self.wrong("expected a JSON array or rows: `[` or `{` at the start of the file"),
        }
    }

    /// The next element with its place; none when the array is over and nothing follows.
    fn element(&mut self) -> Result<Option<(Place, Element)>, TransformError> {
        if self.closed {
            return Ok(None);
        }
        if !self.in_array {
            return self.next_object();
        }
        let Some(start) = self.next_part()? else {
            return self.wrong("the array has no end; the file may have been cut off");
        };
        if start == b']' && self.first {
            return self.end();
        }
        if matches!(start, b']' | b',') {
            return self.wrong("expected a row after the comma of the array");
        }
        self.first = false;
        let place = Place {
            line: self.line,
            offset: self.offset - 1,
        };
        self.give_back(start);
        let element = self.read_element()?;
        match self.next_part()? {
            Some(b',') => Ok(Some((place, element))),
            Some(b']') => {
                self.end::<Element>()?;
                Ok(Some((place, element)))
            }
            _ => self.wrong("the array has no end; the file may have been cut off"),
        }
    }

    /// The next object with its place; commas between objects are skipped.
    fn next_object(&mut self) -> Result<Option<(Place, Element)>, TransformError> {
        let mut start = self.next_part()?;
        while start == Some(b',') {
            start = self.next_part()?;
        }
        let Some(start) = start else {
            return Ok(None);
        };
        let place = Place {
            line: self.line,
            offset: self.offset - 1,
        };
        if start != b'{' {
            return self.wrong("expected an object, or the end of the file, after the rows before");
        }
        self.give_back(start);
        Ok(Some((place, self.read_element()?)))
    }

    /// Everything up to the comma or bracket that ends the element, which is left to be read. An object outside of an array ends
    /// with its bracket.
    fn read_element(&mut self) -> Result<Element, TransformError> {
        let mut element = Element {
            bytes: Vec::new(),
            len: 0,
        };
        let (mut depth, mut in_string, mut escaped) = (0_u64, false, false);
        while let Some(byte) = self.next()? {
            if in_string {
                in_string = escaped || byte != b'"';
                escaped = !escaped && byte == b'\\';
            } else {
                match byte {
                    b',' if depth == 0 => {
                        self.give_back(byte);
                        break;
                    }
                    b']' | b'}' if depth == 0 => {
                        self.give_back(byte);
                        break;
                    }
                    b']' | b'}' => depth -= 1,
                    b'[' | b'{' => depth += 1,
                    b'"' => in_string = true,
                    _ => {}
                }
            }
            element.len += 1;
            if element.bytes.len() < self.most {
                element.bytes.push(byte);
            }
            if !self.in_array && depth == 0 && !in_string {
                break;
            }
        }
        while element.bytes.last().is_some_and(u8::is_ascii_whitespace) {
            element.bytes.pop();
        }
        Ok(element)
    }

    fn end<T>(&mut self) -> Result<Option<T>, TransformError> {
        self.closed = true;
        match self.next_part()? {
            None => Ok(None),
            Some(_) => self.wrong("something follows the array; a file holds one array"),
        }
    }
}

/// Rows on their way into an array, one a line.
pub(super) struct ArrayWriter<W: Write> {
    sink: std::io::BufWriter<W>,
    written: u64,
    line: Vec<u8>,
}

impl<W: Write> ArrayWriter<W> {
    pub(super) fn new(sink: W) -> Self {
        ArrayWriter {
            sink: std::io::BufWriter::with_capacity(256 * 1024, sink),
            written: 0,
            line: Vec::new(),
        }
    }

    /// Writes the row and says how many bytes its line has, the line break included.
    pub(super) fn row(&mut self, row: &Row) -> Result<u64, TransformError> {
        self.line.clear();
        let separator = if self.written == 0 { "[\n" } else { ",\n" };
        self.line.extend_from_slice(separator.as_bytes());
        row.write_line(&mut self.line);
        self.written += 1;
        self.sink
            .write_all(&self.line)
            .map_err(TransformError::Write)?;
        Ok((self.line.len() - separator.len() + 1) as u64)
    }

    pub(super) fn finish(mut self) -> Result<u64, TransformError> {
        let end = if self.written == 0 { "[]\n" } else { "\n]\n" };
        self.sink
            .write_all(end.as_bytes())
            .and_then(|()| self.sink.flush())
            .map_err(TransformError::Write)?;
        Ok(self.written)
    }
}
