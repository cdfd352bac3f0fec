//! `/devices`: device identities.

use serde::Deserialize;

use super::{Call, Route};
use crate::auth::Rights;
use crate::envelope::{HubResult, Response, ServiceError};
use crate::object;
use crate::registry::authentication::AuthenticationRequest;
use crate::registry::change;
use crate::registry::identity::{matches, new_etag};
use crate::registry::rejection::Trouble;
use crate::registry::scope::set_scopes;
use crate::registry::{Identity, RowRejection, Writing, rules, system_modules};

const READ: &[Rights] = &[Rights::REGISTRY_READ];
const WRITE: &[Rights] = &[Rights::REGISTRY_WRITE];

pub(crate) const ROUTES: &[Route] = &[
    Route::get("Devices_GetDevices", "/devices", READ, list),
    Route::get("Devices_GetIdentity", "/devices/{}", READ, get),
    Route::put("Devices_CreateOrUpdateIdentity", "/devices/{}", WRITE, put),
    Route::delete("Devices_DeleteIdentity", "/devices/{}", WRITE, delete),
];

/// Devices that one list may hold.
const MAX_LIST: u32 = 1000;

/// A device identity as sent; what only the hub decides is not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeviceBody {
    device_id: Option<String>,
    status: Option<String>,
    status_reason: Option<String>,
    #[serde(default, deserialize_with = "object::optional")]
    authentication: Option<AuthenticationRequest>,
    #[serde(default, deserialize_with = "object::optional")]
    capabilities: Option<Capabilities>,
    device_scope: Option<String>,
    parent_scopes: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Capabilities {
    iot_edge: Option<bool>,
}

fn list(call: &Call) -> HubResult<Response> {
    let top = match call.query("top") {
        None => MAX_LIST,
        // Outside of 1 to 1,000 it counts as 1,000 (public reports).
        Some(text) => match text.parse::<i64>() {
            Ok(top) => u32::try_from(top)
                .ok()
                .filter(|top| (1..=MAX_LIST).contains(top))
                .unwrap_or(MAX_LIST),
            Err(_) => {
                return Err(ServiceError::argument(format!(
                    "top '{text}' is not a whole number"
                )));
            }
        },
    };
    let devices = call.hub.store.read(|connection| {
        Identity::select(connection, "module_id = '' ORDER BY seq LIMIT ?1", [top])
    })?;
    let shown: Vec<_> = devices.iter().map(Identity::device_json).collect();
    Ok(Response::json(&shown))
}

fn get(call: &Call) -> HubResult<Response> {
    let device = call
        .hub
        .store
        .read(|connection| Identity::require(connection, call.parameter(0), ""))?;
    Ok(Response::json(&device.device_json()).etag(&device.wire_etag()))
}

fn delete(call: &Call) -> HubResult<Response> {
    call.hub.store.write(call.now, |writing| {
        let device = Identity::require(writing.connection(), call.parameter(0), "")?;
        check_if_match(call.if_match(), &device.wire_etag())?;
        change::delete(writing, &device)
    })?;
    Ok(Response::no_content())
}

fn put(call: &Call) -> HubResult<Response> {
    let id = call.parameter(0);
    rules::check_device_id(id).map_err(ServiceError::argument)?;
    let body: DeviceBody = call.object()?;
    if body.device_id.as_deref().is_some_and(|named| named != id) {
        return Err(ServiceError::argument(
            "deviceId in the body differs from the id in the path",
        ));
    }
    let device = call.hub.store.write(call.now, |writing| {
        let existing = Identity::find(writing.connection(), id, "")?;
        match (existing, call.if_match()) {
            (None, None) => create(writing, id, body),
            (Some(_), None) => Err(ServiceError::device_exists(format!(
                "A device with ID '{id}' is already registered."
            ))),
            (None, Some(_)) => Err(ServiceError::device_not_found(id)),
            (Some(existing), Some(given)) => {
                check_if_match(Some(given), &existing.wire_etag())?;
                update(writing, existing, body)
            }
        }
    })?;
    Ok(Response::json(&device.device_json()).etag(&device.wire_etag()))
}

fn create(writing: &mut Writing<'_>, id: &str, body: DeviceBody) -> HubResult<Identity> {
    writing.check_quota()?;
    let mut device = Identity::new(id, "", writing.now);
    body.settle(&mut device, writing)?;
    change::insert(writing, &device)?;
    Ok(device)
}

fn update(
    writing: &mut Writing<'_>,
    mut device: Identity,
    body: DeviceBody,
) -> HubResult<Identity> {
    let had_edge = device.iot_edge;
    body.settle(&mut device, writing)?;
    device.etag = new_etag();
    system_modules::follow(writing, &device, had_edge)?;
    device.update(writing.connection())?;
    Ok(device)
}

impl DeviceBody {
    fn settle(self, device: &mut Identity, writing: &Writing<'_>) -> HubResult<()> {
        let enabled = match self.status.as_deref() {
            None => true,
            Some(text) => parse_status(text).map_err(ServiceError::argument)?,
        };
        if device.enabled != enabled {
            device.status_updated = writing.now.ticks();
        }
        device.enabled = enabled;
        rules::check_status_reason(self.status_reason.as_deref())
            .map_err(ServiceError::argument)?;
        device.status_reason = self.status_reason;
        device.authentication = self
            .authentication
            .unwrap_or_default()
            .settle()
            .map_err(ServiceError::argument)?;
        device.iot_edge = self
            .capabilities
            .and_then(|capabilities| capabilities.iot_edge)
            .unwrap_or(false);
        set_scopes(
            device,
            self.device_scope,
            self.parent_scopes.unwrap_or_default(),
            writing,
        )
        .map_err(|trouble| match trouble {
            Trouble::Row(rejection) => refused(rejection),
            Trouble::Hub(error) => error,
        })
    }
}

/// `enabled` or `disabled`, in any case.
pub(crate) fn parse_status(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "enabled" => Ok(true),
        "disabled" => Ok(false),
        _ => Err(format!("status '{text}' is neither enabled nor disabled")),
    }
}

/// 412 when an `If-Match` is given and does not match.
pub(crate) fn check_if_match(given: Option<&str>, actual: &str) -> HubResult<()> {
    if given.is_none() || matches(given, actual) {
        Ok(())
    } else {
        Err(ServiceError::precondition(
            "Precondition failed: the etag in If-Match does not match the stored one.",
        ))
    }
}

/// A refused row as a response of its own.
pub(crate) fn refused(rejection: RowRejection) -> ServiceError {
    if rejection.code == "InvalidDeviceScope" {
        ServiceError::device_scope(rejection.status)
    } else {
        ServiceError::argument(rejection.status)
    }
}
