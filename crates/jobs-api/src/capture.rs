//! Keeps the answer that a model was read from: status, headers and a bounded body.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use reqwest::ResponseBuilderExt as _;
use reqwest::header::HeaderMap;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};

/// Room for one answer, to be given to [`RequestContext::with_capture`](crate::RequestContext::with_capture).
///
/// The operations give the model alone, and their errors leave the body to be read. With a capture the body is read once, up to
/// a limit, before the model is made from it, and both remain. The body of a 2xx answer that is no success of its operation is with the
/// capture alone.
#[derive(Clone)]
pub struct Capture {
    success_limit: usize,
    error_limit: usize,
    most_items: usize,
    kept: Arc<Mutex<Option<Answer>>>,
}

impl Capture {
    /// Reads at most `success_limit` bytes of a 2xx answer and `error_limit` of any other. What is longer is cut.
    pub fn new(success_limit: usize, error_limit: usize) -> Self {
        Self {
            success_limit,
            error_limit,
            most_items: usize::MAX,
            kept: Arc::default(),
        }
    }

    /// Refuses a success whose body is a list of more items than this: a short text can be a list of very many models.
    #[must_use]
    pub fn with_most_items(mut self, most: usize) -> Self {
        self.most_items = most;
        self
    }

    /// The answer, when one came.
    pub fn take(&self) -> Option<Answer> {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Rejects a kept success that is a list of too many items, before it is made into models.
    pub(crate) fn check_items(&self) -> Result<(), (Bytes, serde_json::Error)> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Answer(parts)) = kept.as_mut() else {
            return Ok(());
        };
        // An item and its comma take three bytes at least.
        let is_list = parts.body.trim_ascii_start().first() == Some(&b'[');
        if !is_list || parts.body.len() / 3 < self.most_items || !(200..300).contains(&parts.status)
        {
            return Ok(());
        }
        let mut items = serde_json::Deserializer::from_slice(&parts.body);
        match AtMost(self.most_items).deserialize(&mut items) {
            Err(error) if error.is_data() => {
                parts.too_many = true;
                Err((parts.body.clone(), error))
            }
            // What is not JSON is reported by whoever reads the model.
            _ => Ok(()),
        }
    }

    /// Reads and keeps the answer. What is returned has its status and its body, in memory.
    pub(crate) async fn keep(
        &self,
        mut response: reqwest::Response,
    ) -> reqwest::Result<reqwest::Response> {
        let status = response.status();
        let limit = if status.is_success() {
            self.success_limit
        } else {
            self.error_limit
        };
        let (body, cut) = read(&mut response, limit).await?;
        let headers = std::mem::take(response.headers_mut());
        let copy = copy(&mut response, body.clone());
        let answer = Answer(Box::new(Parts {
            status: status.as_u16(),
            headers,
            body,
            cut,
            too_many: false,
        }));
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        Ok(copy)
    }
}

/// Reads a list without keeping it, up to so many items.
struct AtMost(usize);

impl<'de> DeserializeSeed<'de> for AtMost {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, list: D) -> Result<(), D::Error> {
        list.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for AtMost {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {} items", self.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut count = 0;
        while items.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
            if count > self.0 {
                return Err(serde::de::Error::invalid_length(count, &self));
            }
        }
        Ok(())
    }
}

/// The address is given along, or the HTTP library would parse one to stand in for it.
fn copy(response: &mut reqwest::Response, body: Bytes) -> reqwest::Response {
    let mut parts = http::Response::builder();
    if let Some(extensions) = parts.extensions_mut() {
        *extensions = std::mem::take(response.extensions_mut());
    }
    let mut copy = parts
        .url(response.url().clone())
        .body(body.clone())
        .unwrap_or_else(|_| http::Response::new(body));
    *copy.status_mut() = response.status();
    copy.into()
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture").finish_non_exhaustive()
    }
}

/// Bodies up to this size are copied out of the connection's buffer.
const COPIED: usize = 16 * 1024;

