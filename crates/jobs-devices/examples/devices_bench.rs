#![expect(clippy::print_stdout, reason = "what it prints is its result")]
//! Measures this crate alone, for `cargo xtask bench devices`: `devices_bench TASK FILE [OUT]` prints one JSON object.
use std::fs::File;
use std::ops::ControlFlow;
use std::time::Instant;

use jobs_devices::{Item, Options, Reader, Row, parallel};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let (task, path) = (arguments[1].as_str(), arguments[2].as_str());
    let started = Instant::now();
    let rows = match task {
        "read" => read(path)?,
        "read-1" => read_with(1, path)?,
        "read-owned" => read_owned(path)?,
        "read-owned-1" => Reader::open(path)?
            .filter(|entry| matches!(entry, Ok(entry) if matches!(entry.item, Item::Row(_))))
            .count() as u64,
        _ => return Err("unknown task".into()),
    };
    println!(
        "{{\"rows\":{rows},\"seconds\":{}}}",
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

fn read(path: &str) -> std::io::Result<u64> {
    read_with(std::thread::available_parallelism()?.get(), path)
}

fn read_with(workers: usize, path: &str) -> std::io::Result<u64> {
    let mut rows = 0;
    parallel::for_each_chunk_with(
        workers,
        File::open(path)?,
        &Options::new(),
        |chunk| {
            let mut rows = 0;
            chunk.for_each(|entry| {
                rows += u64::from(matches!(std::hint::black_box(&entry).item, Item::Row(_)))
            });
            rows
        },
        |some| {
            rows += some;
            ControlFlow::Continue(())
        },
    )?;
    Ok(rows)
}

fn read_owned(path: &str) -> std::io::Result<u64> {
    let mut rows = 0;
    parallel::for_each_chunk(
        File::open(path)?,
        &Options::new(),
        |chunk| {
            let mut rows: Vec<Row> = Vec::new();
            chunk.for_each(|entry| {
                if let Item::Row(row) = entry.item {
                    rows.extend(row.to_row());
                }
            });
            rows
        },
        |some| {
            rows += some.len() as u64;
            ControlFlow::Continue(())
        },
    )?;
    Ok(rows)
}
