//! Which part of a URI names the account, and which the container.

use super::bad;
use crate::endpoint;
use crate::error::Result;

/// Account (in path style) and container.
pub(super) fn split_path(authority: &str, path: &str) -> Result<(Option<String>, String)> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments: Vec<&str> = path.split('/').collect();
    let (account, container, more) = match (
        is_path_style(authority, &segments),
        segments.as_slice(),
    ) {
        (_, []) => (None, "", false),
        (true, [_]) => {
            return Err(bad(
                "lacks the container: a storage emulator's is http://host:port/account/container",
            ));
        }
        (true, [account, container, more @ ..]) => {
            (Some((*account).to_owned()), *container, !more.is_empty())
        }
        (false, [container, more @ ..]) => (None, *container, !more.is_empty()),
    };
    if more {
        return Err(bad(
            "names a blob or a folder; give the container's own URI and the blob's name apart",
        ));
    }
    if container.is_empty() {
        return Err(bad("names no container"));
    }
    if !can_be_container(container) {
        return Err(bad(
            "has a container name that storage does not allow: up to 63 lower-case letters, digits and hyphens",
        ));
    }
    if !account.as_deref().is_none_or(can_be_account) {
        return Err(bad("has an account name that storage does not allow"));
    }
    Ok((account, container.to_owned()))
}

/// Whether the account stands in the path. An address, `localhost` or a name without dots as host means so, as storage emulators use
/// it. So do, on a host that is not the storage service's own, exactly two parts that can be an account and a container: with one part
/// the host is a domain of the account's own, and a blob (`devices.txt`) is seldom named like a container.
fn is_path_style(authority: &str, segments: &[&str]) -> bool {
    let host = endpoint::host_of(authority);
    let literal = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    if literal || endpoint::is_loopback(host) || !host.contains('.') {
        return true;
    }
    match segments {
        [account, container] => {
            !is_storage_service(host) && can_be_account(account) && can_be_container(container)
        }
        _ => false,
    }
}

/// Whether a host is `account.blob.…`, as the storage service of every cloud names its hosts (`core.windows.net`,
/// `core.chinacloudapi.cn`, `core.usgovcloudapi.net`, `storage.azure.net` with a zone before `blob`, and those of one's own).
fn is_storage_service(host: &str) -> bool {
    host.split('.').skip(1).any(|label| {
        ["blob", "dfs"]
            .iter()
            .any(|own| label.eq_ignore_ascii_case(own))
    })
}

fn can_be_container(text: &str) -> bool {
    let name = text.strip_prefix('$').unwrap_or(text);
    !name.is_empty()
        && text.len() <= 63
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn can_be_account(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
