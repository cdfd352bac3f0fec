//! The generator's hooks: the one place that adds the API version and the authorization to every request.

use std::fmt;
use std::sync::Arc;

use progenitor_client::{ClientHooks, OperationInfo};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::{API_VERSION, Capture, Client, Error};

/// What every request of a [`Client`] carries besides its own parameters.
///
/// Tokens expire, so a context is meant to be short-lived: make one per attempt and hand it to [`Client::with_context`].
///
/// ```
/// use jobs_api::RequestContext;
/// use reqwest::header::HeaderValue;
///
/// let token = HeaderValue::from_static("SharedAccessSignature sr=hub&sig=c2ln&se=1&skn=service");
/// let context = RequestContext::new().with_authorization(token).with_api_version("2021-04-12");
/// assert!(!format!("{context:?}").contains("SharedAccessSignature"));
/// ```
#[derive(Clone)]
pub struct RequestContext {
    /// Shared, because every attempt has a context of its own.
    api_version: Arc<str>,
    authorization: Option<HeaderValue>,
    capture: Option<Capture>,
    /// Apart, because hardly a request has any, and every call that is in flight holds a context.
    extras: Option<Box<Extras>>,
}

/// What a request is given besides what every request has.
#[derive(Clone, Default)]
struct Extras {
    headers: HeaderMap,
    body_members: Option<serde_json::Map<String, serde_json::Value>>,
}

impl RequestContext {
    /// A context with the version of the API that the models follow and no authorisation, which only a hub that asks for
    /// none accepts.
    pub fn new() -> Self {
        Self {
            api_version: API_VERSION.into(),
            authorization: None,
            capture: None,
            extras: None,
        }
    }

    /// Sends this value as the `Authorization` header: a shared access signature token as it is, or `Bearer` and an Entra
    /// ID token.
    #[must_use]
    pub fn with_authorization(mut self, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.authorization = Some(value);
        self
    }

    /// Speaks another version of the API than the models were made for. Older ones ignore what they do not know.
    #[must_use]
    pub fn with_api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = version.into().into();
        self
    }

    /// Sends a further header with each request, for example `x-ms-client-request-id`.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.extras
            .get_or_insert_default()
            .headers
            .insert(name, value);
        self
    }

    /// Keeps the answer, whatever it is, beside the model that is made from it.
    #[must_use]
    pub fn with_capture(mut self, capture: Capture) -> Self {
        self.capture = Some(capture);
        self
    }

    /// Adds members to a request's JSON body that the models do not have: those of a later version of the API.
    #[must_use]
    pub fn with_body_members(
        mut self,
        members: serde_json::Map<String, serde_json::Value>,
    ) -> Self {
        self.extras.get_or_insert_default().body_members = Some(members);
        self
    }

    /// The version of the API that requests name.
    pub fn api_version(&self) -> &str {
        &self.api_version
    }

    /// Whether requests carry an `Authorization` header.
    pub fn is_authorized(&self) -> bool {
        self.authorization.is_some()
    }

    fn apply(&self, request: &mut reqwest::Request) {
        // The generator sends the version as a header, but the hub reads it from the query.
        request.headers_mut().remove("api-version");
        put_version_first(request.url_mut(), &self.api_version);
        if let Some(extras) = &self.extras {
            extras.apply(request);
        }
        if let Some(value) = &self.authorization {
            request.headers_mut().insert(AUTHORIZATION, value.clone());
        }
    }
}

impl Extras {
    fn apply(&self, request: &mut reqwest::Request) {
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        if let Some(members) = &self.body_members {
            add_members(request, members);
        }
    }
}

/// The vendor's clients and documentation have the version before an operation's own parameters.
fn put_version_first(url: &mut Url, version: &str) {
    let others = url.query().filter(|query| !query.is_empty());
    let others = others.map(str::to_owned);
    url.query_pairs_mut()
        .clear()
        .append_pair("api-version", version);
    if let (Some(first), Some(others)) = (url.query(), others) {
        let query = format!("{first}&{others}");
        url.set_query(Some(&query));
    }
}

