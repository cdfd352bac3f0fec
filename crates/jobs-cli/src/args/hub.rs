//! Which hub, and how to prove who we are.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::proxy::ProxyText;

/// The hub and the way to reach it; accepted before and after the command.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Hub options")]
pub(crate) struct HubArgs {
    /// File that holds the hub's connection string (`-` reads it from standard input)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) connection_string_file: Option<PathBuf>,
    /// Host name of the hub, for use with `--auth entra`
    #[arg(long, global = true, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// How to sign in when the hub is named by `--host`
    #[arg(long, global = true, value_enum, value_name = "KIND")]
    pub(crate) auth: Option<HubAuth>,
    /// Send requests here instead of https://HOST (plain http only to this machine)
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// PEM file with the certificate authorities to trust
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// HTTP proxy for requests to the hub and to storage, in place of HTTPS_PROXY and ALL_PROXY; an empty URL means none. Keep a password
    /// in the variable: other users can read arguments
    #[arg(long, global = true, value_name = "URL", value_parser = ProxyText::of_argument)]
    pub(crate) proxy: Option<ProxyText>,
    /// Host besides this machine whose blob storage is used over plain http, for example a storage emulator in another container
    /// (can be given several times)
    #[arg(long, global = true, value_name = "NAME", value_parser = host_name)]
    pub(crate) http_storage_host: Vec<String>,
    /// Version of the service API to ask for
    #[arg(long, global = true, value_name = "VERSION")]
    pub(crate) api_version: Option<String>,
}

/// Ways to sign in that need no connection string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HubAuth {
    /// Microsoft Entra ID: the token in IOTHUB_ENTRA_TOKEN, or one from `az account get-access-token`
    Entra,
}

/// A host name or an IP address, without a scheme, a port or a path.
fn host_name(text: &str) -> Result<String, String> {
    let plain = text.trim_start_matches('[').trim_end_matches(']');
    let is_address = plain.parse::<std::net::IpAddr>().is_ok();
    let is_name = !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if is_address || is_name {
        Ok(plain.to_owned())
    } else {
        Err("write a host name or an IP address alone, for example azurite".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::host_name;

    #[test]
    fn a_host_is_a_name_or_an_address_and_nothing_more() {
        for (text, name) in [
            ("azurite", "azurite"),
            ("azurite.svc.local", "azurite.svc.local"),
            ("10.0.0.7", "10.0.0.7"),
            ("[fd00::1]", "fd00::1"),
            ("fd00::1", "fd00::1"),
        ] {
            assert_eq!(host_name(text).as_deref(), Ok(name));
        }
        for wrong in [
            "",
            "http://azurite",
            "azurite:10000",
            "azurite/acct",
            "a@b",
            "*",
        ] {
            assert!(host_name(wrong).is_err(), "{wrong}");
        }
    }
}
