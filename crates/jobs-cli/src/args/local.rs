//! Commands that need no hub, or bring their own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use clap_complete::Shell;

use crate::duration;

/// Run a local hub to develop and test against
///
/// Prints one JSON line on standard output when it is ready (endpoint, connectionString, policies, adminEndpoint and, with --tls,
/// caFile) and nothing more there. SIGTERM and Ctrl-C stop it cleanly with exit code 0.
#[derive(Args, Debug)]
#[command(after_help = EMULATOR_HELP)]
pub(crate) struct EmulatorArgs {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", value_parser = parse_listen)]
    pub(crate) listen: SocketAddr,
    /// Serve https with a development certificate authority
    #[arg(long)]
    pub(crate) tls: bool,
    /// Keep everything in this folder; without it everything is in memory
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Folder that jobs may use as file:///DIR, with the folders below it (can be given several times)
    ///
    /// Without it they may use the system's temporary folder and the current folder, unless that is the root or holds the home folder.
    /// The folder of --data is never used.
    #[arg(long, value_name = "DIR")]
    pub(crate) files: Vec<PathBuf>,
    /// Time that a job spends enqueued, and again running
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) job_delay: Option<Duration>,
    /// Script of faults to inject, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
    /// Accept every request, signed or not
    #[arg(long)]
    pub(crate) no_auth: bool,
    /// Tier whose quotas apply
    #[arg(
        long,
        value_enum,
        ignore_case = true,
        value_name = "SKU",
        default_value = "S1"
    )]
    pub(crate) sku: SkuArg,
    /// Refuse requests beyond the tier's rates, as the service does
    #[arg(long)]
    pub(crate) throttle: bool,
    /// Accept bearer tokens of Microsoft Entra ID without checking their signature
    #[arg(long, value_enum, value_name = "MODE")]
    pub(crate) entra: Option<EntraArg>,
}

/// Tiers of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum SkuArg {
    F1,
    S1,
    S2,
    S3,
}

/// How the local hub treats bearer tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EntraArg {
    /// Any token for the IoT Hub audience is good
    Permissive,
}

/// Show the whole round trip on a hub inside this program
///
/// Makes a device file, imports it, shows what the hub rejected and why, exports everything again and compares each exported
/// row with its input. Needs no cloud, no network and no other program; cleans up after itself. Exit code 1 if anything differs.
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Number of identities to import
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(20..=1_000_000))]
    pub(crate) devices: u64,
}

/// Print a completion script for a shell
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell to complete in
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: Shell,
}

/// Print the manual page, all commands included
#[derive(Args, Debug)]
pub(crate) struct ManArgs {}

/// Print the JSON Schema of a model: of the API, of a file, or of what a command prints
///
/// Without a name it lists the models.
#[derive(Args, Debug)]
pub(crate) struct SchemaArgs {
    /// Name of the model, for example JobProperties
    #[arg(value_name = "MODEL")]
    pub(crate) model: Option<String>,
}

/// Reads `IP:PORT`, `localhost:PORT`, a bare IP address or a bare port.
fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    if let Ok(ip) = text
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>()
    {
        return Ok(SocketAddr::new(ip, 0));
    }
    let port = text.strip_prefix("localhost").unwrap_or(text);
    let port = port.strip_prefix(':').unwrap_or(port);
    if port.is_empty() && !text.is_empty() {
        return Ok(SocketAddr::new(LOOPBACK, 0));
    }
    port.parse::<u16>()
        .map(|port| SocketAddr::new(LOOPBACK, port))
        .map_err(|_| "write an IP address and a port, for example 127.0.0.1:8443".to_owned())
}

const EMULATOR_HELP: &str = "\
Over plain http a client needs IOTHUB_ENDPOINT set to the printed endpoint beside the connection string. An address \
that other machines can reach gets random keys, printed in the ready line.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_addresses_have_short_forms() {
        for (text, address) in [
            ("127.0.0.1:8443", "127.0.0.1:8443"),
            ("0.0.0.0", "0.0.0.0:0"),
            ("localhost:99", "127.0.0.1:99"),
            ("localhost", "127.0.0.1:0"),
            (":99", "127.0.0.1:99"),
            ("99", "127.0.0.1:99"),
            ("[::1]:5", "[::1]:5"),
            ("::1", "[::1]:0"),
        ] {
            assert_eq!(parse_listen(text), Ok(address.parse().unwrap()), "{text}");
        }
        for wrong in ["", "host:1", "127.0.0.1:70000", "http://127.0.0.1"] {
            assert!(parse_listen(wrong).is_err(), "{wrong}");
        }
    }
}
