//! Options of a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::auth::connection_string::{ConnectionSecret, ConnectionString};
use crate::auth::credential::{Credential, KeyCredential, TokenCache, TokenCredential};
use crate::auth::sas::{SasToken, SharedAccessKey};
use crate::clock::{Clock, SystemClock};
use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::http::api_version::ApiVersion;
use crate::http::core::{Core, JobsClient};
use crate::http::poll::PollPolicy;
use crate::http::proxy::NoProxy;
use crate::http::retry::RetryPolicy;
use crate::http::transport::{Timeouts, Wiring};

/// Collects what a [`JobsClient`] is made of. Mistakes are told by [`build`](Self::build), so that calls can be chained.
///
/// ```
/// use std::time::Duration;
/// use jobs_ext::{JobsClient, RetryPolicy};
///
/// let text = "HostName=localhost:8443;SharedAccessKeyName=iothubowner;SharedAccessKey=c2VjcmV0";
/// let hub = JobsClient::builder("http://127.0.0.1:8080") // where a local hub listens in plain mode
///     .connection_string(text)
///     .retry(RetryPolicy::default().max_attempts(3))
///     .user_agent("fleet-tool/1.4")
///     .build()?;
/// # let _ = hub;
/// # Ok::<(), jobs_ext::Error>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct JobsClientBuilder {
    endpoint: Option<String>,
    connection_string: Option<Result<ConnectionString>>,
    shared_access_key: Option<Result<SharedAccessKey>>,
    sas_token: Option<Result<SasToken>>,
    credential: Option<Arc<dyn Credential>>,
    storage_credential: Option<Arc<dyn Credential>>,
    token_lifetime: Duration,
    api_version: Option<String>,
    wiring: Result<Wiring>,
    retry: RetryPolicy,
    timeouts: Timeouts,
    poll: PollPolicy,
    clock: Option<Arc<dyn Clock>>,
}

/// Looks of pollers at once; the hub's own limit on job requests is far below what this can send.
const LOOKS: usize = 64;

/// Tokens are renewed ten minutes early, and clocks may differ by five.
const SHORTEST_LIFETIME: Duration = Duration::from_secs(20 * 60);
/// The service takes any expiry; what is valid for longer is no token but a second key.
const LONGEST_LIFETIME: Duration = Duration::from_secs(365 * 24 * 3600);

