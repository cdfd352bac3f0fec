//! Sorting more than fits in memory: sorted runs in temporary files, merged as they are read.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::{Context, TransformError};
use crate::RowRef;

/// More runs than this are merged into one before more are made, so that open files stay few.
const MOST_RUNS: usize = 64;

/// The same for runs of large records: a merge holds one record of each run.
const MOST_HEADS: usize = 64 << 20;

/// Which identity a row is about. A device sorts before its modules.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) module_id: Option<String>,
}

impl Key {
    pub(crate) fn of(row: &RowRef<'_>) -> Key {
        Key {
            id: row.id().into_owned(),
            module_id: row.module_id().map(Cow::into_owned),
        }
    }
}

/// What is sorted: by key, then by number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Record {
    pub(crate) key: Key,
    pub(crate) number: u64,
    pub(crate) body: Vec<u8>,
}

/// A file that only its owner can read and that has no name.
pub(crate) fn temporary_file(folder: Option<&Path>) -> Result<File, TransformError> {
    match folder {
        Some(folder) => tempfile::tempfile_in(folder),
        None => tempfile::tempfile(),
    }
    .map_err(TransformError::Spill)
}

pub(crate) struct Sorter {
    held: Vec<Record>,
    size: usize,
    budget: usize,
    folder: Option<PathBuf>,
    runs: Vec<File>,
    /// The size of the largest record of each run, summed up.
    heads: usize,
    /// The size of the largest record so far.
    largest: usize,
}

impl Sorter {
    pub(crate) fn new(context: &Context<'_>) -> Sorter {
        Self::within(context, context.memory())
    }

    /// As [`new`](Self::new), with less memory: `budget` bytes.
    pub(crate) fn within(context: &Context<'_>, budget: usize) -> Sorter {
        Sorter {
            held: Vec::new(),
            size: 0,
            budget,
            folder: context.temporary.clone(),
            runs: Vec::new(),
            heads: 0,
            largest: 0,
        }
    }

    pub(crate) fn push(&mut self, record: Record) -> Result<(), TransformError> {
        let module = record.key.module_id.as_ref().map_or(0, String::len);
        // A record's own fields and what the allocator adds are some hundred bytes.
        let size = record.body.len() + record.key.id.len() + module + 120;
        self.size += size;
        self.largest = self.largest.max(size);
        self.held.push(record);
        if self.size >= self.budget {
            self.spill().map_err(TransformError::Spill)?;
            if self.runs.len() >= MOST_RUNS || self.heads >= MOST_HEADS {
                self.merge_runs()?;
            }
        }
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        self.held.sort_unstable();
        let file = temporary_file(self.folder.as_deref()).map_err(io::Error::other)?;
        let mut out = BufWriter::with_capacity(256 * 1024, file);
        for record in self.held.drain(..) {
            write_record(&mut out, &record)?;
        }
        self.size = 0;
        self.heads += self.largest;
        self.runs.push(rewound(out)?);
        Ok(())
    }

    fn merge_runs(&mut self) -> Result<(), TransformError> {
        let merged = Merge::new(std::mem::take(&mut self.runs))?;
        let file = temporary_file(self.folder.as_deref())?;
        let mut out = BufWriter::with_capacity(256 * 1024, file);
        for record in merged {
            write_record(&mut out, &record?).map_err(TransformError::Spill)?;
        }
        self.heads = self.largest;
        self.runs.push(rewound(out).map_err(TransformError::Spill)?);
        Ok(())
    }

    /// All records in order.
    pub(crate) fn sorted(mut self) -> Result<Sorted, TransformError> {
        if self.runs.is_empty() {
            self.held.sort_unstable();
            return Ok(Sorted::Held(self.held.into_iter()));
        }
        if !self.held.is_empty() {
            self.spill().map_err(TransformError::Spill)?;
        }
        Ok(Sorted::Merged(Merge::new(self.runs)?))
    }
}

fn rewound(out: BufWriter<File>) -> io::Result<File> {
    let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.rewind()?;
    Ok(file)
}

/// The records of a [`Sorter`] in order.
pub(crate) enum Sorted {
    Held(std::vec::IntoIter<Record>),
    Merged(Merge),
}

impl Iterator for Sorted {
    type Item = Result<Record, TransformError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Sorted::Held(records) => records.next().map(Ok),
            Sorted::Merged(merge) => merge.next(),
        }
    }
}

pub(crate) struct Merge {
    runs: Vec<BufReader<File>>,
    heads: BinaryHeap<Reverse<(Record, usize)>>,
}

impl Merge {
    fn new(runs: Vec<File>) -> Result<Merge, TransformError> {
        let mut merge = Merge {
            runs: runs
                .into_iter()
                .map(|run| BufReader::with_capacity(64 * 1024, run))
                .collect(),
            heads: BinaryHeap::new(),
        };
        for run in 0..merge.runs.len() {
            merge.refill(run)?;
        }
        Ok(merge)
    }

    fn refill(&mut self, run: usize) -> Result<(), TransformError> {
        if let Some(record) = read_record(&mut self.runs[run]).map_err(TransformError::Spill)? {
            self.heads.push(Reverse((record, run)));
        }
        Ok(())
    }
}

impl Iterator for Merge {
    type Item = Result<Record, TransformError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((record, run)) = self.heads.pop()?;
        Some(self.refill(run).map(|()| record))
    }
}

fn write_bytes(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    out.write_all(&(bytes.len() as u64).to_le_bytes())?;
    out.write_all(bytes)
}

fn write_record(out: &mut impl Write, record: &Record) -> io::Result<()> {
    write_bytes(out, record.key.id.as_bytes())?;
    match &record.key.module_id {
        Some(module) => {
            out.write_all(&[1])?;
            write_bytes(out, module.as_bytes())?;
        }
        None => out.write_all(&[0])?,
    }
    out.write_all(&record.number.to_le_bytes())?;
    write_bytes(out, &record.body)
}

fn read_number(source: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    source.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn read_bytes(source: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    source.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_text(source: &mut impl Read, length: u64) -> io::Result<String> {
    String::from_utf8(read_bytes(source, length)?).map_err(io::Error::other)
}

/// The next record; none at the end of the run.
fn read_record(source: &mut BufReader<File>) -> io::Result<Option<Record>> {
    if io::BufRead::fill_buf(source)?.is_empty() {
        return Ok(None);
    }
    let length = read_number(source)?;
    let id = read_text(source, length)?;
    let mut has_module = [0];
    source.read_exact(&mut has_module)?;
    let module_id = if has_module[0] == 1 {
        let length = read_number(source)?;
        Some(read_text(source, length)?)
    } else {
        None
    };
    let number = read_number(source)?;
    let length = read_number(source)?;
    let body = read_bytes(source, length)?;
    let key = Key { id, module_id };
    Ok(Some(Record { key, number, body }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_sorted_whether_held_spilled_or_merged_twice() {
        for budget in [usize::MAX, 4_000, 200, 1] {
            let mut sorter = Sorter::new(&Context::new().spill_at(budget));
            for number in 0..500_u64 {
                let key = Key {
                    id: format!("d{}", number * 7919 % 97),
                    module_id: (number % 3 == 0).then(|| format!("m{}", number % 5)),
                };
                let body = vec![b'x'; usize::try_from(number % 40).unwrap_or(0)];
                sorter.push(Record { key, number, body }).expect("room");
            }
            let records: Vec<_> = sorter
                .sorted()
                .expect("runs")
                .collect::<Result<_, _>>()
                .expect("records");
            assert_eq!(records.len(), 500);
            assert!(records.is_sorted(), "with {budget} bytes");
        }
    }
}
