//! The engine of both kinds of jobs: one table of records, one runner.
//!
//! `jobs` (import and export) and `scheduled` plug in a [`Record`] and the work of a job. The engine
//! does the rest: create, wait, hold, run, end.
//!
//! # The rule: database first, memory second, under one lock
//! The lock is the one of the database connection ([`Store::write_then`](crate::registry::Store::write_then)).
//! Whoever holds it reads the job in memory, writes rows and record in one transaction, commits,
//! and only then changes memory. So
//! - a job exists in memory only when its record is in the database: a failed create leaves nothing,
//! - of two creates of one id, or for one slot, the second one finds the first,
//! - counts never run ahead of the rows that they count,
//! - a job that was cancelled, failed or reset writes nothing more: each batch asks first.
//!
//! GET and list read memory and never wait for the database.
//!
//! # When a write fails
//! The job ends as `failed`, with the database's error as its reason, and its slot is free. Nothing
//! of the failed transaction is kept. The engine then writes the record of this end at once. When
//! the database takes not even that, the job is over in memory all the same, and the table keeps it
//! as unrecorded: [`spawn_recorder`] repeats the write every second and once more when the hub stops.
//!
//! When the process dies before that succeeds, the database has the job as unfinished, and the next
//! start decides as for every unfinished job: an import or export is ended as `failed`, a scheduled
//! job goes on after its last committed batch. No device is done twice, because the batch and the
//! place that the job has reached are committed together.
//!
//! A record that cannot be decoded stays in the database and is reported: in
//! [`Hub::warnings`](crate::Hub::warnings), and with 500 when it is asked for by its id. Its id
//! stays taken.

mod control;
mod host;
mod record;
mod rows;
mod run;
mod table;
mod work;

#[cfg(test)]
mod tests;

pub(crate) use control::Control;
pub(crate) use host::Host;
pub(crate) use record::{End, Ending, Record};
pub(crate) use run::{create, resume, spawn_recorder};
pub(crate) use table::JobTable;
pub(crate) use work::Work;
