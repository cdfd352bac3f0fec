//! `/healthz`: 200 while the hub works, 503 with the reason when it cannot keep its data.

use hyper::{Method, StatusCode};

use super::{Call, Route, plain};
use crate::door::Surface;
use crate::envelope::{Answer, Outcome};

pub(crate) const ROUTES: &[Route] = &[Route {
    operation: "Local_Health",
    method: Method::GET,
    pattern: "/healthz",
    surface: Surface::Open,
    rights: &[],
    handle: health,
}];

#[expect(clippy::unnecessary_wraps, reason = "the shape of a handler")]
fn health(call: &Call) -> Outcome<Answer> {
    Ok(match call.hub.store.check_file() {
        Ok(()) => plain(StatusCode::OK, "OK"),
        Err(error) => plain(error.status, error.sentence()),
    })
}
