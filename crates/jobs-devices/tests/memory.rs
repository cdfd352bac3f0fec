//! A file far larger than memory is allowed to be is read within 64 MiB. A process of its own, since the peak is measured of the whole process.
#![cfg(target_os = "linux")]
#![expect(
    clippy::print_stderr,
    reason = "a case tells its parent process that it ran"
)]

use std::io::{self, Read};
use std::ops::ControlFlow;

use jobs_devices::query::parse_condition;
use jobs_devices::transform::{
    Columns, Context, Format, Keep, PrepareOptions, Purpose, SplitAt, TransformError, check_each,
    convert, filter, merge, prepare_import, set_mode, split, stats,
};
use jobs_devices::{Item, Options, Reader, parallel};

/// 2 GB with optimisation; without it less, which is still more than is allowed in memory and takes seconds.
const BYTES: u64 = if cfg!(debug_assertions) {
    80_000_000
} else {
    2_000_000_000
};

const LIMIT_KIB: u64 = 64 * 1024;

/// Rows made as they are read: none is ever in memory but those asked for.
struct Fleet {
    made: u64,
    rows: u64,
    line: Vec<u8>,
    given: usize,
}

impl Fleet {
    fn new() -> Self {
        Self {
            made: 0,
            rows: 0,
            line: Vec::new(),
            given: 0,
        }
    }
}

impl Read for Fleet {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while count < buffer.len() {
            if self.given == self.line.len() {
                if self.made >= BYTES {
                    break;
                }
                self.rows += 1;
                let (number, text) = (self.rows, "x".repeat(4000));
                self.line = format!(
                    "{{\"id\":\"device-{number:010}\",\"status\":\"enabled\",\"tags\":{{\"site\":\"a\",\"n\":{number}}},\"properties\":{{\"desired\":{{\"text\":\"{text}\"}},\"reported\":{{}}}}}}\n"
                )
                .into_bytes();
                self.made += self.line.len() as u64;
                self.given = 0;
            }
            let some = (self.line.len() - self.given).min(buffer.len() - count);
            buffer[count..count + some].copy_from_slice(&self.line[self.given..self.given + some]);
            self.given += some;
            count += some;
        }
        Ok(count)
    }
}

/// The most memory this process ever had.
fn peak_kib() -> u64 {
    let status =
        std::fs::read_to_string("/proc/self/status").expect("Linux tells of every process");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("the peak is told");
    line.trim()
        .trim_end_matches(" kB")
        .trim()
        .parse()
        .expect("the peak is a number")
}

/// The variable that says to a process of these tests which case it is for.
const CASE: &str = "MEMORY_TEST_CASE";

/// Runs a case of this test in a process of its own, since the peak is measured of the whole process, and memory that was given back may
/// stay with it.
fn in_a_process(test: &str, case: &str, run: impl FnOnce()) {
    match std::env::var(CASE) {
        Ok(wanted) if wanted == case => run(),
        Ok(_) => {}
        Err(_) => {
            let program = std::env::current_exe().expect("this program has a name");
            let output = std::process::Command::new(program)
                .args(["--exact", test, "--nocapture"])
                .env(CASE, case)
                .output()
                .expect("this program starts");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{case}: {said}");
            assert!(said.contains(&ran(case)), "{case} did not run: {said}");
        }
    }
}

fn ran(case: &str) -> String {
    format!("the case ran: {case}")
}

/// Fails when this process ever had more memory.
#[track_caller]
fn expect_within(limit_kib: u64, case: &str) {
    let peak = peak_kib();
    eprintln!("{}: {peak} KiB", ran(case));
    assert!(peak < limit_kib, "{case}: {peak} KiB");
}

#[test]
fn two_gigabytes_are_read_and_checked_within_64_mib() {
    let test = "two_gigabytes_are_read_and_checked_within_64_mib";
    in_a_process(test, "a fleet", read_and_check);
}

fn read_and_check() {
    let mut rows = 0_u64;
    let count = |chunk: parallel::Chunk<'_>| {
        let mut rows = 0;
        chunk.for_each(|entry| rows += u64::from(matches!(entry.item, Item::Row(_))));
        rows
    };
    parallel::for_each_chunk(Fleet::new(), &Options::new(), count, |some| {
        rows += some;
        ControlFlow::Continue(())
    })
    .expect("the source does not fail");
    assert!(rows * 4000 > BYTES * 9 / 10, "{rows}");
    assert!(
        peak_kib() < LIMIT_KIB,
        "{} KiB after the parallel reader",
        peak_kib()
    );

    let read = Reader::new(Fleet::new())
        .filter(|entry| matches!(entry, Ok(entry) if matches!(entry.item, Item::Row(_))))
        .count();
    assert_eq!(read as u64, rows);
    assert!(
        peak_kib() < LIMIT_KIB,
        "{} KiB after the reader",
        peak_kib()
    );

    let report = check_each(Fleet::new(), Purpose::Export, &mut Context::new(), |_| ())
        .expect("the source does not fail");
    assert_eq!((report.rows, report.errors), (rows, 0));
    assert!(peak_kib() < LIMIT_KIB, "{} KiB after the check", peak_kib());
    expect_within(LIMIT_KIB, "a fleet");
}

