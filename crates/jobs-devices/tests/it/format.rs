//! What an input is recognized as, whatever it holds.

use jobs_devices::format::{FileFormat, Nesting, Quoting, START, Shape, recognize, start};
use jobs_devices::transform::{Context, Stats};
use proptest::prelude::*;
use std::io::Read as _;

const ROW: &str = r#"{"id":"d1","status":"enabled"}"#;
const OTHER: &str = r#"{"id":"d2","moduleId":"m","tags":{"a":[1,{"b":null}]}}"#;

/// Texts of every form, and what each is when it is UTF-8 without a mark.
fn forms() -> Vec<(&'static str, String, FileFormat)> {
    let form = |name, text: String, format| (name, text, format);
    let twin =
        r#"{"deviceId":"d1","etag":"AA","version":2,"properties":{"desired":{},"reported":{}}}"#;
    vec![
        form("rows", format!("{ROW}\n{OTHER}\n"), FileFormat::DeviceFile),
        form("a row", ROW.to_owned(), FileFormat::DeviceFile),
        form(
            "an array",
            format!("[{ROW},\n{OTHER}]\n"),
            FileFormat::Array,
        ),
        form(
            "several lines",
            "{\n  \"id\": \"d1\",\n  \"status\": \"enabled\"\n}\n".to_owned(),
            FileFormat::SeveralLines,
        ),
        form("commas", format!("{ROW},\n{OTHER},\n"), FileFormat::Joined),
        form("one line", format!("{ROW}{OTHER}\n"), FileFormat::Joined),
        form(
            "carriage returns",
            format!("{ROW}\r{OTHER}\r"),
            FileFormat::CarriageReturns,
        ),
        form(
            "single quotes",
            format!("'{ROW}'\n'{OTHER}'\n"),
            FileFormat::Quoted(Quoting::Single),
        ),
        form(
            "cells",
            format!("\"{}\"\n", ROW.replace('"', "\"\"")),
            FileFormat::Quoted(Quoting::Cell),
        ),
        form(
            "strings",
            format!("\"{}\"\n", ROW.replace('"', "\\\"")),
            FileFormat::Quoted(Quoting::Json),
        ),
        form(
            "a log",
            format!("12:00 INFO {ROW}\n12:01 INFO {OTHER}\n"),
            FileFormat::Prefixed,
        ),
        form(
            "commas between cells",
            "id,status\nd1,enabled\n".to_owned(),
            FileFormat::Table { delimiter: b',' },
        ),
        form(
            "semicolons",
            "id;status\nd1;enabled\n".to_owned(),
            FileFormat::Table { delimiter: b';' },
        ),
        form(
            "tabs",
            "id\tstatus\nd1\tenabled\n".to_owned(),
            FileFormat::Table { delimiter: b'\t' },
        ),
        form(
            "twins",
            format!("[{twin}]\n"),
            FileFormat::Json(Shape::Twins(Nesting::Array)),
        ),
        form(
            "configurations of a tool",
            "{\"content\":{},\"id\":\"c\",\"targetCondition\":\"*\"}\n".to_owned(),
            FileFormat::Json(Shape::ConfigurationDocuments),
        ),
        form(
            "rejected rows",
            "{\"errorStatus\":\"x\",\"id\":\"a\"}\n".to_owned(),
            FileFormat::Json(Shape::ErrorLog),
        ),
        form(
            "capitals",
            "{\"Devices\":[{\"Id\":\"a\"}]}\n".to_owned(),
            FileFormat::Json(Shape::Capitals(Nesting::Devices)),
        ),
        form(
            "a page",
            "<!DOCTYPE html>\n<html></html>\n".to_owned(),
            FileFormat::Html,
        ),
        form(
            "XML",
            "<?xml version=\"1.0\"?>\n<a></a>\n".to_owned(),
            FileFormat::Xml,
        ),
        form(
            "text",
            "no keys in this export\n".to_owned(),
            FileFormat::Unknown,
        ),
        form("blank lines", "\n \r\n\n".to_owned(), FileFormat::Unknown),
        form("nothing", String::new(), FileFormat::Unknown),
    ]
}

/// The text in UTF-16 or UTF-32.
fn wide(text: &str, mark: bool, big: bool, bytes: usize) -> Vec<u8> {
    let mark = mark.then_some('\u{feff}').into_iter();
    let mut encoded = Vec::new();
    for character in mark.chain(text.chars()) {
        let mut unit = vec![0; bytes];
        let code = u32::from(character).to_be_bytes();
        unit.copy_from_slice(&code[4 - bytes..]);
        if !big {
            unit.reverse();
        }
        encoded.extend(unit);
    }
    encoded
}

