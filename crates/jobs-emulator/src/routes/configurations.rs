//! `/configurations`: automatic device configurations, kept and given back; nothing applies them.

use hyper::StatusCode;
use jobs_devices::query::{parse_condition, parse_query};
use jobs_devices::{Configuration, Misfit};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::devices::check_if_match;
use super::{Call, Route};
use crate::auth::Rights;
use crate::envelope::{HubResult, Response, ServiceError};
use crate::registry::configuration::{self, Stored};
use crate::registry::{Identity, edge_content, rules};

const READ: &[Rights] = &[Rights::REGISTRY_READ];
const WRITE: &[Rights] = &[Rights::REGISTRY_WRITE];

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "Configuration_GetConfigurations",
        "/configurations",
        READ,
        list,
    ),
    Route::post(
        "Configuration_TestQueries",
        "/configurations/testQueries",
        READ,
        test_queries,
    ),
    Route::get("Configuration_Get", "/configurations/{}", READ, get),
    Route::put(
        "Configuration_CreateOrUpdate",
        "/configurations/{}",
        WRITE,
        put,
    ),
    Route::delete("Configuration_Delete", "/configurations/{}", WRITE, delete),
    Route::post(
        "Configuration_ApplyOnEdgeDevice",
        "/devices/{}/applyConfigurationContent",
        WRITE,
        apply_content,
    ),
];

fn not_found(id: &str) -> ServiceError {
    ServiceError::new(
        StatusCode::NOT_FOUND,
        "ConfigurationNotFound",
        format!("Configuration {id} was not found"),
    )
}

fn list(call: &Call) -> HubResult<Response> {
    let top = match call.query("top") {
        None => u32::MAX,
        Some(text) => text
            .parse()
            .map_err(|_| ServiceError::argument(format!("top '{text}' is not a whole number")))?,
    };
    let found = call
        .hub
        .store
        .read(|connection| configuration::list(connection, top))?;
    Ok(Response::json(
        &found.iter().map(Stored::json).collect::<Vec<_>>(),
    ))
}

fn get(call: &Call) -> HubResult<Response> {
    let id = call.parameter(0);
    let found = call
        .hub
        .store
        .read(|connection| configuration::find(connection, id))?
        .ok_or_else(|| not_found(id))?;
    Ok(shown(&found))
}

fn put(call: &Call) -> HubResult<Response> {
    let id = call.parameter(0);
    rules::check_configuration_id(id).map_err(ServiceError::argument)?;
    let members = configuration::members_of(&sent(call, id)?);
    let stored = call.hub.store.write(call.now, |writing| {
        let connection = writing.connection();
        match (configuration::find(connection, id)?, call.quoted_if_match()) {
            (Some(_), None) => {
                return Err(ServiceError::new(
                    StatusCode::CONFLICT,
                    "ConfigurationAlreadyExists",
                    format!("Configuration {id} already exists"),
                ));
            }
            (Some(existing), given) => {
                check_if_match(given, &existing.wire_etag())?;
                if !members.contains_key("content") {
                    return Err(ServiceError::configuration_content(
                        "content is missing; an update repeats it, and does not change it",
                    ));
                }
            }
            (None, Some(_)) => return Err(not_found(id)),
            (None, None) => {
                configuration::check_quota(connection, call.hub.about.sku.configuration_quota())?;
            }
        }
        configuration::put(writing, id, members)
    })?;
    Ok(shown(&stored))
}

/// The configuration of the body, held to the types that an import holds a line to.
fn sent(call: &Call, id: &str) -> HubResult<Configuration> {
    let mut members: Map<String, Value> = call.json()?;
    let names_another = members
        .iter()
        .any(|(name, value)| name.eq_ignore_ascii_case("id") && *value != id && !value.is_null());
    if names_another {
        return Err(ServiceError::argument(
            "id in the body differs from the id in the path",
        ));
    }
    members.retain(|name, _| !name.eq_ignore_ascii_case("id"));
    members.insert("id".to_owned(), json!(id));
    Value::Object(members)
        .to_string()
        .parse()
        .map_err(|misfit: Misfit| ServiceError::argument(misfit.to_string()))
}

fn delete(call: &Call) -> HubResult<Response> {
    let id = call.parameter(0);
    call.hub.store.write(call.now, |writing| {
        let existing =
            configuration::find(writing.connection(), id)?.ok_or_else(|| not_found(id))?;
        check_if_match(call.quoted_if_match(), &existing.wire_etag())?;
        configuration::delete(writing, id)
    })?;
    Ok(Response::no_content())
}

/// Content for one edge device, which gets it at once. Device content is for automatic device management alone.
fn apply_content(call: &Call) -> HubResult<Response> {
    let content: Map<String, Value> = call.json()?;
    call.hub.store.write(call.now, |writing| {
        let device = Identity::require(writing.connection(), call.parameter(0), "")?;
        let modules = content.get("modulesContent").and_then(Value::as_object);
        match modules.filter(|modules| device.iot_edge && !modules.is_empty()) {
            Some(modules) => edge_content::apply(writing, &device, modules),
            None => Err(ServiceError::configuration_content(
                "the content for one device is modulesContent, for an edge device",
            )),
        }
    })?;
    Ok(Response::no_content())
}

fn shown(stored: &Stored) -> Response {
    Response::json(&stored.json()).etag(&stored.wire_etag())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Queries {
    target_condition: Option<String>,
    #[serde(default)]
    custom_metric_queries: Map<String, Value>,
}

/// Says of each text what is wrong with it; an empty text means nothing is.
fn test_queries(call: &Call) -> HubResult<Response> {
    let queries: Queries = call.object()?;
    let target = queries.target_condition.filter(|text| !text.is_empty());
    let target = target
        .and_then(|text| parse_condition(&text).err())
        .map_or_else(String::new, |error| error.to_string());
    let metrics: Map<String, Value> = queries
        .custom_metric_queries
        .iter()
        .map(|(name, text)| {
            let problem = parse_query(text.as_str().unwrap_or_default()).err();
            (
                name.clone(),
                json!(problem.map_or_else(String::new, |error| error.to_string())),
            )
        })
        .collect();
    Ok(Response::json(
        &json!({ "targetConditionError": target, "customMetricQueryErrors": metrics }),
    ))
}
