//! What has to hold for any bytes at all. The fuzzer (`fuzz/`) and the replay of its corpus (`corpus.rs`) run the same functions.

use jobs_devices::query::{Condition, parse_condition, parse_query};
use jobs_devices::transform::{
    AnonymiseKey, Columns, Context, DiffOptions, Format, Template, TwinText, anonymise, convert,
    diff,
};
use jobs_devices::{
    Configuration, Entry, Feeder, ImportError, Item, Options, Record, Row, RowRef, Scratch,
    parallel,
};
use std::ops::ControlFlow;

/// Reads all lines, the bytes fed in pieces of that size.
fn read<T: Record>(bytes: &[u8], piece: usize, options: Options) -> Vec<Entry<T>> {
    let mut feeder = Feeder::<T>::of(options);
    let mut entries = Vec::new();
    for chunk in bytes.chunks(piece.max(1)) {
        feeder.feed(chunk);
        entries.extend(feeder.by_ref());
    }
    feeder.finish();
    entries.extend(feeder.by_ref());
    entries
}

fn line<T: Record>(record: &T) -> Vec<u8> {
    let mut line = Vec::new();
    record.write_line(&mut line);
    line
}

/// A file reads alike however it is cut, its lines come in order, and what was read as a record is written as one that
/// reads the same.
fn file<T: Record + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    let whole = read::<T>(bytes, bytes.len(), Options::new());
    let piece = usize::from(bytes.first().copied().unwrap_or(0)) % 37 + 1;
    assert_eq!(whole, read::<T>(bytes, piece, Options::new()));
    assert!(whole.is_sorted_by(|a, b| a.line < b.line && a.offset < b.offset));
    for entry in &whole {
        if let Item::Row(record) = &entry.item {
            let written = line(record);
            let again = read::<T>(&written, written.len(), Options::new());
            assert!(matches!(&again[..], [Entry { item: Item::Row(same), .. }] if same == record));
            assert_eq!(line(record), written);
        }
    }
    let short = read::<T>(bytes, bytes.len(), Options::new().max_line(16));
    assert_eq!(
        short.len(),
        read::<T>(bytes, piece, Options::new().max_line(16)).len()
    );
    let strict = read::<T>(bytes, bytes.len(), Options::new().strict(true));
    let bad = strict
        .iter()
        .filter(|entry| matches!(entry.item, Item::Bad(_)));
    assert!(bad.count() <= 1, "strict reading ends at a bad line");
}

/// A device file: rows that borrow their lines are the rows that are fed.
pub(crate) fn reader(bytes: &[u8]) {
    file::<Row>(bytes);
    for options in [
        Options::new(),
        Options::new().strict(true),
        Options::new().max_line(16),
    ] {
        let fed: Vec<_> = read::<Row>(bytes, bytes.len(), options.clone())
            .into_iter()
            .map(|entry| (entry.line, entry.offset, entry.item))
            .collect();
        assert_eq!(borrowed(bytes, &options), fed);
    }
}

fn borrowed(bytes: &[u8], options: &Options) -> Vec<(u64, u64, Item<Row>)> {
    let mut all = Vec::new();
    let work = |chunk: parallel::Chunk<'_>| {
        let mut entries = Vec::new();
        chunk.for_each(|entry| {
            let item = match entry.item {
                Item::Row(row) => Item::Row(row.to_row().expect("a borrowed row can be owned")),
                Item::Notice(words) => Item::Notice(words),
                Item::Bad(bad) => Item::Bad(bad),
                _ => return,
            };
            entries.push((entry.line, entry.offset, item));
        });
        entries
    };
    let take = |entries| {
        all.extend::<Vec<_>>(entries);
        ControlFlow::Continue(())
    };
    parallel::for_each_chunk_with(1, bytes, options, work, take).expect("bytes can be read");
    all
}

/// An error log, and a configurations file.
pub(crate) fn error_log(bytes: &[u8]) {
    file::<ImportError>(bytes);
    file::<Configuration>(bytes);
}

/// One row: what is done with it keeps it a row.
pub(crate) fn row(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let row = text.parse::<Row>();
    let mut scratch = Scratch::new();
    let borrowed = RowRef::parse(bytes, &mut scratch);
    if !text.contains(['\n', '\r']) {
        let owned = borrowed
            .as_ref()
            .ok()
            .map(|row| row.to_row().expect("a borrowed row can be owned"));
        assert_eq!(owned.as_ref(), row.as_ref().ok());
    }
    let Ok(row) = row else {
        return;
    };
    let written = row.to_line();
    let again: Row = written.parse().expect("a written row is a row");
    assert_eq!(again, row);
    assert_eq!(again.to_line(), written);
    let _ = (row.validate(), format!("{row:?}"));
    let same = diff(
        written.as_bytes(),
        written.as_bytes(),
        DiffOptions::new().with_etags(true),
        &mut Context::new(),
    );
    assert!(same.expect("both are rows").is_same());
    let key = AnonymiseKey::new(b"key").expect("a key");
    let mut out = Vec::new();
    let report = anonymise(
        written.as_bytes(),
        &mut out,
        &key,
        TwinText::Mask,
        &mut Context::new(),
    );
    assert_eq!(report.expect("a row").written, 1);
    let hidden: Row = String::from_utf8(out)
        .expect("text")
        .parse()
        .expect("a row");
    assert_eq!(hidden.is_edge(), row.is_edge());
    for condition in CONDITIONS {
        let _ = parse_condition(condition)
            .expect("a condition")
            .matches(&row);
    }
    let _ = text.parse::<Template>();
}

