//! Reading a container URI with settings of the caller's.

use super::{ContainerUri, bad, folder};
use crate::endpoint;
use crate::error::Result;
use crate::redact::Secret;

use super::Place;

/// Parses container URIs, with plain `http` allowed for named hosts besides loopback.
///
/// Text that is parsed as a [`ContainerUri`] itself may use `http` on loopback only. A storage
/// emulator in another container, which has no certificate, is named here:
///
/// ```
/// use jobs_ext::{ContainerUri, ContainerUriParser};
///
/// let text = "http://azurite:10000/devstoreaccount1/jobs?sv=2021-12-02&sp=rwdl&sig=c2VjcmV0";
/// assert!(text.parse::<ContainerUri>().is_err());
/// let uri = ContainerUriParser::new().http_storage_host("azurite").parse(text)?;
/// assert_eq!(uri.container(), Some("jobs"));
/// # Ok::<(), jobs_ext::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ContainerUriParser {
    /// In lower case, IPv6 addresses without brackets.
    http_hosts: Vec<String>,
}

impl ContainerUriParser {
    /// A parser that allows plain `http` for loopback only.
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows plain `http` for the host of this name, or of this IP address, on any port.
    ///
    /// The signature in the URI and all rows are sent to it without encryption.
    pub fn http_storage_host(mut self, name: impl AsRef<str>) -> Self {
        self.http_hosts.push(normal(name.as_ref()));
        self
    }

    /// Parses a container URI.
    ///
    /// # Errors
    /// Configuration, when the text is not a container URI, or uses `http` for another host.
    pub fn parse(&self, text: &str) -> Result<ContainerUri> {
        let text = text.trim();
        if text.is_empty() {
            return Err(bad("is empty"));
        }
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(bad("holds a space or a line break"));
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(|| {
            bad("has no scheme: expected https://account.blob.core.windows.net/container?sas")
        })?;
        match scheme.to_ascii_lowercase().as_str() {
            "https" => ContainerUri::parse_blob(text, true, rest),
            "http" => {
                let uri = ContainerUri::parse_blob(text, false, rest)?;
                self.check_http(&uri)?;
                Ok(uri)
            }
            "file" => Ok(ContainerUri {
                text: Secret::new(text),
                place: Place::Folder(folder::path_of(rest)?),
                grant: None,
            }),
            _ => Err(bad("has a scheme that is none of https, http and file")),
        }
    }

    fn check_http(&self, uri: &ContainerUri) -> Result<()> {
        let Place::Blob { authority, .. } = &uri.place else {
            return Ok(());
        };
        let host = endpoint::host_of(authority);
        if endpoint::is_loopback(host) || self.http_hosts.contains(&normal(host)) {
            return Ok(());
        }
        Err(bad(
            "must be https: http is for a storage emulator on this machine, or on a host that \
             http_storage_host (--http-storage-host NAME) allows",
        ))
    }
}

fn normal(host: &str) -> String {
    host.trim_matches(['[', ']']).to_ascii_lowercase()
}
