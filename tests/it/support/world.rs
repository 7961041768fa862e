//! Everything one test has to itself: a database, a key prefix, a clock, chance, and the core that the use cases are handed.

use std::sync::Arc;
use std::time::Duration;

use concord::clock::{Clock, Timestamp};
use concord::config::Config;
use concord::crypto::random::Random;
use concord::storage::Database;
use concord::usecases::{Core, start};

use super::database::{Backend, Folder, FreshDatabase, service_url, unique};
use super::node::Deployment;

/// What people and tokens see as the issuer in a world's own server.
pub const ISSUER: &str = "http://id.localhost:8080";

/// Root keys that all worlds and their nodes share: 32 bytes each, of no use to anybody.
const KEK: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const PEPPER: &str = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA";

/// A world of its own: nothing in it is seen by another test.
pub struct World {
    pub backend: Backend,
    /// Stands still until the test moves it. It starts at the real time, because nodes compare theirs with the database's.
    pub clock: Clock,
    pub random: Random,
    pub database: Database,
    pub core: Arc<Core>,
    /// Before every key in Redis.
    pub prefix: String,
    /// For files: mails, keys.
    pub folder: Folder,
    /// Dropped last: the database goes with it.
    fresh: FreshDatabase,
}

impl World {
    pub async fn new(backend: Backend) -> Self {
        Self::with(backend, "").await
    }

    /// A world with a setting of its own: TOML as in a configuration file, for sections other than `database` and `ephemeral`.
    pub async fn with(backend: Backend, settings: &str) -> Self {
        let fresh = FreshDatabase::new(backend).await;
        let folder = Folder::new();
        let prefix = format!("test-{}-{}:", std::process::id(), unique());
        let config = config(&fresh.url, &folder, &prefix, settings);
        let clock = Clock::fixed(Clock::System.now());
        let random = Random::system();
        let core = start::open(Arc::new(config), clock.clone(), random.clone()).await.expect("the core opens");
        Self { backend, clock, random, database: core.database.clone(), core, prefix, folder, fresh }
    }

    /// How a node of its own process joins this world: the same database, root keys and Redis. Every node and client speaks of `issuer`.
    pub fn deployment(&self, issuer: &str) -> Deployment {
        let deployment = Deployment::new(issuer)
            .set("CONCORD_DATABASE__URL", self.database_url())
            .set("CONCORD_KEYS__KEK", KEK)
            .set("CONCORD_KEYS__PEPPER", PEPPER)
            .set("CONCORD_EPHEMERAL__PREFIX", &self.prefix)
            .set("CONCORD_DATA_DIR", &self.folder.path().display().to_string())
            .set("CONCORD_OUTBOUND__ALLOW_LOOPBACK", "true");
        match self.redis_url() {
            Some(url) => deployment.set("CONCORD_EPHEMERAL__URL", &url),
            None => deployment,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// The database's address, for a second handle or another process.
    pub fn database_url(&self) -> &str {
        &self.fresh.url
    }

    /// The address of Redis; only where the world has one.
    pub fn redis_url(&self) -> Option<String> {
        (self.backend == Backend::Postgres).then(|| service_url("TEST_REDIS_URL"))
    }
}

/// Makes the one signing-key set and catalogue record that every world starts with: RSA keys take a while to find.
pub async fn prepare_template(url: &str) {
    let folder = Folder::new();
    let config = config(url, &folder, "template:", "");
    let core = start::open(Arc::new(config), Clock::System, Random::system()).await.expect("the template opens");
    core.database.close().await;
}

/// The defaults, this world's stores, cheap password hashes, and then what the test sets.
fn config(url: &str, folder: &Folder, prefix: &str, settings: &str) -> Config {
    let mut table: toml::Table = settings.parse().expect("settings in TOML");
    let mut set = |section: &str, key: &str, value: toml::Value| {
        let section = table.entry(section).or_insert_with(|| toml::Table::new().into());
        section.as_table_mut().expect("a section").entry(key).or_insert(value);
    };
    set("database", "url", url.into());
    // A connection to PostgreSQL costs a debug build a good part of a second of hashing, and some tests call sixty-four at once.
    set("database", "acquire_timeout", "12s".into());
    set("ephemeral", "prefix", prefix.into());
    if !url.starts_with("sqlite:") {
        set("ephemeral", "url", service_url("TEST_REDIS_URL").into());
    }
    set("keys", "kek", KEK.into());
    set("keys", "pepper", PEPPER.into());
    set("password", "memory_kib", 64.into());
    set("password", "iterations", 1.into());
    set("outbound", "allow_loopback", true.into());
    table.entry("issuer").or_insert(ISSUER.into());
    table.entry("data_dir").or_insert_with(|| folder.path().display().to_string().into());
    Config::from_toml(&table.to_string()).expect("a configuration")
}
