//! What is not granted, and what somebody else cannot make happen.

use std::time::Duration;

use concord::model::link::LinkState;

use super::ecosystem::{Ecosystem, POINTS_API};
use super::text;
use crate::support::client::Pending;
use crate::support::http::parameter;
use crate::support::keys::random;
use crate::support::on_both;

const WITH_LOYALTY: &str = "openid offline_access profile loyalty";

async fn planted(eco: &Ecosystem) -> Pending {
    eco.points.push(&[("link_assertion", &eco.assertion("polar-points", "PP-MALLORY"))]).await
}

on_both! {
    /// P8: somebody else's link, accepted in her browser, is worth nothing without what the one who planted it does not have.
    async fn p8_a_planted_link_does_not_become_active(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        eco.sign_in(&mut anna, &eco.cinema, &[]).await;
        let pending = planted(&eco).await;
        let back = eco.points.returned(&pending, &anna.walk(pending.url.as_str()).await);
        let code = parameter(&back, "code").expect("a code, in her browser");
        assert_eq!(eco.link_states(&anna, "polar-points").await, [LinkState::PendingActivation]);
        // The service finds no sign-in of hers that began this: nobody redeems, or somebody without the verifier tries.
        assert_eq!(eco.points.redeem(&code, &random()).await.expect(400).error(), "invalid_grant");
        assert_eq!(eco.link_states(&anna, "polar-points").await, [LinkState::PendingActivation]);
        eco.world.pass(Duration::from_secs(3600));
        assert_eq!(eco.points.redeem(&code, &pending.verifier).await.expect(400).error(), "invalid_grant");
        assert!(!eco.link_states(&anna, "polar-points").await.contains(&LinkState::Active));
        eco.close().await;
    }

    /// P7: a request that was begun in one browser is not finished in another.
    async fn p7_az17_a_request_stays_in_the_browser_where_it_began(world: World) {
        let eco = Ecosystem::open(world).await;
        let (mut anna, mut mallory) = (eco.person("anna"), eco.person("mallory"));
        eco.sign_in(&mut anna, &eco.cinema, &[]).await;
        eco.sign_in(&mut mallory, &eco.cinema, &[]).await;
        let pending = planted(&eco).await;
        let begun = mallory.browser.open(pending.url.as_str()).await.expect(200);
        assert_eq!(begun.url.path(), "/link");
        for target in [begun.url.as_str(), pending.url.as_str()] {
            let shown = anna.browser.open(target).await.expect(409);
            assert!(shown.location().is_none() && !shown.page().text().contains("PP-MALLORY"));
        }
        assert!(eco.link_states(&anna, "polar-points").await.is_empty());
        eco.close().await;
    }

    async fn a_scope_needs_the_owners_link_and_the_persons_tick(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        let asked = [("scope", WITH_LOYALTY), ("resource", POINTS_API)];
        eco.sign_in(&mut anna, &eco.bank, &[]).await;
        let without = eco.sign_in(&mut anna, &eco.bank, &asked[..1]).await;
        assert!(!text(&without, "scope").contains("loyalty"), "no link at the owner: {without}");
        eco.connect(&mut anna, &eco.points, "polar-points", "PP-1").await;
        eco.write_tier("PP-1", "gold").await;
        anna.unwanted.push("loyalty".to_owned());
        let unticked = eco.sign_in(&mut anna, &eco.bank, &asked[..1]).await;
        assert!(!text(&unticked, "scope").contains("loyalty"), "she left it unticked: {unticked}");
        let info = eco.bank.userinfo(text(&unticked, "access_token")).await.expect(200).json();
        assert!(info["loyalty_tier"].is_null(), "{info}");
        eco.close().await;
    }

    /// oidcc-codereuse-30seconds.
    async fn a_code_used_again_after_thirty_seconds_ends_what_it_gave(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        let pending = eco.cinema.authorize(&[]);
        let back = eco.cinema.returned(&pending, &anna.walk(pending.url.as_str()).await);
        let code = parameter(&back, "code").expect("a code");
        let tokens = eco.cinema.redeem(&code, &pending.verifier).await.expect(200).json();
        assert!(eco.cinema.sees_active(text(&tokens, "access_token")).await);
        eco.world.pass(Duration::from_secs(31));
        assert_eq!(eco.cinema.redeem(&code, &pending.verifier).await.expect(400).error(), "invalid_grant");
        assert!(!eco.cinema.sees_active(text(&tokens, "access_token")).await);
        assert_eq!(eco.cinema.refresh(text(&tokens, "refresh_token")).await.expect(400).error(), "invalid_grant");
        eco.close().await;
    }
}
