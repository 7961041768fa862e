//! What a node remembers of partners: cheap, and true to one poll.

use std::sync::Arc;
use std::time::{Duration, Instant};

use concord::usecases::follow::Follower;
use concord::usecases::{Core, partners, start, switch_partner};

use super::{applied, apply, operator, service, web};
use crate::support::{World, on_both};

async fn node(world: &World) -> Arc<Core> {
    start::open(Arc::clone(&world.core.config), world.clock.clone(), world.random.clone()).await.expect("a second node")
}

on_both! {
    async fn another_node_learns_by_one_poll(world: World) {
        let (here, there) = (&world.core, node(&world).await);
        let mut follower = Follower::begin(&there).await.expect("follows");
        applied(apply(here, &service("shop", "owns = [\"retail\"]", &web("shop-web", "openid profile"))).await);
        // Made a moment ago: found at once, without a poll.
        let client = partners::client(&there, "shop-web").await.unwrap().expect("known at once");
        follower.poll(&there).await.unwrap();
        assert!(partners::owner_of_domain(&there, "retail").await.unwrap().is_some());
        let again = partners::client(&there, "shop-web").await.unwrap().unwrap();
        let third = partners::client(&there, "shop-web").await.unwrap().unwrap();
        assert!(Arc::ptr_eq(&again, &third), "from memory");

        switch_partner::client(here, "shop-web", false, &operator()).await.unwrap();
        applied(apply(here, &service("shop", "", &web("shop-web", "openid email"))).await);
        follower.poll(&there).await.unwrap();
        let now = partners::client_by_key(&there, client.key).await.unwrap().unwrap();
        assert!(!now.enabled && now.document.scope.contains("email"));
        assert!(partners::owner_of_domain(&there, "retail").await.unwrap().is_none());
        assert!(!partners::service_by_code(&there, "shop").await.unwrap().unwrap().document.owns.contains(&"retail".to_owned()));
    }

    async fn a_node_that_does_not_follow_asks_the_database(world: World) {
        let (here, there) = (&world.core, node(&world).await);
        let _follower = Follower::begin(&there).await.expect("follows");
        applied(apply(here, &service("shop", "", &web("shop-web", "openid"))).await);
        assert!(partners::client(&there, "shop-web").await.unwrap().unwrap().enabled);
        tokio::time::sleep(Duration::from_millis(800)).await;
        switch_partner::client(here, "shop-web", false, &operator()).await.unwrap();
        assert!(!partners::client(&there, "shop-web").await.unwrap().unwrap().enabled, "never stale");
    }

    async fn keys_follow_their_client(world: World) {
        let (here, there) = (&world.core, node(&world).await);
        let mut follower = Follower::begin(&there).await.expect("follows");
        let with = |jwks: serde_json::Value| service("shop", &format!("jwks = '{jwks}'"), &format!("{}authentication = \"private_key_jwt\"\njwks = '{jwks}'\n", web("shop-web", "openid")));
        let (old, new) = (crate::support::keys::Key::new("old").jwks(), crate::support::keys::Key::new("new").jwks());
        applied(apply(here, &with(old)).await);
        let client = partners::client(&there, "shop-web").await.unwrap().unwrap();
        let kid = |keys: &concord::crypto::jwk::JwkSet| keys.keys()[0].kid().unwrap().to_owned();
        assert_eq!(kid(&partners::client_keys(&there, client.key).await.unwrap()), "old");
        assert_eq!(kid(&partners::service_keys(&there, client.service).await.unwrap()), "old");
        applied(apply(here, &with(new)).await);
        follower.poll(&there).await.unwrap();
        assert_eq!(kid(&partners::client_keys(&there, client.key).await.unwrap()), "new");
        assert_eq!(kid(&partners::service_keys(&there, client.service).await.unwrap()), "new");
    }

    async fn a_known_client_is_answered_from_memory(world: World) {
        let core = &world.core;
        let mut follower = Follower::begin(core).await.expect("follows");
        applied(apply(core, &service("shop", "", &web("shop-web", "openid"))).await);
        follower.poll(core).await.unwrap();
        follower_is_fresh(core);
        let known = partners::client(core, "shop-web").await.unwrap().unwrap();
        for _ in 0..100 {
            follower_is_fresh(core);
            let again = partners::client(core, "shop-web").await.unwrap().unwrap();
            assert!(Arc::ptr_eq(&known, &again), "from memory");
        }
    }
}

/// Keeps memory allowed to answer while the machine is slow.
fn follower_is_fresh(core: &Core) {
    core.truth.polled(Instant::now());
}
