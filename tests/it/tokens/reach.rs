//! How far what one client may know reaches, over every kind of answer: I1, I6, P15, PK9.

use std::collections::BTreeSet;
use std::sync::Arc;

use concord::model::link::LinkState;
use concord::protocol::ErrorCode;
use concord::usecases::profile;
use serde_json::{Value, json};

use super::ecosystem::{Ecosystem, LOYALTY_API, claims, refused};
use crate::support::client::Client;
use crate::support::http::Browser;
use crate::support::keys::challenge;
use crate::support::on_both;

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}"))
}

/// Everything a client hears of a person with these tokens: the answer itself, the ID token, introspection and userinfo.
async fn heard(client: &Client, tokens: &Value) -> Value {
    let access = text(tokens, "access_token");
    let userinfo = client.userinfo(access).await.expect(200).json();
    json!({
        "tokens": tokens, "id_token": tokens["id_token"].as_str().map(claims), "userinfo": userinfo,
        "introspection": client.introspect(access).await,
    })
}

/// Every text in it.
fn words(of: &Value, into: &mut BTreeSet<String>) {
    match of {
        Value::String(word) => into.extend(word.split(' ').map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|item| words(item, into)),
        Value::Object(members) => members.values().for_each(|member| words(member, into)),
        _ => {}
    }
}

on_both! {
    /// I1: once the consent is gone no answer of any kind has the domain's data, and whoever never had one never has it.
    async fn i1_without_a_consent_no_answer_has_a_domains_data(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        let person = eco.person().await;
        let (core, customer, loyalty, now) = (Arc::clone(&eco.core), person.customer, eco.loyalty, eco.now());
        eco.write(move |tx| {
            let core = Arc::clone(&core);
            Box::pin(async move { profile::put(tx, &core, customer, "loyalty_tier", &json!("canary-tier"), Some(loyalty), now).await })
        })
        .await;
        let [bank, cinema, api] = [eco.over(&wire, "bank-web").await, eco.over(&wire, "cinema-web").await, eco.over(&wire, "loyalty-api").await];
        let code = eco.code(&eco.grant(&person, "bank-web", "openid offline_access loyalty").await, "bank-web", None).await;
        let tokens = bank.redeem(&code.code, &code.verifier).await.expect(200).json();
        assert_eq!(heard(&bank, &tokens).await["userinfo"]["loyalty_tier"], "canary-tier");
        let form = [("grant_type", "refresh_token"), ("refresh_token", text(&tokens, "refresh_token")), ("resource", LOYALTY_API)];
        let at_the_api = bank.token(&form).await.expect(200).json();
        assert!(api.introspect(text(&at_the_api, "access_token")).await.to_string().contains("L-1001"));

        let code = eco.code(&eco.grant(&person, "cinema-web", "openid offline_access").await, "cinema-web", None).await;
        let at_the_cinema = cinema.redeem(&code.code, &code.verifier).await.expect(200).json();
        eco.end_consent(&person, person.reads_loyalty).await;
        let renewed = bank.refresh(text(&at_the_api, "refresh_token")).await.expect(200).json();
        for (who, said) in [
            ("the bank, old tokens", heard(&bank, &tokens).await["userinfo"].clone()),
            ("the bank, old tokens", bank.introspect(text(&tokens, "access_token")).await),
            ("the bank, new tokens", heard(&bank, &renewed).await),
            ("the loyalty programme", api.introspect(text(&at_the_api, "access_token")).await),
            ("the cinema", heard(&cinema, &at_the_cinema).await),
        ] {
            for word in ["canary", "loyalty", "L-1001"] {
                assert!(!said.to_string().contains(word), "{who} hears {word}: {said}");
            }
        }
    }

    /// I6: what two sectors hear of one person has no word in common by which they could tell that it is one person.
    async fn i6_two_sectors_have_nothing_to_compare(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        let person = eco.person().await;
        let mut sides = Vec::new();
        for id in ["bank-web", "cinema-web"] {
            let client = eco.over(&wire, id).await;
            let code = eco.code(&eco.grant(&person, id, "openid offline_access").await, id, None).await;
            let mut tokens = client.redeem(&code.code, &code.verifier).await.expect(200).json();
            let mut said = BTreeSet::new();
            words(&heard(&client, &tokens).await, &mut said);
            tokens = client.refresh(text(&tokens, "refresh_token")).await.expect(200).json();
            words(&heard(&client, &tokens).await, &mut said);
            assert!(!said.contains(&person.customer.to_string()), "{id} is not told the customer id");
            sides.push(said);
        }
        // What stands in everybody's answers.
        let issuer = eco.core.config.issuer.as_str().to_owned();
        let common: BTreeSet<&str> = [issuer.as_str(), "openid", "offline_access", "Bearer", "aal1", "pwd", "n-1", "given", "access_token"].into();
        let shared: Vec<_> = sides[0].intersection(&sides[1]).filter(|word| !common.contains(word.as_str())).collect();
        assert!(shared.is_empty(), "{shared:?}");
    }

    /// P15: a link or a consent of later widens no token of before.
    async fn p15_what_is_agreed_later_widens_no_token(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let first = eco.signed_in(&person, "bank-web", "openid offline_access").await;
        let link = concord::model::ids::LinkId::new(eco.core.random.uuid_v7(eco.now()));
        eco.link(link, person.customer, eco.bank, "B-1", LinkState::Active).await;
        let wide = eco.signed_in(&person, "bank-web", "openid offline_access loyalty bank:read").await;
        assert_eq!(eco.scope_left("bank-web", &wide.access_token).await.as_deref(), Some("openid offline_access loyalty bank:read"));
        assert_eq!(eco.scope_left("bank-web", &first.access_token).await.as_deref(), Some("openid offline_access"));
        let shown = first.refresh_token.expect("one");
        for scope in ["loyalty", "openid bank:read"] {
            let form = [("grant_type", "refresh_token"), ("refresh_token", shown.as_str()), ("scope", scope)];
            assert_eq!(refused(eco.token("bank-web", &form).await), ErrorCode::InvalidScope, "{scope}");
        }
        assert_eq!(eco.refresh("bank-web", &shown).await.expect("tokens").scope.to_string(), "openid offline_access");
    }

    /// PK9: the challenge is for the authorization server alone: no answer repeats it.
    async fn pk9_no_answer_repeats_the_challenge(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        let person = eco.person().await;
        let bank = eco.over(&wire, "bank-web").await;
        let mut browser = Browser::new(&wire);
        browser.carry("id.localhost", "concord_session", &person.cookie);
        for pending in [bank.authorize(&[]), bank.push(&[]).await, bank.authorize(&[("prompt", "none")])] {
            let answer = browser.open(pending.url.as_str()).await;
            let back = bank.returned(&pending, &answer);
            let tokens = match crate::support::http::parameter(&back, "code") {
                Some(code) => bank.redeem(&code, &pending.verifier).await.text(),
                None => String::new(),
            };
            let challenge = challenge(&pending.verifier);
            assert!(!back.as_str().contains(&challenge) && !answer.text().contains(&challenge) && !tokens.contains(&challenge));
        }
    }
}
