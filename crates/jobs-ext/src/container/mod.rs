//! Where jobs read and write their blobs: `ContainerUri`.

mod grant;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

pub use grant::{SasGrant, SasResource};

use crate::endpoint;
use crate::error::{Error, Result};
use crate::redact::Secret;
use crate::sas;

/// The URI of a blob container, with its shared access signature where it has one. It prints without the signature.
///
/// Three forms are known: `https://account.blob.core.windows.net/container?sas`, the path style of storage emulators
/// (`http://127.0.0.1:10000/devstoreaccount1/container?sas`), and, for the local hub only, `file:///folder`.
///
/// ```
/// use jobs_ext::ContainerUri;
///
/// let uri: ContainerUri = "https://acct.blob.core.windows.net/devices?sv=2021-12-02&sr=c&sp=rwdl&se=2030-01-01&sig=c2VjcmV0".parse()?;
/// assert_eq!(uri.container(), Some("devices"));
/// assert_eq!(uri.grant().unwrap().permissions(), "rwdl");
/// assert!(!uri.to_string().contains("c2VjcmV0"));
/// assert!(uri.expose().ends_with("sig=c2VjcmV0"));
/// # Ok::<(), jobs_ext::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ContainerUri {
    text: Secret,
    place: Place,
    grant: Option<SasGrant>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Place {
    Blob {
        https: bool,
        authority: String,
        /// Set for path style alone; else the account is the first label of the host.
        account: Option<String>,
        container: String,
    },
    Folder(std::path::PathBuf),
}

impl ContainerUri {
    /// The URI in full, byte for byte as it was given. It is a secret when it carries a signature.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// The container's name; none for a folder.
    #[must_use]
    pub fn container(&self) -> Option<&str> {
        match &self.place {
            Place::Blob { container, .. } => Some(container),
            Place::Folder(_) => None,
        }
    }

    /// Whether a blob of this name can lie in a container: what every method that takes a blob's name checks before anything is sent.
    ///
    /// # Errors
    /// Configuration, with what is wrong: the name is empty, has more than 1024 characters or 254 parts, holds a character that does not
    /// travel in a URL, or a part that climbs (`..`, percent-encoded too).
    pub fn check_blob_name(name: &str) -> Result<()> {
        match crate::create::flaw_of_blob_name(name) {
            None => Ok(()),
            Some(flaw) => Err(Error::configuration(format!("the blob's name {flaw}"))),
        }
    }

    /// The folder behind a `file:///` URI.
    #[must_use]
    pub fn folder(&self) -> Option<&std::path::Path> {
        match &self.place {
            Place::Folder(path) => Some(path),
            Place::Blob { .. } => None,
        }
    }

    /// What the signature allows; none when the URI carries none.
    #[must_use]
    pub fn grant(&self) -> Option<&SasGrant> {
        self.grant.as_ref()
    }

