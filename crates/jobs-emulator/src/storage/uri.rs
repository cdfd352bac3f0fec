//! Container URIs: `file:///folder`, `https://account…/container?sas`, and the
//! path style of storage emulators, `http://host:port/account/container?sas`.

use std::fmt;
use std::path::PathBuf;

use hyper::Uri;
use percent_encoding::percent_decode_str;

use super::error::StorageError;
use crate::redact::REDACTED;

/// A container URI as the caller sent it. It may hold a signature, so it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ContainerUri(String);

impl fmt::Debug for ContainerUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.split([':', '?']).next().unwrap_or_default();
        write!(f, "ContainerUri({scheme}:{REDACTED})")
    }
}

/// Where a container is.
pub(super) enum Place {
    Folder(PathBuf),
    Blob(BlobAddress),
}

/// A blob container, taken apart.
pub(super) struct BlobAddress {
    /// Scheme, host, and what the path has before the container.
    pub(super) endpoint: String,
    pub(super) https: bool,
    /// In lower case, without a port or brackets.
    pub(super) host: String,
    pub(super) container: String,
    /// The query, byte for byte. A secret.
    pub(super) query: Option<String>,
    pub(super) is_loopback: bool,
}

impl ContainerUri {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The URI, to be echoed to the caller who sent it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    pub(super) fn parse(&self) -> Result<Place, StorageError> {
        let scheme = self
            .0
            .split_once(':')
            .map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("file") => folder_of(&self.0).map(Place::Folder),
            Some("http" | "https") => blob_of(&self.0).map(Place::Blob),
            _ => Err(bad(
                "a container URI starts with https://, or with file:/// on a local hub",
            )),
        }
    }
}

fn bad(text: &str) -> StorageError {
    StorageError::Failed(text.to_owned())
}

fn folder_of(text: &str) -> Result<PathBuf, StorageError> {
    let rest = text
        .get("file://".len()..)
        .filter(|_| text[4..].starts_with("://"));
    let rest = rest.ok_or_else(|| bad("a folder is written as file:///path"))?;
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !path.starts_with('/') {
        return Err(bad(
            "a folder is written as file:///path, with an absolute path",
        ));
    }
    if path.contains(['?', '#']) {
        return Err(bad("a file:/// container has neither query nor fragment"));
    }
    let mut folder = PathBuf::from("/");
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let decoded = percent_decode_str(segment)
            .decode_utf8()
            .map_err(|_| bad("the path of a file:/// container is not UTF-8"))?;
        if decoded == ".." || decoded.contains(['/', '\\', '\0']) {
            return Err(bad(
                "the path of a file:/// container holds neither '..' nor encoded separators",
            ));
        }
        folder.push(decoded.as_ref());
    }
    // `file:///C:/data` names a drive.
    if cfg!(windows) {
        folder = folder
            .strip_prefix("/")
            .map(PathBuf::from)
            .unwrap_or(folder);
    }
    Ok(folder)
}

fn blob_of(text: &str) -> Result<BlobAddress, StorageError> {
    let (base, query) = match text.split_once('?') {
        Some((base, query)) => (base, (!query.is_empty()).then(|| query.to_owned())),
        None => (text, None),
    };
    if text.contains('#') {
        return Err(bad("a container URI has no fragment"));
    }
    let uri: Uri = base
        .parse()
        .map_err(|_| bad("the container URI is not a URI"))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(bad("the container URI has no host"));
    };
    if authority.as_str().contains('@') {
        return Err(bad("a container URI holds no user name"));
    }
    let mut segments: Vec<&str> = uri
        .path()
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let container = segments
        .pop()
        .ok_or_else(|| bad("the container URI names no container"))?;
    let mut endpoint = format!("{scheme}://{authority}");
    for segment in segments {
        endpoint.push('/');
        endpoint.push_str(segment);
    }
    let host = authority
        .host()
        .trim_matches(['[', ']'])
        .to_ascii_lowercase();
    let is_loopback = host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
    Ok(BlobAddress {
        endpoint,
        https: scheme == "https",
        host,
        container: container.to_owned(),
        query,
        is_loopback,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(text: &str) -> BlobAddress {
        match ContainerUri::new(text).parse() {
            Ok(Place::Blob(address)) => address,
            _ => panic!("{text} is a blob container"),
        }
    }

    #[test]
    fn both_styles_of_blob_containers_are_taken_apart_and_the_query_is_kept() {
        let hosted = blob("https://acct.blob.core.windows.net/devices?sv=2021&sig=a%2Bb%2F%3D");
        assert_eq!(
            (hosted.endpoint.as_str(), hosted.container.as_str()),
            ("https://acct.blob.core.windows.net", "devices")
        );
        assert_eq!(hosted.query.as_deref(), Some("sv=2021&sig=a%2Bb%2F%3D"));
        let local = blob("http://127.0.0.1:10000/devstoreaccount1/jobs/?sig=x");
        assert_eq!(
            (local.endpoint.as_str(), local.container.as_str()),
            ("http://127.0.0.1:10000/devstoreaccount1", "jobs")
        );
        assert!(local.is_loopback && !hosted.is_loopback);
    }

    #[test]
    fn folders_are_decoded_and_may_not_climb() {
        let folder = |text: &str| match ContainerUri::new(text).parse() {
            Ok(Place::Folder(path)) => Some(path),
            _ => None,
        };
        assert_eq!(folder("file:///tmp/a%20b"), Some(PathBuf::from("/tmp/a b")));
        assert_eq!(folder("file://localhost/tmp"), Some(PathBuf::from("/tmp")));
        for text in [
            "file:///tmp/../etc",
            "file:///tmp/%2e%2e/etc",
            "file:///tmp/a%2Fb",
            "file:///tmp/a%5cb",
            "file:relative",
            "file://host/share",
            "file:///x?sig=1",
        ] {
            assert_eq!(folder(text), None, "{text}");
        }
    }

    #[test]
    fn a_signature_is_not_in_debug_output() {
        let uri = ContainerUri::new("https://acct.blob.core.windows.net/c?sig=PLANTED");
        assert!(!format!("{uri:?}").contains("PLANTED"));
    }
}
