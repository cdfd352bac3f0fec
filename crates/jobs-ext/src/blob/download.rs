//! A blob into a local file: written beside it, then moved into place, readable by its owner alone.

use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use object_store::ObjectStoreExt as _;
use tokio::io::AsyncWriteExt as _;

use super::{BlobContainer, failure};
use crate::error::{Error, ErrorKind, Result};

impl BlobContainer {
    /// Copies a blob, byte for byte, to a local file and gives its size. An existing file is replaced only once everything is there; the
    /// new one can be read by its owner alone, because exports hold keys.
    ///
    /// # Errors
    /// [`ErrorKind::File`] when the file cannot be written; else as [`read`](Self::read).
    pub async fn download(&self, name: &str, file: impl AsRef<Path>) -> Result<u64> {
        let target = file.as_ref();
        let path = self.path(name)?;
        let found = match self.store.get(&path).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => {
                return Err(failure::missing(name, &self.uri));
            }
            Err(error) => return Err(self.failed("download blob", name, error)),
        };
        let partial = Partial::create(target).await?;
        let mut sink = partial.open().await?;
        let mut chunks = found.into_stream();
        let mut bytes = 0;
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| self.failed("download blob", name, error))?;
            bytes += chunk.len() as u64;
            sink.write_all(&chunk)
                .await
                .map_err(|e| unwritable(target, e))?;
        }
        sink.flush().await.map_err(|e| unwritable(target, e))?;
        sink.sync_all().await.map_err(|e| unwritable(target, e))?;
        drop(sink);
        partial.keep(target).await?;
        Ok(bytes)
    }
}

/// The unfinished file; removed when dropped.
struct Partial {
    path: PathBuf,
    kept: bool,
}

impl Partial {
    async fn create(target: &Path) -> Result<Self> {
        let name = target
            .file_name()
            .ok_or_else(|| Error::configuration("the target of a download must be a file"))?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{:08x}.partial", fastrand::u32(..)));
        Ok(Self {
            path: target.with_file_name(hidden),
            kept: false,
        })
    }

    async fn open(&self) -> Result<tokio::fs::File> {
        let mut options = tokio::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        options
            .open(&self.path)
            .await
            .map_err(|error| unwritable(&self.path, error))
    }

    async fn keep(mut self, target: &Path) -> Result<()> {
        tokio::fs::rename(&self.path, target)
            .await
            .map_err(|error| unwritable(target, error))?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing is left to do about a file that cannot be removed; its name says what it is.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn unwritable(path: &Path, error: std::io::Error) -> Error {
    Error::new(
        ErrorKind::File,
        format!("{} cannot be written", path.display()),
    )
    .with_source(error)
    .with_operation("download blob", None)
}
