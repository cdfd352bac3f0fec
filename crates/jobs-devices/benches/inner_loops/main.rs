//! The loops that run once for each row, measured one by one.
//!
//! `cargo bench -p jobs-devices --bench inner_loops` gives their times by Criterion. `cargo xtask bench instructions` runs this program under
//! callgrind as `inner_loops --count LOOP TIMES`, which does the loop that often and nothing else, and compares the instructions with the
//! recorded ones: those are the same on a busy machine.

use std::hint::black_box;
use std::io::Write as _;

use criterion::{Criterion, Throughput};

mod loops;
// The rows that `cargo xtask bench devices` measures with.
#[path = "../../examples/devices_bench/fleet.rs"]
mod fleet;

use self::loops::{LOOPS, Prepared};

/// Rows that one round of a loop goes through.
const ROWS: u64 = 1000;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [flag, name, times, ..] if flag == "--count" => count(name, times.parse()?),
        [flag, ..] if flag == "--list" => {
            let names: Vec<&str> = LOOPS.iter().map(|each| each.name).collect();
            Ok(writeln!(std::io::stdout(), "{}", names.join("\n"))?)
        }
        _ => measure(),
    }
}

/// Does one loop that many times.
fn count(name: &str, times: u64) -> Outcome<()> {
    let found = LOOPS.iter().find(|each| each.name == name);
    let each = found.ok_or_else(|| format!("there is no loop {name}; see --list"))?;
    let prepared = Prepared::new(ROWS)?;
    for _ in 0..times {
        black_box((each.run)(black_box(&prepared)));
    }
    Ok(())
}

fn measure() -> Outcome<()> {
    let prepared = Prepared::new(ROWS)?;
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("a thousand rows");
    group.throughput(Throughput::Bytes(prepared.file.len() as u64));
    for each in LOOPS {
        group.bench_function(each.name, |bencher| {
            bencher.iter(|| black_box((each.run)(black_box(&prepared))));
        });
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}