    /// The storage account, as the host or the first path segment names it.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match &self.place {
            Place::Blob {
                account: Some(account),
                ..
            } => Some(account),
            Place::Blob { authority, .. } => authority.split('.').next(),
            Place::Folder(_) => None,
        }
    }

    /// Scheme, host and, in path style, the account: the address under which the container lies.
    #[cfg(feature = "blob")]
    pub(crate) fn account_url(&self) -> Option<String> {
        match &self.place {
            Place::Blob {
                https,
                authority,
                account,
                ..
            } => {
                let scheme = if *https { "https" } else { "http" };
                let path = account.as_ref().map_or(String::new(), |a| format!("/{a}"));
                Some(format!("{scheme}://{authority}{path}"))
            }
            Place::Folder(_) => None,
        }
    }

    /// The URI without its query: where the container lies, and nothing that opens it.
    #[cfg(feature = "blob")]
    pub(crate) fn location(&self) -> &str {
        let text = self.expose();
        text.split_once('?').map_or(text, |(location, _)| location)
    }

    /// The signature's parameters with their values decoded, in the order given.
    #[cfg(feature = "blob")]
    pub(crate) fn query_pairs(&self) -> Vec<(String, String)> {
        let query = self.expose().split_once('?').map_or("", |(_, query)| query);
        pairs(query)
            .map(|(name, value)| (name.to_owned(), sas::decode(value)))
            .collect()
    }

    fn parse_blob(text: &str, https: bool, rest: &str) -> Result<Self> {
        let (location, query) = rest.split_once('?').unwrap_or((rest, ""));
        if rest.contains('#') {
            return Err(bad("has a fragment (#…), which no container URI has"));
        }
        let (authority, path) = location.split_once('/').unwrap_or((location, ""));
        if authority.contains('@') {
            return Err(bad("must not carry user information"));
        }
        endpoint::check_authority(authority).map_err(|error| bad(error.message()))?;
        let host = endpoint::host_of(authority);
        if !https && !endpoint::is_loopback(host) {
            return Err(bad(
                "must be https: http is for a storage emulator on this machine only",
            ));
        }
        let (account, container) = split_path(host, path)?;
        let grant = match query {
            "" => None,
            query => Some(read_grant(query)?),
        };
        Ok(Self {
            text: Secret::new(text),
            place: Place::Blob {
                https,
                authority: authority.to_owned(),
                account,
                container,
            },
            grant,
        })
    }

    fn parse_folder(text: &str, rest: &str) -> Result<Self> {
        let path = rest.strip_prefix("localhost").unwrap_or(rest);
        if !path.starts_with('/') {
            return Err(bad(
                "with file: needs three slashes and an absolute folder: file:///folder",
            ));
        }
        if path.contains(['?', '#']) {
            return Err(bad("with file: takes no query"));
        }
        let path = sas::decode(path);
        #[cfg(windows)]
        let path = path.trim_start_matches('/').to_owned();
        if path.contains('\0') {
            return Err(bad("with file: holds a character that no path has"));
        }
        Ok(Self {
            text: Secret::new(text),
            place: Place::Folder(path.into()),
            grant: None,
        })
    }
}

fn bad(what: impl fmt::Display) -> Error {
    Error::configuration(format!("the container URI {what}"))
}

/// Account (in path style) and container. An address or `localhost` as host means path style, as storage emulators use it.
fn split_path(host: &str, path: &str) -> Result<(Option<String>, String)> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments: Vec<&str> = path.split('/').collect();
    let literal = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    let path_style = literal || endpoint::is_loopback(host) || !host.contains('.');
    let (account, container, more) = match (path_style, segments.as_slice()) {
        (_, []) => (None, "", false),
        (true, [_]) => {
            return Err(bad(
                "lacks the container: a storage emulator's is http://host:port/account/container",
            ));
        }
        (true, [account, container, more @ ..]) => {
            (Some((*account).to_owned()), *container, !more.is_empty())
        }
        (false, [container, more @ ..]) => (None, *container, !more.is_empty()),
    };
    if more {
        return Err(bad(
            "names a blob or a folder; give the container's own URI and the blob's name apart",
        ));
    }
    let name = container.strip_prefix('$').unwrap_or(container);
    let fits = !name.is_empty()
        && container.len() <= 63
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let account_fits = account
        .as_deref()
        .is_none_or(|a| !a.is_empty() && a.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    if container.is_empty() {
        return Err(bad("names no container"));
    }
    if !fits {
        return Err(bad(
            "has a container name that storage does not allow: up to 63 lower-case letters, digits and hyphens",
        ));
    }
    if !account_fits {
        return Err(bad("has an account name that storage does not allow"));
    }
    Ok((account, container.to_owned()))
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn read_grant(query: &str) -> Result<SasGrant> {
    let mut grant = SasGrant::default();
    let mut signed = false;
    for (name, value) in pairs(query) {
        match name {
            "sig" => signed = !value.is_empty(),
            _ => grant.set(name, sas::decode(value)),
        }
    }
    if !signed {
        return Err(bad(
            "has a query but no signature (sig): it looks cut at `&`, as a shell does with an unquoted URI; quote it, or read it from a file",
        ));
    }
    Ok(grant)
}

impl FromStr for ContainerUri {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
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
            "https" => Self::parse_blob(text, true, rest),
            "http" => Self::parse_blob(text, false, rest),
            "file" => Self::parse_folder(text, rest),
            _ => Err(bad("has a scheme that is none of https, http and file")),
        }
    }
}

impl TryFrom<&str> for ContainerUri {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self> {
        text.parse()
    }
}

impl TryFrom<String> for ContainerUri {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl fmt::Display for ContainerUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.expose();
        let (location, _) = text.split_once('?').unwrap_or((text, ""));
        f.write_str(location)?;
        match &self.grant {
            Some(grant) => write!(f, "?{}sig={}", grant.shown(), crate::redact::MASK),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ContainerUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContainerUri({self})")
    }
}
