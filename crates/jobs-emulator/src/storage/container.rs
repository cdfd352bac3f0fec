//! A container of either kind.

use std::io::Read;

use super::blob::BlobContainer;
use super::error::{BlobWriter, StorageError};
use super::folder::Folder;

/// An opened container.
pub(crate) enum Container {
    Folder(Folder),
    Blob(BlobContainer),
}

impl Container {
    /// Writes and then deletes a small blob, as the service does to see whether it may.
    pub(crate) fn check_output(&self) -> Result<(), StorageError> {
        let probe = format!("probe-{}", uuid::Uuid::new_v4());
        let is_folder = matches!(self, Self::Folder(_));
        self.put_small(&probe, b"probe").map_err(|error| {
            // A full disk leaves an empty file, a lost response a whole blob.
            let _ = self.delete(&probe);
            because("write to", is_folder, &error)
        })?;
        self.delete(&probe)
            .map_err(|error| because("delete from", is_folder, &error))
    }

    fn put_small(&self, name: &str, content: &[u8]) -> Result<(), StorageError> {
        match self {
            Self::Folder(folder) => folder.put_small(name, content),
            Self::Blob(container) => container.put_small(name, content),
        }
    }

    fn delete(&self, name: &str) -> Result<(), StorageError> {
        match self {
            Self::Folder(folder) => folder.delete(name),
            Self::Blob(container) => container.delete(name),
        }
    }

    /// Looks whether the blob is there; its size in bytes.
    pub(crate) fn size(&self, name: &str) -> Result<u64, StorageError> {
        match self {
            Self::Folder(folder) => folder.size(name),
            Self::Blob(container) => container.size(name),
        }
    }

    /// Opens a blob for reading from its start.
    pub(crate) fn read(&self, name: &str) -> Result<Box<dyn Read + Send>, StorageError> {
        match self {
            Self::Folder(folder) => folder.read(name),
            Self::Blob(container) => container.read(name),
        }
    }

    /// Starts a blob, in the place of an existing one once it is finished.
    pub(crate) fn write(&self, name: &str) -> Result<Box<dyn BlobWriter>, StorageError> {
        match self {
            Self::Folder(folder) => folder.write(name),
            Self::Blob(container) => container.write(name),
        }
    }
}

/// The service's words for a right that is missing; what is no matter of rights is not said in them. Of a folder, which the service
/// does not know, more is said.
fn because(action: &str, is_folder: bool, error: &StorageError) -> StorageError {
    let text = format!("Unauthorized to {action} output blob container.");
    match error {
        StorageError::Denied(_) if !is_folder => StorageError::Denied(text),
        StorageError::Unreached(why) => {
            StorageError::Unreached(format!("The output blob container was not reached: {why}"))
        }
        StorageError::Denied(why) => StorageError::Denied(format!("{text} {why}")),
        StorageError::NotFound(why) | StorageError::Failed(why) => {
            StorageError::Failed(format!("The output blob container cannot be used: {why}"))
        }
    }
}
