//! What a service may push as its word, and what is refused.

use std::time::Duration;

use concord::model::link::EvidenceLevel;
use concord::protocol::ErrorCode;
use concord::usecases::links;
use serde_json::{Value, json};

use super::stage::Partner;
use crate::support::{World, keys::Key, on_both};

async fn pushed(world: &World, partner: &Partner, signed: &str) -> Result<String, ErrorCode> {
    let outcome = links::propose(&world.core, &partner.client, signed, world.now()).await;
    outcome.map(|proposal| proposal.local_account).map_err(|error| error.code)
}

fn changed(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

on_both! {
    /// CO7, CO8: only the service's own fresh word for us, once.
    async fn co8_an_assertion_holds_once_and_for_nobody_else(world: World) {
        let bank = world.partner("bank", &["banking"]).await;
        let shop = world.partner("shop", &[]).await;
        let claims = world.assertion(&bank, "client-42");
        let signed = bank.key.sign("link+jwt", &claims);
        assert_eq!(pushed(&world, &shop, &signed).await, Err(ErrorCode::InvalidRequest), "another service's client");
        assert_eq!(pushed(&world, &bank, &signed).await, Ok("client-42".to_owned()));
        assert_eq!(pushed(&world, &bank, &signed).await, Err(ErrorCode::InvalidRequest), "a second time");
        let again = changed(&claims, "jti", "other".into());
        assert_eq!(pushed(&world, &bank, &bank.key.sign("link+jwt", &again)).await, Ok("client-42".to_owned()));

        let now = world.now().seconds();
        let hostile = [
            ("iss", json!("shop")), ("iss", json!(["bank"])), ("aud", json!("https://other.test")), ("aud", json!([world.core.config.issuer.as_str(), "x"])),
            ("sub", json!("")), ("sub", json!(42)), ("sub", json!(["a"])), ("sub", json!("a\u{0}b")), ("sub", json!("x".repeat(256))),
            ("auth_time", json!(now - 400)), ("auth_time", json!(now + 60)), ("auth_time", json!("1")), ("exp", json!(now - 60)),
            ("exp", json!(now + 500)), ("iat", json!(now + 60)), ("jti", json!("")), ("jti", Value::Null), ("acr", json!("aal0")),
        ];
        for (name, value) in hostile {
            let mut claims = changed(&world.assertion(&bank, "client-43"), name, value.clone());
            if value.is_null() {
                claims.as_object_mut().expect("claims").remove(name);
            }
            let outcome = pushed(&world, &bank, &bank.key.sign("link+jwt", &claims)).await;
            assert_eq!(outcome, Err(ErrorCode::InvalidRequest), "{name} = {value}");
        }
        let claims = world.assertion(&bank, "client-43");
        assert!(pushed(&world, &bank, &bank.key.sign("JWT", &claims)).await.is_err(), "a token of another kind");
        assert!(pushed(&world, &bank, &Key::new("k1").sign("link+jwt", &claims)).await.is_err(), "somebody else's key");
        let none = bank.key.sign_with(&json!({"alg": "none", "typ": "link+jwt"}), &claims);
        for wrong in [none.as_str(), "", "a.b", "....", "ey.ey.ey"] {
            assert!(pushed(&world, &bank, wrong).await.is_err(), "{wrong}");
        }
        world.pass(Duration::from_secs(115));
        assert!(pushed(&world, &bank, &bank.key.sign("link+jwt", &claims)).await.is_err(), "too late");
    }

    /// P17: the contract says how much a service's word counts for.
    async fn p17_a_word_counts_for_no_more_than_the_contract_says(world: World) {
        let weak = world.partner_with("weak", &[], |document| {
            document.links.max_evidence = EvidenceLevel::L2;
            document.links.min_evidence = EvidenceLevel::L1;
        }).await;
        assert_eq!(world.propose(&weak, "a").await.level, EvidenceLevel::L2);
        let strict = world.partner_with("strict", &[], |document| document.links.min_evidence = EvidenceLevel::L4).await;
        let signed = strict.key.sign("link+jwt", &world.assertion(&strict, "a"));
        assert_eq!(pushed(&world, &strict, &signed).await, Err(ErrorCode::InvalidRequest));
    }
}
