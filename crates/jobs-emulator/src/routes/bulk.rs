//! `POST /devices`: up to 100 changes at once.

use std::collections::HashSet;

use hyper::StatusCode;
use jobs_devices::ImportMode;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::devices::parse_status;
use super::{Call, Route};
use crate::auth::Rights;
use crate::envelope::{HubResult, Response, ServiceError, shorten_texts};
use crate::object::Object;
use crate::registry::RowRejection;
use crate::registry::authentication::AuthenticationRequest;
use crate::registry::change::Change;
use crate::registry::twin_parts::{TwinParts, TwinTexts};

/// Rows that one call may hold.
const MAX_ROWS: usize = 100;

pub(crate) const ROUTES: &[Route] = &[Route::post(
    "BulkRegistry_UpdateRegistry",
    "/devices",
    &[Rights::REGISTRY_WRITE],
    update,
)];

fn update(call: &Call) -> HubResult<Response> {
    let rows: Vec<Value> = call.json()?;
    if rows.len() > MAX_ROWS {
        return Err(ServiceError::too_many_devices(format!(
            "one call takes {MAX_ROWS} devices; this one has {}",
            rows.len()
        )));
    }
    let mut errors = repeated(&rows);
    if !errors.is_empty() {
        return Ok(rejected(errors));
    }
    call.hub.store.write(call.now, |writing| {
        for row in &rows {
            let rejection = match read(row) {
                Ok(change) => change.apply(writing)?.err(),
                Err(rejection) => Some(rejection),
            };
            if let Some(rejection) = rejection {
                errors.push(error_row(row, &rejection));
            }
        }
        Ok(())
    })?;
    if !errors.is_empty() {
        return Ok(rejected(errors));
    }
    Ok(Response::json(
        &json!({ "isSuccessful": true, "errors": errors, "warnings": [] }),
    ))
}

fn rejected(errors: Vec<Value>) -> Response {
    let mut response =
        Response::json(&json!({ "isSuccessful": false, "errors": errors, "warnings": [] }));
    response.status = StatusCode::BAD_REQUEST;
    response.header(crate::envelope::ERROR_CODE, "BulkRegistryOperationFailure")
}

/// The rows about an identity that another row is about, too: the service rejects such a call as a whole.
fn repeated(rows: &[Value]) -> Vec<Value> {
    let mut names = HashSet::new();
    let repeated = rows.iter().filter(|row| {
        let device = text_at(row, &["id", "deviceId"]);
        device.is_some() && !names.insert((device, text_at(row, &["moduleId"])))
    });
    repeated
        .map(|row| {
            let text = "the call names this identity more than once";
            error_row(row, &RowRejection::new("DeviceDefinedMultipleTimes", text))
        })
        .collect()
}

fn error_row(row: &Value, rejection: &RowRejection) -> Value {
    let mut error = json!({
        "deviceId": text_at(row, &["id", "deviceId"]).unwrap_or_default(),
        "errorCode": rejection.code,
        "errorStatus": rejection.status,
    });
    if let Some(module_id) = text_at(row, &["moduleId"]) {
        error["moduleId"] = json!(module_id);
    }
    shorten_texts(&mut error);
    error
}

/// Reads a row; clients pass on what they got from the hub, so `etag` stands for `eTag` too.
fn read(row: &Value) -> Result<Change, RowRejection> {
    read_row(row).map_err(|text| RowRejection::new("ArgumentInvalid", text))
}

fn read_row(row: &Value) -> Result<Change, String> {
    if !row.is_object() {
        return Err("a row is a JSON object".to_owned());
    }
    let text = |names: &[&str]| member::<String>(row, names, "a text");
    let mode = match text(&["importMode"])? {
        None => ImportMode::CreateOrUpdate,
        Some(word) => word
            .parse()
            .map_err(|_| format!("importMode '{word}' is unknown"))?,
    };
    let authentication =
        member::<Object<AuthenticationRequest>>(row, &["authentication"], "of the expected shape")?
            .map(|Object(asked)| asked.settle())
            .transpose()?;
    let enabled = match text(&["status"])? {
        None => true,
        Some(word) => parse_status(&word)?,
    };
    let capabilities = Value::Object(
        member::<Map<String, Value>>(row, &["capabilities"], "an object")?.unwrap_or_default(),
    );
    Ok(Change {
        mode,
        id: text(&["id", "deviceId"])?.unwrap_or_default(),
        module_id: text(&["moduleId"])?.unwrap_or_default(),
        etag: text(&["eTag", "etag"])?,
        enabled,
        status_reason: text(&["statusReason"])?,
        authentication,
        twin_etag: text(&["twinETag", "twinEtag"])?,
        twin: TwinParts::from_document(row).and_then(TwinTexts::of)?,
        iot_edge: member(&capabilities, &["iotEdge"], "true or false")?,
        device_scope: text(&["deviceScope"])?,
        parent_scopes: member(row, &["parentScopes"], "a list of texts")?.unwrap_or_default(),
        managed_by: text(&["managedBy"])?,
    })
}

/// The first member of these names; null counts as missing. What does not fit is refused without being repeated: it may be a key.
fn member<T: DeserializeOwned>(
    document: &Value,
    names: &[&str],
    wanted: &str,
) -> Result<Option<T>, String> {
    let found = names
        .iter()
        .find_map(|name| Some((name, document.get(name).filter(|value| !value.is_null())?)));
    found
        .map(|(name, value)| T::deserialize(value).map_err(|_| format!("{name} is not {wanted}")))
        .transpose()
}

/// Reads a member that must be text, under any of the names.
fn text_at(document: &Value, names: &[&str]) -> Option<String> {
    names
        .iter()
        .find_map(|name| document.get(name))
        .and_then(Value::as_str)
        .map(str::to_owned)
}
