//! `POST /devices`: up to 100 changes at once.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::devices::parse_status;
use super::{Call, Route};
use crate::auth::Rights;
use crate::envelope::{Answer, Outcome, ServiceError};
use crate::registry::authentication::AuthenticationRequest;
use crate::registry::change::{Change, RowRefusal, text_at};
use crate::registry::mode::Mode;
use crate::registry::twin::{TwinParts, TwinTexts};

/// Rows that one call may hold.
const MAX_ROWS: usize = 100;

pub(crate) const ROUTES: &[Route] = &[Route::service(
    "BulkRegistry_UpdateRegistry",
    Method::POST,
    "/devices",
    &[Rights::REGISTRY_WRITE],
    update,
)];

fn update(call: &Call) -> Outcome<Answer> {
    let rows: Vec<Value> = call.json()?;
    if rows.len() > MAX_ROWS {
        return Err(ServiceError::too_many_devices(format!(
            "one call takes {MAX_ROWS} devices; this one has {}",
            rows.len()
        )));
    }
    let mut errors = Vec::new();
    call.hub.store.write(call.now, |writing| {
        for row in &rows {
            let refusal = match read(row) {
                Ok(change) => change.apply(writing)?.err(),
                Err(refusal) => Some(refusal),
            };
            if let Some(refusal) = refusal {
                errors.push(error_row(row, &refusal));
            }
        }
        Ok(())
    })?;
    let mut answer = Answer::json(
        &json!({ "isSuccessful": errors.is_empty(), "errors": errors, "warnings": [] }),
    );
    if !errors.is_empty() {
        answer.status = StatusCode::BAD_REQUEST;
        answer = answer.header(crate::envelope::ERROR_CODE, "BulkRegistryOperationFailure");
    }
    Ok(answer)
}

fn error_row(row: &Value, refusal: &RowRefusal) -> Value {
    let mut error = json!({
        "deviceId": text_at(row, &["id", "deviceId"]).unwrap_or_default(),
        "errorCode": refusal.code,
        "errorStatus": refusal.status,
    });
    if let Some(module_id) = text_at(row, &["moduleId"]) {
        error["moduleId"] = json!(module_id);
    }
    error
}

/// Reads a row; clients pass on what they got from the hub, so `etag` stands for `eTag` too.
fn read(row: &Value) -> Result<Change, RowRefusal> {
    let bad = |text: String| RowRefusal::new("ArgumentInvalid", text);
    if !row.is_object() {
        return Err(bad("a row is a JSON object".to_owned()));
    }
    let mode = match text_at(row, &["importMode"]) {
        None => Mode::CreateOrUpdate,
        Some(text) => {
            Mode::parse(&text).ok_or_else(|| bad(format!("importMode '{text}' is unknown")))?
        }
    };
    let authentication = match row.get("authentication") {
        None | Some(Value::Null) => None,
        Some(value) => {
            // The text of a parser error could repeat a key.
            let asked: AuthenticationRequest = serde_json::from_value(value.clone())
                .map_err(|_| bad("authentication does not have the expected shape".to_owned()))?;
            Some(asked.settle().map_err(bad)?)
        }
    };
    let enabled = match text_at(row, &["status"]) {
        None => true,
        Some(text) => parse_status(&text).map_err(bad)?,
    };
    let parents = row.get("parentScopes").and_then(Value::as_array);
    Ok(Change {
        mode,
        id: text_at(row, &["id", "deviceId"]).unwrap_or_default(),
        module_id: text_at(row, &["moduleId"]).unwrap_or_default(),
        etag: text_at(row, &["eTag", "etag"]),
        enabled,
        status_reason: text_at(row, &["statusReason"]),
        authentication,
        twin_etag: text_at(row, &["twinETag", "twinEtag"]),
        twin: TwinParts::from_document(row)
            .and_then(TwinTexts::of)
            .map_err(bad)?,
        iot_edge: row
            .pointer("/capabilities/iotEdge")
            .and_then(Value::as_bool),
        device_scope: text_at(row, &["deviceScope"]),
        parent_scopes: parents
            .map(|list| {
                list.iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect()
            })
            .unwrap_or_default(),
        managed_by: text_at(row, &["managedBy"]),
    })
}
