//! A Redis of one test's own: to flush, to stop, to start again.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::node::free_port;

pub struct OwnRedis {
    address: SocketAddr,
    process: Child,
}

impl OwnRedis {
    /// Starts on a free port and keeps nothing on disk.
    pub async fn start() -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let redis = Self { address, process: spawn(address) };
        redis.wait().await;
        redis
    }

    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Forgets everything.
    pub async fn flush(&self) {
        assert_eq!(self.say("FLUSHALL").await.as_deref(), Some("+OK"));
    }

    /// Gone, until it is started again.
    pub fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Empty again, at the same address.
    pub async fn start_again(&mut self) {
        self.stop();
        self.process = spawn(self.address);
        self.wait().await;
    }

    /// A command in one line, and the first line of the answer.
    pub async fn say(&self, command: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.address).await.ok()?;
        stream.write_all(format!("{command}\r\n").as_bytes()).await.ok()?;
        let mut answer = vec![0; 256];
        let length = stream.read(&mut answer).await.ok()?;
        Some(String::from_utf8_lossy(&answer[..length]).lines().next()?.to_owned())
    }

    async fn wait(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.say("PING").await.as_deref() != Some("+PONG") {
            assert!(Instant::now() < deadline, "Redis did not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        self.stop();
    }
}

fn spawn(address: SocketAddr) -> Child {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &address.port().to_string(), "--save", "", "--appendonly", "no"])
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server starts")
}
