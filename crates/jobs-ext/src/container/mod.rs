//! Where jobs read and write their blobs: `ContainerUri`.

pub(crate) mod blob_name;
mod folder;
mod grant;
mod location;
mod parser;
mod redacted;
pub(crate) mod storage_auth;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

pub use grant::{SasGrant, SasResource};
pub use parser::ContainerUriParser;

use crate::auth::sas;
use crate::endpoint;
use crate::error::{Error, Result};
use crate::given::given_as_text;
use crate::redact::Secret;

/// The URI of a blob container, with its shared access signature where it has one. It prints without the signature.
///
/// Three forms are known: `https://account.blob.core.windows.net/container?sas`, the path style of storage emulators
/// (`http://127.0.0.1:10000/devstoreaccount1/container?sas`, or `https` on any host that is not a storage service's), and, for the
/// local hub only, `file:///folder` ([`from_folder`](Self::from_folder)). Plain `http` is for loopback; [`ContainerUriParser`] allows
/// it for other hosts.
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
    /// The `file:///` URI of a folder, which the local hub uses as a container. What a URI cannot hold is percent-encoded.
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// let uri = jobs_ext::ContainerUri::from_folder("/srv/fleet 50%")?;
    /// assert_eq!(uri.to_string(), "file:///srv/fleet%2050%25");
    /// # }
    /// # Ok::<(), jobs_ext::Error>(())
    /// ```
    ///
    /// # Errors
    /// Configuration, when the path is not absolute, or is no text (UTF-8), which a URI cannot carry.
    pub fn from_folder(path: impl AsRef<std::path::Path>) -> Result<Self> {
        folder::uri_of(path.as_ref())?.parse()
    }

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
        match blob_name::flaw_of_blob_name(name) {
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

    /// Whether requests to the storage would not be encrypted, however the scheme is spelt.
    pub(crate) fn is_plain_http(&self) -> bool {
        matches!(self.place, Place::Blob { https: false, .. })
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
        if let Some(flaw) = endpoint::flaw_of_authority(authority) {
            return Err(bad(flaw));
        }
        let (account, container) = location::split_path(authority, path)?;
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
}

fn bad(what: impl fmt::Display) -> Error {
    Error::configuration(format!("the container URI {what}"))
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
            "sig" => {
                signed = !value.is_empty();
                grant.note_signature(value);
            }
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
        ContainerUriParser::new().parse(text)
    }
}

given_as_text!(ContainerUri);

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
