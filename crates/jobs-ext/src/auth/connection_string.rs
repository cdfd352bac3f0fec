//! Service connection strings: `HostName=…;SharedAccessKeyName=…;SharedAccessKey=…`.

use std::str::FromStr;

use crate::auth::sas::{SasToken, SharedAccessKey};
use crate::endpoint::{self, Endpoint};
use crate::error::{Error, Result};
use crate::given::given_as_text;

/// A hub's service connection string, taken apart. It never prints the key.
///
/// ```
/// use jobs_ext::ConnectionString;
///
/// let parsed: ConnectionString =
///     "HostName=myhub.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=c2VjcmV0".parse()?;
/// assert_eq!(parsed.host_name(), "myhub.azure-devices.net");
/// assert!(!format!("{parsed:?}").contains("c2VjcmV0"));
///
/// let error = "HostName=myhub.azure-devices.net;SharedAccessKeyName=x".parse::<ConnectionString>().unwrap_err();
/// assert!(error.to_string().contains("SharedAccessKey"));
/// # Ok::<(), jobs_ext::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ConnectionString {
    host_name: String,
    secret: ConnectionSecret,
}

#[derive(Debug, Clone)]
pub(crate) enum ConnectionSecret {
    Key(SharedAccessKey),
    Token(SasToken),
}

impl ConnectionString {
    /// `HostName`, with its port where it has one.
    #[must_use]
    pub fn host_name(&self) -> &str {
        &self.host_name
    }

    /// `SharedAccessKeyName`; none when the string carries a ready-made signature.
    #[must_use]
    pub fn policy(&self) -> Option<&str> {
        match &self.secret {
            ConnectionSecret::Key(key) => Some(key.policy()),
            ConnectionSecret::Token(_) => None,
        }
    }

    /// The hub's address: `https` on `HostName`.
    ///
    /// # Errors
    /// Never for a parsed string; the signature follows [`Endpoint`]'s parser.
    pub fn endpoint(&self) -> Result<Endpoint> {
        self.host_name.parse()
    }

    pub(crate) fn into_secret(self) -> ConnectionSecret {
        self.secret
    }
}

/// The values of the parts that matter, as they stand in the text.
#[derive(Default)]
struct Parts<'a> {
    host_name: Option<&'a str>,
    policy: Option<&'a str>,
    key: Option<&'a str>,
    signature: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn slot(&mut self, name: &str) -> Option<&mut Option<&'a str>> {
        Some(match name {
            "HostName" => &mut self.host_name,
            "SharedAccessKeyName" => &mut self.policy,
            "SharedAccessKey" => &mut self.key,
            "SharedAccessSignature" => &mut self.signature,
            _ => return None,
        })
    }

    fn read(text: &'a str) -> Result<Self> {
        let mut parts = Self::default();
        for (at, pair) in text.trim().split(';').enumerate() {
            if pair.trim().is_empty() {
                continue;
            }
            let (name, value) = pair.split_once('=').ok_or_else(|| {
                Error::configuration(format!(
                    "part {} of the connection string is not Name=Value",
                    at + 1
                ))
            })?;
            let name = name.trim();
            let slot = match parts.slot(name) {
                Some(slot) => slot,
                None => return Err(unknown_part(name, at)),
            };
            let value = value.trim();
            if value.is_empty() {
                return Err(Error::configuration(format!(
                    "{name} of the connection string is empty"
                )));
            }
            if slot.replace(value).is_some() {
                return Err(Error::configuration(format!(
                    "{name} stands twice in the connection string"
                )));
            }
        }
        Ok(parts)
    }
}

/// Says what a part that does not belong here is. Only known names are quoted: an unknown "name" may be half a key.
fn unknown_part(name: &str, at: usize) -> Error {
    const NAMES: [&str; 4] = [
        "HostName",
        "SharedAccessKeyName",
        "SharedAccessKey",
        "SharedAccessSignature",
    ];
    if let Some(right) = NAMES.iter().find(|n| n.eq_ignore_ascii_case(name)) {
        return Error::configuration(format!(
            "the connection string must spell {right} exactly so: names are case-sensitive"
        ));
    }
    match name {
        "DeviceId" | "ModuleId" | "GatewayHostName" | "x509" => Error::configuration(format!(
            "the connection string has {name}, so it belongs to a device; jobs need the hub's own, with a policy such as iothubowner"
        )),
        "EntityPath" | "Endpoint" => Error::configuration(format!(
            "the connection string has {name}, so it belongs to an event hub; jobs need HostName=…;SharedAccessKeyName=…;SharedAccessKey=…"
        )),
        "AccountName" | "AccountKey" | "DefaultEndpointsProtocol" | "EndpointSuffix" => {
            Error::configuration(format!(
                "the connection string has {name}, so it belongs to a storage account; jobs need the hub's own"
            ))
        }
        _ => Error::configuration(format!(
            "part {} of the connection string has a name that is not known; known are {}",
            at + 1,
            NAMES.join(", ")
        )),
    }
}

given_as_text!(ConnectionString);

