//! Entries out of anything that can be read.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use crate::{
    feeder::Feeder,
    line::Options,
    record::{Entry, Record},
    row::Row,
};

const CHUNK: usize = 256 * 1024;

/// Reads a file line by line, whatever its size, and never stops at a line it cannot read.
///
/// Yields an [`Entry`] for every line that is not blank, or the error of the source. Memory: one chunk and the longest line.
///
/// ```
/// use jobs_devices::{Item, Reader};
/// let file = b"\xef\xbb\xbfKeys are not exported.\r\n{\"id\":\"d1\"}\r\n\r\n{\"id\":";
/// let items: Vec<_> = Reader::new(&file[..]).map(|entry| entry.map(|entry| entry.item)).collect::<Result<_, _>>()?;
/// assert!(matches!(&items[..], [Item::Notice(_), Item::Row(_), Item::Bad(_)]));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Reader<R, T = Row> {
    source: R,
    feeder: Feeder<T>,
    over: bool,
}

impl<R: Read> Reader<R, Row> {
    /// Reads rows, leniently. The source needs no buffer of its own.
    pub fn new(source: R) -> Self {
        Self::of(source, Options::new())
    }
}

impl Reader<File, Row> {
    /// Opens a device file.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        File::open(path).map(Self::new)
    }
}

impl<R: Read, T: Record> Reader<R, T> {
    /// Reads any record, with options: `Reader::<_, ImportError>::of(source, Options::new())`.
    pub fn of(source: R, options: Options) -> Self {
        Self {
            source,
            feeder: Feeder::of(options),
            over: false,
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        let source = &mut self.source;
        loop {
            match self
                .feeder
                .lines()
                .fill_with(CHUNK, |space| source.read(space))
            {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    }
}

impl<R: Read, T: Record> Iterator for Reader<R, T> {
    type Item = io::Result<Entry<T>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.feeder.next() {
                return Some(Ok(entry));
            }
            if self.over || self.feeder.is_over() {
                return None;
            }
            match self.fill() {
                Ok(0) => {
                    self.over = true;
                    self.feeder.finish();
                }
                Ok(_) => {}
                Err(error) => {
                    self.over = true;
                    return Some(Err(error));
                }
            }
        }
    }
}
