//! `/twins`: device and module twins.

use serde_json::Value;

use super::{Call, Route};
use crate::auth::Rights;
use crate::envelope::{HubResult, Response, ServiceError};
use crate::registry::Identity;
use crate::registry::identity::matches;
use crate::registry::twin;
use crate::registry::twin_parts::{TwinParts, TwinTexts};

const SERVICE: &[Rights] = &[Rights::SERVICE_CONNECT];

pub(crate) const ROUTES: &[Route] = &[
    Route::get("Devices_GetTwin", "/twins/{}", SERVICE, get),
    Route::patch("Devices_UpdateTwin", "/twins/{}", SERVICE, patch),
    Route::put("Devices_ReplaceTwin", "/twins/{}", SERVICE, put),
    Route::get("Modules_GetTwin", "/twins/{}/modules/{}", SERVICE, get),
    Route::patch("Modules_UpdateTwin", "/twins/{}/modules/{}", SERVICE, patch),
    Route::put("Modules_ReplaceTwin", "/twins/{}/modules/{}", SERVICE, put),
];

fn get(call: &Call) -> HubResult<Response> {
    let found = call
        .hub
        .store
        .read(|connection| Identity::require(connection, call.parameter(0), call.parameter(1)))?;
    Ok(shown(&found))
}

fn patch(call: &Call) -> HubResult<Response> {
    let parts = parts(call)?;
    change(call, |found| twin::merge(&mut found.twin, parts, call.now))
}

/// A replacement: a section that is not sent becomes empty.
fn put(call: &Call) -> HubResult<Response> {
    let parts = parts(call)?;
    if let Some(section) = parts.section_with_null() {
        return Err(ServiceError::argument(format!(
            "'{section}' has a null; a replacement cannot delete a member, leave it out"
        )));
    }
    let texts = TwinTexts::of(parts)
        .map_err(ServiceError::argument)?
        .or_empty();
    change(call, |found| {
        twin::replace(&mut found.twin, texts, call.now);
        Ok(())
    })
}

/// The writable parts of the body; only a device reports properties.
fn parts(call: &Call) -> HubResult<TwinParts> {
    let document: Value = call.json()?;
    if !document.is_object() {
        return Err(ServiceError::format("The body is not a JSON object."));
    }
    let mut parts = TwinParts::from_document(&document).map_err(ServiceError::argument)?;
    parts.reported = None;
    Ok(parts)
}

fn change(
    call: &Call,
    work: impl FnOnce(&mut Identity) -> Result<(), String>,
) -> HubResult<Response> {
    let found = call.hub.store.write(call.now, |writing| {
        let mut found =
            Identity::require(writing.connection(), call.parameter(0), call.parameter(1))?;
        check_twin_etag(call, &found)?;
        work(&mut found).map_err(ServiceError::argument)?;
        found.update(writing.connection())?;
        Ok(found)
    })?;
    Ok(shown(&found))
}

/// Twins have their etag in the body only (recorded).
fn shown(found: &Identity) -> Response {
    Response::json(&found.twin_json())
}

fn check_twin_etag(call: &Call, found: &Identity) -> HubResult<()> {
    let given = call.quoted_if_match();
    if given.is_none() || matches(given, &found.twin.wire_etag()) {
        return Ok(());
    }
    Err(ServiceError::precondition(format!(
        "ETag mismatch for device ID '{}'",
        found.device_id
    )))
}
