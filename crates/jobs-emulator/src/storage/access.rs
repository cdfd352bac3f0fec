//! Which storage the jobs of a hub may use.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Handle;

use super::blob::BlobContainer;
use super::container::Container;
use super::error::StorageError;
use super::folder::Folder;
use super::folder_rules::FolderRules;
use super::uri::{BlobAddress, ContainerUri, Place};

/// The rules for containers, as the hub was started with.
#[derive(Clone, Debug, Default)]
pub(crate) struct StorageRules {
    /// Folders below which a `file:///` container may be; none means the default.
    pub(crate) folders: Vec<PathBuf>,
    /// Folders of the hub itself, which no container reaches.
    pub(crate) private: Vec<PathBuf>,
    /// Hosts besides loopback that may be used without encryption, in lower case.
    pub(crate) http_hosts: Vec<String>,
    /// Whether the proxies of the environment are used for storage on other machines.
    pub(crate) system_proxy: bool,
}

/// Opens containers that the rules allow.
pub(crate) struct StorageAccess {
    runtime: Handle,
    folders: Arc<FolderRules>,
    http_hosts: Vec<String>,
    system_proxy: bool,
}

impl StorageAccess {
    /// The folders that are named must exist.
    pub(crate) fn new(rules: StorageRules, runtime: Handle) -> Result<Self, (PathBuf, io::Error)> {
        let allowed = if rules.folders.is_empty() {
            default_folders()
        } else {
            let canonical = |folder: PathBuf| match fs::canonicalize(&folder) {
                Ok(path) if path.is_dir() => Ok(path),
                Ok(_) => Err((folder, io::ErrorKind::NotADirectory.into())),
                Err(cause) => Err((folder, cause)),
            };
            rules
                .folders
                .into_iter()
                .map(canonical)
                .collect::<Result<_, _>>()?
        };
        let private = rules
            .private
            .into_iter()
            .map(|folder| fs::canonicalize(&folder).unwrap_or(folder))
            .collect();
        Ok(Self {
            runtime,
            folders: Arc::new(FolderRules { allowed, private }),
            http_hosts: rules.http_hosts,
            system_proxy: rules.system_proxy,
        })
    }

    /// Opens a container; nothing is read or written yet, and the container itself is never probed.
    pub(crate) fn open(&self, uri: &ContainerUri) -> Result<Container, StorageError> {
        match uri.parse()? {
            Place::Folder(path) => Ok(Container::Folder(Folder::open(&path, &self.folders)?)),
            Place::Blob(address) => {
                self.check_encryption(&address)?;
                let proxy = self.system_proxy && !address.is_loopback;
                let container = BlobContainer::open(address, self.runtime.clone(), proxy)?;
                Ok(Container::Blob(container))
            }
        }
    }

    fn check_encryption(&self, address: &BlobAddress) -> Result<(), StorageError> {
        let host = &address.host;
        if address.https || address.is_loopback || self.http_hosts.contains(host) {
            return Ok(());
        }
        Err(StorageError::Denied(format!(
            "plain http is for storage on this machine, not on {host}; \
             hint: use https, or start the hub with --http-storage-host {host}"
        )))
    }
}

/// The temporary folder, and the current one unless that is too wide: the root of the file system,
/// the home folder, or a folder above the home folder.
fn default_folders() -> Vec<PathBuf> {
    let current = std::env::current_dir()
        .and_then(fs::canonicalize)
        .ok()
        .filter(|folder| !is_too_wide(folder, std::env::home_dir().as_deref()));
    fs::canonicalize(std::env::temp_dir())
        .into_iter()
        .chain(current)
        .collect()
}

fn is_too_wide(folder: &Path, home: Option<&Path>) -> bool {
    let home = home.and_then(|home| fs::canonicalize(home).ok());
    folder.parent().is_none() || home.is_some_and(|home| home.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_folder_is_too_wide_as_root_or_with_the_home_folder_in_it() {
        let outer = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(outer.path()).unwrap();
        let (home, work) = (root.join("home/me"), root.join("home/me/work"));
        fs::create_dir_all(&work).unwrap();
        for (folder, wide) in [
            (Path::new("/"), true),
            (&root.join("home"), true),
            (&home, true),
            (&work, false),
            (&root.join("other"), false),
        ] {
            assert_eq!(
                is_too_wide(folder, Some(&home)),
                wide,
                "{}",
                folder.display()
            );
        }
    }
}
