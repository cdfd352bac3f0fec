//! The files that import and export jobs of Azure IoT Hub read and write: typed rows, streaming readers and writers, and the rules of the service.
//!
//! | File | Record |
//! |---|---|
//! | `devices.txt` | [`Row`] |
//! | `importErrors.log`, `importConfigErrors.log` | [`ImportError`] |
//! | `configurations.txt` | [`Configuration`] |
//!
//! Each is newline-delimited JSON, one record a line. [`Reader`] reads any of them from anything, [`Feeder`] from chunks, [`Writer`] writes them.
//! No async, no HTTP: memory stays flat whatever the size of the file.
//!
//! [`query`] is the hub's query language, parsed once for device files and for the local hub. `transform` turns device files into others: filters, tables,
//! comparisons, test fleets, anonymous copies; it comes with the default feature of its name, and `parquet` adds that format to it.

mod checked;
mod configuration;
mod error_log;
mod feeder;
mod field;
pub mod format;
mod json;
mod line;
mod long;
mod loose;
mod members;
mod object;
pub mod parallel;
pub mod query;
mod reader;
mod record;
mod row;
pub mod rules;
mod scan;
mod secret;
mod text;
#[cfg(feature = "transform")]
pub mod transform;
mod writer;

pub use crate::{
    configuration::{Configuration, NameCase},
    error_log::ImportError,
    feeder::Feeder,
    field::Misfit,
    json::{Json, JsonError, JsonObject},
    line::{BadLine, Cause, DEFAULT_MAX_LINE, Options, Scratch},
    loose::{LooseValue, changed_numbers},
    members::Members,
    object::Field,
    reader::Reader,
    record::{Entry, Item, Record},
    row::{
        Authentication, AuthenticationEffect, AuthenticationType, Capabilities, ImportMode,
        Properties, Row, RowRef, Status, SymmetricKey, UnknownName, X509Thumbprint,
    },
    rules::RowBuilder,
    secret::Key,
    writer::{FileWriter, Writer},
};
