//! Tables of comma- or tab-separated values.

use std::io::{Read, Write};

use csv::{ByteRecord, ReaderBuilder, WriterBuilder};

use super::assembly::{Assembly, Unfit};
use super::cell;
use super::columns::{Column, Columns, ColumnsError, Member};
use super::kinds::Kinds;
use super::quotes::Quotes;
use crate::line::without_bom;
use crate::transform::{PROGRESS_EVERY, Place, Progress, Run, TransformError};
use crate::{DEFAULT_MAX_LINE, Row};

/// Calls `each` with every row of the table.
pub(super) fn rows<'c, 'a, R: Read>(
    source: R,
    delimiter: u8,
    columns: Option<&Columns>,
    run: &mut Run<'c, 'a>,
    mut each: impl FnMut(&mut Run<'c, 'a>, Place, Row) -> Result<(), TransformError>,
) -> Result<(), TransformError> {
    // A row of a table can make a line that is longer than readers take, which is a warning: its limit is never a smaller one.
    let most = run.context.options.most_bytes().max(DEFAULT_MAX_LINE);
    let mut table = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(Quotes::new(source, delimiter, most as u64));
    let mut record = ByteRecord::new();
    let header = |message: String| TransformError::Input { line: 1, message };
    if !next(&mut table, &mut record)? {
        return Err(header(
            "the table is empty; its first line names the columns".to_owned(),
        ));
    }
    let headers = header_columns(&record, columns).map_err(header)?;
    let mut kinds = Kinds::of(&headers);
    let mut header = Some(record.clone());
    let mut progress = Progress::default();
    let mut count = 0;
    while next(&mut table, &mut record)? {
        let position = record.position();
        let place = Place {
            line: position.map_or(0, csv::Position::line),
            offset: position.map_or(0, csv::Position::byte),
        };
        progress = Progress {
            lines: place.line,
            bytes: place.offset,
        };
        count += 1;
        if count % PROGRESS_EVERY == 0 {
            run.context.tell(progress);
        }
        match assemble(&record, &headers) {
            Ok(row) => {
                run.passed.rows += 1;
                kinds.note(&record, place);
                each(run, place, row)?;
            }
            Err(Unfit::Overlap(at)) => {
                let (line, message) = (place.line, contradiction(&headers, at));
                return Err(TransformError::Input { line, message });
            }
            Err(Unfit::Cell(message)) => {
                run.unreadable(place, message)?;
                // Rejects are a table, too.
                if let Some(header) = header.take() {
                    reject(run, &header, delimiter)?;
                }
                reject(run, &record, delimiter)?;
            }
        }
    }
    run.context.tell(progress);
    kinds.warn(&headers, &mut run.passed);
    Ok(())
}

/// Reads the next record, if there is one.
fn next<R: Read>(
    table: &mut csv::Reader<Quotes<R>>,
    record: &mut ByteRecord,
) -> Result<bool, TransformError> {
    let read = table.read_byte_record(record);
    if let Some(excess) = table.get_ref().excess() {
        return Err(TransformError::Input {
            line: excess.line,
            message: excess.message.clone(),
        });
    }
    let read = read.map_err(read_error)?;
    match table.get_ref().unclosed() {
        None => Ok(read),
        Some(line) => Err(TransformError::Input {
            line,
            message: "a quote opens here and is never closed, so that the rest of the file is one cell; close it, or write a quote within a cell as two in a quoted cell"
                .to_owned(),
        }),
    }
}

fn reject(run: &mut Run<'_, '_>, record: &ByteRecord, delimiter: u8) -> Result<(), TransformError> {
    let mut again = WriterBuilder::new()
        .delimiter(delimiter)
        .from_writer(Vec::new());
    again.write_byte_record(record).map_err(write_error)?;
    let line = again.into_inner().unwrap_or_default();
    run.context
        .reject(line.strip_suffix(b"\n").unwrap_or(&line))
}

