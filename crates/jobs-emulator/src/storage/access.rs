//! Which storage the jobs of a hub may use.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Handle;

use super::blob::BlobContainer;
use super::folder::Folder;
use super::uri::{BlobAddress, ContainerUri, Place};
use super::{Container, StorageError};

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

/// The folders of this machine that containers may be in.
#[derive(Debug, Default)]
pub(super) struct FolderRules {
    /// Canonical.
    pub(super) allowed: Vec<PathBuf>,
    /// Canonical.
    pub(super) private: Vec<PathBuf>,
}

impl FolderRules {
    /// The canonical form of a folder that may be a container.
    ///
    /// Of a folder outside of the allowed ones it is not even reported whether it exists.
    pub(super) fn check(&self, path: &Path) -> Result<PathBuf, StorageError> {
        let shown = path.display();
        let outside = || {
            StorageError::Denied(format!(
                "the hub may not use the folder {shown}; hint: start it with --files DIR, for this folder or one above it"
            ))
        };
        let is_allowed = |path: &Path| self.allowed.iter().any(|root| path.starts_with(root));
        let found = match fs::canonicalize(path) {
            Ok(found) if is_allowed(&found) => found,
            Err(error) if is_allowed(&canonical_start(path)) => {
                let what = match error.kind() {
                    io::ErrorKind::NotFound => {
                        format!("the container folder {shown} does not exist")
                    }
                    _ => format!("the container folder {shown} cannot be used"),
                };
                return Err(super::folder::failed(&what, &error));
            }
            _ => return Err(outside()),
        };
        match found.ancestors().any(|folder| self.is_private(folder)) {
            true => Err(private_folder()),
            false => Ok(found),
        }
    }

    /// Whether this is a folder of the hub itself, by whatever path it is reached.
    pub(super) fn is_private(&self, folder: &Path) -> bool {
        let Ok(found) = fs::metadata(folder) else {
            return self.private.iter().any(|private| private == folder);
        };
        self.private.iter().any(|private| {
            fs::metadata(private).is_ok_and(|own| is_same((folder, &found), (private, &own)))
        })
    }
}

pub(super) fn private_folder() -> StorageError {
    StorageError::Denied(
        "the folder holds data of the hub itself; hint: use another folder as the container"
            .to_owned(),
    )
}

/// The path with as much of it resolved as exists.
fn canonical_start(path: &Path) -> PathBuf {
    for ancestor in path.ancestors() {
        if let Ok(found) = fs::canonicalize(ancestor) {
            let rest = path.strip_prefix(ancestor).unwrap_or(Path::new(""));
            return found.join(rest);
        }
    }
    path.to_owned()
}

#[cfg(unix)]
fn is_same((_, left): (&Path, &Metadata), (_, right): (&Path, &Metadata)) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (left.dev(), left.ino()) == (right.dev(), right.ino())
}

#[cfg(not(unix))]
fn is_same((left, _): (&Path, &Metadata), (right, _): (&Path, &Metadata)) -> bool {
    matches!((fs::canonicalize(left), fs::canonicalize(right)), (Ok(left), Ok(right)) if left == right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_must_be_below_an_allowed_one_and_not_be_the_hubs_own() {
        let outer = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(outer.path()).unwrap();
        for folder in ["files/box", "files/data/ca", "elsewhere"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let rules = FolderRules {
            allowed: vec![root.join("files")],
            private: vec![root.join("files/data")],
        };
        assert_eq!(
            rules.check(&root.join("files")).unwrap(),
            root.join("files")
        );
        rules.check(&root.join("files/box")).unwrap();
        for (path, reason) in [
            ("files/data", "data of the hub"),
            ("files/data/ca", "data of the hub"),
            ("files/box/none", "does not exist"),
            ("elsewhere", "--files"),
            ("elsewhere/none", "--files"),
            ("files2", "--files"),
            ("", "--files"),
        ] {
            let text = rules.check(&root.join(path)).unwrap_err().to_string();
            assert!(text.contains(reason), "{path}: {text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_judged_by_where_it_leads() {
        use std::os::unix::fs::symlink;
        let outer = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(outer.path()).unwrap();
        for folder in ["files/box", "files/data", "elsewhere/box"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let link = |target: &str, name: &str| {
            symlink(root.join(target), root.join(name)).unwrap();
            root.join(name)
        };
        let rules = FolderRules {
            allowed: vec![root.join("files")],
            private: vec![root.join("files/data")],
        };
        let inward = link("files/box", "elsewhere/inward");
        assert_eq!(rules.check(&inward).unwrap(), root.join("files/box"));
        let outward = link("elsewhere", "files/outward");
        assert!(rules.check(&outward).is_err());
        assert!(rules.check(&outward.join("box")).is_err());
        assert!(rules.check(&outward.join("none")).is_err());
        assert!(rules.check(&link("files/data", "files/own")).is_err());
    }

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
