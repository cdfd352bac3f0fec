//! Who is calling: shared access keys, ready-made tokens, Entra ID, or anything that can make a token.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::header::HeaderValue;

use crate::clock::{BoxFuture, Clock};
use crate::error::{Error, ErrorKind, Result};
use crate::redact::Secret;
use crate::sas::{SasToken, SharedAccessKey};

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
        let expires = self.clock.now() + self.lifetime;
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

/// How long before its expiry a token is renewed: the 5 minutes that clocks may differ, and as much again for slow answers.
const MARGIN: Duration = Duration::from_secs(600);

/// Keeps one token and renews it early. Callers that come at the same time share one renewal.
pub(crate) struct TokenCache {
    credential: Arc<dyn Credential>,
    clock: Arc<dyn Clock>,
    /// Held for moments only, so that callers with a good token never wait for one another.
    kept: Mutex<Option<Kept>>,
    /// Held while a token is asked for: one at a time.
    renewal: tokio::sync::Mutex<()>,
}

struct Kept {
    token: Token,
    header: HeaderValue,
    /// From when on a new one is asked for.
    renew_at: SystemTime,
    generation: u64,
}

/// A token and its turn, so that a refused one is dropped once however many callers saw it refused.
pub(crate) struct Issued {
    pub(crate) header: HeaderValue,
    generation: u64,
}

impl Kept {
    fn issue(&self) -> Issued {
        Issued {
            header: self.header.clone(),
            generation: self.generation,
        }
    }
}

impl TokenCache {
    pub(crate) fn new(credential: Arc<dyn Credential>, clock: Arc<dyn Clock>) -> Self {
        Self {
            credential,
            clock,
            kept: Mutex::new(None),
            renewal: tokio::sync::Mutex::new(()),
        }
    }

    pub(crate) async fn get(&self) -> Result<Issued> {
        if let Some(issued) = self.current() {
            return Ok(issued);
        }
        let _one_at_a_time = self.renewal.lock().await;
        // Another caller may have renewed it in the meantime.
        if let Some(issued) = self.current() {
            return Ok(issued);
        }
        let answer = self.credential.token().await;
        let mut kept = self.lock();
        let generation = kept.as_ref().map_or(0, |kept| kept.generation + 1);
        let token = match (answer, kept.as_ref()) {
            (Ok(token), _) => token,
            // An early renewal that fails is no reason to stop while the present token is good.
            (Err(error), Some(kept)) if kept.token.expires_at > self.clock.now() => {
                tracing::warn!(error = %crate::redact::clean(&error.to_string(), 300), "token renewal failed; the present token is used");
                return Ok(kept.issue());
            }
            (Err(error), _) => {
                return Err(
                    Error::new(ErrorKind::Credential, "no token could be obtained")
                        .with_source(error),
                );
            }
        };
        let now = self.clock.now();
        let left = token.expires_at.duration_since(now).unwrap_or_default();
        let fresh = Kept {
            header: token.header()?,
            token,
            // Short tokens are used for four fifths of their life.
            renew_at: now + left.saturating_sub(MARGIN.min(left / 5)),
            generation,
        };
        let issued = fresh.issue();
        *kept = Some(fresh);
        Ok(issued)
    }

    /// The kept token, when it is good and need not be renewed yet.
    pub(crate) fn current(&self) -> Option<Issued> {
        let kept = self.lock();
        let kept = kept.as_ref()?;
        (self.clock.now() < kept.renew_at).then(|| kept.issue())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a token that the hub refused, unless another caller already replaced it.
    pub(crate) fn refuse(&self, issued: &Issued) {
        let mut kept = self.lock();
        if let Some(kept) = kept
            .as_mut()
            .filter(|kept| kept.generation == issued.generation)
        {
            kept.renew_at = SystemTime::UNIX_EPOCH;
            kept.token.expires_at = SystemTime::UNIX_EPOCH;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    struct Stepped(Mutex<SystemTime>);

    impl Stepped {
        fn new() -> Arc<Self> {
            Arc::new(Self(Mutex::new(
                SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
            )))
        }

        fn advance(&self, seconds: u64) {
            *self.0.lock().unwrap() += Duration::from_secs(seconds);
        }
    }

    impl Clock for Stepped {
        fn now(&self) -> SystemTime {
            *self.0.lock().unwrap()
        }

        fn elapsed(&self) -> Duration {
            Duration::ZERO
        }

        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    struct Counting {
        clock: Arc<Stepped>,
        lifetime: u64,
        made: AtomicU32,
        fail_from: u32,
    }

    impl Credential for Counting {
        fn token(&self) -> BoxFuture<'_, Result<Token, CredentialError>> {
            let turn = self.made.fetch_add(1, Ordering::SeqCst);
            let expires = self.clock.now() + Duration::from_secs(self.lifetime);
            Box::pin(async move {
                tokio::task::yield_now().await;
                if turn >= self.fail_from {
                    return Err("identity service down, sig=planted".into());
                }
                Ok(Token::bearer(&turn.to_string(), expires))
            })
        }
    }

    fn cache(lifetime: u64, fail_from: u32) -> (Arc<Stepped>, Arc<Counting>, Arc<TokenCache>) {
        let clock = Stepped::new();
        let credential = Arc::new(Counting {
            clock: clock.clone(),
            lifetime,
            made: AtomicU32::new(0),
            fail_from,
        });
        let cache = Arc::new(TokenCache::new(credential.clone(), clock.clone()));
        (clock, credential, cache)
    }

    async fn header(cache: &TokenCache) -> String {
        cache
            .get()
            .await
            .unwrap()
            .header
            .to_str()
            .unwrap()
            .to_owned()
    }

    #[tokio::test]
    async fn a_token_is_kept_and_renewed_ten_minutes_early() {
        let (clock, _, cache) = cache(3600, 99);
        assert_eq!(header(&cache).await, "Bearer 0");
        clock.advance(2999);
        assert_eq!(header(&cache).await, "Bearer 0");
        clock.advance(1);
        assert_eq!(header(&cache).await, "Bearer 1");
    }

    #[tokio::test]
    async fn short_tokens_are_used_for_most_of_their_life() {
        let (clock, _, cache) = cache(100, 99);
        header(&cache).await;
        clock.advance(79);
        assert_eq!(header(&cache).await, "Bearer 0");
        clock.advance(1);
        assert_eq!(header(&cache).await, "Bearer 1");
    }

    #[tokio::test]
    async fn callers_at_the_same_time_share_one_token() {
        let (_, credential, cache) = cache(3600, 99);
        let all = (0..32).map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { header(&cache).await })
        });
        for task in all.collect::<Vec<_>>() {
            assert_eq!(task.await.unwrap(), "Bearer 0");
        }
        assert_eq!(credential.made.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_refused_token_is_replaced_once_by_many_callers() {
        let (_, credential, cache) = cache(3600, 99);
        let first = cache.get().await.unwrap();
        let again = cache.get().await.unwrap();
        cache.refuse(&first);
        assert_eq!(header(&cache).await, "Bearer 1");
        cache.refuse(&again);
        assert_eq!(header(&cache).await, "Bearer 1");
        assert_eq!(credential.made.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_failed_early_renewal_is_not_fatal_until_the_token_expires() {
        let (clock, _, cache) = cache(3600, 1);
        header(&cache).await;
        clock.advance(3500);
        assert_eq!(header(&cache).await, "Bearer 0");
        clock.advance(100);
        let error = cache.get().await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Credential);
        assert!(!format!("{error} {error:?}").contains("planted"));
    }
}
