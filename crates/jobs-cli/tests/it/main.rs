//! The binary as a person or a script meets it.

mod demo;
mod devices;
mod emulator;
mod harness;
mod help;
mod jobs;
mod secrets;
mod usage;
