//! Who may call the hub at all, judged by `Host` and `Origin` before anything else.
//!
//! A web page that a developer opens can send requests to this machine. It cannot choose the
//! `Host` and `Origin` that the browser writes, so these two headers keep it out: the name in
//! `Host` keeps out a page whose own host name resolves to this machine (DNS rebinding), and
//! `Origin` keeps out every page but the hub's own.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};

use crate::envelope::{HubResult, ServiceError};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

const USE_LOOPBACK_NAME: &str = "hint: call the hub as localhost, 127.0.0.1 or [::1]";
const USE_OWN_PAGE: &str = "hint: call the hub from a program, or from the hub's own page; \
                            requests from programs carry no Origin header";
const USE_JSON: &str = "hint: send the header Content-Type: application/json";

/// To whom a route belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    /// The service's interface: token, api-version, the service's headers, faults.
    Service,
    /// The admin API: for callers on this machine.
    Local,
    /// For everybody: health and the page.
    Open,
}

/// The rules for the callers of one hub.
pub(crate) struct Door {
    /// The hub listens on a loopback address, so its clients use a name of this machine.
    is_loopback: bool,
    https: bool,
    /// Further names of the hub, in lower case and without a port.
    names: Vec<String>,
}

impl Door {
    /// The rules for a hub that listens on `listen` and has these names besides those of loopback.
    pub(crate) fn new(
        listen: IpAddr,
        https: bool,
        names: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            is_loopback: is_loopback(listen),
            https,
            names: names
                .into_iter()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
        }
    }

    /// Lets a request pass whose headers no foreign web page can make a browser send.
    ///
    /// On a listener that other machines reach, clients use names that the hub cannot know: there
    /// `Host` is free on the service's routes, and only `Origin` is checked.
    pub(crate) fn check(&self, head: &Parts, peer: SocketAddr, surface: Surface) -> HubResult<()> {
        let is_local = surface == Surface::Local;
        if is_local && !is_loopback(peer.ip()) {
            return Err(rejected(
                "the admin API is for callers on the hub's own machine only",
                "hint: call it on the machine that runs the hub",
            ));
        }
        let host = self.host(head)?;
        if (self.is_loopback || is_local) && !self.is_known(&host, is_local) {
            return Err(rejected(
                format!("the request is for the host '{}'", host.name),
                USE_LOOPBACK_NAME,
            ));
        }
        self.check_page(head, &host)
    }

    /// The one host that the request names.
    fn host(&self, head: &Parts) -> HubResult<Authority> {
        let host = single(&head.headers, &HOST)
            .ok()
            .flatten()
            .and_then(|text| Authority::parse(text, self.default_port()))
            .ok_or_else(|| {
                rejected(
                    "the request needs exactly one Host header, with a host name and an optional port",
                    USE_LOOPBACK_NAME,
                )
            })?;
        let same_target = match (head.uri.scheme_str(), head.uri.authority()) {
            (None, None) => true,
            (Some(scheme), Some(authority)) => {
                scheme == self.scheme()
                    && Authority::parse(authority.as_str(), self.default_port()).as_ref()
                        == Some(&host)
            }
            _ => false,
        };
        if same_target {
            Ok(host)
        } else {
            Err(rejected(
                "the request line names another host than the Host header",
                "hint: send the path alone in the request line",
            ))
        }
    }

    fn is_known(&self, host: &Authority, loopback_only: bool) -> bool {
        host.name == "localhost"
            || host.address().is_some_and(is_loopback)
            || !loopback_only && self.names.contains(&host.name)
    }

    /// Rejects what a browser sends for a page that is not the hub's own.
    fn check_page(&self, head: &Parts, host: &Authority) -> HubResult<()> {
        let origin = single(&head.headers, &ORIGIN).map_err(|()| {
            rejected(
                "the request has an Origin header that cannot be read",
                USE_OWN_PAGE,
            )
        })?;
        let Some(origin) = origin else {
            return if is_embedded(&head.headers) {
                Err(rejected(
                    "the request comes from a web page of another site",
                    USE_OWN_PAGE,
                ))
            } else {
                Ok(())
            };
        };
        let own = origin
            .split_once("://")
            .filter(|(scheme, _)| *scheme == self.scheme())
            .and_then(|(_, rest)| Authority::parse(rest, self.default_port()));
        if own.as_ref() != Some(host) {
            return Err(rejected(
                format!("the request comes from a web page of another site, {origin}"),
                USE_OWN_PAGE,
            ));
        }
        let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(&head.method);
        if reads || is_json(head.headers.get(CONTENT_TYPE)) {
            Ok(())
        } else {
            Err(rejected(
                "a request of a web page that changes something must be JSON",
                USE_JSON,
            ))
        }
    }

    fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    fn default_port(&self) -> u16 {
        if self.https { 443 } else { 80 }
    }
}

fn rejected(why: impl Into<String>, hint: &'static str) -> ServiceError {
    ServiceError::new(StatusCode::FORBIDDEN, "LocalOnly", why).hint(hint)
}

/// The header's one value as text; an error when there are several, or it is not ASCII.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        (Some(_), Some(_)) => Err(()),
    }
}

/// Whether a browser says that a page of another site embeds the resource, as an image or a script
/// does: such a request has no `Origin`. A link that leads to the hub's page is fine.
fn is_embedded(headers: &HeaderMap) -> bool {
    let is = |name, known: &[&str]| {
        headers.get(name).is_none_or(|value: &HeaderValue| {
            known
                .iter()
                .any(|known| value.as_bytes() == known.as_bytes())
        })
    };
    !is(SEC_FETCH_SITE, &["same-origin", "none"]) && !is(SEC_FETCH_DEST, &["document"])
}

fn is_json(content_type: Option<&HeaderValue>) -> bool {
    content_type
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// A host and a port as `Host` and `Origin` write them.
#[derive(Debug, PartialEq, Eq)]
struct Authority {
    /// In lower case; an IPv6 address keeps its brackets.
    name: String,
    port: u16,
}

impl Authority {
    /// Nothing unless the text is `name`, `name:port`, `[v6]` or `[v6]:port` and nothing more.
    fn parse(text: &str, default_port: u16) -> Option<Self> {
        let end = if text.starts_with('[') {
            text.find(']')? + 1
        } else {
            text.find(':').unwrap_or(text.len())
        };
        let (name, rest) = text.split_at(end);
        let port = match rest.strip_prefix(':') {
            None if rest.is_empty() => default_port,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|port| *port != 0)?
            }
            _ => return None,
        };
        let authority = Self {
            name: name.to_ascii_lowercase(),
            port,
        };
        (authority.address().is_some() || is_host_name(name)).then_some(authority)
    }

    /// The name as an IP address, if it is one.
    fn address(&self) -> Option<IpAddr> {
        match self.name.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']')?.parse().ok().map(IpAddr::V6),
            None => self.name.parse().ok().map(IpAddr::V4),
        }
    }
}

/// Letters, digits, `-` and `_` in labels with dots between them; a dot at the end is not accepted.
fn is_host_name(name: &str) -> bool {
    name.split('.').all(|label| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    })
}

#[cfg(test)]
mod tests;
