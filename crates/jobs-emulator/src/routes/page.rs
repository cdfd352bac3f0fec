//! `/`: a page about the hub, for people. Its data comes from `/_local/overview`.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use ring::digest;

use super::{Call, Route};
use crate::envelope::{HubResult, Response};

const PAGE: &str = include_str!("../page.html");

/// Only the page's own script and style run, and only this hub is asked.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |element: &str| {
        let inside = PAGE
            .split_once(&format!("<{element}>"))
            .and_then(|(_, rest)| rest.split_once(&format!("</{element}>")));
        let text = inside.map_or("", |(text, _)| text);
        format!(
            "'sha256-{}'",
            STANDARD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
        )
    };
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash("script"),
        hash("style")
    )
});

pub(crate) const ROUTES: &[Route] = &[Route::open("Local_Page", "/", page)];

#[expect(clippy::unnecessary_wraps, reason = "the shape of a handler")]
fn page(_call: &Call) -> HubResult<Response> {
    const FIXED: [(HeaderName, &str); 3] = [
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let mut response = Response::with_type(StatusCode::OK, "text/html; charset=utf-8", PAGE);
    for (name, value) in FIXED {
        response = response.header(name, value);
    }
    Ok(response.header(CONTENT_SECURITY_POLICY, &POLICY))
}
