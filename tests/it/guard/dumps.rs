//! Everything that a deployment leaves behind, as bytes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Backend, World};

/// A name and its bytes.
pub type Pile = (String, Vec<u8>);

impl World {
    /// The whole database, in every form in which somebody could get at it.
    pub async fn piles(&self) -> Vec<Pile> {
        let mut piles = vec![("the rows".to_owned(), self.dump().await)];
        match self.backend {
            Backend::Sqlite => {
                let base = PathBuf::from(self.database_url().trim_start_matches("sqlite:"));
                for end in ["", "-wal", "-shm"] {
                    let path = PathBuf::from(format!("{}{end}", base.display()));
                    piles.push((format!("the file {end}"), std::fs::read(path).unwrap_or_default()));
                }
            }
            Backend::Postgres => {
                let dump = pg_dump(self.database_url()).await;
                piles.push(("the bytes in the dump".to_owned(), bytes_in(&dump)));
                piles.push(("the dump".to_owned(), dump));
                piles.push(("redis".to_owned(), redis_contents(&self.redis_url().expect("an address")).await));
            }
        }
        piles
    }
}

/// A program of PostgreSQL's, which Debian keeps out of the path.
fn postgres_program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin").join(name)).filter(|path| path.exists()).collect();
    found.sort();
    found.pop().unwrap_or_else(|| Path::new(name).to_owned())
}

async fn pg_dump(url: &str) -> Vec<u8> {
    let url = url.to_owned();
    let run = move || Command::new(postgres_program("pg_dump")).args(["--no-owner", "--inserts", "--dbname", &url]).output();
    let output = tokio::task::spawn_blocking(run).await.expect("a thread").expect("pg_dump runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What a dump writes as `\x6a6f..`, as the bytes that it means.
fn bytes_in(dump: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = dump;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\\x") {
        rest = &rest[at + 2..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        for pair in rest[..digits].chunks_exact(2) {
            let text = std::str::from_utf8(pair).expect("digits");
            bytes.push(u8::from_str_radix(text, 16).expect("digits"));
        }
        bytes.push(b'\n');
        rest = &rest[digits..];
    }
    bytes
}

/// Every key of every database of a Redis, with its value as it is kept.
async fn redis_contents(url: &str) -> Vec<u8> {
    let client = redis::Client::open(url).expect("an address");
    let mut connection = client.get_multiplexed_async_connection().await.expect("Redis answers");
    let (mut cursor, mut all) = (0_u64, Vec::new());
    loop {
        let (next, keys): (u64, Vec<Vec<u8>>) =
            redis::cmd("SCAN").arg(cursor).arg("COUNT").arg(1000).query_async(&mut connection).await.expect("the keys");
        for key in keys {
            let plain: Option<Vec<u8>> = redis::cmd("GET").arg(&key).query_async(&mut connection).await.unwrap_or_default();
            let packed: Option<Vec<u8>> = redis::cmd("DUMP").arg(&key).query_async(&mut connection).await.unwrap_or_default();
            for part in [key, plain.unwrap_or_default(), packed.unwrap_or_default()] {
                all.extend(part);
                all.push(b'\n');
            }
        }
        cursor = next;
        if cursor == 0 {
            return all;
        }
    }
}

/// Listens to every command that a Redis is given, from all sides.
pub struct Overheard {
    said: Arc<Mutex<Vec<u8>>>,
    listener: tokio::task::JoinHandle<()>,
}

impl Overheard {
    pub async fn begin(url: &str) -> Self {
        let url = url::Url::parse(url).expect("an address");
        let address = (url.host_str().expect("a host").to_owned(), url.port().expect("a port"));
        let mut stream = TcpStream::connect(address).await.expect("Redis answers");
        stream.write_all(b"MONITOR\r\n").await.expect("a wire");
        let mut begun = [0; 5];
        stream.read_exact(&mut begun).await.expect("an answer");
        assert_eq!(&begun, b"+OK\r\n");
        let said = Arc::<Mutex<Vec<u8>>>::default();
        let kept = Arc::clone(&said);
        let listener = tokio::spawn(async move {
            let mut part = vec![0; 64 * 1024];
            while let Ok(size @ 1..) = stream.read(&mut part).await {
                kept.lock().expect("what was said").extend(&part[..size]);
            }
        });
        Self { said, listener }
    }

    pub fn end(self) -> Vec<u8> {
        self.listener.abort();
        std::mem::take(&mut self.said.lock().expect("what was said"))
    }
}

/// Every file below a folder, but for those of a subfolder.
pub fn files_below(folder: &Path, except: &Path) -> Vec<Pile> {
    let mut piles = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path == except {
            continue;
        }
        if path.is_dir() {
            piles.extend(files_below(&path, except));
        } else {
            piles.push((path.display().to_string(), std::fs::read(&path).unwrap_or_default()));
        }
    }
    piles
}

#[test]
fn bytes_of_a_dump_are_what_they_mean() {
    assert_eq!(bytes_in(b"INSERT (1, '\\x6a6f', NULL, '\\x', '\\x00FF');"), b"jo\n\n\x00\xff\n");
}