#[test]
fn lines_of_many_names_are_checked_within_64_mib() {
    let test = "lines_of_many_names_are_checked_within_64_mib";
    in_a_process(test, "many names", || {
        use std::fmt::Write as _;
        let mut line = String::with_capacity(LONG + 32);
        line.push_str("{\"id\":\"a\",\"status\":\"enabled\",\"tags\":{\"\":1");
        for n in 0..LONG / 13 {
            write!(line, ",\"n{n}\":1").expect("a string is written");
        }
        line.push_str("}}\n");
        let lines = line
            .as_bytes()
            .chain(line.as_bytes())
            .chain(line.as_bytes());
        let report = check_each(lines, Purpose::Import, &mut Context::new(), |_| ())
            .expect("the source does not fail");
        assert_eq!(report.rows, 3);
        // The line of this test itself is not part of what the check needs.
        expect_within(LIMIT_KIB + LONG as u64 / 1024, "many names");
    });
}

#[test]
fn a_line_of_100_mb_is_never_held() {
    in_a_process("a_line_of_100_mb_is_never_held", "100 MB", read_100_mb);
}

fn read_100_mb() {
    let line = || {
        (&b"{\"id\":\""[..])
            .chain(io::repeat(b'x').take(100_000_000))
            .chain(&b"\"}\n{\"id\":\"next\"}\n"[..])
    };
    let mut entries = Reader::new(line());
    assert!(
        matches!(entries.next().map(|entry| entry.map(|entry| entry.item)), Some(Ok(Item::Bad(bad))) if bad.len() == 100_000_009)
    );
    assert!(
        matches!(entries.next().map(|entry| entry.map(|entry| entry.item)), Some(Ok(Item::Row(row))) if row.id == "next")
    );
    let report = stats(line(), &mut Context::new()).expect("the source does not fail");
    assert_eq!((report.rows, report.bad_lines), (1, 1));
    expect_within(LIMIT_KIB, "100 MB");
}

/// An input made as it is read: a start, a part again and again, an end; and all of it so many times.
struct Made {
    parts: [(&'static [u8], usize); 3],
    times: usize,
    part: usize,
    repeated: usize,
    at: usize,
}

impl Made {
    fn new(start: &'static str, part: &'static str, count: usize, end: &'static str) -> Self {
        Self {
            parts: [
                (start.as_bytes(), 1),
                (part.as_bytes(), count),
                (end.as_bytes(), 1),
            ],
            times: 1,
            part: 0,
            repeated: 0,
            at: 0,
        }
    }

    fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }
}

impl Read for Made {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while count < buffer.len() && self.times > 0 {
            let (bytes, repeats) = self.parts[self.part];
            if self.repeated == repeats {
                (self.part, self.repeated) = ((self.part + 1) % 3, 0);
                self.times -= usize::from(self.part == 0);
                continue;
            }
            let some = (bytes.len() - self.at).min(buffer.len() - count);
            buffer[count..count + some].copy_from_slice(&bytes[self.at..self.at + some]);
            count += some;
            self.at += some;
            if self.at == bytes.len() {
                (self.at, self.repeated) = (0, self.repeated + 1);
            }
        }
        Ok(count)
    }
}

/// A little less than the longest line that is kept.
const LONG: usize = 7_900_000;

/// Inputs that are not like a device file of a fleet, and how they are called.
fn unusual() -> Vec<(&'static str, Made)> {
    let row = "{\"id\":\"a\",\"status\":\"enabled\",\"tags\":{\"t\":";
    vec![
        (
            "long strings",
            Made::new("{\"id\":\"a\",\"tags\":{\"t\":\"", "x", LONG, "\"}}\n").times(3),
        ),
        (
            "long arrays",
            Made::new("{\"id\":\"a\",\"tags\":{\"t\":[", "1,", LONG / 2, "1]}}\n").times(3),
        ),
        (
            "long lines that are cut off",
            Made::new(row, " ", LONG, "\n").times(3),
        ),
        (
            "deep nesting",
            Made::new("{\"id\":\"a\",\"tags\":{\"t\":", "[", LONG / 2, "\n").times(2),
        ),
        ("long plain text", Made::new("w", "w", LONG, "\n").times(3)),
        (
            "long lines of no text",
            Made::new("", "\u{fffd}", LONG / 3, "\n").times(3),
        ),
        (
            "one line without an end",
            Made::new("{", "x", 60_000_000, ""),
        ),
        (
            "lines that are not JSON",
            Made::new("{\"id\":x\n", "{\"id\":x\n", 60_000, ""),
        ),
        ("blank lines", Made::new("", "\n", 2_000_000, "")),
    ]
}

