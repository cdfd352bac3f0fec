//! Parquet tables.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use super::NotCarried;
use super::cell::{Value, value};
use super::columns::{Column, Columns, Kind, Member};
use crate::Row;
use crate::object::Shape;
use crate::transform::TransformError;

/// A row group ends at so many rows, or at so many bytes of text: it is held in memory, and once more in its encoded form.
const GROUP_ROWS: usize = 50_000;
const GROUP_BYTES: usize = 8 << 20;
/// A row with so many bytes of text ends its group.
const LONG_ROW_BYTES: usize = 1 << 20;

/// Values of one column waiting for their row group; `present` says which rows have one.
struct Held {
    values: Values,
    present: Vec<i16>,
    /// How many rows had a value that is not of the column's type.
    unfit: u64,
}

enum Values {
    Text(Vec<ByteArray>),
    Number(Vec<f64>),
    Bool(Vec<bool>),
}

impl Values {
    fn of(column: &Column) -> Values {
        match (&column.member, column.kind) {
            (Member::Row(_, Shape::Bool), _) | (_, Kind::Bool) => Values::Bool(Vec::new()),
            (_, Kind::Number) => Values::Number(Vec::new()),
            _ => Values::Text(Vec::new()),
        }
    }
}

/// Rows on their way into a Parquet file: one optional column for each column of the table. Text columns are strings, `:number`
/// ones doubles, `:bool` ones and `iotEdge` booleans; a value that is not of its column's type is absent, and counted.
pub(super) struct ParquetWriter<'c, W: Write + Send> {
    file: SerializedFileWriter<W>,
    columns: &'c [Column],
    held: Vec<Held>,
    rows: usize,
    bytes: usize,
    written: u64,
}

impl<'c, W: Write + Send> ParquetWriter<'c, W> {
    pub(super) fn new(sink: W, columns: &'c Columns) -> Result<Self, TransformError> {
        let columns = columns.as_slice();
        let held: Vec<Held> = columns
            .iter()
            .map(|column| Held {
                values: Values::of(column),
                present: Vec::new(),
                unfit: 0,
            })
            .collect();
        let schema = schema(columns, &held).map_err(write_error)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by("iothub-jobs".to_owned())
            .build();
        let file = SerializedFileWriter::new(sink, Arc::new(schema), Arc::new(properties));
        Ok(ParquetWriter {
            file: file.map_err(write_error)?,
            columns,
            held,
            rows: 0,
            bytes: 0,
            written: 0,
        })
    }

    pub(super) fn row(&mut self, row: &Row) -> Result<(), TransformError> {
        let before = self.bytes;
        for (column, held) in self.columns.iter().zip(&mut self.held) {
            self.bytes += held.push(value(&column.member, row));
        }
        self.rows += 1;
        self.written += 1;
        let is_long = self.bytes - before >= LONG_ROW_BYTES;
        if is_long || self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.flush().map_err(write_error)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for held in &mut self.held {
            let Some(column) = group.next_column()? else {
                break;
            };
            held.write(column)?;
        }
        group.close()?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    /// The number of rows written, and the columns that lost values.
    pub(super) fn finish(mut self) -> Result<(u64, Vec<NotCarried>), TransformError> {
        self.flush().map_err(write_error)?;
        self.file
            .finish()
            .and_then(|_| Ok(self.file.inner_mut().flush()?))
            .map_err(write_error)?;
        let unfit = self.columns.iter().zip(&self.held);
        let unfit = unfit.filter(|(_, held)| held.unfit > 0);
        let unfit = unfit.map(|(column, held)| NotCarried {
            member: column.member.to_string(),
            rows: held.unfit,
        });
        Ok((self.written, unfit.collect()))
    }
}

impl Held {
    /// Takes the value and says about how many bytes it holds.
    fn push(&mut self, value: Value<'_>) -> usize {
        let mut size = 2;
        let present = match (&mut self.values, value) {
            (_, Value::Absent) => false,
            (Values::Number(_) | Values::Bool(_), Value::Json(json)) if json == "null" => false,
            (Values::Text(texts), value) => {
                let text = match value {
                    Value::Text(text) | Value::Json(text) => text.into_owned(),
                    Value::Bool(flag) => flag.to_string(),
                    Value::Absent => String::new(),
                };
                size += text.len() + 32;
                texts.push(ByteArray::from(text.into_bytes()));
                true
            }
            (Values::Number(numbers), Value::Json(json)) => {
                let number = double(&json);
                numbers.extend(number);
                self.unfit += u64::from(number.is_none());
                number.is_some()
            }
            (Values::Bool(flags), Value::Bool(flag)) => {
                flags.push(flag);
                true
            }
            _ => {
                self.unfit += 1;
                false
            }
        };
        self.present.push(i16::from(present));
        size
    }

    fn write(&mut self, mut column: SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let present = Some(&self.present[..]);
        match &mut self.values {
            Values::Text(values) => {
                column
                    .typed::<ByteArrayType>()
                    .write_batch(values, present, None)?;
                values.clear();
            }
            Values::Number(values) => {
                column
                    .typed::<DoubleType>()
                    .write_batch(values, present, None)?;
                values.clear();
            }
            Values::Bool(values) => {
                column
                    .typed::<BoolType>()
                    .write_batch(values, present, None)?;
                values.clear();
            }
        }
        self.present.clear();
        column.close()
    }
}

/// The number that a JSON text is, unless a double cannot hold it: one out of range, or an integer with more digits.
fn double(json: &str) -> Option<f64> {
    let number = json
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())?;
    let is_integer = !json.contains(['.', 'e', 'E']);
    if is_integer && json.parse().ok() != Some(number as i128) {
        return None;
    }
    Some(number)
}

fn schema(columns: &[Column], held: &[Held]) -> Result<Type, ParquetError> {
    let mut fields = Vec::with_capacity(columns.len());
    for (column, held) in columns.iter().zip(held) {
        let (physical, logical) = match held.values {
            Values::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Values::Number(_) => (Physical::DOUBLE, None),
            Values::Bool(_) => (Physical::BOOLEAN, None),
        };
        let field = Type::primitive_type_builder(&column.header, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()?;
        fields.push(Arc::new(field));
    }
    Type::group_type_builder("devices")
        .with_fields(fields)
        .build()
}

fn write_error(error: ParquetError) -> TransformError {
    let inner = match error {
        // An error of the sink keeps its kind, for a closed pipe is told by it.
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(error) => return TransformError::Write(*error),
            Err(other) => other,
        },
        other => Box::new(other),
    };
    TransformError::Write(std::io::Error::other(inner))
}
