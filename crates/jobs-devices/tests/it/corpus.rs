//! The fuzzer's kept corpus, replayed with a stable toolchain: each file as it is, and with some thousand changes that come
//! from a fixed seed.

use std::fs;
use std::path::PathBuf;

use crate::fuzz_targets;

/// How many changed inputs a target is given.
const CHANGES: u64 = 2_000;

/// Longest changed input, in bytes: each is run in a debug build.
const LONGEST: usize = 4_096;

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % end.max(1)
    }
}

fn replay(target: &str, run: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let inputs: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    assert!(inputs.len() >= 5, "{} holds too little", folder.display());
    for (file, input) in files.iter().zip(&inputs) {
        let held = std::panic::catch_unwind(|| run(input));
        assert!(held.is_ok(), "{} does not hold", file.display());
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..CHANGES {
        let mut input = inputs[random.below(inputs.len())].clone();
        for _ in 0..=random.below(4) {
            change(&mut input, &inputs, &mut random);
        }
        input.truncate(LONGEST);
        let held = std::panic::catch_unwind(|| run(&input));
        assert!(held.is_ok(), "b\"{}\" does not hold", input.escape_ascii());
    }
}

fn change(input: &mut Vec<u8>, inputs: &[Vec<u8>], random: &mut Random) {
    let at = random.below(input.len() + 1);
    match random.below(6) {
        0 if at < input.len() => input[at] ^= 1 << random.below(8),
        1 => input.insert(at, b"\"\\{}[],:'\n\r\0\xff=-0"[random.below(16)]),
        2 if at < input.len() => {
            input.remove(at);
        }
        3 => input.truncate(at),
        4 => {
            let other = &inputs[random.below(inputs.len())];
            let from = random.below(other.len() + 1);
            let to = (from + random.below(32)).min(other.len());
            input.splice(at..at, other[from..to].iter().copied());
        }
        _ => {
            let to = (at + random.below(16)).min(input.len());
            let part = input[at..to].to_vec();
            input.splice(at..at, part);
        }
    }
}

#[test]
fn reader_holds_for_the_corpus() {
    replay("reader", fuzz_targets::reader);
}

#[test]
fn row_holds_for_the_corpus() {
    replay("row", fuzz_targets::row);
}

#[test]
fn csv_holds_for_the_corpus() {
    replay("csv", fuzz_targets::csv);
}

#[test]
fn array_holds_for_the_corpus() {
    replay("array", fuzz_targets::array);
}

#[test]
fn error_log_holds_for_the_corpus() {
    replay("error_log", fuzz_targets::error_log);
}

#[test]
fn query_holds_for_the_corpus() {
    replay("query", fuzz_targets::query);
}
