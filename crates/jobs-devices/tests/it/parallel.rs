//! Many threads read what one reads and write what one writes, in the same order.

use std::io::{self, Read, Write};
use std::ops::ControlFlow;

use jobs_devices::{Field, Item, Options, Reader, Row, Writer, parallel};

/// A source that gives a few bytes at a time.
struct Trickle<'f>(&'f [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(self.0.len()).min(buffer.len());
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn places(workers: usize, source: impl Read + Send, options: &Options) -> io::Result<Vec<String>> {
    let mut all = Vec::new();
    let work = |chunk: parallel::Chunk<'_>| {
        let mut found = Vec::new();
        chunk.for_each(|entry| {
            let item = match &entry.item {
                Item::Row(row) => row.id().into_owned(),
                Item::Notice(words) => words.clone(),
                Item::Bad(bad) => format!("{bad:?}"),
                _ => String::new(),
            };
            found.push(format!("{} {} {item}", entry.line, entry.offset));
        });
        found
    };
    parallel::for_each_chunk_with(workers, source, options, work, |found| {
        all.extend(found);
        ControlFlow::Continue(())
    })?;
    Ok(all)
}

fn places_serially(file: &[u8], options: &Options) -> Vec<String> {
    let mut all = Vec::new();
    for entry in Reader::of(file, options.clone()) {
        let entry = entry.expect("a slice can always be read");
        let item = match &entry.item {
            Item::Row(row) => jobs_devices::Row::clone(row).id,
            Item::Notice(words) => words.clone(),
            Item::Bad(bad) => format!("{bad:?}"),
            _ => String::new(),
        };
        all.push(format!("{} {} {item}", entry.line, entry.offset));
    }
    all
}

fn file() -> Vec<u8> {
    let mut file = b"\xef\xbb\xbfA notice.\r\n".to_vec();
    for at in 0..40_000 {
        match at % 1000 {
            17 => file.extend_from_slice(b"\n  \r\n"),
            500 => file.extend_from_slice(b"{\"id\":\n"),
            900 if at > 20_000 => file
                .extend_from_slice(format!("{{\"id\":\"{}\"}}\n", "x".repeat(700_000)).as_bytes()),
            _ => file.extend_from_slice(
                format!("{{\"id\":\"device-{at}\",\"tags\":{{\"n\":{at}}}}}\r\n").as_bytes(),
            ),
        }
    }
    file.extend_from_slice(b"{\"id\":\"last\"");
    file
}

#[test]
fn any_number_of_workers_gives_what_the_reader_gives() {
    let file = file();
    for limit in [jobs_devices::DEFAULT_MAX_LINE, 300_000, 1000] {
        let options = Options::new().max_line(limit);
        let expected = places_serially(&file, &options);
        assert!(expected.len() > 30_000);
        for workers in [1, 2, 5] {
            let found = places(workers, &file[..], &options).unwrap();
            assert!(found == expected, "{workers} workers, lines of {limit}");
        }
        assert!(places(2, Trickle(&file, 4093), &options).unwrap() == expected);
    }
}

#[test]
fn strict_reading_ends_where_the_reader_ends() {
    let (file, options) = (file(), Options::new().strict(true));
    let expected = places_serially(&file, &options);
    for workers in [1, 3] {
        assert!(places(workers, &file[..], &options).unwrap() == expected);
    }
}

#[test]
fn an_error_of_the_source_comes_after_what_was_read() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("cable cut"))
        }
    }
    let file = "{\"id\":\"d\"}\n".repeat(200_000);
    for workers in [1, 2] {
        let mut rows = 0;
        let count = |chunk: parallel::Chunk<'_>| {
            let mut rows = 0;
            chunk.for_each(|_| rows += 1);
            rows
        };
        let outcome = parallel::for_each_chunk_with(
            workers,
            file.as_bytes().chain(Broken),
            &Options::new(),
            count,
            |some| {
                rows += some;
                ControlFlow::Continue(())
            },
        );
        assert_eq!(outcome.unwrap_err().to_string(), "cable cut");
        assert!(rows > 100_000, "{rows}");
    }
}

#[test]
fn a_taker_that_breaks_off_stops_the_workers() {
    let mut taken = 0;
    let endless = io::repeat(b'\n');
    parallel::for_each_chunk_with(
        2,
        endless,
        &Options::new(),
        |chunk| chunk.len(),
        |_| {
            taken += 1;
            if taken == 3 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        },
    )
    .unwrap();
    assert_eq!(taken, 3);
}

#[test]
fn a_panic_of_the_work_comes_out_and_leaves_nobody_waiting() {
    let outcome = std::panic::catch_unwind(|| {
        let work = |chunk: parallel::Chunk<'_>| assert!(chunk.offset() < 1_000_000, "planted");
        parallel::for_each_chunk_with(2, io::repeat(b'\n'), &Options::new(), work, |()| {
            ControlFlow::Continue(())
        })
    });
    assert!(outcome.is_err());
}

