//! A file far larger than memory is allowed to be is read within 64 MiB. A process of its own, since the peak is measured of the whole process.
#![cfg(target_os = "linux")]

use std::io::{self, Read};
use std::ops::ControlFlow;

use jobs_devices::transform::{Context, Purpose, check_each, stats};
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

#[test]
fn two_gigabytes_are_read_and_checked_within_64_mib() {
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
}

#[test]
fn a_line_of_100_mb_is_never_held() {
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
    assert!(peak_kib() < LIMIT_KIB, "{} KiB", peak_kib());
}
