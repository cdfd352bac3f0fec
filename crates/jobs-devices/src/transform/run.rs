//! Reading for a transform: what happens to lines that are no rows, and the telling of progress.

use std::io::Read;
use std::ops::ControlFlow;

use super::{
    Context, PROGRESS_EVERY, Passed, Place, Problem, ProblemKind, Progress, TransformError,
};
use crate::line::Scratch;
use crate::long::START_OF_LONG_LINE;
use crate::record::sealed::Sealed;
use crate::{BadLine, Cause, Entry, Item, Reader, Record, Row, RowRef, parallel};

/// A transform at work: its context, and what has passed so far.
pub(crate) struct Run<'c, 'a> {
    pub(crate) context: &'c mut Context<'a>,
    pub(crate) passed: Passed,
}

impl<'c, 'a> Run<'c, 'a> {
    pub(crate) fn new(context: &'c mut Context<'a>) -> Self {
        Run {
            context,
            passed: Passed::default(),
        }
    }

    /// Calls `each` with every row of the source, and sees to all other lines.
    pub(crate) fn rows<R: Read>(
        &mut self,
        source: R,
        each: impl FnMut(&mut Self, Place, Row) -> Result<(), TransformError>,
    ) -> Result<(), TransformError> {
        self.records(source, each)
    }

    /// Calls `each` with every row of the source and the line it stands in, and sees to all other lines.
    pub(crate) fn rows_with_lines<R: Read>(
        &mut self,
        source: R,
        mut each: impl FnMut(&mut Self, Place, Row, &[u8]) -> Result<(), TransformError>,
    ) -> Result<(), TransformError> {
        self.records(source, |run, place, WithLine { row, line }| {
            each(run, place, row, &line)
        })
    }

    fn records<R: Read, T: Record>(
        &mut self,
        source: R,
        mut each: impl FnMut(&mut Self, Place, T) -> Result<(), TransformError>,
    ) -> Result<(), TransformError> {
        let mut progress = Progress::default();
        let mut told = 0;
        let strict = self.context.options.is_strict();
        for entry in Reader::<R, T>::of(source, self.context.options.clone()) {
            let Entry {
                line, offset, item, ..
            } = entry.map_err(TransformError::Read)?;
            let place = Place { line, offset };
            progress = Progress {
                lines: line,
                bytes: offset,
            };
            if line - told >= PROGRESS_EVERY {
                told = line;
                self.context.tell(progress);
            }
            match item {
                Item::Row(row) => {
                    self.passed.rows += 1;
                    each(self, place, row)?;
                }
                Item::Notice(words) => {
                    let is_first = self.passed.is_empty();
                    if self.passed.notice(place, &words, is_first) {
                        self.context.reject(words.as_bytes())?;
                    }
                }
                Item::Bad(bad) if strict => {
                    let message = bad.to_string();
                    return Err(TransformError::Input { line, message });
                }
                Item::Bad(bad) => {
                    self.passed.bad_line(place, &bad);
                    self.context.reject(bad.raw())?;
                }
            }
        }
        self.context.tell(progress);
        Ok(())
    }

    /// Keeps a row out of the output, saying why. Its line is rejected as it stands.
    pub(crate) fn refuse(
        &mut self,
        place: Place,
        row: &Row,
        line: &[u8],
        why: impl Into<String>,
    ) -> Result<(), TransformError> {
        self.problem(place, ProblemKind::Refused, Some(row), why.into());
        self.context.reject(line)
    }

    /// Counts something that is no row, which ends a strict reading.
    pub(super) fn unreadable(
        &mut self,
        place: Place,
        message: String,
    ) -> Result<(), TransformError> {
        if self.context.options.is_strict() {
            let line = place.line;
            return Err(TransformError::Input { line, message });
        }
        self.passed.bad_lines += 1;
        self.problem(place, ProblemKind::BadLine, None, message);
        Ok(())
    }

    pub(crate) fn problem(
        &mut self,
        place: Place,
        kind: ProblemKind,
        row: Option<&Row>,
        message: String,
    ) {
        self.passed.problem(Problem {
            id: row.map(|row| row.id.clone()),
            module_id: row.and_then(|row| row.module_id.to_option()),
            ..Problem::at(place, kind, message)
        });
    }

