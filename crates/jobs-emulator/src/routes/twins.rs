//! `/twins`: device and module twins.

use serde_json::Value;

use super::devices::check_if_match;
use super::{Call, Route};
use crate::auth::Rights;
use crate::envelope::{HubResult, Response, ServiceError};
use crate::registry::Identity;
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
    let texts = TwinTexts::of(parts(call)?)
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
        check_if_match(call.if_match(), &found.twin.wire_etag())?;
        work(&mut found).map_err(ServiceError::argument)?;
        found.update(writing.connection())?;
        Ok(found)
    })?;
    Ok(shown(&found))
}

fn shown(found: &Identity) -> Response {
    Response::json(&found.twin_json()).etag(&found.twin.wire_etag())
}
