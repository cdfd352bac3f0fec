//! What the hand-written part of this crate promises.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod open_enums;
mod requests;
mod secrets;
