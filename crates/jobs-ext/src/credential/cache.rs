//! Keeps a token and renews it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::Shared;
use reqwest::header::HeaderValue;

use super::{Credential, CredentialError, Token, later};
use crate::clock::{BoxFuture, Clock};
use crate::error::{Error, ErrorKind, Result};

/// How long before its expiry a token is renewed: the 5 minutes that clocks may differ, and as much again for slow answers.
const MARGIN: Duration = Duration::from_secs(600);
/// How soon a renewal that failed is tried again while the present token is good.
const AGAIN: Duration = Duration::from_secs(30);

/// Keeps one token and renews it early, without its callers waiting for that. Callers that come when there is none share one request.
#[derive(Clone)]
pub(crate) struct TokenCache(Arc<Shelf>);

struct Shelf {
    credential: Arc<dyn Credential>,
    clock: Arc<dyn Clock>,
    /// How long the credential may take.
    bound: Duration,
    /// Held for moments only, so that callers with a good token never wait for one another.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    /// The request that is under way. It is a task of its own: a caller that is not polled holds nobody up.
    renewal: Option<Renewal>,
    generation: u64,
}

/// What a request for a token came to; none when its runtime ended before it.
type Renewal = Shared<BoxFuture<'static, Option<Result<Issued>>>>;

struct Kept {
    token: Token,
    issued: Issued,
    /// From when on a new one is asked for.
    renew_at: SystemTime,
}

/// A token and its turn, so that a refused one is dropped once however many callers saw it refused.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) header: HeaderValue,
    generation: u64,
}

impl TokenCache {
    pub(crate) fn new(
        credential: Arc<dyn Credential>,
        clock: Arc<dyn Clock>,
        bound: Duration,
    ) -> Self {
        Self(Arc::new(Shelf {
            credential,
            clock,
            bound,
            state: Mutex::default(),
        }))
    }

    pub(crate) async fn get(&self) -> Result<Issued> {
        // A request can end with the runtime that it was begun in; in this one it is begun anew.
        for _ in 0..3 {
            let renewal = {
                let mut state = self.0.lock();
                let now = self.0.clock.now();
                match &state.kept {
                    Some(kept) if now < kept.renew_at => return Ok(kept.issued.clone()),
                    Some(kept) if now < kept.token.expires_at => {
                        let issued = kept.issued.clone();
                        drop(self.0.renew(&mut state));
                        return Ok(issued);
                    }
                    _ => self.0.renew(&mut state),
                }
            };
            let outcome = renewal.clone().await;
            let mut state = self.0.lock();
            if state.renewal.as_ref().is_some_and(|r| r.ptr_eq(&renewal)) {
                state.renewal = None;
            }
            if let Some(outcome) = outcome {
                return outcome;
            }
        }
        Err(Error::new(
            ErrorKind::Credential,
            "the runtime ended before a token was obtained",
        ))
    }

    /// The kept token, when it is good and need not be renewed yet.
    pub(crate) fn current(&self) -> Option<Issued> {
        let state = self.0.lock();
        let kept = state.kept.as_ref()?;
        (self.0.clock.now() < kept.renew_at).then(|| kept.issued.clone())
    }

