//! Marks of where something stood, sorted outside of memory: how repeated identities and broken links are found in files of any size.
//!
//! A mark has 32 bytes: a 128-bit hash of what it is about, keyed at random, its line and offset, and a tag of 31 bits. What exceeds the memory given is
//! sorted and written to one temporary file. Two different names are taken for one only when their hashes agree: for a
//! billion rows the chance of that is below one in 10^20.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, hash_map::RandomState},
    fs::File,
    hash::BuildHasher,
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
};

use super::{Context, TransformError, spill::temporary_file};

const MARK_BYTES: usize = 32;
/// How many marks of a run are read at a time.
const READ_AT_ONCE: usize = 256;

/// What a mark says of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A row of the identity stands here.
    Identity,
    /// A device is deleted here.
    Deleted,
    /// A device stands here that others may name.
    Device,
    /// A module stands here, which names its device.
    ModuleOf,
    /// A row stands here that names an edge device as its parent.
    ChildOf,
}

/// Where something stands. Sorted by what it is about, then by kind, then by place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    hash: [u64; 2],
    pub(crate) kind: Kind,
    pub(crate) line: u64,
    pub(crate) offset: u64,
    /// What else is known of the row, as its kind has it: [`TAG_BITS`] bits.
    pub(crate) tag: u32,
}

/// How many bits of a mark are its tag.
pub(crate) const TAG_BITS: u32 = 31;
/// Of the first word, three bits are the kind, 16 the upper half of the tag; of the second one, 15 are the lower half.
const LINE_BITS: u32 = 45;
const LOW_TAG_BITS: u32 = 15;
const OFFSET_BITS: u32 = 64 - LOW_TAG_BITS;

impl Mark {
    pub(crate) fn with_tag(self, tag: u32) -> Self {
        let tag = tag & (u32::MAX >> (32 - TAG_BITS));
        Self { tag, ..self }
    }

    pub(crate) fn is_about(&self, other: &Mark) -> bool {
        self.hash == other.hash
    }

    /// A number for what it is about: two names have the same one by a chance that does not matter among a million.
    pub(crate) fn name_hash(&self) -> u64 {
        self.hash[0]
    }

    fn to_bytes(self) -> [u8; MARK_BYTES] {
        let (kind, tag) = (self.kind as u64, u64::from(self.tag));
        let (high, low) = (tag >> LOW_TAG_BITS, tag & ((1 << LOW_TAG_BITS) - 1));
        let words = [
            self.hash[0],
            self.hash[1],
            kind << 61 | high << LINE_BITS | self.line,
            low << OFFSET_BITS | self.offset,
        ];
        let mut out = [0; MARK_BYTES];
        for (slot, word) in out.as_chunks_mut::<8>().0.iter_mut().zip(words) {
            *slot = word.to_le_bytes();
        }
        out
    }

    fn from_bytes(bytes: &[u8; MARK_BYTES]) -> Self {
        let (words, _) = bytes.as_chunks::<8>();
        let word = |at: usize| u64::from_le_bytes(words[at]);
        let kind = match word(2) >> 61 {
            0 => Kind::Identity,
            1 => Kind::Deleted,
            2 => Kind::Device,
            3 => Kind::ModuleOf,
            _ => Kind::ChildOf,
        };
        let high = word(2) >> LINE_BITS & u64::from(u16::MAX);
        Mark {
            hash: [word(0), word(1)],
            kind,
            line: word(2) & ((1 << LINE_BITS) - 1),
            offset: word(3) & ((1 << OFFSET_BITS) - 1),
            tag: (high << LOW_TAG_BITS | word(3) >> OFFSET_BITS) as u32,
        }
    }
}

/// Makes marks; the same for all that are to be compared.
#[derive(Debug, Default)]
pub(crate) struct Marker([RandomState; 2]);

impl Marker {
    /// A mark about an identity, or about a name within a space of names of its own.
    pub(crate) fn mark(
        &self,
        kind: Kind,
        name: (&str, Option<&str>),
        line: u64,
        offset: u64,
    ) -> Mark {
        // An identity and the device of that name are different things to be about.
        let about = (kind == Kind::Identity, name);
        Mark {
            hash: [self.0[0].hash_one(about), self.0[1].hash_one(about)],
            kind,
            line,
            offset,
            tag: 0,
        }
    }

    /// A number for a text within the bits of a tag from `bits` on.
    pub(crate) fn short_hash(&self, text: &str, bits: u32) -> u32 {
        let all = TAG_BITS - bits;
        (self.0[0].hash_one(text) >> (64 - all)) as u32
    }
}

/// Collects marks and gives them back sorted.
#[derive(Debug)]
pub(crate) struct Marks {
    held: Vec<Mark>,
    most: usize,
    folder: Option<std::path::PathBuf>,
    spilled: Option<BufWriter<File>>,
    /// Where each sorted run ends in the temporary file, in marks.
    ends: Vec<u64>,
}

