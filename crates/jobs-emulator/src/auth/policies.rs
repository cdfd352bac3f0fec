//! The five default policies of a hub and their keys.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};

/// What a shared access policy permits; the bits are the service's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights(u8);

impl Rights {
    /// Read the identity registry.
    pub const REGISTRY_READ: Self = Self(1);
    /// Write the identity registry; includes reading.
    pub const REGISTRY_WRITE: Self = Self(3);
    /// The service side of devices: twins, methods, scheduled jobs.
    pub const SERVICE_CONNECT: Self = Self(4);
    /// The device side.
    pub const DEVICE_CONNECT: Self = Self(8);
    /// Everything.
    pub const ALL: Self = Self(15);

    /// True when every right of `other` is among these.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The rights as the service writes them: `RegistryRead, RegistryWrite`.
    #[must_use]
    pub fn wire(self) -> String {
        let names = [
            (Self::REGISTRY_READ, "RegistryRead"),
            (Self::REGISTRY_WRITE, "RegistryWrite"),
            (Self::SERVICE_CONNECT, "ServiceConnect"),
            (Self::DEVICE_CONNECT, "DeviceConnect"),
        ];
        let held: Vec<_> = names
            .iter()
            .filter(|(right, _)| self.contains(*right))
            .map(|(_, name)| *name)
            .collect();
        held.join(", ")
    }
}

/// A shared access policy: a name, rights, and two keys.
#[derive(Clone)]
pub struct Policy {
    name: String,
    rights: Rights,
    primary: String,
    secondary: String,
}

impl Policy {
    /// The name, as it stands in `skn`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it permits.
    #[must_use]
    pub fn rights(&self) -> Rights {
        self.rights
    }

    /// The primary key, base64. A secret: do not print it.
    #[must_use]
    pub fn primary_key(&self) -> &str {
        &self.primary
    }

    /// The secondary key, base64. A secret: do not print it.
    #[must_use]
    pub fn secondary_key(&self) -> &str {
        &self.secondary
    }

    /// Both keys, decoded.
    pub(crate) fn keys(&self) -> [Vec<u8>; 2] {
        [&self.primary, &self.secondary].map(|key| STANDARD.decode(key).unwrap_or_default())
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("name", &self.name)
            .field("rights", &self.rights)
            .finish_non_exhaustive()
    }
}

/// All policies of a hub.
pub(crate) struct Policies(Vec<Policy>);

/// Names and rights of the policies every hub starts with.
const DEFAULTS: [(&str, Rights); 5] = [
    ("iothubowner", Rights::ALL),
    ("service", Rights::SERVICE_CONNECT),
    ("device", Rights::DEVICE_CONNECT),
    ("registryRead", Rights::REGISTRY_READ),
    ("registryReadWrite", Rights::REGISTRY_WRITE),
];

impl Policies {
    /// The well-known development keys: the same in every hub that listens on
    /// loopback only, so that settings can be kept between runs.
    pub(crate) fn development() -> Self {
        Self::with_keys(development_key)
    }

    /// Fresh random keys, for a hub that others can reach.
    pub(crate) fn random() -> Self {
        Self::with_keys(|_| random_key())
    }

    fn with_keys(mut key: impl FnMut(&str) -> String) -> Self {
        Self(
            DEFAULTS
                .iter()
                .map(|(name, rights)| Policy {
                    name: (*name).to_owned(),
                    rights: *rights,
                    primary: key(&format!("{name} primary")),
                    secondary: key(&format!("{name} secondary")),
                })
                .collect(),
        )
    }

    /// Keys as they were kept, or `None` when the text is not what [`Policies::to_text`] makes.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let keys: Vec<[String; 2]> = serde_json::from_str(text).ok()?;
        let mut keys = keys.into_iter().flatten();
        let policies = Self::with_keys(|_| keys.next().unwrap_or_default());
        let whole = policies
            .0
            .iter()
            .all(|policy| !policy.primary.is_empty() && !policy.secondary.is_empty());
        whole.then_some(policies)
    }

    /// All keys, to be kept. A secret.
    pub(crate) fn to_text(&self) -> String {
        let keys: Vec<[&str; 2]> = self
            .0
            .iter()
            .map(|policy| [policy.primary.as_str(), policy.secondary.as_str()])
            .collect();
        serde_json::json!(keys).to_string()
    }

    pub(crate) fn all(&self) -> &[Policy] {
        &self.0
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Policy> {
        self.0.iter().find(|policy| policy.name == name)
    }
}

fn development_key(purpose: &str) -> String {
    let text = format!("iothub-jobs local hub, development key, not a secret: {purpose}");
    STANDARD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

/// A fresh key in the service's form: base64 of 32 random bytes.
pub(crate) fn random_key() -> String {
    let mut bytes = [0_u8; 32];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        // The system's generator failing is beyond repair here; two v4 UUIDs draw on another path to it.
        bytes[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        bytes[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    }
    STANDARD.encode(bytes)
}
