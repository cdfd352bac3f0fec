//! Why storage fails, and how a blob is written.

use std::io::{self, Write};

/// Why storage refused. No text holds a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub(crate) enum StorageError {
    /// There is no such blob (or it is empty, where it must not be).
    NotFound(String),
    /// The rights do not suffice, or the signature is bad or expired.
    Denied(String),
    /// Nobody answered where the storage should be.
    Unreached(String),
    /// Anything else: not a container, a forbidden name.
    Failed(String),
}

impl StorageError {
    /// The text.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::NotFound(text)
            | Self::Denied(text)
            | Self::Unreached(text)
            | Self::Failed(text) => text,
        }
    }
}

impl From<StorageError> for io::Error {
    fn from(error: StorageError) -> Self {
        io::Error::other(error)
    }
}

/// A blob being written. Dropping it without [`BlobWriter::finish`] leaves no blob behind.
pub(crate) trait BlobWriter: Write + Send {
    /// Makes the blob appear, whole.
    fn finish(self: Box<Self>) -> io::Result<()>;
}
