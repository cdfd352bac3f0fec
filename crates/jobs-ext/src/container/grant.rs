//! What a container's shared access signature allows, as far as its text tells.

use std::time::SystemTime;

use jiff::Timestamp;

use crate::timestamp;

/// The readable part of a shared access signature. The signature itself is not in here.
///
/// Parameter names follow the storage service: `sr` or `srt` (resource), `ss` (services), `sp` (rights), `st` and `se` (start and expiry),
/// `skt` and `ske` (the same of the key that a user delegation is signed with), `spr` (protocol), `sip` (addresses).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SasGrant {
    resource: Option<String>,
    account_resources: Option<String>,
    services: Option<String>,
    permissions: String,
    start: Option<String>,
    expiry: Option<String>,
    key_start: Option<String>,
    key_expiry: Option<String>,
    protocol: Option<String>,
    addresses: Option<String>,
    version: Option<String>,
    policy: Option<String>,
    bare_plus: bool,
}

/// What a signature is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SasResource {
    /// The container and its blobs: what jobs need.
    Container,
    /// One blob: not enough for jobs.
    Blob,
    /// The account, for the kinds of resources that `srt` lists.
    Account,
    /// Something else, or not said.
    Other,
}

impl SasGrant {
    /// Takes one parameter; names that are not about rights are ignored.
    pub(super) fn set(&mut self, name: &str, value: String) {
        let slot = match name {
            "sr" => &mut self.resource,
            "srt" => &mut self.account_resources,
            "ss" => &mut self.services,
            "st" => &mut self.start,
            "se" => &mut self.expiry,
            "skt" => &mut self.key_start,
            "ske" => &mut self.key_expiry,
            "spr" => &mut self.protocol,
            "sip" => &mut self.addresses,
            "sv" => &mut self.version,
            "si" => &mut self.policy,
            "sp" => {
                self.permissions = value;
                return;
            }
            _ => return,
        };
        *slot = Some(value);
    }

    /// Notes how the signature itself is spelt; it is not kept.
    pub(super) fn note_signature(&mut self, raw: &str) {
        self.bare_plus |= raw.contains('+');
    }

    /// Whether the signature has a `+` that is not encoded.
    pub(crate) fn has_bare_plus(&self) -> bool {
        self.bare_plus
    }

    /// The parameters that are safe to show, as a query with a trailing `&`.
    pub(super) fn shown(&self) -> String {
        let all = [
            ("sv", self.version.as_deref()),
            ("sr", self.resource.as_deref()),
            ("ss", self.services.as_deref()),
            ("srt", self.account_resources.as_deref()),
            (
                "sp",
                Some(self.permissions.as_str()).filter(|p| !p.is_empty()),
            ),
            ("st", self.start.as_deref()),
            ("se", self.expiry.as_deref()),
            ("ske", self.key_expiry.as_deref()),
            ("spr", self.protocol.as_deref()),
        ];
        all.iter()
            .filter_map(|(name, value)| {
                let value = value.filter(|v| v.len() <= 40 && v.bytes().all(shown_byte))?;
                Some(format!("{name}={value}&"))
            })
            .collect()
    }

    /// What the signature is for.
    #[must_use]
    pub fn resource(&self) -> SasResource {
        match (self.resource.as_deref(), &self.account_resources) {
            (Some("c"), _) => SasResource::Container,
            (Some("b" | "bv" | "bs" | "d"), _) => SasResource::Blob,
            (None, Some(_)) => SasResource::Account,
            _ => SasResource::Other,
        }
    }

    /// The kinds of resources (`s`, `c`, `o`) that an account signature covers.
    #[must_use]
    pub fn account_resources(&self) -> Option<&str> {
        self.account_resources.as_deref()
    }

    /// Whether `sr` or `srt` says at all what the signature is for. Storage refuses one that says neither.
    #[must_use]
    pub fn names_resource(&self) -> bool {
        self.resource.is_some() || self.account_resources.is_some()
    }

