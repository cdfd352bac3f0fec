//! A blob container by its shared access signature.
//!
//! Requests are built without credentials and get the signature's query put
//! back byte for byte, because re-encoding it is what breaks signatures.

mod response;

use std::fmt;
use std::future::Future;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use object_store::azure::{MicrosoftAzure, MicrosoftAzureBuilder};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, GetOptions, ObjectStore as _, ObjectStoreExt as _, PutPayload,
    RetryConfig, WriteMultipart,
};
use tokio::runtime::Handle;

use response::{Asked, Check, ReadState, WrongResponse};

use super::error::{BlobWriter, StorageError};
use super::uri::BlobAddress;
use crate::redact;

/// Size of the blocks of a large blob.
const BLOCK: usize = 4 * 1024 * 1024;
/// Blocks under way at the same time.
const BLOCKS_UNDER_WAY: usize = 2;

/// A blob container.
pub(crate) struct BlobContainer {
    store: Arc<MicrosoftAzure>,
    runtime: Handle,
    site: Site,
    remover: Remover,
}

/// Where a container lies, for errors to say, and the signature that they must not.
#[derive(Clone)]
struct Site {
    /// Scheme and host, and in path style the account.
    endpoint: Arc<str>,
    secret: Secret,
}

/// Deletes single blobs. `object_store` deletes through a batch request to the
/// container, which a container's signature need not allow.
#[derive(Clone)]
struct Remover {
    client: reqwest::Client,
    container_url: String,
    site: Site,
}

/// What stands for itself in the path of a blob.
const PATH: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

impl Remover {
    /// `false` when there was no such blob.
    async fn delete(&self, path: &Path) -> Result<bool, StorageError> {
        let name = percent_encoding::utf8_percent_encode(path.as_ref(), PATH);
        let query = self
            .site
            .secret
            .0
            .as_ref()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let request = self
            .client
            .delete(format!("{}/{name}{query}", self.container_url));
        match request.header("x-ms-version", "2021-12-02").send().await {
            Ok(response) => match response.status().as_u16() {
                200..=299 => Ok(true),
                404 => Ok(false),
                401 | 403 => Err(denied()),
                status => Err(StorageError::Failed(format!(
                    "the storage service answered {status} to a deletion"
                ))),
            },
            Err(error) => Err(self.site.unreached(&error.without_url())),
        }
    }
}

fn denied() -> StorageError {
    StorageError::Denied(
        "the storage service refused: the signature is bad or expired, or lacks a right".to_owned(),
    )
}

/// The signature's query, to be put on requests and kept out of texts.
#[derive(Clone)]
struct Secret(Option<Arc<str>>);

impl Secret {
    /// A text in which the query and the signature are redacted.
    fn redact(&self, text: &str) -> String {
        match &self.0 {
            Some(query) => redact::query_in(text, query),
            None => text.to_owned(),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(redact::REDACTED)
    }
}

/// Adds the signature to requests and sends them.
#[derive(Clone, Debug)]
struct Signed {
    client: reqwest::Client,
    secret: Secret,
}

impl HttpConnector for Signed {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

impl HttpService for Signed {
    fn call<'a, 'b>(
        &'a self,
        mut request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            if let Some(query) = &self.secret.0 {
                let text = request.uri().to_string();
                let glue = if text.contains('?') { '&' } else { '?' };
                let signed = format!("{text}{glue}{query}");
                *request.uri_mut() = signed
                    .parse()
                    .map_err(|error| HttpError::new(HttpErrorKind::Request, error))?;
            }
            let asked = Asked::by(&request);
            let response = HttpService::call(&self.client, request).await?;
            asked
                .check(response.status(), response.headers())
                .map_err(|error| HttpError::new(HttpErrorKind::Decode, error))?;
            Ok(response)
        })
    }
}

