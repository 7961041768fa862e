//! The table of conventions 3 against grants, row by row for what has a trigger here.

use concord::model::grant::Grant;
use concord::model::ids::{ConsentId, CustomerId, LinkId};
use concord::model::service::Service;
use concord::usecases::endings::{self, LinkEnd, Outcome};

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
        let anna = world.customer().await;
        let (link, bank_link) = (world.linked(&points, anna, "p-1").await, world.linked(&bank, anna, "b-1").await);
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
    async fn row_link_ended(world: World) {
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

    async fn row_link_suspended_and_reinstated(world: World) {
        let scene = Scene::new(&world).await;
        endings::suspend(&world.core, scene.link, "risk", &operator(), world.now()).await.expect("suspended");
        scene.expect(&world, "openid email", "inactive", "openid").await;
        endings::reinstate(&world.core, scene.link, &operator(), world.now()).await.expect("reinstated");
        scene.expect(&world, "openid email", "inactive", "openid").await;
        let fresh = world.grant(&scene.bank, scene.anna, scene.at_bank.sign_in_consent, &[("loyalty", scene.shares[0], Some(scene.link))]).await;
        assert_eq!(world.effective(&fresh).await, "openid loyalty", "new authorisations see it");
    }

    async fn row_consent_withdrawn(world: World) {
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

    async fn row_disconnected(world: World) {
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

    async fn row_customer_locked(world: World) {
        let scene = Scene::new(&world).await;
        endings::lock(&world.core, scene.anna, &operator(), world.now()).await.expect("locked");
        scene.expect(&world, "inactive", "inactive", "inactive").await;
        assert_eq!(scene.told(&world).await, 3);
        endings::unlock(&world.core, scene.anna, &operator(), world.now()).await.expect("unlocked");
        scene.expect(&world, "inactive", "inactive", "inactive").await;
        assert_eq!(world.state(scene.link).await.as_str(), "active");
    }

    async fn row_service_disabled(world: World) {
        let scene = Scene::new(&world).await;
        enable(&world, &scene.points.service, false).await;
        scene.expect(&world, "openid email", "inactive", "openid").await;
        assert_eq!(world.state(scene.link).await.as_str(), "active", "its link rows stay as they are");
        enable(&world, &scene.points.service, true).await;
        scene.expect(&world, "openid email", "inactive", "openid").await;
    }

    async fn row_client_disabled(world: World) {
        let scene = Scene::new(&world).await;
        let (key, now) = (scene.bank.client.key, world.now());
        for enabled in [false, true] {
            world.write(move |tx, _| Box::pin(async move { concord::storage::clients::set_enabled(tx, key, enabled, now).await })).await;
            scene.expect(&world, "inactive", "openid", "openid").await;
        }
    }
}
