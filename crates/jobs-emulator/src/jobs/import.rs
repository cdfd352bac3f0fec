//! The work of an import: rows are read, checked and applied in batches, each in one transaction.

use std::io::Read;

use super::apply::Applier;
use super::containers::Containers;
use super::errors::{CONFIGURATION_LOG, DEVICE_LOG, ErrorLog};
use super::record::JobRecord;
use super::request::{CONFIGURATIONS_BLOB, DEVICES_BLOB};
use super::rows::{RowResult, for_each_change};
use crate::engine::{Ending, Work};
use crate::registry::configuration;

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
        applier: Applier::new(MAX_DEFERRED),
    };
    for_each_change(input, |row| import.take(row))?;
    import.apply()?;
    import.apply_deferred()
}

/// An import under way.
struct Import<'w> {
    work: &'w Work<JobRecord>,
    log: &'w mut ErrorLog,
    /// Rows to be applied together, and what the log gets in the place of others.
    waiting: Vec<RowResult>,
    applier: Applier,
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
        self.work.write(|record, writing| {
            record.rows += waiting.len() as u64;
            for row in waiting {
                match row {
                    Ok(change) => self.applier.apply(*change, writing)?,
                    Err(error) => self.applier.errors.push(*error),
                }
            }
            Ok(())
        })?;
        self.log_errors()
    }

    /// Rows whose parent came later in the file: tried again until no more of them can be applied.
    fn apply_deferred(&mut self) -> Result<(), Ending> {
        while self.applier.is_waiting() {
            self.work.check()?;
            self.work.write(|_, writing| self.applier.retry(writing))?;
            self.log_errors()?;
        }
        Ok(())
    }

    fn log_errors(&mut self) -> Result<(), Ending> {
        for error in self.applier.errors.drain(..) {
            self.log.note(&error)?;
        }
        Ok(())
    }
}
