//! The hub over its HTTP interface.

mod devices;
mod protocol;
mod query;
mod scheduled;
mod support;
