//! Who is calling: shared access keys, ready-made tokens, Entra ID, or anything that can make a token.

mod cache;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::HeaderValue;

use crate::auth::sas::{SasToken, SharedAccessKey};
use crate::clock::{BoxFuture, Clock};
use crate::error::{Error, ErrorKind, Result};
use crate::redact::Secret;

pub(crate) use cache::{Issued, TokenCache, too_slow};

/// A failure to obtain a token: any error.
pub type CredentialError = Box<dyn std::error::Error + Send + Sync>;

/// Makes the tokens that requests are authorised with. One method, so that your own takes a few lines.
///
/// The client caches what it gets until shortly before [`Token::expires_at`], asks once at a time, and asks again once when the hub
/// answers 401.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use jobs_ext::{BoxFuture, Credential, CredentialError, Token};
///
/// struct FromVault;
///
/// impl Credential for FromVault {
///     fn token(&self) -> BoxFuture<'_, Result<Token, CredentialError>> {
///         Box::pin(async {
///             let jwt = "…"; // fetch it
///             Ok(Token::bearer(jwt, SystemTime::now() + Duration::from_secs(3600)))
///         })
///     }
/// }
/// ```
pub trait Credential: Send + Sync + 'static {
    /// A token that is valid now, for the hub (or, given as storage credential, for the storage account).
    fn token(&self) -> BoxFuture<'_, Result<Token, CredentialError>>;
}

/// What goes into the `Authorization` header, and until when it is good. It never prints.
#[derive(Clone)]
pub struct Token {
    value: Secret,
    expires_at: SystemTime,
}

impl Token {
    /// An Entra ID access token (a JWT), without the word `Bearer`.
    #[must_use]
    pub fn bearer(jwt: &str, expires_at: SystemTime) -> Self {
        Self {
            value: Secret::new(format!("Bearer {}", jwt.trim())),
            expires_at,
        }
    }

    /// A signed hub token.
    #[must_use]
    pub fn sas(token: &SasToken) -> Self {
        Self {
            value: Secret::new(token.expose()),
            expires_at: token.expires(),
        }
    }

    /// Until when the token is good.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.expires_at
    }

    /// The value of the `Authorization` header.
    fn header(&self) -> Result<HeaderValue> {
        let mut value: HeaderValue = self.value.expose().parse().map_err(|_| {
            Error::new(
                ErrorKind::Credential,
                "the token holds characters that no header can carry",
            )
        })?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("value", &self.value)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

/// Signs tokens with a shared access key: what a connection string gives.
pub(crate) struct KeyCredential {
    pub(crate) key: SharedAccessKey,
    pub(crate) resource: String,
    pub(crate) lifetime: Duration,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Credential for KeyCredential {
    fn token(&self) -> BoxFuture<'_, Result<Token, CredentialError>> {
        let expires = later(self.clock.now(), self.lifetime);
        let token = Token::sas(&self.key.sign(&self.resource, expires));
        Box::pin(std::future::ready(Ok(token)))
    }
}

/// A ready-made token; it cannot be renewed.
pub(crate) struct TokenCredential {
    pub(crate) token: SasToken,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Credential for TokenCredential {
    fn token(&self) -> BoxFuture<'_, Result<Token, CredentialError>> {
        let answer = if self.token.expires() <= self.clock.now() {
            Err("the given shared access signature has expired (field se, by this machine's clock); make a new one".into())
        } else {
            Ok(Token::sas(&self.token))
        };
        Box::pin(std::future::ready(answer))
    }
}

/// Some time from `now`; far off where the clock's range ends.
fn later(now: SystemTime, by: Duration) -> SystemTime {
    /// About what any clock's range has room for.
    const FAR: Duration = Duration::from_secs(100 * 365 * 86_400);
    now.checked_add(by).unwrap_or(now + FAR)
}
