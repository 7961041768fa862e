//! The table of conventions 3, as far as tokens go: each ending on the shared functions, seen by introspection and refresh.

use concord::model::customer::CustomerState;
use concord::protocol::ErrorCode;
use concord::storage::{clients, connections, customers, outbox, services};
use concord::usecases::{backchannel, logout, switch_partner};
use std::sync::Arc;

use super::ecosystem::{Ecosystem, Person, refused};
use crate::support::on_both;

struct Before {
    bank: (String, String),
    cinema: String,
}

async fn tokens(eco: &Ecosystem, person: &Person) -> Before {
    let bank = eco.signed_in(person, "bank-web", "openid offline_access loyalty").await;
    let cinema = eco.signed_in(person, "cinema-web", "openid offline_access").await;
    Before { bank: (bank.access_token, bank.refresh_token.expect("one")), cinema: cinema.access_token }
}

on_both! {
    async fn co3_a_link_of_another_service_takes_only_its_domain(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let before = tokens(&eco, &person).await;
        let (customer, loyalty, core, now) = (person.customer, eco.loyalty, Arc::clone(&eco.core), eco.now());
        eco.write(move |tx| {
            let core = Arc::clone(&core);
            Box::pin(async move {
                connections::bump(tx, customer, loyalty).await?;
                backchannel::connection_ended(tx, &core, customer, loyalty, "link_ended", now).await
            })
        })
        .await;
        assert_eq!(eco.scope_left("bank-web", &before.bank.0).await.as_deref(), Some("openid offline_access"));
        assert_eq!(eco.scope_left("cinema-web", &before.cinema).await.as_deref(), Some("openid offline_access"));
        assert_eq!(eco.refresh("bank-web", &before.bank.1).await.expect("narrower").scope.to_string(), "openid offline_access");
    }

    async fn co3_an_ending_at_the_own_service_ends_its_grants_and_nobody_elses(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let before = tokens(&eco, &person).await;
        let (customer, bank) = (person.customer, eco.bank);
        eco.write(move |tx| {
            Box::pin(async move {
                // The epoch alone decides: nothing is fanned out.
                connections::bump(tx, customer, bank).await?;
                tx.invalidate(concord::storage::invalidations::Kind::Customer, customer, concord::clock::Timestamp::from_seconds(1)).await
            })
        })
        .await;
        assert_eq!(eco.scope_left("bank-web", &before.bank.0).await, None);
        assert_eq!(refused(eco.refresh("bank-web", &before.bank.1).await), ErrorCode::InvalidGrant);
        assert!(eco.scope_left("cinema-web", &before.cinema).await.is_some());
        assert!(eco.try_grant(&person, "bank-web", "openid").await.is_ok(), "the person may sign in again");
    }

    async fn rt5_locking_ends_everything_and_unlocking_revives_nothing(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let before = tokens(&eco, &person).await;
        let (customer, now) = (person.customer, eco.now());
        for (from, to) in [(CustomerState::Active, CustomerState::Locked), (CustomerState::Locked, CustomerState::Active)] {
            eco.write(move |tx| Box::pin(async move { customers::change_state(tx, customer, from, to, now).await })).await;
            assert_eq!(eco.scope_left("bank-web", &before.bank.0).await, None, "{to:?}");
            assert_eq!(eco.scope_left("cinema-web", &before.cinema).await, None, "{to:?}");
            assert_eq!(refused(eco.refresh("bank-web", &before.bank.1).await), ErrorCode::InvalidGrant, "{to:?}");
            assert_eq!(eco.try_grant(&person, "bank-web", "openid").await.is_ok(), to == CustomerState::Active);
        }
    }

    async fn rt5_switching_a_service_off_ends_its_grants_and_takes_its_scopes_from_others(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let before = tokens(&eco, &person).await;
        let (loyalty, bank, now) = (eco.loyalty, eco.bank, eco.now());
        for enabled in [false, true] {
            eco.write(move |tx| Box::pin(async move { services::set_enabled(tx, loyalty, enabled, now).await })).await;
            assert_eq!(eco.scope_left("bank-web", &before.bank.0).await.as_deref(), Some("openid offline_access"), "{enabled}");
        }
        for enabled in [false, true] {
            eco.write(move |tx| Box::pin(async move { services::set_enabled(tx, bank, enabled, now).await })).await;
            assert_eq!(eco.scope_left("bank-web", &before.bank.0).await, None, "{enabled}");
        }
        assert!(eco.scope_left("cinema-web", &before.cinema).await.is_some());
    }

    async fn a_client_loses_what_its_contract_no_longer_has(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let before = tokens(&eco, &person).await;
        let (client, now) = (eco.client("bank-web").await, eco.now());
        eco.write(move |tx| {
            let mut document = client.document.clone();
            document.scope = "openid offline_access".parse().expect("a scope");
            let key = client.key;
            Box::pin(async move { clients::update(tx, key, &document, now).await })
        })
        .await;
        assert_eq!(eco.scope_left("bank-web", &before.bank.0).await.as_deref(), Some("openid offline_access"));
    }

    async fn se11_signing_out_ends_what_lives_with_the_session_and_tells_the_clients(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        eco.give_backchannel_uri("bank-web", "https://bank.test/logout").await;
        let online = eco.signed_in(&person, "bank-web", "openid").await;
        let offline = eco.signed_in(&person, "bank-web", "openid offline_access").await;
        let silent = eco.signed_in(&person, "cinema-web", "openid").await;
        assert!(logout::end_session(&eco.core, person.customer, person.session, eco.now()).await.expect("ended"));
        assert!(!logout::end_session(&eco.core, person.customer, person.session, eco.now()).await.expect("the database"));
        assert_eq!(eco.scope_left("bank-web", &online.access_token).await, None);
        assert_eq!(refused(eco.refresh("bank-web", online.refresh_token.as_deref().expect("one")).await), ErrorCode::InvalidGrant);
        assert_eq!(eco.scope_left("cinema-web", &silent.access_token).await, None);
        assert!(eco.scope_left("bank-web", &offline.access_token).await.is_some(), "rt5: offline_access outlives the session");
        let mut tx = eco.core.database.read().await.expect("a connection");
        let due = outbox::due(&mut tx, eco.now()).await.expect("messages");
        assert_eq!(due.iter().map(|row| row.kind.as_str()).collect::<Vec<_>>(), [backchannel::KIND], "one for the client and session");
    }

    /// A client or service that is switched off is told whose grants ended, once, and of nothing made after it was on again.
    async fn who_is_switched_off_is_told_of_every_grant_once(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        eco.give_backchannel_uri("bank-web", "https://bank.test/logout").await;
        let before = eco.signed_in(&person, "bank-web", "openid").await;
        let actor = concord::model::actor::Actor::Operator("test".to_owned());
        let switch = |enabled| switch_partner::service(&eco.core, "bank", enabled, &actor);
        assert!(switch(false).await.expect("off") && switch(true).await.expect("on"));
        let after = eco.signed_in(&person, "bank-web", "openid").await;
        let due = outbox::due_of_kind(&mut eco.core.database.read().await.expect("a connection"), backchannel::SWITCHED_OFF, eco.now()).await;
        let [message] = &due.expect("messages")[..] else { panic!("one for the one client that has an address") };
        for _ in 0..2 {
            assert!(backchannel::tell_switched_off(&eco.core, &message.payload, eco.now()).await.expect("told"), "nothing is left");
            let told = outbox::due_of_kind(&mut eco.core.database.read().await.expect("a connection"), backchannel::AFTER_SWITCHED_OFF, eco.now()).await;
            assert_eq!(told.expect("messages").len(), 1, "told once");
        }
        assert_eq!(eco.scope_left("bank-web", &before.access_token).await, None);
        assert!(eco.scope_left("bank-web", &after.access_token).await.is_some());
    }

    async fn a_session_that_expires_ends_what_lives_with_it(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        world.pass(std::time::Duration::from_secs(30 * 86_400 - 60));
        let online = eco.signed_in(&person, "bank-web", "openid").await;
        let offline = eco.signed_in(&person, "bank-web", "openid offline_access").await;
        assert!(eco.introspect("bank-web", &online.access_token).await.active);
        world.pass(std::time::Duration::from_secs(60));
        assert!(!eco.introspect("bank-web", &online.access_token).await.active);
        assert!(eco.introspect("bank-web", &offline.access_token).await.active);
    }
}
