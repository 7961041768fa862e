//! Profile values, written by the owner of their product domain and by nobody else.

use std::sync::Arc;

use concord::model::actor::Actor;
use concord::model::service::ServiceDocument;
use concord::usecases::endings::{self, LinkEnd, Outcome};
use concord::usecases::{apply_service, partners, profile};
use serde_json::{Value, json};

use crate::account::stage::House;
use crate::links::stage::{Partner, operator};
use crate::support::http::Answer;
use crate::support::keys::Key;
use crate::support::{World, on_both};

/// A service with a client that writes, and the access token of that client.
struct Owner {
    partner: Partner,
    token: String,
}

impl Owner {
    async fn new(world: &World, house: &House, code: &str, owns: &[&str]) -> Self {
        Self::with(world, house, code, owns, false).await
    }

    async fn with(world: &World, house: &House, code: &str, owns: &[&str], multi_account: bool) -> Self {
        let key = Key::new("k1");
        let mut document: ServiceDocument = serde_json::from_value(json!({
            "code": code,
            "name": { "ru": code, "en": code, "zh": code },
            "sector": format!("{code}-company"),
            "homepage": format!("https://{code}.test/"),
            "owns": owns,
            "jwks": key.jwks(),
            "clients": [{
                "client_id": code,
                "redirect_uris": [format!("https://{code}.test/cb")],
                "grant_types": ["authorization_code", "client_credentials"],
                "scope": "openid profile.write",
            }],
        }))
        .expect("a document");
        document.links.multi_account = multi_account;
        let applied = apply_service::apply_document(&world.core, document, false, &Actor::System("test")).await.expect("applied");
        let client = partners::client(&world.core, code).await.expect("asked").expect("a client");
        let service = partners::service(&world.core, client.service).await.expect("asked").expect("a service");
        let secret = &applied.secrets[0].client_secret;
        let form = [("grant_type", "client_credentials"), ("scope", "profile.write")];
        let answer = house.wire.post("/oauth2/token").basic(code, secret).form(form).send().await.expect(200);
        let token = answer.json()["access_token"].as_str().expect("a token").to_owned();
        Self { partner: Partner { service, client, key }, token }
    }

    async fn put(&self, house: &House, domain: &str, body: &Value) -> Answer {
        let request = house.wire.request(reqwest::Method::PUT, &format!("/api/partner/v1/profile/{domain}"));
        request.bearer(&self.token).json(body).send().await
    }

    async fn get(&self, house: &House, domain: &str, account: &str) -> Answer {
        let request = house.wire.get(&format!("/api/partner/v1/profile/{domain}")).query([("local_account", account)]);
        request.bearer(&self.token).send().await
    }
}

fn body(world: &World, account: &str, values: Value) -> Value {
    json!({ "local_account": account, "values": values, "observed_at": world.now().rfc3339() })
}

fn code(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", answer.text());
    answer.json()["code"].as_str().expect("a code").to_owned()
}

