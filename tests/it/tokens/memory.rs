//! What is answered from memory is what the database says.

use std::sync::Arc;
use std::time::Duration;

use concord::jobs::Means;
use concord::outbound::mail::Mailer;
use concord::storage::grants;
use concord::usecases;
use futures_util::future::join_all;

use super::ecosystem::{Ecosystem, refused};
use crate::support::on_both;

on_both! {
    async fn memory_and_database_agree_after_every_change(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let grant = eco.grant(&person, "bank-web", "openid profile loyalty").await;
        let code = eco.code(&grant, "bank-web", None).await;
        let tokens = eco.redeem("bank-web", &code).await.expect("tokens");
        for step in 0..4 {
            eco.fresh();
            let remembered = usecases::grants::view(&eco.core, grant.id).await.expect("the database").expect("a grant");
            let again = usecases::grants::view(&eco.core, grant.id).await.expect("the database").expect("a grant");
            assert!(Arc::ptr_eq(&remembered, &again), "answered from memory");
            let mut tx = eco.core.database.read().await.expect("a connection");
            let stored = grants::view(&mut tx, grant.id).await.expect("the database").expect("a grant");
            drop(tx);
            assert_eq!(format!("{remembered:?}"), format!("{stored:?}"), "step {step}");
            match step {
                0 => eco.revoke("bank-web", &tokens.access_token).await,
                1 => eco.end_consent(&person, person.reads_loyalty).await,
                2 => assert_eq!(refused(eco.redeem("bank-web", &code).await), concord::protocol::ErrorCode::InvalidGrant),
                _ => {}
            }
        }
    }

    async fn nothing_is_answered_from_memory_that_may_be_stale(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let grant = eco.grant(&person, "bank-web", "openid").await;
        eco.fresh();
        let one = usecases::grants::view(&eco.core, grant.id).await.expect("the database").expect("a grant");
        tokio::time::sleep(Duration::from_millis(800)).await;
        let other = usecases::grants::view(&eco.core, grant.id).await.expect("the database").expect("a grant");
        assert!(!Arc::ptr_eq(&one, &other), "the node has not read the feed for too long");
    }

    async fn jt10_a_sub_is_made_once_however_many_ask_at_once(world: World) {
        let eco = Arc::new(Ecosystem::new(&world).await);
        let person = eco.person().await;
        let sector = eco.service(eco.loyalty).await.sector;
        let customer = person.customer;
        let tries = (0..32).map(|_| {
            let eco = Arc::clone(&eco);
            tokio::spawn(async move { usecases::pairwise::subject(&eco.core, customer, sector, eco.now()).await.expect("a sub") })
        });
        let subs: Vec<_> = join_all(tries).await.into_iter().map(|joined| joined.expect("no panic")).collect();
        assert!(subs.iter().all(|sub| *sub == subs[0]));
        let bank = eco.service(eco.bank).await.sector;
        assert_ne!(*usecases::pairwise::subject(&eco.core, customer, bank, eco.now()).await.expect("a sub"), *subs[0]);
    }

    async fn grants_are_forgotten_when_nothing_can_come_of_them(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let day = Duration::from_secs(86_400);
        let offline = eco.signed_in(&person, "bank-web", "openid offline_access").await;
        let online = eco.signed_in(&person, "bank-silent", "openid").await;
        let means = Means::new(Arc::clone(&eco.core), Mailer::new(&eco.core.config.mail)).expect("means");
        let sweep = || async {
            for job in ["sessions", "cleanup"] {
                means.run_once(job).await.expect("a job").expect("done");
            }
            world.count("SELECT COUNT(*) FROM grants").await
        };
        world.pass(day);
        assert_eq!(sweep().await, 2, "the session lives");
        world.pass(day * 28);
        let offline = eco.refresh("bank-web", offline.refresh_token.as_deref().expect("one")).await.expect("tokens");
        world.pass(day * 2);
        assert_eq!(sweep().await, 2, "the person still sees what had access");
        let offline = eco.refresh("bank-web", offline.refresh_token.as_deref().expect("one")).await.expect("it outlives the session");
        assert!(!eco.introspect("bank-web", &online.access_token).await.active);
        world.pass(day * 32);
        assert_eq!(sweep().await, 1, "nobody has used the offline one for longer than it waits");
        assert_eq!(refused(eco.refresh("bank-web", offline.refresh_token.as_deref().expect("one")).await), concord::protocol::ErrorCode::InvalidGrant);
        world.pass(day * 31);
        assert_eq!(sweep().await, 0);
        for table in ["grant_items", "families", "codes", "sessions"] {
            assert_eq!(world.count(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
        }
    }

    async fn a_jwt_is_remembered_only_for_the_keys_that_verified_it(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let token = eco.signed_in(&person, "bank-app", "openid").await.access_token;
        let open = async || usecases::access_token::open(&eco.core, &token, eco.now()).await.expect("the database");
        assert!(open().await.is_some());
        assert_eq!(open().await, open().await);
        eco.core.keys.store(Arc::new(concord::crypto::signing::KeyRing::new(Vec::new())));
        assert!(open().await.is_none(), "its key is gone");
        eco.core.keys.store(Arc::new(super::super::ecosystem::ring()));
        assert!(open().await.is_some());
        world.pass(Duration::from_secs(300));
        assert!(open().await.is_none(), "expired");
    }
}
