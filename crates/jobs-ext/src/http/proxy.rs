//! The HTTP proxy that requests go through, if any.

mod exceptions;

use std::fmt;
use std::str::FromStr;

use crate::endpoint::is_loopback;
use crate::error::{Error, Result};
use crate::given::given_as_text;
use crate::redact::MASK;

pub use exceptions::NoProxy;

/// The address of an HTTP proxy, such as `http://proxy.example:3128` or `http://user:password@proxy.example:3128`. Without a scheme it is
/// `http`. `Debug` and `Display` redact user and password.
///
/// ```
/// use jobs_ext::ProxyUrl;
///
/// let proxy: ProxyUrl = "user:planted@proxy.example:3128".parse()?;
/// assert_eq!(proxy.to_string(), "http://[redacted]@proxy.example:3128");
/// assert!("socks5://proxy.example".parse::<ProxyUrl>().is_err());
/// # Ok::<(), jobs_ext::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl(reqwest::Url);

given_as_text!(ProxyUrl);

/// The whole address, user and password included, for [`JobsClientBuilder::proxy`](crate::JobsClientBuilder::proxy).
impl From<ProxyUrl> for String {
    fn from(proxy: ProxyUrl) -> Self {
        proxy.0.into()
    }
}

impl FromStr for ProxyUrl {
    type Err = Error;

    // No message here may quote the text: a malformed address can hold a password anywhere.
    fn from_str(text: &str) -> Result<Self> {
        const FORM: &str = "the proxy must be a URL such as http://proxy.example:3128; a special character in its user or password is percent-encoded";
        let text = text.trim();
        let url = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let url = reqwest::Url::parse(&url).map_err(|_| Error::configuration(FORM))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::configuration(
                "the scheme of the proxy must be http or https; SOCKS is not supported",
            ));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(Error::configuration(FORM));
        }
        Ok(Self(url))
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.0.scheme())?;
        if !self.0.username().is_empty() || self.0.password().is_some() {
            write!(f, "{MASK}@")?;
        }
        f.write_str(self.0.host_str().unwrap_or_default())?;
        match self.0.port() {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyUrl({self})")
    }
}

/// Which requests go through which proxy. Requests to this machine never do.
#[derive(Clone, Default)]
pub(crate) struct Proxies {
    /// For every scheme.
    pub(crate) all: Option<String>,
    /// For `https`, in place of the one for every scheme.
    pub(crate) https: Option<String>,
    /// Hosts that are reached directly.
    pub(crate) direct: NoProxy,
}

impl Proxies {
    /// With both addresses parsed.
    ///
    /// # Errors
    /// When one cannot be used.
    pub(crate) fn parse(&self) -> Result<Routes> {
        let parse = |text: &Option<String>| text.as_deref().map(str::parse).transpose();
        Ok(Routes {
            all: parse(&self.all)?,
            https: parse(&self.https)?,
            direct: self.direct.clone(),
        })
    }
}

/// The proxies of a client, by the request's URL.
#[derive(Clone, Default)]
pub(crate) struct Routes {
    all: Option<ProxyUrl>,
    https: Option<ProxyUrl>,
    direct: NoProxy,
}

impl Routes {
    /// The proxy for requests to this URL.
    pub(crate) fn to(&self, url: &reqwest::Url) -> Option<&ProxyUrl> {
        let host = url.host_str()?;
        let port = url.port_or_known_default().unwrap_or_default();
        if is_loopback(host) || self.direct.contains(host, port) {
            return None;
        }
        let https = self.https.as_ref().filter(|_| url.scheme() == "https");
        https.or(self.all.as_ref())
    }

    /// As the HTTP client takes it.
    pub(crate) fn into_proxy(self) -> reqwest::Proxy {
        reqwest::Proxy::custom(move |url| self.to(url).map(|proxy| proxy.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_are_never_printed() {
        for (text, shown) in [
            (
                "http://user:planted@proxy.example:3128",
                "http://[redacted]@proxy.example:3128",
            ),
            ("planted@proxy.example", "http://[redacted]@proxy.example"),
            (
                "https://:planted@[::1]:8443/",
                "https://[redacted]@[::1]:8443",
            ),
            ("proxy.example:3128", "http://proxy.example:3128"),
        ] {
            let proxy: ProxyUrl = text.parse().unwrap();
            assert_eq!(proxy.to_string(), shown);
            assert!(!format!("{proxy:?}").contains("planted"));
        }
    }

    #[test]
    fn what_is_not_a_proxy_is_rejected_without_being_quoted() {
        for text in [
            "",
            "http://",
            "http://user:planted@ho st",
            "http://user:plan/ted@host",
            "socks5://user:planted@host",
            "http://host/planted",
            "http://host?planted",
        ] {
            let error = text.parse::<ProxyUrl>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("plan"), "{error}");
        }
    }
}
