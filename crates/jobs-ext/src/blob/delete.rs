//! Deletes single blobs.
//!
//! The storage library deletes through a batch request to the container, which a container's signature need not allow.

use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStoreExt as _;
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use object_store::path::Path as BlobPath;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, StatusCode};
use tracing::Instrument as _;

use super::{BlobContainer, failure};
use crate::auth::credential::TokenCache;
use crate::clock::Clock;
use crate::container::ContainerUri;
use crate::error::{Error, Result};
use crate::http::retry::{RetryPolicy, Safety};

pub(super) const OPERATION: &str = "delete blob";
/// The version of the storage API, as the storage library sends it.
const VERSION: &str = "2023-11-03";

/// What a deletion needs besides the blob's name.
#[derive(Clone)]
pub(super) struct Remover {
    pub(super) http: HttpClient,
    pub(super) tokens: Option<TokenCache>,
    pub(super) retry: RetryPolicy,
    pub(super) clock: Arc<dyn Clock>,
}

impl BlobContainer {
    /// Deletes a blob and returns whether there was one. A missing blob is not an error.
    ///
    /// # Errors
    /// [`ContainerRejected`](crate::ErrorKind::ContainerRejected) when the storage rejects the deletion (the signature needs the right `d`)
    /// or there is no such container; [`Conflict`](crate::ErrorKind::Conflict) when the blob is leased or has snapshots;
    /// [`File`](crate::ErrorKind::File) when a file in a folder cannot be deleted; transport and service errors.
    pub async fn delete(&self, name: &str) -> Result<bool> {
        let path = self.path(name)?;
        let deletion = async {
            match &self.remover {
                Some(remover) => {
                    let done = remover.delete(&self.uri, name).await;
                    done.map_err(|error| self.with_proxy(error))
                }
                None => self.delete_file(name, &path).await,
            }
        };
        deletion.instrument(self.span(OPERATION, name)).await
    }

    async fn delete_file(&self, name: &str, path: &BlobPath) -> Result<bool> {
        match self.store.delete(path).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.failed(OPERATION, name, error)),
        }
    }
}

impl Remover {
    async fn delete(&self, uri: &ContainerUri, name: &str) -> Result<bool> {
        let started = self.clock.elapsed();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let error = match self.attempt(uri, name).await {
                // A blob that is gone now was deleted by an earlier attempt whose response was lost.
                Ok(existed) => return Ok(existed || attempts > 1),
                Err(error) => error.with_operation(OPERATION, None),
            };
            let spent = self.clock.elapsed().saturating_sub(started);
            let chance = fastrand::f64();
            let delay = self
                .retry
                .next_delay(&error, Safety::Repeatable, attempts, spent, chance);
            match delay {
                Some(Duration::ZERO) => {}
                Some(delay) => self.clock.sleep(delay).await,
                None => return Err(error),
            }
        }
    }

    async fn attempt(&self, uri: &ContainerUri, name: &str) -> Result<bool> {
        let request = self.request(uri, name).await?;
        let response = self
            .http
            .execute(request)
            .await
            .map_err(|error| failure::unanswered(error, OPERATION, name, uri))?;
        let (parts, body) = response.into_parts();
        if parts.status.is_success() {
            return Ok(true);
        }
        if parts.status == StatusCode::NOT_FOUND {
            return Ok(false);
        }
        let text = body.bytes().await.unwrap_or_default();
        Err(failure::answered(parts.status, &text, name, uri))
    }

    async fn request(&self, uri: &ContainerUri, name: &str) -> Result<HttpRequest> {
        let parts: Vec<String> = name.split('/').map(crate::auth::sas::encode).collect();
        let query = uri.expose().split_once('?').map_or("", |(_, query)| query);
        let mut target = format!(
            "{}/{}",
            uri.location().trim_end_matches('/'),
            parts.join("/")
        );
        if !query.is_empty() {
            target.push('?');
            target.push_str(query);
        }
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = Method::DELETE;
        *request.uri_mut() = target
            .parse()
            .map_err(|_| Error::configuration("the container URI is not a URL"))?;
        let headers = request.headers_mut();
        headers.insert("x-ms-version", HeaderValue::from_static(VERSION));
        if let Some(tokens) = &self.tokens {
            let mut token = tokens.get().await?.header;
            token.set_sensitive(true);
            headers.insert(AUTHORIZATION, token);
        }
        Ok(request)
    }
}
