//! Where every request passes: the one place that adds the API version and the authorisation.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::sync::{Arc, OnceLock};

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;

use crate::{API_VERSION, Capture, Client, Error, ResponseValue};

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
    /// Shared, because a context is made for every attempt, mostly from the one before: one count for all that stays the same.
    target: Arc<Target>,
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

/// What requests are made to.
struct Target {
    api_version: String,
    /// Read once for a context and all that are made from it: reading it is the dearest part of making a request.
    address: OnceLock<Address>,
}

impl Target {
    fn of(api_version: String) -> Arc<Self> {
        Arc::new(Self {
            api_version,
            address: OnceLock::new(),
        })
    }
}

/// Where a hub is, ready for an operation's path to be put into it.
#[derive(Clone)]
struct Address {
    /// What it was read from.
    base: String,
    /// With the version of the API, and without the base's path.
    url: Url,
    /// The base's path, without a slash at its end.
    path: String,
}

impl Address {
    fn read(base: &str, api_version: &str) -> Option<Self> {
        let mut url = Url::parse(base).ok().filter(Url::has_host)?;
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path("");
        url.set_fragment(None);
        url.query_pairs_mut()
            .clear()
            .append_pair("api-version", api_version);
        let base = base.to_owned();
        Some(Self { base, url, path })
    }
}

impl RequestContext {
    /// A context with the version of the API that the models follow and no authorisation, which only a hub that asks for
    /// none accepts.
    pub fn new() -> Self {
        Self {
            target: Target::of(API_VERSION.to_owned()),
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
        self.target = Target::of(version.into());
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
        &self.target.api_version
    }

    /// Whether requests carry an `Authorization` header.
    pub fn is_authorized(&self) -> bool {
        self.authorization.is_some()
    }

    fn address(&self, base: &str) -> Option<Cow<'_, Address>> {
        // The context may have gone to a client of another hub.
        if let Some(known) = self.target.address.get().filter(|known| known.base == base) {
            return Some(Cow::Borrowed(known));
        }
        let read = Address::read(base, &self.target.api_version)?;
        let _ = self.target.address.set(read.clone());
        Some(Cow::Owned(read))
    }

    /// The address of an operation, with the version of the API.
    fn url(&self, base: &str, path: fmt::Arguments<'_>) -> Option<Url> {
        let address = self.address(base)?;
        let mut whole = String::with_capacity(address.path.len() + 64);
        whole.push_str(&address.path);
        whole.write_fmt(path).ok()?;
        let mut url = address.url.clone();
        url.set_path(&whole);
        Some(url)
    }

    fn apply(&self, request: &mut reqwest::Request) {
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
            .field("api_version", &self.target.api_version)
            .field(
                "authorization",
                &self.authorization.as_ref().map(|_| "[redacted]"),
            )
            .field("headers", &names)
            .finish()
    }
}

impl Client {
    /// The same client with another context. Cheap: the connections are shared.
    #[must_use]
    pub fn with_context(&self, context: RequestContext) -> Self {
        Self {
            baseurl: self.baseurl.clone(),
            client: self.client.clone(),
            inner: context,
        }
    }

    /// The address of an operation. Its query holds the version of the API, which the hub wants there and nowhere else.
    #[expect(
        clippy::result_large_err,
        reason = "the error of the operations, which the generator's library gives"
    )]
    pub(crate) fn url(&self, path: fmt::Arguments<'_>) -> Result<Url, Error<()>> {
        self.inner
            .url(&self.baseurl, path)
            .ok_or_else(|| Error::InvalidRequest("the base URL is no URL of a host".to_owned()))
    }

    /// Sends a request with what the context adds. No operation has another way out, so none goes out unsigned.
    // No `async fn`: that would hold the request, which is large, until the answer is there.
    pub(crate) fn send(
        &self,
        mut request: reqwest::Request,
    ) -> impl Future<Output = reqwest::Result<reqwest::Response>> {
        self.inner.apply(&mut request);
        let sent = self.client.execute(request);
        async move {
            let mut response = sent.await?;
            if let Some(capture) = &self.inner.capture {
                capture.keep(&mut response).await?;
            }
            Ok(response)
        }
    }

    /// The model of a success, from the body that was captured where one was.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        response: reqwest::Response,
    ) -> Result<ResponseValue<T>, Error<()>> {
        let capture = self.inner.capture.as_ref();
        let Some((capture, body)) = capture.and_then(|c| Some((c, c.body()?))) else {
            return Box::pin(ResponseValue::from_response(response)).await;
        };
        let model = capture
            .check_items(&body)
            .and_then(|()| serde_json::from_slice(&body));
        match model {
            // The headers are with the capture too.
            Ok(model) => Ok(ResponseValue::new(
                model,
                response.status(),
                HeaderMap::new(),
            )),
            Err(cause) => Err(Error::InvalidResponsePayload(body, cause)),
        }
    }

    /// What the requests of this client carry.
    pub fn context(&self) -> &RequestContext {
        &self.inner
    }
}
