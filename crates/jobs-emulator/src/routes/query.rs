//! `POST /devices/query`: twins by the hub's query language.

use serde::Deserialize;

use super::{Call, Route};
use crate::auth::Rights;
use crate::envelope::{CONTINUATION, HubResult, ITEM_TYPE, MAX_ITEM_COUNT, Response, ServiceError};
use crate::query::{self, PageRequest};

/// Results on a page when the caller does not say, and at most.
const MAX_PAGE: usize = 1000;

pub(crate) const ROUTES: &[Route] = &[Route::post(
    "Query_GetTwins",
    "/devices/query",
    &[Rights::SERVICE_CONNECT, Rights::REGISTRY_READ],
    run,
)];

/// The body; further members are ignored.
#[derive(Deserialize)]
struct Specification {
    query: String,
}

fn run(call: &Call) -> HubResult<Response> {
    let specification: Specification = call.object()?;
    let request = PageRequest {
        query: &specification.query,
        size: page_size(asked_size(call))?,
        continuation: call.header(&CONTINUATION),
    };
    let page = query::run(&call.hub.store, &request)?;
    let response = Response::json(&page.items).header(ITEM_TYPE, page.kind);
    Ok(match page.continuation {
        Some(token) => response.header(CONTINUATION, &token),
        None => response,
    })
}

/// The page size that the header asks for, and the header's name.
pub(super) fn asked_size(call: &Call) -> Option<(&'static str, &str)> {
    Some(("x-ms-max-item-count", call.header(&MAX_ITEM_COUNT)?))
}

/// The page size asked for under a name; more than the service's largest page gets that one.
pub(super) fn page_size(asked: Option<(&str, &str)>) -> HubResult<usize> {
    let Some((name, text)) = asked else {
        return Ok(MAX_PAGE);
    };
    match text.trim().parse::<usize>() {
        Ok(size) if size > 0 => Ok(size.min(MAX_PAGE)),
        _ => Err(ServiceError::argument(format!(
            "{name} is no positive whole number: {text}"
        ))),
    }
}
