//! The hub over its HTTP interface.
#![expect(clippy::unwrap_used, reason = "all of this is tests")]

mod admin;
mod admin_rules;
mod blobs;
mod bodies;
mod bulk;
mod clients;
mod configurations;
mod containers;
mod data_folder;
mod devices;
mod door;
mod edge;
mod export;
mod failing_writes;
mod faults;
mod import;
mod jobs;
mod modules;
mod persistence;
mod protocol;
mod query;
mod races;
mod rows;
mod scheduled;
mod scheduled_rules;
mod support;
mod tokens;
mod twins;