fn rows(count: usize) -> impl Iterator<Item = Row> + Send {
    (0..count).map(|number| {
        let mut row = Row::new(format!("device-{number}"));
        row.status_reason = Field::Value("\"why\"\n".repeat(number % 7));
        // Now and then one that is a batch of its own.
        if number % 997 == 0 {
            let text = "x".repeat(300_000);
            row.tags = Field::Value(format!("{{\"text\":\"{text}\"}}").parse().unwrap());
        }
        row
    })
}

#[test]
fn any_number_of_workers_writes_what_the_writer_writes() {
    let mut writer = Writer::new(Vec::new());
    for row in rows(10_000) {
        writer.write(&row).unwrap();
    }
    let expected = writer.finish().unwrap();
    let held: Vec<Row> = rows(10_000).collect();
    for workers in [1, 2, 5] {
        let owned = parallel::write_rows_with(workers, Vec::new(), rows(10_000)).unwrap();
        assert!(owned == expected, "{workers} workers");
        let borrowed = parallel::write_rows_with(workers, Vec::new(), &held).unwrap();
        assert!(borrowed == expected, "{workers} workers");
    }
    assert!(
        parallel::write_rows(Vec::new(), rows(0))
            .unwrap()
            .is_empty()
    );
}

/// Takes some bytes and then has no more room.
struct Small(usize);

impl Write for Small {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.0.checked_sub(bytes.len());
        self.0 = left.ok_or_else(|| io::Error::other("disk full"))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_sink_that_fails_ends_endless_writing() {
    for workers in [1, 2, 5] {
        let endless = std::iter::repeat_with(|| Row::new("d"));
        let outcome = parallel::write_rows_with(workers, Small(3_000_000), endless);
        assert_eq!(
            outcome.err().map(|error| error.to_string()).as_deref(),
            Some("disk full")
        );
    }
}

#[test]
fn a_panic_of_the_rows_comes_out_and_leaves_nobody_waiting() {
    let outcome = std::panic::catch_unwind(|| {
        let rows = (0..1_000_000).map(|number| {
            assert!(number < 300_000, "planted");
            Row::new("d")
        });
        parallel::write_rows_with(3, io::sink(), rows)
    });
    assert!(outcome.is_err());
}

/// Lines of which every third is so long that its chunk is alone.
fn with_long_lines() -> (Vec<u8>, Vec<String>) {
    let (mut file, mut ids) = (Vec::new(), Vec::new());
    for number in 0..40 {
        let text = "x".repeat(if number % 3 == 0 { 1_000_000 } else { 20_000 });
        let id = format!("d{number}");
        file.extend_from_slice(
            format!("{{\"id\":\"{id}\",\"tags\":{{\"t\":\"{text}\"}}}}\n").as_bytes(),
        );
        ids.push(id);
    }
    (file, ids)
}

fn ids_of(chunk: parallel::Chunk<'_>) -> Vec<String> {
    let mut ids = Vec::new();
    chunk.for_each(|entry| {
        if let Item::Row(row) = entry.item {
            ids.push(row.id().into_owned());
        }
    });
    ids
}

#[test]
fn nothing_is_read_behind_a_long_line_before_its_result_was_taken() {
    let (file, expected) = with_long_lines();
    for workers in [1, 2, 5] {
        let mut ids = Vec::new();
        let take = |some: Vec<String>| {
            ids.extend(some);
            ControlFlow::Continue(())
        };
        let options = Options::new();
        parallel::for_each_chunk_with(workers, &file[..], &options, ids_of, take).unwrap();
        assert_eq!(ids, expected, "{workers} workers");
    }
}

#[test]
fn breaking_off_behind_a_long_line_leaves_no_worker_waiting() {
    let (file, expected) = with_long_lines();
    for workers in [1, 2, 5] {
        for most in [1, 4, 7] {
            let mut ids = Vec::new();
            let take = |some: Vec<String>| {
                ids.extend(some);
                if ids.len() >= most {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            };
            let options = Options::new();
            parallel::for_each_chunk_with(workers, &file[..], &options, ids_of, take).unwrap();
            assert!(ids.len() >= most && expected.starts_with(&ids), "{ids:?}");
        }
    }
}

#[test]
fn a_panic_at_a_long_line_leaves_no_worker_waiting() {
    let (file, _) = with_long_lines();
    for workers in [1, 2, 5] {
        let work = |chunk: parallel::Chunk<'_>| {
            let ids = ids_of(chunk);
            assert!(!ids.iter().any(|id| id == "d9"), "the panic of this test");
        };
        let outcome = std::panic::catch_unwind(|| {
            let take = |()| ControlFlow::Continue(());
            let options = Options::new();
            parallel::for_each_chunk_with(workers, &file[..], &options, work, take)
        });
        assert!(outcome.is_err());
    }
}
