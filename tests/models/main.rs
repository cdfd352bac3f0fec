//! Pins the generated core of jobs-api, so that a reviewer sees what a spec edit does to the people who depend on it.
//!
//! The surface snapshots have one line per field, operation part or value, without alignment, so that a change
//! touches the lines it is about and no other.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arguments;
mod core;
mod schemas;
mod signed;
mod snapshots;
mod surface;
mod wire;
