//! SIGTERM: what is under way is answered, then the process ends with 0 (F3).

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::stage::{client, eventually, look_at_the_clock, scope_left, text};
use crate::support::node::Node;
use crate::support::world::ISSUER;
use crate::support::{Backend, World};
use crate::tokens::ecosystem::{Ecosystem, SECRET};

/// The head of a token request, whose body is still to come.
async fn half_sent(node: &Node, body: &str) -> TcpStream {
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("bank-web:{SECRET}"));
    let head = format!(
        "POST /oauth2/token HTTP/1.1\r\nHost: id.localhost:8080\r\nAuthorization: Basic {basic}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{}",
        body.len(),
        &body[..10]
    );
    let mut stream = TcpStream::connect(node.address).await.expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f3_sigterm_lets_requests_end_and_the_process_ends_with_0() {
    let world = World::new(Backend::Postgres).await;
    let eco = Ecosystem::new(&world).await;
    let deployment = world.deployment(ISSUER).set("CONCORD_SERVER__SHUTDOWN_DELAY", "1s");
    let (mut leaving, staying) = tokio::join!(Node::start(&deployment), Node::start(&deployment));
    let person = eco.person().await;
    look_at_the_clock(&world);
    let mut under_way = Vec::new();
    for _ in 0..8 {
        let grant = eco.grant(&person, "bank-web", "openid offline_access").await;
        let code = eco.code(&grant, "bank-web", None).await;
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(code.form()).finish();
        under_way.push((half_sent(&leaving, &body).await, body));
    }
    // Connections without a request, and one in the middle of a header, hold nothing up.
    let mut idle = Vec::new();
    for _ in 0..20 {
        idle.push(TcpStream::connect(leaving.address).await.expect("a connection"));
    }
    idle[0].write_all(b"GET /oauth2/jwks HTTP/1.1\r\nHo").await.expect("sent");

    let began = Instant::now();
    leaving.terminate();
    eventually("it says that it is leaving", async || leaving.readiness().await.0 == 503).await;
    assert!(began.elapsed() < Duration::from_secs(30));
    let stays = client(&staying, "bank-web");
    for (mut stream, body) in under_way {
        stream.write_all(&body.as_bytes()[10..]).await.expect("the rest is still taken");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let tokens: serde_json::Value = serde_json::from_str(&answer[answer.find("\r\n\r\n").expect("a body") + 4..]).expect("JSON");
        assert_eq!(scope_left(&stays, &text(&tokens, "access_token")).await.as_deref(), Some("openid offline_access"));
    }
    assert_eq!(leaving.ended().await, Some(0), "{}", leaving.log());
    assert!(TcpStream::connect(leaving.address).await.is_err(), "nobody listens any more");
    assert_eq!(stays.introspect("x").await, json!({"active": false}), "the other goes on");
}