    /// Forgets a token that was refused, unless another caller already replaced it.
    pub(crate) fn refuse(&self, issued: &Issued) {
        let mut state = self.0.lock();
        let same = |kept: &Kept| kept.issued.generation == issued.generation;
        if state.kept.as_ref().is_some_and(same) {
            state.kept = None;
        }
    }
}

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The request that is under way, or a new one.
    fn renew(self: &Arc<Self>, state: &mut State) -> Renewal {
        if let Some(renewal) = &state.renewal {
            return renewal.clone();
        }
        let shelf = self.clone();
        let task = tokio::spawn(async move {
            let answer = tokio::time::timeout(shelf.bound, shelf.credential.token()).await;
            shelf.keep(answer)
        });
        let waiting: BoxFuture<'static, _> = Box::pin(async move {
            match task.await {
                Ok(outcome) => Some(outcome),
                Err(ended) if ended.is_panic() => Some(Err(Error::new(
                    ErrorKind::Credential,
                    "the credential panicked",
                ))),
                Err(_) => None,
            }
        });
        state.renewal.insert(waiting.shared()).clone()
    }

    /// Takes in what the credential gave. An early renewal that fails is no reason to stop while the present token is good.
    fn keep(
        &self,
        answer: Result<Result<Token, CredentialError>, tokio::time::error::Elapsed>,
    ) -> Result<Issued> {
        let fresh = match answer {
            Ok(Ok(token)) => token.header().map(|header| (token, header)),
            Ok(Err(error)) => Err(
                Error::new(ErrorKind::Credential, "no token could be obtained").with_source(error),
            ),
            Err(_) => Err(Error::new(
                ErrorKind::Credential,
                "the credential gave no token within the time allowed for a try",
            )),
        };
        let mut state = self.lock();
        let now = self.clock.now();
        state.renewal = None;
        match fresh {
            Ok((token, header)) => {
                let left = token.expires_at.duration_since(now).unwrap_or_default();
                state.generation += 1;
                let issued = Issued {
                    header,
                    generation: state.generation,
                };
                state.kept = Some(Kept {
                    token,
                    issued: issued.clone(),
                    // Short tokens are used for four fifths of their life.
                    renew_at: later(now, left.saturating_sub(MARGIN.min(left / 5))),
                });
                Ok(issued)
            }
            Err(error) => match state.kept.as_mut() {
                Some(kept) if now < kept.token.expires_at => {
                    tracing::warn!(%error, "token renewal failed; the present token is used");
                    kept.renew_at = later(now, AGAIN);
                    Ok(kept.issued.clone())
                }
                _ => Err(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Poll;

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
        let bound = Duration::from_secs(90);
        let cache = Arc::new(TokenCache::new(credential.clone(), clock.clone(), bound));
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

    /// Waits for the request that is under way.
    async fn renewed(cache: &TokenCache) {
        let renewal = cache.0.lock().renewal.clone();
        drop(renewal.expect("a request is under way").await);
    }

    #[tokio::test]
    async fn a_token_is_kept_and_renewed_ten_minutes_early() {
        let (clock, _, cache) = cache(3600, 99);
        assert_eq!(header(&cache).await, "Bearer 0");
        clock.advance(2999);
        assert_eq!(header(&cache).await, "Bearer 0");
        assert!(cache.0.lock().renewal.is_none());
        clock.advance(1);
        // Nobody waits for an early renewal.
        assert_eq!(header(&cache).await, "Bearer 0");
        renewed(&cache).await;
        assert_eq!(header(&cache).await, "Bearer 1");
    }

    #[tokio::test]
    async fn short_tokens_are_used_for_most_of_their_life() {
        let (clock, _, cache) = cache(100, 99);
        header(&cache).await;
        clock.advance(79);
        assert_eq!(header(&cache).await, "Bearer 0");
        assert!(cache.0.lock().renewal.is_none());
        clock.advance(1);
        header(&cache).await;
        renewed(&cache).await;
        assert_eq!(header(&cache).await, "Bearer 1");
    }

    /// A credential that answers when it is let.
    struct Held(Arc<tokio::sync::Semaphore>);

    impl Credential for Held {
        fn token(&self) -> BoxFuture<'_, Result<Token, CredentialError>> {
            Box::pin(async {
                self.0.acquire().await?.forget();
                let far = SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000);
                Ok(Token::bearer("held", far))
            })
        }
    }

    #[tokio::test]
    async fn a_caller_that_is_not_polled_holds_nobody_up() {
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let bound = Duration::from_secs(90);
        let cache = TokenCache::new(Arc::new(Held(gate.clone())), Stepped::new(), bound);
        let mut parked = Box::pin(cache.get());
        let first = std::future::poll_fn(|cx| Poll::Ready(parked.as_mut().poll(cx).is_pending()));
        assert!(first.await);
        gate.add_permits(1);
        assert_eq!(header(&cache).await, "Bearer held");
        drop(parked);
    }

    #[tokio::test(start_paused = true)]
    async fn a_credential_that_hangs_ends_at_its_bound_and_a_good_token_is_used_meanwhile() {
        let gate = Arc::new(tokio::sync::Semaphore::new(1));
        let clock = Stepped::new();
        let bound = Duration::from_secs(90);
        let cache = TokenCache::new(Arc::new(Held(gate)), clock.clone(), bound);
        header(&cache).await;
        clock.advance(99_999_900);
        assert_eq!(header(&cache).await, "Bearer held");
        renewed(&cache).await;
        clock.advance(200);
        let error = cache.get().await.err().unwrap();
        assert!(error.to_string().contains("within the time"), "{error}");
    }

    #[tokio::test]
    async fn a_failed_early_renewal_is_tried_again_after_half_a_minute() {
        let (clock, credential, cache) = cache(3600, 1);
        header(&cache).await;
        clock.advance(3000);
        for _ in 0..20 {
            header(&cache).await;
        }
        renewed(&cache).await;
        clock.advance(29);
        header(&cache).await;
        assert_eq!(credential.made.load(Ordering::SeqCst), 2);
        clock.advance(1);
        header(&cache).await;
        renewed(&cache).await;
        assert_eq!(credential.made.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_credential_that_panics_is_an_error_each_time() {
        struct Panics;
        impl Credential for Panics {
            fn token(&self) -> BoxFuture<'_, Result<Token, CredentialError>> {
                panic!("on purpose");
            }
        }
        let bound = Duration::from_secs(90);
        let cache = TokenCache::new(Arc::new(Panics), Stepped::new(), bound);
        for _ in 0..2 {
            let error = cache.get().await.err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Credential);
        }
    }

    #[test]
    fn a_request_of_an_ended_runtime_is_begun_anew() {
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let bound = Duration::from_secs(90);
        let cache = TokenCache::new(Arc::new(Held(gate.clone())), Stepped::new(), bound);
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap()
        };
        runtime().block_on(async {
            let begun = cache.get();
            assert!(tokio::time::timeout(Duration::ZERO, begun).await.is_err());
        });
        gate.add_permits(1);
        assert_eq!(runtime().block_on(header(&cache)), "Bearer held");
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
        renewed(&cache).await;
        clock.advance(100);
        let error = cache.get().await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Credential);
        assert!(!format!("{error} {error:?}").contains("planted"));
    }
}