impl FromStr for ConnectionString {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.trim().is_empty() {
            return Err(Error::configuration("the connection string is empty"));
        }
        let parts = Parts::read(text)?;
        let missing = |name: &str| {
            let text = format!("the connection string lacks {name}");
            let is_cut =
                parts.policy.is_none() && parts.key.is_none() && !text.contains("HostName");
            Error::configuration(match is_cut {
                true => format!(
                    "{text}; it ends behind HostName, as when a shell cuts it at the first semicolon: put it in quotes"
                ),
                false => text,
            })
        };
        let host_name = parts.host_name.ok_or_else(|| missing("HostName"))?;
        if host_name.contains("://") {
            return Err(Error::configuration(
                "HostName of the connection string must not carry a scheme; to reach another address set the endpoint",
            ));
        }
        if let Some(flaw) = endpoint::flaw_of_authority(host_name) {
            return Err(Error::configuration(format!(
                "HostName of the connection string {flaw}"
            )));
        }
        let secret = match (parts.key, parts.signature) {
            (Some(_), Some(_)) => {
                return Err(Error::configuration(
                    "the connection string has both SharedAccessKey and SharedAccessSignature; give one",
                ));
            }
            (None, None) => return Err(missing("SharedAccessKey")),
            (None, Some(token)) => ConnectionSecret::Token(SasToken::parse(token)?),
            (Some(key), None) => {
                let policy = parts.policy.ok_or_else(|| missing("SharedAccessKeyName"))?;
                if !policy
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"_-@.".contains(&b))
                {
                    return Err(Error::configuration(
                        "SharedAccessKeyName may hold letters, digits and _ - @ . only",
                    ));
                }
                ConnectionSecret::Key(SharedAccessKey::new(policy, key)?)
            }
        };
        Ok(Self {
            host_name: host_name.to_owned(),
            secret,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "cGxhbnRlZC1zZWNyZXQ=";

    fn error(text: &str) -> String {
        let error = text.parse::<ConnectionString>().unwrap_err();
        let all = format!("{error} {error:?}");
        assert!(!all.contains("cGxhbnRlZC"), "{all}");
        error.to_string()
    }

    #[test]
    fn the_usual_form_is_read_with_its_padding() {
        let parsed: ConnectionString =
            format!("HostName=h.azure-devices.net;SharedAccessKeyName=p;SharedAccessKey={KEY}")
                .parse()
                .unwrap();
        assert_eq!(parsed.host_name(), "h.azure-devices.net");
        assert_eq!(parsed.policy(), Some("p"));
        assert_eq!(
            parsed.endpoint().unwrap().to_string(),
            "https://h.azure-devices.net"
        );
    }

    #[test]
    fn a_ready_made_signature_may_stand_instead_of_the_key() {
        let parsed: ConnectionString =
            "HostName=localhost:8443;SharedAccessSignature=SharedAccessSignature sr=x&sig=y%3D&se=5"
                .parse()
                .unwrap();
        assert_eq!(parsed.policy(), None);
    }

    #[test]
    fn order_and_trailing_semicolons_do_not_matter() {
        let text = format!("SharedAccessKey={KEY};;SharedAccessKeyName=p;HostName=h;\n");
        assert!(text.parse::<ConnectionString>().is_ok());
    }

    #[test]
    fn every_refusal_names_the_part_and_no_key() {
        let base = format!("SharedAccessKeyName=p;SharedAccessKey={KEY}");
        for (text, part) in [
            (String::new(), "empty"),
            (base.clone(), "lacks HostName"),
            (format!("HostName=;{base}"), "HostName"),
            (format!("HostName=https://h;{base}"), "HostName"),
            (format!("HostName=h h;{base}"), "HostName"),
            (
                format!("HostName=h;SharedAccessKey={KEY}"),
                "lacks SharedAccessKeyName",
            ),
            ("HostName=h".into(), "put it in quotes"),
            (
                "HostName=h;SharedAccessKeyName=p".into(),
                "lacks SharedAccessKey",
            ),
            (
                format!("HostName=h;{base};SharedAccessKey={KEY}"),
                "SharedAccessKey stands twice",
            ),
            (format!("HostName=h;{base};{KEY}"), "part 4"),
            (format!("HostName=h;{base};cGxhbnRlZC=x"), "part 4"),
            (
                format!("hostname=h;{base}"),
                "must spell HostName exactly so",
            ),
            (format!("HostName=h;DeviceId=d;{base}"), "DeviceId"),
            (
                format!(
                    "HostName=h;{base};SharedAccessSignature=SharedAccessSignature sr=a&sig=b&se=1"
                ),
                "both",
            ),
            (
                format!("HostName=h;SharedAccessKeyName=p;SharedAccessKey=*{KEY}"),
                "SharedAccessKey is not valid base64",
            ),
            (
                format!("HostName=h;SharedAccessKeyName=a b;SharedAccessKey={KEY}"),
                "SharedAccessKeyName",
            ),
        ] {
            let message = error(&text);
            assert!(message.contains(part), "{part}: {message}");
        }
    }

    proptest::proptest! {
        #[test]
        fn parsing_never_panics_and_never_quotes_the_key(prefix in "\\PC{0,40}", suffix in "[;=A-Za-z]{0,20}") {
            let text = format!("{prefix};SharedAccessKey=cGxhbnRlZC1zZWNyZXQ={suffix}");
            if let Err(error) = text.parse::<ConnectionString>() {
                let printed = format!("{error} {error:?}");
                proptest::prop_assert!(!printed.contains("cGxhbnRlZC"));
            }
        }

        #[test]
        fn what_is_well_formed_is_read_back(host in "[a-z][a-z0-9-]{0,20}", port in proptest::option::of(1u16..), policy in "[A-Za-z0-9_@.-]{1,20}") {
            let host = port.map_or(host.clone(), |port| format!("{host}:{port}"));
            let parsed: ConnectionString = format!("HostName={host};SharedAccessKeyName={policy};SharedAccessKey={KEY}").parse().unwrap();
            proptest::prop_assert_eq!(parsed.host_name(), host.as_str());
            proptest::prop_assert_eq!(parsed.policy(), Some(policy.as_str()));
        }
    }
}
