//! The operations on jobs, and what they ask about the registry.

mod cancel;
pub(crate) mod create;
pub(crate) mod export;
mod get;
pub(crate) mod import;
mod list;
pub(crate) mod registry;
pub(crate) mod scheduled;
