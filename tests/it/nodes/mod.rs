//! Two real servers on one PostgreSQL: what one changes the other knows within a second (conventions 8).

mod crowd;
mod cut;
mod drain;
mod flush;
mod kills;
mod lag;
mod late;
mod once;
mod rivals;
mod stage;
mod stale;
mod table;

use std::time::{Duration, Instant};

use crate::support::node::{Deployment, Node};
use crate::support::world::ISSUER;
use crate::support::{Backend, World};

async fn published(http: &reqwest::Client, node: &Node) -> usize {
    let answer = http.get(format!("http://{}/oauth2/jwks", node.address)).header("host", "id.localhost:8080").send().await;
    let keys: serde_json::Value = answer.expect("the node answers").json().await.expect("a key set");
    keys["keys"].as_array().expect("keys").len()
}

async fn both_know_within_a_second(deployment: &Deployment) {
    let (one, other) = tokio::join!(Node::start(deployment), Node::start(deployment));
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build().expect("an HTTP client");
    let before = published(&http, &one).await;
    assert_eq!(before, published(&http, &other).await);
    let ordered = deployment.clone();
    tokio::task::spawn_blocking(move || ordered.run(&["keys", "rotate", "--yes"])).await.expect("a new key");
    // The command has committed before it ends: from here on a second may pass.
    let committed = Instant::now();
    for node in [&one, &other] {
        while published(&http, node).await == before {
            assert!(committed.elapsed() < Duration::from_secs(1), "not known after a second");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_with_redis() {
    let world = World::new(Backend::Postgres).await;
    both_know_within_a_second(&world.deployment(ISSUER)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_without_redis() {
    let world = World::new(Backend::Postgres).await;
    both_know_within_a_second(&world.deployment(ISSUER).set("CONCORD_EPHEMERAL__URL", "")).await;
}

/// SQLite has one server; the second is told so and ends with 75.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_on_sqlite_does_not_start() {
    let world = World::new(Backend::Sqlite).await;
    let deployment = world.deployment(ISSUER);
    let mut first = Node::start(&deployment).await;
    let mut second = deployment.command(&["serve"]);
    second.env("CONCORD_SERVER__LISTEN", "127.0.0.1:0").env("CONCORD_SERVER__MANAGEMENT_LISTEN", "");
    let output = tokio::task::spawn_blocking(move || second.output()).await.expect("a task").expect("the program runs");
    assert_eq!(output.status.code(), Some(75));
    assert!(String::from_utf8_lossy(&output.stderr).contains("another server"));
    assert_eq!(first.stop().await, Some(0));
}
