//! Every request goes through here: token, try, timeout, reading the answer, retry, trace.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::{Duration, SystemTime};

use jobs_api::{Answer, Capture, RequestContext, ResponseValue};

use crate::auth::credential::Issued;
use crate::error::decode;
use crate::error::{Error, ErrorKind, Result, ServiceAnswer, read_answer};
use crate::http::core::Core;
use crate::http::retry::{Safety, retry_after};
use crate::timestamp::parse_http_date;

/// The longest answer that is read. A hub keeps jobs for 30 days, so lists can be long, but not endless.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;
/// The longest list of jobs: a hub remembers them for 30 days.
pub(crate) const MOST_JOBS: usize = 100_000;
/// The longest error body that is read.
const LONGEST_ERROR: usize = 64 * 1024;

/// One operation, as the errors and traces name it.
pub(crate) struct Call<'a> {
    pub(crate) operation: &'static str,
    pub(crate) job_id: Option<&'a str>,
    pub(crate) safety: Safety,
    /// Members that the request's body gets besides the generated model's.
    pub(crate) extra: Option<&'a serde_json::Map<String, serde_json::Value>>,
    /// Values in the request's body that no error may repeat.
    pub(crate) private: &'a [String],
    /// When the operation began, by the client's clock, where this is not its first request: its own bound counts from then.
    pub(crate) began: Option<Duration>,
}

impl<'a> Call<'a> {
    /// A request that may be repeated.
    pub(crate) fn repeatable(operation: &'static str, job_id: Option<&'a str>) -> Self {
        Self {
            operation,
            job_id,
            safety: Safety::Repeatable,
            extra: None,
            private: &[],
            began: None,
        }
    }

    /// A create.
    pub(crate) fn once(operation: &'static str, job_id: Option<&'a str>) -> Self {
        Self {
            safety: Safety::Once,
            ..Self::repeatable(operation, job_id)
        }
    }
}

/// How far an operation has come.
struct Run {
    started: Duration,
    /// The operation's own bound may count from an earlier request; repetitions count from this one.
    began: Duration,
    sent: u32,
    tries: u32,
    refreshed: bool,
}

impl Run {
    fn of(call: &Call<'_>, started: Duration) -> Self {
        Self {
            started,
            began: call.began.unwrap_or(started),
            sent: 0,
            tries: 0,
            refreshed: false,
        }
    }
}

/// A model and the answer that it was read from. Boxed, for it is handed up through many levels.
pub(crate) type Got<T> = (Box<T>, Answer);

