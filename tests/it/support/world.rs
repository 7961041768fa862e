//! Everything one test has to itself: a database, a key prefix, a clock, chance, and the core that the use cases are handed.

use std::sync::Arc;
use std::time::Duration;

use concord::clock::{Clock, Timestamp};
use concord::config::Config;
use concord::crypto::random::Random;
use concord::crypto::root_keys::RootKeys;
use concord::storage::{Database, Pools};
use concord::usecases::{Core, catalog, start};

use super::database::{Backend, Folder, FreshDatabase, service_url, unique};

/// What people and tokens see as the issuer in a world's own server.
pub const ISSUER: &str = "http://id.localhost:8080";

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
        let config = config(backend, &fresh.url, &folder, &prefix, settings);
        let database = Database::open(&fresh.url, Pools::default()).await.expect("the database opens");
        let clock = Clock::fixed(Clock::System.now());
        let random = Random::system();
        let root = RootKeys::in_memory(&random);
        let core = Arc::new(Core::new(Arc::new(config), clock.clone(), random.clone(), database.clone(), &root));
        // Signing keys take a second to make: a story that needs them says `signing_keys::ensure(&world.core)`.
        start::load_epoch(&core).await.expect("an epoch");
        catalog::load(&core).await.expect("the catalogue");
        Self { backend, clock, random, database, core, prefix, folder, fresh }
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

/// The defaults, this world's stores, cheap password hashes, and then what the test sets.
fn config(backend: Backend, url: &str, folder: &Folder, prefix: &str, settings: &str) -> Config {
    let mut table: toml::Table = settings.parse().expect("settings in TOML");
    let mut set = |section: &str, key: &str, value: toml::Value| {
        let section = table.entry(section).or_insert_with(|| toml::Table::new().into());
        section.as_table_mut().expect("a section").entry(key).or_insert(value);
    };
    set("database", "url", url.into());
    set("ephemeral", "prefix", prefix.into());
    if backend == Backend::Postgres {
        set("ephemeral", "url", service_url("TEST_REDIS_URL").into());
    }
    set("password", "memory_kib", 64.into());
    set("password", "iterations", 1.into());
    set("outbound", "allow_loopback", true.into());
    table.entry("issuer").or_insert(ISSUER.into());
    table.entry("data_dir").or_insert_with(|| folder.path().display().to_string().into());
    Config::from_toml(&table.to_string()).expect("a configuration")
}
