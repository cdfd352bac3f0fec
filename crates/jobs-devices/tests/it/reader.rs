//! Whatever a file holds, every line of it is told of, with its place.

use std::io::{self, Read};

use jobs_devices::{
    BadLine, Cause, Entry, Feeder, ImportError, Item, Options, Reader, Row, Writer,
};

fn read(file: &[u8]) -> Vec<Entry> {
    Reader::new(file)
        .collect::<io::Result<_>>()
        .expect("a slice can always be read")
}

fn only(file: &[u8]) -> Item {
    let mut entries = read(file);
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.remove(0).item
}

fn bad(file: &[u8]) -> BadLine {
    match only(file) {
        Item::Bad(bad) => bad,
        other => panic!("{other:?} of {:?}", String::from_utf8_lossy(file)),
    }
}

fn id(item: &Item) -> &str {
    match item {
        Item::Row(row) => &row.id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn lines_have_their_number_and_offset_whatever_ends_them() {
    let file = b"\xef\xbb\xbf{\"id\":\"a\"}\r\n\n  \t\r\n{\"id\":\"b\"}\n \t{\"id\":\"c\"} \r\n{\"id\":\"d\"}";
    let entries = read(file);
    let places: Vec<_> = entries
        .iter()
        .map(|entry| (id(&entry.item), entry.line, entry.offset))
        .collect();
    assert_eq!(
        places,
        [("a", 1, 0), ("b", 4, 21), ("c", 5, 32), ("d", 6, 47)]
    );
}

#[test]
fn words_are_a_notice_and_json_of_another_kind_is_a_bad_line() {
    assert_eq!(
        only(b"Keys were not exported.\r\n"),
        Item::Notice("Keys were not exported.".to_owned())
    );
    assert!(matches!(only(b"\0\0\0\n"), Item::Notice(_)));
    for json in ["[1]", "\"text\"", "7", "null", "{}"] {
        assert!(
            matches!(bad(json.as_bytes()).cause, Cause::Misfit(_)),
            "{json}"
        );
    }
}

#[test]
fn what_is_not_json_is_bad_and_says_where() {
    let cases: [(&[u8], u64); 9] = [
        (b"{\"id\":\"a\",}\n", 11),
        (b"{\"id\":\"a\"} {\n", 12),
        (b"{\"id\":\"a\0\"}\n", 9),
        (b"{\"id\":\"a\",\"tags\":{\"n\":01}}\n", 24),
        (b"{\"id\":\"a\",\"tags\":{\"n\":+1}}\n", 23),
        (b"{\"id\":\"a\",\"tags\":{\"n\":NaN}}\n", 23),
        (b"{\"id\":\"a\",\"tags\":{\"n\":\"\\x\"}}\n", 25),
        (b"{'id':'a'}\n", 2),
        (b"{\"id\":\"a\" \"b\":1}\n", 11),
    ];
    for (line, column) in cases {
        let bad = bad(line);
        assert!(matches!(bad.cause, Cause::NotJson { .. }), "{bad:?}");
        assert_eq!(
            bad.column(),
            Some(column),
            "{}",
            String::from_utf8_lossy(line)
        );
    }
}

#[test]
fn bytes_that_are_not_utf8_are_bad_wherever_they_stand() {
    assert_eq!(
        bad(b"{\"id\":\"\xff\"}\n").cause,
        Cause::NotUtf8 { column: 8 }
    );
    assert_eq!(
        bad(b"{\"id\":\"a\",\"tags\":{\"k\":\"\xc3\x28\"}}\n").cause,
        Cause::NotUtf8 { column: 24 }
    );
    assert_eq!(
        bad(b"{\"id\":\"a\",\"x\":\"\xed\xa0\x80\"}\n").cause,
        Cause::NotUtf8 { column: 16 }
    );
    assert_eq!(bad(b"\xff\xfe{\0").cause, Cause::Utf16);
}

#[test]
fn a_file_cut_off_says_so_and_a_line_cut_off_in_its_middle_is_not_json() {
    let entries = read(b"{\"id\":\"a\"}\n{\"id\":\"b\",\"ta");
    assert_eq!(id(&entries[0].item), "a");
    assert!(
        matches!(&entries[1].item, Item::Bad(bad) if bad.cause.rule() == "truncated"),
        "{entries:?}"
    );
    let entries = read(b"{\"id\":\"a\n{\"id\":\"b\"}\n");
    assert!(
        matches!(&entries[0].item, Item::Bad(bad) if bad.cause.rule() == "json"),
        "{entries:?}"
    );
    assert_eq!(id(&entries[1].item), "b");
}

#[test]
fn a_bad_line_keeps_its_bytes_for_a_file_of_rejects() {
    let bad = bad(b"  {\"id\":1}\r\n");
    assert_eq!(bad.raw(), b"  {\"id\":1}");
    assert_eq!(bad.len(), 10);
}

#[test]
fn a_line_beyond_the_limit_is_bad_and_the_next_is_read() {
    let long = 3 * 1024 * 1024;
    let file = format!(
        "{{\"id\":\"a\"}}\n{{\"id\":\"{}\"}}\n{{\"id\":\"b\"}}\n",
        "x".repeat(long)
    );
    for limit in [16, 1024, 1024 * 1024] {
        let entries: Vec<Entry> = Reader::of(file.as_bytes(), Options::new().max_line(limit))
            .collect::<io::Result<_>>()
            .unwrap();
        assert_eq!((id(&entries[0].item), id(&entries[2].item)), ("a", "b"));
        let Item::Bad(bad) = &entries[1].item else {
            panic!("{entries:?}")
        };
        assert_eq!(
            bad.cause,
            Cause::TooLong {
                limit: limit as u64
            }
        );
        assert_eq!(bad.len(), long as u64 + 9);
        assert!(bad.raw().len() <= 256 && file.as_bytes()[11..].starts_with(bad.raw()));
        assert_eq!((entries[2].line, entries[2].offset), (3, long as u64 + 21));
    }
}

#[test]
fn strict_reading_ends_at_the_first_line_that_is_no_row() {
    let strict = |file: &[u8]| -> Vec<Entry> {
        Reader::of(file, Options::new().strict(true))
            .collect::<io::Result<_>>()
            .unwrap()
    };
    let entries =
        strict(b"A notice may stand first.\n{\"id\":\"a\"}\nBut not here.\n{\"id\":\"b\"}\n");
    assert_eq!(entries.len(), 3);
    assert!(matches!(entries[0].item, Item::Notice(_)));
    assert!(matches!(&entries[2].item, Item::Bad(bad) if bad.cause.rule() == "strict"));
    assert_eq!(strict(b"{\"id\":1}\n{\"id\":\"b\"}\n").len(), 1);
}

#[test]
fn chunks_of_any_size_give_the_same_entries() {
    let file = b"Notice\r\n{\"id\":\"a\"}\r\n\r\n{\"id\":\n{\"id\":\"\xc3\xa4\"}\n{\"id\":\"c\"}";
    let whole = read(file);
    for size in 1..file.len() {
        let (mut feeder, mut entries) = (Feeder::new(), Vec::new());
        for chunk in file.chunks(size) {
            feeder.feed(chunk);
            entries.extend(feeder.by_ref());
        }
        feeder.finish();
        entries.extend(feeder.by_ref());
        assert_eq!(entries, whole, "chunks of {size}");
    }
}

#[test]
fn an_error_of_the_source_is_told_once() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("cable cut"))
        }
    }
    let mut reader = Reader::new(b"{\"id\":\"a\"}\n".chain(Broken));
    assert!(reader.next().unwrap().is_ok());
    assert_eq!(reader.next().unwrap().unwrap_err().to_string(), "cable cut");
    assert!(reader.next().is_none());
}

#[test]
fn an_error_log_is_read_line_by_line() {
    let log = b"{\"deviceId\":\"d\",\"errorCode\":409001,\"errorStatus\":\"d\"}\r\n";
    let entries: Vec<Entry<ImportError>> = Reader::of(&log[..], Options::new())
        .collect::<io::Result<_>>()
        .unwrap();
    assert!(
        matches!(&entries[..], [Entry { item: Item::Row(error), .. }] if error.error_code == 409_001)
    );
    assert_eq!(
        Reader::<_, ImportError>::of(&b""[..], Options::new()).count(),
        0
    );
}

#[test]
fn a_written_file_appears_whole_private_and_only_when_finished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("devices.txt");
    std::fs::write(&path, "before").unwrap();
    let mut writer = Writer::create(&path).unwrap();
    writer.write(&Row::new("a")).unwrap();
    drop(writer);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left behind"
    );

    let mut writer = Writer::create(&path).unwrap();
    writer.write(&Row::new("a")).unwrap();
    writer.write(&Row::new("b")).unwrap();
    writer.finish().unwrap();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "{\"id\":\"a\"}\n{\"id\":\"b\"}\n"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
