use std::borrow::Cow;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, Write};

use serde::Serialize;

use super::canonical::canonical;
use super::diff::Identity;
use super::spill::{Key, Record, Sorter, temporary_file};
use super::{Context, MAX_PROBLEMS, Output, Passed, Place, Run, TransformError};
use crate::RowRef;

/// Which of several rows for one identity [`merge`] writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keep {
    /// The first, in the order of the inputs.
    First,
    /// The last, which an import of all of them in order would leave.
    #[default]
    Last,
    /// All of them.
    All,
}

/// What [`merge`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MergeReport {
    /// What was read, input by input.
    pub inputs: Vec<Passed>,
    /// Rows written.
    pub written: u64,
    /// Identities with more than one row.
    pub duplicate_identities: u64,
    /// The first of them, by id.
    pub duplicates: Vec<Duplicate>,
}

/// An identity with more than one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Duplicate {
    /// Which.
    #[serde(flatten)]
    pub identity: Identity,
    /// How many rows it has.
    pub rows: u64,
    /// Where its rows are: the first [`MAX_PLACES`] of them.
    pub at: Vec<RowPlace>,
    /// Whether the rows all say the same.
    pub same: bool,
}

/// How many rows of one [`Duplicate`] are named with their place; all are counted.
pub const MAX_PLACES: usize = 20;

/// Where a row stands among several inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RowPlace {
    /// The input, from 0 in the order given.
    pub input: u64,
    /// The line in it, from 1.
    pub line: u64,
}

/// Writes the rows of all inputs, one input after the other, each identity once unless all are kept.
///
/// Duplicates are found exactly, not by hash, and without holding the rows: they wait in a temporary file. What is held of a row is one
/// bit.
///
/// # Errors
/// When an input cannot be read, the output not written or a temporary file not used.
pub fn merge<R: Read + Send, W: Write>(
    inputs: impl IntoIterator<Item = R>,
    sink: W,
    keep: Keep,
    context: &mut Context<'_>,
) -> Result<MergeReport, TransformError> {
    let mut report = MergeReport::default();
    let spill = TransformError::Spill;
    let spool = temporary_file(context.temporary.as_deref())?;
    let mut spool = BufWriter::with_capacity(256 * 1024, spool);
    let mut sorter = Sorter::new(context);
    let mut number = 0;
    for (input, source) in inputs.into_iter().enumerate() {
        let mut run = Run::new(context);
        let part = |row: &RowRef<'_>, place: Place, part: &mut Lines| {
            part.records.push(Record {
                key: Key::of(row),
                number: 0,
                body: place_and_meaning(input as u64, place.line, row.line()),
            });
            part.text.extend_from_slice(row.line().as_bytes());
            part.text.push(b'\n');
        };
        run.parts(source, part, |mut part| {
            spool.write_all(&part.text).map_err(spill)?;
            part.records.drain(..).try_for_each(|record| {
                number += 1;
                sorter.push(Record {
                    number: number - 1,
                    ..record
                })
            })
        })?;
        report.inputs.push(run.passed);
    }
    let dropped = find_duplicates(sorter, keep, &mut report)?;
    let mut spool = spool
        .into_inner()
        .map_err(|error| spill(error.into_error()))?;
    spool.rewind().map_err(spill)?;
    let mut output = Output::new(sink);
    let mut spool = BufReader::with_capacity(256 * 1024, spool);
    let mut line = Vec::new();
    for number in 0..number {
        line.clear();
        spool.read_until(b'\n', &mut line).map_err(spill)?;
        if !dropped.has(number) {
            output.raw(line.strip_suffix(b"\n").unwrap_or(&line))?;
        }
    }
    report.written = output.finish()?;
    Ok(report)
}

/// Some lines of an input, and which identities they are about.
#[derive(Default)]
struct Lines {
    text: Vec<u8>,
    records: Vec<Record>,
}

/// Rows of more bytes are compared by their text: what a text means takes many times its memory. Rows that a hub takes are shorter.
const MOST_COMPARED: usize = 1024 * 1024;

/// Input, line and a digest of the row's meaning, which only says whether duplicates are the same.
fn place_and_meaning(input: u64, line: u64, row: &str) -> Vec<u8> {
    let meaning: Cow<'_, [u8]> = if row.len() > MOST_COMPARED {
        row.as_bytes().into()
    } else {
        canonical(row).into_bytes().into()
    };
    let digest = ring::digest::digest(&ring::digest::SHA256, &meaning);
    let mut body = Vec::with_capacity(48);
    body.extend_from_slice(&input.to_le_bytes());
    body.extend_from_slice(&line.to_le_bytes());
    body.extend_from_slice(digest.as_ref());
    body
}

fn read_place(body: &[u8]) -> RowPlace {
    let number = |from: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&body[from..from + 8]);
        u64::from_le_bytes(bytes)
    };
    RowPlace {
        input: number(0),
        line: number(8),
    }
}

/// Numbers of rows: one bit each.
#[derive(Default)]
struct Numbers(Vec<u64>);

impl Numbers {
    fn add(&mut self, number: u64) {
        let (word, bit) = Self::place(number);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << bit;
    }

    fn has(&self, number: u64) -> bool {
        let (word, bit) = Self::place(number);
        self.0.get(word).is_some_and(|bits| bits & 1 << bit != 0)
    }

    fn place(number: u64) -> (usize, u64) {
        ((number / 64) as usize, number % 64)
    }
}

/// The rows of one identity, as they come by.
struct Group {
    first: Record,
    last: u64,
    rows: u64,
    at: Vec<RowPlace>,
    same: bool,
}

impl Group {
    fn new(record: Record) -> Self {
        Group {
            last: record.number,
            rows: 1,
            at: vec![read_place(&record.body)],
            same: true,
            first: record,
        }
    }

    fn add(&mut self, record: &Record) {
        self.last = record.number;
        self.rows += 1;
        self.same &= record.body[16..] == self.first.body[16..];
        if self.at.len() < MAX_PLACES {
            self.at.push(read_place(&record.body));
        }
    }
}

/// The numbers of the rows not to write.
fn find_duplicates(
    sorter: Sorter,
    keep: Keep,
    report: &mut MergeReport,
) -> Result<Numbers, TransformError> {
    let mut dropped = Numbers::default();
    let mut group: Option<Group> = None;
    let mut close = |group: Option<Group>| {
        let Some(group) = group.filter(|group| group.rows > 1) else {
            return;
        };
        report.duplicate_identities += 1;
        if report.duplicates.len() < MAX_PROBLEMS {
            report.duplicates.push(Duplicate {
                identity: group.first.key.into(),
                rows: group.rows,
                at: group.at,
                same: group.same,
            });
        }
    };
    for record in sorter.sorted()? {
        let record = record?;
        match &mut group {
            Some(group) if group.first.key == record.key => {
                match keep {
                    Keep::First => dropped.add(record.number),
                    Keep::Last => dropped.add(group.last),
                    Keep::All => {}
                }
                group.add(&record);
            }
            _ => close(group.replace(Group::new(record))),
        }
    }
    close(group);
    Ok(dropped)
}
