//! Where the hub is: scheme, host and port, and nothing else.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A hub's address. `https`, or `http` when the host is this machine.
///
/// ```
/// use jobs_ext::Endpoint;
///
/// assert_eq!("myhub.azure-devices.net".parse::<Endpoint>()?.to_string(), "https://myhub.azure-devices.net");
/// assert!("http://127.0.0.1:8080".parse::<Endpoint>().is_ok());
/// assert!("http://myhub.azure-devices.net".parse::<Endpoint>().is_err());
/// # Ok::<(), jobs_ext::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    https: bool,
    authority: String,
}

impl Endpoint {
    /// The address without a trailing slash, as requests use it.
    pub(crate) fn base_url(&self) -> String {
        self.to_string()
    }

    /// Host and port as written: what a shared access signature names as its resource.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Whether the host is this machine (`localhost` or a loopback address).
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(host_of(&self.authority))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority)
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let (https, rest) = match text.split_once("://") {
            None => (true, text),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            Some(_) => {
                return Err(Error::configuration(
                    "the endpoint's scheme must be https (or http on this machine)",
                ));
            }
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            return Err(Error::configuration(
                "the endpoint must be scheme, host and port alone, without a path or query",
            ));
        }
        if authority.contains('@') {
            return Err(Error::configuration(
                "the endpoint must not carry user information: credentials are given apart",
            ));
        }
        check_authority(authority)?;
        let endpoint = Self {
            https,
            authority: authority.to_owned(),
        };
        if !https && !endpoint.is_loopback() {
            return Err(Error::configuration(format!(
                "http is allowed only to this machine (localhost, 127.0.0.1, [::1]); use https for {}",
                host_of(authority)
            )));
        }
        Ok(endpoint)
    }
}

/// Refuses what cannot be a host with an optional port.
pub(crate) fn check_authority(authority: &str) -> Result<()> {
    let host = host_of(authority);
    if host.is_empty() {
        return Err(Error::configuration("the endpoint has no host name"));
    }
    let port = authority
        .get(host.len()..)
        .unwrap_or_default()
        .strip_prefix(':');
    if port.is_some_and(|port| port.parse::<u16>().map_or(true, |port| port == 0)) {
        return Err(Error::configuration(
            "the endpoint's port must be a number from 1 to 65535",
        ));
    }
    let plain = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let fits = match plain {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)),
    };
    if fits {
        Ok(())
    } else {
        Err(Error::configuration(
            "the endpoint's host name holds characters that no host name has",
        ))
    }
}

/// The host of `host`, `host:port` or `[v6]:port`.
pub(crate) fn host_of(authority: &str) -> &str {
    if authority.starts_with('[') {
        return authority
            .find(']')
            .map_or(authority, |end| &authority[..=end]);
    }
    authority.split(':').next().unwrap_or(authority)
}

/// Whether a host is this machine without asking any name service.
pub(crate) fn is_loopback(host: &str) -> bool {
    let plain = host.trim_start_matches('[').trim_end_matches(']');
    plain.eq_ignore_ascii_case("localhost")
        || plain
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for good in [
            "http://localhost:1",
            "http://127.0.0.1:80/",
            "http://127.9.9.9",
            "http://[::1]:5",
            "HTTPS://h.example",
        ] {
            assert!(good.parse::<Endpoint>().is_ok(), "{good}");
        }
        for bad in [
            "http://10.0.0.1",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "http://[::2]",
        ] {
            let error = bad.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.contains("http is allowed only"), "{bad}: {error}");
        }
    }

    #[test]
    fn anything_but_an_address_is_refused() {
        for bad in [
            "",
            "https://",
            "https://h/path",
            "https://u:p@h",
            "https://h?x=1",
            "ftp://h",
            "https://h:0",
            "https://h:99999",
            "https://h:x",
            "https://ho st",
        ] {
            assert!(bad.parse::<Endpoint>().is_err(), "{bad}");
        }
    }
}
