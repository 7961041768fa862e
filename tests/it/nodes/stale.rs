//! A node that has lost the feed of changes, and nothing else: what it holds in memory is not believed (conventions 8).

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use concord::clock::Clock;
use concord::config::Period;
use concord::crypto::random::Random;
use concord::crypto::signing::Algorithm;
use concord::model::actor::Actor;
use concord::model::ids::{ClientKey, GrantId, TokenId};
use concord::storage::Error;
use concord::usecases::access_token::{self, AccessToken, Holder};
use concord::usecases::follow::{FORGET_AFTER, Follower};
use concord::usecases::start::{self, StartError};
use concord::usecases::{Core, clocks, grants, restored, signing_keys};
use serde_json::json;
use uuid::Uuid;

use crate::support::database::Folder;
use crate::support::{Backend, World, on_both};
use crate::tokens::ecosystem::Ecosystem;

/// A client's own token: nothing but the keys and the epoch says whether it can be opened.
fn access_token(core: &Core) -> AccessToken {
    let now = core.clock.now();
    let holder = Holder::Client {
        client: ClientKey::new(Uuid::from_u128(4)),
        client_epoch: 1,
        service_epoch: 1,
        scope: "profile.write".parse().expect("a scope"),
    };
    let id = TokenId::new(core.random.uuid_v7(now));
    AccessToken { id, holder, audience: None, issued_at: now, expires_at: now + Duration::from_secs(300) }
}

fn jwt(core: &Core) -> String {
    let token = access_token(core);
    let claims = json!({
        "iss": core.issuer(), "aud": core.issuer(), "sub": "client", "client_id": "client", "scope": "profile.write",
        "iat": token.issued_at.seconds(), "exp": token.expires_at.seconds(), "jti": token.seal_jti(core),
    });
    core.keys.load().sign(Algorithm::ES256, "at+jwt", &claims).expect("a token")
}

/// Whether a node believes a token; none when it cannot say.
async fn believes(core: &Core, token: &str) -> Option<bool> {
    match access_token::open(core, token, core.clock.now()).await {
        Ok(opened) => Some(opened.is_some()),
        Err(Error::Unavailable(_)) => None,
        Err(other) => panic!("{other}"),
    }
}

/// A second node that follows the feed, with few connections for requests and little patience.
async fn follower_of(world: &World) -> Arc<Core> {
    let mut config = (*world.core.config).clone();
    (config.database.max_connections, config.database.read_connections) = (2, 2);
    config.database.acquire_timeout = Period::millis(500);
    start::start(config, Clock::System, Random::system()).await.expect("a second node")
}

async fn changed(world: &World, kind: &str) {
    world.tamper(&format!("INSERT INTO invalidations (kind, key, at) VALUES ('{kind}', '', 0)")).await.expect("a change");
}

