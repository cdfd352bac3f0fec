//! Parts of a report that wait in a temporary file until those before them are printed.

use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, Write as _};

use super::work::no_temporary_file;
use crate::args::Format;
use crate::failure::Failure;
use crate::printer::Printer;

use serde::Serialize;

/// How much is read back, or printed, at a time.
const PIECE: usize = 64 * 1024;

/// A list of a report, as it is printed. It can have more entries than memory has room for.
pub(super) struct Spool {
    file: BufWriter<File>,
    format: Format,
    pub(super) count: u64,
}

impl Spool {
    /// An empty list in a file that has no name and is gone when the process ends.
    pub(super) fn new(format: Format) -> Result<Self, Failure> {
        let file = tempfile::tempfile().map_err(|error| no_temporary_file(&error))?;
        Ok(Self {
            file: BufWriter::with_capacity(PIECE, file),
            format,
            count: 0,
        })
    }

    /// Adds a line of text.
    pub(super) fn line(&mut self, line: &str) -> Result<(), Failure> {
        self.count += 1;
        let written = writeln!(self.file, "{line}");
        written.map_err(|error| no_temporary_file(&error))
    }

    /// Adds a document to a list of documents.
    pub(super) fn document(&mut self, document: &impl Serialize) -> Result<(), Failure> {
        let value = super::work::to_value(document)?;
        let text = match self.format {
            Format::Jsonl => value.to_string(),
            Format::Json | Format::Table => format!("{value:#}").replace('\n', "\n    "),
        };
        let before = match (self.format, self.count) {
            (Format::Jsonl, 0) => "",
            (Format::Jsonl, _) => ",",
            (_, 0) => "\n    ",
            _ => ",\n    ",
        };
        self.count += 1;
        let written = write!(self.file, "{before}{text}");
        written.map_err(|error| no_temporary_file(&error))
    }

    /// Prints what was added, as it is.
    pub(super) fn print(self, printer: &Printer) -> Result<(), Failure> {
        let read = |error: &std::io::Error| no_temporary_file(error);
        let file = self.file.into_inner();
        let mut file = file.map_err(|error| read(error.error()))?;
        file.rewind().map_err(|error| read(&error))?;
        let mut piece = vec![0; PIECE];
        loop {
            match file.read(&mut piece).map_err(|error| read(&error))? {
                0 => return Ok(()),
                count => printer.bytes(&piece[..count])?,
            }
        }
    }

    /// Prints the list of documents in its brackets.
    pub(super) fn print_list(self, printer: &Printer) -> Result<(), Failure> {
        let end = match (self.format, self.count) {
            (Format::Jsonl, _) | (_, 0) => "]",
            _ => "\n  ]",
        };
        printer.raw("[")?;
        self.print(printer)?;
        printer.raw(end)
    }
}
