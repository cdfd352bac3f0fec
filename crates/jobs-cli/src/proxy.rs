//! Which proxy requests go through. The option wins over the environment, and the variables mean what they mean to curl.

use std::fmt;

use jobs_ext::{Endpoint, JobsClientBuilder, NoProxy, ProxyUrl};

use crate::failure::Failure;

/// The option that names the proxy.
const OPTION: &str = "--proxy";

/// The variable with hosts that are reached directly.
const DIRECT: &str = "NO_PROXY";

/// The text of a proxy's address, which can hold a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ProxyText(String);

impl ProxyText {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// For the parser of arguments: what is wrong with an address is said later, without quoting it.
    pub(crate) fn of_argument(text: &str) -> Result<Self, std::convert::Infallible> {
        Ok(Self::new(text))
    }
}

impl fmt::Debug for ProxyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyText([redacted])")
    }
}

/// An address, and the option or variable that it came from.
type Named = (ProxyText, &'static str);

/// The proxies of one command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies {
    https: Option<Named>,
    all: Option<Named>,
    /// Hosts that are reached directly, separated by commas.
    direct: Option<String>,
}

impl Proxies {
    /// Reads the variables: the name in small letters first, and nothing from a blank value.
    pub(crate) fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let first = |small: &'static str, large: &'static str| {
            [small, large]
                .into_iter()
                .find_map(|name| lookup(name).map(|value| (value, name)))
        };
        let address = |(value, name)| (ProxyText::new(value), name);
        Self {
            https: first("https_proxy", "HTTPS_PROXY").map(address),
            all: first("all_proxy", "ALL_PROXY").map(address),
            direct: first("no_proxy", DIRECT).map(|(value, _)| value),
        }
    }

    /// The proxies of a command with this option. An empty address means none, whatever the environment says.
    pub(crate) fn with_option(&self, option: Option<&ProxyText>) -> Self {
        match option {
            None => self.clone(),
            Some(text) if text.0.trim().is_empty() => Self::default(),
            Some(text) => Self {
                https: None,
                all: Some((text.clone(), OPTION)),
                direct: self.direct.clone(),
            },
        }
    }

    /// Sets the proxies of a client.
    pub(crate) fn apply(
        &self,
        mut builder: JobsClientBuilder,
    ) -> Result<JobsClientBuilder, Failure> {
        if let Some(named) = &self.https {
            builder = builder.https_proxy(read(named)?);
        }
        if let Some(named) = &self.all {
            match read(named) {
                Ok(url) => builder = builder.proxy(url),
                // The hub is reached by the other one; `all` is often a SOCKS proxy for programs that know them.
                Err(_) if self.https.is_some() => {}
                Err(failure) => return Err(failure),
            }
        }
        if let Some(hosts) = &self.direct {
            builder = builder.no_proxy(hosts);
        }
        Ok(builder)
    }

    /// Without the addresses of the environment, which is not made for hubs on this machine: one that cannot be used stops nothing there.
    pub(crate) fn for_this_machine(&self) -> Self {
        let usable = |named: &Option<Named>| {
            named
                .clone()
                .filter(|named| named.1 == OPTION || read(named).is_ok())
        };
        Self {
            https: usable(&self.https),
            all: usable(&self.all),
            direct: self.direct.clone(),
        }
    }

    /// As [`describe`](Self::describe), if a proxy is used for the hub.
    pub(crate) fn in_use(&self, hub: &Endpoint) -> Option<String> {
        self.describe(hub)
            .filter(|_| !hub.is_loopback() && !self.is_direct(hub))
    }

    /// Whether a variable excepts a hub from the proxy.
    fn is_direct(&self, hub: &Endpoint) -> bool {
        let hosts = self.direct.as_ref().map(NoProxy::from);
        hosts.is_some_and(|hosts| hosts.covers(hub))
    }

    /// How requests to a hub go, if a proxy is named.
    pub(crate) fn describe(&self, hub: &Endpoint) -> Option<String> {
        let named = self.https.as_ref().or(self.all.as_ref())?;
        let origin = named.1;
        let url = read(named).ok()?.parse::<ProxyUrl>().ok()?;
        if hub.is_loopback() {
            return Some(format!(
                "{url} ({origin}) is not used for the hub, which is on this machine"
            ));
        }
        if self.is_direct(hub) {
            return Some(format!(
                "{url} ({origin}) is not used for the hub, which {DIRECT} names"
            ));
        }
        Some(match &self.direct {
            None => format!("requests go through {url} ({origin})"),
            Some(hosts) => {
                format!("requests go through {url} ({origin}), but for hosts in {DIRECT}: {hosts}")
            }
        })
    }
}

