//! The folders of this machine that containers may be in.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::error::StorageError;

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
                return Err(failed(&what, &error));
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

pub(super) fn failed(what: &str, error: &io::Error) -> StorageError {
    let text = format!("{what}: {error}");
    match error.kind() {
        io::ErrorKind::NotFound => StorageError::NotFound(text),
        io::ErrorKind::PermissionDenied => StorageError::Denied(text),
        _ => StorageError::Failed(text),
    }
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
}
