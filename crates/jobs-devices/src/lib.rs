//! Streaming toolkit for device files.

pub mod query;
