//! Cuts a file into chunks that end at a line break.

use std::io::{self, Read};

use super::CHUNK_BYTES;
use crate::long::START_OF_LONG_LINE;

/// A chunk with more bytes has a line that is longer than usual. Nothing is read behind it before its result was taken.
pub(super) const ALONE_BYTES: usize = 3 * CHUNK_BYTES;

/// How much is asked of a source first.
const FIRST_READ: usize = 16 * 1024;

/// Where a chunk stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChunkPlace {
    pub(super) sequence: u64,
    /// Lines before it.
    pub(super) lines: u64,
    pub(super) offset: u64,
    /// How many bytes it has, line breaks included.
    pub(super) len: u64,
    /// The length of the line that it is, when that is too long to be kept.
    pub(super) long: Option<u64>,
}

impl ChunkPlace {
    /// Whether nothing is read before its result was taken.
    pub(super) fn is_alone(self) -> bool {
        self.long.is_none() && self.len > ALONE_BYTES as u64
    }
}

/// A chunk that was read, nothing at the end, or an error with the number its chunk would have had.
pub(super) type Next = Result<Option<ChunkPlace>, (u64, io::Error)>;

/// Cuts what it reads into chunks that end at a line break.
pub(super) struct Source<R> {
    read: R,
    /// The start of the line that the last chunk cut.
    carry: Vec<u8>,
    sequence: u64,
    lines: u64,
    offset: u64,
    over: bool,
    max_line: usize,
    /// The last chunk is alone, and its result was not taken yet: nothing is to be read.
    pub(super) is_held: bool,
    /// No more results are taken.
    pub(super) is_abandoned: bool,
}

impl<R: Read> Source<R> {
    pub(super) fn new(read: R, max_line: usize) -> Self {
        Self {
            read,
            carry: Vec::new(),
            sequence: 0,
            lines: 0,
            offset: 0,
            over: false,
            max_line,
            is_held: false,
            is_abandoned: false,
        }
    }

    /// Whether there is no other chunk.
    pub(super) fn is_over(&self) -> bool {
        self.over && self.carry.is_empty()
    }

    /// Puts the next chunk into `lines`. An error comes with the number its chunk would have had, once.
    pub(super) fn next(&mut self, lines: &mut Lines) -> Next {
        lines.clear();
        lines.append(&self.carry);
        self.carry.clear();
        let (long, len) = match self.fill(lines).map_err(|error| (self.sequence, error))? {
            Cut::At(end) => {
                self.carry.extend_from_slice(&lines.bytes()[end..]);
                lines.filled = end;
                (None, end as u64)
            }
            Cut::End => (None, lines.filled as u64),
            Cut::Long => {
                let (line, with_break) = self
                    .skip_line(lines)
                    .map_err(|error| (self.sequence, error))?;
                (Some(line), with_break)
            }
        };
        if lines.filled == 0 {
            return Ok(None);
        }
        let place = ChunkPlace {
            sequence: self.sequence,
            lines: self.lines,
            offset: self.offset,
            len,
            long,
        };
        self.is_held = place.is_alone();
        self.sequence += 1;
        self.lines += if long.is_some() { 1 } else { lines.find_ends() };
        self.offset += len;
        Ok(Some(place))
    }

    /// Reads a chunk, and on until there is a line break.
    fn fill(&mut self, lines: &mut Lines) -> io::Result<Cut> {
        let mut end = memchr::memrchr(b'\n', lines.bytes()).map(|at| at + 1);
        loop {
            if self.over {
                return Ok(Cut::End);
            }
            let held = lines.filled;
            self.read_chunk(lines)?;
            end = memchr::memrchr(b'\n', &lines.bytes()[held..])
                .map(|at| held + at + 1)
                .or(end);
            match end {
                // The last line may have no line break.
                _ if self.over => return Ok(Cut::End),
                Some(end) => return Ok(Cut::At(end)),
                None if lines.filled > self.max_line.max(START_OF_LONG_LINE) => {
                    return Ok(Cut::Long);
                }
                None => {}
            }
        }
    }

    /// Drops the rest of a line that is too long, all but its start; gives its length without and with the line break.
    fn skip_line(&mut self, lines: &mut Lines) -> io::Result<(u64, u64)> {
        let mut len = lines.filled as u64;
        lines.filled = START_OF_LONG_LINE;
        let mut next = Lines::default();
        while !self.over {
            next.clear();
            self.read_chunk(&mut next)?;
            if let Some(at) = memchr::memchr(b'\n', next.bytes()) {
                self.carry.extend_from_slice(&next.bytes()[at + 1..]);
                return Ok((len + at as u64, len + at as u64 + 1));
            }
            len += next.filled as u64;
        }
        Ok((len, len))
    }

    /// Appends a chunk, unless the source is over before.
    fn read_chunk(&mut self, lines: &mut Lines) -> io::Result<()> {
        let (mut at, end) = (lines.filled, lines.filled + CHUNK_BYTES);
        while at < end && !self.over {
            if at == lines.room.len() {
                // Room has to be cleared once; a short file needs little.
                lines
                    .room
                    .resize((2 * at).clamp(at + 1, end).max(end.min(FIRST_READ)), 0);
            }
            let until = end.min(lines.room.len());
            match self.read.read(&mut lines.room[at..until]) {
                Ok(count) => {
                    self.over = count == 0;
                    at += count;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.over = true;
                    return Err(error);
                }
            }
        }
        lines.filled = at;
        Ok(())
    }
}

/// Where a chunk ends.
enum Cut {
    /// Behind a line break.
    At(usize),
    /// At the end of the source.
    End,
    /// Within a line that is too long to be kept.
    Long,
}

/// The bytes of a chunk and where its lines end. Kept from chunk to chunk, so that room is made, and cleared, once.
#[derive(Debug, Default)]
pub(super) struct Lines {
    room: Vec<u8>,
    filled: usize,
    /// The position of every line break.
    ends: Vec<usize>,
}

impl Lines {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.room[..self.filled]
    }

    /// Every line without its line break, and whether it had one.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let mut start = 0;
        let whole = self.ends.iter().map(move |&end| {
            let line = &self.room[start..end];
            start = end + 1;
            (line, true)
        });
        let behind = self.ends.last().map_or(0, |end| end + 1);
        let rest = &self.room[behind..self.filled];
        whole.chain((!rest.is_empty()).then_some((rest, false)))
    }

    /// Gives back the room that a long line took.
    pub(super) fn shrink(&mut self) {
        *self = Self::default();
    }

    fn clear(&mut self) {
        self.filled = 0;
        self.ends.clear();
    }

    fn append(&mut self, bytes: &[u8]) {
        let end = self.filled + bytes.len();
        if self.room.len() < end {
            self.room.resize(end, 0);
        }
        self.room[self.filled..end].copy_from_slice(bytes);
        self.filled = end;
    }

    /// Finds the line breaks and gives their number.
    fn find_ends(&mut self) -> u64 {
        self.ends
            .extend(memchr::memchr_iter(b'\n', &self.room[..self.filled]));
        self.ends.len() as u64
    }
}
