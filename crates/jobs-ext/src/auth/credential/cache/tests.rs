use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use super::*;
use crate::auth::credential::CredentialError;

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
    drop(renewal.expect("a request is under way").outcome.await);
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

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
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

#[tokio::test]
async fn an_early_renewal_that_panics_is_tried_again() {
    struct Once(AtomicU32);
    impl Credential for Once {
        fn token(&self) -> BoxFuture<'_, Result<Token, CredentialError>> {
            let turn = self.0.fetch_add(1, Ordering::SeqCst);
            assert_ne!(turn, 1, "on purpose");
            let life = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_003_600);
            Box::pin(std::future::ready(Ok(Token::bearer("t", life))))
        }
    }
    let clock = Stepped::new();
    let bound = Duration::from_secs(90);
    let cache = TokenCache::new(Arc::new(Once(AtomicU32::new(0))), clock.clone(), bound);
    header(&cache).await;
    clock.advance(3000);
    header(&cache).await;
    renewed(&cache).await;
    assert!(cache.0.lock().renewal.is_none());
    clock.advance(30);
    header(&cache).await;
    renewed(&cache).await;
    assert_eq!(cache.0.lock().generation, 2);
}

/// Its timer does not run either.
#[test]
fn a_request_in_a_runtime_that_nobody_drives_is_given_up() {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let bound = Duration::from_millis(50);
    let cache = TokenCache::new(Arc::new(Held(gate.clone())), Stepped::new(), bound);
    let idle = runtime();
    idle.block_on(async {
        let begun = cache.get();
        assert!(tokio::time::timeout(Duration::ZERO, begun).await.is_err());
    });
    gate.add_permits(2);
    let driven = runtime();
    let first = driven.block_on(cache.get());
    let again = driven.block_on(cache.get());
    assert!(first.is_ok() || again.is_ok());
    drop(idle);
}

#[test]
fn a_request_of_an_ended_runtime_is_begun_anew() {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let bound = Duration::from_secs(90);
    let cache = TokenCache::new(Arc::new(Held(gate.clone())), Stepped::new(), bound);
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
