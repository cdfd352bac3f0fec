//! Device files as tables and arrays, and back.

use std::io::{self, Read, Write};
use std::path::Path;
use std::str::FromStr;

use serde::Serialize;

use super::{Context, Output, Passed, Place, ProblemKind, Run, TransformError};
use crate::Row;
use crate::format::{self, FileFormat, Layout, Shape};

mod array;
mod assembly;
mod carried;
mod cell;
mod columns;
mod delimited;
mod kinds;
mod quotes;
#[cfg(feature = "parquet")]
mod table;

pub use columns::{Columns, ColumnsError};

use carried::Carried;

/// A form that a fleet can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// A device file: one JSON object a line.
    Lines,
    /// One JSON array of the same objects. The objects alone, each over any number of lines, are read as well.
    Json,
    /// Comma-separated values (RFC 4180) with a header line. Another separator is read where a first line `sep=;` names it, or
    /// the column of the id shows it.
    Csv,
    /// The same with tabs.
    Tsv,
    /// An Apache Parquet table; only written, not read.
    #[cfg(feature = "parquet")]
    Parquet,
}

impl Format {
    /// The name that the command line has for it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Lines => "jsonl",
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Tsv => "tsv",
            #[cfg(feature = "parquet")]
            Format::Parquet => "parquet",
        }
    }

    /// The format that a file's extension tells of: `.csv`, `.tsv`, `.json`, `.jsonl`, `.ndjson`; none for any other,
    /// such as the `.txt` of `devices.txt`.
    pub fn of_path(path: &Path) -> Option<Format> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "ndjson" => Some(Format::Lines),
            "tab" => Some(Format::Tsv),
            name => name.parse().ok(),
        }
    }

    /// The format of a file that starts so: an array or a table where [`recognize`](crate::format::recognize) names one, a device
    /// file otherwise. Rows over several lines are read as JSON.
    pub fn of_content(start: &[u8]) -> Format {
        Self::of_file(crate::format::recognize(start)).unwrap_or(Format::Lines)
    }

    /// The format as which [`convert`] reads a file that was recognized; none for one that it cannot read, and for one that only
    /// its rows can show to be a device file.
    pub fn of_file(file: FileFormat) -> Option<Format> {
        match file {
            FileFormat::DeviceFile => Some(Format::Lines),
            FileFormat::Array
            | FileFormat::SeveralLines
            | FileFormat::Joined
            | FileFormat::Json(Shape::TrailingComma) => Some(Format::Json),
            FileFormat::Table { delimiter } | FileFormat::TableWithoutId { delimiter } => {
                Some(match delimiter {
                    b'\t' => Format::Tsv,
                    _ => Format::Csv,
                })
            }
            _ => None,
        }
    }
}

impl FromStr for Format {
    type Err = TransformError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name.to_ascii_lowercase().as_str() {
            "jsonl" => Ok(Format::Lines),
            "json" => Ok(Format::Json),
            "csv" => Ok(Format::Csv),
            "tsv" => Ok(Format::Tsv),
            #[cfg(feature = "parquet")]
            "parquet" => Ok(Format::Parquet),
            #[cfg(not(feature = "parquet"))]
            "parquet" => Err(TransformError::Asked(
                "this build has no Parquet: it takes the feature `parquet`".to_owned(),
            )),
            _ => Err(TransformError::Asked(format!(
                "`{name}` is no format; there are jsonl, json, csv, tsv and parquet"
            ))),
        }
    }
}

/// What [`convert`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConvertReport {
    /// What was read. A row of a table that does not fit is a bad line.
    #[serde(flatten)]
    pub passed: Passed,
    /// Rows written.
    pub written: u64,
    /// Members that rows have and no column carries, or whose value is not of its column's type, with the number of rows: what a
    /// table lost.
    pub not_carried: Vec<NotCarried>,
}

/// A member that did not fit into the columns of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NotCarried {
    /// The member, with the names that lead to it.
    pub member: String,
    /// How many rows have it.
    pub rows: u64,
}

