//! Flows that cross crates: the client, the local hub and the device files together, and the document that the core is generated from.

mod agreement;
mod document;
mod migration;
mod secrets;
mod stage;
