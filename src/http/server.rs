//! The accept loop: HTTP/1.1 and HTTP/2 on one port, bounded in number and time, drained at the end.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::Service as _;

use super::guard::{Activity, GuardedSocket, Patience, Running};
use crate::config::{Cidr, ServerConfig};
use crate::telemetry::metrics;

/// The address at the other end of the connection: a request extension set by the server.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// What one listener allows.
#[derive(Clone, Debug)]
pub struct ServerLimits {
    /// First byte of a request's header to its end.
    pub header_timeout: Duration,
    /// A connection without a request.
    pub idle_timeout: Duration,
    /// An answer nobody reads.
    pub write_timeout: Duration,
    /// Running requests at the end.
    pub shutdown_grace: Duration,
    /// Open connections.
    pub max_connections: usize,
    /// Open connections from one address; 0: no limit.
    pub max_connections_per_address: usize,
    /// Proxies, which are not counted.
    pub trusted_proxies: Vec<Cidr>,
}

impl From<&ServerConfig> for ServerLimits {
    fn from(config: &ServerConfig) -> Self {
        Self {
            header_timeout: config.header_timeout.get(),
            idle_timeout: config.idle_timeout.get(),
            write_timeout: config.write_timeout.get(),
            shutdown_grace: config.shutdown_grace.get(),
            max_connections: config.max_connections,
            max_connections_per_address: config.max_connections_per_address,
            trusted_proxies: config.trusted_proxies.clone(),
        }
    }
}

/// A bound listener with what it serves.
pub struct Server {
    listener: TcpListener,
    local_addr: SocketAddr,
    router: Router,
    limits: ServerLimits,
}

impl Server {
    /// Listens on `address` (port 0: any free port); nothing is accepted before [`Server::run`].
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn bind(address: SocketAddr, router: Router, limits: ServerLimits) -> io::Result<Self> {
        Self::on(TcpListener::bind(address).await?, router, limits)
    }

    /// Serves a listener that is bound already: whoever must know the port before the routes are made.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn on(listener: TcpListener, router: Router, limits: ServerLimits) -> io::Result<Self> {
        Ok(Self { local_addr: listener.local_addr()?, listener, router, limits })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until `shutdown` is cancelled, then stops accepting, lets running requests finish within the grace and returns.
    pub async fn run(self, shutdown: CancellationToken) {
        let shared = Arc::new(Shared::new(self.router, &self.limits));
        let slots = Arc::new(Semaphore::new(self.limits.max_connections));
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = accept(self.listener, &shared, &slots) => {}
        }
        shared.stopping.store(true, Ordering::Release);
        shared.stop.cancel();
        let all = u32::try_from(self.limits.max_connections).unwrap_or(u32::MAX);
        if tokio::time::timeout(self.limits.shutdown_grace, slots.acquire_many(all)).await.is_err() {
            tracing::warn!(event = "http.server.cut", "requests were still running at the end of the grace");
        }
        shared.cut.cancel();
    }
}

/// What all connections of a listener share.
struct Shared {
    router: Router,
    builder: Builder<TokioExecutor>,
    patience: Patience,
    stopping: AtomicBool,
    stop: CancellationToken,
    cut: CancellationToken,
    crowd: Crowd,
}

impl Shared {
    fn new(router: Router, limits: &ServerLimits) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        // No timer of hyper's for HTTP/1: the socket watches the time (guard.rs).
        builder.http1().header_read_timeout(None).max_headers(64).max_buf_size(32 * 1024).half_close(false);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(100)
            .max_header_list_size(16 * 1024)
            .max_pending_accept_reset_streams(20)
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10));
        let patience = Patience { header: limits.header_timeout, idle: limits.idle_timeout, write: limits.write_timeout };
        Self {
            router,
            builder,
            patience,
            stopping: AtomicBool::new(false),
            stop: CancellationToken::new(),
            cut: CancellationToken::new(),
            crowd: Crowd::new(limits),
        }
    }
}

