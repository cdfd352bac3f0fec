#![expect(clippy::print_stdout, reason = "what it prints is its result")]
//! Measures this crate alone, for `cargo xtask bench devices`: `devices_bench TASK FILE [OUT]` does one task and prints one JSON object with
//! the rows and the seconds.

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::time::Instant;

use jobs_devices::query::parse_condition;
use jobs_devices::transform::{
    Context, DiffOptions, Purpose, check_each, diff_each, filter, stats,
};
use jobs_devices::{Item, Options, Reader, parallel};

mod fleet;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [task, path, rest @ ..] = &arguments[..] else {
        return Err("usage: devices_bench TASK FILE [OUT or ROWS]".into());
    };
    let (rows, seconds) = run(task, path, rest.first().map(String::as_str))?;
    println!("{{\"rows\":{rows},\"seconds\":{seconds}}}");
    Ok(())
}

/// Does the task and gives its rows and seconds.
fn run(task: &str, path: &str, other: Option<&str>) -> Outcome<(u64, f64)> {
    let other = || other.ok_or("the task needs one more argument");
    let cores = std::thread::available_parallelism()?.get();
    match task {
        "write" => return write(cores, path, other()?),
        "write-one-core" => return write(1, path, other()?),
        _ => {}
    }
    let started = Instant::now();
    let rows = match task {
        "make" => {
            let rows = other()?.parse()?;
            fleet::make(File::create(path)?, rows)?;
            rows
        }
        "read" => read(cores, path)?,
        "read-one-core" => read(1, path)?,
        "read-owned" => read_owned(path)?,
        "reader" => reader(path)?,
        "newlines" => newlines(path)?,
        "bandwidth" => return bandwidth(path),
        "stats" => stats(File::open(path)?, &mut Context::new())?.rows,
        "check" => {
            check_each(
                File::open(path)?,
                Purpose::Export,
                &mut Context::new(),
                |_| (),
            )?
            .rows
        }
        "filter" => {
            let condition = parse_condition(fleet::CONDITION)?;
            filter(
                File::open(path)?,
                File::create(other()?)?,
                &condition,
                &mut Context::new(),
            )?
            .passed
            .rows
        }
        "diff" => {
            diff_each(
                File::open(path)?,
                File::open(other()?)?,
                DiffOptions::default(),
                &mut Context::new(),
                |_| Ok(()),
            )?;
            0
        }
        _ => return Err("unknown task".into()),
    };
    Ok((rows, started.elapsed().as_secs_f64()))
}

/// Every row typed and checked in full, twin data as text.
fn read(workers: usize, path: &str) -> io::Result<u64> {
    let mut rows = 0;
    let work = |chunk: parallel::Chunk<'_>| {
        let mut rows = 0;
        chunk.for_each(|entry| {
            rows += u64::from(matches!(std::hint::black_box(&entry).item, Item::Row(_)))
        });
        rows
    };
    parallel::for_each_chunk_with(workers, File::open(path)?, &Options::new(), work, |some| {
        rows += some;
        ControlFlow::Continue(())
    })?;
    Ok(rows)
}

/// The same into rows that own everything, handed to one thread.
fn read_owned(path: &str) -> io::Result<u64> {
    let mut rows = 0;
    let work = |chunk: parallel::Chunk<'_>| {
        let mut rows = 0;
        chunk.for_each(|entry| {
            if let Item::Row(row) = entry.item {
                rows += u64::from(std::hint::black_box(row.to_row()).is_ok());
            }
        });
        rows
    };
    parallel::for_each_chunk(File::open(path)?, &Options::new(), work, |some| {
        rows += some;
        ControlFlow::Continue(())
    })?;
    Ok(rows)
}

/// The plain iterator of owned rows, on one thread.
fn reader(path: &str) -> io::Result<u64> {
    let mut rows = 0;
    for entry in Reader::open(path)? {
        rows += u64::from(matches!(entry?.item, Item::Row(_)));
    }
    Ok(rows)
}

/// Typed rows, all different, written again and again until there are as many as in the file.
fn write(workers: usize, path: &str, out: &str) -> Outcome<(u64, f64)> {
    let mut rows = Vec::new();
    for entry in Reader::open(path)?.take(10_000) {
        if let Item::Row(row) = entry?.item {
            rows.push(row);
        }
    }
    let wanted = newlines(path)?;
    let file = File::create(out)?;
    let started = Instant::now();
    let all = rows.iter().cycle().take(usize::try_from(wanted)?);
    parallel::write_rows_with(workers, file, all)?;
    Ok((wanted, started.elapsed().as_secs_f64()))
}

/// The least that any reader of lines does: read, and look for line feeds.
fn newlines(path: &str) -> io::Result<u64> {
    let (mut file, mut buffer, mut lines) = (File::open(path)?, vec![0; parallel::CHUNK_BYTES], 0);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(lines),
            count => lines += memchr::memchr_iter(b'\n', &buffer[..count]).count() as u64,
        }
    }
}

/// What memory gives: all cores read buffers larger than any cache, as many bytes as the file has.
fn bandwidth(path: &str) -> Outcome<(u64, f64)> {
    let (cores, bytes) = (
        std::thread::available_parallelism()?.get(),
        std::fs::metadata(path)?.len(),
    );
    let part = usize::try_from(bytes)? / cores / 8;
    let buffers: Vec<Vec<u64>> = (0..cores).map(|core| vec![core as u64 + 1; part]).collect();
    let started = Instant::now();
    let sum: u64 = std::thread::scope(|scope| {
        let readers: Vec<_> = buffers
            .iter()
            .map(|words| {
                scope.spawn(|| {
                    words
                        .iter()
                        .fold(0_u64, |sum, word| sum.wrapping_add(*word))
                })
            })
            .collect();
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap_or(0))
            .fold(0, u64::wrapping_add)
    });
    let seconds = started.elapsed().as_secs_f64();
    io::stderr().write_all(format!("{sum}\n").as_bytes())?;
    Ok((0, seconds))
}
