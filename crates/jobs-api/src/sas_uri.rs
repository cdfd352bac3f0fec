//! A URI that carries a signature: sent in full, never printed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A container URI that may carry a shared access signature.
///
/// Serialising gives the full text, because the hub needs it. `Debug` and `Display` leave out everything that could let
/// somebody in, so that a model can be logged.
///
/// ```
/// use jobs_api::SasUri;
///
/// let uri = SasUri::from("https://account.blob.core.windows.net/devices?sv=2021-12-02&sig=c2VjcmV0");
/// assert_eq!(uri.to_string(), "https://account.blob.core.windows.net/devices?[redacted]");
/// assert!(uri.expose().ends_with("sig=c2VjcmV0"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SasUri(String);

const REDACTED: &str = "[redacted]";

impl SasUri {
    /// The full text, signature included. Keep it away from logs and messages.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The full text, signature included, by value.
    pub fn into_exposed(self) -> String {
        self.0
    }

    /// Whether there is no text at all, which is how the hub answers for a job that exists already.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Scheme, host and path, if the text is a plain URI whose path holds nothing that looks like a signature.
    fn harmless_part(&self) -> Option<(&str, bool)> {
        let end = self.0.find(['?', '#']).unwrap_or(self.0.len());
        let part = &self.0[..end];
        let rest = part
            .strip_prefix("https://")
            .or_else(|| part.strip_prefix("http://"))?;
        let lower = rest.to_ascii_lowercase();
        let suspicious =
            rest.contains(['@', '=', '&']) || lower.contains("sig") || lower.contains("%3");
        (!rest.is_empty() && !suspicious).then_some((part, end < self.0.len()))
    }
}

impl From<String> for SasUri {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for SasUri {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for SasUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return Ok(());
        }
        match self.harmless_part() {
            Some((part, true)) => write!(f, "{part}?{REDACTED}"),
            Some((part, false)) => f.write_str(part),
            None => f.write_str(REDACTED),
        }
    }
}

impl fmt::Debug for SasUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SasUri({self})")
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for SasUri {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SasUri".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "x-ms-secret": true })
    }
}
