//! Some lines of a file, and the thread's own things to read them with.

use super::source::{ChunkPlace, Lines};
use crate::{
    line::{Options, Place, Scratch},
    long,
    record::{Entry, Item, classify},
    row::RowRef,
};

/// Some lines of a file, in a row.
#[derive(Debug)]
pub struct Chunk<'b> {
    lines: &'b Lines,
    place: ChunkPlace,
    options: &'b Options,
    scratch: &'b mut Scratch,
    stopped: &'b mut bool,
}

impl Chunk<'_> {
    /// The offset of its first byte in the file.
    pub fn offset(&self) -> u64 {
        self.place.offset
    }

    /// How many bytes of the file it stands for.
    pub fn len(&self) -> u64 {
        self.place.len
    }

    /// Whether it has no bytes, which no chunk has.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls `each` with every line that is not blank, and gives the number of lines.
    pub fn for_each(self, mut each: impl FnMut(Entry<RowRef<'_>>)) -> u64 {
        let (options, scratch, place) = (self.options, self.scratch, self.place);
        if let Some(len) = place.long {
            let at = Place {
                number: place.lines + 1,
                last: false,
            };
            let item = long::item(self.lines.bytes(), len, at, options);
            *self.stopped = options.strict && matches!(item, Item::Bad(_));
            each(Entry {
                line: at.number,
                offset: place.offset,
                item,
            });
            return 1;
        }
        let (mut number, mut offset) = (place.lines, place.offset);
        for (line, ended) in self.lines.iter() {
            number += 1;
            let at = Place {
                number,
                last: !ended,
            };
            if let Some(item) = item(line, at, options, scratch) {
                *self.stopped |= options.strict && matches!(item, Item::Bad(_));
                each(Entry {
                    line: number,
                    offset,
                    item,
                });
                if *self.stopped {
                    break;
                }
            }
            offset += line.len() as u64 + 1;
        }
        number - place.lines
    }
}

/// What one line is. One that came whole with its chunk can still be too long to be a row.
#[inline]
fn item<'b>(
    line: &'b [u8],
    at: Place,
    options: &Options,
    scratch: &mut Scratch,
) -> Option<Item<RowRef<'b>>> {
    if line.len() > options.max_line {
        return Some(long::item(line, line.len() as u64, at, options));
    }
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    classify(line, at, options.strict, |text| {
        RowRef::parse(text, scratch)
    })
}

/// What one thread works with.
pub(super) struct Worker<'o> {
    pub(super) lines: Lines,
    scratch: Scratch,
    options: &'o Options,
}

impl<'o> Worker<'o> {
    pub(super) fn new(options: &'o Options) -> Self {
        Self {
            lines: Lines::default(),
            scratch: Scratch::new(),
            options,
        }
    }

    /// Gives back what a long line took.
    pub(super) fn shrink(&mut self) {
        self.lines.shrink();
        self.scratch = Scratch::new();
    }

    pub(super) fn run<T>(
        &mut self,
        place: ChunkPlace,
        work: &impl Fn(Chunk<'_>) -> T,
    ) -> (T, bool) {
        let mut stopped = false;
        let chunk = Chunk {
            lines: &self.lines,
            place,
            options: self.options,
            scratch: &mut self.scratch,
            stopped: &mut stopped,
        };
        (work(chunk), stopped)
    }
}
