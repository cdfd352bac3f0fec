//! Connections and the way of a request through the hub.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, SERVER, VARY};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

use crate::door::Surface;
use crate::envelope::{ERROR_CODE, REQUEST_ID, Response, ServiceError};
use crate::faults::{Delivery, Step};
use crate::redact;
use crate::requests::RequestRecord;
use crate::routes::{self, Call, Found};
use crate::shutdown::Phase;
use crate::state::HubState;

type Body = BoxBody<Bytes, io::Error>;

/// Bytes that the body of a request may have, outside of the admin API.
const MAX_BODY: usize = 8 * 1024 * 1024;
/// The admin API seeds whole files.
const MAX_LOCAL_BODY: usize = 256 * 1024 * 1024;

/// The connection is cut instead of answered.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the connection is cut by a scripted fault")]
struct Cut;

/// How connections are served.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) tls: Option<TlsAcceptor>,
    /// How long a client may take for a TLS handshake, or for the head of a request.
    pub(crate) head_timeout: Duration,
}

/// Takes connections until the hub stops. `alive` ends with the last of them.
pub(crate) async fn accept(
    hub: Arc<HubState>,
    listener: TcpListener,
    settings: Settings,
    alive: mpsc::Sender<()>,
) {
    let mut phase = hub.shutdown.subscribe();
    loop {
        let stream = tokio::select! {
            _ = phase.wait_for(|phase| *phase != Phase::Running) => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = stream else {
            // Out of file handles, most likely; give connections a moment to end.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (hub, settings, alive) = (Arc::clone(&hub), settings.clone(), alive.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = hub.shutdown.gone() => {}
                () = connection(Arc::clone(&hub), stream, peer, settings) => {}
            }
            drop(hub);
            drop(alive);
        });
    }
}

async fn connection(hub: Arc<HubState>, stream: TcpStream, peer: SocketAddr, settings: Settings) {
    let _ = stream.set_nodelay(true);
    let limit = settings.head_timeout;
    match settings.tls {
        None => serve(hub, stream, peer, limit).await,
        Some(tls) => match tokio::time::timeout(limit, tls.accept(stream)).await {
            Ok(Ok(stream)) => Box::pin(serve(hub, stream, peer, limit)).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
        },
    }
}

