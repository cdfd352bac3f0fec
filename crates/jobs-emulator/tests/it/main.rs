//! The hub over its HTTP interface.

mod admin;
mod blobs;
mod configurations;
mod devices;
mod faults;
mod import;
mod jobs;
mod persistence;
mod protocol;
mod query;
mod scheduled;
mod support;