async fn accept(listener: TcpListener, shared: &Arc<Shared>, slots: &Arc<Semaphore>) {
    // Without a free slot nothing is accepted: newcomers wait in the kernel's queue.
    while let Ok(slot) = Arc::clone(slots).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if let Some(place) = Crowd::enter(shared, peer.ip().to_canonical()) {
                    tokio::spawn(connection(stream, peer, Arc::clone(shared), (slot, place)));
                }
            }
            // The client left before it was accepted.
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {}
            // Out of file descriptors or memory: it passes when connections close. Accepting at once again would only burn a core.
            Err(error) => {
                tracing::error!(event = "http.server.accept", %error, "cannot accept connections");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

/// Serves one connection until it ends, or until the server ends and it has nothing to do any more.
async fn connection(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>, _held: (OwnedSemaphorePermit, Place)) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let activity = Arc::new(Activity::default());
    let socket = GuardedSocket::new(stream, shared.patience, Arc::clone(&activity));
    let service = Requests { router: shared.router.clone(), peer: Peer(peer), activity: Arc::clone(&activity) };
    let served = pin!(drained(shared.builder.serve_connection(TokioIo::new(socket), service), &shared, &activity));
    // The outcome is of no interest: clients leave in every possible way.
    served.await;
}

/// Polls a connection; when the server stops, asks it once to end gracefully, and drops it at the end of the grace.
async fn drained<C: Graceful>(connection: C, shared: &Shared, activity: &Activity) {
    let mut connection = pin!(connection);
    let mut stop = pin!(shared.stop.cancelled());
    let mut cut = pin!(shared.cut.cancelled());
    let (mut waiting, mut asked) = (false, false);
    std::future::poll_fn(|cx| {
        // Both signals are polled once to be woken by them: a poll takes a lock that all connections share.
        if !waiting {
            waiting = true;
            let _ = stop.as_mut().poll(cx);
            let _ = cut.as_mut().poll(cx);
        }
        if !asked && shared.stopping.load(Ordering::Acquire) {
            asked = true;
            activity.leave();
            connection.as_mut().end();
        }
        if asked && shared.cut.is_cancelled() {
            return Poll::Ready(());
        }
        connection.as_mut().poll_end(cx)
    })
    .await;
}

/// A connection of hyper's, whichever protocol it speaks.
trait Graceful {
    fn end(self: Pin<&mut Self>);
    fn poll_end(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
}

impl Graceful for hyper_util::server::conn::auto::Connection<'_, TokioIo<GuardedSocket<TcpStream>>, Requests, TokioExecutor> {
    fn end(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }

    fn poll_end(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.poll(cx).map(drop)
    }
}

/// Hands the requests of one connection to the router.
struct Requests {
    router: Router,
    peer: Peer,
    activity: Arc<Activity>,
}

impl hyper::service::Service<Request<Incoming>> for Requests {
    type Response = Response;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, mut request: Request<Incoming>) -> Answering {
        request.extensions_mut().insert(self.peer);
        let running = self.activity.begin();
        Answering { route: self.router.clone().call(request.map(Body::new)), _running: running }
    }
}

struct Answering {
    route: RouteFuture<Infallible>,
    _running: Running,
}

impl Future for Answering {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.route).poll(cx)
    }
}

/// How many connections each address has open.
struct Crowd {
    most: usize,
    exempt: Vec<Cidr>,
    open: Mutex<HashMap<IpAddr, usize>>,
    total: std::sync::atomic::AtomicUsize,
}

impl Crowd {
    fn new(limits: &ServerLimits) -> Self {
        let most = if limits.max_connections_per_address == 0 { usize::MAX } else { limits.max_connections_per_address };
        Self { most, exempt: limits.trusted_proxies.clone(), open: Mutex::default(), total: 0.into() }
    }

    /// Counts one more connection; `None` when the address has enough.
    fn enter(shared: &Arc<Shared>, address: IpAddr) -> Option<Place> {
        let crowd = &shared.crowd;
        let free = address.is_loopback() || crowd.exempt.iter().any(|network| network.contains(address));
        if !free {
            let mut open = crowd.open.lock().unwrap_or_else(PoisonError::into_inner);
            let count = open.entry(address).or_default();
            if *count >= crowd.most {
                return None;
            }
            *count += 1;
        }
        metrics::connections(crowd.total.fetch_add(1, Ordering::Relaxed) + 1);
        Some(Place { shared: Arc::clone(shared), counted: (!free).then_some(address) })
    }
}

/// One counted connection.
struct Place {
    shared: Arc<Shared>,
    counted: Option<IpAddr>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let crowd = &self.shared.crowd;
        metrics::connections(crowd.total.fetch_sub(1, Ordering::Relaxed).saturating_sub(1));
        let Some(address) = self.counted else { return };
        let mut open = crowd.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&address);
            }
        }
    }
}
