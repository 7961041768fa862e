//! The small tables: settings, leases, used assertions, texts.

use std::sync::Arc;
use std::time::Duration;

use concord::clock::Timestamp;
use concord::crypto::digest::sha256;
use concord::storage::{self, Error, Tx, assertions, catalog as texts, leases, settings};
use concord::usecases::catalog::{self, LoadError};
use concord::usecases::follow::Follower;
use concord::usecases::start;
use futures_util::future::BoxFuture;

use crate::support::{World, on_both};

async fn write<T, F>(world: &World, work: F) -> T
where
    F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Error>> + Send + Sync + 'static,
    T: Send + 'static,
{
    world.database.write(work).await.expect("written")
}

on_both! {
    async fn the_database_epoch_starts_at_one_and_every_node_learns_of_the_next(world: World) {
        let core = &world.core;
        let mut follower = Follower::begin(core).await.expect("follows");
        assert_eq!(core.database_epoch(), 1);
        let now = world.now();
        assert_eq!(write(&world, move |tx| Box::pin(settings::bump_database_epoch(tx, now))).await, 2);
        follower.poll(core).await.expect("polls");
        assert_eq!(core.database_epoch(), 2);
    }

    async fn other_root_keys_stop_the_start(world: World) {
        let mut config = (*world.core.config).clone();
        let kek = concord::crypto::digest::base64url(&[9; 32]);
        config.keys = concord::config::Config::from_toml(&format!(
            "issuer = \"http://id.localhost:8080\"\n[keys]\nkek = \"{kek}\"\npepper = \"{kek}\""
        )).expect("a configuration").keys;
        let error = start::open(Arc::new(config), world.clock.clone(), world.random.clone()).await.err().expect("refused");
        assert!(matches!(error, start::StartError::RootKeys(_)), "{error}");
        let known = settings::root_keys_fingerprint(&mut world.database.read().await.unwrap()).await.unwrap();
        assert!(known.is_some() && !settings::is_empty(&mut world.database.read().await.unwrap()).await.unwrap());
    }

    async fn a_lease_has_one_holder_until_it_is_over(world: World) {
        let (now, minute) = (world.now(), Duration::from_secs(60));
        let (one, other) = (world.random.uuid_v7(now), world.random.uuid_v7(now));
        let take = |holder, now: Timestamp| write(&world, move |tx| Box::pin(leases::take(tx, "relay", holder, now + minute, now)));
        assert!(take(one, now).await);
        assert!(!take(other, now).await);
        assert!(take(one, now).await, "its holder extends it");
        assert!(take(other, now + minute).await, "over");
        write(&world, move |tx| Box::pin(leases::give_back(tx, "relay", one))).await;
        assert!(!take(one, now + minute).await, "only the holder gives back");
        write(&world, move |tx| Box::pin(leases::give_back(tx, "relay", other))).await;
        assert!(take(one, now).await);
    }

    async fn an_assertion_is_used_once_and_forgotten_when_over(world: World) {
        let (now, jti) = (world.now(), sha256(b"jti"));
        let first = |issuer: &'static str| write(&world, move |tx| Box::pin(async move { assertions::use_once(tx, issuer, &jti, now).await }));
        assert!(first("client:a").await);
        assert!(!first("client:a").await);
        assert!(first("client:b").await, "another issuer's is another");
    }

    async fn what_is_over_is_removed(world: World) {
        let (now, jti) = (world.now(), sha256(b"jti"));
        write(&world, move |tx| Box::pin(async move { assertions::use_once(tx, "client:a", &jti, now).await })).await;
        assert_eq!(write(&world, move |tx| Box::pin(assertions::forget_expired(tx, now, 100))).await, 0);
        let later = now + Duration::from_secs(1);
        assert_eq!(write(&world, move |tx| Box::pin(assertions::forget_expired(tx, later, 100))).await, 1);
    }

    async fn texts_are_kept_for_ever_and_cannot_change_under_their_number(world: World) {
        let core = &world.core;
        let english = core.catalog().agreements["link"].text.en.clone();
        let kept = texts::text_by_digest(&mut world.database.read().await.unwrap(), &sha256(english.as_bytes())).await.unwrap();
        assert_eq!(kept, Some(english.clone()));

        let folder = world.folder.path().join("catalog");
        std::fs::create_dir_all(&folder).unwrap();
        for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/catalog")).unwrap() {
            let file = file.unwrap().path();
            std::fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
        }
        let agreements = folder.join("agreements.toml");
        let text = std::fs::read_to_string(&agreements).unwrap();
        let with = |config: &mut concord::config::Config| config.catalog.dir = Some(folder.clone());
        let mut config = (*core.config).clone();
        with(&mut config);
        let config = Arc::new(config);
        let open = || start::open(Arc::clone(&config), world.clock.clone(), world.random.clone());
        open().await.expect("the same catalogue from a folder");

        let changed = text.replace("You confirm that the account", "You confirm gladly that the account");
        std::fs::write(&agreements, &changed).unwrap();
        let error = open().await.err().expect("refused");
        assert!(matches!(&error, start::StartError::Catalog(LoadError::TextChanged { code, version: 1, lang: "en" }) if code == "link"), "{error}");
        std::fs::write(&agreements, changed.replace("version = 1\nkind = \"link\"", "version = 2\nkind = \"link\"")).unwrap();
        let core = open().await.expect("a new number");
        assert_eq!(core.catalog().agreements["link"].version, 2);
        let old = texts::text_by_digest(&mut world.database.read().await.unwrap(), &sha256(english.as_bytes())).await.unwrap();
        assert_eq!(old, Some(english));
        catalog::load(&core).await.expect("again");
    }
}

#[test]
fn storage_errors_never_carry_values() {
    let text = storage::Error::Corrupt("column 1 cannot be read".into()).to_string();
    assert!(!text.contains('@'));
}
