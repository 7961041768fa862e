//! The support itself: what the other tests lean on.

use std::net::SocketAddr;
use std::time::Duration;

use concord::storage::migrations::Schema;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use serde_json::json;

use super::database::{Backend, FreshDatabase};
use super::http::{Browser, Wire};
use super::on_both;
use super::partner::Partner;
use super::proxy::Proxy;

on_both! {
    async fn a_world_is_migrated_and_its_clock_stands(world: World) {
        assert_eq!(world.database.schema().await.expect("a schema"), Schema::Ready);
        let before = world.now();
        world.pass(Duration::from_secs(60));
        assert_eq!(world.now().since(before), Duration::from_secs(60));
        assert_eq!(world.redis_url().is_some(), world.backend == Backend::Postgres);
        assert_eq!(world.database.is_shared(), world.backend == Backend::Postgres);
    }

    async fn an_empty_database_can_be_migrated(world: World) {
        let empty = FreshDatabase::empty(world.backend).await;
        let database = concord::storage::Database::open(&empty.url, concord::storage::Pools::default()).await.expect("opens");
        assert!(matches!(database.schema().await.expect("a schema"), Schema::Behind { applied: 0, .. }));
        database.migrate().await.expect("migrates");
        assert_eq!(database.schema().await.expect("a schema"), Schema::Ready);
    }
}

on_both! {
    async fn the_database_can_be_looked_into(world: World) {
        let made = "INSERT INTO leases (name, holder, until) VALUES ('anna@selftest.test', ";
        let holder = match world.backend {
            Backend::Sqlite => "x'00112233445566778899aabbccddeeff', 5)",
            Backend::Postgres => "'00112233-4455-6677-8899-aabbccddeeff', 5)",
        };
        assert_eq!(world.tamper(&format!("{made}{holder}")).await.expect("inserted"), 1);
        assert!(world.tamper("INSERT INTO nowhere VALUES (1)").await.is_err());
        assert_eq!(world.rows("SELECT name, holder, until FROM leases").await, [[
            "anna@selftest.test",
            "00112233445566778899aabbccddeeff",
            "5"
        ]]);
        assert_eq!(world.count("SELECT COUNT(*) FROM leases").await, 1);
        world.assert_nowhere(&["boris@selftest.test"]).await;
        let found = tokio::spawn(async move { world.assert_nowhere(&["Anna@selftest.test"]).await }).await;
        assert!(found.is_err(), "an address in the database must be noticed");
    }
}

#[tokio::test]
async fn a_request_carries_its_host_and_its_credentials() {
    let partner = Partner::start().await;
    partner.answers("/welcome", 200, &json!({"hello": "Anna"}));
    let wire = Wire::new("http://shop.localhost:1234", partner.address);
    let mut browser = Browser::new(&wire);
    browser.open("/welcome?x=1").await.expect(200);
    let received = partner.wait_for("/welcome", 1).await;
    assert_eq!(received[0].headers["host"], "shop.localhost:1234");
    let answer = wire.post("/token").basic("a:b", "c d").form([("grant_type", "x y")]).send().await;
    assert_eq!(answer.status, 200);
    let received = partner.received("/token");
    assert_eq!(received[0].field("grant_type").as_deref(), Some("x y"));
    assert_eq!(received[0].headers["authorization"], "Basic YSUzQWI6Yytk");
}

async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut byte = [0];
                while stream.read_exact(&mut byte).await.is_ok() {
                    let _ = stream.write_all(&byte).await;
                }
            });
        }
    });
    address
}

async fn answers(stream: &mut TcpStream) -> bool {
    let mut byte = [7];
    stream.write_all(&byte).await.is_ok() && stream.read_exact(&mut byte).await.is_ok()
}

#[tokio::test]
async fn a_wire_can_be_cut_and_mended() {
    let proxy = Proxy::to([echo().await]).await;
    let mut open = TcpStream::connect(proxy.address).await.expect("connects");
    assert!(answers(&mut open).await);
    proxy.cut();
    assert!(!answers(&mut open).await);
    assert!(!answers(&mut TcpStream::connect(proxy.address).await.expect("connects")).await);
    proxy.mend();
    assert!(answers(&mut TcpStream::connect(proxy.address).await.expect("connects")).await);
}
