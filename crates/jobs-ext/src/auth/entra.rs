//! Entra ID through any credential of the Azure SDK.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use azure_core::credentials::TokenCredential;

use crate::auth::credential::{Credential, CredentialError, Token};
use crate::clock::BoxFuture;

/// The scope of the hub's data plane.
pub const HUB_SCOPE: &str = "https://iothubs.azure.net/.default";
/// The scope of blob storage.
pub const STORAGE_SCOPE: &str = "https://storage.azure.com/.default";

/// A credential of the Azure SDK (`azure_identity` has them for developers, managed identities, workloads and more) as one of this crate.
///
/// The caller needs a data role on the hub, such as IoT Hub Data Contributor: Owner and Contributor hold no data rights.
///
/// ```no_run
/// # fn example(credential: std::sync::Arc<dyn azure_core::credentials::TokenCredential>) -> Result<(), jobs_ext::Error> {
/// use jobs_ext::{EntraCredential, JobsClient};
///
/// let hub = JobsClient::builder("myhub.azure-devices.net")
///     .credential(EntraCredential::for_hub(credential.clone()))
///     .storage_credential(EntraCredential::for_storage(credential))
///     .build()?;
/// # let _ = hub; Ok(()) }
/// ```
#[derive(Clone)]
pub struct EntraCredential {
    inner: Arc<dyn TokenCredential>,
    scope: String,
}

impl EntraCredential {
    /// Tokens for the hub.
    #[must_use]
    pub fn for_hub(credential: Arc<dyn TokenCredential>) -> Self {
        Self::with_scope(credential, HUB_SCOPE)
    }

    /// Tokens for this client's own access to containers.
    #[must_use]
    pub fn for_storage(credential: Arc<dyn TokenCredential>) -> Self {
        Self::with_scope(credential, STORAGE_SCOPE)
    }

    /// Tokens for another scope, as a sovereign cloud may need.
    #[must_use]
    pub fn with_scope(credential: Arc<dyn TokenCredential>, scope: impl Into<String>) -> Self {
        Self {
            inner: credential,
            scope: scope.into(),
        }
    }
}

impl Credential for EntraCredential {
    fn token(&self) -> BoxFuture<'_, Result<Token, CredentialError>> {
        Box::pin(async {
            let token = self.inner.get_token(&[&self.scope], None).await?;
            let seconds = u64::try_from(token.expires_on.unix_timestamp()).unwrap_or_default();
            let expires = UNIX_EPOCH + Duration::from_secs(seconds);
            Ok(Token::bearer(token.token.secret(), expires))
        })
    }
}

impl fmt::Debug for EntraCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntraCredential")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
