//! The table of conventions 3 against grants, row by row for what has a trigger here.

use std::sync::Arc;

use concord::model::customer::CustomerState;
use concord::model::grant::{Grant, Inactive};
use concord::model::ids::{ConsentId, CustomerId, LinkId};
use concord::model::service::Service;
use concord::protocol::acr::Acr;
use concord::storage::{connections, customers};
use concord::usecases::endings::{self, LinkEnd, Outcome};
use concord::usecases::issue::{self, NewGrant};

use super::stage::{Partner, operator};
use crate::support::{World, on_both};

/// Anna: linked to the loyalty service, which owns `loyalty`; the bank may sign her in and reads `loyalty` and `email`; so does
/// the loyalty service `email`; the cinema only signs her in.
struct Scene {
    bank: Partner,
    points: Partner,
    cinema: Partner,
    anna: CustomerId,
    link: LinkId,
    bank_link: LinkId,
    shares: [ConsentId; 2],
    at_bank: Grant,
    at_points: Grant,
    at_cinema: Grant,
}

impl Scene {
    async fn new(world: &World) -> Self {
        let (bank, points) = (world.partner("bank", &["banking"]).await, world.partner("points", &["loyalty"]).await);
        let cinema = world.partner("cinema", &[]).await;
        Self::of(world, [bank, points, cinema], ["b-1", "p-1"]).await
    }

    /// The same for another customer of the same services.
    async fn again(self, world: &World, accounts: [&str; 2]) -> Self {
        Self::of(world, [self.bank, self.points, self.cinema], accounts).await
    }

    async fn of(world: &World, [bank, points, cinema]: [Partner; 3], accounts: [&str; 2]) -> Self {
        let anna = world.customer().await;
        let (link, bank_link) = (world.linked(&points, anna, accounts[1]).await, world.linked(&bank, anna, accounts[0]).await);
        let shares = [world.share(&bank, anna, "loyalty").await, world.share(&bank, anna, "email").await];
        let (one, two, three) = (
            world.sign_in_consent(&bank, anna).await,
            world.sign_in_consent(&points, anna).await,
            world.sign_in_consent(&cinema, anna).await,
        );
        let at_bank = world.grant(&bank, anna, one, &[("loyalty", shares[0], Some(link)), ("email", shares[1], None)]).await;
        let at_points = world.grant(&points, anna, two, &[]).await;
        let at_cinema = world.grant(&cinema, anna, three, &[]).await;
        let scene = Self { bank, points, cinema, anna, link, bank_link, shares, at_bank, at_points, at_cinema };
        scene.expect(world, "openid loyalty email", "openid", "openid").await;
        scene
    }

    async fn expect(&self, world: &World, bank: &str, points: &str, cinema: &str) {
        let found = (world.effective(&self.at_bank).await, world.effective(&self.at_points).await, world.effective(&self.at_cinema).await);
        assert_eq!((found.0.as_str(), found.1.as_str(), found.2.as_str()), (bank, points, cinema));
    }

    /// Why no grant can be made for the bank.
    async fn refused(&self, world: &World) -> Option<Inactive> {
        let (customer, client, consent, now) = (self.anna, Arc::clone(&self.bank.client), self.at_bank.sign_in_consent, world.now());
        let outcome = world
            .write(move |tx, core| {
                let client = Arc::clone(&client);
                Box::pin(async move {
                    let new = NewGrant {
                        customer,
                        client: &client,
                        session: None,
                        sign_in_consent: consent,
                        items: vec![],
                        acr: Acr::Aal1,
                        amr: vec![],
                        auth_time: now,
                        resources: vec![],
                        claims: None,
                    };
                    issue::create_grant(tx, &core, new, now).await
                })
            })
            .await;
        outcome.err()
    }

    async fn told(&self, world: &World) -> i64 {
        world.count("SELECT COUNT(*) FROM outbox WHERE kind = 'backchannel_logout'").await
    }
}

/// What a service applies to itself.
async fn enable(world: &World, service: &Service, enabled: bool) {
    let (id, now) = (service.id, world.now());
    world.write(move |tx, _| Box::pin(async move { concord::storage::services::set_enabled(tx, id, enabled, now).await })).await;
}