/// The address as the client takes it.
fn read((text, origin): &Named) -> Result<String, Failure> {
    match text.0.parse::<ProxyUrl>() {
        Ok(url) => Ok(url.into()),
        Err(error) => Err(Failure::usage(format_args!(
            "{origin}: {}",
            error.message()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Proxies {
        Proxies::from_lookup(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn described(proxies: &Proxies, hub: &str) -> Option<String> {
        proxies.describe(&hub.parse().unwrap())
    }

    #[test]
    fn small_letters_come_first_and_the_variable_for_https_before_the_general_one() {
        for (variables, shown) in [
            (&[("ALL_PROXY", "a:1")][..], "http://a:1 (ALL_PROXY)"),
            (
                &[("all_proxy", "b:1"), ("ALL_PROXY", "a:1")],
                "http://b:1 (all_proxy)",
            ),
            (
                &[("HTTPS_PROXY", "c:1"), ("all_proxy", "b:1")],
                "http://c:1 (HTTPS_PROXY)",
            ),
            (
                &[("https_proxy", "d:1"), ("HTTPS_PROXY", "c:1")],
                "http://d:1 (https_proxy)",
            ),
        ] {
            let text = described(&of(variables), "hub.example").unwrap();
            assert!(text.contains(shown), "{text}");
        }
        assert_eq!(described(&of(&[("NO_PROXY", "*")]), "hub.example"), None);
    }

    #[test]
    fn the_option_wins_and_an_empty_one_means_none() {
        let environment = of(&[("HTTPS_PROXY", "c:1"), ("no_proxy", "x.example")]);
        let option = ProxyText::new("http://user:planted@o:1");
        let text = described(&environment.with_option(Some(&option)), "hub.example").unwrap();
        assert!(text.contains("http://[redacted]@o:1 (--proxy)"), "{text}");
        assert!(text.contains("x.example"), "{text}");
        assert!(!format!("{option:?}{text}").contains("planted"));
        let none = environment.with_option(Some(&ProxyText::new("")));
        assert_eq!(described(&none, "hub.example"), None);
    }

    #[test]
    fn a_hub_on_this_machine_is_said_to_be_reached_directly() {
        let text = described(&of(&[("HTTPS_PROXY", "c:1")]), "http://127.0.0.1:9").unwrap();
        assert!(text.contains("not used"), "{text}");
    }

    #[test]
    fn a_hub_that_the_variable_names_is_said_to_be_reached_directly() {
        for (direct, is_direct) in [
            ("hub.example", true),
            ("*.example:443", true),
            ("hub.example:8443", false),
            ("other.example", false),
        ] {
            let proxies = of(&[("HTTPS_PROXY", "c:1"), ("NO_PROXY", direct)]);
            let text = described(&proxies, "hub.example").unwrap();
            assert_eq!(text.contains("not used"), is_direct, "{text}");
            let in_use = proxies.in_use(&"hub.example".parse().unwrap());
            assert_eq!(in_use.is_none(), is_direct);
        }
    }

    #[test]
    fn an_address_that_cannot_be_used_is_named_by_its_origin_where_it_would_be_used() {
        let builder = || jobs_ext::JobsClient::builder("hub.example");
        let socks = of(&[("ALL_PROXY", "socks5://user:planted@s:1")]);
        let failure = socks.apply(builder()).map(drop).unwrap_err();
        assert!(failure.message().starts_with("ALL_PROXY: "), "{failure:?}");
        assert!(!format!("{failure:?}").contains("planted"));
        assert!(socks.for_this_machine().apply(builder()).is_ok());
        let both = of(&[("all_proxy", "socks5://s:1"), ("https_proxy", "h:1")]);
        assert!(both.apply(builder()).is_ok());
    }
}
