//! A folder as a container. Nothing outside of it is touched.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use percent_encoding::percent_decode_str;

use super::error::{BlobWriter, StorageError};
use super::folder_rules::{FolderRules, failed, private_folder};

/// A folder that may be a container.
pub(crate) struct Folder {
    /// Canonical.
    root: PathBuf,
    rules: Arc<FolderRules>,
}

impl Folder {
    pub(super) fn open(path: &Path, rules: &Arc<FolderRules>) -> Result<Self, StorageError> {
        let root = rules.check(path)?;
        if root.is_dir() {
            Ok(Self {
                root,
                rules: Arc::clone(rules),
            })
        } else {
            Err(StorageError::Failed(format!(
                "the container {} is not a folder",
                path.display()
            )))
        }
    }

    pub(super) fn put_small(&self, name: &str, content: &[u8]) -> Result<(), StorageError> {
        let path = self.place_for(name)?;
        fs::write(path, content).map_err(|error| {
            let what = format!(
                "the container folder {} cannot be written",
                self.root.display()
            );
            failed(&what, &error)
        })
    }

    pub(super) fn delete(&self, name: &str) -> Result<(), StorageError> {
        fs::remove_file(self.existing(name)?)
            .map_err(|error| failed("the file cannot be deleted", &error))
    }

    pub(super) fn size(&self, name: &str) -> Result<u64, StorageError> {
        let path = self.existing(name)?;
        // Opening shows whether it can be read, too.
        let file =
            open_regular(&path).map_err(|error| failed("the input blob cannot be read", &error))?;
        file.metadata()
            .map(|data| data.len())
            .map_err(|error| failed("the input blob cannot be read", &error))
    }

    pub(super) fn read(&self, name: &str) -> Result<Box<dyn Read + Send>, StorageError> {
        let path = self.existing(name)?;
        let file =
            open_regular(&path).map_err(|error| failed("the input blob cannot be read", &error))?;
        Ok(Box::new(file))
    }

    pub(super) fn write(&self, name: &str) -> Result<Box<dyn BlobWriter>, StorageError> {
        let target = self.place_for(name)?;
        let file_name = target
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("blob");
        remove_abandoned(&target, file_name);
        let temporary = target.with_file_name(format!(
            ".{file_name}.{}{PART}",
            uuid::Uuid::new_v4().simple()
        ));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            // Device files hold keys.
            options.mode(0o600);
        }
        let file = options
            .open(&temporary)
            .map_err(|error| failed("the folder cannot be written", &error))?;
        // Shows others that somebody is at it. A file system without locks loses only the clearing up.
        let _ = file.try_lock();
        Ok(Box::new(FolderWriter {
            file: BufWriter::with_capacity(256 * 1024, file),
            temporary,
            target,
            finished: false,
        }))
    }

    /// An existing regular file.
    fn existing(&self, name: &str) -> Result<PathBuf, StorageError> {
        let path = self.resolve(name, false)?;
        match fs::symlink_metadata(&path) {
            Ok(data) if data.is_file() => Ok(path),
            Ok(_) => Err(StorageError::Failed(
                "the blob is a link, a folder or a special file".to_owned(),
            )),
            Err(error) => Err(failed("the blob is not there", &error)),
        }
    }

    /// A path that may be written: new, or a regular file.
    fn place_for(&self, name: &str) -> Result<PathBuf, StorageError> {
        let path = self.resolve(name, true)?;
        match fs::symlink_metadata(&path) {
            Ok(data) if !data.is_file() => Err(StorageError::Failed(
                "the blob is a link, a folder or a special file".to_owned(),
            )),
            _ => Ok(path),
        }
    }

    /// The path of a blob: every folder on the way is a real one, inside of the root.
    fn resolve(&self, name: &str, create: bool) -> Result<PathBuf, StorageError> {
        let segments = segments(name)?;
        let mut path = self.root.clone();
        let (last, folders) = segments
            .split_last()
            .ok_or_else(|| StorageError::Failed("the blob has no name".to_owned()))?;
        for segment in folders {
            path.push(segment);
            match fs::symlink_metadata(&path) {
                Ok(data) if data.is_dir() => {}
                Ok(_) => {
                    return Err(StorageError::Failed(
                        "a part of the blob's name is no folder of the container".to_owned(),
                    ));
                }
                Err(error) if create && error.kind() == io::ErrorKind::NotFound => {
                    fs::create_dir(&path)
                        .map_err(|error| failed("the folder cannot be written", &error))?;
                }
                Err(error) => return Err(failed("the blob is not there", &error)),
            }
            if self.rules.is_private(&path) {
                return Err(private_folder());
            }
        }
        path.push(last);
        Ok(path)
    }
}

/// The parts of a blob's name, when none of them can lead out of the container,
/// neither as it stands nor after decoding.
fn segments(name: &str) -> Result<Vec<&str>, StorageError> {
    let refused = || {
        StorageError::Failed(
            "the blob's name holds '..', an encoded separator or a character that is not allowed"
                .to_owned(),
        )
    };
    name.split('/')
        .map(|segment| {
            let decoded = percent_decode_str(segment).decode_utf8_lossy();
            let climbs = |text: &str| matches!(text, "" | "." | "..");
            if climbs(segment)
                || climbs(&decoded)
                || decoded.contains(['/', '\\', '\0'])
                || cfg!(windows) && decoded.contains(':')
            {
                Err(refused())
            } else {
                Ok(segment)
            }
        })
        .collect()
}

