//! A database of its own for every test, migrated once per run.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use concord::storage::{Database, Pools};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, postgres::PgConnectOptions};
use tokio::sync::OnceCell;

/// Which of the two pairs of stores a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// SQLite and the store in the process.
    Sqlite,
    /// PostgreSQL and Redis.
    Postgres,
}

/// A number no other test of this process has.
pub fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// What `tests/run/with-services` sets.
pub fn service_url(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run `tests/run/with-services cargo test ...`, or `make test` for everything"))
}

/// A folder that goes when its owner goes: out of the world, or to what a whole run has left behind (tests/run/left.sh).
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("concord-it-{}-{}", std::process::id(), unique()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let kept = std::env::var_os("TEST_LEFT").zip(self.0.file_name());
        if kept.is_none_or(|(left, name)| std::fs::rename(&self.0, Path::new(&left).join(name)).is_err()) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// A migrated, empty database and whatever must go with it.
pub struct FreshDatabase {
    pub url: String,
    kept: Kept,
}

enum Kept {
    File(#[allow(dead_code, reason = "goes with the database")] Folder),
    Postgres(String),
}

impl FreshDatabase {
    /// Ready for use, with the schema, the catalogue and the signing keys in place.
    pub async fn new(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::sqlite().await,
            Backend::Postgres => Self::postgres().await,
        }
    }

    /// A SQLite file; the first one is migrated, the others are copies of it.
    async fn sqlite() -> Self {
        static TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();
        let template = TEMPLATE
            .get_or_init(|| async {
                let folder = Folder::new();
                let path = folder.path().join("template.sqlite");
                super::world::prepare_template(&format!("sqlite:{}", path.display())).await;
                std::fs::read(&path).expect("the template")
            })
            .await;
        let folder = Folder::new();
        let path = folder.path().join("concord.sqlite");
        std::fs::write(&path, template).expect("a copy of the template");
        Self { url: format!("sqlite:{}", path.display()), kept: Kept::File(folder) }
    }

    /// A PostgreSQL database, cloned from one that was migrated once.
    async fn postgres() -> Self {
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        let template = TEMPLATE
            .get_or_init(|| async {
                let name = format!("concord_template_{}", std::process::id());
                administer(&format!("CREATE DATABASE {name}")).await;
                let database = Database::open(&named(&name), Pools::default()).await.expect("PostgreSQL opens");
                database.migrate().await.expect("the schema");
                database.close().await;
                super::world::prepare_template(&named(&name)).await;
                name
            })
            .await;
        let name = format!("concord_{}_{}", std::process::id(), unique());
        administer(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        Self { url: named(&name), kept: Kept::Postgres(name) }
    }

    /// A database without any schema, to test the migrations themselves.
    pub async fn empty(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => {
                let folder = Folder::new();
                let url = format!("sqlite:{}", folder.path().join("concord.sqlite").display());
                Self { url, kept: Kept::File(folder) }
            }
            Backend::Postgres => {
                let name = format!("concord_{}_{}", std::process::id(), unique());
                administer(&format!("CREATE DATABASE {name}")).await;
                Self { url: named(&name), kept: Kept::Postgres(name) }
            }
        }
    }
}

impl Drop for FreshDatabase {
    fn drop(&mut self) {
        let Kept::Postgres(name) = &self.kept else { return };
        let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        // A thread of its own: this may run inside a runtime, which must not be blocked on itself.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(administer(&statement));
        });
        let _ = dropped.join();
    }
}

/// The address of another database of the same server.
fn named(name: &str) -> String {
    let mut url = url::Url::parse(&service_url("TEST_DATABASE_URL")).expect("TEST_DATABASE_URL is an address");
    url.set_path(name);
    url.into()
}

/// Runs a statement outside any of the tests' databases.
pub async fn administer(statement: &str) {
    let options: PgConnectOptions = service_url("TEST_DATABASE_URL").parse().expect("TEST_DATABASE_URL is an address");
    let mut connection: PgConnection = options.connect().await.expect("PostgreSQL answers");
    connection.execute(sqlx::AssertSqlSafe(statement.to_owned())).await.expect("the statement");
    let _ = connection.close().await;
}
