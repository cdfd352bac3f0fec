//! The environment variables that this program reads, all of them, read in one place and once.

use std::path::PathBuf;

use crate::proxy::Proxies;

/// The hub's connection string.
pub(crate) const CONNECTION_STRING: &str = "IOTHUB_CONNECTION_STRING";
/// Where requests go instead of `https://<HostName>`.
pub(crate) const ENDPOINT: &str = "IOTHUB_ENDPOINT";
/// A PEM file with the certificate authorities to trust.
pub(crate) const CA_FILE: &str = "IOTHUB_CA_FILE";
/// The container that a job reads from or writes to.
pub(crate) const CONTAINER_URI: &str = "IOTHUB_CONTAINER_URI";
/// The container that an import job writes its error log to, when it is another one.
pub(crate) const OUTPUT_CONTAINER_URI: &str = "IOTHUB_OUTPUT_CONTAINER_URI";
/// A ready-made bearer token for `--auth entra`; without it the Azure command line is asked for one.
pub(crate) const ENTRA_TOKEN: &str = "IOTHUB_ENTRA_TOKEN";

/// What the process was started with. Empty values count as not set.
#[derive(Default)]
pub(crate) struct Environment {
    pub(crate) connection_string: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) container_uri: Option<String>,
    pub(crate) output_container_uri: Option<String>,
    pub(crate) entra_token: Option<String>,
    /// `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in small or capital letters.
    pub(crate) proxies: Proxies,
    /// Variables that are set, but to nothing.
    pub(crate) blank: Vec<&'static str>,
    /// `NO_COLOR` is set, or the terminal says that it knows no colours.
    pub(crate) no_color: bool,
}

impl Environment {
    /// Reads the process environment.
    pub(crate) fn from_process() -> Self {
        Self::from_lookup(|name| {
            std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
        })
    }

    fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        Self {
            connection_string: set(CONNECTION_STRING),
            endpoint: set(ENDPOINT),
            ca_file: set(CA_FILE).map(PathBuf::from),
            container_uri: set(CONTAINER_URI),
            output_container_uri: set(OUTPUT_CONTAINER_URI),
            entra_token: set(ENTRA_TOKEN),
            proxies: Proxies::from_lookup(set),
            blank: [CONNECTION_STRING, CONTAINER_URI]
                .into_iter()
                .filter(|name| lookup(name).is_some_and(|value| value.trim().is_empty()))
                .collect(),
            no_color: set("NO_COLOR").is_some() || set("TERM").as_deref() == Some("dumb"),
        }
    }
}

/// The list of variables, as printed at the end of the top-level help.
pub(crate) const HELP: &str = "\
Environment:
  IOTHUB_CONNECTION_STRING     connection string of the hub
  IOTHUB_ENDPOINT              as --endpoint
  IOTHUB_CA_FILE               as --ca-file
  IOTHUB_CONTAINER_URI         as --container, out of the argument list
  IOTHUB_OUTPUT_CONTAINER_URI  as --output-container, out of the argument list
  IOTHUB_ENTRA_TOKEN           bearer token for --auth entra; without it `az` is asked for one
  HTTPS_PROXY, ALL_PROXY       HTTP proxy; small letters win over capitals
  NO_PROXY                     hosts that are reached without the proxy; this machine always is
  NO_COLOR                     any value: no colours";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_variables_count_as_not_set() {
        let environment = Environment::from_lookup(|name| match name {
            CONNECTION_STRING => Some(" ".to_owned()),
            ENDPOINT => Some("http://127.0.0.1:1".to_owned()),
            "NO_COLOR" => Some(String::new()),
            _ => None,
        });
        assert!(environment.connection_string.is_none());
        assert_eq!(environment.blank, [CONNECTION_STRING]);
        assert_eq!(environment.endpoint.as_deref(), Some("http://127.0.0.1:1"));
        assert!(!environment.no_color);
    }

    #[test]
    fn the_help_names_every_variable() {
        for name in [
            CONNECTION_STRING,
            ENDPOINT,
            CA_FILE,
            CONTAINER_URI,
            OUTPUT_CONTAINER_URI,
            ENTRA_TOKEN,
        ] {
            assert!(HELP.contains(name), "{name}");
        }
    }
}
