//! The bytes of one blob, as they arrive.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use jobs_devices::Record;
use jobs_devices::format::{FileFormat, START, recognize};

use super::response::WrongResponse;
use super::{BlobProperties, Records};
use crate::error::Result;

/// A blob that is being read: its properties, and its bytes as a stream of chunks.
///
/// The stream ends with an error when the storage delivers something else than the blob it announced, such as fewer or more bytes.
///
/// ```no_run
/// # async fn example(container: jobs_ext::BlobContainer) -> Result<(), jobs_ext::Error> {
/// use futures_util::TryStreamExt;
///
/// if let Some(mut blob) = container.open("devices.txt").await? {
///     println!("written {}", blob.properties().modified);
///     while let Some(chunk) = blob.try_next().await? {
///         println!("{} bytes", chunk.len());
///     }
/// }
/// # Ok(()) }
/// ```
#[must_use = "streams do nothing unless they are read"]
pub struct BlobReader {
    name: String,
    properties: BlobProperties,
    chunks: BoxStream<'static, Result<Bytes>>,
    /// The blob is an error log, in which every line should be a row.
    log: bool,
}

impl BlobReader {
    pub(super) fn new(
        name: &str,
        properties: BlobProperties,
        chunks: BoxStream<'static, Result<Bytes>>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            properties,
            chunks,
            log: false,
        }
    }

    /// The same as an error log.
    pub(super) fn into_log(self) -> Self {
        Self { log: true, ..self }
    }

    /// The blob's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the storage reported about the blob when it was opened.
    #[must_use]
    pub fn properties(&self) -> &BlobProperties {
        &self.properties
    }

    /// Passes every chunk to `look` before it is returned, for example to copy the blob while its records are read.
    pub fn inspect(self, mut look: impl FnMut(&Bytes) + Send + 'static) -> Self {
        let chunks = self.chunks.inspect(move |chunk| {
            if let Ok(chunk) = chunk {
                look(chunk);
            }
        });
        Self {
            chunks: chunks.boxed(),
            ..self
        }
    }

    /// The first bytes of the blob, as many as tell its format. They are yielded again.
    async fn start(&mut self) -> Result<Vec<u8>> {
        let (mut first, mut read) = (Vec::new(), Vec::new());
        while first.len() < START
            && let Some(chunk) = self.chunks.next().await
        {
            let chunk = chunk?;
            let room = START - first.len();
            first.extend_from_slice(&chunk[..room.min(chunk.len())]);
            read.push(Ok(chunk));
        }
        let rest = std::mem::replace(&mut self.chunks, stream::empty().boxed());
        self.chunks = stream::iter(read).chain(rest).boxed();
        Ok(first)
    }

    /// Checks that the blob starts as a device file that the hub wrote does: with a row, or with one line of plain text before the
    /// rows. An empty one is a device file too.
    pub(super) async fn check_device_file(&mut self) -> Result<Option<WrongResponse>> {
        let first = self.start().await?;
        let format = recognize(&first);
        Ok(match format {
            FileFormat::DeviceFile => None,
            FileFormat::Unknown if is_notice(&first) => None,
            _ => Some(WrongResponse(format!("it is {}", format.name()))),
        })
    }

    /// Reads the blob as records, one a line: [`jobs_devices::Row`], [`jobs_devices::ImportError`] or [`jobs_devices::Configuration`].
    /// Memory stays flat: one chunk and one line are held.
    ///
    /// # Errors
    /// When the blob cannot be read up to its first record. [`UnknownOutcome`](crate::ErrorKind::UnknownOutcome) when it is the error log of a
    /// job and has content, but no row: then it was read to its end.
    pub async fn records<T: Record>(mut self) -> Result<Records<T>> {
        if self.log {
            let start = self.start().await?;
            Records::begin_log(&self.name, &start, self.chunks).await
        } else {
            Records::begin(&self.name, self.chunks).await
        }
    }
}

/// Whether there is at most one line of plain text, which may be followed by a row that is longer than `start`.
fn is_notice(start: &[u8]) -> bool {
    let mut lines: Vec<_> = start.split(|byte| *byte == b'\n').collect();
    if start.len() == START {
        lines.pop();
    }
    let mut lines = lines.into_iter().map(<[u8]>::trim_ascii);
    let first = lines.by_ref().find(|line| !line.is_empty());
    let is_text = first.is_none_or(|line| !matches!(line[0], b'{' | b'[' | b'"'));
    is_text && lines.all(<[u8]>::is_empty)
}

impl Stream for BlobReader {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.chunks.poll_next_unpin(cx)
    }
}

impl fmt::Debug for BlobReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobReader")
            .field("name", &self.name)
            .field("properties", &self.properties)
            .finish_non_exhaustive()
    }
}
