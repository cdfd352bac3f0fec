//! Seeding the registry with rows as they stand in a device file.

use std::io;

use jobs_devices::ImportError;
use serde::Serialize;
use serde_json::Value;

use super::errors;
use super::rows::for_each_change;
use crate::clock::Time;
use crate::envelope::{Outcome, ServiceError};
use crate::registry::Store;
use crate::registry::change::Change;

/// What came of a file of rows.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Seeded {
    /// Rows applied.
    pub(crate) applied: usize,
    /// The others, as `importErrors.log` has them.
    pub(crate) errors: Vec<ImportError>,
}

/// Applies rows in one transaction: lines of JSON, or one JSON array. Rows may stand before the rows that they depend on.
pub(crate) fn seed(store: &Store, now: Time, text: &[u8]) -> Outcome<Seeded> {
    let mut seeded = Seeded::default();
    let mut changes: Vec<Change> = Vec::new();
    for_each_change(&as_lines(text)?[..], |row| {
        match row {
            Ok(change) => changes.push(*change),
            Err(error) => seeded.errors.push(*error),
        }
        Ok::<_, io::Error>(())
    })
    .map_err(|error| ServiceError::format(error.to_string()))?;
    store.write(now, |writing| {
        loop {
            let (mut waiting, mut refused) = (Vec::new(), Vec::new());
            let before = changes.len();
            for change in std::mem::take(&mut changes) {
                let again = change.depends_on_others().then(|| change.clone());
                let (id, module_id) = (change.id.clone(), change.module_id.clone());
                let Err(refusal) = change.apply(writing)? else {
                    seeded.applied += 1;
                    continue;
                };
                let error = errors::refused(&id, &module_id, &refusal);
                match again.filter(|_| refusal.may_resolve) {
                    Some(change) => waiting.push((change, error)),
                    None => refused.push(error),
                }
            }
            seeded.errors.extend(refused);
            if waiting.len() == before || waiting.is_empty() {
                seeded
                    .errors
                    .extend(waiting.into_iter().map(|(_, error)| error));
                return Ok(());
            }
            changes = waiting.into_iter().map(|(change, _)| change).collect();
        }
    })?;
    Ok(seeded)
}

fn as_lines(text: &[u8]) -> Outcome<Vec<u8>> {
    if !text.trim_ascii_start().starts_with(b"[") {
        return Ok(text.to_vec());
    }
    let rows: Vec<Value> = serde_json::from_slice(text).map_err(|error| {
        ServiceError::format(format!(
            "The body is neither lines of JSON nor an array: {error}"
        ))
    })?;
    Ok(rows
        .iter()
        .map(|row| format!("{row}\n"))
        .collect::<String>()
        .into_bytes())
}
