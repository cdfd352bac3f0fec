//! Checks whether a storage response is what was requested: a proxy or a sign-in page may have sent it instead.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jobs_devices::format::{FileFormat, recognize};
use object_store::client::HttpRequest;
use reqwest::header::{
    CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, LOCATION, RANGE,
};
use reqwest::{Method, StatusCode};

use crate::error::redirected;

/// A response that is not what was asked for, with what it is instead.
#[derive(Debug)]
pub(super) struct WrongResponse(pub(super) String);

impl fmt::Display for WrongResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongResponse {}

impl From<WrongResponse> for object_store::Error {
    fn from(wrong: WrongResponse) -> Self {
        Self::Generic {
            store: "storage",
            source: Box::new(wrong),
        }
    }
}

/// What the first response of one read announced. A read goes on after a broken connection with a request for the rest, whose response must
/// be of the same blob.
#[derive(Clone, Default)]
pub(super) struct ReadState(Arc<Mutex<Option<Announced>>>);

struct Announced {
    etag: Option<Vec<u8>>,
    md5: Option<Vec<u8>>,
}

impl ReadState {
    /// The MD5 of the whole blob, where the storage reported one.
    pub(super) fn md5(&self) -> Option<Vec<u8>> {
        let announced = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        announced.as_ref().and_then(|first| first.md5.clone())
    }

    /// Keeps what a whole blob's response announces, and compares what a part's does.
    fn note(&self, headers: &HeaderMap, whole: bool) -> Result<(), WrongResponse> {
        let etag = headers.get(ETAG).map(|value| value.as_bytes().to_vec());
        let mut announced = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match announced.as_ref() {
            Some(first) if !whole => {
                if first.etag != etag {
                    return Err(wrong("the blob changed while it was read"));
                }
            }
            _ => {
                *announced = Some(Announced {
                    etag,
                    md5: md5_of(headers)?,
                })
            }
        }
        Ok(())
    }
}

fn md5_of(headers: &HeaderMap) -> Result<Option<Vec<u8>>, WrongResponse> {
    let Some(value) = ["content-md5", "x-ms-blob-content-md5"]
        .iter()
        .find_map(|name| headers.get(*name))
    else {
        return Ok(None);
    };
    match STANDARD.decode(value.as_bytes()) {
        Ok(digest) if digest.len() == 16 => Ok(Some(digest)),
        _ => Err(wrong("its Content-MD5 is not an MD5")),
    }
}

fn wrong(what: impl Into<String>) -> WrongResponse {
    WrongResponse(what.into())
}

/// What a request asks for.
pub(super) struct Asked {
    method: Method,
    listing: bool,
    range: Option<String>,
    state: Option<ReadState>,
}

impl Asked {
    pub(super) fn by(request: &HttpRequest) -> Self {
        let query = request.uri().query().unwrap_or_default();
        let range = request.headers().get(RANGE);
        Self {
            method: request.method().clone(),
            listing: query.split('&').any(|pair| pair == "comp=list"),
            range: range
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
            state: request.extensions().get::<ReadState>().cloned(),
        }
    }

    /// Whether the names of blobs were asked for.
    pub(super) fn is_listing(&self) -> bool {
        self.listing
    }

    /// Checks by status and headers whether a response is the storage's, and a successful one what was asked for.
    pub(super) fn check(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<(), WrongResponse> {
        if status.is_redirection() {
            let target = headers.get(LOCATION).and_then(|v| v.to_str().ok());
            return Err(match target {
                Some(target) => wrong(redirected(target)),
                None => wrong(format!("its status is {status}")),
            });
        }
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(wrong("the proxy asks for a user name and a password"));
        }
        if !status.is_success() {
            return Ok(());
        }
        if is_html(headers) {
            return Err(wrong("it is an HTML page"));
        }
        let expected: &[u16] = match (&self.method, &self.range) {
            (&Method::GET, Some(_)) => &[206],
            (&Method::PUT, _) => &[200, 201],
            (&Method::DELETE, _) => &[200, 202, 204],
            _ => &[200],
        };
        if !expected.contains(&status.as_u16()) {
            return Err(wrong(format!(
                "its status is {status}, which was not asked for"
            )));
        }
        if self.method != Method::GET || self.listing {
            return Ok(());
        }
        if let Some(encoding) = headers.get(CONTENT_ENCODING)
            && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
        {
            let name = String::from_utf8_lossy(encoding.as_bytes());
            let name = crate::redact::clean(&name, 40);
            return Err(wrong(format!("it is encoded ({name})")));
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
        let fits = match (&self.range, found) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some(asked), found) => {
                let last = asked.rsplit('-').next().and_then(|n| n.parse::<u64>().ok());
                let total = last.and_then(|last| last.checked_add(1));
                let wanted = total.map(|total| {
                    let part = asked.trim_start_matches("bytes=");
                    format!("bytes {part}/{total}")
                });
                found.is_some() && found == wanted.as_deref()
            }
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

/// Checks the bytes of one read against what was announced.
pub(super) struct Check {
    size: u64,
    seen: u64,
    state: Option<ReadState>,
    digest: Option<md5::Context>,
}

impl Check {
    /// `state` is that of the read; none in a folder.
    pub(super) fn new(size: u64, state: Option<ReadState>) -> Self {
        let announced = state.as_ref().and_then(ReadState::md5);
        Self {
            size,
            seen: 0,
            state,
            digest: announced.map(|_| md5::Context::new()),
        }
    }

    /// Takes the next bytes.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), WrongResponse> {
        if self.seen == 0 && self.state.is_some() && recognize(bytes) == FileFormat::Html {
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

    /// Judges the whole.
    pub(super) fn end(self) -> Result<(), WrongResponse> {
        if self.seen != self.size {
            return Err(wrong(format!(
                "it ended after {} of {} bytes",
                self.seen, self.size
            )));
        }
        let announced = self.state.and_then(|state| state.md5());
        let computed = self.digest.map(|digest| digest.finalize().0.to_vec());
        if announced == computed {
            Ok(())
        } else {
            Err(wrong("its bytes do not match its Content-MD5"))
        }
    }
}
