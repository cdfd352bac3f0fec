//! The hub's query language over the registry.
//!
//! `jobs_devices::query` reads the text; here its tree becomes SQL over the columns of `identities`, with SQLite's JSON
//! functions reaching into twins. What a condition means is decided by the evaluator of `jobs_devices::query`; a property
//! test holds the SQL to it.
//!
//! [`members`] knows where a member of a twin stands in the database, [`condition`] translates, [`values`] has the pieces
//! of SQL that both are made of, [`functions`] what SQLite lacks, [`page`] runs a statement page by page,
//! [`aggregate`] counts, and [`matching`](mod@matching) finds devices for scheduled jobs.

mod aggregate;
mod condition;
mod functions;
mod matching;
mod members;
mod page;
mod project;
mod values;
mod window;

#[cfg(test)]
mod property;

pub(crate) use functions::register;
pub(crate) use matching::matching;
pub(crate) use page::{PageRequest, check_length, run};