async fn serve<S>(hub: Arc<HubState>, stream: S, peer: SocketAddr, head_timeout: Duration)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut phase = hub.shutdown.subscribe();
    let service = service_fn(|request| {
        let hub = Arc::clone(&hub);
        async move { respond(hub, request, peer).await }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let mut closing = false;
    loop {
        tokio::select! {
            _ = phase.wait_for(|phase| *phase != Phase::Running), if !closing => {
                closing = true;
                connection.as_mut().graceful_shutdown();
            }
            result = connection.as_mut() => {
                if let Err(error) = result {
                    tracing::debug!(%peer, %error, "connection ended");
                }
                return;
            }
        }
    }
}

/// One request: find its operation, let faults interfere, do the work, note it.
async fn respond(
    hub: Arc<HubState>,
    mut request: Request<Incoming>,
    peer: SocketAddr,
) -> Result<hyper::Response<Body>, Cut> {
    let started = Instant::now();
    if let Some(method) = overridden_method(&request) {
        *request.method_mut() = method;
    }
    let found = routes::find(request.method(), request.uri().path());
    let operation = found.operation();
    let service = found.surface() == Surface::Service;
    let wants_body = request.method() != Method::HEAD;
    let mut record = RequestRecord {
        time: hub.clock.now().wire(),
        method: request.method().to_string(),
        target: redact::target(
            request
                .uri()
                .path_and_query()
                .map_or("/", |target| target.as_str()),
        ),
        operation,
        status: None,
        error_code: None,
        request_id: Uuid::new_v4().to_string(),
        milliseconds: 0,
    };
    let outcome = run(&hub, request, peer, found).await;
    record.milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let result = match outcome {
        Delivery::Cut => Err(Cut),
        // The head alone would be the whole response.
        Delivery::Half(response) if response.body.is_empty() || !wants_body => Err(Cut),
        Delivery::Whole(response) => {
            record.note(&response);
            Ok(deliver(response, service, &record.request_id, false))
        }
        Delivery::Half(response) => {
            record.note(&response);
            Ok(deliver(response, service, &record.request_id, true))
        }
    };
    if found.surface() == Surface::Service {
        hub.traffic.requests.note(record);
    }
    result
}

/// The method that a POST stands for. The vendor's Java client cannot send PATCH and sends POST with this header.
fn overridden_method(request: &Request<Incoming>) -> Option<Method> {
    if request.method() != Method::POST {
        return None;
    }
    let name = request.headers().get("x-http-method-override")?;
    let known = [Method::PATCH, Method::PUT, Method::DELETE];
    known.into_iter().find(|method| {
        name.to_str()
            .is_ok_and(|name| name.trim().eq_ignore_ascii_case(method.as_str()))
    })
}

async fn run(
    hub: &Arc<HubState>,
    request: Request<Incoming>,
    peer: SocketAddr,
    found: Found,
) -> Delivery {
    let (head, body) = request.into_parts();
    if let Err(rejection) = hub.traffic.door.check(&head, peer, found.surface()) {
        let mut response = rejection.response(hub.clock.now());
        // The body is not read, so nothing can follow it.
        response.close = true;
        return Delivery::Whole(response);
    }
    let fault = if found.surface() == Surface::Service {
        hub.traffic.faults.choose(found.operation())
    } else {
        None
    };
    if let Some(fault) = &fault {
        match fault.before_work(hub.clock.now(), &hub.shutdown).await {
            Step::Continue => {}
            Step::Respond(response) => return Delivery::Whole(response),
            Step::Cut => return Delivery::Cut,
        }
    }
    let response = work(hub, head, body, found).await;
    match &fault {
        Some(fault) => fault.after_work(response),
        None => Delivery::Whole(response),
    }
}

async fn work(hub: &Arc<HubState>, head: Parts, body: Incoming, found: Found) -> Response {
    let now = hub.clock.now();
    let limit = if found.surface() == Surface::Local {
        MAX_LOCAL_BODY
    } else {
        MAX_BODY
    };
    let body = match Limited::new(body, limit).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            let rejection = if error.is::<LengthLimitError>() {
                ServiceError::too_large(format!("the body has more than {limit} bytes"))
            } else {
                ServiceError::argument(format!("the body cannot be read: {error}"))
            };
            let admitted = found.admit(&hub.traffic.gate, &head.headers, head.uri.path());
            return admitted.err().unwrap_or(rejection).response(now);
        }
    };
    let call = Call::new(Arc::clone(hub), head, body, &found, now);
    let done = tokio::task::spawn_blocking(move || found.response(&call)).await;
    done.unwrap_or_else(|_| {
        ServiceError::server("the operation failed inside the hub").response(now)
    })
}

impl RequestRecord {
    fn note(&mut self, response: &Response) {
        self.status = Some(response.status.as_u16());
        self.error_code = response
            .headers
            .get(ERROR_CODE)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
    }
}

/// Puts on the headers that every response of the service carries.
fn deliver(
    response: Response,
    service: bool,
    request_id: &str,
    half: bool,
) -> hyper::Response<Body> {
    let Response {
        status,
        mut headers,
        body,
        close,
    } = response;
    if service {
        headers.insert(SERVER, HeaderValue::from_static("Microsoft-HTTPAPI/2.0"));
        headers.insert(VARY, HeaderValue::from_static("Origin"));
        insert(&mut headers, REQUEST_ID, request_id);
    }
    if close {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if status != StatusCode::NO_CONTENT {
        insert(&mut headers, CONTENT_LENGTH, &body.len().to_string());
    }
    let body = if half {
        half_of(&body)
    } else {
        Full::new(body).map_err(infallible).boxed()
    };
    let mut response = hyper::Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn insert(headers: &mut hyper::HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The first half of a body, then an error that makes the server cut the connection.
fn half_of(body: &Bytes) -> Body {
    let first = body.slice(..body.len() / 2);
    // What has been written so far goes out when the body pauses; without the pause nothing would arrive.
    let cut = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(io::Error::other(Cut))
    };
    let frames = stream::once(async { Ok(Frame::data(first)) }).chain(stream::once(cut));
    BoxBody::new(StreamBody::new(frames))
}

fn infallible(never: Infallible) -> io::Error {
    match never {}
}
