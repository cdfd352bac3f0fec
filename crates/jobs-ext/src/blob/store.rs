//! Opens containers with `object_store`, over this crate's own HTTP client: same TLS, same CA, same proxy.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use object_store::azure::{AzureCredential, MicrosoftAzureBuilder};
use object_store::client::{ClientOptions, HttpClient, HttpConnector};
use object_store::local::LocalFileSystem;
use object_store::{CredentialProvider, ObjectStore};

use super::delete::Remover;
use super::failure;
use super::service::StorageService;
use crate::auth::credential::TokenCache;
use crate::clock::BoxFuture;
use crate::container::ContainerUri;
use crate::error::{Error, Result};
use crate::http::core::Core;

/// Opens a container, with what its deletions need where it is not a folder.
pub(super) fn open(
    core: &Core,
    uri: &ContainerUri,
) -> Result<(Arc<dyn ObjectStore>, Option<Remover>)> {
    if let Some(folder) = uri.folder() {
        check_folder(folder)?;
        let store = LocalFileSystem::new_with_prefix(folder)
            .map_err(|error| unusable(folder, &failure::system_words(&error)))?;
        return Ok((Arc::new(store), None));
    }
    let not_a_container = || Error::configuration("the container URI names no container");
    let account = uri.account().ok_or_else(not_a_container)?;
    let container = uri.container().ok_or_else(not_a_container)?;
    let url = uri.account_url().ok_or_else(not_a_container)?;
    let https = url.starts_with("https://");
    let tokens = match uri.grant() {
        Some(_) => None,
        None => core.storage_tokens.clone(),
    };
    let service = StorageService {
        http: core.storage_http.client(core, https)?,
        bound: core.timeouts.attempt,
        tokens: tokens.clone(),
    };
    let http = HttpClient::new(service);
    let remover = Remover {
        http: http.clone(),
        tokens: tokens.clone(),
        retry: core.retry.clone(),
        clock: Arc::clone(&core.clock),
    };
    let store = authorise(core, uri, tokens, MicrosoftAzureBuilder::new())?
        .with_account(account)
        .with_container_name(container)
        .with_endpoint(url)
        .with_allow_http(!https)
        .with_http_connector(Connector(http))
        .with_retry(core.retry.for_storage())
        .build()
        .map_err(|error| {
            Error::configuration("the container cannot be opened").with_source(error)
        })?;
    Ok((Arc::new(store), Some(remover)))
}

/// Looks before the store does, whose errors do not say what to do.
fn check_folder(folder: &Path) -> Result<()> {
    match std::fs::metadata(folder) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(Error::configuration(format!(
            "the container {} is a file; give the URI of a folder",
            folder.display()
        ))),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::configuration(format!(
            "the container's folder {} does not exist; create it, or correct the URI",
            folder.display()
        ))),
        Err(error) => Err(unusable(folder, &failure::system_words(&error))),
    }
}

fn unusable(folder: &Path, cause: &str) -> Error {
    Error::configuration(format!(
        "the container's folder {} cannot be opened: {cause}; correct the URI, or the rights of the folders on the way",
        folder.display()
    ))
}

fn authorise(
    core: &Core,
    uri: &ContainerUri,
    tokens: Option<TokenCache>,
    builder: MicrosoftAzureBuilder,
) -> Result<MicrosoftAzureBuilder> {
    if let Some(grant) = uri.grant() {
        if grant.is_expired(core.clock.now()) {
            return Err(Error::configuration(format!(
                "the container's signature has expired ({}) by this machine's clock; make a new one",
                grant.expiry_parameter()
            )));
        }
        return Ok(builder.with_sas_authorization(uri.query_pairs()));
    }
    match tokens {
        Some(tokens) => Ok(builder.with_credentials(Arc::new(Bearer(tokens)))),
        None => Err(Error::configuration(
            "the container's URI carries no signature: give one, or set the client's storage credential",
        )),
    }
}

#[derive(Debug)]
struct Connector(HttpClient);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(self.0.clone())
    }
}

/// Hands the client's own storage tokens over, fresh for each request.
struct Bearer(TokenCache);

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer")
    }
}

impl CredentialProvider for Bearer {
    type Credential = AzureCredential;

    fn get_credential<'a, 'b>(&'a self) -> BoxFuture<'b, object_store::Result<Arc<AzureCredential>>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async {
            let issued = self
                .0
                .get()
                .await
                .map_err(|error| object_store::Error::Generic {
                    store: "storage credential",
                    source: Box::new(error),
                })?;
            let header = issued.header.to_str().unwrap_or_default();
            let token = header.strip_prefix("Bearer ").unwrap_or(header);
            Ok(Arc::new(AzureCredential::BearerToken(token.to_owned())))
        })
    }
}
