//! One request, as handlers see it.

use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderName, IF_MATCH};
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::{Found, parameters};
use crate::clock::Time;
use crate::envelope::{HubResult, ServiceError};
use crate::object::Object;
use crate::state::HubState;

/// A request whose body has been read.
pub(crate) struct Call {
    pub(crate) hub: Arc<HubState>,
    pub(crate) method: hyper::Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// When the request arrived, on the hub's clock.
    pub(crate) now: Time,
    parameters: Vec<String>,
    query: Vec<(String, String)>,
}

impl Call {
    pub(crate) fn new(
        hub: Arc<HubState>,
        head: Parts,
        body: Bytes,
        found: &Found,
        now: Time,
    ) -> Self {
        let path = head.uri.path().to_owned();
        let parameters = match found {
            Found::Route(route) => parameters(route.pattern, &path),
            Found::OtherMethod(_) | Found::Nothing(_) => Vec::new(),
        };
        Self {
            hub,
            method: head.method,
            parameters,
            query: parse_query(head.uri.query().unwrap_or_default()),
            path,
            headers: head.headers,
            body,
            now,
        }
    }

    /// What stands in place of the `n`th `{}` of the pattern.
    pub(crate) fn parameter(&self, n: usize) -> &str {
        self.parameters.get(n).map_or("", String::as_str)
    }

    /// A query parameter by its name, in any case.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The `If-Match` header as sent: quoted, bare, or the star. An empty etag counts as absent (recorded).
    pub(crate) fn if_match(&self) -> Option<&str> {
        let given = self.header(&IF_MATCH)?;
        (!given.trim().trim_matches('"').is_empty()).then_some(given)
    }

    /// As [`Call::if_match`]; configurations and twins ignore an etag without quotes (public reports).
    pub(crate) fn quoted_if_match(&self) -> Option<&str> {
        self.if_match().filter(|given| {
            let given = given.trim();
            given == "*" || given.starts_with('"') || given.starts_with("W/\"")
        })
    }

    /// The body as a JSON object of this shape.
    pub(crate) fn object<T: DeserializeOwned>(&self) -> HubResult<T> {
        let Object(body) = self.json()?;
        Ok(body)
    }

    /// Whether nothing stands in a place of the path where a name belongs.
    pub(crate) fn lacks_a_name(&self) -> bool {
        self.parameters.iter().any(String::is_empty)
    }

    /// The body as JSON of this shape.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> HubResult<T> {
        if self.body.is_empty() {
            return Err(ServiceError::argument_null(
                "The request needs a JSON body.",
            ));
        }
        let text = self
            .body
            .strip_prefix(b"\xEF\xBB\xBF")
            .unwrap_or(&self.body);
        serde_json::from_slice(text).map_err(|error| {
            ServiceError::format(format!("The body is not what is expected: {error}"))
        })
    }
}

fn parse_query(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}
