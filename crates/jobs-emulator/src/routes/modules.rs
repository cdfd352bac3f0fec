//! `/devices/{id}/modules`: module identities.

use serde::Deserialize;

use super::devices::check_if_match;
use super::{Call, Route};
use crate::auth::Rights;
use crate::envelope::{HubResult, Response, ServiceError};
use crate::object;
use crate::registry::authentication::AuthenticationRequest;
use crate::registry::change;
use crate::registry::identity::new_etag;
use crate::registry::{Identity, Writing, rules};

const READ: &[Rights] = &[Rights::REGISTRY_READ];
const WRITE: &[Rights] = &[Rights::REGISTRY_WRITE];

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "Modules_GetModulesOnDevice",
        "/devices/{}/modules",
        READ,
        list,
    ),
    Route::get("Modules_GetIdentity", "/devices/{}/modules/{}", READ, get),
    Route::put(
        "Modules_CreateOrUpdateIdentity",
        "/devices/{}/modules/{}",
        WRITE,
        put,
    ),
    Route::delete(
        "Modules_DeleteIdentity",
        "/devices/{}/modules/{}",
        WRITE,
        delete,
    ),
];

/// A module identity as sent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModuleBody {
    module_id: Option<String>,
    device_id: Option<String>,
    managed_by: Option<String>,
    #[serde(default, deserialize_with = "object::optional")]
    authentication: Option<AuthenticationRequest>,
}

fn list(call: &Call) -> HubResult<Response> {
    let device_id = call.parameter(0);
    let modules = call.hub.store.read(|connection| {
        if !Identity::exists(connection, device_id, "")? {
            return Err(ServiceError::device_not_found(device_id));
        }
        let condition = "device_id = ?1 AND module_id <> '' ORDER BY module_id";
        Identity::select(connection, condition, [device_id])
    })?;
    let shown: Vec<_> = modules.iter().map(Identity::module_json).collect();
    Ok(Response::json(&shown))
}

fn get(call: &Call) -> HubResult<Response> {
    let module = call
        .hub
        .store
        .read(|connection| Identity::require(connection, call.parameter(0), call.parameter(1)))?;
    Ok(Response::json(&module.module_json()))
}

fn delete(call: &Call) -> HubResult<Response> {
    call.hub.store.write(call.now, |writing| {
        let module = Identity::require(writing.connection(), call.parameter(0), call.parameter(1))?;
        check_if_match(call.if_match(), &module.wire_etag())?;
        change::delete(writing, &module)
    })?;
    Ok(Response::no_content())
}

fn put(call: &Call) -> HubResult<Response> {
    let (device_id, module_id) = (call.parameter(0), call.parameter(1));
    rules::check_device_id(device_id).map_err(ServiceError::argument)?;
    rules::check_module_id(module_id).map_err(ServiceError::argument)?;
    let body: ModuleBody = call.object()?;
    let differs =
        |named: &Option<String>, id: &str| named.as_deref().is_some_and(|named| named != id);
    if differs(&body.device_id, device_id) || differs(&body.module_id, module_id) {
        return Err(ServiceError::argument(
            "the ids in the body differ from those in the path",
        ));
    }
    let module = call.hub.store.write(call.now, |writing| {
        if !Identity::exists(writing.connection(), device_id, "")? {
            return Err(ServiceError::device_not_found(device_id));
        }
        let existing = Identity::find(writing.connection(), device_id, module_id)?;
        match (existing, call.if_match()) {
            (None, None) => create(writing, device_id, module_id, body),
            (Some(_), None) => {
                let text = format!(
                    "A module with ID '{module_id}' is already registered on device '{device_id}'."
                );
                Err(ServiceError::module_exists(text))
            }
            (None, Some(_)) => Err(ServiceError::module_not_found(format!(
                "{module_id} on {device_id}"
            ))),
            (Some(existing), Some(given)) => {
                check_if_match(Some(given), &existing.wire_etag())?;
                update(writing, existing, body)
            }
        }
    })?;
    Ok(Response::json(&module.module_json()))
}

fn create(
    writing: &mut Writing<'_>,
    device_id: &str,
    module_id: &str,
    body: ModuleBody,
) -> HubResult<Identity> {
    writing.check_quota()?;
    change::check_room(writing, device_id)?;
    let mut module = Identity::new(device_id, module_id, writing.now);
    body.settle(&mut module)?;
    change::insert(writing, &module)?;
    Ok(module)
}

fn update(
    writing: &mut Writing<'_>,
    mut module: Identity,
    body: ModuleBody,
) -> HubResult<Identity> {
    body.settle(&mut module)?;
    module.etag = new_etag();
    module.update(writing.connection())?;
    Ok(module)
}

impl ModuleBody {
    fn settle(self, module: &mut Identity) -> HubResult<()> {
        module.authentication = self
            .authentication
            .unwrap_or_default()
            .settle()
            .map_err(ServiceError::argument)?;
        module.managed_by = self.managed_by;
        Ok(())
    }
}
