//! The whole story over HTTP, on both databases: one login, links with consent, and what ends what.

mod basic_plan;
mod cut_off;
mod ecosystem;
mod interrupted;
mod linking;
mod refusals;
mod sign_out;
mod wishes;

use ecosystem::Ecosystem;
use serde_json::{Value, json};

use crate::support::http::parameter;
use crate::support::on_both;

on_both! {
    async fn one_login_linked_accounts_and_what_ends_what(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");

        // She registers once, at the cinema.
        let cinema = eco.sign_in(&mut anna, &eco.cinema, &[]).await;
        assert_eq!(cinema["token_type"], "Bearer");
        let info = eco.cinema.userinfo(text(&cinema, "access_token")).await.expect(200).json();
        assert_eq!(info["nickname"], "anna");
        assert_eq!(info["email"], "anna@example.org");

        // She connects her own accounts of loyalty and bank, each proved by its service.
        let points = eco.connect(&mut anna, &eco.points, "polar-points", "PP-104417").await;
        assert_eq!(points["link_status"], "active");
        let bank = eco.connect(&mut anna, &eco.bank, "aurora-bank", "AB-7").await;
        assert_eq!(bank["link_status"], "active");

        // Back at the bank: no page is shown any more.
        let again = eco.bank.silently(&mut anna.browser, &[("scope", "openid offline_access profile")]).await;
        assert!(again["access_token"].is_string());

        // The bank may read loyalty: only that is asked, and the bank sees the tier.
        eco.write_tier("PP-104417", "silver").await;
        let reading = eco.sign_in(&mut anna, &eco.bank, &[("scope", "openid offline_access profile loyalty"), ("resource", ecosystem::POINTS_API)]).await;
        let token = text(&reading, "access_token");
        let info = eco.bank.userinfo(token).await.expect(200).json();
        assert_eq!(info["loyalty_tier"], "silver", "{info}");
        let for_points = eco.bank.token(&[("grant_type", "refresh_token"), ("refresh_token", text(&reading, "refresh_token")), ("resource", ecosystem::POINTS_API)]).await;
        let for_points = for_points.expect(200).json();
        let seen = eco.points.introspect(text(&for_points, "access_token")).await;
        assert_eq!(seen["active"], true);
        assert_eq!(seen["scope"], "loyalty");
        assert_eq!(seen["links"][0]["local_account"], "PP-104417");
        assert_ne!(seen["sub"], info["sub"], "another sector, another sub");

        // She takes that back: at once everywhere, and the bank's own sign-in goes on.
        eco.withdraw(&anna, "loyalty").await;
        assert_eq!(eco.points.introspect(text(&for_points, "access_token")).await, json!({"active": false}));
        let info = eco.bank.userinfo(token).await.expect(200).json();
        assert!(info.get("loyalty_tier").is_none());
        assert!(info["nickname"].is_string());
        let plain = eco.bank.introspect(token).await;
        assert_eq!(plain["active"], true);
        assert!(!plain["scope"].as_str().expect("scope").contains("loyalty"));
        let narrower = eco.bank.refresh(text(&for_points, "refresh_token")).await.expect(200).json();
        assert!(!narrower["scope"].as_str().expect("the scope is said").contains("loyalty"));

        // She ends the bank's link: the bank's tokens are over, the cinema goes on.
        eco.end_link(&anna, "aurora-bank").await;
        assert_eq!(eco.bank.introspect(text(&narrower, "access_token")).await, json!({"active": false}));
        assert_eq!(eco.bank.refresh(text(&narrower, "refresh_token")).await.expect(400).error(), "invalid_grant");
        assert_eq!(eco.cinema.introspect(text(&cinema, "access_token")).await["active"], true);
        eco.close().await;
    }
}

on_both! {
    async fn prompt_none_tells_what_is_missing(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut boris = eco.person("boris");
        let pending = eco.cinema.authorize(&[("prompt", "none")]);
        let back = eco.cinema.returned(&pending, &boris.browser.open(pending.url.as_str()).await);
        let back = eco.follow(&mut boris, &eco.cinema, &pending, back).await;
        assert_eq!(parameter(&back, "error").as_deref(), Some("login_required"));
        eco.close().await;
    }
}

/// A text of a JSON answer.
fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}"))
}