on_both! {
    async fn the_owner_writes_about_linked_accounts_of_its_own_and_reads_it_back(world: World) {
        let house = House::open(&world).await;
        let points = Owner::new(&world, &house, "points", &["loyalty"]).await;
        let customer = world.customer().await;
        world.linked(&points.partner, customer, "PP-1").await;
        let sent = body(&world, "PP-1", json!({ "loyalty_tier": "silver", "loyalty_points": 1240 }));
        let done = points.put(&house, "loyalty", &sent).await.expect(200).json();
        assert_eq!(done, json!({ "written": ["loyalty_points", "loyalty_tier"], "outdated": [] }));
        let seen = points.get(&house, "loyalty", "PP-1").await.expect(200).json();
        assert_eq!(seen["values"]["loyalty_tier"]["value"], "silver");
        let core = Arc::clone(&world.core);
        let stored = world.write(move |tx, _| { let core = Arc::clone(&core); Box::pin(async move { profile::of_customer(tx, &core, customer).await }) }).await;
        assert_eq!(stored.len(), 2);
        assert!(stored.iter().all(|value| value.source == Some(points.partner.service.id)));
    }

    async fn an_earlier_observation_does_not_replace_a_later_one(world: World) {
        let house = House::open(&world).await;
        let points = Owner::new(&world, &house, "points", &["loyalty"]).await;
        world.linked(&points.partner, world.customer().await, "PP-1").await;
        let late = body(&world, "PP-1", json!({ "loyalty_tier": "gold" }));
        points.put(&house, "loyalty", &late).await.expect(200);
        for value in [json!("silver"), Value::Null] {
            let early = json!({ "local_account": "PP-1", "values": { "loyalty_tier": value }, "observed_at": "2020-01-01T00:00:00Z" });
            assert_eq!(points.put(&house, "loyalty", &early).await.expect(200).json()["outdated"], json!(["loyalty_tier"]));
        }
        assert_eq!(points.get(&house, "loyalty", "PP-1").await.json()["values"]["loyalty_tier"]["value"], "gold");
        let gone = body(&world, "PP-1", json!({ "loyalty_tier": null, "loyalty_points": null }));
        assert_eq!(points.put(&house, "loyalty", &gone).await.expect(200).json()["outdated"], json!([]));
        assert_eq!(points.get(&house, "loyalty", "PP-1").await.json()["values"], json!({}));
    }

    /// T11: however the link ends, its values go; the next account of the person starts with nothing, and with no time to be later than.
    async fn values_go_with_the_link(world: World) {
        let house = House::open(&world).await;
        let points = Owner::new(&world, &house, "points", &["loyalty"]).await;
        let anna = world.customer().await;
        let early = json!({ "loyalty_tier": "silver" });
        let mut link = world.linked(&points.partner, anna, "PP-1").await;
        for (how, account, next) in [(LinkEnd::Withdrawn, "PP-1", "PP-2"), (LinkEnd::Undone, "PP-2", "PP-3"), (LinkEnd::Unlinked, "PP-3", "PP-4")] {
            points.put(&house, "loyalty", &body(&world, account, json!({ "loyalty_tier": "gold", "loyalty_points": 7 }))).await.expect(200);
            endings::suspend(&world.core, link, "risk", &operator(), world.now()).await.expect("suspended");
            endings::reinstate(&world.core, link, &operator(), world.now()).await.expect("reinstated");
            assert_eq!(points.get(&house, "loyalty", account).await.expect(200).json()["values"]["loyalty_tier"]["value"], "gold", "only blocked");
            let ended = endings::end_link(&world.core, None, link, how, &operator(), world.now()).await.expect("ended");
            assert_eq!((ended, world.count("SELECT COUNT(*) FROM profile_values").await), (Outcome::Done, 0), "{how:?}");

            link = world.linked(&points.partner, anna, next).await;
            assert_eq!(points.get(&house, "loyalty", next).await.expect(200).json()["values"], json!({}), "{how:?}");
            let older = json!({ "local_account": next, "values": early, "observed_at": "2020-01-01T00:00:00Z" });
            assert_eq!(points.put(&house, "loyalty", &older).await.expect(200).json()["outdated"], json!([]), "{how:?}");
        }
    }

    /// Where a service allows several accounts the values are the customer's, the latest observation wins, and they go with the last link.
    async fn values_of_several_accounts_go_with_the_last_of_them(world: World) {
        let house = House::open(&world).await;
        let points = Owner::with(&world, &house, "points", &["loyalty"], true).await;
        let anna = world.customer().await;
        let links = [world.linked(&points.partner, anna, "PP-1").await, world.linked(&points.partner, anna, "PP-2").await];
        points.put(&house, "loyalty", &body(&world, "PP-1", json!({ "loyalty_tier": "gold" }))).await.expect(200);
        for (link, left) in links.into_iter().zip([1, 0]) {
            endings::end_link(&world.core, None, link, LinkEnd::Unlinked, &operator(), world.now()).await.expect("ended");
            assert_eq!(world.count("SELECT COUNT(*) FROM profile_values").await, left);
        }
    }

    async fn p13_unknown_and_unlinked_accounts_sound_the_same(world: World) {
        let house = House::open(&world).await;
        let points = Owner::new(&world, &house, "points", &["loyalty"]).await;
        let bank = Owner::new(&world, &house, "bank", &["banking"]).await;
        let link = world.linked(&points.partner, world.customer().await, "PP-1").await;
        // The same account id at another service is another account.
        world.linked(&bank.partner, world.customer().await, "PP-2").await;
        let heard = |answer: Answer| { let mut said = answer.expect(404).json(); said.as_object_mut().expect("an object").remove("instance"); said };
        let values = json!({ "loyalty_tier": "silver" });
        let unknown = heard(points.put(&house, "loyalty", &body(&world, "nobody", values.clone())).await);
        assert_eq!(heard(points.put(&house, "loyalty", &body(&world, "PP-2", values.clone())).await), unknown);
        assert_eq!(unknown["code"], "account_not_linked");
        let ended = world.link(link).await;
        let now = world.now();
        world.write(move |tx, core| { let ended = ended.clone(); Box::pin(async move {
            let step = concord::storage::links::Step { to: concord::model::link::LinkState::Withdrawn, actor: &Actor::Customer, reason: None, event: None, evidence: None, now };
            let _ = core;
            concord::storage::links::advance(tx, &ended, &step).await
        }) }).await;
        assert_eq!(heard(points.put(&house, "loyalty", &body(&world, "PP-1", values)).await), unknown);
        assert_eq!(heard(points.get(&house, "loyalty", "PP-1").await), unknown);
    }

    async fn si15_only_its_own_domain_and_values_that_fit(world: World) {
        let house = House::open(&world).await;
        let points = Owner::new(&world, &house, "points", &["loyalty"]).await;
        let bank = Owner::new(&world, &house, "bank", &["banking"]).await;
        let customer = world.customer().await;
        world.linked(&points.partner, customer, "PP-1").await;
        world.linked(&bank.partner, customer, "AB-1").await;
        for domain in ["banking", "identity", "nonsense"] {
            assert_eq!(code(&points.put(&house, domain, &body(&world, "PP-1", json!({}))).await.expect(403)), "not_owner", "{domain}");
        }
        for (values, pointer, why) in [
            (json!({ "banking_segment": "x" }), "/values/banking_segment", "unknown_claim"),
            (json!({ "email": "a@b.test" }), "/values/email", "unknown_claim"),
            (json!({ "loyalty_points": "12" }), "/values/loyalty_points", "wrong_type"),
            (json!({ "loyalty_tier": "x".repeat(17_000) }), "/values/loyalty_tier", "too_long"),
        ] {
            let answer = points.put(&house, "loyalty", &body(&world, "PP-1", values)).await.expect(422).json();
            assert_eq!((&answer["errors"][0]["pointer"], &answer["errors"][0]["code"]), (&json!(pointer), &json!(why)));
        }
        // Class D3 stays with its owner.
        let answer = bank.put(&house, "banking", &body(&world, "AB-1", json!({ "banking_accounts": [] }))).await.expect(422).json();
        assert_eq!(answer["errors"][0]["code"], "not_kept");
        bank.put(&house, "banking", &body(&world, "AB-1", json!({ "banking_client_since": "2019-04-01" }))).await.expect(200);
        let later = json!({ "local_account": "PP-1", "values": {}, "observed_at": "2100-01-01T00:00:00Z" });
        assert_eq!(points.put(&house, "loyalty", &later).await.expect(422).json()["errors"][0]["code"], "in_the_future");
    }

    async fn no_token_a_foreign_one_or_a_switched_off_client_write_nothing(world: World) {
        let house = House::open(&world).await;
        let points = Owner::new(&world, &house, "points", &["loyalty"]).await;
        let customer = world.customer().await;
        world.linked(&points.partner, customer, "PP-1").await;
        let sent = body(&world, "PP-1", json!({ "loyalty_tier": "silver" }));
        let path = "/api/partner/v1/profile/loyalty";
        let bare = house.wire.request(reqwest::Method::PUT, path).json(&sent).send().await.expect(401);
        assert_eq!((code(&bare).as_str(), bare.header("www-authenticate")), ("token_missing", Some("Bearer realm=\"concord\"")));
        for wrong in ["garbage", "eyJhbGciOiJub25lIn0.e30."] {
            let answer = house.wire.request(reqwest::Method::PUT, path).bearer(wrong).json(&sent).send().await.expect(401);
            assert_eq!(code(&answer), "invalid_token");
            assert!(answer.header("www-authenticate").is_some_and(|line| line.contains("error=\"invalid_token\"")));
        }
        let answer = house.wire.request(reqwest::Method::PUT, path).bearer(&points.token).body("text/plain", "x").send().await.expect(415);
        assert_eq!(code(&answer), "not_json");
        assert_eq!(house.wire.post(path).bearer(&points.token).send().await.status, 405);
        concord::usecases::switch_partner::client(&world.core, "points", false, &Actor::System("test")).await.expect("switched off");
        assert_eq!(code(&points.put(&house, "loyalty", &sent).await.expect(401)), "invalid_token");
    }
}
