//! `/healthz`: 200 as soon as requests are answered.

use hyper::{Method, StatusCode};

use super::{Call, Route, Surface, plain};
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
fn health(_call: &Call) -> Outcome<Answer> {
    Ok(plain(StatusCode::OK, "OK"))
}
