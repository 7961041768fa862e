//! What a client insists on, what it cannot do without, and what nobody gets yet.

use std::sync::Arc;

use concord::model::service::ClientDocument;
use concord::storage::clients;
use concord::usecases::partners;
use serde_json::Value;

use super::ecosystem::{Ecosystem, POINTS_API};
use super::text;
use crate::support::client::{Client, Pending};
use crate::support::http::{Answer, parameter};
use crate::support::on_both;
use crate::support::person::Person;

/// Changes what is registered of a client.
async fn amend(eco: &Ecosystem, client: &Client, change: impl FnOnce(&mut ClientDocument)) {
    let known = partners::client(&eco.world.core, &client.id).await.expect("asked").expect("a client");
    let (key, now, mut document) = (known.key, eco.world.now(), known.document.clone());
    change(&mut document);
    let done: Result<(), concord::storage::Error> = eco
        .world
        .database
        .write(move |tx| {
            let document = document.clone();
            Box::pin(async move { clients::update(tx, key, &document, now).await.map(drop) })
        })
        .await;
    done.expect("changed");
}

fn consent_page(answer: Answer) -> Answer {
    assert_eq!((answer.status.as_u16(), answer.url.path()), (200, "/consent"), "{}", answer.page().text());
    answer
}

/// Presses a button of the consent page with these items ticked and no others; what came back to the client.
async fn answered(eco: &Ecosystem, person: &mut Person, pending: &Pending, page: &Answer, action: &str, ticked: &[&str]) -> url::Url {
    let mut form = page.page().forms().into_iter().find(|form| form.offers("action=accept")).expect("the form");
    form.fields.retain(|(name, _)| name != "item");
    form.fields.extend(ticked.iter().map(|item| ("item".to_owned(), (*item).to_owned())));
    let answer = person.browser.submit(form.press(&format!("action={action}"))).await;
    eco.bank.returned(pending, &answer)
}

async fn tokens(client: &Client, pending: &Pending, back: &url::Url) -> Value {
    let code = parameter(back, "code").unwrap_or_else(|| panic!("no code in {back}"));
    client.redeem(&code, &pending.verifier).await.expect(200).json()
}

