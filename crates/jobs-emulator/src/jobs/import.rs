//! The work of an import: rows are read, checked and applied in batches, each in one transaction.

use std::io::Read;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use jobs_devices::{ImportError, Options, parallel};

use super::create::Containers;
use super::errors::{self, CONFIGURATION_LOG, DEVICE_LOG, ErrorLog};
use super::pipeline::{self, Rows, Seen, What};
use super::record::JobRecord;
use super::request::{CONFIGURATIONS_BLOB, DEVICES_BLOB};
use crate::engine::{Ending, Work};
use crate::envelope::Outcome;
use crate::registry::change::Change;
use crate::registry::plain::PlainWriter;
use crate::registry::{Writing, configuration};

/// Rows that are applied together, at least; below twice as many.
const BATCH: usize = 1000;
/// Fewest threads that read rows: two, for one may wait for the storage; and most, for the database is slower than four.
const MIN_READERS: usize = 2;
const MAX_READERS: usize = 4;
/// Rows that may wait for a parent further down in the file.
const MAX_DEFERRED: usize = 20_000;

pub(super) fn run(work: &Work<JobRecord>, containers: &Containers) -> Result<(), Ending> {
    let record = &work.record;
    let Some(input) = &containers.input else {
        return Err(Ending::Failed("The job has no input container.".to_owned()));
    };
    let mut log = ErrorLog::start(&containers.output, DEVICE_LOG)?;
    let devices = input.read(record.input_blob.as_deref().unwrap_or(DEVICES_BLOB))?;
    import_devices(work, devices, &mut log)?;
    log.finish()?;
    if record.include_configurations == Some(true) {
        let mut log = ErrorLog::start(&containers.output, CONFIGURATION_LOG)?;
        let lines = input.read(
            record
                .configurations_blob
                .as_deref()
                .unwrap_or(CONFIGURATIONS_BLOB),
        )?;
        let most = work.hub.sku.configuration_quota();
        for line in configuration::lines(lines) {
            work.check()?;
            let error = match line? {
                Ok(line) => work.write(|_, writing| line.apply(writing, most))?,
                Err(error) => Some(error),
            };
            if let Some(error) = error {
                log.note(&error)?;
            }
        }
        log.finish()?;
    }
    work.check()
}

fn import_devices(
    work: &Work<JobRecord>,
    input: Box<dyn Read + Send>,
    log: &mut ErrorLog,
) -> Result<(), Ending> {
    let mut import = Import {
        work,
        log,
        seen: Seen::default(),
        waiting: Vec::new(),
        expects_new: true,
        deferred: Vec::new(),
    };
    let keys = import.seen.keys.clone();
    let mut outcome = Ok(());
    parallel::for_each_chunk_with(
        readers(),
        input,
        &Options::new(),
        |chunk| pipeline::rows_of(chunk, &keys),
        |all| {
            outcome = all.into_iter().try_for_each(|rows| import.take(rows));
            if outcome.is_ok() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        },
    )?;
    outcome?;
    import.apply()?;
    let deferred = import.deferred;
    for error in apply_deferred(work, deferred)? {
        log.note(&error)?;
    }
    Ok(())
}

/// Threads that read rows, this one among them whenever none wait for the database.
fn readers() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    cores.clamp(MIN_READERS, MAX_READERS)
}

/// An import under way.
struct Import<'w> {
    work: &'w Work<JobRecord>,
    log: &'w mut ErrorLog,
    seen: Seen,
    /// Rows to be applied together.
    waiting: Vec<Rows>,
    /// Whether the rows are likely to be new devices.
    expects_new: bool,
    deferred: Vec<Deferred>,
}

/// A change that waits for another one, and what is to be said if that never comes.
struct Deferred {
    change: Change,
    error: ImportError,
}

impl Import<'_> {
    /// Takes the next rows of the file.
    fn take(&mut self, rows: Rows) -> Result<(), Ending> {
        self.waiting.push(rows);
        if self.waiting() < BATCH {
            return Ok(());
        }
        self.apply()
    }

    fn waiting(&self) -> usize {
        self.waiting.iter().map(|rows| rows.lines.len()).sum()
    }

    /// Applies what waits: whole rows, all in one transaction.
    fn apply(&mut self) -> Result<(), Ending> {
        self.work.check()?;
        let rows = u64::try_from(self.waiting()).unwrap_or_default();
        let waiting = std::mem::take(&mut self.waiting);
        let mut errors = Vec::new();
        self.work.write(|record, writing| {
            record.rows += rows;
            let mut plain = PlainWriter::new(writing, self.expects_new)?;
            for Rows { texts, lines } in waiting {
                for line in lines {
                    let change = match self.seen.admit(line, &texts) {
                        Some(What::Plain(row)) => {
                            if plain.write(&row, &texts, writing)? {
                                continue;
                            }
                            row.to_change(&texts)
                        }
                        Some(What::Change(change)) => *change,
                        Some(What::Refused(error)) => {
                            errors.push(*error);
                            continue;
                        }
                        Some(What::Notice(_)) | None => continue,
                    };
                    errors.extend(apply(change, writing, &mut self.deferred)?);
                }
            }
            self.expects_new = plain.expects_new;
            Ok(())
        })?;
        for error in errors {
            self.log.note(&error)?;
        }
        Ok(())
    }
}

/// Applies one change. Gives the error, unless that may go away later.
fn apply(
    change: Change,
    writing: &mut Writing<'_>,
    deferred: &mut Vec<Deferred>,
) -> Outcome<Option<ImportError>> {
    let spare = change.depends_on_others().then(|| change.clone());
    let (id, module_id) = (change.id.clone(), change.module_id.clone());
    let Err(refusal) = change.apply(writing)? else {
        return Ok(None);
    };
    let error = errors::refused(&id, &module_id, &refusal);
    match spare {
        Some(change) if refusal.may_resolve && deferred.len() < MAX_DEFERRED => {
            deferred.push(Deferred { change, error });
            Ok(None)
        }
        _ => Ok(Some(error)),
    }
}

/// Rows whose parent came later in the file: tried again until no more of them can be applied.
fn apply_deferred(
    work: &Work<JobRecord>,
    mut deferred: Vec<Deferred>,
) -> Result<Vec<ImportError>, Ending> {
    let mut errors = Vec::new();
    while !deferred.is_empty() {
        work.check()?;
        let before = deferred.len();
        deferred = work.write(|_, writing| {
            let mut left = Vec::new();
            for waiting in deferred {
                let Deferred { change, .. } = waiting;
                let (id, module_id) = (change.id.clone(), change.module_id.clone());
                if let Err(refusal) = change.clone().apply(writing)? {
                    let error = errors::refused(&id, &module_id, &refusal);
                    if refusal.may_resolve {
                        left.push(Deferred { change, error });
                    } else {
                        errors.push(error);
                    }
                }
            }
            Ok(left)
        })?;
        if deferred.len() == before {
            errors.extend(deferred.drain(..).map(|waiting| waiting.error));
        }
    }
    Ok(errors)
}
