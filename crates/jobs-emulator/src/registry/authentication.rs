//! How an identity proves itself: keys, thumbprints, a certificate authority, or nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::auth::random_key;
use crate::object;

/// Kinds of authentication, with their wire names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthenticationType {
    Sas,
    SelfSigned,
    CertificateAuthority,
    None,
}

impl AuthenticationType {
    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::Sas => "sas",
            Self::SelfSigned => "selfSigned",
            Self::CertificateAuthority => "certificateAuthority",
            Self::None => "none",
        }
    }

    /// Reads a wire name in any case.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [
            Self::Sas,
            Self::SelfSigned,
            Self::CertificateAuthority,
            Self::None,
        ]
        .into_iter()
        .find(|kind| kind.wire().eq_ignore_ascii_case(text))
    }
}

/// The settled authentication of an identity. Holds secrets, hence no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Authentication {
    pub(crate) kind: AuthenticationType,
    pub(crate) primary_key: Option<String>,
    pub(crate) secondary_key: Option<String>,
    pub(crate) primary_thumbprint: Option<String>,
    pub(crate) secondary_thumbprint: Option<String>,
}

/// What a caller asked for; anything may be missing.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthenticationRequest {
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    #[serde(default, deserialize_with = "object::optional")]
    pub(crate) symmetric_key: Option<KeyPair>,
    #[serde(default, deserialize_with = "object::optional")]
    pub(crate) x509_thumbprint: Option<ThumbprintPair>,
}

/// Both keys of an identity, as sent.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyPair {
    pub(crate) primary_key: Option<String>,
    pub(crate) secondary_key: Option<String>,
}

/// Both thumbprints of an identity, as sent.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ThumbprintPair {
    pub(crate) primary_thumbprint: Option<String>,
    pub(crate) secondary_thumbprint: Option<String>,
}

impl AuthenticationRequest {
    /// Settles what was asked for: missing keys are made, given ones are checked.
    pub(crate) fn settle(self) -> Result<Authentication, String> {
        let [primary_thumbprint, secondary_thumbprint] =
            self.x509_thumbprint.map_or([None, None], |pair| {
                [
                    given(pair.primary_thumbprint),
                    given(pair.secondary_thumbprint),
                ]
            });
        let kind = match self.kind.as_deref() {
            Some(text) => AuthenticationType::parse(text)
                .ok_or_else(|| format!("authentication.type '{text}' is none of sas, selfSigned, certificateAuthority, none"))?,
            None if primary_thumbprint.is_some() || secondary_thumbprint.is_some() => AuthenticationType::SelfSigned,
            None => AuthenticationType::Sas,
        };
        let mut settled = Authentication {
            kind,
            primary_key: None,
            secondary_key: None,
            primary_thumbprint: None,
            secondary_thumbprint: None,
        };
        match kind {
            AuthenticationType::Sas => {
                let (primary, secondary) = self.symmetric_key.map_or((None, None), |pair| {
                    (given(pair.primary_key), given(pair.secondary_key))
                });
                let (primary, secondary) = settle_keys(primary, secondary)?;
                (settled.primary_key, settled.secondary_key) = (Some(primary), Some(secondary));
            }
            AuthenticationType::SelfSigned => {
                if primary_thumbprint.is_none() && secondary_thumbprint.is_none() {
                    return Err("authentication.type selfSigned needs a thumbprint".to_owned());
                }
                for thumbprint in [&primary_thumbprint, &secondary_thumbprint]
                    .into_iter()
                    .flatten()
                {
                    check_thumbprint(thumbprint)?;
                }
                (settled.primary_thumbprint, settled.secondary_thumbprint) =
                    (primary_thumbprint, secondary_thumbprint);
            }
            AuthenticationType::CertificateAuthority | AuthenticationType::None => {}
        }
        Ok(settled)
    }
}

impl Authentication {
    /// Keys made by the hub.
    pub(crate) fn generated() -> Self {
        Self {
            kind: AuthenticationType::Sas,
            primary_key: Some(random_key()),
            secondary_key: Some(random_key()),
            primary_thumbprint: None,
            secondary_thumbprint: None,
        }
    }

    /// No credentials of its own, as the system modules of an edge device before it connects.
    pub(crate) fn none() -> Self {
        Self {
            kind: AuthenticationType::None,
            primary_key: None,
            secondary_key: None,
            primary_thumbprint: None,
            secondary_thumbprint: None,
        }
    }

    /// The `authentication` member of a device or module identity.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "symmetricKey": { "primaryKey": self.primary_key, "secondaryKey": self.secondary_key },
            "x509Thumbprint": { "primaryThumbprint": self.primary_thumbprint, "secondaryThumbprint": self.secondary_thumbprint },
            "type": self.kind.wire(),
        })
    }
}

/// An empty text is what clients send for "not given".
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn settle_keys(
    primary: Option<String>,
    secondary: Option<String>,
) -> Result<(String, String), String> {
    match (primary, secondary) {
        (None, None) => Ok((random_key(), random_key())),
        (Some(primary), Some(secondary)) => {
            check_key("primaryKey", &primary)?;
            check_key("secondaryKey", &secondary)?;
            Ok((primary, secondary))
        }
        _ => Err("symmetricKey needs both primaryKey and secondaryKey, or neither".to_owned()),
    }
}

fn check_key(name: &str, key: &str) -> Result<(), String> {
    let len = STANDARD.decode(key).ok().map(|bytes| bytes.len());
    match len {
        Some(16..=64) => Ok(()),
        Some(len) => Err(format!(
            "symmetricKey.{name} holds {len} bytes; 16 to 64 are allowed"
        )),
        None => Err(format!("symmetricKey.{name} is not base64")),
    }
}

fn check_thumbprint(text: &str) -> Result<(), String> {
    if matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(())
    } else {
        Err("a thumbprint is 40 or 64 hexadecimal digits".to_owned())
    }
}
