//! The shell around every route: one hand-written layer that does the work of ten (security.md 5.7).
//!
//! Outermost first: request id, access log and metric, security headers, catching panics, load shedding, admission
//! checks, client address, timeout, body bounds. Every microsecond here costs seven percent of throughput
//! (performance.md), hence no tower of boxed services: one call, one future, nothing on the heap of its own.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use tokio::time::Sleep;
use tower::{Layer, Service};

use super::access::Access;
use super::admission::{admit, most_bytes};
use super::body::bounded;
use super::client_address::client_address;
use super::errors::{PageHook, Refusal, Voice};
use super::headers::secure;
use super::server::Peer;
use crate::clock;
use crate::config::{Cidr, Config};
use crate::telemetry::{RequestId, RequestIds, in_request, metrics};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the shell knows about a request: a request extension for handlers.
#[derive(Clone, Copy, Debug)]
pub struct RequestInfo {
    /// Its id.
    pub id: RequestId,
    /// Who asks: the address behind trusted proxies.
    pub client_address: IpAddr,
    /// When its header was complete, on the monotonic clock.
    pub received: Instant,
}

/// The settings and counters of the shell.
pub struct Shell {
    ids: RequestIds,
    https: bool,
    proxies: Vec<Cidr>,
    form_bytes: usize,
    json_bytes: usize,
    body_timeout: Duration,
    request_timeout: Duration,
    max_requests: usize,
    running: AtomicUsize,
    page: PageHook,
}

impl Shell {
    /// From the configuration; `seed` is drawn anew by every process and makes request ids differ; `page` renders error pages.
    pub fn new(config: &Config, seed: u64, page: PageHook) -> Arc<Self> {
        let server = &config.server;
        Arc::new(Self {
            ids: RequestIds::new(seed),
            https: config.issuer.is_https(),
            proxies: server.trusted_proxies.clone(),
            form_bytes: server.form_bytes,
            json_bytes: server.json_bytes,
            body_timeout: server.body_timeout.get(),
            request_timeout: server.request_timeout.get(),
            max_requests: server.max_requests,
            running: AtomicUsize::new(0),
            page,
        })
    }
}

/// Puts the shell around all routes and the fallback of `router`. Added last, it runs first.
pub fn wrap(router: Router, shell: &Arc<Shell>) -> Router {
    router.layer(ShellLayer(Arc::clone(shell)))
}

#[derive(Clone)]
struct ShellLayer(Arc<Shell>);

impl<S> Layer<S> for ShellLayer {
    type Service = Shelled<S>;

    fn layer(&self, inner: S) -> Shelled<S> {
        Shelled { inner, shell: Arc::clone(&self.0) }
    }
}

#[derive(Clone)]
struct Shelled<S> {
    inner: S,
    shell: Arc<Shell>,
}

impl<S> Service<Request> for Shelled<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Unpin,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Answer<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Answer<S::Future> {
        let shell = Arc::clone(&self.shell);
        let info = shell.introduce(&request);
        let voice = Voice::of(request.uri().path());
        let reader = if voice == Voice::Page { Reader::of(&request) } else { Reader::default() };
        let access = Access::new(info, &request);
        let running = shell.running.fetch_add(1, Ordering::Relaxed);
        let state = if running >= shell.max_requests {
            metrics::shed();
            State::Refused(StatusCode::SERVICE_UNAVAILABLE)
        } else {
            self.admitted(request, info, &shell)
        };
        Answer { state, timeout: None, voice, reader, access: Some(access), shell }
    }
}

impl<S> Shelled<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    fn admitted(&mut self, request: Request, info: RequestInfo, shell: &Shell) -> State<S::Future> {
        if let Err(status) = admit(&request, shell.form_bytes, shell.json_bytes) {
            return State::Refused(status);
        }
        let request = shell.prepared(request, info);
        // A service may panic before it returns its future, too.
        let called = std::panic::catch_unwind(AssertUnwindSafe(|| in_request(info.id, || self.inner.call(request))));
        called.map_or(State::Refused(StatusCode::INTERNAL_SERVER_ERROR), State::Running)
    }
}

