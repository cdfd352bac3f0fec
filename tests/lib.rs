//! Tests across the crates of this workspace.

/// The blocks of Rust in the README compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