/// End of the name of a file that is being written.
const PART: &str = ".part";

/// Removes what a hub that was killed left half written beside the target: files
/// of this name that nobody holds a lock on. Best effort.
fn remove_abandoned(target: &Path, file_name: &str) {
    let Some(entries) = target.parent().and_then(|folder| fs::read_dir(folder).ok()) else {
        return;
    };
    let start = format!(".{file_name}.");
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let middle = name
            .strip_prefix(&start)
            .and_then(|rest| rest.strip_suffix(PART));
        let is_ours = middle.is_some_and(|text| {
            text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        if is_ours && open_regular(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(&path);
        }
    }
}

/// Opens what is a regular file, and was one a moment ago, too.
fn open_regular(path: &Path) -> io::Result<File> {
    let before = fs::symlink_metadata(path)?;
    if !before.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let file = File::open(path)?;
    let after = file.metadata()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if (before.dev(), before.ino()) != (after.dev(), after.ino()) {
            return Err(io::Error::other(
                "the file was exchanged while it was opened",
            ));
        }
    }
    if after.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("not a regular file"))
    }
}

/// Writes beside the target and takes its place at the end.
struct FolderWriter {
    file: BufWriter<File>,
    temporary: PathBuf,
    target: PathBuf,
    finished: bool,
}

impl Write for FolderWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl BlobWriter for FolderWriter {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.file.flush()?;
        fs::rename(&self.temporary, &self.target)?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for FolderWriter {
    fn drop(&mut self) {
        if !self.finished {
            // Best effort: what is left is an unfinished hidden file.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup() -> (tempfile::TempDir, Folder) {
        let outer = tempfile::tempdir().unwrap();
        fs::create_dir(outer.path().join("container")).unwrap();
        fs::write(outer.path().join("outside.txt"), "secret").unwrap();
        let root = fs::canonicalize(outer.path()).unwrap();
        fs::create_dir(outer.path().join("container/data")).unwrap();
        let rules = FolderRules {
            private: vec![root.join("container/data")],
            allowed: vec![root],
        };
        let folder = Folder::open(&outer.path().join("container"), &Arc::new(rules)).unwrap();
        (outer, folder)
    }

    #[test]
    fn names_cannot_lead_out_of_the_folder() {
        let (_outer, folder) = setup();
        for name in [
            "../outside.txt",
            "a/../../outside.txt",
            "..%2Foutside.txt",
            "..%2foutside.txt",
            "%2e%2e/outside.txt",
            "%2E%2e%2Foutside.txt",
            ".%2e/outside.txt",
            "..\\outside.txt",
            "a%5c..%5cb",
            "",
            "/etc/passwd",
            "a//b",
            "./a",
            "a\0b",
            "data/hub.sqlite",
            "data/ca/ca-key.pem",
        ] {
            assert!(folder.read(name).is_err(), "{name}");
            assert!(folder.write(name).is_err(), "{name}");
            assert!(folder.put_small(name, b"x").is_err(), "{name}");
            assert!(folder.delete(name).is_err(), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_and_special_files_are_refused() {
        use std::os::unix::fs::symlink;
        let (outer, folder) = setup();
        let inside = outer.path().join("container");
        symlink(outer.path().join("outside.txt"), inside.join("link.txt")).unwrap();
        symlink(outer.path(), inside.join("up")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(inside.join("socket")).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(inside.join("pipe"))
            .status();
        assert!(made.unwrap().success());
        symlink("devices.txt", inside.join("within.txt")).unwrap();
        for name in [
            "link.txt",
            "within.txt",
            "up/outside.txt",
            "up/new.txt",
            "socket",
            "pipe",
            "up",
        ] {
            assert!(folder.read(name).is_err(), "{name}");
            assert!(folder.write(name).is_err(), "{name}");
        }
        assert_eq!(
            fs::read_to_string(outer.path().join("outside.txt")).unwrap(),
            "secret"
        );
    }

    #[test]
    fn a_blob_appears_whole_or_not_at_all_and_slashes_make_folders() {
        let (outer, folder) = setup();
        let mut writer = folder.write("sub/devices.txt").unwrap();
        writer.write_all(b"half").unwrap();
        drop(writer);
        let mut writer = folder.write("sub/devices.txt").unwrap();
        writer.write_all(b"whole").unwrap();
        writer.finish().unwrap();
        let names: Vec<_> = fs::read_dir(outer.path().join("container/sub"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["devices.txt"]);
        assert_eq!(folder.size("sub/devices.txt").unwrap(), 5);
    }

    #[test]
    fn what_a_killed_hub_left_is_cleared_and_what_is_being_written_is_not() {
        let (outer, folder) = setup();
        let inside = outer.path().join("container");
        let abandoned = inside.join(format!(".devices.txt.{}.part", "a".repeat(32)));
        fs::write(&abandoned, "half").unwrap();
        fs::write(inside.join(".devices.txt.mine.part"), "a user's").unwrap();
        let mut first = folder.write("devices.txt").unwrap();
        assert!(!abandoned.exists());
        let second = folder.write("devices.txt").unwrap();
        first.write_all(b"whole").unwrap();
        first.finish().unwrap();
        drop(second);
        assert_eq!(folder.size("devices.txt").unwrap(), 5);
        assert_eq!(fs::read_dir(&inside).unwrap().count(), 3);
    }
}
