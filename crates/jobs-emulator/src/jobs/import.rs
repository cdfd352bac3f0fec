//! The work of an import: rows are read, checked and applied in batches, each in one transaction.

use std::io::Read;

use jobs_devices::ImportError;

use super::containers::Containers;
use super::errors::{self, CONFIGURATION_LOG, DEVICE_LOG, ErrorLog};
use super::record::JobRecord;
use super::request::{CONFIGURATIONS_BLOB, DEVICES_BLOB};
use super::rows::{RowResult, for_each_change};
use crate::engine::{Ending, Work};
use crate::envelope::Outcome;
use crate::registry::change::Change;
use crate::registry::{Writing, configuration};

/// Rows that are applied together, in one transaction.
const BATCH: usize = 1000;
/// Rows that may wait for a parent further down in the file.
const MAX_DEFERRED: usize = 20_000;

/// A hub has at most `quota` configurations.
pub(super) fn run(
    work: &Work<JobRecord>,
    containers: &Containers,
    quota: usize,
) -> Result<(), Ending> {
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
        for line in configuration::lines(lines) {
            work.check()?;
            let error = match line? {
                Ok(line) => work.write(|_, writing| line.apply(writing, quota))?,
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
        waiting: Vec::new(),
        deferred: Vec::new(),
    };
    for_each_change(input, |row| import.take(row))?;
    import.apply()?;
    let deferred = import.deferred;
    for error in apply_deferred(work, deferred)? {
        log.note(&error)?;
    }
    Ok(())
}

/// An import under way.
struct Import<'w> {
    work: &'w Work<JobRecord>,
    log: &'w mut ErrorLog,
    /// Rows to be applied together, and what the log gets in the place of others.
    waiting: Vec<RowResult>,
    deferred: Vec<Deferred>,
}

/// A change that waits for another one, and what is to be said if that never comes.
struct Deferred {
    change: Change,
    error: ImportError,
}

impl Import<'_> {
    /// Takes the next row of the file.
    fn take(&mut self, row: RowResult) -> Result<(), Ending> {
        self.waiting.push(row);
        if self.waiting.len() < BATCH {
            return Ok(());
        }
        self.apply()
    }

    /// Applies what waits: whole rows, all in one transaction.
    fn apply(&mut self) -> Result<(), Ending> {
        self.work.check()?;
        let waiting = std::mem::take(&mut self.waiting);
        let rows = u64::try_from(waiting.len()).unwrap_or_default();
        let mut errors = Vec::new();
        self.work.write(|record, writing| {
            record.rows += rows;
            for row in waiting {
                match row {
                    Ok(change) => errors.extend(apply(*change, writing, &mut self.deferred)?),
                    Err(error) => errors.push(*error),
                }
            }
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