impl Shell {
    fn introduce(&self, request: &Request) -> RequestInfo {
        let peer = request.extensions().get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip());
        let client_address = client_address(peer, request.headers(), &self.proxies);
        RequestInfo { id: self.ids.next(), client_address, received: clock::monotonic() }
    }

    /// The request as routes see it: introduced, its body bounded.
    fn prepared(&self, mut request: Request, info: RequestInfo) -> Request {
        use hyper::body::Body as _;
        request.extensions_mut().insert(info);
        if request.body().is_end_stream() {
            return request;
        }
        let most = most_bytes(request.headers(), self.form_bytes, self.json_bytes);
        request.map(|body| bounded(body, most, self.body_timeout))
    }
}

enum State<F> {
    Running(F),
    Refused(StatusCode),
}

/// What a request says about its reader's language and theme.
#[derive(Default)]
struct Reader {
    headers: HeaderMap,
    /// Path and query.
    address: String,
}

impl Reader {
    fn of(request: &Request) -> Self {
        let mut headers = HeaderMap::new();
        for name in [header::ACCEPT_LANGUAGE, header::COOKIE] {
            for value in request.headers().get_all(&name) {
                headers.append(&name, value.clone());
            }
        }
        Self { headers, address: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default() }
    }
}

/// A request on its way to its answer.
struct Answer<F> {
    state: State<F>,
    timeout: Option<Pin<Box<Sleep>>>,
    voice: Voice,
    /// Whose language and theme an error page has.
    reader: Reader,
    /// Taken when the answer is complete; still here in `drop` when the client left before.
    access: Option<Access>,
    shell: Arc<Shell>,
}

impl<F> Future for Answer<F>
where
    F: Future<Output = Result<Response, Infallible>> + Unpin,
{
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(id) = this.access.as_ref().map(|access| access.info.id) else { return Poll::Pending };
        let response = in_request(id, || match &mut this.state {
            State::Refused(status) => Some(refuse(this.voice, *status)),
            State::Running(future) => match std::panic::catch_unwind(AssertUnwindSafe(|| Pin::new(future).poll(cx))) {
                Ok(Poll::Ready(Ok(response))) => Some(response),
                Ok(Poll::Pending) => this.timed_out(cx).then(|| this.voice.refuse(StatusCode::SERVICE_UNAVAILABLE)),
                // The panic hook has logged it.
                Err(_) => Some(this.voice.refuse(StatusCode::INTERNAL_SERVER_ERROR)),
            },
        });
        let Some(response) = response else { return Poll::Pending };
        Poll::Ready(Ok(in_request(id, || this.finish(response))))
    }
}

impl<F> Answer<F> {
    /// The timer is made when an answer has to wait for the first time: most do not.
    fn timed_out(&mut self, cx: &mut Context<'_>) -> bool {
        let left = self.shell.request_timeout;
        self.timeout.get_or_insert_with(|| Box::pin(tokio::time::sleep(left))).as_mut().poll(cx).is_ready()
    }

    fn finish(&mut self, mut response: Response) -> Response {
        if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
            response = refusal.page(&self.shell.page, &self.reader.address, &self.reader.headers, response);
        }
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().entry(header::RETRY_AFTER).or_insert(HeaderValue::from_static("1"));
        }
        secure(&mut response, self.shell.https);
        if let Some(access) = self.access.take() {
            if let Ok(id) = HeaderValue::from_str(access.info.id.as_str()) {
                response.headers_mut().insert(REQUEST_ID, id);
            }
            access.answered(response.status());
        }
        response
    }
}

impl<F> Drop for Answer<F> {
    fn drop(&mut self) {
        self.shell.running.fetch_sub(1, Ordering::Relaxed);
        if let Some(access) = self.access.take() {
            access.abandoned();
        }
    }
}

/// Refuses before any route was asked. A route that does not know a method names those that it knows; nobody was asked here.
fn refuse(voice: Voice, status: StatusCode) -> Response {
    let mut response = voice.refuse(status);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    }
    response
}

/// The method and route of a request, for log and metric.
pub(super) fn route_of(request: &Request) -> (Method, Option<MatchedPath>) {
    (request.method().clone(), request.extensions().get::<MatchedPath>().cloned())
}