impl JobsClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            endpoint: None,
            connection_string: None,
            shared_access_key: None,
            sas_token: None,
            credential: None,
            storage_credential: None,
            token_lifetime: Duration::from_secs(3600),
            api_version: None,
            wiring: Ok(Wiring::default()),
            retry: RetryPolicy::default(),
            timeouts: Timeouts::default(),
            poll: PollPolicy::default(),
            clock: None,
        }
    }

    /// Where the hub is: a host name or `https://…`; `http://…` for this machine alone; or an [`Endpoint`]. Overrides the connection
    /// string's `HostName`, which stays what tokens are signed for.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// Address and key by a service connection string: `HostName=…;SharedAccessKeyName=…;SharedAccessKey=…`.
    pub fn connection_string(mut self, text: &str) -> Self {
        self.connection_string = Some(text.parse());
        self
    }

    /// Like [`connection_string`](Self::connection_string), for one that was parsed before.
    pub fn connection(mut self, parsed: ConnectionString) -> Self {
        self.connection_string = Some(Ok(parsed));
        self
    }

    /// The name and the base64 key of one of the hub's shared access policies, for an address given by [`endpoint`](Self::endpoint).
    pub fn shared_access_key(mut self, policy: impl Into<String>, key: &str) -> Self {
        self.shared_access_key = Some(SharedAccessKey::new(policy, key));
        self
    }

    /// A ready-made `SharedAccessSignature …` token. It is used until it expires and cannot be renewed.
    pub fn sas_token(mut self, token: &str) -> Self {
        self.sas_token = Some(SasToken::parse(token));
        self
    }

    /// Like [`sas_token`](Self::sas_token), for one that was parsed before, or signed with a [`SharedAccessKey`].
    pub fn token(mut self, token: SasToken) -> Self {
        self.sas_token = Some(Ok(token));
        self
    }

    /// Anything that makes tokens for the hub.
    pub fn credential(self, credential: impl Credential) -> Self {
        self.shared_credential(Arc::new(credential))
    }

    /// Like [`credential`](Self::credential), for one that is shared with others.
    pub fn shared_credential(mut self, credential: Arc<dyn Credential>) -> Self {
        self.credential = Some(credential);
        self
    }

    /// What this client itself uses to reach containers whose URI carries no signature: bearer tokens for `https://storage.azure.com`.
    /// The hub does not see it; its own identity is chosen with [`StorageAuth`](crate::StorageAuth).
    pub fn storage_credential(mut self, credential: impl Credential) -> Self {
        self.storage_credential = Some(Arc::new(credential));
        self
    }

    /// How long signed tokens are valid; an hour unless said otherwise, 20 minutes at least so that clocks may differ, and a year
    /// (365 days) at most: a shorter or longer time counts as that.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime.clamp(SHORTEST_LIFETIME, LONGEST_LIFETIME);
        self
    }

    /// The version of the API to speak, such as `2021-04-12`, or an [`ApiVersion`].
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = Some(version.into());
        self
    }

    /// Trusts the certificates of a PEM text besides the platform's own.
    pub fn ca_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.wiring = self.wiring.and_then(|mut wiring| {
            wiring.add_authorities(pem.as_ref())?;
            Ok(wiring)
        });
        self
    }

    /// Sends requests to the hub and to storage through an HTTP proxy (see [`ProxyUrl`](crate::ProxyUrl)), but for requests to this machine.
    /// The environment is never read for one.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        if let Ok(wiring) = &mut self.wiring {
            wiring.proxies.all = Some(url.into());
        }
        self
    }

    /// Sends `https` requests through this proxy, in place of the one of [`proxy`](Self::proxy): what the variable `HTTPS_PROXY` means.
    pub fn https_proxy(mut self, url: impl Into<String>) -> Self {
        if let Ok(wiring) = &mut self.wiring {
            wiring.proxies.https = Some(url.into());
        }
        self
    }

    /// Hosts that are reached without the proxy, for example in the form of the variable `NO_PROXY`.
    pub fn no_proxy(mut self, hosts: impl Into<NoProxy>) -> Self {
        if let Ok(wiring) = &mut self.wiring {
            wiring.proxies.direct = hosts.into();
        }
        self
    }

    /// Puts the application's name before this crate's in the `User-Agent` header.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        if let Ok(wiring) = &mut self.wiring {
            wiring.user_agent = Some(name.into());
        }
        self
    }

    /// When requests are sent again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How long things may take.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// How jobs are waited for, unless their options say otherwise.
    pub fn poll(mut self, policy: PollPolicy) -> Self {
        self.poll = policy;
        self
    }

    /// Where the time comes from; for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Makes the client. Nothing is sent yet.
    ///
    /// # Errors
    /// Configuration: an endpoint or connection string that is malformed, no credential or more than one, an unreadable CA, an api-version
    /// that is no date, plain http to another machine.
    pub fn build(self) -> Result<JobsClient> {
        let connection = self.connection_string.transpose()?;
        let endpoint: Endpoint = match (&self.endpoint, &connection) {
            (Some(text), _) => text.parse()?,
            (None, Some(connection)) => connection.endpoint()?,
            (None, None) => {
                return Err(Error::configuration(
                    "no endpoint: give the hub's host name or a connection string",
                ));
            }
        };
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        let resource = connection
            .as_ref()
            .map_or(endpoint.authority(), ConnectionString::host_name)
            .to_owned();
        let secrets = [
            connection.map(ConnectionString::into_secret),
            self.shared_access_key
                .transpose()?
                .map(ConnectionSecret::Key),
            self.sas_token.transpose()?.map(ConnectionSecret::Token),
        ];
        let given = secrets
            .into_iter()
            .flatten()
            .map(|secret| credential_of(secret, &resource, self.token_lifetime, clock.clone()));
        let mut credentials = self.credential.into_iter().chain(given);
        let (Some(credential), None) = (credentials.next(), credentials.next()) else {
            return Err(Error::configuration(
                "give exactly one credential: a connection string, a shared access key or signature, or a credential of your own",
            ));
        };
        let api_version = match self.api_version {
            Some(text) => text.parse()?,
            None => ApiVersion::default(),
        };
        let wiring = self.wiring?;
        let http = wiring.client(&self.timeouts, endpoint.is_https())?;
        let api = jobs_api::Client::new_with_client(
            &endpoint.base_url(),
            http,
            jobs_api::RequestContext::new().with_api_version(api_version.as_str()),
        );
        let bound = self.timeouts.attempt;
        let tokens = |credential| TokenCache::new(credential, clock.clone(), bound);
        Ok(JobsClient::from_core(Core {
            api,
            tokens: tokens(credential),
            endpoint,
            api_version,
            retry: self.retry,
            timeouts: self.timeouts,
            poll: self.poll,
            clock: clock.clone(),
            looks: Semaphore::new(LOOKS),
            #[cfg(feature = "blob")]
            wiring,
            #[cfg(feature = "blob")]
            storage_tokens: self.storage_credential.map(tokens),
            #[cfg(feature = "blob")]
            storage_http: crate::http::storage::StorageHttp::default(),
        }))
    }
}

fn credential_of(
    secret: ConnectionSecret,
    resource: &str,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
) -> Arc<dyn Credential> {
    match secret {
        ConnectionSecret::Key(key) => Arc::new(KeyCredential {
            key,
            resource: resource.to_owned(),
            lifetime,
            clock,
        }),
        ConnectionSecret::Token(token) => Arc::new(TokenCredential { token, clock }),
    }
}

impl fmt::Debug for JobsClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobsClientBuilder")
            .field("retry", &self.retry)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}
