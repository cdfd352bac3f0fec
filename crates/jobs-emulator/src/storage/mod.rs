//! Containers that jobs read and write: folders of this machine, and blob
//! containers by their shared access signature.
//!
//! Everything here blocks; jobs run on threads that may.

mod access;
mod blob;
mod container;
mod error;
mod folder;
mod folder_rules;
mod uri;

pub(crate) use access::{StorageAccess, StorageRules};
pub(crate) use container::Container;
pub(crate) use error::{BlobWriter, StorageError};
pub(crate) use uri::ContainerUri;
