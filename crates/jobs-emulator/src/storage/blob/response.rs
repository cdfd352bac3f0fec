//! Checks whether a storage response is what was requested: a proxy or a sign-in page may have sent it instead.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use object_store::client::HttpRequest;
use reqwest::header::{CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, RANGE};
use reqwest::{Method, StatusCode};

/// A response that is not what was asked for, with what it is instead.
#[derive(Debug, thiserror::Error)]
#[error("the response of the storage is not the blob: {0}")]
pub(super) struct WrongResponse(String);

fn wrong(what: impl Into<String>) -> WrongResponse {
    WrongResponse(what.into())
}

/// What the first response of one read announced: the entity tag and the MD5. After a broken connection the rest is asked for, which must be
/// of the same blob.
#[derive(Clone, Default)]
pub(super) struct ReadState(Arc<Mutex<Option<Announced>>>);

#[derive(Clone)]
struct Announced {
    etag: Option<Vec<u8>>,
    md5: Option<Vec<u8>>,
}

impl ReadState {
    fn md5(&self) -> Option<Vec<u8>> {
        let announced = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        announced.as_ref().and_then(|first| first.md5.clone())
    }

    fn note(&self, headers: &HeaderMap, whole: bool) -> Result<(), WrongResponse> {
        let etag = headers.get(ETAG).map(|value| value.as_bytes().to_vec());
        let mut announced = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match announced.as_ref() {
            Some(first) if !whole && first.etag != etag => {
                return Err(wrong("it changed while it was read"));
            }
            Some(_) if !whole => {}
            _ => {
                let md5 = md5_of(headers)?;
                *announced = Some(Announced { etag, md5 });
            }
        }
        Ok(())
    }
}

fn md5_of(headers: &HeaderMap) -> Result<Option<Vec<u8>>, WrongResponse> {
    let mut names = ["content-md5", "x-ms-blob-content-md5"].iter();
    let Some(value) = names.find_map(|name| headers.get(*name)) else {
        return Ok(None);
    };
    match STANDARD.decode(value.as_bytes()) {
        Ok(digest) if digest.len() == 16 => Ok(Some(digest)),
        _ => Err(wrong("its Content-MD5 is not an MD5")),
    }
}

/// What a request asks for.
pub(super) struct Asked {
    method: Method,
    range: Option<String>,
    state: Option<ReadState>,
}

impl Asked {
    pub(super) fn by(request: &HttpRequest) -> Self {
        let range = request.headers().get(RANGE);
        Self {
            method: request.method().clone(),
            range: range
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
            state: request.extensions().get::<ReadState>().cloned(),
        }
    }

    /// Checks a response by its status and headers. Errors of the storage are not judged here.
    pub(super) fn check(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<(), WrongResponse> {
        if !status.is_success() {
            return Ok(());
        }
        if is_html(headers) {
            return Err(wrong("it is an HTML page"));
        }
        let expected: &[u16] = match (&self.method, &self.range) {
            (&Method::GET, Some(_)) => &[206],
            (&Method::PUT, _) => &[200, 201],
            _ => &[200],
        };
        if !expected.contains(&status.as_u16()) {
            return Err(wrong(format!(
                "its status is {status}, which was not asked for"
            )));
        }
        if self.method != Method::GET {
            return Ok(());
        }
        if headers
            .get(CONTENT_ENCODING)
            .is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
        {
            return Err(wrong("it is encoded (Content-Encoding)"));
        }
        self.check_range(headers)?;
        match &self.state {
            Some(state) => state.note(headers, self.range.is_none()),
            None => Ok(()),
        }
    }

    /// A part that was asked for goes to the blob's end, because only the rest of a broken read is asked for.
    fn check_range(&self, headers: &HeaderMap) -> Result<(), WrongResponse> {
        let found = headers.get(CONTENT_RANGE).and_then(|v| v.to_str().ok());
        let wanted = self.range.as_deref().map(|asked| {
            let last = asked.rsplit('-').next().and_then(|n| n.parse::<u64>().ok());
            let total = last.and_then(|last| last.checked_add(1))?;
            Some(format!(
                "bytes {}/{total}",
                asked.trim_start_matches("bytes=")
            ))
        });
        let fits = match (wanted, found) {
            (None, None) => true,
            (Some(Some(wanted)), Some(found)) => wanted == found,
            _ => false,
        };
        if fits {
            Ok(())
        } else {
            Err(wrong("it is another part of the blob than was asked for"))
        }
    }
}

fn is_html(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| {
        let kind = value.as_bytes().to_ascii_lowercase();
        kind.starts_with(b"text/html") || kind.starts_with(b"application/xhtml")
    })
}

fn starts_as_html(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = text.trim_ascii_start().to_ascii_lowercase();
    text.starts_with(b"<!doctype html") || text.starts_with(b"<html")
}

/// Checks the bytes of one read against what was announced.
pub(super) struct Check {
    size: u64,
    seen: u64,
    state: ReadState,
    digest: Option<md5::Context>,
}

impl Check {
    pub(super) fn new(size: u64, state: ReadState) -> Self {
        let digest = state.md5().map(|_| md5::Context::new());
        Self {
            size,
            seen: 0,
            state,
            digest,
        }
    }

    /// Takes the next bytes.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), WrongResponse> {
        if self.seen == 0 && starts_as_html(bytes) {
            return Err(wrong("it is an HTML page"));
        }
        self.seen += bytes.len() as u64;
        if let Some(digest) = &mut self.digest {
            digest.consume(bytes);
        }
        if self.seen > self.size {
            return Err(wrong(format!("it has more than its {} bytes", self.size)));
        }
        Ok(())
    }

    /// Judges the whole. A second call finds nothing more to say.
    pub(super) fn end(&mut self) -> Result<(), WrongResponse> {
        if self.seen != self.size {
            return Err(wrong(format!(
                "it ended after {} of {} bytes",
                self.seen, self.size
            )));
        }
        let Some(digest) = self.digest.take() else {
            return Ok(());
        };
        if self.state.md5().as_deref() == Some(&digest.finalize().0[..]) {
            Ok(())
        } else {
            Err(wrong("its bytes do not match its Content-MD5"))
        }
    }
}
