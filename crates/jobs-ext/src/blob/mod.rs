//! The blobs of jobs: device files in and out, and the logs of rejected rows.

mod delete;
mod download;
mod failure;
mod origin;
mod outcome;
mod properties;
mod reader;
mod records;
mod response;
mod service;
mod store;
mod upload;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use jobs_devices::Record;
use object_store::path::Path as BlobPath;
use object_store::{GetOptions, GetResult, ObjectStore};
use tracing::Instrument as _;

use crate::container::ContainerUri;
use crate::container::blob_name::check_blob_name;
use crate::error::{Error, ErrorKind, Result};
use crate::http::core::JobsClient;
use crate::http::proxy::ProxyUrl;

use delete::Remover;
pub use properties::BlobProperties;
use properties::ResponseDate;
pub use reader::BlobReader;
pub use records::{Records, RowError};
use response::{Check, ReadState};

/// An opened container: by its signature, by the client's storage credential, or a folder beside a local hub.
///
/// ```no_run
/// # async fn example(hub: jobs_ext::JobsClient, uri: jobs_ext::ContainerUri) -> Result<(), jobs_ext::Error> {
/// let container = hub.container(&uri)?;
/// container.upload_file("devices.txt", "fleet.txt").await?;
/// assert!(container.size("devices.txt").await?.is_some());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct BlobContainer {
    uri: ContainerUri,
    store: Arc<dyn ObjectStore>,
    /// Deletes blobs; none for a folder, where the store does it.
    remover: Option<Remover>,
    /// What requests to the container go through.
    proxy: Option<ProxyUrl>,
}

impl JobsClient {
    /// Opens a container for this client's own reading and writing. Nothing is sent yet.
    ///
    /// # Errors
    /// Configuration: the URI carries no signature and the client has no storage credential, or the folder does not exist.
    pub fn container(&self, uri: &ContainerUri) -> Result<BlobContainer> {
        let (store, remover) = store::open(self.core(), uri)?;
        let proxy = match reqwest::Url::parse(uri.location()) {
            Ok(url) => self.core().wiring.proxies.parse()?.to(&url).cloned(),
            Err(_) => None,
        };
        Ok(BlobContainer {
            uri: uri.clone(),
            store,
            remover,
            proxy,
        })
    }
}

impl BlobContainer {
    /// The container's URI.
    #[must_use]
    pub fn uri(&self) -> &ContainerUri {
        &self.uri
    }

    /// The size of a blob in bytes; none when there is no such blob.
    ///
    /// # Errors
    /// As [`properties`](Self::properties).
    pub async fn size(&self, name: &str) -> Result<Option<u64>> {
        Ok(self.properties(name).await?.map(|found| found.size))
    }

    /// The size, the time of the last write and the entity tag of a blob; none when there is no such blob.
    ///
    /// # Errors
    /// [`ContainerRejected`](crate::ErrorKind::ContainerRejected) when the storage refuses; transport and service errors.
    pub async fn properties(&self, name: &str) -> Result<Option<BlobProperties>> {
        const OPERATION: &str = "look at blob";
        let options = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        let found = self.get(OPERATION, name, options).await?;
        Ok(found.map(|found| self.properties_of(&found)))
    }

    /// Opens a blob to read its bytes; none when there is no such blob.
    ///
    /// # Errors
    /// As [`properties`](Self::properties).
    pub async fn open(&self, name: &str) -> Result<Option<BlobReader>> {
        self.open_for("read blob", name).await
    }

    async fn open_for(&self, operation: &'static str, name: &str) -> Result<Option<BlobReader>> {
        let state = ReadState::default();
        let mut options = GetOptions::default();
        options.extensions.insert(state.clone());
        let Some(found) = self.get(operation, name, options).await? else {
            return Ok(None);
        };
        let properties = self.properties_of(&found);
        let state = self.uri.folder().is_none().then_some(state);
        let check = Check::new(properties.size, state);
        let (this, blob) = (self.clone(), name.to_owned());
        let failed = move |error| this.failed(operation, &blob, error);
        let chunks = checked(found.into_stream(), check, failed);
        Ok(Some(BlobReader::new(name, properties, chunks)))
    }

    /// Opens a blob that the hub exported; none when there is no such blob.
    async fn open_exported(
        &self,
        operation: &'static str,
        name: &str,
    ) -> Result<Option<BlobReader>> {
        let Some(mut blob) = self.open_for(operation, name).await? else {
            return Ok(None);
        };
        match blob.check_device_file().await? {
            None => Ok(Some(blob)),
            Some(wrong) => Err(self.failed(operation, name, wrong.into())),
        }
    }