/// Writes the rows of one format in another.
///
/// Between a device file and a JSON array nothing changes. A table has the columns of `columns`, or
/// [all that rows have](Columns::all) when there are none; with all of them nothing is lost but whether a member was absent or
/// `null`. What columns do lose is in [`ConvertReport::not_carried`].
///
/// # Cells
///
/// An empty cell is an absent member. A member that holds text stands there as it is, and one of a twin that is no text
/// stands as JSON. Text that would be read as something else stands as a JSON string, in its quotes: empty text, text in
/// twins that spells JSON (`"1.10"`), and text that a spreadsheet would run as a formula, for it begins with `=`, `+`, `-`, `@`, a tab
/// or a line break (`"=1+1"`). Reading takes the quotes off again, so nothing is lost; other readers of such a cell see them.
///
/// # Errors
/// When the input cannot be read or its header not understood, or the output not written.
pub fn convert<R: Read, W: Write + Send>(
    source: R,
    from: Format,
    sink: W,
    to: Format,
    columns: Option<&Columns>,
    context: &mut Context<'_>,
) -> Result<ConvertReport, TransformError> {
    let all = Columns::all();
    let written_columns = columns.unwrap_or(&all);
    let mut carried = Carried::new(written_columns);
    let mut run = Run::new(context);
    let mut out = Sink::new(sink, to, written_columns)?;
    let is_table = !matches!(to, Format::Lines | Format::Json);
    let most = run.context.options.most_bytes() as u64;
    rows(source, from, columns, &mut run, |run, place, row| {
        if is_table {
            carried.note(&row);
        }
        let size = out.row(&row)?;
        if size > most + 1 {
            let message = format!(
                "written as a row of {} bytes; readers take {most} of a line, unless told otherwise",
                size - 1
            );
            run.problem(place, ProblemKind::Warning, Some(&row), message);
        }
        Ok(())
    })?;
    let (written, unfit) = out.finish()?;
    let mut not_carried = carried.lost();
    not_carried.extend(unfit);
    Ok(ConvertReport {
        written,
        passed: run.passed,
        not_carried,
    })
}

/// Calls `each` with every row of a source of any format.
fn rows<'c, 'a, R: Read>(
    source: R,
    from: Format,
    columns: Option<&Columns>,
    run: &mut Run<'c, 'a>,
    each: impl FnMut(&mut Run<'c, 'a>, Place, Row) -> Result<(), TransformError>,
) -> Result<(), TransformError> {
    match from {
        Format::Lines => run.rows(source, each),
        Format::Json => array::rows(source, run, each),
        Format::Csv => table(source, b',', columns, run, each),
        Format::Tsv => table(source, b'\t', columns, run, each),
        #[cfg(feature = "parquet")]
        Format::Parquet => Err(TransformError::Asked(
            "Parquet is written and not read; convert the table to CSV first".to_owned(),
        )),
    }
}

/// Calls `each` with every row of a table, whatever separates its columns.
fn table<'c, 'a, R: Read>(
    source: R,
    delimiter: u8,
    columns: Option<&Columns>,
    run: &mut Run<'c, 'a>,
    each: impl FnMut(&mut Run<'c, 'a>, Place, Row) -> Result<(), TransformError>,
) -> Result<(), TransformError> {
    let (start, mut source) = format::start(source).map_err(TransformError::Read)?;
    let layout = Layout::of(&start, delimiter);
    let skipped = io::copy(&mut (&mut source).take(layout.preamble), &mut io::sink());
    skipped.map_err(TransformError::Read)?;
    // A blank line of the same length keeps the numbers of lines and offsets right.
    let blank = io::repeat(b'\r').take(layout.preamble.saturating_sub(1));
    let end = io::repeat(b'\n').take(layout.preamble.min(1));
    let source = blank.chain(end).chain(source);
    delimited::rows(source, layout.delimiter, columns, run, each)
}

/// Rows on their way out in some format.
enum Sink<'c, W: Write + Send> {
    Lines(Output<W>),
    Json(array::ArrayWriter<W>),
    Delimited(Box<delimited::TableWriter<'c, W>>),
    #[cfg(feature = "parquet")]
    Parquet(Box<table::ParquetWriter<'c, W>>),
}

impl<'c, W: Write + Send> Sink<'c, W> {
    fn new(sink: W, to: Format, columns: &'c Columns) -> Result<Self, TransformError> {
        Ok(match to {
            Format::Lines => Sink::Lines(Output::new(sink)),
            Format::Json => Sink::Json(array::ArrayWriter::new(sink)),
            Format::Csv => {
                Sink::Delimited(Box::new(delimited::TableWriter::new(sink, b',', columns)?))
            }
            Format::Tsv => {
                Sink::Delimited(Box::new(delimited::TableWriter::new(sink, b'\t', columns)?))
            }
            #[cfg(feature = "parquet")]
            Format::Parquet => Sink::Parquet(Box::new(table::ParquetWriter::new(sink, columns)?)),
        })
    }

    /// Writes the row and says how many bytes its line has; none where it has no line of its own.
    fn row(&mut self, row: &Row) -> Result<u64, TransformError> {
        match self {
            Sink::Lines(output) => output.row_sized(row),
            Sink::Json(array) => array.row(row),
            Sink::Delimited(table) => table.row(row).map(|()| 0),
            #[cfg(feature = "parquet")]
            Sink::Parquet(table) => table.row(row).map(|()| 0),
        }
    }

    /// The number of rows written, and what did not fit the type of its column.
    fn finish(self) -> Result<(u64, Vec<NotCarried>), TransformError> {
        let written = match self {
            Sink::Lines(output) => output.finish(),
            Sink::Json(array) => array.finish(),
            Sink::Delimited(table) => table.finish(),
            #[cfg(feature = "parquet")]
            Sink::Parquet(table) => return table.finish(),
        };
        written.map(|written| (written, Vec::new()))
    }
}