impl Core {
    /// Sends a request, again where that is safe, and gives the generated model with the answer it was read from.
    pub(crate) async fn call<T, F, Fut>(&self, call: Call<'_>, send: F) -> Result<Got<T>>
    where
        F: Fn(jobs_api::Client) -> Fut,
        Fut: Future<Output = Result<ResponseValue<T>, jobs_api::Error<()>>>,
    {
        let span = tracing::info_span!(
            "iothub.jobs",
            otel.kind = "client",
            operation = call.operation,
            job_id = call.job_id,
            attempts = tracing::field::Empty,
            status = tracing::field::Empty,
            error = tracing::field::Empty,
            duration_ms = tracing::field::Empty,
        );
        let started = self.clock.elapsed();
        // Pinned where it stands: what wraps a future copies it, and this one is large.
        let mut attempting = pin!(self.attempts(&call, &send, started));
        let attempting = poll_fn(|context| {
            let _entered = span.enter();
            attempting.as_mut().poll(context)
        });
        let (outcome, attempts) = attempting.await;
        if !span.is_disabled() {
            span.record("attempts", attempts);
            span.record("duration_ms", self.millis_since(started));
        }
        match outcome {
            Ok((value, answer)) => {
                span.record("status", answer.status());
                Ok((value, answer))
            }
            Err(mut error) => {
                error.detail_mut().attempts = attempts;
                let error = error.with_operation(call.operation, call.job_id);
                span.record("status", error.status());
                span.record("error", error.kind().phrase());
                Err(error)
            }
        }
    }

    async fn attempts<T, F, Fut>(
        &self,
        call: &Call<'_>,
        send: &F,
        started: Duration,
    ) -> (Result<Got<T>>, u32)
    where
        F: Fn(jobs_api::Client) -> Fut,
        Fut: Future<Output = Result<ResponseValue<T>, jobs_api::Error<()>>>,
    {
        let mut run = Run::of(call, started);
        loop {
            // Nearly every call finds a good token; what waits for one is kept out of the others' way.
            let issued = match self.tokens.current() {
                Some(issued) => issued,
                None => match Box::pin(self.wait_for_token(run.began)).await {
                    Ok(issued) => issued,
                    Err(error) => return (Err(error), run.sent),
                },
            };
            let bound = match self.attempt_bound(run.began) {
                Ok(bound) => bound,
                Err(error) => return (Err(error), run.sent),
            };
            run.sent += 1;
            run.tries += 1;
            let error = match self.attempt(call, send, &issued, bound, run.sent).await {
                Ok(done) => return (Ok(done), run.sent),
                Err(error) => error,
            };
            match self.again(call, &error, &issued, &mut run) {
                Some(Duration::ZERO) => {}
                Some(delay) => self.clock.sleep(delay).await,
                None => return (Err(error), run.sent),
            }
        }
    }

    /// Whether a request that failed goes out again, and after how long.
    // Apart and cold: calls that succeed, many of which can be in flight, then have less to go through.
    #[cold]
    fn again(
        &self,
        call: &Call<'_>,
        error: &Error,
        issued: &Issued,
        run: &mut Run,
    ) -> Option<Duration> {
        if error.status() == Some(401) && !run.refreshed {
            // The hub did not begin anything, so even a create may go out again; with a fresh token, and once.
            tracing::debug!(attempt = run.sent, "unauthorised; renewing the token once");
            self.tokens.refuse(issued);
            run.refreshed = true;
            run.tries -= 1;
            return Some(Duration::ZERO);
        }
        let now = self.clock.elapsed();
        let spent = now.saturating_sub(run.started);
        let chance = fastrand::f64();
        let delay = self
            .retry
            .next_delay(error, call.safety, run.tries, spent, chance)?;
        if let Some(bound) = self.timeouts.operation
            && now.saturating_sub(run.began) + delay >= bound
        {
            return None;
        }
        tracing::warn!(
            operation = call.operation,
            job_id = call.job_id,
            attempt = run.sent,
            status = error.status(),
            code = error.code(),
            delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            error = %error.kind(),
            "request failed and is repeated"
        );
        Some(delay)
    }

    /// A token, within the time that the operation has left.
    async fn wait_for_token(&self, began: Duration) -> Result<Issued> {
        let bound = self.attempt_bound(began)?;
        tokio::time::timeout(bound, self.tokens.get())
            .await
            .unwrap_or_else(|_| Err(crate::auth::credential::too_slow()))
    }

    /// How long the next try may take within the operation's own bound.
    fn attempt_bound(&self, began: Duration) -> Result<Duration> {
        let Some(bound) = self.timeouts.operation else {
            return Ok(self.timeouts.attempt);
        };
        let spent = self.clock.elapsed().saturating_sub(began);
        if bound <= spent {
            return Err(Error::new(
                ErrorKind::Timeout,
                format!("the {bound:?} allowed for the operation are spent"),
            ));
        }
        Ok(self.timeouts.attempt.min(bound - spent))
    }

    async fn attempt<T, F, Fut>(
        &self,
        call: &Call<'_>,
        send: &F,
        issued: &Issued,
        bound: Duration,
        attempt: u32,
    ) -> Result<Got<T>>
    where
        F: Fn(jobs_api::Client) -> Fut,
        Fut: Future<Output = Result<ResponseValue<T>, jobs_api::Error<()>>>,
    {
        let capture = Capture::new(LONGEST_ANSWER, LONGEST_ERROR).with_most_items(MOST_JOBS);
        let mut context = self.context(issued).with_capture(capture.clone());
        if let Some(extra) = call.extra {
            context = context.with_body_members(extra.clone());
        }
        let span = tracing::debug_span!(
            "attempt",
            operation = call.operation,
            job_id = call.job_id,
            attempt,
            status = tracing::field::Empty,
            duration_ms = tracing::field::Empty,
        );
        let begun = (!span.is_disabled()).then(|| self.clock.elapsed());
        let mut sending = pin!(send(self.api.with_context(context)));
        let trying = poll_fn(|context| {
            let _entered = span.enter();
            // Boxed here already: what each level hands up by value is copied there.
            let answer = sending.as_mut().poll(context);
            answer.map(|answer| match answer {
                Ok(value) => Ok(Box::new(value.into_inner())),
                Err(error) => Err(Box::new(error)),
            })
        });
        let answer = tokio::time::timeout(bound, trying).await;
        let outcome = match answer {
            Ok(Ok(model)) => match capture.take() {
                Some(answer) => Ok((model, answer)),
                None => Err(Error::new(ErrorKind::Decode, "the answer was not kept")),
            },
            Ok(Err(error)) => Err(failure(
                *error,
                capture.take(),
                self.clock.now(),
                call.private,
            )),
            Err(_) => {
                let mut error = Error::new(
                    ErrorKind::Timeout,
                    format!("no answer within the {bound:?} allowed for a try"),
                );
                error.detail_mut().sent = true;
                Err(error)
            }
        };
        if let Some(begun) = begun {
            let status = match &outcome {
                Ok((_, answer)) => Some(answer.status()),
                Err(error) => error.status(),
            };
            span.record("status", status);
            span.record("duration_ms", self.millis_since(begun));
        }
        outcome
    }

    fn millis_since(&self, begun: Duration) -> u64 {
        let spent = self.clock.elapsed().saturating_sub(begun);
        u64::try_from(spent.as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn context(&self, issued: &Issued) -> RequestContext {
        // The version of the API stands in the context that the client was built with.
        self.api
            .context()
            .clone()
            .with_authorization(issued.header.clone())
    }
}

/// Turns the generated client's error into ours; whatever it holds beyond the kind comes from the kept answer.
fn failure(
    error: jobs_api::Error<()>,
    answer: Option<Answer>,
    now: SystemTime,
    private: &[String],
) -> Error {
    use jobs_api::Error as Api;
    match (error, answer) {
        (Api::UnexpectedResponse(_) | Api::ErrorResponse(_), Some(answer)) => {
            refused(&answer, now, private)
        }
        (Api::InvalidResponsePayload(_, cause), Some(answer)) => unreadable(&cause, &answer),
        (Api::CommunicationError(cause) | Api::ResponseBodyError(cause), _) => broken(cause),
        (Api::InvalidRequest(_) | Api::Custom(_), _) => {
            Error::configuration("the request could not be built")
        }
        _ => Error::new(ErrorKind::Decode, "the answer could not be read"),
    }
}

fn refused(answer: &Answer, now: SystemTime, private: &[String]) -> Error {
    let wait = answer
        .header("retry-after")
        .and_then(|value| retry_after(value, answer.header("date"), now));
    let mut error = read_answer(&ServiceAnswer {
        status: answer.status(),
        code: answer.header("iothub-errorcode"),
        request_id: answer.header("x-ms-request-id"),
        content_type: answer.header("content-type"),
        location: answer.header("location"),
        retry_after: wait,
        body: answer.body(),
        cut: answer.is_cut(),
        private,
    });
    error.detail_mut().server_date = answer.header("date").and_then(parse_http_date);
    error
}

/// From the parser's error only the place is kept: its text may quote values.
pub(crate) fn unreadable(cause: &serde_json::Error, answer: &Answer) -> Error {
    let message = if answer.is_cut() {
        format!("the answer is longer than {LONGEST_ANSWER} bytes")
    } else if answer.has_too_many_items() {
        format!("the hub lists more than {MOST_JOBS} jobs")
    } else {
        decode::explain(cause, answer.body())
    };
    let mut error = Error::new(ErrorKind::Decode, message).of_answer(answer);
    error.detail_mut().sent = true;
    error
}

impl Error {
    /// Notes which answer an error is about.
    pub(crate) fn of_answer(mut self, answer: &Answer) -> Self {
        let detail = self.detail_mut();
        detail.status = Some(answer.status());
        detail.request_id = answer
            .header("x-ms-request-id")
            .map(|id| crate::redact::clean(id, 128));
        self
    }
}

fn broken(cause: reqwest::Error) -> Error {
    let cause = cause.without_url();
    if cause.is_builder() {
        return Error::configuration("the request could not be built").with_source(cause);
    }
    let reached = !cause.is_connect();
    let (kind, message) = match (cause.is_timeout(), reached) {
        (true, false) => (
            ErrorKind::Transport,
            "no connection within the time allowed",
        ),
        (true, true) => (ErrorKind::Timeout, "no answer within the time allowed"),
        (false, false) => (ErrorKind::Transport, "the hub was not reached"),
        (false, true) => (
            ErrorKind::Transport,
            "the connection broke before the answer was complete",
        ),
    };
    use rustls::{Error as Tls, InvalidMessage};
    let (disagree, hint) = match tls_error(&cause) {
        Some(Tls::InvalidCertificate(_)) => (true, None),
        Some(Tls::InvalidMessage(InvalidMessage::InvalidContentType)) => (true, Some(NO_TLS)),
        _ if speaks_no_http(&cause) => (true, Some(NO_HTTP)),
        _ => (false, None),
    };
    let mut error = Error::new(kind, message).with_source(cause);
    let detail = error.detail_mut();
    detail.sent = reached;
    detail.untrusted = disagree;
    detail.hint = hint;
    error
}

const NO_TLS: &str = "what answers there does not speak https; a local hub without TLS has an http endpoint (--endpoint, IOTHUB_ENDPOINT)";

const NO_HTTP: &str = "what answers there does not speak plain http; the endpoint of a hub with TLS begins with https";

/// Whether the first line of the answer was no line of HTTP. The parser's error has a text and no type for it.
fn speaks_no_http(cause: &reqwest::Error) -> bool {
    let mut next = std::error::Error::source(cause);
    while let Some(cause) = next {
        if cause.to_string() == "invalid HTTP version parsed" {
            return true;
        }
        next = cause.source();
    }
    false
}

/// What TLS refused.
fn tls_error<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(cause);
    while let Some(cause) = next {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        // An I/O error passes on the source of the error inside it, so the one inside has to be asked for.
        let inside = cause
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        next = match inside {
            Some(inside) => Some(inside),
            None => cause.source(),
        };
    }
    None
}
