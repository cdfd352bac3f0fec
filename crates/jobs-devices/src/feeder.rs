//! Lines out of chunks, wherever the chunks were cut.

use std::marker::PhantomData;

use crate::{
    line::{Options, Place, Scratch},
    long::{self, START_OF_LONG_LINE},
    record::{Entry, Item, Record, classify},
    row::Row,
};

/// A reader that is fed: for bytes that come in chunks from somewhere asynchronous.
///
/// Feed a chunk, take every entry that it completed, feed the next. What is held is the last chunk and the line it cut.
///
/// ```
/// use jobs_devices::{Feeder, Item};
/// let mut feeder = Feeder::new();
/// feeder.feed(b"{\"id\":\"d1\"}\n{\"id\":");
/// assert!(matches!(feeder.next().map(|entry| entry.item), Some(Item::Row(row)) if row.id == "d1"));
/// assert!(feeder.next().is_none());
/// feeder.feed(b"\"d2\"}");
/// feeder.finish();
/// assert!(matches!(feeder.next().map(|entry| entry.item), Some(Item::Row(row)) if row.id == "d2"));
/// ```
#[derive(Debug)]
pub struct Feeder<T = Row> {
    lines: Lines,
    options: Options,
    scratch: Scratch,
    stopped: bool,
    record: PhantomData<fn() -> T>,
}

impl Feeder<Row> {
    /// For rows of a device file.
    pub fn new() -> Self {
        Self::of(Options::new())
    }
}

impl Default for Feeder<Row> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Record> Feeder<T> {
    /// For any record, with options: `Feeder::<ImportError>::of(Options::new())`.
    pub fn of(options: Options) -> Self {
        Self {
            lines: Lines::new(options.max_line),
            options,
            scratch: Scratch::new(),
            stopped: false,
            record: PhantomData,
        }
    }

    /// Takes the next bytes of the file. Entries taken out before are forgotten.
    pub fn feed(&mut self, chunk: &[u8]) {
        self.lines.feed(chunk);
    }

    /// Says that there are no more bytes: what follows the last line break is a line, too.
    pub fn finish(&mut self) {
        self.lines.finish();
    }

    pub(crate) fn lines(&mut self) -> &mut Lines {
        &mut self.lines
    }

    pub(crate) fn is_over(&self) -> bool {
        self.stopped
    }
}

/// The entries complete so far. `None` means that more must be fed, or after [`Feeder::finish`] that the file is over.
impl<T: Record> Iterator for Feeder<T> {
    type Item = Entry<T>;

    fn next(&mut self) -> Option<Entry<T>> {
        while !self.stopped {
            let Line {
                number,
                offset,
                last,
                text,
            } = self.lines.next()?;
            let at = Place { number, last };
            let item = match text {
                Text::Whole(line) => classify(line, at, self.options.strict, |text| {
                    T::from_line(text, &mut self.scratch)
                }),
                Text::TooLong { start, len } => Some(long::item(start, len, at, &self.options)),
            };
            if let Some(item) = item {
                self.stopped = self.options.strict && matches!(item, Item::Bad(_));
                return Some(Entry {
                    line: number,
                    offset,
                    item,
                });
            }
        }
        None
    }
}

/// One line as it stands in the buffer.
pub(crate) struct Line<'b> {
    pub(crate) number: u64,
    pub(crate) offset: u64,
    /// Ends the file without a line break.
    pub(crate) last: bool,
    pub(crate) text: Text<'b>,
}

pub(crate) enum Text<'b> {
    Whole(&'b [u8]),
    TooLong { start: &'b [u8], len: u64 },
}

/// Splits a stream of bytes at line feeds; holds at most one chunk and one line.
#[derive(Debug)]
pub(crate) struct Lines {
    buffer: Vec<u8>,
    /// Where the line that comes next begins in `buffer`.
    from: usize,
    /// Up to where `buffer` is known to have no line feed.
    searched: usize,
    number: u64,
    offset: u64,
    max_line: usize,
    /// Bytes dropped so far of a line that is too long; its start is in `buffer`.
    dropped: u64,
    finished: bool,
}

impl Lines {
    pub(crate) fn new(max_line: usize) -> Self {
        Self {
            buffer: Vec::new(),
            from: 0,
            searched: 0,
            number: 0,
            offset: 0,
            max_line,
            dropped: 0,
            finished: false,
        }
    }

    pub(crate) fn feed(&mut self, chunk: &[u8]) {
        self.make_room();
        self.buffer.extend_from_slice(chunk);
    }

    /// Lets `fill` put up to `size` bytes behind what is held; it says how many it did.
    pub(crate) fn fill_with<E>(
        &mut self,
        size: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        self.make_room();
        let held = self.buffer.len();
        self.buffer.resize(held + size, 0);
        let outcome = fill(&mut self.buffer[held..]);
        self.buffer
            .truncate(held + outcome.as_ref().copied().unwrap_or(0));
        outcome
    }

    pub(crate) fn finish(&mut self) {
        self.finished = true;
    }

    fn make_room(&mut self) {
        if self.from > 0 {
            self.buffer.drain(..self.from);
            self.searched = self.searched.saturating_sub(self.from);
            self.from = 0;
        }
        // A line that is already too long will be told of by its start alone.
        if self.buffer.len() > self.max_line.max(START_OF_LONG_LINE)
            && memchr::memchr(b'\n', &self.buffer).is_none()
        {
            let keep = START_OF_LONG_LINE;
            self.dropped += (self.buffer.len() - keep) as u64;
            self.buffer.truncate(keep);
            self.searched = keep;
        }
    }

    pub(crate) fn next(&mut self) -> Option<Line<'_>> {
        let found =
            memchr::memchr(b'\n', &self.buffer[self.searched..]).map(|at| self.searched + at);
        let (end, next, last) = match found {
            Some(at) => (at, at + 1, false),
            None if self.finished && self.from < self.buffer.len() => {
                (self.buffer.len(), self.buffer.len(), true)
            }
            None => {
                self.searched = self.buffer.len();
                return None;
            }
        };
        let (from, dropped, offset) = (self.from, self.dropped, self.offset);
        self.number += 1;
        self.offset += (next - from) as u64 + dropped;
        (self.from, self.searched, self.dropped) = (next, next, 0);
        let held = &self.buffer[from..end];
        let len = held.len() as u64 + dropped;
        let text = if len > self.max_line as u64 {
            Text::TooLong {
                start: &held[..held.len().min(START_OF_LONG_LINE)],
                len,
            }
        } else {
            Text::Whole(held.strip_suffix(b"\r").unwrap_or(held))
        };
        Some(Line {
            number: self.number,
            offset,
            last,
            text,
        })
    }
}
