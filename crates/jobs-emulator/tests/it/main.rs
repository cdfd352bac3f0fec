//! The hub over its HTTP interface.

mod admin;
mod configurations;
mod devices;
mod faults;
mod import;
mod jobs;
mod protocol;
mod query;
mod scheduled;
mod support;
