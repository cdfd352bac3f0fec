//! `/statistics`: counts.

use serde_json::json;

use super::{Call, Route};
use crate::auth::Rights;
use crate::envelope::{HubResult, Response};
use crate::registry::identity::device_counts;

const READ: &[Rights] = &[Rights::REGISTRY_READ, Rights::SERVICE_CONNECT];

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "Statistics_GetDeviceStatistics",
        "/statistics/devices",
        READ,
        devices,
    ),
    Route::get(
        "Statistics_GetServiceStatistics",
        "/statistics/service",
        READ,
        service,
    ),
];

fn devices(call: &Call) -> HubResult<Response> {
    let (total, disabled) = call.hub.store.read(device_counts)?;
    Ok(Response::json(&json!({
        "totalDeviceCount": total,
        "enabledDeviceCount": total - disabled,
        "disabledDeviceCount": disabled,
    })))
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of a handler")]
fn service(_call: &Call) -> HubResult<Response> {
    Ok(Response::json(&json!({ "connectedDeviceCount": 0 })))
}
