//! The client's handle, and what its copies share.

use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::auth::credential::TokenCache;
use crate::clock::Clock;
use crate::endpoint::Endpoint;
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::error::Result;
use crate::http::api_version::ApiVersion;
use crate::http::poll::PollPolicy;
use crate::http::retry::RetryPolicy;
#[cfg(feature = "blob")]
use crate::http::storage::StorageHttp;
use crate::http::transport::Timeouts;
#[cfg(feature = "blob")]
use crate::http::transport::Wiring;

/// A client of one hub. Cheap to clone, and every clone shares connections and tokens.
///
/// ```no_run
/// # async fn example(text: String) -> Result<(), jobs_ext::Error> {
/// use jobs_ext::JobsClient;
///
/// let hub = JobsClient::from_connection_string(&text)?;
/// for job in hub.list().await? {
///     println!("{} {} {}", job.id(), job.job_type(), job.status());
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct JobsClient(Arc<Core>);

pub(crate) struct Core {
    pub(crate) api: jobs_api::Client,
    pub(crate) tokens: TokenCache,
    pub(crate) endpoint: Endpoint,
    pub(crate) api_version: ApiVersion,
    pub(crate) retry: RetryPolicy,
    pub(crate) timeouts: Timeouts,
    pub(crate) poll: PollPolicy,
    pub(crate) clock: Arc<dyn Clock>,
    /// How many pollers may look at once. However many jobs are waited for, connections and memory stay bounded.
    pub(crate) looks: Semaphore,
    #[cfg(feature = "blob")]
    pub(crate) wiring: Wiring,
    /// What opens containers without a signature.
    #[cfg(feature = "blob")]
    pub(crate) storage_tokens: Option<TokenCache>,
    #[cfg(feature = "blob")]
    pub(crate) storage_http: StorageHttp,
}

impl JobsClient {
    pub(crate) fn from_core(core: Core) -> Self {
        Self(Arc::new(core))
    }

    pub(crate) fn core(&self) -> &Core {
        &self.0
    }

    /// The hub's address.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    /// The version of the API that requests name.
    #[must_use]
    pub fn api_version(&self) -> &ApiVersion {
        &self.0.api_version
    }

    /// The generated client with a token that is valid now: one method per operation of the API, for what this crate does not cover.
    ///
    /// This is the one place where the types of `jobs-api`, and through them those of the generator and the HTTP library, are part of this
    /// crate's interface; they may change with any minor version. Calls made through it are not retried, and its errors print whole
    /// answers, which can hold container signatures. The token is fixed: ask again for each use.
    ///
    /// # Errors
    /// [`ErrorKind::Credential`] when no token can be obtained.
    pub async fn api(&self) -> Result<jobs_api::Client> {
        let issued = self.0.tokens.get().await?;
        Ok(self.0.api.with_context(self.0.context(&issued)))
    }
}

impl fmt::Debug for JobsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobsClient")
            .field("endpoint", &self.0.endpoint.to_string())
            .field("api_version", &self.0.api_version.as_str())
            .finish_non_exhaustive()
    }
}