impl BlobContainer {
    /// `system_proxy`: whether the proxies of the environment are used.
    pub(super) fn open(
        address: BlobAddress,
        runtime: Handle,
        system_proxy: bool,
    ) -> Result<Self, StorageError> {
        let secret = Secret(address.query.map(Arc::from));
        let client = http_client(address.https, system_proxy)?;
        let retry = RetryConfig {
            max_retries: 3,
            retry_timeout: Duration::from_secs(30),
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(50),
                max_backoff: Duration::from_secs(2),
                base: 2.0,
            },
        };
        let site = Site {
            endpoint: Arc::from(address.endpoint.as_str()),
            secret: secret.clone(),
        };
        let remover = Remover {
            client: client.clone(),
            container_url: format!("{}/{}", address.endpoint, address.container),
            site: site.clone(),
        };
        let store = MicrosoftAzureBuilder::new()
            .with_account("local")
            .with_endpoint(address.endpoint)
            .with_container_name(address.container)
            .with_allow_http(true)
            .with_skip_signature(true)
            .with_retry(retry)
            .with_http_connector(Signed {
                client,
                secret: secret.clone(),
            })
            .build()
            .map_err(|error| StorageError::Failed(secret.redact(&error.to_string())))?;
        Ok(Self {
            store: Arc::new(store),
            runtime,
            site,
            remover,
        })
    }

    pub(super) fn put_small(&self, name: &str, content: &[u8]) -> Result<(), StorageError> {
        let payload = PutPayload::from(content.to_vec());
        let done = self.runtime.block_on(self.store.put(&path(name)?, payload));
        done.map(|_| ()).map_err(|error| self.site.failed(&error))
    }

    pub(super) fn delete(&self, name: &str) -> Result<(), StorageError> {
        self.runtime
            .block_on(self.remover.delete(&path(name)?))
            .map(|_| ())
    }

    pub(super) fn size(&self, name: &str) -> Result<u64, StorageError> {
        let found = self.runtime.block_on(self.store.head(&path(name)?));
        found
            .map(|meta| meta.size)
            .map_err(|error| self.site.failed(&error))
    }

    pub(super) fn read(&self, name: &str) -> Result<Box<dyn Read + Send>, StorageError> {
        let state = ReadState::default();
        let mut options = GetOptions::default();
        options.extensions.insert(state.clone());
        let found = self
            .runtime
            .block_on(self.store.get_opts(&path(name)?, options))
            .map_err(|error| self.site.failed(&error))?;
        Ok(Box::new(BlobReader {
            runtime: self.runtime.clone(),
            site: self.site.clone(),
            check: Check::new(found.meta.size, state),
            stream: found.into_stream(),
            chunk: Bytes::new(),
        }))
    }

    pub(super) fn write(&self, name: &str) -> Result<Box<dyn BlobWriter>, StorageError> {
        Ok(Box::new(BlobUpload {
            store: Arc::clone(&self.store),
            runtime: self.runtime.clone(),
            site: self.site.clone(),
            remover: self.remover.clone(),
            path: path(name)?,
            first: Vec::new(),
            blocks: None,
        }))
    }
}

fn path(name: &str) -> Result<Path, StorageError> {
    Path::parse(name).map_err(|_| StorageError::Failed("the blob's name is not allowed".to_owned()))
}

impl Site {
    fn failed(&self, error: &object_store::Error) -> StorageError {
        use object_store::Error as E;
        let mut text = error.to_string();
        let mut is_unreached = false;
        let mut source = std::error::Error::source(error);
        while let Some(inner) = source {
            if inner.is::<WrongResponse>() {
                return StorageError::Failed(inner.to_string());
            }
            let more = inner.to_string();
            if !text.contains(&more) {
                text = format!("{text}: {more}");
            }
            is_unreached |= inner
                .downcast_ref::<HttpError>()
                .is_some_and(|http| http.kind() == HttpErrorKind::Connect);
            source = inner.source();
        }
        let text = self.secret.redact(&text);
        match error {
            E::NotFound { .. } => StorageError::NotFound(
                "the storage service has no such blob or container".to_owned(),
            ),
            E::PermissionDenied { .. } | E::Unauthenticated { .. } => denied(),
            _ if text.contains("403 Forbidden") => denied(),
            _ if is_unreached => self.unreached(error),
            _ => StorageError::Failed(match text.split_once("status code: ") {
                // The status alone: what stands before it are a library's words, and behind it is XML.
                Some((_, response)) => format!(
                    "the storage at {} answered {}",
                    self.endpoint,
                    response.split(':').next().unwrap_or(response)
                ),
                None => text,
            }),
        }
    }

