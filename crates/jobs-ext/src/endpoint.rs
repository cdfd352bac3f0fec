//! Where the hub is: scheme, host and port, and nothing else.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::given::given_as_text;

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
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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

given_as_text!(Endpoint);

/// So that an endpoint stands wherever its text does.
impl From<Endpoint> for String {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.to_string()
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
        if let Some(flaw) = flaw_of_authority(authority) {
            return Err(Error::configuration(format!("the endpoint {flaw}")));
        }
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

/// What is wrong with an address that should be a host with an optional port, as it goes on after "the endpoint".
pub(crate) fn flaw_of_authority(authority: &str) -> Option<&'static str> {
    let host = host_of(authority);
    if host.is_empty() {
        return Some("has no host name");
    }
    let after = authority.get(host.len()..).unwrap_or_default();
    if !after.is_empty() {
        let Some(port) = after.strip_prefix(':') else {
            return Some("has more after its host name than `:` and a port");
        };
        // The parser of numbers takes a sign; a port has none.
        let digits = port.bytes().all(|b| b.is_ascii_digit());
        if !digits || port.parse::<u16>().map_or(true, |port| port == 0) {
            return Some("has a port that is no number from 1 to 65535");
        }
    }
    if let Some(v6) = host.strip_prefix('[') {
        let read = v6.strip_suffix(']').map(str::parse::<std::net::Ipv6Addr>);
        return (!matches!(read, Some(Ok(_))))
            .then_some("has no IPv6 address between its brackets");
    }
    flaw_of_name(host)
}

fn flaw_of_name(host: &str) -> Option<&'static str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    if !host.bytes().all(plain) {
        return Some("has a host name with characters that no host name has");
    }
    // One dot at the end says that the name is whole.
    let mut labels = host.strip_suffix('.').unwrap_or(host).split('.');
    if labels.any(str::is_empty) {
        return Some("has a host name with nothing before or between its dots");
    }
    // What requests are sent to is read by this parser, which takes `1.2` and `0x7f.1` for addresses of four numbers.
    let seen = reqwest::Url::parse(&format!("https://{host}"));
    let same = seen.is_ok_and(|url| {
        url.host_str()
            .is_some_and(|seen| seen.eq_ignore_ascii_case(host))
    });
    (!same).then_some(
        "has a host that is neither a name nor an IPv4 address of four numbers up to 255",
    )
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
            "https://[::1",
        ] {
            assert!(bad.parse::<Endpoint>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_that_no_request_can_be_sent_to_is_refused_with_what_is_wrong() {
        for (bad, flaw) in [
            ("http://[::1]evil", "more after its host name"),
            ("https://[::1]evil:80", "more after its host name"),
            ("https://h:+80", "no number"),
            ("https://h:", "no number"),
            ("https://h:80:80", "no number"),
            ("https://999.1.1.1", "neither a name nor"),
            ("https://1.2", "neither a name nor"),
            ("https://0x7f.1", "neither a name nor"),
            ("https://xn--a", "neither a name nor"),
            ("https://.", "between its dots"),
            ("https://a..b", "between its dots"),
            ("https://.a", "between its dots"),
            ("https://a..", "between its dots"),
            ("https://[1.2.3.4]", "no IPv6"),
        ] {
            let error = bad.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.contains(flaw), "{bad}: {error}");
        }
        for good in [
            "https://h.",
            "https://1.2.3.4:5",
            "h_1.example",
            "MYHUB.azure-devices.net",
        ] {
            assert!(good.parse::<Endpoint>().is_ok(), "{good}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_accepted_is_read_alike_by_the_parser_of_urls(authority in "[a-z0-9.:+\\[\\]x_-]{0,16}") {
            if let Ok(endpoint) = format!("https://{authority}").parse::<Endpoint>() {
                let url = reqwest::Url::parse(&endpoint.base_url()).unwrap();
                proptest::prop_assert_eq!(url.path(), "/");
                let port = authority.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
                let port = port.filter(|_| !authority.ends_with(']'));
                proptest::prop_assert_eq!(url.port_or_known_default(), port.or(Some(443)));
            }
        }
    }
}
