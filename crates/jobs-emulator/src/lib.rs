//! A local Azure IoT Hub for development and tests: registry, twins, import
//! and export jobs, over the service's own HTTP interface.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use jobs_emulator::Emulator;
//!
//! let hub = Emulator::builder().start().await?;
//! println!("{} {}", hub.endpoint(), hub.connection_string());
//! hub.shutdown().await; // dropping the hub stops it too
//! # Ok(())
//! # }
//! ```
//!
//! By default the hub listens on a free loopback port over plain HTTP, keeps
//! everything in memory, and checks shared access signatures with development
//! keys that are the same in every run. [`EmulatorBuilder`] has the switches.
//!
//! # How a request travels
//! `server` reads it, `routes` finds the operation, `door` keeps out foreign web
//! pages, `faults` may interfere before the work, `auth` judges the token, a handler does the work on a
//! thread that may block, `faults` may interfere again, `envelope` and `server`
//! put the service's headers on, `requests` notes it. A route is one line in a
//! table of `routes`: operation id, method, pattern, rights, handler.
//!
//! # How a job lives
//! `jobs` (import, export) and `scheduled` check the request and do the work;
//! `engine` keeps the records and runs both kinds, database first, memory second.

mod admin;
mod auth;
mod builder;
mod clock;
mod data_folder;
mod door;
mod engine;
mod envelope;
mod faults;
mod hub;
mod jobs;
mod object;
mod query;
mod rates;
mod redact;
mod registry;
mod requests;
mod routes;
mod scheduled;
mod server;
mod shutdown;
mod sku;
mod start_error;
mod state;
mod storage;
mod tls;

pub use admin::{Admin, AdminError};
pub use auth::{Policy, Rights};
pub use builder::{Emulator, EmulatorBuilder};
pub use clock::{Clock, Time};
pub use faults::{FaultAction, FaultRule, FaultScript, FaultScriptError, Moment, OPERATIONS};
pub use hub::Hub;
pub use sku::{Sku, UnknownSku};
pub use start_error::StartError;

/// The page for users of other languages, held to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