on_both! {
    async fn co3_row_link_ended(world: World) {
        let scene = Scene::new(&world).await;
        let epochs = (world.sector_epoch(scene.anna, &scene.bank).await, world.sector_epoch(scene.anna, &scene.cinema).await);
        let ended = endings::end_link(&world.core, Some(scene.anna), scene.link, LinkEnd::Withdrawn, &world.on_page(), world.now()).await;
        assert_eq!(ended.expect("ended"), Outcome::Done);
        scene.expect(&world, "openid email", "inactive", "openid").await;
        assert_eq!(scene.told(&world).await, 1);
        assert_eq!(world.sector_epoch(scene.anna, &scene.bank).await, epochs.0 + 1, "a reader notices");
        assert_eq!(world.sector_epoch(scene.anna, &scene.cinema).await, epochs.1, "others do not");
        let again = world.linked(&scene.points, scene.anna, "p-1").await;
        assert_ne!(again, scene.link);
        scene.expect(&world, "openid email", "inactive", "openid").await;
    }

    async fn co3_row_link_suspended_and_reinstated(world: World) {
        let scene = Scene::new(&world).await;
        endings::suspend(&world.core, scene.link, "risk", &operator(), world.now()).await.expect("suspended");
        scene.expect(&world, "openid email", "inactive", "openid").await;
        endings::reinstate(&world.core, scene.link, &operator(), world.now()).await.expect("reinstated");
        scene.expect(&world, "openid email", "inactive", "openid").await;
        let fresh = world.grant(&scene.bank, scene.anna, scene.at_bank.sign_in_consent, &[("loyalty", scene.shares[0], Some(scene.link))]).await;
        assert_eq!(world.effective(&fresh).await, "openid loyalty", "new authorisations see it");
    }

    async fn co3_row_consent_withdrawn(world: World) {
        let scene = Scene::new(&world).await;
        endings::withdraw(&world.core, Some(scene.anna), scene.shares[0], &world.on_page(), world.now()).await.expect("withdrawn");
        scene.expect(&world, "openid email", "openid", "openid").await;
        assert_eq!(scene.told(&world).await, 0);
        world.share(&scene.bank, scene.anna, "loyalty").await;
        scene.expect(&world, "openid email", "openid", "openid").await;
    }

    async fn a_renewed_consent_keeps_its_items(world: World) {
        let scene = Scene::new(&world).await;
        world.pass(std::time::Duration::from_secs(700 * 86_400));
        assert_eq!(world.share(&scene.bank, scene.anna, "loyalty").await, scene.shares[0]);
        world.sign_in_consent(&scene.bank, scene.anna).await;
        world.pass(std::time::Duration::from_secs(60 * 86_400));
        scene.expect(&world, "openid loyalty", "inactive", "inactive").await;
    }

    async fn co3_row_disconnected(world: World) {
        let scene = Scene::new(&world).await;
        endings::disconnect(&world.core, scene.anna, scene.points.service.id, &world.on_page(), world.now()).await.expect("disconnected");
        scene.expect(&world, "openid email", "inactive", "openid").await;
        assert_eq!(world.state(scene.link).await.as_str(), "withdrawn");
        endings::disconnect(&world.core, scene.anna, scene.bank.service.id, &world.on_page(), world.now()).await.expect("disconnected");
        scene.expect(&world, "inactive", "inactive", "openid").await;
        assert_eq!(world.state(scene.bank_link).await.as_str(), "withdrawn");
        assert_eq!(scene.told(&world).await, 2);
        let again = world.sign_in_consent(&scene.bank, scene.anna).await;
        assert_ne!(again, scene.at_bank.sign_in_consent);
        scene.expect(&world, "inactive", "inactive", "openid").await;
    }

    async fn co3_row_customer_locked(world: World) {
        let scene = Scene::new(&world).await;
        endings::lock(&world.core, scene.anna, &operator(), world.now()).await.expect("locked");
        scene.expect(&world, "inactive", "inactive", "inactive").await;
        assert_eq!(scene.told(&world).await, 3);
        endings::unlock(&world.core, scene.anna, &operator(), world.now()).await.expect("unlocked");
        scene.expect(&world, "inactive", "inactive", "inactive").await;
        assert_eq!(world.state(scene.link).await.as_str(), "active");
    }

    async fn co3_row_service_disabled(world: World) {
        let scene = Scene::new(&world).await;
        enable(&world, &scene.points.service, false).await;
        scene.expect(&world, "openid email", "inactive", "openid").await;
        assert_eq!(world.state(scene.link).await.as_str(), "active", "its link rows stay as they are");
        enable(&world, &scene.points.service, true).await;
        scene.expect(&world, "openid email", "inactive", "openid").await;
    }

    async fn co3_row_client_disabled(world: World) {
        let scene = Scene::new(&world).await;
        let (key, now) = (scene.bank.client.key, world.now());
        for enabled in [false, true] {
            world.write(move |tx, _| Box::pin(async move { concord::storage::clients::set_enabled(tx, key, enabled, now).await })).await;
            scene.expect(&world, "inactive", "openid", "openid").await;
        }
    }

    /// Disputed, moved and merged links come with later orders. Whatever brings them, they convey nothing from the moment on that
    /// they are no longer active; and as every ending they bump the epoch, so that nothing is back when they are.
    async fn co3_row_link_disputed_moved_merged(world: World) {
        let mut scene = Scene::new(&world).await;
        for (state, next) in [("disputed", ["b-2", "p-2"]), ("moved", ["b-3", "p-3"]), ("merged", ["b-4", "p-4"])] {
            let at = format!("WHERE customer_id = {} AND activated_at IS NOT NULL AND state = ", scene.anna.as_i64());
            let owners = format!("AND service_id = (SELECT id FROM services WHERE code = '{}')", scene.points.service.document.code);
            let plant = format!("UPDATE links SET state = '{state}', successor_link_id = id {at} 'active' {owners}");
            assert_eq!(world.tamper(&plant).await.expect("planted"), 1, "{state}");
            assert_eq!(world.effective(&scene.at_bank).await, "openid email", "{state}: its domain's scopes are lost at once");
            assert_eq!(world.state(scene.bank_link).await.as_str(), "active", "{state}: others' links are untouched");
            let fresh = world.grant(&scene.bank, scene.anna, scene.at_bank.sign_in_consent, &[("loyalty", scene.shares[0], Some(scene.link))]).await;
            assert_eq!(world.effective(&fresh).await, "openid", "{state}: nothing new can be carried by it");

            let (customer, service) = (scene.anna, scene.points.service.id);
            world.write(move |tx, _| Box::pin(async move { connections::bump(tx, customer, service).await })).await;
            scene.expect(&world, "openid email", "inactive", "openid").await;
            let again = world.grant(&scene.points, scene.anna, scene.at_points.sign_in_consent, &[]).await;
            assert_eq!(world.effective(&again).await, "openid", "{state}: the person may sign in again, without the link");

            let back = format!("UPDATE links SET state = 'active', successor_link_id = NULL {at} '{state}' {owners}");
            assert_eq!(world.tamper(&back).await.expect("back"), 1, "{state}");
            scene.expect(&world, "openid email", "inactive", "openid").await;
            assert_eq!(world.effective(&fresh).await, "openid", "{state}: not even what was made meanwhile");
            scene = scene.again(&world, next).await;
        }
    }

    /// The same for the customer: in any state but `active` every grant is inactive at once and none can be made, and the epoch
    /// that every change of state bumps keeps it so afterwards.
    async fn co3_row_customer_in_every_other_state(world: World) {
        let scene = Scene::new(&world).await;
        let (anna, now) = (scene.anna, world.now());
        let others = CustomerState::ALL.into_iter().filter(|state| *state != CustomerState::Active);
        for state in others.clone() {
            let plant = |to: CustomerState| format!("UPDATE customers SET state = '{}' WHERE id = {}", to.as_str(), anna.as_i64());
            world.tamper(&plant(state)).await.expect("planted");
            scene.expect(&world, "inactive", "inactive", "inactive").await;
            assert_eq!(scene.refused(&world).await, Some(Inactive::Customer), "{}: no new grant", state.as_str());
            world.tamper(&plant(CustomerState::Active)).await.expect("back");
            scene.expect(&world, "openid loyalty email", "openid", "openid").await;
        }
        for state in others {
            let grants = [
                world.grant(&scene.bank, anna, scene.at_bank.sign_in_consent, &[("loyalty", scene.shares[0], Some(scene.link))]).await,
                world.grant(&scene.points, anna, scene.at_points.sign_in_consent, &[]).await,
            ];
            for (from, to) in [(CustomerState::Active, state), (state, CustomerState::Active)] {
                assert!(world.write(move |tx, _| Box::pin(async move { customers::change_state(tx, anna, from, to, now).await })).await);
                for grant in &grants {
                    assert_eq!(world.effective(grant).await, "inactive", "{} -> {}", from.as_str(), to.as_str());
                }
            }
        }
        scene.expect(&world, "inactive", "inactive", "inactive").await;
    }

    /// P14: however strong its evidence, a link raises nobody's level: what is of a higher class needs a stronger sign-in.
    async fn p14_a_link_raises_no_level(world: World) {
        let (bank, shop) = (world.partner("bank", &["banking"]).await, world.partner("shop", &[]).await);
        let anna = world.customer().await;
        let link = world.linked(&bank, anna, "b-1").await;
        let (sign_in, share) = (world.sign_in_consent(&shop, anna).await, world.share(&shop, anna, "banking").await);
        for (acr, expected) in [(Acr::Aal0, "openid"), (Acr::Aal1, "openid"), (Acr::Aal2, "openid banking"), (Acr::Aal3, "openid banking")] {
            let grant = world.grant_at(acr, &shop, anna, sign_in, &[("banking", share, Some(link))]).await;
            assert_eq!(world.effective(&grant).await, expected, "{acr:?}");
        }
    }
}
