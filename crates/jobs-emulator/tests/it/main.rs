//! The hub over its HTTP interface.

mod devices;
mod import;
mod jobs;
mod protocol;
mod query;
mod scheduled;
mod support;