impl Marks {
    pub(crate) fn new(context: &Context<'_>) -> Self {
        let most = (context.memory() / 2 / size_of::<Mark>()).max(16);
        Marks {
            held: Vec::new(),
            most,
            folder: context.temporary.clone(),
            spilled: None,
            ends: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, mark: Mark) -> Result<(), TransformError> {
        if self.held.len() == self.most {
            self.spill().map_err(|error| match error {
                Ok(io) => TransformError::Spill(io),
                Err(other) => other,
            })?;
        }
        if self.held.capacity() == self.held.len() {
            // Never more than what was given, which doubling would exceed.
            self.held
                .reserve_exact(self.held.len().max(1024).min(self.most - self.held.len()));
        }
        self.held.push(mark);
        Ok(())
    }

    fn spill(&mut self) -> Result<(), Result<io::Error, TransformError>> {
        if self.spilled.is_none() {
            let file = temporary_file(self.folder.as_deref()).map_err(Err)?;
            self.spilled = Some(BufWriter::with_capacity(64 * 1024, file));
        }
        self.held.sort_unstable();
        if let Some(file) = &mut self.spilled {
            for mark in self.held.drain(..) {
                file.write_all(&mark.to_bytes()).map_err(Ok)?;
            }
        }
        let before = self.ends.last().copied().unwrap_or(0);
        self.ends.push(before + self.most as u64);
        Ok(())
    }

    /// Calls `each` with every mark, in order.
    pub(crate) fn sorted(mut self, mut each: impl FnMut(Mark)) -> Result<(), TransformError> {
        self.held.sort_unstable();
        let Some(spilled) = self.spilled.take() else {
            self.held.into_iter().for_each(each);
            return Ok(());
        };
        let mut file = spilled
            .into_inner()
            .map_err(|error| TransformError::Spill(error.into_error()))?;
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let mut runs: Vec<Run> = starts
            .zip(&self.ends)
            .map(|(next, end)| Run {
                next,
                end: *end,
                read: Vec::new(),
            })
            .collect();
        let mut heap = BinaryHeap::new();
        for (at, run) in runs.iter_mut().enumerate() {
            heap.extend(
                run.pop(&mut file)
                    .map_err(TransformError::Spill)?
                    .map(|mark| Reverse((mark, at))),
            );
        }
        let mut held = self.held.into_iter().peekable();
        while let Some(Reverse((mark, at))) = heap.pop() {
            while let Some(before) = held.next_if(|other| *other < mark) {
                each(before);
            }
            each(mark);
            heap.extend(
                runs[at]
                    .pop(&mut file)
                    .map_err(TransformError::Spill)?
                    .map(|mark| Reverse((mark, at))),
            );
        }
        held.for_each(each);
        Ok(())
    }
}

/// A sorted part of the temporary file.
struct Run {
    /// The mark to be read next, and the one behind the last.
    next: u64,
    end: u64,
    /// Marks already read, the first at the end.
    read: Vec<Mark>,
}

impl Run {
    fn pop(&mut self, file: &mut File) -> io::Result<Option<Mark>> {
        if self.read.is_empty() && self.next < self.end {
            let count = (self.end - self.next).min(READ_AT_ONCE as u64);
            let mut bytes = [0; MARK_BYTES * READ_AT_ONCE];
            let bytes = &mut bytes[..count as usize * MARK_BYTES];
            file.seek(SeekFrom::Start(self.next * MARK_BYTES as u64))?;
            file.read_exact(bytes)?;
            self.read.extend(
                bytes
                    .as_chunks::<MARK_BYTES>()
                    .0
                    .iter()
                    .rev()
                    .map(Mark::from_bytes),
            );
            self.next += count;
        }
        Ok(self.read.pop())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_back_sorted_whether_they_were_spilled_or_not() {
        for memory in [1, 4096, 1 << 20] {
            let (marker, context) = (Marker::default(), Context::new().spill_at(memory));
            let mut marks = Marks::new(&context);
            let mut expected = Vec::new();
            for line in 0..2000_u64 {
                let id = format!("d{}", line % 700);
                let kind = if line % 3 == 0 {
                    Kind::ChildOf
                } else {
                    Kind::Identity
                };
                let mark = marker.mark(kind, (&id, None), line, line * 10);
                let mark = mark.with_tag(u32::MAX >> (line % 32));
                expected.push(mark);
                marks.push(mark).unwrap();
            }
            assert_eq!(marks.spilled.is_some(), memory < 1 << 20);
            expected.sort_unstable();
            let mut found = Vec::new();
            marks.sorted(|mark| found.push(mark)).unwrap();
            assert!(found == expected, "memory of {memory}");
        }
    }
}
