//! Versions of the hub's API: dates, with or without `-preview`.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::given::given_as_text;

/// The version that requests name, such as `2021-04-12`. The default is the one that the models were made from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiVersion(String);

impl ApiVersion {
    /// The version as it stands in the query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this version is as new as the one of `date` (`2021-04-12`). A preview counts by its date.
    #[must_use]
    pub fn has(&self, date: &str) -> bool {
        self.0.get(..10).is_some_and(|own| own >= date)
    }
}

impl Default for ApiVersion {
    fn default() -> Self {
        Self(jobs_api::API_VERSION.to_owned())
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

given_as_text!(ApiVersion);

/// So that a version stands wherever its text does.
impl From<ApiVersion> for String {
    fn from(version: ApiVersion) -> Self {
        version.0
    }
}

impl FromStr for ApiVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let date = text.strip_suffix("-preview").unwrap_or(text);
        let fits = date.len() == 10
            && date.bytes().enumerate().all(|(at, b)| match at {
                4 | 7 => b == b'-',
                _ => b.is_ascii_digit(),
            });
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::configuration(
                "the api-version must be a date such as 2021-04-12 or 2020-05-31-preview",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_dates_and_compare_by_date() {
        let preview: ApiVersion = "2020-05-31-preview".parse().unwrap();
        assert!(preview.has("2020-05-31") && !preview.has("2021-04-12"));
        assert_eq!(ApiVersion::default(), preview);
        for bad in ["", "latest", "2020-5-31", "2020-05-31-beta", "20200531--"] {
            assert!(bad.parse::<ApiVersion>().is_err(), "{bad}");
        }
    }
}