    async fn get(
        &self,
        operation: &'static str,
        name: &str,
        options: GetOptions,
    ) -> Result<Option<GetResult>> {
        let path = self.path(name)?;
        let asked = self.store.get_opts(&path, options);
        match asked.instrument(self.span(operation, name)).await {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(operation, name, error)),
        }
    }

    /// A folder's clock is the machine's.
    fn properties_of(&self, found: &GetResult) -> BlobProperties {
        let answered = match self.uri.folder() {
            Some(_) => jiff::Timestamp::try_from(std::time::SystemTime::now()).ok(),
            None => found.extensions.get::<ResponseDate>().map(|date| date.0),
        };
        BlobProperties::new(found.meta.clone(), answered)
    }

    /// The names of the first blobs, at most `limit`. The signature must grant listing.
    ///
    /// # Errors
    /// As [`size`](Self::size).
    pub async fn names(&self, limit: usize) -> Result<Vec<String>> {
        let listing = async {
            let mut found = self.store.list(None).take(limit);
            let mut names = Vec::new();
            while let Some(blob) = found.next().await {
                let blob = blob.map_err(|error| self.failed("list blobs", "(all)", error))?;
                names.push(blob.location.to_string());
            }
            Ok(names)
        };
        listing.instrument(self.span("list blobs", "(all)")).await
    }

    /// Reads a file of records as a stream: [`jobs_devices::Row`], [`jobs_devices::ImportError`] or [`jobs_devices::Configuration`].
    /// Memory stays flat: one chunk and one line are held.
    ///
    /// # Errors
    /// As [`properties`](Self::properties), and `ContainerRejected` when there is no such blob.
    pub async fn read<T: Record + Send + 'static>(&self, name: &str) -> Result<Records<T>> {
        match self.open(name).await? {
            Some(blob) => blob.records().await,
            None => Err(failure::missing(name, &self.uri)),
        }
    }

    fn path(&self, name: &str) -> Result<BlobPath> {
        check_blob_name(name, "named")?;
        BlobPath::parse(name)
            .map_err(|_| Error::configuration("the blob's name is one that storage does not allow"))
    }

    /// The span of an operation on a blob. The container stands in it without what opens it.
    fn span(&self, operation: &'static str, blob: &str) -> tracing::Span {
        let container = self.uri.location();
        tracing::info_span!(
            "iothub.blob",
            otel.kind = "client",
            operation,
            blob,
            container
        )
    }

    fn failed(&self, operation: &'static str, name: &str, error: object_store::Error) -> Error {
        let error = failure::read(error, operation, name, &self.uri);
        self.with_proxy(error).with_operation(operation, None)
    }

    /// Names the proxy where it may be the reason.
    fn with_proxy(&self, mut error: Error) -> Error {
        if let Some(proxy) = &self.proxy
            && matches!(
                error.kind(),
                ErrorKind::Transport | ErrorKind::Timeout | ErrorKind::Decode
            )
        {
            let message = &mut error.detail_mut().message;
            message.push_str(&format!("; the request went through the proxy {proxy}"));
        }
        error
    }
}

/// The chunks of a blob, with an error in the place of the first that is not what was announced, or at the end.
fn checked(
    chunks: BoxStream<'static, object_store::Result<Bytes>>,
    check: Check,
    failed: impl Fn(object_store::Error) -> Error + Send + 'static,
) -> BoxStream<'static, Result<Bytes>> {
    let state = Some((chunks, check, failed));
    futures_util::stream::unfold(state, move |state| async move {
        let (mut chunks, mut check, failed) = state?;
        let found = match chunks.next().await {
            Some(Ok(chunk)) => check.take(&chunk).map(|()| chunk).map_err(Into::into),
            Some(Err(error)) => Err(error),
            None => match check.end() {
                Ok(()) => return None,
                Err(error) => return Some((Err(failed(error.into())), None)),
            },
        };
        Some(match found {
            Ok(chunk) => (Ok(chunk), Some((chunks, check, failed))),
            Err(error) => (Err(failed(error)), None),
        })
    })
    .fuse()
    .boxed()
}

impl fmt::Debug for BlobContainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlobContainer").field(&self.uri).finish()
    }
}
