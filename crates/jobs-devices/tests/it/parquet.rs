//! Device files as Parquet tables, read back by the library's own reader.

use bytes::Bytes;
use jobs_devices::transform::{Columns, Context, Format, GenerateOptions, convert, generate};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

fn table(file: &[u8], columns: Option<&Columns>) -> SerializedFileReader<Bytes> {
    let mut out = Vec::new();
    convert(
        file,
        Format::Lines,
        &mut out,
        Format::Parquet,
        columns,
        &mut Context::new(),
    )
    .unwrap();
    SerializedFileReader::new(Bytes::from(out)).unwrap()
}

#[test]
fn typed_columns_read_back_typed_and_absent_values_as_null() {
    let file = concat!(
        r#"{"id":"a","tags":{"site":"Zürich","floor":3,"hot":true},"capabilities":{"iotEdge":true}}"#,
        "\n",
        r#"{"id":"b","tags":{"site":5,"floor":"no number"}}"#,
        "\n"
    );
    let columns: Columns =
        "id,site=tags.site,floor=tags.floor:number,hot=tags.hot:bool,edge=iotEdge,tags"
            .parse()
            .unwrap();
    let reader = table(file.as_bytes(), Some(&columns));
    let rows: Vec<Vec<(String, Field)>> = reader
        .get_row_iter(None)
        .unwrap()
        .map(|row| row.unwrap().into_columns())
        .collect();
    let text = |text: &str| Field::Str(text.to_owned());
    let values = |row: usize| {
        rows[row]
            .iter()
            .map(|(_, field)| field.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        values(0),
        [
            text("a"),
            text("Zürich"),
            Field::Double(3.0),
            Field::Bool(true),
            Field::Bool(true),
            text(r#"{"site":"Zürich","floor":3,"hot":true}"#)
        ]
    );
    assert_eq!(
        values(1),
        [
            text("b"),
            text("5"),
            Field::Null,
            Field::Null,
            Field::Null,
            text(r#"{"site":5,"floor":"no number"}"#)
        ]
    );
}

#[test]
fn a_large_fleet_stands_in_several_row_groups() {
    let mut file = Vec::new();
    generate(
        &mut file,
        &GenerateOptions::new(60_000),
        &mut Context::new(),
    )
    .unwrap();
    let reader = table(&file, None);
    let metadata = reader.metadata();
    assert_eq!(metadata.file_metadata().num_rows(), 60_000);
    assert!(metadata.num_row_groups() > 1);
    assert_eq!(reader.get_row_iter(None).unwrap().count(), 60_000);
}

#[test]
fn an_empty_file_is_an_empty_table() {
    assert_eq!(table(b"", None).metadata().file_metadata().num_rows(), 0);
}
