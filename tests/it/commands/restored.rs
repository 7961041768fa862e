//! `concord backup restored`: nothing that ended since the backup was made lives again.

use concord::protocol::ErrorCode;
use concord::usecases::follow::Follower;

use crate::account::stage::House;
use crate::support::on_both;
use crate::support::world::ISSUER;
use crate::tokens::ecosystem::{Ecosystem, refused};

on_both! {
    async fn si18_after_a_restore_older_tokens_and_sessions_are_refused(world: World) {
        let eco = Ecosystem::new(&world).await;
        let house = House::open(&world).await;
        let (_, mut resident) = house.resident(&world, "Vera").await;
        let person = eco.person().await;
        let before = eco.signed_in(&person, "bank-web", "openid offline_access profile").await;
        assert!(eco.introspect("bank-web", &before.access_token).await.active);
        assert_eq!(resident.browser.open("/account").await.status, 200);

        let concord = world.deployment(ISSUER);
        let asked = concord.command(&["backup", "restored"]).output().expect("runs");
        assert_eq!(asked.status.code(), Some(2), "nobody is there to ask");
        let planned = concord.run(&["backup", "restored", "--dry-run", "--output", "json"]);
        let planned: serde_json::Value = serde_json::from_str(&planned).expect("JSON");
        assert!(planned["dry_run"] == true && planned["plan"].as_str().is_some_and(|plan| plan.contains("every browser")));
        assert!(eco.introspect("bank-web", &before.access_token).await.active);

        let mut follower = Follower::begin(&eco.core).await.expect("the feed");
        let done: serde_json::Value =
            serde_json::from_str(&concord.run(&["backup", "restored", "--yes", "--output", "json"])).expect("JSON");
        assert!(done["database_epoch"] == 2 && done["sessions"].as_u64() >= Some(1), "{done}");
        follower.poll(&eco.core).await.expect("the feed");
        assert!(!eco.introspect("bank-web", &before.access_token).await.active);
        let refresh = before.refresh_token.as_deref().expect("a refresh token");
        assert_eq!(refused(eco.refresh("bank-web", refresh).await), ErrorCode::InvalidGrant);
        let answer = resident.browser.open("/account").await;
        assert!(!answer.text().contains("Vera"), "signed out: {}", answer.url);

        // Their session is over: whoever comes now signs in anew.
        let newcomer = eco.person_with_account("L-2002").await;
        let after = eco.signed_in(&newcomer, "bank-web", "openid profile").await;
        assert!(eco.introspect("bank-web", &after.access_token).await.active, "what comes later is as good as ever");
    }
}
