//! Lines longer than are held.

use jobs_devices::transform::{Context, Format, Purpose, check, convert, filter, stats};
use jobs_devices::{DEFAULT_MAX_LINE, Item, Options, Reader};

fn limited<'a>() -> Context<'a> {
    Context::new().options(Options::new().max_line(1_000))
}

fn long_row(len: usize) -> String {
    let frame = r#"{"id":"a","status":"enabled","tags":{"t":""}}"#.len();
    let text = "x".repeat(len - frame);
    format!(r#"{{"id":"a","status":"enabled","tags":{{"t":"{text}"}}}}"#)
}

#[test]
fn every_byte_of_a_file_is_counted_however_long_its_lines() {
    for len in [500, 1_000, 1_001, 256 * 1024, 1024 * 1024, 1024 * 1024 + 1] {
        for end in ["", "\n", "\r\n", "\n{\"id\":\"b\"}\n"] {
            let file = format!(
                "{{\"id\":\"c\",\"status\":\"enabled\"}}\n{}{end}",
                long_row(len)
            );
            let report = stats(file.as_bytes(), &mut limited()).unwrap();
            assert_eq!(report.bytes, file.len() as u64, "{len} {end:?}");
            let len = len + end.starts_with('\r') as usize;
            assert_eq!(report.bad_lines, u64::from(len > 1_000), "{len} {end:?}");
        }
    }
}

#[test]
fn a_line_that_is_too_long_is_told_of_with_its_place_and_length() {
    for len in [2_000, 1024 * 1024] {
        let file = format!(
            "{{\"id\":\"c\",\"status\":\"enabled\"}}\n{}\n",
            long_row(len)
        );
        let mut rejects = Vec::new();
        let condition = jobs_devices::query::parse_condition("*").unwrap();
        let mut context = limited().rejects(&mut rejects);
        let report = filter(file.as_bytes(), Vec::new(), &condition, &mut context).unwrap();
        let problem = &report.passed.problems[0];
        let expected = format!(
            "longer than 1000 bytes, the most that a line may have: it has {len}, from offset 30 on; \
             only the first 256 are kept as a reject, copy it from the file"
        );
        assert_eq!((problem.offset, &problem.message), (30, &expected));
        assert_eq!(rejects, [&file.as_bytes()[30..286], b"\n"].concat());
        let report = check(file.as_bytes(), Purpose::Export, &mut limited()).unwrap();
        let found = &report.findings[0];
        assert_eq!((found.rule, found.offset), ("line-length", 30));
        assert!(
            found.message.ends_with(&format!("it has {len}")),
            "{}",
            found.message
        );
    }
}

#[test]
fn words_are_a_notice_however_long() {
    for words in [
        "Keys are left out. ",
        "[notice] größer ",
        "1.5 or more ",
        "\u{feff} ä",
        "\"a\" b ",
    ] {
        let line = words.repeat(300_000);
        let file = format!("{line}\n{{\"id\":\"b\"}}\n");
        let report = stats(file.as_bytes(), &mut limited()).unwrap();
        assert_eq!(
            (report.notices, report.bad_lines, report.rows),
            (1, 0, 1),
            "{words}"
        );
        let options = Options::new().max_line(1_000);
        let first = Reader::<_, jobs_devices::Row>::of(file.as_bytes(), options).next();
        let Item::Notice(shown) = first.unwrap().unwrap().item else {
            panic!("no notice: {words}");
        };
        assert!(shown.ends_with('…') && shown.len() < 300, "{shown}");
    }
    for (first, more) in [
        ("", "[1, "),
        ("", "{\"a\": "),
        ("{", "words, "),
        ("\"", "text "),
        ("", "12345"),
    ] {
        let file = format!("{first}{}", more.repeat(300_000));
        let report = stats(file.as_bytes(), &mut limited()).unwrap();
        assert_eq!((report.notices, report.bad_lines), (0, 1), "{first}{more}");
    }
}

#[test]
fn strict_reading_ends_at_long_words_behind_the_first_line() {
    let words = "words ".repeat(100_000);
    let strict = Options::new().strict(true).max_line(1_000);
    for (file, is_read) in [
        (format!("{words}\n{{\"id\":\"b\"}}\n"), true),
        (format!("{{\"id\":\"b\"}}\n{words}\n"), false),
    ] {
        let mut context = Context::new().options(strict.clone());
        assert_eq!(stats(file.as_bytes(), &mut context).is_ok(), is_read);
    }
}

#[test]
fn a_table_whose_row_becomes_too_long_a_line_is_warned_about() {
    let cell = "x".repeat(2_000);
    let table = format!("id,tags.t\na,{cell}\nb,short\n");
    for form in [Format::Lines, Format::Json] {
        let mut out = Vec::new();
        let report = convert(
            table.as_bytes(),
            Format::Csv,
            &mut out,
            form,
            None,
            &mut limited(),
        )
        .unwrap();
        assert_eq!((report.written, report.passed.problems.len()), (2, 1));
        let problem = &report.passed.problems[0];
        let size = format!(r#"{{"id":"a","tags":{{"t":"{cell}"}}}}"#).len();
        assert_eq!((problem.line, problem.id.as_deref()), (2, Some("a")));
        let expected = format!("a row of {size} bytes; readers take 1000");
        assert!(problem.message.contains(&expected), "{}", problem.message);
    }
}

#[test]
fn an_element_of_an_array_that_is_too_long_is_told_of_with_its_length() {
    let long = long_row(DEFAULT_MAX_LINE + 1);
    let file = format!("[{{\"id\":\"b\"}},{long}]");
    let report = convert(
        file.as_bytes(),
        Format::Json,
        Vec::new(),
        Format::Lines,
        None,
        &mut Context::new(),
    )
    .unwrap();
    assert_eq!((report.written, report.passed.bad_lines), (1, 1));
    let message = &report.passed.problems[0].message;
    assert!(
        message.contains(&format!("it has {}", long.len())),
        "{message}"
    );
}

#[test]
fn a_row_of_very_many_members_is_a_bad_line_with_a_reason() {
    let members = |count: usize| -> String { (0..count).map(|n| format!(",\"{n}\":1")).collect() };
    let scopes = vec!["\"\""; 350_001].join(",");
    for (row, part) in [
        (
            format!(
                "{{\"id\":\"a\",\"status\":\"enabled\"{}}}",
                members(175_001)
            ),
            "at most 175,000 members",
        ),
        (
            format!(
                "{{\"id\":\"a\",\"authentication\":{{\"type\":\"sas\"{}}}}}",
                members(175_001)
            ),
            "at most 175,000 members",
        ),
        (
            format!("{{\"id\":\"a\",\"parentScopes\":[{scopes}]}}"),
            "at most 350,000 texts",
        ),
    ] {
        let report = check(row.as_bytes(), Purpose::Export, &mut Context::new()).unwrap();
        assert_eq!(report.rows, 0);
        assert_eq!(report.findings[0].rule, "row-type");
        let message = &report.findings[0].message;
        assert!(message.contains(part), "{message}");
        let entry = Reader::new(row.as_bytes()).next().unwrap().unwrap();
        assert!(matches!(entry.item, Item::Bad(_)));
    }
    let row = format!(
        "{{\"id\":\"a\",\"status\":\"enabled\"{}}}",
        members(175_000)
    );
    let report = stats(row.as_bytes(), &mut Context::new()).unwrap();
    assert_eq!((report.rows, report.bad_lines), (1, 0));
}
