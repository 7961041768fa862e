//! The limit H: the smallest server of the same axum, tokio and build profile. And the same greeting inside Concord's own
//! server and shell, with no use case behind it: what every request pays before anything is done for it.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use concord::config::Config;
use concord::http::errors::plain_pages;
use concord::http::layers::{Shell, wrap};
use concord::http::server::{Server, ServerLimits};
use tokio_util::sync::CancellationToken;

fn greeting() -> Router {
    Router::new().route("/", get(|| async { "Hello, world" }))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

/// Serves a greeting until the process is killed.
pub fn serve(address: SocketAddr) {
    runtime().block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await.expect("the port is free");
        axum::serve(listener, greeting()).await.expect("serves");
    });
}

/// The same inside the shell, with logs and limits as in production.
pub fn serve_in_shell(address: SocketAddr) {
    runtime().block_on(async {
        let config = Config::from_toml("").expect("the defaults");
        let router = wrap(greeting(), &Shell::new(&config, 1, plain_pages()));
        let server = Server::bind(address, router, ServerLimits::from(&config.server)).await.expect("the port is free");
        server.run(CancellationToken::new()).await;
    });
}
