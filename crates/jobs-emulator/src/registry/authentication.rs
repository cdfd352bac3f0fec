//! How an identity proves itself: keys, thumbprints, a certificate authority, or nothing.

use jobs_devices::{AuthenticationType, Key, SymmetricKey, X509Thumbprint};
use serde::Deserialize;
use serde_json::{Value, json};

use super::rules;
use crate::auth::random_key;
use crate::object;

/// The settled authentication of an identity. Holds secrets, hence no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Authentication {
    pub(crate) kind: AuthenticationType,
    pub(crate) primary_key: Option<String>,
    pub(crate) secondary_key: Option<String>,
    pub(crate) primary_thumbprint: Option<String>,
    pub(crate) secondary_thumbprint: Option<String>,
}

/// What a request asks for; anything may be missing.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthenticationRequest {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "object::optional")]
    symmetric_key: Option<KeyPair>,
    #[serde(default, deserialize_with = "object::optional")]
    x509_thumbprint: Option<ThumbprintPair>,
}

/// Both keys of an identity, as sent.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyPair {
    primary_key: Option<String>,
    secondary_key: Option<String>,
}

/// Both thumbprints of an identity, as sent.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThumbprintPair {
    primary_thumbprint: Option<String>,
    secondary_thumbprint: Option<String>,
}

impl AuthenticationRequest {
    /// Checks what a request asks for, and makes the keys that are missing.
    pub(crate) fn settle(self) -> Result<Authentication, String> {
        let mut asked = jobs_devices::Authentication::new();
        asked.kind = self
            .kind
            .map(|word| AuthenticationType::from_wire(&word))
            .into();
        let keys = self.symmetric_key.map(|sent| {
            let mut keys = SymmetricKey::new();
            keys.primary_key = sent.primary_key.map(Key::new).into();
            keys.secondary_key = sent.secondary_key.map(Key::new).into();
            keys
        });
        asked.symmetric_key = keys.into();
        let prints = self.x509_thumbprint.map(|sent| {
            let mut prints = X509Thumbprint::new();
            prints.primary_thumbprint = sent.primary_thumbprint.into();
            prints.secondary_thumbprint = sent.secondary_thumbprint.into();
            prints
        });
        asked.x509_thumbprint = prints.into();
        Authentication::settle(&asked)
    }
}

impl Authentication {
    /// Checks what is asked for, and makes the keys that are missing. An empty text is what clients send for "not given".
    pub(crate) fn settle(asked: &jobs_devices::Authentication) -> Result<Self, String> {
        rules::check_authentication(asked)?;
        let given = |text: Option<&String>| text.filter(|text| !text.is_empty()).cloned();
        let [first, second] = match asked.x509_thumbprint.as_ref() {
            Some(pair) => [
                pair.primary_thumbprint.as_ref(),
                pair.secondary_thumbprint.as_ref(),
            ]
            .map(given),
            None => [None, None],
        };
        let kind = match asked.kind.as_ref() {
            Some(kind) => kind.clone(),
            None if first.is_some() || second.is_some() => AuthenticationType::SelfSigned,
            None => AuthenticationType::Sas,
        };
        let settled = Self::without_credentials(kind);
        Ok(match settled.kind {
            AuthenticationType::Sas => {
                let keys = asked.symmetric_key.as_ref();
                let [first, second] = match keys {
                    Some(pair) => {
                        let keys = [pair.primary_key.as_ref(), pair.secondary_key.as_ref()];
                        let texts = keys.map(|key| key.map(|key| key.expose().to_owned()));
                        texts.map(|text| given(text.as_ref()))
                    }
                    None => [None, None],
                };
                // The rules want both keys or neither.
                Self {
                    primary_key: Some(first.unwrap_or_else(random_key)),
                    secondary_key: Some(second.unwrap_or_else(random_key)),
                    ..settled
                }
            }
            AuthenticationType::SelfSigned => Self {
                primary_thumbprint: first,
                secondary_thumbprint: second,
                ..settled
            },
            _ => settled,
        })
    }

    /// Keys made by the hub.
    pub(crate) fn generated() -> Self {
        Self {
            primary_key: Some(random_key()),
            secondary_key: Some(random_key()),
            ..Self::without_credentials(AuthenticationType::Sas)
        }
    }

    /// No credentials of its own, as the system modules of an edge device before it connects.
    pub(crate) fn none() -> Self {
        Self::without_credentials(AuthenticationType::None)
    }

    fn without_credentials(kind: AuthenticationType) -> Self {
        Self {
            kind,
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
            "type": self.kind,
        })
    }
}
