//! Hosts that are reached without the proxy.

use std::net::IpAddr;

use crate::endpoint::Endpoint;

/// Hosts that requests reach without the proxy, in the form of the variable `NO_PROXY`: entries separated by commas or blanks.
///
/// An entry is a host name, which covers its subdomains (`example.com`, `.example.com` and `*.example.com` mean the same), an IP address,
/// a network such as `10.0.0.0/8`, or `*` for every host. A name or an address may have a port (`example.com:8443`, `[::1]:80`), and then
/// covers only that port.
///
/// ```
/// let direct = jobs_ext::NoProxy::from("example.com, 10.0.0.0/8, other.example:8443");
/// assert!(direct.contains("hub.example.com", 443));
/// assert!(direct.contains("10.1.2.3", 443));
/// assert!(!direct.contains("other.example", 443));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoProxy(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    All,
    /// A domain with its subdomains, in small letters.
    Domain(String),
    /// A network by its address and the number of leading bits that count.
    Network(IpAddr, u32),
}

impl NoProxy {
    /// Whether requests to this hub go past the proxy.
    #[must_use]
    pub fn covers(&self, hub: &Endpoint) -> bool {
        let url = reqwest::Url::parse(&hub.base_url()).ok();
        url.is_some_and(|url| {
            let port = url.port_or_known_default().unwrap_or_default();
            self.contains(url.host_str().unwrap_or_default(), port)
        })
    }

    /// Whether requests to this host and port go past the proxy.
    #[must_use]
    pub fn contains(&self, host: &str, port: u16) -> bool {
        let host = without_brackets(host).trim_end_matches('.');
        let address = host.parse::<IpAddr>().ok();
        self.0.iter().any(|entry| {
            entry.port.is_none_or(|only| only == port)
                && match &entry.hosts {
                    Hosts::All => true,
                    Hosts::Domain(domain) => is_within(host, domain),
                    Hosts::Network(start, bits) => {
                        address.is_some_and(|address| has_prefix(address, *start, *bits))
                    }
                }
        })
    }
}

impl From<&str> for NoProxy {
    fn from(text: &str) -> Self {
        let entries = text.split(|letter: char| letter == ',' || letter.is_whitespace());
        Self(entries.filter_map(Entry::parse).collect())
    }
}

impl From<String> for NoProxy {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&String> for NoProxy {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl Entry {
    /// None for an empty entry.
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self {
                hosts: Hosts::All,
                port: None,
            });
        }
        if let Some(hosts) = network(text) {
            return Some(Self { hosts, port: None });
        }
        let with_port = text.rsplit_once(':').and_then(|(host, port)| {
            let port = port.parse().ok()?;
            Some((host, port))
        });
        let (host, port) = match with_port {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        };
        let hosts = network(host).or_else(|| domain(host))?;
        Some(Self { hosts, port })
    }
}

fn network(text: &str) -> Option<Hosts> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = without_brackets(address).parse().ok()?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    Some(Hosts::Network(address, bits.unwrap_or(all).min(all)))
}

fn domain(text: &str) -> Option<Hosts> {
    let name = text.strip_prefix('*').unwrap_or(text);
    let name = name.trim_start_matches('.').trim_end_matches('.');
    (!name.is_empty()).then(|| Hosts::Domain(name.to_ascii_lowercase()))
}

fn is_within(host: &str, domain: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let rest = host.strip_suffix(domain);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn has_prefix(address: IpAddr, start: IpAddr, bits: u32) -> bool {
    let differing = match (address, start) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
        _ => return false,
    };
    differing >= bits
}

fn without_brackets(host: &str) -> &str {
    let inside = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    inside.unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_cover_names_subdomains_addresses_networks_and_ports() {
        for (list, host, port, expected) in [
            ("example.com", "example.com", 443, true),
            ("example.com", "hub.example.com", 443, true),
            ("example.com", "notexample.com", 443, false),
            (".example.com", "hub.example.com", 443, true),
            ("*.example.com", "hub.example.com", 443, true),
            ("*.example.com", "hub.example.org", 443, false),
            ("EXAMPLE.com.", "Hub.Example.COM.", 443, true),
            ("example.com:443", "hub.example.com", 443, true),
            ("example.com:8443", "hub.example.com", 443, false),
            ("a.example,\tb.example c.example", "c.example", 443, true),
            ("*", "anything", 1, true),
            ("10.0.0.0/8", "10.9.8.7", 443, true),
            ("10.0.0.0/8", "11.0.0.1", 443, false),
            ("10.1.2.3", "10.1.2.3", 443, true),
            ("10.1.2.3:80", "10.1.2.3", 443, false),
            ("0.0.0.0/0", "10.1.2.3", 443, true),
            ("fd00::/8", "[fd12::1]", 443, true),
            ("[fd12::1]:443", "[fd12::1]", 443, true),
            ("fd12::1", "[fd12::1]", 443, true),
            ("10.0.0.0/8", "10.example", 443, false),
            ("10.0.0.0/x", "10.0.0.1", 443, false),
            (" , ,", "example.com", 443, false),
            ("", "example.com", 443, false),
        ] {
            let found = NoProxy::from(list).contains(host, port);
            assert_eq!(found, expected, "{list}: {host}:{port}");
        }
    }
}
