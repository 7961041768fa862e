//! Userinfo over HTTP.

use std::sync::Arc;
use std::time::Duration;

use concord::model::identifier::Identifier;
use concord::usecases::{identifiers, profile};
use serde_json::{Value, json};

use super::ecosystem::{BANK_API, Ecosystem, Person, claims};
use crate::support::on_both;

/// Values of Concord's own and of the loyalty programme, and an address that was proved.
async fn fill(eco: &Ecosystem, person: &Person) {
    let (core, customer, now, loyalty) = (Arc::clone(&eco.core), person.customer, eco.now(), eco.loyalty);
    eco.write(move |tx| {
        let core = Arc::clone(&core);
        Box::pin(async move {
            for (claim, value, source) in [
                ("nickname", json!("Ann"), None),
                ("birthdate", json!("1990-01-01"), None),
                ("loyalty_tier", json!("gold"), Some(loyalty)),
                ("loyalty_points", json!(0), Some(loyalty)),
                ("loyalty_transactions", json!([{"amount": 1}]), Some(loyalty)),
                ("banking_segment", json!("private"), None),
                ("sub", json!("mallory"), None),
            ] {
                profile::put(tx, &core, customer, claim, &value, source, now).await?;
            }
            let address = Identifier::parse("Ann@Example.com").expect("an address");
            assert!(identifiers::add(tx, &core, customer, &address, "login", Some(now), now).await?);
            Ok(())
        })
    })
    .await;
}

