//! Device files into a container: from a file, or row by row.

use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::StreamExt as _;
use jobs_devices::Record;
use object_store::{ObjectStoreExt as _, WriteMultipart};
use tokio::io::AsyncReadExt as _;
use tracing::Instrument as _;

use super::BlobContainer;
use crate::error::{Error, ErrorKind, Result};
use crate::http::core::JobsClient;
use crate::jobs::import::{ImportOptions, ImportOutcome};
use crate::polling::poller::JobPoller;
use crate::polling::progress::{Progress, ProgressEvent};

/// What is sent at a time; a smaller file goes in one request.
const PART: usize = 8 * 1024 * 1024;
/// How many parts are under way at once: with one being filled, the memory that an upload takes.
const PARTS: usize = 4;

impl BlobContainer {
    /// Uploads a file as it is and gives its size.
    ///
    /// # Errors
    /// [`ErrorKind::File`] when the file cannot be read; configuration when it is empty, which the service refuses; else as the storage
    /// refuses.
    pub async fn upload_file(&self, name: &str, file: impl AsRef<Path>) -> Result<u64> {
        self.upload_file_with(name, file.as_ref(), None).await
    }

    pub(crate) async fn upload_file_with(
        &self,
        name: &str,
        file: &Path,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<u64> {
        let upload = self.send_file(name, file, progress);
        upload.instrument(self.span(OPERATION, name)).await
    }

    async fn send_file(
        &self,
        name: &str,
        file: &Path,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<u64> {
        let failed = |error: std::io::Error| {
            Error::new(
                ErrorKind::File,
                format!("{} cannot be read", file.display()),
            )
            .with_source(error)
            .with_operation("upload file", None)
        };
        let mut source = tokio::fs::File::open(file).await.map_err(failed)?;
        let total = source.metadata().await.map_err(failed)?.len();
        let mut upload = Upload::new(self, name, Some(total), progress)?;
        loop {
            let mut part = BytesMut::with_capacity(PART);
            while part.len() < PART && source.read_buf(&mut part).await.map_err(failed)? > 0 {}
            if part.is_empty() {
                break;
            }
            upload.send(part.freeze()).await?;
        }
        upload.finish().await
    }

    /// Uploads records, one line each, and gives the size of the blob.
    ///
    /// # Errors
    /// Configuration when there is no record; else as the storage refuses.
    pub async fn upload_rows<T: Record>(
        &self,
        name: &str,
        rows: impl IntoIterator<Item = T>,
    ) -> Result<u64> {
        self.upload_stream(name, futures_util::stream::iter(rows))
            .await
    }

    /// Uploads records as they come, in flat memory, and gives the size of the blob.
    ///
    /// # Errors
    /// As [`upload_rows`](Self::upload_rows).
    pub async fn upload_stream<T: Record>(
        &self,
        name: &str,
        rows: impl Stream<Item = T>,
    ) -> Result<u64> {
        self.upload_stream_with(name, rows, None).await
    }

    async fn upload_stream_with<T: Record>(
        &self,
        name: &str,
        rows: impl Stream<Item = T>,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<u64> {
        let upload = self.send_rows(name, rows, progress);
        upload.instrument(self.span(OPERATION, name)).await
    }

    async fn send_rows<T: Record>(
        &self,
        name: &str,
        rows: impl Stream<Item = T>,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<u64> {
        let mut rows = std::pin::pin!(rows);
        let mut upload = Upload::new(self, name, None, progress)?;
        let mut part = Vec::new();
        while let Some(row) = rows.next().await {
            row.write_line(&mut part);
            part.push(b'\n');
            if part.len() >= PART {
                upload.send(Bytes::from(std::mem::take(&mut part))).await?;
            }
        }
        if !part.is_empty() {
            upload.send(part.into()).await?;
        }
        upload.finish().await
    }
}

/// A blob on its way: one request when it is small, blocks when it is not.
struct Upload<'a> {
    container: &'a BlobContainer,
    name: &'a str,
    path: object_store::path::Path,
    /// The first part, kept back until it is known whether there is another.
    first: Option<Bytes>,
    parts: Option<WriteMultipart>,
    bytes: u64,
    total: Option<u64>,
    progress: Option<Arc<dyn Progress>>,
}

const OPERATION: &str = "upload blob";

impl<'a> Upload<'a> {
    fn new(
        container: &'a BlobContainer,
        name: &'a str,
        total: Option<u64>,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<Self> {
        Ok(Self {
            container,
            name,
            path: container.path(name)?,
            first: None,
            parts: None,
            bytes: 0,
            total,
            progress,
        })
    }

    async fn send(&mut self, part: Bytes) -> Result<()> {
        self.bytes += part.len() as u64;
        if self.parts.is_none() {
            let Some(first) = self.first.take() else {
                self.first = Some(part);
                self.tell();
                return Ok(());
            };
            let begun = self.container.store.put_multipart(&self.path).await;
            let mut parts =
                WriteMultipart::new_with_chunk_size(begun.map_err(|e| self.failed(e))?, PART);
            parts.put(first);
            self.parts = Some(parts);
        }
        if let Some(parts) = &mut self.parts {
            let room = parts.wait_for_capacity(PARTS).await;
            parts.put(part);
            if let Err(error) = room {
                if let Some(parts) = self.parts.take() {
                    // The error that counts is the one in hand; what was sent is dropped by the storage in time.
                    let _ = parts.abort().await;
                }
                return Err(self.failed(error));
            }
        }
        self.tell();
        Ok(())
    }

    async fn finish(mut self) -> Result<u64> {
        let done = match (self.parts.take(), self.first.take()) {
            (Some(parts), _) => parts.finish().await.map(drop),
            (None, Some(only)) => {
                let put = self.container.store.put(&self.path, only.into());
                put.await.map(drop)
            }
            (None, None) => {
                return Err(Error::configuration(format!(
                    "nothing to upload as {}: the service refuses an empty input blob",
                    self.name
                ))
                .with_operation(OPERATION, None));
            }
        };
        done.map_err(|error| self.failed(error))?;
        Ok(self.bytes)
    }

    fn tell(&self) {
        if let Some(progress) = &self.progress {
            progress.event(&ProgressEvent::Uploading {
                bytes: self.bytes,
                total: self.total,
            });
        }
    }

    fn failed(&self, error: object_store::Error) -> Error {
        self.container.failed(OPERATION, self.name, error)
    }
}

impl JobsClient {
    /// Uploads a device file into the options' input container, then begins the import of it. The blob has a name of its own unless the
    /// options name one, and it stays after the import: [`BlobContainer::delete`] removes it with the keys of its rows. Nothing is uploaded while another import or
    /// export is active, whose blob it may be: see [`ImportOptions::wait_for_slot`].
    ///
    /// # Errors
    /// As [`BlobContainer::upload_file`] and [`begin_import`](Self::begin_import).
    pub async fn begin_import_file(
        &self,
        file: impl AsRef<Path>,
        mut options: ImportOptions,
    ) -> Result<JobPoller<ImportOutcome>> {
        options = options.unique_blob();
        self.check_import(&options)?;
        self.before_upload(crate::jobs::import::OPERATION, &mut options.creation)
            .await?;
        let container = self.container(&options.input)?;
        let progress = options.creation.progress.clone();
        container
            .upload_file_with(options.blob_name(), file.as_ref(), progress)
            .await?;
        self.begin_import(options).await
    }

    /// Uploads rows into the options' input container as they come, then begins the import of them. As
    /// [`begin_import_file`](Self::begin_import_file), it waits for the slot first.
    ///
    /// # Errors
    /// As [`BlobContainer::upload_stream`] and [`begin_import`](Self::begin_import).
    pub async fn begin_import_rows(
        &self,
        rows: impl IntoIterator<Item = jobs_devices::Row>,
        mut options: ImportOptions,
    ) -> Result<JobPoller<ImportOutcome>> {
        options = options.unique_blob();
        self.check_import(&options)?;
        self.before_upload(crate::jobs::import::OPERATION, &mut options.creation)
            .await?;
        let container = self.container(&options.input)?;
        let progress = options.creation.progress.clone();
        container
            .upload_stream_with(
                options.blob_name(),
                futures_util::stream::iter(rows),
                progress,
            )
            .await?;
        self.begin_import(options).await
    }
}
