//! A server in this process on a free port, and a raw connection to it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use concord::config::Config;
use concord::http::errors::{Error, Refusal, plain_pages};
use concord::http::extract::{OAuthForm, PageForm, QueryParams};
use concord::http::layers::{RequestInfo, Shell, wrap};
use concord::http::server::{Server, ServerLimits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub struct Running {
    pub address: SocketAddr,
    pub stop: CancellationToken,
    pub done: JoinHandle<()>,
}

/// Limits short enough to wait for.
pub const QUICK: &str = "server.header_timeout = \"400ms\"\nserver.idle_timeout = \"1200ms\"\nserver.write_timeout = \"1s\"\n\
    server.body_timeout = \"400ms\"\nserver.request_timeout = \"800ms\"\nserver.shutdown_grace = \"1500ms\"\nserver.max_requests = 4\n";

pub fn routes() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/slow", get(|| async { tokio::time::sleep(Duration::from_millis(600)).await }))
        .route("/never", get(std::future::pending::<()>))
        .route("/panic", get(|| async { assert!(std::hint::black_box(false), "the secret of the handler") }))
        .route("/address", get(|info: RequestInfo| async move { info.client_address.to_string() }))
        .route("/form", post(|PageForm(params): PageForm| async move { params.get("a").unwrap_or("-").to_owned() }))
        .route("/oauth2/token", post(|OAuthForm(params): OAuthForm| async move { params.get("a").unwrap_or("-").to_owned() }))
        .route(
            "/query",
            get(|query: QueryParams| async move { query.0.map(|p| p.get("a").unwrap_or("-").to_owned()).map_err(Error::from) }),
        )
        .route("/large", get(|| async { vec![b'x'; 8 * 1024 * 1024] }))
        .fallback(|| async { Refusal::new(StatusCode::NOT_FOUND) })
}

pub async fn start(config: &str) -> Running {
    let config = Config::from_toml(config).unwrap();
    let router = wrap(routes(), &Shell::new(&config, 7, plain_pages()));
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), router, ServerLimits::from(&config.server)).await.unwrap();
    let (address, stop) = (server.local_addr(), CancellationToken::new());
    let done = tokio::spawn(server.run(stop.clone()));
    Running { address, stop, done }
}

impl Running {
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes, reads until the server closes or stays silent for a second.
    pub async fn send(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut socket = self.connect().await;
        // The server may answer and close before everything is written.
        let _ = socket.write_all(bytes.as_ref()).await;
        read_all(&mut socket, Duration::from_secs(1)).await
    }

    /// A plain request still works.
    pub async fn is_well(&self) -> bool {
        self.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.ends_with("hello")
    }
}

pub async fn read_all(socket: &mut TcpStream, silence: Duration) -> String {
    let mut all = Vec::new();
    let mut part = [0; 16 * 1024];
    while let Ok(Ok(size)) = tokio::time::timeout(silence, socket.read(&mut part)).await {
        if size == 0 {
            break;
        }
        all.extend_from_slice(&part[..size]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// Waits until the server closes; how long it took.
pub async fn closed_after(socket: &mut TcpStream) -> Duration {
    let start = Instant::now();
    let mut part = [0; 4096];
    let closed = async { while socket.read(&mut part).await.is_ok_and(|size| size > 0) {} };
    tokio::time::timeout(Duration::from_secs(20), closed).await.expect("never closed");
    start.elapsed()
}

/// The status of an answer; 0 when there is none.
pub fn status(answer: &str) -> u16 {
    answer.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)).and_then(|text| text.parse().ok()).unwrap_or(0)
}
