//! Secrets that cannot be printed by accident.

use std::fmt;

/// A symmetric key in base64, as it stands in a device file. Never shown by `Debug`, and it has no `Display`.
///
/// ```
/// let key = jobs_devices::Key::new("c2VjcmV0");
/// assert_eq!(format!("{key:?}"), "Key(redacted)");
/// assert_eq!(key.expose(), "c2VjcmV0");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key(Box<str>);

impl Key {
    /// Wraps a key. It is not checked here: see [`rules::symmetric_key`](crate::rules::symmetric_key).
    pub fn new(base64: impl Into<Box<str>>) -> Self {
        Self(base64.into())
    }

    /// The key itself. Every use of this is a place where a secret leaves its wrapper.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(redacted)")
    }
}
