//! The identity registry: devices, modules and their twins, in SQLite.
//!
//! One table, [`schema`] tells its columns; the query endpoint translates to
//! SQL over them. Everything that changes goes through [`store::Writing`], which
//! keeps the count that quotas are judged by.

pub(crate) mod authentication;
pub(crate) mod change;
pub(crate) mod column;
pub(crate) mod configuration;
pub(crate) mod configuration_rules;
pub(crate) mod edge_content;
pub(crate) mod identity;
pub(crate) mod open;
pub(crate) mod rejection;
mod repeated;
pub(crate) mod rules;
pub(crate) mod schema;
pub(crate) mod scope;
pub(crate) mod store;
pub(crate) mod system_modules;
pub(crate) mod twin;
pub(crate) mod twin_parts;

pub(crate) use authentication::Authentication;
pub(crate) use identity::Identity;
pub(crate) use rejection::RowRejection;
pub(crate) use store::{Place, Store, Writing};
