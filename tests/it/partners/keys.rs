//! Signing keys: made once by whoever is first, switched by the calendar, gone at once when lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use concord::crypto::signing::Algorithm;
use concord::crypto::verify::{Audience, Expectation, TokenType, VerifyError};
use concord::usecases::follow::Follower;
use concord::usecases::{Core, signing_keys, start};
use serde_json::{Value, json};

use crate::support::{World, on_both};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A second node of the same deployment.
async fn node(world: &World) -> Arc<Core> {
    start::open(Arc::clone(&world.core.config), world.clock.clone(), world.random.clone()).await.expect("a second node")
}

/// How many keys of an algorithm are in each state.
async fn states(core: &Core, algorithm: &str) -> BTreeMap<String, usize> {
    let mut states = BTreeMap::new();
    for key in signing_keys::list(core).await.unwrap().into_iter().filter(|key| key.algorithm == algorithm) {
        *states.entry(key.state).or_default() += 1;
    }
    states
}

fn expected(states: &[(&str, usize)]) -> BTreeMap<String, usize> {
    states.iter().map(|(state, count)| ((*state).to_owned(), *count)).collect()
}

fn token(core: &Core, algorithm: Algorithm) -> String {
    let now = core.clock.now().seconds();
    let claims = json!({"iss": "us", "aud": "you", "sub": "s", "iat": now, "exp": now + 300});
    core.keys.load().sign(algorithm, "at+jwt", &claims).expect("a token")
}

fn verify(core: &Core, token: &str) -> Result<(), VerifyError> {
    let expectation = Expectation::new(TokenType::Named("at+jwt"), "us", Audience::OneOf(&["you"]), core.clock.now());
    core.keys.load().verify_own::<Value>(token, &expectation).map(|_| ())
}

on_both! {
    async fn every_start_finds_one_active_key_of_each_algorithm(world: World) {
        let (one, other) = tokio::join!(node(&world), node(&world));
        for algorithm in ["ES256", "RS256"] {
            assert_eq!(states(&one, algorithm).await, expected(&[("active", 1)]));
        }
        assert_eq!(one.keys.load().jwks_json(), other.keys.load().jwks_json());
        assert!(verify(&other, &token(&one, Algorithm::RS256)).is_ok());
    }

    async fn nodes_that_rotate_at_the_same_moment_make_one_key(world: World) {
        let other = node(&world).await;
        world.pass(90 * DAY);
        let rotations: Vec<_> = (0..6)
            .map(|number| {
                let core = if number % 2 == 0 { Arc::clone(&world.core) } else { Arc::clone(&other) };
                tokio::spawn(async move { signing_keys::run_rotation(&core, core.clock.now()).await.map(|_| ()) })
            })
            .collect();
        for rotation in rotations {
            rotation.await.unwrap().expect("rotates");
        }
        for algorithm in ["ES256", "RS256"] {
            assert_eq!(states(&world.core, algorithm).await, expected(&[("active", 1), ("pending", 1)]));
        }
    }

    async fn the_calendar_switches_keys_and_other_nodes_follow(world: World) {
        let core = &world.core;
        let other = node(&world).await;
        let mut follower = Follower::begin(&other).await.expect("follows");
        let before = token(core, Algorithm::ES256);
        world.pass(89 * DAY);
        assert!(signing_keys::run_rotation(core, world.now()).await.unwrap() > 0);
        assert_eq!(states(core, "ES256").await, expected(&[("active", 1), ("pending", 1)]));
        assert!(follower.poll(&other).await.unwrap() > 0);
        assert_eq!(core.keys.load().jwks_json(), other.keys.load().jwks_json(), "the next key is published everywhere first");
        assert_eq!(signing_keys::run_rotation(core, world.now()).await.unwrap(), 0);

        world.pass(DAY);
        signing_keys::run_rotation(core, world.now()).await.unwrap();
        assert_eq!(states(core, "ES256").await, expected(&[("active", 1), ("retired", 1)]));
        let after = token(core, Algorithm::ES256);
        assert_ne!(crate::support::keys::header(&before)["kid"], crate::support::keys::header(&after)["kid"]);
        assert_eq!(verify(&other, &after), Ok(()), "the other node had the key before it signed");

        world.pass(2 * DAY);
        signing_keys::run_rotation(core, world.now()).await.unwrap();
        assert_eq!(states(core, "ES256").await, expected(&[("active", 1), ("destroyed", 1)]));
        let gone = signing_keys::list(core).await.unwrap().into_iter().find(|key| key.state == "destroyed").unwrap();
        assert!(!String::from_utf8_lossy(&core.keys.load().jwks_json()).contains(&gone.kid));
    }

    async fn a_lost_key_is_believed_by_nobody_within_a_poll(world: World) {
        let core = &world.core;
        let other = node(&world).await;
        let mut follower = Follower::begin(&other).await.expect("follows");
        let stolen = token(core, Algorithm::ES256);
        let kid = crate::support::keys::header(&stolen)["kid"].as_str().unwrap().to_owned();
        assert_eq!(verify(&other, &stolen), Ok(()));
        assert!(signing_keys::retire(core, &kid, true).await.unwrap() > 0);
        follower.poll(&other).await.unwrap();
        for node in [core, &other] {
            assert_eq!(verify(node, &stolen), Err(VerifyError::UnknownKey));
            let late = Expectation { expired_is_fine: true, ..Expectation::new(TokenType::Named("at+jwt"), "us", Audience::Any, world.now()) };
            assert!(node.keys.load().verify_own::<Value>(&stolen, &late).is_err(), "not even as a hint");
            assert_eq!(verify(node, &token(core, Algorithm::ES256)), Ok(()));
        }
        assert!(signing_keys::retire(core, &kid, true).await.is_err(), "there is no such key any more");
    }

    async fn an_operator_rotates_ahead_of_the_calendar(world: World) {
        let core = &world.core;
        let before = token(core, Algorithm::RS256);
        assert_eq!(signing_keys::rotate(core, Algorithm::RS256, false).await.unwrap(), 1);
        assert_eq!(signing_keys::rotate(core, Algorithm::RS256, false).await.unwrap(), 0, "the next one is published already");
        assert_eq!(states(core, "RS256").await, expected(&[("active", 1), ("pending", 1)]));
        signing_keys::rotate(core, Algorithm::RS256, true).await.unwrap();
        assert_eq!(states(core, "RS256").await, expected(&[("active", 1), ("retired", 1)]));
        assert_eq!(verify(core, &before), Ok(()));
        assert_eq!(signing_keys::run_rotation(core, world.now()).await.unwrap(), 0, "the calendar begins again");
        let active = signing_keys::list(core).await.unwrap().into_iter().find(|key| key.algorithm == "RS256" && key.state == "active").unwrap();
        assert!(signing_keys::retire(core, &active.kid, false).await.unwrap() > 0);
        assert_eq!(states(core, "RS256").await, expected(&[("active", 1), ("retired", 2)]));
    }
}
