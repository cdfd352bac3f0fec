//! The work of an import: rows are read, checked and applied in batches, each in one transaction.

use std::io::Read;
use std::sync::mpsc::sync_channel;

use jobs_devices::ImportError;

use super::errors::{self, CONFIGURATION_LOG, DEVICE_LOG, ErrorLog};
use super::pipeline::{self, Line};
use super::record::JobRecord;
use super::request::{CONFIGURATIONS_BLOB, DEVICES_BLOB};
use super::run::{Containers, Ending};
use super::work::Work;
use crate::registry::change::Change;
use crate::registry::configuration;

/// Batches that may wait for the database.
const WAITING: usize = 2;
/// Rows that may wait for a parent further down in the file.
const MAX_DEFERRED: usize = 20_000;

pub(super) fn run(work: &Work, record: &JobRecord, containers: &Containers) -> Result<(), Ending> {
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
        configuration::import(&work.hub.store, lines, work.hub.clock.now(), |error| {
            log.note(error)
        })?;
        log.finish()?;
    }
    work.check()
}

fn import_devices(
    work: &Work,
    input: Box<dyn Read + Send>,
    log: &mut ErrorLog,
) -> Result<(), Ending> {
    let (sender, batches) = sync_channel(WAITING);
    let mut deferred = Vec::new();
    std::thread::scope(|scope| {
        let reader = std::thread::Builder::new().name("import-reader".to_owned());
        reader.spawn_scoped(scope, move || pipeline::read(input, &sender))?;
        // When this returns early, the receiver goes, and the reader ends with it.
        let batches = batches;
        while let Ok(batch) = batches.recv() {
            let batch = batch?;
            work.check()?;
            let rows = u64::try_from(batch.len()).unwrap_or_default();
            for error in apply(work, batch, &mut deferred)? {
                log.note(&error)?;
            }
            work.count(rows);
        }
        Ok::<(), Ending>(())
    })?;
    for error in apply_deferred(work, deferred)? {
        log.note(&error)?;
    }
    Ok(())
}

/// A change that waits for another one, and what is to be said if that never comes.
struct Deferred {
    change: Change,
    error: ImportError,
}

/// Applies a batch: whole rows, all in one transaction. Gives the errors in the order of the lines.
fn apply(
    work: &Work,
    batch: Vec<Line>,
    deferred: &mut Vec<Deferred>,
) -> Result<Vec<ImportError>, Ending> {
    let mut errors = Vec::new();
    work.hub.store.write(work.hub.clock.now(), |writing| {
        if work.is_over() {
            return Ok(());
        }
        for line in batch {
            let change = match line {
                Line::Refused(error) => {
                    errors.push(error);
                    continue;
                }
                Line::Change(change) => *change,
            };
            let spare = change.depends_on_others().then(|| change.clone());
            let (id, module_id) = (change.id.clone(), change.module_id.clone());
            if let Err(refusal) = change.apply(writing)? {
                let error = errors::refused(&id, &module_id, &refusal);
                match spare {
                    Some(change) if refusal.may_resolve && deferred.len() < MAX_DEFERRED => {
                        deferred.push(Deferred { change, error })
                    }
                    _ => errors.push(error),
                }
            }
        }
        Ok(())
    })?;
    Ok(errors)
}

/// Rows whose parent came later in the file: tried again until no more of them can be applied.
fn apply_deferred(work: &Work, mut deferred: Vec<Deferred>) -> Result<Vec<ImportError>, Ending> {
    let mut errors = Vec::new();
    while !deferred.is_empty() {
        work.check()?;
        let before = deferred.len();
        deferred = work.hub.store.write(work.hub.clock.now(), |writing| {
            let mut left = Vec::new();
            if work.is_over() {
                return Ok(left);
            }
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