#[test]
fn every_form_is_recognized_in_every_encoding() {
    for (name, text, format) in forms() {
        let marked = format!("\u{feff}{text}");
        assert_eq!(recognize(text.as_bytes()), format, "{name}");
        assert_eq!(recognize(marked.as_bytes()), format, "{name} with a mark");
        for bytes in [2, 4] {
            for big in [true, false] {
                let found = recognize(&wide(&text, true, big, bytes));
                assert!(
                    matches!(found, FileFormat::Encoded(_)) && found.is_certain(),
                    "{name}, {bytes} bytes each, big {big}: {found:?}"
                );
            }
        }
        if text.trim().len() > 8 {
            for big in [true, false] {
                let found = recognize(&wide(&text, false, big, 2));
                assert!(
                    matches!(found, FileFormat::Encoded(_)),
                    "{name} without a mark, big {big}: {found:?}"
                );
            }
        }
        let with_returns = text.replace('\n', "\r\n");
        if format != FileFormat::CarriageReturns {
            assert_eq!(recognize(with_returns.as_bytes()), format, "{name}, CRLF");
        }
    }
}

#[test]
fn signatures_are_recognized_by_their_first_bytes() {
    for bytes in [
        &b"\x1f\x8b\x08\0\0\0\0\0\0\xff"[..],
        b"\x28\xb5\x2f\xfd\0\0",
        b"PK\x03\x04\x14\0\0\0",
        b"BZh91AY&SY",
        b"\xfd7zXZ\0\0",
        b"PAR1\x15\0",
    ] {
        let format = recognize(bytes);
        assert!(format.is_certain(), "{bytes:?}: {format:?}");
    }
}

/// How many rows are read of an input without it being named as another format: none where it is certain.
fn rows_read(bytes: &[u8]) -> u64 {
    let (first, all) = start(bytes).unwrap();
    if recognize(&first).is_certain() {
        return 0;
    }
    let context = &mut Context::new();
    let mut stats = Stats::new(context);
    stats.add(all).unwrap();
    stats.finish().unwrap().rows
}

#[test]
fn a_foreign_file_that_was_cut_is_not_read_as_rows() {
    let mut foreign: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, text, format) in forms() {
        if format.may_be_device_file() {
            continue;
        }
        foreign.push((name.to_owned(), text.as_bytes().to_vec()));
        foreign.push((
            format!("{name}, CRLF"),
            text.replace('\n', "\r\n").into_bytes(),
        ));
    }
    for (name, text, _) in forms() {
        for (bytes, big) in [(2, true), (2, false), (4, true), (4, false)] {
            for mark in [true, false] {
                foreign.push((format!("{name}, wide"), wide(&text, mark, big, bytes)));
            }
        }
    }
    for (name, bytes) in foreign {
        for end in 0..=bytes.len() {
            // A prefix that is a device file by itself, as one row before a comma is, cannot be told from one.
            let prefix = &bytes[..end];
            let is_row = |line: &[u8]| {
                std::str::from_utf8(line.trim_ascii())
                    .is_ok_and(|line| line.parse::<jobs_devices::Row>().is_ok())
            };
            let of_rows = prefix
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.trim_ascii().is_empty())
                .all(is_row);
            if !of_rows {
                let shown = String::from_utf8_lossy(prefix);
                assert_eq!(rows_read(prefix), 0, "{name}, {end} bytes: {shown}");
            }
        }
    }
}

/// A valid row with names and values of all kinds.
fn row() -> impl Strategy<Value = String> {
    let id = "[A-Za-z0-9.%_#*?!(),:=@$'-]{1,40}";
    let text = any::<String>();
    (id, prop::option::of(text), 0..4_u8, any::<bool>()).prop_map(|(id, text, spaces, module)| {
        let mut row = serde_json::json!({"id": id, "status": "enabled"});
        if let Some(text) = text {
            row["tags"] = serde_json::json!({"a": text, "b": [1, null, {"c": true}]});
        }
        if module {
            row["moduleId"] = "m".into();
        }
        " ".repeat(spaces.into()) + &row.to_string()
    })
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let format = recognize(&bytes);
        prop_assert!(!format.name().is_empty());
        let _ = (format.hint(Some("f"), "devices stats -"), format.sentence("devices check -"));
    }

    #[test]
    fn no_text_of_json_makes_it_panic(text in r#"[\[\]{}:,"'\\ \n\r\t;idI1<>!?a-c]{0,200}"#) {
        let _ = recognize(text.as_bytes()).name();
    }

    #[test]
    fn a_file_of_rows_is_a_device_file_however_its_lines_end(
        rows in prop::collection::vec((row(), 0..3_usize), 1..12),
        marked in any::<bool>(),
        returns in any::<bool>(),
        ended in any::<bool>(),
    ) {
        let end = if returns { "\r\n" } else { "\n" };
        let lines: Vec<String> = rows
            .iter()
            .map(|(row, blank)| end.repeat(*blank) + row)
            .collect();
        let mut text = lines.join(end);
        if ended {
            text.push_str(end);
        }
        if marked {
            text.insert(0, '\u{feff}');
        }
        prop_assert_eq!(recognize(text.as_bytes()), FileFormat::DeviceFile);
        prop_assert_eq!(rows_read(text.as_bytes()), rows.len() as u64);
    }

    #[test]
    fn what_was_read_first_comes_again(bytes in prop::collection::vec(any::<u8>(), 0..300), copies in 0..600_usize) {
        let all = bytes.repeat(copies);
        let (first, mut whole) = start(&all[..]).unwrap();
        prop_assert_eq!(first.len(), all.len().min(START));
        let mut again = Vec::new();
        whole.read_to_end(&mut again).unwrap();
        prop_assert!(again == all);
    }
}
