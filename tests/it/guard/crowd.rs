//! Very many connections, idle ones and slow ones, at the real program.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::http::Wire;
use crate::support::node::Node;
use crate::support::world::ISSUER;
use crate::support::{Backend, World};

/// Whether a connection is closed by the other side within a time.
async fn closed_within(stream: &mut TcpStream, time: Duration) -> bool {
    let mut part = [0; 4096];
    let closed = async { while stream.read(&mut part).await.is_ok_and(|size| size > 0) {} };
    tokio::time::timeout(time, closed).await.is_ok()
}

async fn is_well(node: &Node) -> bool {
    let answer = Wire::new(ISSUER, node.address).get("/.well-known/openid-configuration").try_send().await;
    answer.is_ok_and(|answer| answer.status == 200)
}

/// Waits for something to become so.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < deadline, "{what}: not after half a minute");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Idle and half-open connections take nobody's place: others are served, and what is too slow is closed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_and_slow_connections_keep_nobody_waiting() {
    let world = World::new(Backend::Sqlite).await;
    let deployment = world
        .deployment(ISSUER)
        .set("CONCORD_SERVER__HEADER_TIMEOUT", "2s")
        .set("CONCORD_SERVER__BODY_TIMEOUT", "2s")
        .set("CONCORD_SERVER__IDLE_TIMEOUT", "4s");
    let node = Node::start(&deployment).await;
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(TcpStream::connect(node.address).await.expect("a connection"));
    }
    let mut half = Vec::new();
    for number in 0..100 {
        let mut stream = TcpStream::connect(node.address).await.expect("a connection");
        let start: &[u8] = if number % 2 == 0 {
            b"GET /login HTTP/1.1\r\nHost: id.localhost:8080\r\nX-Slow: "
        } else {
            b"POST /oauth2/token HTTP/1.1\r\nHost: id.localhost:8080\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\na="
        };
        stream.write_all(start).await.expect("sent");
        half.push(stream);
    }
    for _ in 0..10 {
        assert!(is_well(&node).await, "others are served");
    }
    for stream in &mut half {
        assert!(closed_within(stream, Duration::from_secs(20)).await, "too slow, and still open");
    }
    for stream in &mut idle {
        assert!(closed_within(stream, Duration::from_secs(20)).await, "idle, and still open");
    }
    assert!(is_well(&node).await);
}

/// No more descriptors than the system gives: newcomers wait, nothing breaks, and it passes when connections close.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_outlives_the_end_of_its_descriptors() {
    let world = World::new(Backend::Sqlite).await;
    let node = Node::start(&world.deployment(ISSUER).with_descriptors(96)).await;
    let mut crowd = Vec::new();
    for _ in 0..200 {
        crowd.push(TcpStream::connect(node.address).await.expect("the kernel takes it"));
    }
    let log = || node.log().contains("http.server.accept");
    eventually("the server says that it cannot accept", async || log()).await;
    drop(crowd);
    eventually("the server serves again", async || is_well(&node).await).await;
    assert!(!node.log().contains("panic"), "{}", node.log());
}

/// An address of this machine that is not loopback: nothing is sent to find it out.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

/// One address gets so many connections and no more; others are not concerned, and a place is free again when one closes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_cannot_take_every_connection() {
    let world = World::new(Backend::Sqlite).await;
    let deployment = world.deployment(ISSUER).set("CONCORD_SERVER__MAX_CONNECTIONS_PER_ADDRESS", "10");
    let node = Node::start(&deployment.everywhere()).await;
    let Some(own) = own_address() else {
        // Without a network there is only loopback, which is not counted: that much can be seen.
        let mut crowd = Vec::new();
        for _ in 0..20 {
            crowd.push(TcpStream::connect(node.address).await.expect("a connection"));
        }
        assert!(is_well(&node).await);
        return;
    };
    let outside = SocketAddr::new(own, node.address.port());
    let mut crowd = Vec::new();
    for _ in 0..10 {
        let mut stream = TcpStream::connect(outside).await.expect("a connection");
        stream.write_all(b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: id.localhost:8080\r\n\r\n").await.expect("sent");
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.expect("an answer");
        assert_eq!(&first, b"HTTP/1.1 200");
        crowd.push(stream);
    }
    for _ in 0..5 {
        let mut stream = TcpStream::connect(outside).await.expect("a connection");
        assert!(closed_within(&mut stream, Duration::from_secs(10)).await, "one more than allowed");
    }
    assert!(is_well(&node).await, "others are not concerned");
    crowd.truncate(5);
    eventually("a place is free again", async || {
        let mut stream = TcpStream::connect(outside).await.expect("a connection");
        let _ = stream.write_all(b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: id.localhost:8080\r\n\r\n").await;
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.is_ok()
    })
    .await;
}
