//! Storage requests over this crate's own HTTP client, bounded in time and in memory as the hub's are.
//!
//! The storage library leaves both to the HTTP client that it makes itself, and this is another one.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::unfold;
use http_body_util::{BodyExt as _, StreamBody};
use object_store::client::{
    HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, DATE, HeaderValue};

use super::properties::ResponseDate;
use super::response::Asked;
use crate::auth::credential::TokenCache;
use crate::clock::BoxFuture;
use crate::timestamp::parse_http_date;

/// The longest error body that is read.
const LONGEST_ERROR: usize = 64 * 1024;
/// The longest page of blob names that is read: 5,000 names of 1,024 characters, each with what stands around it.
const LONGEST_PAGE: usize = 32 * 1024 * 1024;
/// What is sent has time for this many bytes a second besides the time of a try: parts share the line, and lines can be slow.
const SLOWEST: u64 = 16 * 1024;

/// Sends requests, and ends those that the storage is silent about.
pub(super) struct StorageService {
    pub(super) http: reqwest::Client,
    /// How long an answer may take, and each further piece of it.
    pub(super) bound: Duration,
    /// The tokens that requests carry, where no signature opens the container.
    pub(super) tokens: Option<TokenCache>,
}

impl fmt::Debug for StorageService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StorageService")
    }
}

/// The storage said that the container itself is missing, which its library takes for a missing blob.
#[derive(Debug)]
pub(super) struct NoContainer(pub(super) &'static str);

impl fmt::Display for NoContainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no such container")
    }
}

impl std::error::Error for NoContainer {}

/// The storage said nothing for too long.
#[derive(Debug)]
struct Silent(Duration);

impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing came for {:?}", self.0)
    }
}

impl std::error::Error for Silent {}

/// An answer has more bytes than any true one.
#[derive(Debug)]
struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer is longer than {LONGEST_PAGE} bytes")
    }
}

impl std::error::Error for TooLong {}

impl HttpService for StorageService {
    fn call<'a, 'b>(
        &'a self,
        request: HttpRequest,
    ) -> BoxFuture<'b, Result<HttpResponse, HttpError>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let asked = Asked::by(&request);
            let again = self.tokens.as_ref().map(|tokens| (tokens, request.clone()));
            let mut answer = self.send(request).await?;
            if let Some((tokens, request)) = again
                && answer.status() == StatusCode::UNAUTHORIZED
                && let Some(request) = renewed(tokens, request).await
            {
                answer = self.send(request).await?;
            }
            self.bounded(answer, &asked).await
        })
    }
}

impl StorageService {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let bound = with_sending(self.bound, request.body().content_length());
        tokio::time::timeout(bound, self.http.call(request))
            .await
            .unwrap_or_else(|_| Err(silent(bound)))
    }

    async fn bounded(
        &self,
        answer: HttpResponse,
        asked: &Asked,
    ) -> Result<HttpResponse, HttpError> {
        let (mut parts, body) = answer.into_parts();
        let listing = asked.is_listing();
        asked
            .check(parts.status, &parts.headers)
            .map_err(|error| HttpError::new(HttpErrorKind::Decode, error))?;
        if let Some(date) = parts.headers.get(DATE).and_then(|date| date.to_str().ok())
            && let Some(date) = parse_http_date(date)
        {
            parts.extensions.insert(ResponseDate(date));
        }
        if parts.status.is_success() && !listing {
            // Without a hint of its length, which the library would make room for on the storage's word.
            let pieces = unfold((body, self.bound), |(mut body, bound)| async move {
                let piece = tokio::time::timeout(bound, body.frame()).await;
                let piece = piece.unwrap_or_else(|_| Some(Err(silent(bound))))?;
                Some((piece, (body, bound)))
            });
            let body = HttpResponseBody::new(StreamBody::new(pieces));
            return Ok(HttpResponse::from_parts(parts, body));
        }
        let limit = if listing && parts.status.is_success() {
            LONGEST_PAGE
        } else {
            LONGEST_ERROR
        };
        let (text, cut) = self.read(body, limit).await?;
        if cut && parts.status.is_success() {
            return Err(HttpError::new(HttpErrorKind::Decode, TooLong));
        }
        if parts.status.is_client_error()
            && let Some(code) = missing_container(&parts.headers, &text)
        {
            return Err(HttpError::new(HttpErrorKind::Decode, NoContainer(code)));
        }
        Ok(HttpResponse::from_parts(parts, text.into()))
    }

    /// The body up to a limit, and whether there was more.
    async fn read(
        &self,
        mut body: HttpResponseBody,
        limit: usize,
    ) -> Result<(Bytes, bool), HttpError> {
        let mut text = BytesMut::new();
        loop {
            let piece = tokio::time::timeout(self.bound, body.frame()).await;
            let Some(piece) = piece.unwrap_or_else(|_| Some(Err(silent(self.bound)))) else {
                return Ok((text.freeze(), false));
            };
            let Ok(data) = piece?.into_data() else {
                continue;
            };
            let room = limit - text.len();
            text.extend_from_slice(&data[..data.len().min(room)]);
            if data.len() > room {
                return Ok((text.freeze(), true));
            }
        }
    }
}

/// The time of a try is for the answer; what is sent before it has time by its size.
fn with_sending(bound: Duration, length: usize) -> Duration {
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    bound.saturating_add(Duration::from_secs(length / SLOWEST))
}

fn silent(bound: Duration) -> HttpError {
    HttpError::new(HttpErrorKind::Timeout, Silent(bound))
}

/// The same request with a fresh token, when the one that it carried was refused.
async fn renewed(tokens: &TokenCache, mut request: HttpRequest) -> Option<HttpRequest> {
    tokens.refuse_carried(request.headers().get(AUTHORIZATION)?);
    let mut fresh: HeaderValue = tokens.get().await.ok()?.header;
    fresh.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, fresh);
    Some(request)
}

/// The storage's word for a container that is not there, by its header, else by its XML.
fn missing_container(headers: &reqwest::header::HeaderMap, text: &[u8]) -> Option<&'static str> {
    const CODES: [&str; 2] = ["ContainerNotFound", "ContainerBeingDeleted"];
    let told = headers.get("x-ms-error-code").map(HeaderValue::as_bytes);
    CODES.into_iter().find(|code| match told {
        Some(told) => told == code.as_bytes(),
        None => {
            let element = format!("<Code>{code}</Code>");
            text.windows(element.len())
                .any(|part| part == element.as_bytes())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_part_may_take_longer_than_a_small_one() {
        let bound = Duration::from_secs(90);
        assert_eq!(with_sending(bound, 0), bound);
        assert_eq!(with_sending(bound, 1000), bound);
        assert_eq!(
            with_sending(bound, 8 << 20),
            bound + Duration::from_secs(512)
        );
        assert_eq!(with_sending(Duration::MAX, 8 << 20), Duration::MAX);
    }
}
