//! The tasks, seen from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod mutations;
mod upstream;
