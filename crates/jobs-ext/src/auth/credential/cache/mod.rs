//! Keeps a token and renews it.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::Shared;
use reqwest::header::HeaderValue;
use tokio::time::Instant;

use super::{Credential, Token, later};
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
    turns: u64,
    generation: u64,
}

/// A request for a token.
#[derive(Clone)]
struct Renewal {
    turn: u64,
    begun: Instant,
    /// What it came to; none when its runtime ended before it.
    outcome: Shared<BoxFuture<'static, Option<Result<Issued>>>>,
}

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
            // The request has the same bound, but its runtime may be one that nobody drives.
            let outcome = tokio::time::timeout(self.0.bound, renewal.outcome).await;
            self.0.lock().end(renewal.turn);
            match outcome {
                Ok(Some(outcome)) => return outcome,
                Ok(None) => {}
                Err(_) => return Err(too_slow()),
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
        self.forget(|kept| kept.issued.generation == issued.generation);
    }

    /// As [`refuse`](Self::refuse), by what the refused request carried.
    #[cfg(feature = "blob")]
    pub(crate) fn refuse_carried(&self, header: &HeaderValue) {
        self.forget(|kept| kept.issued.header == header);
    }

    fn forget(&self, refused: impl FnOnce(&Kept) -> bool) {
        let mut state = self.0.lock();
        if state.kept.as_ref().is_some_and(refused) {
            state.kept = None;
        }
    }
}

impl State {
    /// Takes away a request that has come to something.
    fn end(&mut self, turn: u64) {
        self.renewal.take_if(|renewal| renewal.turn == turn);
    }
}

/// The credential took longer than it may.
pub(crate) fn too_slow() -> Error {
    Error::new(
        ErrorKind::Credential,
        "the credential gave no token within the time allowed for a try",
    )
}

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The request that is under way, or a new one.
    fn renew(self: &Arc<Self>, state: &mut State) -> Renewal {
        // One that is over its bound has a runtime that ended, or that nobody drives.
        let under_way = |renewal: &&Renewal| renewal.begun.elapsed() <= self.bound;
        if let Some(renewal) = state.renewal.as_ref().filter(under_way) {
            return renewal.clone();
        }
        state.turns += 1;
        let (turn, shelf) = (state.turns, self.clone());
        let task = tokio::spawn(async move {
            let asked = AssertUnwindSafe(async { shelf.credential.token().await }).catch_unwind();
            let answer = match tokio::time::timeout(shelf.bound, asked).await {
                Ok(Ok(answer)) => answer.map_err(|error| {
                    Error::new(ErrorKind::Credential, "no token could be obtained")
                        .with_source(error)
                }),
                Ok(Err(_)) => Err(Error::new(ErrorKind::Credential, "the credential panicked")),
                Err(_) => Err(too_slow()),
            };
            shelf.keep(turn, answer)
        });
        let outcome: BoxFuture<'static, _> = Box::pin(async move { task.await.ok() });
        let renewal = Renewal {
            turn,
            begun: Instant::now(),
            outcome: outcome.shared(),
        };
        state.renewal.insert(renewal).clone()
    }

    /// Takes in what the credential gave. An early renewal that fails is no reason to stop while the present token is good.
    fn keep(&self, turn: u64, answer: Result<Token>) -> Result<Issued> {
        let fresh = answer.and_then(|token| Ok((token.header()?, token)));
        let mut state = self.lock();
        let now = self.clock.now();
        state.end(turn);
        match fresh {
            Ok((header, token)) => {
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
mod tests;
