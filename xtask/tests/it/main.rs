//! The tasks, seen from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod build_script;
mod fingerprint;
mod mutations;
mod tidy;
mod unreadable;
mod upstream;
mod vendor;
mod walkthrough;
