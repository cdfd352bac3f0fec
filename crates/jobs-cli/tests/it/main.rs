//! The binary as a person or a script meets it.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which may panic")]

mod blobs;
#[cfg(target_os = "linux")]
mod blocking;
mod changes;
#[cfg(target_os = "linux")]
mod closed_output;
mod demo;
mod device_files;
mod devices;
mod emulator;
mod faults;
mod format_messages;
mod formats;
mod harness;
mod help;
mod jobs;
#[cfg(target_os = "linux")]
mod memory;
mod mistakes;
mod odd_answers;
mod rejects;
mod schedule;
mod secrets;
mod targets;
#[cfg(unix)]
mod terminal;
mod uploads;
mod usage;
mod waiting;
