//! The HTTP proxy that requests go through, if any.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::given::given_as_text;
use crate::redact::MASK;

/// The address of an HTTP proxy, such as `http://proxy.example:3128` or `http://user:password@proxy.example:3128`. Without a scheme it is
/// `http`. `Debug` and `Display` redact user and password.
///
/// ```
/// use jobs_ext::ProxyUrl;
///
/// let proxy: ProxyUrl = "user:planted@proxy.example:3128".parse()?;
/// assert_eq!(proxy.to_string(), "http://***@proxy.example:3128");
/// assert!("socks5://proxy.example".parse::<ProxyUrl>().is_err());
/// # Ok::<(), jobs_ext::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl(reqwest::Url);

impl ProxyUrl {
    /// The address with user and password.
    pub(crate) fn expose(&self) -> &str {
        self.0.as_str()
    }
}

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
    /// Hosts that are reached directly, as in `NO_PROXY`.
    pub(crate) direct: String,
}

impl Proxies {
    /// In the order in which the HTTP client asks them.
    pub(crate) fn in_order(&self) -> Result<Vec<reqwest::Proxy>> {
        let https = self.https.as_deref().map(|url| (url, true));
        let all = self.all.as_deref().map(|url| (url, false));
        let proxies = https.into_iter().chain(all).map(|(url, only_https)| {
            let url: ProxyUrl = url.parse()?;
            let make = if only_https {
                reqwest::Proxy::https::<&str>
            } else {
                reqwest::Proxy::all::<&str>
            };
            let proxy =
                make(url.expose()).map_err(|_| Error::configuration("the proxy cannot be used"))?;
            Ok(proxy.no_proxy(reqwest::NoProxy::from_string(&self.direct_list())))
        });
        proxies.collect()
    }

    fn direct_list(&self) -> String {
        // Names in the variable may be separated by blanks as well.
        let mut list = String::from("localhost,127.0.0.0/8,::1");
        for host in self
            .direct
            .split([',', ' ', '\t', '\n'])
            .filter(|host| !host.is_empty())
        {
            list.push(',');
            list.push_str(host);
        }
        list
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
                "http://***@proxy.example:3128",
            ),
            ("planted@proxy.example", "http://***@proxy.example"),
            ("https://:planted@[::1]:8443/", "https://***@[::1]:8443"),
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