on_both! {
    /// The feed's connection hangs while another node destroys a key and the database epoch changes.
    async fn f5_a_stuck_feed_keeps_no_destroyed_key_and_no_old_epoch(world: World) {
        let one = &world.core;
        let other = follower_of(&world).await;
        let (signed, sealed) = (jwt(one), access_token(one).seal(one));
        assert_eq!((believes(&other, &signed).await, believes(&other, &sealed).await), (Some(true), Some(true)));

        let feed = other.database.feed().await.expect("the feed's only connection");
        let kid = crate::support::keys::header(&signed)["kid"].as_str().expect("a name").to_owned();
        signing_keys::retire(one, &kid, true).await.expect("destroyed");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!other.truth.is_fresh(), "the feed is not read");
        assert_eq!(believes(&other, &signed).await, Some(false), "signed by a key that is destroyed");
        assert_eq!(believes(&other, &jwt(one)).await, Some(true), "signed by a key that this node has not heard of");
        assert_eq!(believes(&other, &sealed).await, Some(true));

        restored::restored(one, &Actor::Operator("op".to_owned()), world.now()).await.expect("a new epoch");
        assert_eq!(believes(&other, &sealed).await, Some(false), "of the epoch before");
        assert_eq!(believes(one, &sealed).await, Some(false));
        assert_eq!(believes(&other, &access_token(one).seal(one)).await, Some(true), "of the present epoch");

        // Not even the database can be asked: no answer instead of an old one.
        let sealed = access_token(one).seal(one);
        let mut held = Vec::new();
        while let Ok(connection) = other.database.read().await {
            held.push(connection);
        }
        assert_eq!(believes(&other, &sealed).await, None);
        assert_eq!(believes(&other, &jwt(one)).await, None);
        assert_eq!(believes(&other, "garbage").await, Some(false));
        drop(held);
        drop(feed);
        let deadline = Instant::now() + Duration::from_secs(20);
        while !other.truth.is_fresh() {
            assert!(Instant::now() < deadline, "the feed is not found again");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!((believes(&other, &sealed).await, believes(&other, &signed).await), (Some(true), Some(false)));
    }

    /// Changed keys that cannot be read make the whole poll fail: the node does not count as fresh with the old ones.
    async fn a_poll_counts_only_with_the_keys_it_heard_of(world: World) {
        let mut follower = Follower::begin(&world.core).await.expect("follows");
        follower.poll(&world.core).await.expect("polled");
        let signed = jwt(&world.core);
        world.tamper("UPDATE signing_keys SET kid = kid || 'x'").await.expect("keys that cannot be opened");
        changed(&world, "keys").await;
        let deadline = Instant::now() + Duration::from_secs(20);
        while world.core.truth.is_fresh() {
            assert!(follower.poll(&world.core).await.is_err());
            assert!(Instant::now() < deadline, "fresh without the present keys");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(believes(&world.core, &signed).await, None, "nobody knows whether its key still holds");
        world.tamper("UPDATE signing_keys SET kid = SUBSTR(kid, 1, LENGTH(kid) - 1)").await.expect("as before");
        follower.poll(&world.core).await.expect("polled");
        assert_eq!(believes(&world.core, &signed).await, Some(true));
    }

    /// A catalogue that could not be loaded is loaded by a later poll, without another change.
    async fn a_catalogue_that_failed_stays_due(world: World) {
        let folder = Folder::new();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
        for entry in std::fs::read_dir(from).expect("the catalogue") {
            let path = entry.expect("a file").path();
            std::fs::copy(&path, folder.path().join(path.file_name().expect("a name"))).expect("copied");
        }
        let mut config = (*world.core.config).clone();
        config.catalog.dir = Some(folder.path().to_owned());
        let core = start::open(Arc::new(config), world.clock.clone(), world.random.clone()).await.expect("a core");
        let mut follower = Follower::begin(&core).await.expect("follows");
        follower.poll(&core).await.expect("polled");
        let before = core.catalog.load_full();
        let (file, broken) = (folder.path().join("travel.toml"), "this is no catalogue");
        let whole = std::fs::read_to_string(&file).expect("read");
        std::fs::write(&file, broken).expect("written");
        changed(&world, "catalog").await;
        for _ in 0..2 {
            follower.poll(&core).await.expect("the feed itself is read");
            assert!(Arc::ptr_eq(&before, &core.catalog.load_full()), "the one in force goes on");
        }
        std::fs::write(&file, whole).expect("written");
        follower.poll(&core).await.expect("polled");
        assert!(!Arc::ptr_eq(&before, &core.catalog.load_full()), "loaded, though no other change came");
    }

    /// Changes that were removed before this node read them: whoever was away for so long forgets everything.
    async fn a_node_that_was_away_for_long_forgets_everything(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let grant = eco.grant(&person, "bank-web", "openid profile loyalty").await.id;
        let other = start::open(Arc::clone(&world.core.config), world.clock.clone(), world.random.clone()).await.expect("a second node");
        let mut follower = Follower::begin(&other).await.expect("follows");
        follower.poll(&other).await.expect("polled");
        grants::view(&other, grant).await.expect("asked").expect("a grant");
        assert!(remembers(&other, grant));

        eco.end_consent(&person, person.reads_loyalty).await;
        world.tamper("DELETE FROM invalidations").await.expect("cleaned");
        follower.poll(&other).await.expect("polled");
        assert!(remembers(&other, grant), "the feed alone no longer tells");
        let mut follower = follower.forgetting_after(Duration::from_millis(1));
        tokio::time::sleep(Duration::from_millis(50)).await;
        follower.poll(&other).await.expect("polled");
        assert!(!remembers(&other, grant), "forgotten, and asked for again");
        // The rows are kept for far longer than a node may be away and still trust its memory.
        assert_eq!(FORGET_AFTER, Duration::from_secs(60));
    }
}

fn remembers(core: &Core, grant: GrantId) -> bool {
    core.truth.polled(Instant::now());
    core.grants.get(&grant).is_some()
}

/// Over five seconds apart from the database, a node does not start; one that runs is not ready.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_clock_is_wrong_does_not_start() {
    let world = World::new(Backend::Postgres).await;
    let config = || (*world.core.config).clone();
    let real = || Clock::System.now();
    // A slow machine brings a clock that is ahead and stands still nearer to the database's, so that one is further away.
    let (behind, ahead) = (Duration::from_secs(6), Duration::from_secs(15));
    for wrong in [Clock::fixed(real() - behind), Clock::fixed(real() + ahead)] {
        let refused = start::start(config(), wrong, Random::system()).await.err().expect("refused");
        assert!(matches!(refused, StartError::Clocks(apart) if apart > clocks::MOST), "{refused}");
        assert!(refused.to_string().contains("NTP"));
    }
    let check = async |clock: Clock| {
        let core = start::open(Arc::clone(&world.core.config), clock.clone(), Random::system()).await.expect("a command may run");
        clocks::check(&core).await
    };
    for wrong in [real() - behind, real() + ahead] {
        assert!(check(Clock::fixed(wrong)).await.expect_err("not ready").contains("synchronise"));
    }
    assert_eq!(check(Clock::System).await, Ok(()));
    assert!(start::start(config(), Clock::System, Random::system()).await.is_ok());
    // The embedded database has no other clock than ours.
    let world = World::new(Backend::Sqlite).await;
    let hours = Clock::fixed(real() + Duration::from_secs(9000));
    assert!(start::start((*world.core.config).clone(), hours, Random::system()).await.is_ok());
}
