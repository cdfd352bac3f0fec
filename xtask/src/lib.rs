//! The tasks of this workspace, one module each. `cargo xtask --help` lists them.

pub mod bench;
pub mod check;
pub mod conformance;
pub mod diff;
#[path = "../../crates/jobs-api/build/fingerprint.rs"]
#[expect(
    dead_code,
    reason = "shared with the build script of jobs-api, which uses another part of it"
)]
mod fingerprint;
pub mod generate;
pub mod lint;
pub mod package;
pub mod problem;
mod programs;
pub mod spec;
pub mod tidy;
pub mod upstream;
pub mod workspace;

pub use problem::{Problem, Result};