    /// Nobody answered: where, and the last cause, which is what the system said.
    fn unreached(&self, error: &(dyn std::error::Error + 'static)) -> StorageError {
        let mut last = error;
        while let Some(cause) = last.source() {
            last = cause;
        }
        StorageError::Unreached(format!(
            "no storage answers at {} ({})",
            self.endpoint,
            self.secret.redact(&last.to_string())
        ))
    }
}

/// A client with TLS by ring and the platform's roots.
fn http_client(https: bool, system_proxy: bool) -> Result<reqwest::Client, StorageError> {
    let failed = |error: &dyn fmt::Display| {
        StorageError::Failed(format!("the HTTP client cannot be made: {error}"))
    };
    let tls = tls_config(https).map_err(|error| failed(&error))?;
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_secs(60))
        .redirect(reqwest::redirect::Policy::none());
    let builder = if system_proxy {
        builder
    } else {
        builder.no_proxy()
    };
    builder.build().map_err(|error| failed(&error))
}

/// The provider is named here, so that the process may have another default, or none.
fn tls_config(https: bool) -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    if !https {
        // Reading the platform's roots takes time, and nothing would use them.
        return Ok(builder
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth());
    }
    let verifier = rustls_platform_verifier::Verifier::new(provider)?;
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

struct BlobReader {
    runtime: Handle,
    site: Site,
    check: Check,
    stream: BoxStream<'static, object_store::Result<Bytes>>,
    chunk: Bytes,
}

impl Read for BlobReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.runtime.block_on(self.stream.next()) {
                None => {
                    self.check.end().map_err(io::Error::other)?;
                    return Ok(0);
                }
                Some(Ok(chunk)) => {
                    self.check.take(&chunk).map_err(io::Error::other)?;
                    self.chunk = chunk;
                }
                Some(Err(error)) => return Err(self.site.failed(&error).into()),
            }
        }
        let length = into.len().min(self.chunk.len());
        into[..length].copy_from_slice(&self.chunk.split_to(length));
        Ok(length)
    }
}

/// A block blob being written: in one request when it is small, in blocks otherwise.
struct BlobUpload {
    store: Arc<MicrosoftAzure>,
    runtime: Handle,
    site: Site,
    remover: Remover,
    path: Path,
    /// The beginning, until it is clear that blocks are needed.
    first: Vec<u8>,
    blocks: Option<WriteMultipart>,
}

impl BlobUpload {
    /// An existing blob goes first, as the service does it: it may be of another type.
    fn clear(&self) -> io::Result<()> {
        self.runtime.block_on(self.remover.delete(&self.path))?;
        Ok(())
    }
}

impl Write for BlobUpload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.blocks.is_none() {
            if self.first.len() + bytes.len() <= BLOCK {
                self.first.extend_from_slice(bytes);
                return Ok(bytes.len());
            }
            self.clear()?;
            let upload = self
                .runtime
                .block_on(self.store.put_multipart(&self.path))
                .map_err(|error| io::Error::from(self.site.failed(&error)))?;
            // Blocks are sent by tasks of this runtime.
            let _inside = self.runtime.enter();
            let mut blocks = WriteMultipart::new_with_chunk_size(upload, BLOCK);
            blocks.write(&std::mem::take(&mut self.first));
            self.blocks = Some(blocks);
        }
        if let Some(blocks) = &mut self.blocks {
            self.runtime
                .block_on(blocks.wait_for_capacity(BLOCKS_UNDER_WAY))
                .map_err(|error| io::Error::from(self.site.failed(&error)))?;
            let _inside = self.runtime.enter();
            blocks.write(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl BlobWriter for BlobUpload {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let done = match self.blocks.take() {
            Some(blocks) => self.runtime.block_on(blocks.finish()).map(|_| ()),
            None => {
                self.clear()?;
                let payload = PutPayload::from(std::mem::take(&mut self.first));
                self.runtime
                    .block_on(self.store.put(&self.path, payload))
                    .map(|_| ())
            }
        };
        done.map_err(|error| self.site.failed(&error).into())
    }
}
