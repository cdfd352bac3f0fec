//! Tests of the device-file toolkit from outside.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod check;
mod check_edges;
mod convert;
mod convert_losses;
mod corpus;
mod fleet;
mod format;
mod fuzz_targets;
mod long_lines;
mod odd_json;
mod parallel;
#[cfg(feature = "parquet")]
mod parquet;
mod plan;
mod prepare;
mod query;
mod query_properties;
mod reader;
mod rows;
mod scan;
mod split;
mod stats;
mod transform;
