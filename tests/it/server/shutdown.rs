use std::time::{Duration, Instant};

use axum::http::StatusCode;
use concord::http::health::{Readiness, routes};
use concord::http::server::{Server, ServerLimits};
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use super::harness::{QUICK, read_all, start, status};

#[tokio::test(flavor = "multi_thread")]
async fn running_requests_finish_and_new_ones_are_not_taken() {
    let server = start(QUICK).await;
    let mut socket = server.connect().await;
    socket.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.stop.cancel();
    let answer = read_all(&mut socket, Duration::from_secs(5)).await;
    assert!(status(&answer) == 200 && answer.contains("connection: close"), "{answer}");
    server.done.await.unwrap();
    assert!(tokio::net::TcpStream::connect(server.address).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_and_half_open_connections_do_not_hold_it_up() {
    let config = QUICK.replace("1500ms", "30s").replace("400ms", "30s").replace("1200ms", "60s");
    let server = start(&config).await;
    let (mut half, _silent, mut idle, mut preface) =
        (server.connect().await, server.connect().await, server.connect().await, server.connect().await);
    half.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    preface.write_all(b"PRI * HT").await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert_eq!(status(&read_all(&mut idle, Duration::from_millis(300)).await), 200);
    let start = Instant::now();
    server.stop.cancel();
    server.done.await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(10), "it waited for connections that had nothing to do");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grace_has_an_end() {
    let server = start(&QUICK.replace("800ms", "60s")).await;
    let mut socket = server.connect().await;
    socket.write_all(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.stop.cancel();
    tokio::time::timeout(Duration::from_secs(10), server.done).await.expect("it waits for ever").unwrap();
    assert_eq!(read_all(&mut socket, Duration::from_secs(2)).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_tells_what_is_wrong_and_when_it_leaves() {
    let readiness = std::sync::Arc::new(Readiness::new().with("database", || async { Ok(()) }));
    let config = concord::config::Config::from_toml(QUICK).unwrap();
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), routes(readiness.clone()), ServerLimits::from(&config.server)).await.unwrap();
    let base = format!("http://{}", server.local_addr());
    tokio::spawn(server.run(CancellationToken::new()));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |path: &str| {
        let answer = client.get(format!("{base}{path}")).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    concord::telemetry::metrics::install();
    let (code, body) = get("/readyz?verbose").await;
    assert_eq!(code, StatusCode::OK);
    let report: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((report["status"].as_str(), report["checks"][0]["name"].as_str()), (Some("ok"), Some("database")));
    assert!(report["version"].is_string() && report["checks"][0]["latency_ms"].is_u64());
    readiness.drain();
    assert_eq!(get("/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get("/livez").await.0, StatusCode::OK);
    concord::telemetry::metrics::login("password", "ok");
    assert!(get("/metrics").await.1.contains("concord_logins_total{method=\"password\",result=\"ok\"}"));
}
