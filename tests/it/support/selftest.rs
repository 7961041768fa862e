//! The support itself: what the other tests lean on.

use std::net::SocketAddr;
use std::time::Duration;

use concord::storage::migrations::Schema;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::database::{Backend, FreshDatabase};
use super::on_both;
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
