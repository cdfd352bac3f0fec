//! A blob into a local file: written beside it, then moved into place, readable by its owner alone.

use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use tokio::io::AsyncWriteExt as _;
use tracing::Instrument as _;

use super::{BlobContainer, BlobReader, failure};
use crate::error::{Error, ErrorKind, Result};

const OPERATION: &str = "download blob";

impl BlobContainer {
    /// Copies a blob, byte for byte, to a local file and gives its size. An existing file is replaced only once everything is there; the
    /// new one can be read by its owner alone, because exports hold keys. A link keeps pointing to its file, and what is no file (a pipe, a
    /// device) is written to as it stands.
    ///
    /// # Errors
    /// [`ErrorKind::File`] when the file cannot be written; else as [`read`](Self::read).
    pub async fn download(&self, name: &str, file: impl AsRef<Path>) -> Result<u64> {
        let blob = self.open_for(OPERATION, name);
        let copy = self.copy(name, blob, file.as_ref());
        copy.instrument(self.span(OPERATION, name)).await
    }

    /// The same for a blob that the hub exported.
    pub(super) async fn download_exported(&self, name: &str, file: &Path) -> Result<u64> {
        let copy = self.copy(name, self.open_exported(OPERATION, name), file);
        copy.instrument(self.span(OPERATION, name)).await
    }

    async fn copy(
        &self,
        name: &str,
        blob: impl Future<Output = Result<Option<BlobReader>>>,
        target: &Path,
    ) -> Result<u64> {
        let (mut sink, partial) = open(target).await?;
        let Some(mut chunks) = blob.await? else {
            return Err(failure::missing(name, &self.uri));
        };
        let mut bytes = 0;
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            bytes += chunk.len() as u64;
            sink.write_all(&chunk)
                .await
                .map_err(|e| unwritable(target, e))?;
        }
        sink.flush().await.map_err(|e| unwritable(target, e))?;
        if let Some(partial) = partial {
            sink.sync_all().await.map_err(|e| unwritable(target, e))?;
            drop(sink);
            partial.keep().await?;
        }
        Ok(bytes)
    }
}

/// What to write into: a file beside the target that takes its place in the end, or the target itself where it is no file.
async fn open(target: &Path) -> Result<(tokio::fs::File, Option<Partial>)> {
    match tokio::fs::metadata(target).await {
        Ok(found) if found.is_dir() => Err(Error::new(
            ErrorKind::File,
            format!("{} is a folder; name a file", target.display()),
        )
        .with_operation(OPERATION, None)),
        Ok(found) if !found.is_file() => {
            let sink = tokio::fs::OpenOptions::new().write(true).open(target).await;
            Ok((sink.map_err(|error| unwritable(target, error))?, None))
        }
        _ => {
            let partial = Partial::beside(behind_links(target).await)?;
            Ok((partial.open().await?, Some(partial)))
        }
    }
}

/// The file that a link points to, be it there or not; else the path itself.
async fn behind_links(target: &Path) -> PathBuf {
    /// As many as systems follow.
    const MOST: usize = 40;
    let mut path = target.to_path_buf();
    for _ in 0..MOST {
        let Ok(next) = tokio::fs::read_link(&path).await else {
            break;
        };
        path = path
            .parent()
            .map_or(next.clone(), |folder| folder.join(next));
    }
    path
}

/// The unfinished file; removed when dropped.
struct Partial {
    path: PathBuf,
    target: PathBuf,
    kept: bool,
}

impl Partial {
    fn beside(target: PathBuf) -> Result<Self> {
        let name = target
            .file_name()
            .ok_or_else(|| Error::configuration("the target of a download must be a file"))?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{:08x}.partial", fastrand::u32(..)));
        Ok(Self {
            path: target.with_file_name(hidden),
            target,
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

    async fn keep(mut self) -> Result<()> {
        tokio::fs::rename(&self.path, &self.target)
            .await
            .map_err(|error| unwritable(&self.target, error))?;
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
    .with_operation(OPERATION, None)
}
