//! Several accounts of one person at one service, where it allows them: each link stands by itself (I3, conventions 3).

use concord::model::grant::Grant;
use concord::model::ids::{ConsentId, CustomerId, LinkId};
use concord::model::link::LinkState;
use concord::usecases::endings::{self, LinkEnd, Outcome};

use super::stage::{Partner, operator};
use crate::support::{World, on_both};

/// Anna has two accounts at the loyalty service, both linked. The bank may read `loyalty`, and holds a grant of each account.
struct Scene {
    points: Partner,
    bank: Partner,
    anna: CustomerId,
    sign_in: ConsentId,
    share: ConsentId,
    links: [LinkId; 2],
    /// The bank's, one carried by either link.
    carried: [Grant; 2],
    own: Grant,
}

impl Scene {
    async fn new(world: &World) -> Self {
        let points = world.partner_with("points", &["loyalty"], |document| document.links.multi_account = true).await;
        let bank = world.partner("bank", &[]).await;
        Self::of(world, points, bank).await
    }

    /// Another customer of the same services, with the same accounts once they are free.
    async fn again(self, world: &World) -> Self {
        Self::of(world, self.points, self.bank).await
    }

    async fn of(world: &World, points: Partner, bank: Partner) -> Self {
        let anna = world.customer().await;
        let links = [world.linked(&points, anna, "p-1").await, world.linked(&points, anna, "p-2").await];
        let (sign_in, share) = (world.sign_in_consent(&bank, anna).await, world.share(&bank, anna, "loyalty").await);
        let at_points = world.sign_in_consent(&points, anna).await;
        let carried = [
            world.grant(&bank, anna, sign_in, &[("loyalty", share, Some(links[0]))]).await,
            world.grant(&bank, anna, sign_in, &[("loyalty", share, Some(links[1]))]).await,
        ];
        let own = world.grant(&points, anna, at_points, &[]).await;
        let scene = Self { points, bank, anna, sign_in, share, links, carried, own };
        scene.expect(world, ["openid loyalty", "openid loyalty"], "openid").await;
        scene
    }

    async fn expect(&self, world: &World, carried: [&str; 2], own: &str) {
        let found = [world.effective(&self.carried[0]).await, world.effective(&self.carried[1]).await];
        assert_eq!((found, world.effective(&self.own).await.as_str()), (carried.map(str::to_owned), own));
    }

    /// What the bank gets when it asks now, carried by this link.
    async fn afresh(&self, world: &World, link: LinkId) -> String {
        let grant = world.grant(&self.bank, self.anna, self.sign_in, &[("loyalty", self.share, Some(link))]).await;
        world.effective(&grant).await
    }
}

on_both! {
    async fn i3_each_link_has_evidence_and_consent_of_its_own(world: World) {
        let scene = Scene::new(&world).await;
        let [one, other] = [world.link(scene.links[0]).await, world.link(scene.links[1]).await];
        assert!(one.consent != other.consent && one.evidence != other.evidence);
        let own = "SELECT COUNT(*) FROM links l JOIN consents c ON c.id = l.consent_id AND c.link_id = l.id AND c.state = 'given' \
            JOIN evidence e ON e.id = l.evidence_id AND e.link_id = l.id WHERE l.state = 'active'";
        assert_eq!(world.count(own).await, 2);
        let ended = endings::end_link(&world.core, None, scene.links[0], LinkEnd::Unlinked, &operator(), world.now()).await;
        assert_eq!(ended.expect("ended"), Outcome::Done);
        assert_eq!(world.count(own).await, 1, "the other's consent is untouched");
        assert_eq!(world.state(scene.links[1]).await, LinkState::Active);
    }

    /// However one link ends: what it carried is gone for good, what the other carries goes on.
    async fn ending_one_leaves_what_the_other_carries(world: World) {
        let mut scene = Scene::new(&world).await;
        for how in ["withdrawn", "undone", "unlinked", "its consent is withdrawn"] {
            let [first, second] = scene.links;
            let (page, now) = (world.on_page(), world.now());
            let outcome = match how {
                "withdrawn" => endings::end_link(&world.core, Some(scene.anna), first, LinkEnd::Withdrawn, &page, now).await,
                "undone" => endings::undo(&world.core, scene.anna, first, &page, now).await,
                "unlinked" => endings::end_link(&world.core, None, first, LinkEnd::Unlinked, &operator(), now).await,
                _ => {
                    let consent = world.link(first).await.consent.expect("a consent");
                    endings::withdraw(&world.core, Some(scene.anna), consent, &page, now).await
                }
            };
            assert_eq!(outcome.expect("ended"), Outcome::Done, "{how}");
            scene.expect(&world, ["openid", "openid loyalty"], "inactive").await;
            assert_eq!(scene.afresh(&world, first).await, "openid", "{how}: an ended link carries nothing new either");
            assert_eq!(scene.afresh(&world, second).await, "openid loyalty", "{how}");

            // The same account again is another link: what the first carried does not come alive through it, nor through the second.
            let again = world.linked(&scene.points, scene.anna, "p-1").await;
            scene.expect(&world, ["openid", "openid loyalty"], "inactive").await;
            assert_eq!(scene.afresh(&world, again).await, "openid loyalty", "{how}");

            // Both others: nothing is left.
            for link in [second, again] {
                let ended = endings::end_link(&world.core, Some(scene.anna), link, LinkEnd::Withdrawn, &page, now).await;
                assert_eq!(ended.expect("ended"), Outcome::Done, "{how}");
            }
            scene.expect(&world, ["openid", "openid"], "inactive").await;
            scene = scene.again(&world).await;
        }
    }

    /// What is only suspended must not come back: that takes everything at the service with it, and the other link stays.
    async fn suspending_one_ends_what_both_carried_and_reinstating_revives_nothing(world: World) {
        let scene = Scene::new(&world).await;
        let [first, second] = scene.links;
        endings::suspend(&world.core, first, "risk", &operator(), world.now()).await.expect("suspended");
        assert_eq!((world.state(first).await, world.state(second).await), (LinkState::Suspended, LinkState::Active));
        scene.expect(&world, ["openid", "openid"], "inactive").await;
        assert_eq!(scene.afresh(&world, second).await, "openid loyalty");
        endings::reinstate(&world.core, first, &operator(), world.now()).await.expect("reinstated");
        scene.expect(&world, ["openid", "openid"], "inactive").await;
        assert_eq!(scene.afresh(&world, first).await, "openid loyalty");
    }

    async fn disconnecting_ends_every_link(world: World) {
        let scene = Scene::new(&world).await;
        endings::disconnect(&world.core, scene.anna, scene.points.service.id, &world.on_page(), world.now()).await.expect("disconnected");
        assert_eq!((world.state(scene.links[0]).await, world.state(scene.links[1]).await), (LinkState::Withdrawn, LinkState::Withdrawn));
        scene.expect(&world, ["openid", "openid"], "inactive").await;
    }
}