/// What each column of the table holds.
fn header_columns(record: &ByteRecord, columns: Option<&Columns>) -> Result<Vec<Column>, String> {
    let named = columns.map_or(&[][..], Columns::named);
    let mut found: Vec<Column> = Vec::with_capacity(record.len());
    for (at, name) in record.iter().enumerate() {
        let name = if at == 0 { without_bom(name) } else { name };
        let Ok(name) = std::str::from_utf8(name) else {
            return Err(format!("the name of column {} is not UTF-8", at + 1));
        };
        let name = name.trim();
        let column = match named.iter().find(|column| column.header == name) {
            Some(column) => column.clone(),
            None => Column::named(name)
                .map_err(|ColumnsError(why)| format!("column {}: {why}", at + 1))?,
        };
        if let Some(other) = found.iter().position(|known| known.member == column.member) {
            return Err(format!(
                "columns {} and {} both hold `{}`",
                other + 1,
                at + 1,
                column.member
            ));
        }
        if let Some(other) = found.iter().find(|known| known.overlaps(&column)) {
            let (outer, inner) = match other.member.depth() < column.member.depth() {
                true => (other, &column),
                false => (&column, other),
            };
            return Err(format!(
                "column `{}` holds `{}`, which is part of `{}` in column `{}`; take one of them out",
                inner.header, inner.member, outer.member, outer.header
            ));
        }
        found.push(column);
    }
    for column in named {
        if !found.iter().any(|known| known.member == column.member) {
            return Err(format!("the table has no column `{}`", column.header));
        }
    }
    match found.iter().any(|column| column.member.is_id()) {
        true => Ok(found),
        false => Err(
            "no column holds the device id; name one `id`, or map one as in serial=id".to_owned(),
        ),
    }
}

/// The column at `at` and the one that holds the members around it have different values.
fn contradiction(columns: &[Column], at: usize) -> String {
    let inner = &columns[at];
    let is_around = |column: &&Column| match (&column.member, &inner.member) {
        (Member::Twin(section, names), Member::Twin(of, _)) => section == of && names.is_empty(),
        (Member::Other(None), Member::Other(_)) => true,
        _ => false,
    };
    let outer = columns.iter().find(is_around).unwrap_or(inner);
    format!(
        "columns `{}` and `{}` have different values of `{}`; take one of them out",
        outer.header, inner.header, inner.member
    )
}

fn assemble(record: &ByteRecord, headers: &[Column]) -> Result<Row, Unfit> {
    if record.len() != headers.len() {
        return Err(Unfit::Cell(format!(
            "{} cells where the header has {} columns",
            record.len(),
            headers.len()
        )));
    }
    let mut assembly = Assembly::default();
    for (cell, column) in record.iter().zip(headers) {
        let at = |why: String| format!("column `{}`: {why}", column.header);
        let cell = std::str::from_utf8(cell).map_err(|_| at("not UTF-8".to_owned()))?;
        assembly.set(column, cell).map_err(at)?;
    }
    assembly.finish(headers)
}

/// Rows on their way into a table.
pub(super) struct TableWriter<'c, W: Write> {
    table: csv::Writer<W>,
    columns: &'c [Column],
    written: u64,
}

impl<'c, W: Write> TableWriter<'c, W> {
    pub(super) fn new(
        sink: W,
        delimiter: u8,
        columns: &'c Columns,
    ) -> Result<Self, TransformError> {
        let columns = columns.as_slice();
        let mut table = WriterBuilder::new()
            .delimiter(delimiter)
            .buffer_capacity(64 * 1024)
            .from_writer(sink);
        let headers = columns.iter().map(|column| column.header.as_str());
        table.write_record(headers).map_err(write_error)?;
        Ok(TableWriter {
            table,
            columns,
            written: 0,
        })
    }

    pub(super) fn row(&mut self, row: &Row) -> Result<(), TransformError> {
        for column in self.columns {
            let cell = cell::write(column, row);
            self.table
                .write_field(cell.as_bytes())
                .map_err(write_error)?;
        }
        self.written += 1;
        self.table.write_record(None::<&[u8]>).map_err(write_error)
    }

    pub(super) fn finish(mut self) -> Result<u64, TransformError> {
        self.table.flush().map_err(TransformError::Write)?;
        Ok(self.written)
    }
}

fn read_error(error: csv::Error) -> TransformError {
    TransformError::Read(io_error(error))
}

fn write_error(error: csv::Error) -> TransformError {
    TransformError::Write(io_error(error))
}

/// The error of the source or the sink as it was, for a closed pipe is told by its kind.
fn io_error(error: csv::Error) -> std::io::Error {
    if !error.is_io_error() {
        return std::io::Error::other(error);
    }
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => std::io::Error::other(format!("{other:?}")),
    }
}