on_both! {
    /// OIDC Core 3.1.2.1: consent is asked for again though everything was given; what is left unticked then stays as it was.
    async fn az14_prompt_consent_asks_again(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        eco.sign_in(&mut anna, &eco.bank, &[]).await;
        eco.bank.silently(&mut anna.browser, &[]).await;
        let given = eco.world.count("SELECT COUNT(*) FROM consents WHERE state = 'given'").await;

        let pending = eco.bank.authorize(&[("prompt", "consent")]);
        let page = consent_page(anna.browser.open(pending.url.as_str()).await);
        assert!(page.page().by_id("item-profile").is_some(), "{}", page.page().text());
        let back = answered(&eco, &mut anna, &pending, &page, "accept", &[]).await;
        let got = tokens(&eco.bank, &pending, &back).await;
        assert!(text(&got, "scope").contains("profile"), "withdrawing has its own place: {got}");
        assert_eq!(eco.world.count("SELECT COUNT(*) FROM consents WHERE state = 'given'").await, given);

        let pending = eco.bank.authorize(&[("prompt", "consent")]);
        let page = consent_page(anna.browser.open(pending.url.as_str()).await);
        let back = answered(&eco, &mut anna, &pending, &page, "decline", &[]).await;
        assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
        eco.bank.silently(&mut anna.browser, &[]).await;
        eco.close().await;
    }

    /// What a service cannot do without is given with the button or not at all: no ticks, no silence, no way around.
    async fn what_a_service_needs_is_given_or_it_is_refused(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        eco.sign_in(&mut anna, &eco.cinema, &[]).await;
        amend(&eco, &eco.bank, |document| document.required_scope = "openid profile".parse().expect("a scope")).await;

        let silent = eco.bank.authorize(&[("prompt", "none")]);
        let back = eco.bank.returned(&silent, &anna.browser.open(silent.url.as_str()).await);
        assert_eq!(parameter(&back, "error").as_deref(), Some("consent_required"));

        let pending = eco.bank.authorize(&[]);
        let page = consent_page(anna.browser.open(pending.url.as_str()).await);
        assert!(!page.page().forms().iter().any(|form| form.boxes.iter().any(|(_, value)| value == "profile")), "there is no tick to take away");
        let back = answered(&eco, &mut anna, &pending, &page, "decline", &[]).await;
        assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));

        let pending = eco.bank.authorize(&[]);
        let page = consent_page(anna.browser.open(pending.url.as_str()).await);
        let back = answered(&eco, &mut anna, &pending, &page, "accept", &[]).await;
        let got = tokens(&eco.bank, &pending, &back).await;
        assert!(text(&got, "scope").contains("profile"), "{got}");

        // Taken back: asked for again, and not passed over in silence.
        eco.withdraw(&anna, "profile").await;
        let silent = eco.bank.authorize(&[("prompt", "none")]);
        let back = eco.bank.returned(&silent, &anna.browser.open(silent.url.as_str()).await);
        assert_eq!(parameter(&back, "error").as_deref(), Some("consent_required"));

        // Given on the page and taken back elsewhere before the answer: refused.
        let pending = eco.bank.authorize(&[]);
        let page = consent_page(anna.browser.open(pending.url.as_str()).await);
        let form = page.page().forms().into_iter().find(|form| form.offers("action=accept")).expect("the form").press("action=accept");
        let gone_on = anna.browser.submit_once(form).await.location().expect("on it goes");
        eco.withdraw(&anna, "profile").await;
        let back = eco.bank.returned(&pending, &anna.browser.open(gone_on.as_str()).await);
        assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
        eco.close().await;
    }

    /// Classes above D1 need two factors, which nobody can show yet: neither somebody else's scope nor the client's own is granted, and what
    /// is planted in the database gives nothing.
    async fn a_scope_of_class_d2_gives_nothing_below_aal2(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        eco.connect(&mut anna, &eco.points, "polar-points", "PP-1").await;
        for client in [&eco.bank, &eco.points] {
            amend(&eco, client, |document| {
                document.scope = "openid offline_access profile loyalty loyalty.history".parse().expect("a scope");
            }).await;
        }
        let asked = [("scope", "openid offline_access loyalty loyalty.history"), ("resource", POINTS_API)];
        for client in [&eco.bank, &eco.points] {
            let pending = client.authorize(&asked);
            let page = anna.browser.open(pending.url.as_str()).await;
            assert!(!page.text().contains("item-loyalty.history"), "{}: nobody is asked for it", client.id);
            let answer = anna.walk(pending.url.as_str()).await;
            let got = tokens(client, &pending, &client.returned(&pending, &answer)).await;
            assert!(text(&got, "scope").contains("loyalty") && !text(&got, "scope").contains("history"), "{}: {got}", client.id);
            plant(&eco, client).await;
            let again = client.refresh(text(&got, "refresh_token")).await.expect(200).json();
            assert!(!text(&again, "scope").contains("history"), "{}: {again}", client.id);
            let access = text(&again, "access_token");
            let seen = eco.points.introspect(access).await;
            assert!(!seen.to_string().contains("history"), "{}: {seen}", client.id);
            let here = client.introspect(access).await;
            assert_eq!(here["active"], true);
            assert!(!here.to_string().contains("history"), "{}: {here}", client.id);
            let info = client.userinfo(access).await.expect(200).json();
            assert!(info["loyalty_transactions"].is_null(), "{}: {info}", client.id);
        }
        eco.close().await;
    }
}

/// The scope as an item of the one grant with `loyalty` whose code was redeemed, and a value that it would show, past every rule of the program.
async fn plant(eco: &Ecosystem, client: &Client) {
    let known = partners::client(&eco.world.core, &client.id).await.expect("asked").expect("a client");
    let key = match eco.world.backend {
        crate::support::Backend::Sqlite => format!("X'{}'", known.key.uuid().simple()),
        crate::support::Backend::Postgres => format!("'{}'", known.key.uuid()),
    };
    let columns = "consent_id, owner_id, owner_epoch, owner_link_id, owner_connection_epoch";
    let planted = eco
        .world
        .tamper(&format!(
            "INSERT INTO grant_items (grant_id, position, scope, {columns})
             SELECT grant_id, 62, 'loyalty.history', {columns} FROM grant_items WHERE scope = 'loyalty' AND grant_id IN (
                 SELECT grants.id FROM grants JOIN families ON families.grant_id = grants.id WHERE grants.client_key = {key})"
        ))
        .await;
    assert_eq!(planted.expect("planted"), 1);
    let core = Arc::clone(&eco.world.core);
    let service = partners::service_by_code(&core, "polar-points").await.expect("asked").expect("a service");
    let now = eco.world.now();
    let done: Result<(), concord::storage::Error> = eco
        .world
        .database
        .write(move |tx| {
            let (core, service) = (Arc::clone(&core), Arc::clone(&service));
            Box::pin(async move {
                let holder = concord::usecases::links::customer_of(tx, &core, &service, "PP-1").await?;
                let (customer, _) = holder.expect("linked");
                let value = serde_json::json!([{"points": 5}]);
                concord::usecases::profile::put(tx, &core, customer, "loyalty_transactions", &value, Some(service.id), now).await.map(drop)
            })
        })
        .await;
    done.expect("written");
}
