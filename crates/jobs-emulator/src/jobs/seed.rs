//! Seeding the registry with rows as they stand in a device file.

use std::io;

use jobs_devices::ImportError;
use serde::Serialize;
use serde_json::Value;

use super::apply::Applier;
use super::rows::for_each_change;
use crate::clock::Time;
use crate::envelope::{HubResult, ServiceError};
use crate::registry::Store;

/// What came of a file of rows.
#[derive(Debug, Serialize)]
pub(crate) struct Seeded {
    /// Rows applied.
    pub(crate) applied: usize,
    /// The others, as `importErrors.log` has them.
    pub(crate) errors: Vec<ImportError>,
}

/// Applies rows in one transaction: lines of JSON, or one JSON array. Rows may stand before the rows that they depend on.
pub(crate) fn seed(store: &Store, now: Time, text: &[u8]) -> HubResult<Seeded> {
    let mut applier = Applier::new(usize::MAX);
    let mut changes = Vec::new();
    for_each_change(&as_lines(text)?[..], |row| {
        match row {
            Ok(change) => changes.push(*change),
            Err(error) => applier.errors.push(*error),
        }
        Ok::<_, io::Error>(())
    })
    .map_err(|error| ServiceError::format(error.to_string()))?;
    store.write(now, |writing| {
        for change in changes {
            applier.apply(change, writing)?;
        }
        while applier.is_waiting() {
            applier.retry(writing)?;
        }
        Ok(())
    })?;
    Ok(Seeded {
        applied: applier.applied,
        errors: applier.errors,
    })
}

fn as_lines(text: &[u8]) -> HubResult<Vec<u8>> {
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
