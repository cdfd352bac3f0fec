//! Responses with the container URIs in them redacted.

use super::ContainerUri;
use crate::job::RawReply;
use crate::redact;

impl RawReply {
    /// The reply as JSON with every container URI and every signature redacted; fit to be shown. It is `null` only where the hub sent no
    /// text: a text that is not JSON is an error of the call that received it.
    #[must_use]
    pub fn redacted(&self) -> serde_json::Value {
        let mut value = serde_json::from_slice(self.expose()).unwrap_or_default();
        mask(&mut value);
        value
    }
}

fn mask(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => {
            if let Ok(uri) = text.parse::<ContainerUri>() {
                *text = uri.to_string();
            } else {
                *text = redact::clean(text, 4000);
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(mask),
        serde_json::Value::Object(members) => members.values_mut().for_each(mask),
        _ => {}
    }
}