type Command = fn(Made) -> Result<(), TransformError>;

/// Every command whose memory is limited to 64 MiB.
const COMMANDS: [(&str, Command); 8] = [
    ("stats", |input| stats(input, &mut Context::new()).map(drop)),
    ("check", |input| {
        check_each(input, Purpose::Import, &mut Context::new(), |_| ()).map(drop)
    }),
    ("filter", |input| {
        let condition = parse_condition("id = 'a'").expect("a condition");
        let mut rejects = io::sink();
        let mut context = Context::new().rejects(&mut rejects);
        filter(input, io::sink(), &condition, &mut context).map(drop)
    }),
    ("set-mode", |input| {
        set_mode(
            input,
            io::sink(),
            &jobs_devices::ImportMode::Delete,
            &mut Context::new(),
        )
        .map(drop)
    }),
    ("prepare-import", |input| {
        let options = PrepareOptions::new().regenerate_keys(true);
        prepare_import(input, io::sink(), options, &mut Context::new()).map(drop)
    }),
    ("split", |input| {
        let open = |_| Ok(io::sink());
        split(
            input,
            SplitAt::Rows(2),
            open,
            |_| Ok(()),
            &mut Context::new(),
        )
        .map(drop)
    }),
    ("convert", |input| {
        convert(
            input,
            Format::Lines,
            io::sink(),
            Format::Json,
            None,
            &mut Context::new(),
        )
        .map(drop)
    }),
    ("convert to a table", |input| {
        let columns: Columns = "id,status".parse().expect("columns");
        let context = &mut Context::new();
        convert(
            input,
            Format::Lines,
            io::sink(),
            Format::Csv,
            Some(&columns),
            context,
        )
        .map(drop)
    }),
];

#[test]
fn unusual_inputs_are_read_within_64_mib() {
    let count = unusual().len();
    for (command, run) in COMMANDS {
        for number in 0..count {
            let (input, made) = unusual().remove(number);
            let case = format!("{command}, {input}");
            in_a_process("unusual_inputs_are_read_within_64_mib", &case, || {
                run(made).unwrap_or_else(|error| panic!("{case}: {error}"));
                expect_within(LIMIT_KIB, &case);
            });
        }
    }
}

#[test]
fn tables_that_never_end_a_row_are_given_up() {
    for (from, input, part) in [
        (
            Format::Csv,
            Made::new("id,status\n\"a,b\n", "c,d\n", 30_000_000, ""),
            "line 2: a quote opens",
        ),
        (
            Format::Csv,
            Made::new("", "\0", 60_000_000, ""),
            "line 1: the row",
        ),
        (
            Format::Tsv,
            Made::new("id\n", "a", 60_000_000, ""),
            "line 2: the row",
        ),
        (
            Format::Csv,
            Made::new("id\n", ",", 60_000_000, "\n"),
            "line 2: the row that starts here has more than",
        ),
        (
            Format::Csv,
            Made::new("id", ",tags.x", 60_000_000, "\n"),
            "line 1: the row that starts here has more than",
        ),
    ] {
        in_a_process("tables_that_never_end_a_row_are_given_up", part, || {
            let context = &mut Context::new();
            let outcome = convert(input, from, io::sink(), Format::Lines, None, context);
            let error = outcome.expect_err(part).to_string();
            assert!(error.contains(part), "{error}");
            expect_within(LIMIT_KIB, part);
        });
    }
}

#[test]
fn a_giant_element_of_an_array_is_never_held() {
    in_a_process("a_giant_element_of_an_array_is_never_held", "giant", || {
        let start = "[{\"id\":\"a\",\"tags\":{\"x\":\"";
        let giant = Made::new(start, "y", 60_000_000, "\"}},{\"id\":\"b\"}]");
        let context = &mut Context::new();
        let report = convert(
            giant,
            Format::Json,
            io::sink(),
            Format::Lines,
            None,
            context,
        )
        .expect("the element behind the giant is read");
        assert_eq!((report.passed.rows, report.passed.bad_lines), (1, 1));
        expect_within(LIMIT_KIB, "giant");
    });
}

#[test]
fn a_merge_of_one_identity_keeps_nothing_of_its_rows() {
    let test = "a_merge_of_one_identity_keeps_nothing_of_its_rows";
    in_a_process(test, "merge", || {
        let row = "{\"id\":\"a\",\"status\":\"enabled\"}\n";
        let rows = || Made::new("", row, 200_000, "");
        let report = merge(
            [rows(), rows()],
            io::sink(),
            Keep::Last,
            &mut Context::new(),
        )
        .expect("the source does not fail");
        assert_eq!((report.written, report.duplicate_identities), (1, 1));
        let duplicate = &report.duplicates[0];
        assert_eq!((duplicate.rows, duplicate.at.len()), (400_000, 20));
        assert!(duplicate.same);
        expect_within(2 * LIMIT_KIB, "merge");
    });
}