on_both! {
    async fn in8_claims_follow_scopes_and_consents_at_every_call(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        let person = eco.person().await;
        fill(&eco, &person).await;
        let bank = eco.over(&wire, "bank-web").await;
        let tokens = eco.signed_in(&person, "bank-web", "openid profile email loyalty customer_id").await;
        let id_token = claims(tokens.id_token.as_deref().expect("an ID token"));
        let answer = bank.userinfo(&tokens.access_token).await.expect(200);
        assert_eq!((answer.header("cache-control"), answer.header("access-control-allow-origin")), (Some("no-store"), Some("*")));
        let seen = answer.json();
        assert_eq!(seen["sub"], id_token["sub"]);
        assert_eq!((&seen["nickname"], &seen["birthdate"], &seen["locale"]), (&"Ann".into(), &"1990-01-01".into(), &"en".into()));
        assert_eq!((&seen["email"], &seen["email_verified"]), (&"Ann@example.com".into(), &Value::Bool(true)));
        assert_eq!((&seen["loyalty_tier"], &seen["loyalty_points"]), (&"gold".into(), &0.into()));
        assert_eq!((&seen["customer_id"], &seen["customer_status"]), (&person.customer.to_string().into(), &"active".into()));
        for hidden in ["loyalty_transactions", "banking_segment", "phone_number", "phone_number_verified"] {
            assert!(seen.get(hidden).is_none(), "{hidden}");
        }

        let narrow = eco.signed_in(&person, "bank-web", "openid loyalty").await;
        let seen = bank.userinfo(&narrow.access_token).await.expect(200).json();
        let names: Vec<&String> = seen.as_object().expect("an object").keys().collect();
        assert_eq!(names, ["sub", "loyalty_points", "loyalty_tier"]);

        eco.end_consent(&person, person.reads_loyalty).await;
        let seen = bank.userinfo(&tokens.access_token).await.expect(200).json();
        assert!(seen.get("loyalty_tier").is_none() && seen["nickname"] == "Ann");
        let seen = bank.userinfo(&narrow.access_token).await.expect(200).json();
        assert_eq!(seen.as_object().map(serde_json::Map::len), Some(1), "only the sub is left");
        let posted = wire.post("/oauth2/userinfo").bearer(&narrow.access_token).form([("x", "y")]).send().await.expect(200);
        assert_eq!(posted.json(), seen);

        let cinema = eco.over(&wire, "cinema-web").await;
        let other = eco.signed_in(&person, "cinema-web", "openid").await;
        assert_ne!(cinema.userinfo(&other.access_token).await.expect(200).json()["sub"], seen["sub"], "jt10: another sector");
    }

    async fn a_claim_asked_for_by_name_alone_brings_nothing_else_of_its_scope(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        let person = eco.person().await;
        fill(&eco, &person).await;
        let kept = r#"{"userinfo":{"nickname":{"essential":true}}}"#.parse().ok();
        let grant = eco.grant_with_claims(&person, "bank-web", "openid profile loyalty", kept).await.expect("a grant");
        let tokens = eco.redeem("bank-web", &eco.code(&grant, "bank-web", None).await).await.expect("tokens");
        let seen = eco.over(&wire, "bank-web").await.userinfo(&tokens.access_token).await.expect(200).json();
        let names: Vec<&String> = seen.as_object().expect("an object").keys().collect();
        assert_eq!(names, ["sub", "loyalty_points", "loyalty_tier", "nickname"]);
    }

    async fn a_changed_value_is_seen_at_once_and_kept_in_memory_meanwhile(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        let person = eco.person().await;
        fill(&eco, &person).await;
        let bank = eco.over(&wire, "bank-web").await;
        let tokens = eco.signed_in(&person, "bank-web", "openid profile").await;
        eco.fresh();
        assert_eq!(bank.userinfo(&tokens.access_token).await.expect(200).json()["nickname"], "Ann");
        let (core, customer, now) = (Arc::clone(&eco.core), person.customer, eco.now());
        eco.write(move |tx| {
            let core = Arc::clone(&core);
            Box::pin(async move { profile::put(tx, &core, customer, "nickname", &json!("Anna"), None, now).await })
        })
        .await;
        eco.fresh();
        assert_eq!(bank.userinfo(&tokens.access_token).await.expect(200).json()["nickname"], "Anna");
    }

    async fn in7_the_header_only_and_each_refusal_with_its_challenge(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        let person = eco.person().await;
        let bank = eco.over(&wire, "bank-web").await;
        let tokens = eco.signed_in(&person, "bank-web", "openid profile").await;
        let none = wire.get("/oauth2/userinfo").send().await.expect(401);
        assert_eq!((none.header("www-authenticate"), none.body.len()), (Some("Bearer"), 0), "no error code without a token");
        for (query, form) in [(true, false), (false, true)] {
            let mut request = wire.post("/oauth2/userinfo");
            if query {
                request = request.query([("access_token", tokens.access_token.as_str())]);
            }
            if form {
                request = request.form([("access_token", tokens.access_token.as_str())]);
            }
            request.send().await.expect(401);
        }
        let refresh_token = tokens.refresh_token.clone().expect("one");
        let id_token = tokens.id_token.clone().expect("one");
        let code = eco.code(&eco.grant(&person, "bank-web", "openid bank:read").await, "bank-web", None).await;
        let elsewhere = eco.token("bank-web", &code.with("resource", BANK_API)).await.expect("a token").access_token;
        let revoked = eco.signed_in(&person, "bank-web", "openid").await.access_token;
        eco.revoke("bank-web", &revoked).await;
        for wrong in ["x", &refresh_token, &id_token, &elsewhere, &revoked, &tokens.access_token[1..]] {
            let answer = bank.userinfo(wrong).await.expect(401);
            assert_eq!(answer.error(), "invalid_token");
            assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer error=\"invalid_token\"")));
        }
        let without = eco.signed_in(&person, "bank-web", "profile").await.access_token;
        let own = eco.token("bank-web", &[("grant_type", "client_credentials")]).await.expect("a token").access_token;
        for narrow in [&without, &own] {
            assert_eq!(bank.userinfo(narrow).await.expect(403).error(), "insufficient_scope");
        }
        world.pass(Duration::from_secs(300));
        assert_eq!(bank.userinfo(&tokens.access_token).await.expect(401).error(), "invalid_token");
        let preflight = wire.request("OPTIONS".parse().expect("a method"), "/oauth2/userinfo").header("origin", "https://app.test").send().await.expect(204);
        assert_eq!(preflight.header("access-control-allow-headers"), Some("Authorization"));
    }
}
