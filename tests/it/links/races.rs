//! Races: several at the same moment, one outcome (I2, RC5, RC6).

use std::sync::Arc;

use concord::model::flow::LinkDecision;
use concord::model::link::LinkState;
use concord::protocol::token::LinkStatus;
use concord::usecases::consents::{self, NewConsent};
use concord::usecases::endings::{self, Outcome};
use concord::usecases::links;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::chain::verified;
use crate::support::on_both;

const RIVALS: usize = 6;

on_both! {
    /// I2, RC5: several customers claim one account, each through acceptance and activation.
    async fn i2_one_holder_per_local_account(world: World) {
        let bank = world.partner("bank", &[]).await;
        let barrier = Arc::new(Barrier::new(RIVALS));
        let mut race = JoinSet::new();
        for _ in 0..RIVALS {
            let anna = world.customer().await;
            let deciding = world.deciding(&bank, anna, world.propose(&bank, "client-42").await);
            // Each proved a little later than the one before, so that accepting it ends whatever of them still waits.
            world.pass(std::time::Duration::from_millis(1));
            let (core, barrier, now) = (Arc::clone(&world.core), Arc::clone(&barrier), world.now());
            race.spawn(async move {
                barrier.wait().await;
                let held = Arc::clone(&core);
                let accepted = core.database.write(move |tx| {
                    let (core, deciding) = (Arc::clone(&held), deciding.clone());
                    Box::pin(async move { links::accept(tx, &core, &deciding, now).await })
                }).await.expect("decided");
                let LinkDecision::Accepted(link) = accepted else { return LinkStatus::Error };
                let held = Arc::clone(&core);
                core.database.write(move |tx| {
                    let core = Arc::clone(&held);
                    Box::pin(async move { links::activate_pending(tx, &core, link, anna, now).await })
                }).await.expect("redeemed")
            });
        }
        let outcomes = race.join_all().await;
        assert_eq!(outcomes.iter().filter(|status| **status == LinkStatus::Active).count(), 1, "{outcomes:?}");
        assert_eq!(world.count("SELECT COUNT(*) FROM links WHERE state = 'active'").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM links WHERE state IN ('pending_consent', 'pending_activation')").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM consents WHERE kind = 'link' AND state = 'given'").await, 1);
    }

    /// One customer redeems two accounts of a service that allows one.
    async fn one_account_per_customer_where_the_service_says_so(world: World) {
        let bank = world.partner("bank", &[]).await;
        let anna = world.customer().await;
        let mut waiting = Vec::new();
        for account in ["a", "b", "c"] {
            let LinkDecision::Accepted(link) = world.accept(&world.deciding(&bank, anna, world.propose(&bank, account).await)).await else {
                panic!("not accepted")
            };
            waiting.push(link);
        }
        let mut race = JoinSet::new();
        let barrier = Arc::new(Barrier::new(waiting.len()));
        for link in waiting.clone() {
            let (core, barrier, now) = (Arc::clone(&world.core), Arc::clone(&barrier), world.now());
            race.spawn(async move {
                barrier.wait().await;
                let held = Arc::clone(&core);
                core.database.write(move |tx| {
                    let core = Arc::clone(&held);
                    Box::pin(async move { links::activate_pending(tx, &core, link, anna, now).await })
                }).await.expect("redeemed")
            });
        }
        let active = race.join_all().await.into_iter().filter(|status| *status == LinkStatus::Active).count();
        assert_eq!(active, 1);
        let mut states = Vec::new();
        for link in waiting {
            states.push(world.state(link).await);
        }
        states.sort_by_key(|state| state.as_str());
        assert_eq!(states, [LinkState::Active, LinkState::Expired, LinkState::Expired]);
        verified(&world, anna).await;
    }

    /// RC6: giving and withdrawing at once, again and again: the chain stays linear, and the row is as its last event says.
    async fn rc6_give_and_withdraw_keep_the_chain_linear(world: World) {
        let shop = world.partner("shop", &[]).await;
        let anna = world.customer().await;
        let barrier = Arc::new(Barrier::new(8));
        let mut race = JoinSet::new();
        for racer in 0..8 {
            let (core, barrier, now) = (Arc::clone(&world.core), Arc::clone(&barrier), world.now());
            let (service, page) = (Arc::clone(&shop.service), world.on_page());
            race.spawn(async move {
                barrier.wait().await;
                for _ in 0..4 {
                    if racer % 2 == 0 {
                        let new = NewConsent::to_share(anna, Arc::clone(&service), "email", page.clone());
                        let held = Arc::clone(&core);
                        core.database.write(move |tx| {
                            let (core, new) = (Arc::clone(&held), new.clone());
                            Box::pin(async move { consents::give(tx, &core, &new, now).await })
                        }).await.expect("given");
                        continue;
                    }
                    let given = consents::given(&mut core.database.read().await.expect("a connection"), anna, service.id, now).await;
                    for consent in given.expect("asked") {
                        let outcome = endings::withdraw(&core, Some(anna), consent.id, &page, now).await.expect("withdrawn");
                        assert!(matches!(outcome, Outcome::Done | Outcome::Already));
                    }
                }
            });
        }
        race.join_all().await;
        let events = verified(&world, anna).await;
        let rows = world.rows("SELECT state FROM consents ORDER BY id").await;
        let given = rows.iter().filter(|row| row[0] == "given").count();
        let last = &events.last().expect("events").event.kind;
        assert_eq!(given == 1, matches!(last.as_str(), "given" | "renewed"), "{last}");
        assert!(given <= 1);
        let withdrawn = events.iter().filter(|opened| opened.event.kind == "withdrawn").count();
        assert_eq!(withdrawn, rows.iter().filter(|row| row[0] == "withdrawn").count(), "each withdrawn once");
    }

    /// A link that is ended while its code is redeemed: whichever is second sees the first.
    async fn ending_and_activating_at_once_leave_one_truth(world: World) {
        let bank = world.partner("bank", &[]).await;
        let anna = world.customer().await;
        for round in 0..5 {
            let account = format!("client-{round}");
            let LinkDecision::Accepted(link) = world.accept(&world.deciding(&bank, anna, world.propose(&bank, &account).await)).await else {
                panic!("not accepted")
            };
            let (page, now) = (world.on_page(), world.now());
            let ending = endings::end_link(&world.core, Some(anna), link, endings::LinkEnd::Withdrawn, &page, now);
            let (status, ended) = tokio::join!(world.activate(link), ending);
            assert_eq!(ended.expect("ended"), Outcome::Done);
            let state = world.state(link).await;
            match status {
                LinkStatus::Active => assert_eq!(state, LinkState::Withdrawn, "activated, then ended"),
                _ => assert_eq!(state, LinkState::Expired, "ended before it came about"),
            }
            assert_eq!(world.count("SELECT COUNT(*) FROM consents WHERE state = 'given'").await, 0);
        }
        verified(&world, anna).await;
    }
}
