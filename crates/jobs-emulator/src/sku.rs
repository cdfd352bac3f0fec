//! Hub tiers and the quotas that go with them.

use std::fmt;
use std::str::FromStr;

/// The tier of the hub; it decides quotas, rates, and scheduled-job slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sku {
    /// Free.
    F1,
    /// Standard, small; the default.
    #[default]
    S1,
    /// Standard, medium.
    S2,
    /// Standard, large.
    S3,
}

impl Sku {
    /// Devices and modules together that the hub may hold.
    #[must_use]
    pub fn identity_quota(self) -> i64 {
        if self == Self::F1 { 500 } else { 1_000_000 }
    }

    /// Automatic configurations that the hub may hold.
    #[must_use]
    pub fn configuration_quota(self) -> usize {
        if self == Self::F1 { 10 } else { 100 }
    }

    /// Scheduled jobs that may be active at the same time.
    #[must_use]
    pub fn scheduled_job_slots(self) -> usize {
        match self {
            Self::F1 | Self::S1 => 1,
            Self::S2 => 5,
            Self::S3 => 10,
        }
    }

    /// Operations on jobs (create, update, list, delete) per minute.
    #[must_use]
    pub fn job_operations_per_minute(self) -> u32 {
        if self == Self::S3 { 5_000 } else { 100 }
    }

    /// Devices per second that scheduled jobs work on.
    #[must_use]
    pub fn job_device_operations_per_second(self) -> usize {
        if self == Self::S3 { 50 } else { 10 }
    }

    /// Queries per minute.
    #[must_use]
    pub fn queries_per_minute(self) -> u32 {
        if self == Self::S3 { 1_000 } else { 20 }
    }
}

/// A text that names no tier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no tier; use F1, S1, S2 or S3")]
pub struct UnknownSku(String);

impl FromStr for Sku {
    type Err = UnknownSku;

    fn from_str(text: &str) -> Result<Self, UnknownSku> {
        match text.to_ascii_uppercase().as_str() {
            "F1" => Ok(Self::F1),
            "S1" => Ok(Self::S1),
            "S2" => Ok(Self::S2),
            "S3" => Ok(Self::S3),
            _ => Err(UnknownSku(text.to_owned())),
        }
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F1 => "F1",
            Self::S1 => "S1",
            Self::S2 => "S2",
            Self::S3 => "S3",
        })
    }
}