    /// Calls `each` with every row of the source, on every core, and hands what was made of the rows of a part of the
    /// file to `take`, part by part in the order of the file. Sees to all other lines.
    pub(crate) fn parts<R: Read + Send, P: Default + Send>(
        &mut self,
        source: R,
        each: impl Fn(&RowRef<'_>, Place, &mut P) + Sync,
        mut take: impl FnMut(P) -> Result<(), TransformError>,
    ) -> Result<(), TransformError> {
        let options = self.context.options.clone();
        let mut outcome = Ok(());
        let mut progress = Progress::default();
        let work = |chunk: parallel::Chunk<'_>| {
            let mut part = Part::<P> {
                bytes: chunk.len(),
                ..Part::default()
            };
            part.lines = chunk.for_each(|entry| part.entry(entry, options.is_strict(), &each));
            part
        };
        let read = parallel::for_each_chunk(source, &options, work, |part| {
            progress.lines += part.lines;
            progress.bytes += part.bytes;
            outcome = self.take_part(part, &mut take);
            self.context.tell(progress);
            match outcome {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        });
        outcome?;
        read.map_err(TransformError::Read)
    }

    fn take_part<P>(
        &mut self,
        part: Part<P>,
        take: &mut impl FnMut(P) -> Result<(), TransformError>,
    ) -> Result<(), TransformError> {
        if let Some((place, words)) = part.opening {
            let is_first = self.passed.is_empty();
            if self.passed.notice(place, &words, is_first) {
                self.context.reject(words.as_bytes())?;
            }
        }
        self.passed.rows += part.passed.rows;
        self.passed.notices += part.passed.notices;
        self.passed.bad_lines += part.passed.bad_lines;
        self.passed.cut_lines += part.passed.cut_lines;
        self.passed.later_notices += part.passed.later_notices;
        for problem in part.passed.problems {
            self.passed.problem(problem);
        }
        for line in &part.rejects {
            self.context.reject(line)?;
        }
        take(part.made)?;
        match part.strict {
            Some((line, message)) => Err(TransformError::Input { line, message }),
            None => Ok(()),
        }
    }
}

/// A row and the line it stands in.
struct WithLine {
    row: Row,
    line: Box<[u8]>,
}

impl Sealed for WithLine {
    fn from_line(line: &[u8], scratch: &mut Scratch) -> Result<Self, Cause> {
        Ok(WithLine {
            row: Row::from_line(line, scratch)?,
            line: line.into(),
        })
    }
}

impl Record for WithLine {
    fn write_line(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.line);
    }
}

/// What was found in some lines of a file.
#[derive(Default)]
struct Part<P> {
    passed: Passed,
    lines: u64,
    bytes: u64,
    /// The line of plain text that the part starts with: what it is depends on the parts before.
    opening: Option<(Place, String)>,
    rejects: Vec<Box<[u8]>>,
    strict: Option<(u64, String)>,
    made: P,
}

impl<P> Part<P> {
    fn entry(
        &mut self,
        entry: Entry<RowRef<'_>>,
        strict: bool,
        each: &impl Fn(&RowRef<'_>, Place, &mut P),
    ) {
        let place = Place {
            line: entry.line,
            offset: entry.offset,
        };
        match entry.item {
            Item::Row(row) => {
                self.passed.rows += 1;
                each(&row, place, &mut self.made);
            }
            Item::Notice(words) if self.opening.is_none() && self.passed.is_empty() => {
                self.opening = Some((place, words));
            }
            Item::Notice(words) => {
                if self.passed.notice(place, &words, false) {
                    self.rejects.push(words.into_bytes().into());
                }
            }
            Item::Bad(bad) if strict => self.strict = Some((place.line, bad.to_string())),
            Item::Bad(bad) => {
                self.passed.bad_line(place, &bad);
                self.rejects.push(bad.raw().into());
            }
        }
    }
}

impl Passed {
    fn is_empty(&self) -> bool {
        self.rows + self.notices + self.bad_lines == 0
    }

    /// Counts a line of plain text and says whether it belongs to the rejects. Only the first line of a file may be the notice that the
    /// hub puts before the rows, and it has no part of a row in it.
    fn notice(&mut self, place: Place, words: &str, is_first: bool) -> bool {
        self.notices += 1;
        let is_later = !is_first || words.contains(['{', '}']);
        self.later_notices += u64::from(is_later);
        // Of a line that is too long, a notice has the first bytes.
        let is_cut = words.len() > START_OF_LONG_LINE && words.ends_with('…');
        self.cut_lines += u64::from(is_later && is_cut);
        let words = words.chars().take(200).collect();
        self.problem(Problem::at(place, ProblemKind::Notice, words));
        is_later
    }

    fn bad_line(&mut self, place: Place, bad: &BadLine) {
        self.bad_lines += 1;
        let mut message = bad.to_string();
        if bad.is_cut() {
            self.cut_lines += 1;
            let kept = bad.raw().len();
            message.push_str(&format!(
                ", from offset {} on; only the first {kept} are kept as a reject, copy it from the file",
                place.offset
            ));
        }
        self.problem(Problem::at(place, ProblemKind::BadLine, message));
    }
}

impl Problem {
    pub(crate) fn at(place: Place, kind: ProblemKind, message: String) -> Problem {
        Problem {
            line: place.line,
            offset: place.offset,
            kind,
            id: None,
            module_id: None,
            message,
        }
    }
}