/// The body's chunks up to `limit` bytes, and whether there was more. One large chunk alone is passed on without a copy.
async fn read(response: &mut reqwest::Response, limit: usize) -> reqwest::Result<(Bytes, bool)> {
    let Some(mut first) = response.chunk().await? else {
        return Ok((Bytes::new(), false));
    };
    if first.len() > limit {
        first.truncate(limit);
        return Ok((first, true));
    }
    // Where the answer told its length, the end need not be waited for.
    let second = match response.content_length() {
        Some(0) => None,
        _ => response.chunk().await?,
    };
    let Some(second) = second else {
        // A small body would keep the connection's whole read buffer alive for as long as it is kept.
        let small = first.len() <= COPIED;
        return Ok((
            if small {
                Bytes::copy_from_slice(&first)
            } else {
                first
            },
            false,
        ));
    };
    let mut all = BytesMut::from(first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        if chunk.len() > limit - all.len() {
            all.extend_from_slice(&chunk[..limit - all.len()]);
            return Ok((all.freeze(), true));
        }
        all.extend_from_slice(&chunk);
        next = response.chunk().await?;
    }
    Ok((all.freeze(), false))
}

/// An answer as it came. It prints its status and its length alone: bodies may repeat container URIs.
// Boxed, because it is handed up through many levels.
#[derive(Clone)]
pub struct Answer(Box<Parts>);

#[derive(Clone)]
struct Parts {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
    cut: bool,
    too_many: bool,
}

impl Answer {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// A header's value, when it is there and is text. Names are without regard to case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.get(name)?.to_str().ok()
    }

    /// Whether a header is there, be it text or not.
    pub fn has_header(&self, name: &str) -> bool {
        self.0.headers.contains_key(name)
    }

    /// The body, as far as it was read.
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// Whether the body was longer than the limit.
    pub fn is_cut(&self) -> bool {
        self.0.cut
    }

    /// Whether the body is a list of more items than [`Capture::with_most_items`] allows.
    pub fn has_too_many_items(&self) -> bool {
        self.0.too_many
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.0.status)
            .field("bytes", &self.0.body.len())
            .field("cut", &self.0.cut)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn keep(status: u16, body: &'static str, capture: &Capture) -> (u16, Bytes) {
        let mut response = http::Response::new(body);
        *response.status_mut() = status.try_into().unwrap();
        let copy = capture.keep(response.into()).await.unwrap();
        (copy.status().as_u16(), copy.bytes().await.unwrap())
    }

    #[tokio::test]
    async fn the_answer_is_kept_and_an_error_still_readable() {
        let capture = Capture::new(100, 100);
        assert_eq!(
            keep(404, "{\"a\":2}", &capture).await,
            (404, "{\"a\":2}".into())
        );
        assert_eq!(
            keep(200, "{\"a\":1}", &capture).await,
            (200, "{\"a\":1}".into())
        );
        let answer = capture.take().unwrap();
        assert_eq!((answer.status(), answer.is_cut()), (200, false));
        assert_eq!(&answer.body()[..], b"{\"a\":1}");
        assert!(capture.take().is_none());
    }

    #[tokio::test]
    async fn a_list_is_as_long_as_it_may_be() {
        let capture = Capture::new(100, 100).with_most_items(3);
        for (status, body, accepted) in [
            (200, "[]", true),
            (200, "[{},{},{}]", true),
            (200, "[{\"a\":[1,2,3,4]}]", true),
            (200, "{\"a\":[1,2,3,4,5,6]}", true),
            (200, "[{},{},{},{}]", false),
            (200, " \n[{},{},{},{}]", false),
            (400, "[{},{},{},{}]", true),
            (200, "[{},{},x,{},{}]", true),
        ] {
            keep(status, body, &capture).await;
            assert_eq!(capture.check_items().is_ok(), accepted, "{body}");
            assert_eq!(capture.take().unwrap().has_too_many_items(), !accepted);
        }
    }

    #[tokio::test]
    async fn what_is_longer_than_the_limit_is_cut() {
        let capture = Capture::new(100, 4);
        assert_eq!(keep(500, "planted", &capture).await.1, "plan");
        let answer = capture.take().unwrap();
        assert!(answer.is_cut());
        assert!(!format!("{answer:?} {capture:?}").contains("plan"));
    }
}
