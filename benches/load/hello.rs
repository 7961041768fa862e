//! The limit H: the smallest server of the same axum, tokio and build profile.

use std::net::SocketAddr;

/// Serves a greeting until the process is killed.
pub fn serve(address: SocketAddr) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await.expect("the port is free");
        let greeting = axum::routing::get(|| async { "Hello, world" });
        axum::serve(listener, axum::Router::new().route("/", greeting)).await.expect("serves");
    });
}