/// Bodies of the operations are JSON objects in memory; anything else is left as it is.
fn add_members(
    request: &mut reqwest::Request,
    members: &serde_json::Map<String, serde_json::Value>,
) {
    let Some(bytes) = request.body().and_then(reqwest::Body::as_bytes) else {
        return;
    };
    let Ok(serde_json::Value::Object(mut body)) = serde_json::from_slice(bytes) else {
        return;
    };
    body.extend(
        members
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    *request.body_mut() = Some(serde_json::Value::Object(body).to_string().into());
}

impl Default for RequestContext {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers = self.extras.iter().flat_map(|extras| extras.headers.keys());
        let names: Vec<_> = headers.collect();
        f.debug_struct("RequestContext")
            .field("api_version", &self.api_version)
            .field(
                "authorization",
                &self.authorization.as_ref().map(|_| "[redacted]"),
            )
            .field("headers", &names)
            .finish()
    }
}

impl Client {
    /// A client of the hub at `baseurl`: scheme, host, and where needed port and path.
    ///
    /// With a `baseurl` that is not the URL of a host, every operation fails before anything is sent.
    pub fn new_with_client(
        baseurl: &str,
        client: reqwest::Client,
        context: RequestContext,
    ) -> Self {
        Self {
            baseurl: base(baseurl).unwrap_or_default(),
            client,
            inner: context,
        }
    }

    /// The same client with another context. Both share their connections.
    #[must_use]
    pub fn with_context(&self, context: RequestContext) -> Self {
        Self {
            baseurl: self.baseurl.clone(),
            client: self.client.clone(),
            inner: context,
        }
    }

    /// What the requests of this client carry.
    pub fn context(&self) -> &RequestContext {
        &self.inner
    }
}

/// A base URL as the operations need it: they append their path, which starts with a slash.
fn base(text: &str) -> Option<String> {
    let mut url = Url::parse(text).ok().filter(Url::has_host)?;
    url.set_query(None);
    url.set_fragment(None);
    Some(url.as_str().trim_end_matches('/').to_owned())
}

// The generated core asserts that this implementation exists. Without it nothing compiles, so no request is sent unsigned.
impl ClientHooks<RequestContext> for Client {
    async fn pre<E>(
        &self,
        request: &mut reqwest::Request,
        _: &OperationInfo,
    ) -> Result<(), Error<E>> {
        self.inner.apply(request);
        Ok(())
    }

    async fn exec(
        &self,
        request: reqwest::Request,
        _: &OperationInfo,
    ) -> reqwest::Result<reqwest::Response> {
        let response = self.client.execute(request).await?;
        match &self.inner.capture {
            Some(capture) => capture.keep(response).await,
            None => Ok(response),
        }
    }

    async fn post<E>(
        &self,
        result: &reqwest::Result<reqwest::Response>,
        _: &OperationInfo,
    ) -> Result<(), Error<E>> {
        match &self.inner.capture {
            Some(capture) if result.is_ok() => capture
                .check_items()
                .map_err(|(body, error)| Error::InvalidResponsePayload(body, error)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(query: &str) -> reqwest::Request {
        let url = format!("https://hub.example/jobs{query}").parse().unwrap();
        let mut request = reqwest::Request::new(reqwest::Method::GET, url);
        let headers = request.headers_mut();
        headers.insert("api-version", HeaderValue::from_static("header"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("other"));
        request
    }

    #[test]
    fn a_request_is_signed_once_and_its_token_is_sensitive() {
        let token = HeaderValue::from_static("SharedAccessSignature sr=x");
        let context = RequestContext::new()
            .with_header(AUTHORIZATION, HeaderValue::from_static("further"))
            .with_authorization(token.clone());
        let mut request = request("");
        context.apply(&mut request);
        let values: Vec<_> = request.headers().get_all(AUTHORIZATION).iter().collect();
        assert_eq!(values, [token]);
        assert!(values[0].is_sensitive());
        assert!(!format!("{request:?}").contains("SharedAccessSignature"));
        assert!(!request.headers().contains_key("api-version"));
    }

    #[test]
    fn the_version_is_the_first_parameter_whatever_else_the_query_has() {
        for (query, signed) in [
            ("", "api-version=a%26b"),
            ("?", "api-version=a%26b"),
            ("?x=1&y=%26", "api-version=a%26b&x=1&y=%26"),
        ] {
            let mut request = request(query);
            RequestContext::new()
                .with_api_version("a&b")
                .apply(&mut request);
            assert_eq!(request.url().query(), Some(signed));
        }
    }
}
