//! `/statistics`: counts.

use hyper::Method;
use serde_json::json;

use super::{Call, Route};
use crate::auth::Rights;
use crate::envelope::{Answer, Outcome};

const READ: &[Rights] = &[Rights::REGISTRY_READ, Rights::SERVICE_CONNECT];

pub(crate) const ROUTES: &[Route] = &[
    Route::service(
        "Statistics_GetDeviceStatistics",
        Method::GET,
        "/statistics/devices",
        READ,
        devices,
    ),
    Route::service(
        "Statistics_GetServiceStatistics",
        Method::GET,
        "/statistics/service",
        READ,
        service,
    ),
];

fn devices(call: &Call) -> Outcome<Answer> {
    let (total, disabled) = call.hub.store.read(|connection| {
        // Both counts run over an index alone.
        let count = |sql: &str| {
            connection
                .prepare_cached(sql)?
                .query_row([], |row| row.get::<_, i64>(0))
        };
        Ok((
            count("SELECT count(*) FROM identities WHERE module_id = ''")?,
            count("SELECT count(*) FROM identities WHERE status = 'disabled' AND module_id = ''")?,
        ))
    })?;
    Ok(Answer::json(&json!({
        "totalDeviceCount": total,
        "enabledDeviceCount": total - disabled,
        "disabledDeviceCount": disabled,
    })))
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of a handler")]
fn service(_call: &Call) -> Outcome<Answer> {
    Ok(Answer::json(&json!({ "connectedDeviceCount": 0 })))
}