const CONDITIONS: &[&str] = &[
    "tags.a.b[1] = 'x' OR properties.desired.fw != 1",
    "NOT IS_DEFINED(authentication.symmetricKey.primaryKey) AND status NIN ['enabled']",
    "x509Thumbprint.primaryThumbprint = capabilities.iotEdge OR parentScopes[0] = id",
    "IS_NULL(statusReason) OR IS_NULL(tags) OR IS_NULL(properties.desired) OR IS_DEFINED(eTag)",
    "status != 'disabled' AND authenticationType != 'sas' AND moduleId != 'x' AND twinETag > deviceScope",
    "IS_OBJECT(properties) OR IS_NULL(properties.reported.a) OR IS_NULL(authentication) OR importMode = 'x'",
];

/// A table: what it was read as comes back from a table, and the mapping of columns may be any text.
pub(crate) fn csv(bytes: &[u8]) {
    let (mapping, table) = match bytes.iter().position(|byte| *byte == 0) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (&bytes[..0], bytes),
    };
    let mapping = std::str::from_utf8(mapping).unwrap_or_default();
    let columns = mapping.parse::<Columns>().ok();
    let delimited = if table.len() % 2 == 0 {
        Format::Csv
    } else {
        Format::Tsv
    };
    let Some(rows) = converted(table, delimited, Format::Lines, columns.as_ref()) else {
        return;
    };
    survives(&rows, delimited);
}

/// A JSON array: what it was read as comes back from an array and from a table.
pub(crate) fn array(bytes: &[u8]) {
    let Some(rows) = converted(bytes, Format::Json, Format::Lines, None) else {
        return;
    };
    let array = converted(&rows, Format::Lines, Format::Json, None).expect("rows are an array");
    assert_eq!(
        converted(&array, Format::Json, Format::Lines, None).as_ref(),
        Some(&rows)
    );
    survives(&rows, Format::Csv);
}

fn converted(bytes: &[u8], from: Format, to: Format, columns: Option<&Columns>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let report = convert(bytes, from, &mut out, to, columns, &mut Context::new()).ok()?;
    let rows = report.passed.rows;
    assert_eq!(report.written, rows);
    Some(out)
}

/// Whether the rows come back from a table with all columns, as far as a table can hold them.
fn survives(rows: &[u8], format: Format) {
    let mut table = Vec::new();
    let report = convert(
        rows,
        Format::Lines,
        &mut table,
        format,
        None,
        &mut Context::new(),
    );
    let report = report.expect("rows are a table");
    let back = converted(&table, format, Format::Lines, None).expect("a table is rows");
    if back == rows {
        return;
    }
    let named = read::<Row>(rows, rows.len(), Options::new())
        .iter()
        .all(|entry| matches!(&entry.item, Item::Row(row) if !row.id.is_empty()));
    if named && report.not_carried.is_empty() {
        let difference = diff(
            rows,
            &back[..],
            DiffOptions::new().with_etags(true),
            &mut Context::new(),
        );
        let difference = difference.expect("both are rows");
        let only_emptied =
            |fields: &[String]| fields.iter().all(|field| EMPTIED.contains(&field.as_str()));
        assert!(difference.added.is_empty() && difference.removed.is_empty());
        assert!(
            difference
                .changed
                .iter()
                .all(|changed| only_emptied(&changed.fields)),
            "{difference:?}"
        );
    }
}

/// Parts of a row that a table does not hold when nothing is in them.
const EMPTIED: &[&str] = &[
    "authentication",
    "authentication.type",
    "authentication.symmetricKey",
    "authentication.symmetricKey.primaryKey",
    "authentication.symmetricKey.secondaryKey",
    "authentication.x509Thumbprint",
    "authentication.x509Thumbprint.primaryThumbprint",
    "authentication.x509Thumbprint.secondaryThumbprint",
    "capabilities",
    "capabilities.iotEdge",
    "properties",
    "properties.desired",
    "properties.reported",
];

/// A query: what parses prints as what parses to the same, and an error lies inside the text.
pub(crate) fn query(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match parse_condition(text) {
        Ok(condition) => {
            let again = parse_condition(&condition.to_string());
            assert_eq!(again.as_ref(), Ok(&condition));
            evaluate(&condition);
        }
        Err(error) => assert!(text.is_char_boundary(error.position())),
    }
    if let Ok(query) = parse_query(text) {
        assert_eq!(parse_query(&query.to_string()), Ok(query));
    }
}

fn evaluate(condition: &Condition) {
    let line = r#"{"id":"d","status":"enabled","tags":{"a":[1,"x",null],"b":{"c":2.5},"d":true},"properties":{"desired":{"a":"1"}}}"#;
    let row: Row = line.parse().expect("a row");
    let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(
        condition.matches(&row),
        condition.matches(&value),
        "{condition}"
    );
}
