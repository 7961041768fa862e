//! `concord link`, `consent` and `customer lock`: masked, asked for, and saying what became of it.

use serde_json::Value;

use crate::support::on_both;
use crate::support::world::ISSUER;

on_both! {
    async fn an_operator_sees_masked_and_acts_on_the_record(world: World) {
        let (bank, shop) = (world.partner("bank", &["banking"]).await, world.partner("shop", &[]).await);
        let anna = world.customer().await;
        let link = world.linked(&bank, anna, "account-20394417").await.to_string();
        let share = world.share(&shop, anna, "banking").await.to_string();
        let (anna, concord) = (anna.to_string(), world.deployment(ISSUER));
        let json = |arguments: &[&str]| -> Value {
            let text = concord.run(&[arguments, &["--output", "json"]].concat());
            assert!(!text.contains("account-20394417"), "{text}");
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"))
        };
        let listed = json(&["link", "list", "--service", "bank", "--state", "active"]);
        assert_eq!((listed[0]["id"].as_str(), listed[0]["local_account"].as_str()), (Some(link.as_str()), Some("•••• 4417")));
        assert_eq!(json(&["link", "list", "--customer", &anna]), listed);
        assert_eq!(json(&["link", "list", "--service", "shop"]), Value::Array(vec![]));
        assert!(concord.run(&["link", "list"]).contains("•••• 4417"));

        let refused = concord.command(&["link", "suspend", &link]).output().expect("runs");
        assert_eq!(refused.status.code(), Some(2), "nobody is there to ask");
        concord.run(&["link", "suspend", &link, "--reason", "phone lost", "--dry-run"]);
        assert_eq!(json(&["link", "show", &link])["state"], "active");
        assert_eq!(json(&["link", "suspend", &link, "--reason", "phone lost", "--yes"])["result"], "suspended");
        assert_eq!(json(&["link", "reinstate", &link, "--yes"])["result"], "active");
        assert_eq!(json(&["customer", "lock", &anna, "--yes", "--reason", "asked"])["result"], "locked");
        assert_eq!(json(&["link", "show", &link])["reason"], "customer_locked");
        assert_eq!(json(&["customer", "unlock", &anna, "--yes"])["result"], "active");
        assert_eq!(json(&["link", "end", &link, "--yes", "--reason", "account closed"])["result"], "unlinked");
        let shown = json(&["link", "show", &link]);
        assert_eq!((&shown["state"], &shown["reason"]), (&"unlinked".into(), &"account closed".into()));
        assert_eq!((&shown["evidence"]["level"], &shown["consent"]["state"]), (&"L3".into(), &"terminated".into()));
        let history: Vec<_> = shown["history"].as_array().expect("steps").iter().map(|step| step["to"].as_str().unwrap()).collect();
        let suspended = ["suspended", "active", "suspended", "active", "unlinked"];
        assert_eq!(history, [&["pending_consent", "pending_activation", "active"][..], &suspended].concat());
        assert!(shown["history"][3]["actor"].as_str().expect("an actor").starts_with("operator:"));

        assert_eq!(json(&["consent", "list", "--customer", &anna])[0]["id"], share.as_str());
        assert_eq!(json(&["consent", "withdraw", &share, "--yes"])["result"], "withdrawn");
        assert_eq!(json(&["consent", "withdraw", &share, "--yes"])["result"], "withdrawn");
        assert_eq!(json(&["consent", "list", "--customer", &anna]), Value::Array(vec![]));
        assert_eq!(json(&["consent", "list", "--customer", &anna, "--all"]).as_array().map(Vec::len), Some(2));
        assert_eq!(world.count("SELECT COUNT(*) FROM consent_events WHERE kind = 'withdrawn'").await, 1);

        for wrong in [&["link", "show", "lnk_x"][..], &["link", "list", "--state", "odd"], &["consent", "list", "--customer", "1"]] {
            assert_eq!(concord.command(wrong).output().expect("runs").status.code(), Some(2), "{wrong:?}");
        }
        let nobody = concord.command(&["link", "end", "lnk_00000000000000000000000000", "--yes"]).output().expect("runs");
        assert_eq!(nobody.status.code(), Some(1));
    }
}
