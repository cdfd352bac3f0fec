#![no_main]

#[path = "../../crates/jobs-devices/tests/it/fuzz_targets.rs"]
#[allow(dead_code, reason = "each target runs one function of the file")]
mod fuzz_targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::row(bytes));