    /// The services (`b`lob, `f`ile, `q`ueue, `t`able) that an account signature covers.
    #[must_use]
    pub fn services(&self) -> Option<&str> {
        self.services.as_deref()
    }

    /// The rights, one letter each: `r`ead, `a`dd, `c`reate, `w`rite, `d`elete, `l`ist. Empty when a stored policy holds them.
    #[must_use]
    pub fn permissions(&self) -> &str {
        &self.permissions
    }

    /// Whether the rights stand in the signature at all, and not in a policy stored with the container (`si`).
    #[must_use]
    pub fn is_stored_policy(&self) -> bool {
        self.policy.is_some()
    }

    /// Whether one right is granted.
    #[must_use]
    pub fn allows(&self, right: char) -> bool {
        self.permissions.contains(right)
    }

    /// The rights of `wanted` that the signature lacks. None are missing when a stored policy holds them: it cannot be seen from here.
    #[must_use]
    pub fn lacking(&self, wanted: &str) -> String {
        if self.is_stored_policy() && self.permissions.is_empty() {
            return String::new();
        }
        wanted
            .chars()
            .filter(|right| !self.allows(*right))
            .collect()
    }

    /// When the signature becomes valid: its start or, where it was made for a user, that of the key that signed it, whichever is later.
    #[must_use]
    pub fn starts_at(&self) -> Option<Timestamp> {
        let times = [&self.start, &self.key_start].map(|text| sas_time(text.as_deref()?));
        times.into_iter().flatten().max()
    }

    /// When it stops being valid: its expiry or, where it was made for a user, that of the key that signed it, whichever is earlier.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        let times = [
            self.expiry.as_deref().and_then(sas_time),
            self.key_expires_at(),
        ];
        times.into_iter().flatten().min()
    }

    /// When the key expires that a signature for a user (a user delegation) was signed with; none for other signatures.
    #[must_use]
    pub fn key_expires_at(&self) -> Option<Timestamp> {
        sas_time(self.key_expiry.as_deref()?)
    }

    /// Whether the signature's own expiry (`se`) is missing or cannot be read.
    pub(crate) fn lacks_expiry(&self) -> bool {
        self.expiry.as_deref().and_then(sas_time).is_none()
    }

    /// The parameter that the effective expiry stands in.
    pub(crate) fn expiry_parameter(&self) -> &'static str {
        let own = self.expiry.as_deref().and_then(sas_time);
        match (own, self.key_expires_at()) {
            (Some(own), Some(key)) if key < own => "ske, of the key that signed it",
            (None, Some(_)) => "ske, of the key that signed it",
            _ => "se",
        }
    }

    /// Whether it has expired at `now`.
    #[must_use]
    pub fn is_expired(&self, now: SystemTime) -> bool {
        match (self.expires_at(), Timestamp::try_from(now)) {
            (Some(expiry), Ok(now)) => expiry <= now,
            _ => false,
        }
    }

    /// Whether it is not valid yet at `now`.
    #[must_use]
    pub fn is_early(&self, now: SystemTime) -> bool {
        match (self.starts_at(), Timestamp::try_from(now)) {
            (Some(start), Ok(now)) => start > now,
            _ => false,
        }
    }

    /// The allowed protocols (`https`, or `https,http`).
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// The address or range that may use it. The hub's own addresses must be among them.
    #[must_use]
    pub fn addresses(&self) -> Option<&str> {
        self.addresses.as_deref()
    }
}

fn shown_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-:.,".contains(&byte)
}

/// Storage allows a date alone, minutes, seconds or fractions, all in UTC.
fn sas_time(text: &str) -> Option<Timestamp> {
    timestamp::parse(text).or_else(|| match text.len() {
        10 => timestamp::parse(&format!("{text}T00:00:00Z")),
        17 if text.ends_with('Z') => {
            timestamp::parse(&format!("{}:00Z", text.trim_end_matches('Z')))
        }
        _ => None,
    })
}
