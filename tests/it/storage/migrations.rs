//! The schema on both databases, and what not even SQL may do.

use std::sync::Arc;

use concord::clock::Clock;
use concord::config::Config;
use concord::crypto::random::Random;
use concord::storage::migrations::Schema;
use concord::storage::{Database, Pools};
use concord::usecases::start;

use crate::support::database::FreshDatabase;
use crate::support::{Backend, World, on_both};

async fn migrates_once_and_again(backend: Backend) {
    let fresh = FreshDatabase::empty(backend).await;
    let database = Database::open(&fresh.url, Pools::default()).await.expect("it opens");
    assert!(matches!(database.schema().await.expect("asked"), Schema::Behind { applied: 0, .. }));
    let (one, other) = tokio::join!(database.migrate(), database.migrate());
    one.expect("migrated");
    other.expect("two at once wait for each other");
    assert_eq!(database.schema().await.expect("asked"), Schema::Ready);
    database.migrate().await.expect("nothing left to do");
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_on_sqlite() {
    migrates_once_and_again(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_on_postgres() {
    migrates_once_and_again(Backend::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_does_not_start_behind_its_schema_and_names_the_command() {
    let fresh = FreshDatabase::empty(Backend::Postgres).await;
    let config = Config::from_toml(&format!("database.url = {:?}", fresh.url)).expect("a configuration");
    let refused = start::start(config, Clock::System, Random::system()).await.err().expect("refused");
    assert!(refused.to_string().contains("concord migrate up"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_does_not_start_with_another_time_than_the_databases() {
    let world = World::new(Backend::Postgres).await;
    let wrong = Clock::fixed(world.now() + std::time::Duration::from_secs(60));
    let config = Config::clone(&world.core.config);
    let refused = start::start(config, wrong, Random::system()).await.err().expect("refused");
    assert!(refused.to_string().contains("clock"), "{refused}");
    let config = Config::clone(&world.core.config);
    let core: Arc<_> = start::start(config, Clock::System, Random::system()).await.expect("the right time");
    assert!(core.truth.is_fresh());
}

on_both! {
    async fn texts_once_shown_cannot_be_changed(world: World) {
        assert!(world.count("SELECT COUNT(*) FROM consent_texts").await > 0);
        assert!(world.tamper("UPDATE consent_texts SET body = 'something else'").await.is_err());
        assert!(world.tamper("DELETE FROM consent_texts").await.is_err());
        let triggers = match world.backend {
            Backend::Sqlite => "SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%\\_no\\_%' ESCAPE '\\'",
            // One for both: UPDATE OR DELETE.
            Backend::Postgres => "SELECT 2 * COUNT(*) FROM pg_trigger WHERE tgname LIKE '%\\_append\\_only'",
        };
        assert_eq!(world.count(triggers).await, 6, "consent_events, link_transitions, consent_texts");
    }
}
