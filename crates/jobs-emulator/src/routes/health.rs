//! `/healthz`: 200 while the hub works, 503 with the reason when it cannot keep its data.

use hyper::StatusCode;

use super::{Call, Route, plain};
use crate::envelope::{HubResult, Response};

pub(crate) const ROUTES: &[Route] = &[Route::open("Local_Health", "/healthz", health)];

#[expect(clippy::unnecessary_wraps, reason = "the shape of a handler")]
fn health(call: &Call) -> HubResult<Response> {
    Ok(match call.hub.store.check_file() {
        Ok(()) => plain(StatusCode::OK, "OK"),
        Err(error) => plain(error.status, error.sentence()),
    })
}
