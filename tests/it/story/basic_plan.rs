//! What the OpenID conformance suite's config and basic certification plans look for, module by module, over HTTP.

use std::time::Duration;

use concord::crypto::digest::from_base64url;
use concord::model::actor::Actor;
use concord::usecases::set_customer;
use serde_json::{Value, json};

use super::ecosystem::Ecosystem;
use super::text;
use crate::support::client::{Client, Credentials};
use crate::support::http::{Answer, parameter};
use crate::support::on_both;
use crate::support::person::Person;

fn id_token(tokens: &Value) -> Value {
    let payload = text(tokens, "id_token").split('.').nth(1).expect("a payload");
    serde_json::from_slice(&from_base64url(payload).expect("base64url")).expect("claims")
}

fn auth_time(tokens: &Value) -> i64 {
    id_token(tokens)["auth_time"].as_i64().expect("auth_time")
}

/// The browser asks, the person does nothing; the error that the client is told, if any.
async fn error_of(person: &mut Person, client: &Client, extra: &[(&str, &str)]) -> Option<String> {
    let pending = client.authorize(extra);
    let answer = person.browser.open(pending.url.as_str()).await;
    answer.location()?;
    parameter(&client.returned(&pending, &answer), "error")
}

/// The page that is shown instead of an answer to the client.
async fn page_of(person: &mut Person, client: &Client, extra: &[(&str, &str)]) -> Answer {
    let answer = person.browser.open(client.authorize(extra).url.as_str()).await;
    assert!(answer.location().is_none(), "{extra:?} led to {:?}", answer.location());
    answer
}

async fn fill_profile(eco: &Ecosystem, person: &Person) {
    let values = [
        "given_name=Anna",
        "family_name=Ozerova",
        "birthdate=1990-04-01",
        "zoneinfo=Europe/Moscow",
        "phone_number=+79161234567",
        r#"address={"country":"RU","locality":"Moscow"}"#,
    ];
    let core = &eco.world.core;
    let actor = Actor::Operator("test".to_owned());
    set_customer::set(core, eco.customer(person).await, &values.map(str::to_owned), &actor, eco.world.now()).await.expect("set");
}

on_both! {
    /// oidcc-server, -userinfo-get, -userinfo-post-header, -scope-profile, -email, -address, -phone, -all, -ensure-other-scope-order.
    async fn scopes_bring_their_claims(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        eco.sign_in(&mut anna, &eco.cinema, &[]).await;
        fill_profile(&eco, &anna).await;
        for scope in ["openid profile email address phone", "phone address email profile openid"] {
            let tokens = eco.sign_in(&mut anna, &eco.cinema, &[("scope", scope)]).await;
            let access = text(&tokens, "access_token");
            let info = eco.cinema.userinfo(access).await.expect(200).json();
            for claim in ["given_name", "family_name", "birthdate", "zoneinfo", "updated_at", "email", "phone_number"] {
                assert!(!info[claim].is_null(), "{scope}: no {claim} in {info}");
            }
            assert_eq!(info["address"], json!({"country": "RU", "locality": "Moscow"}));
            assert_eq!((&info["email_verified"], &info["phone_number_verified"]), (&json!(true), &json!(false)));
            let posted = eco.wire.post("/oauth2/userinfo").bearer(access).send().await.expect(200).json();
            assert_eq!(posted, info);
            let told = id_token(&tokens);
            assert_eq!((&told["sub"], &told["aud"], &told["iss"]), (&info["sub"], &json!("cinema"), &json!(eco.world.core.issuer())));
            assert!(told["given_name"].is_null(), "claims of scopes come from userinfo while there is an access token: {told}");
        }
        for (scope, there, missing) in [("openid email", "email", "phone_number"), ("openid phone", "phone_number", "address")] {
            let tokens = eco.sign_in(&mut anna, &eco.cinema, &[("scope", scope)]).await;
            let info = eco.cinema.userinfo(text(&tokens, "access_token")).await.expect(200).json();
            assert!(!info[there].is_null() && info[missing].is_null(), "{scope}: {info}");
        }
        eco.close().await;
    }

    /// oidcc-prompt-login, -prompt-none-logged-in, -max-age-1, -max-age-10000, -id-token-hint.
    async fn the_age_of_a_sign_in_is_told_and_obeyed(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        let first = eco.sign_in(&mut anna, &eco.cinema, &[]).await;
        eco.world.pass(Duration::from_secs(100));
        let again = eco.cinema.silently(&mut anna.browser, &[("prompt", "none")]).await;
        assert_eq!(auth_time(&again), auth_time(&first));
        let again = eco.cinema.silently(&mut anna.browser, &[("max_age", "10000")]).await;
        assert_eq!((auth_time(&again), text(&again, "id_token").is_empty()), (auth_time(&first), false));
        assert_eq!(id_token(&again)["sub"], id_token(&first)["sub"]);

        assert_eq!(error_of(&mut anna, &eco.cinema, &[("max_age", "1"), ("prompt", "none")]).await.as_deref(), Some("login_required"));
        let asked = page_of(&mut anna, &eco.cinema, &[("max_age", "1")]).await;
        assert_eq!(asked.url.path(), "/reauth");
        let fresh = eco.sign_in(&mut anna, &eco.cinema, &[("max_age", "1")]).await;
        assert_eq!(auth_time(&fresh), eco.world.now().seconds());
        eco.world.pass(Duration::from_secs(5));
        let asked = eco.sign_in(&mut anna, &eco.cinema, &[("prompt", "login")]).await;
        assert_eq!(auth_time(&asked), eco.world.now().seconds());

        let hint = text(&first, "id_token");
        let same = eco.cinema.silently(&mut anna.browser, &[("prompt", "none"), ("id_token_hint", hint)]).await;
        assert_eq!(id_token(&same)["sub"], id_token(&first)["sub"]);
        let mut boris = eco.person("boris");
        eco.sign_in(&mut boris, &eco.cinema, &[]).await;
        let other = error_of(&mut boris, &eco.cinema, &[("prompt", "none"), ("id_token_hint", hint)]).await;
        assert_eq!(other.as_deref(), Some("login_required"));
        let forged = format!("{}AAAA", &hint[..hint.len() - 4]);
        assert_eq!(error_of(&mut boris, &eco.cinema, &[("id_token_hint", &forged)]).await.as_deref(), Some("invalid_request"));
        let access = text(&first, "access_token");
        assert_eq!(error_of(&mut boris, &eco.cinema, &[("id_token_hint", access)]).await.as_deref(), Some("invalid_request"), "JT14");

        // A `sub` that must be: hers is not his, and nobody's is nobody's.
        let wish = |sub: &str| json!({"id_token": {"sub": {"value": sub}}}).to_string();
        let hers = wish(id_token(&first)["sub"].as_str().expect("a sub"));
        assert!(error_of(&mut anna, &eco.cinema, &[("prompt", "none"), ("claims", &hers)]).await.is_none());
        assert_eq!(error_of(&mut boris, &eco.cinema, &[("prompt", "none"), ("claims", &hers)]).await.as_deref(), Some("login_required"));
        for nobody in ["nobody", "nobody\0"] {
            assert_eq!(error_of(&mut boris, &eco.cinema, &[("claims", &wish(nobody))]).await.as_deref(), Some("invalid_request"));
        }
        // Shown to another sector, her token must not tell that its `sub` and hers there are the same person.
        let told = error_of(&mut anna, &eco.points, &[("prompt", "none"), ("id_token_hint", hint)]).await;
        assert_eq!(told.as_deref(), Some("invalid_request"));
        eco.close().await;
    }

    /// oidcc-response-type-missing, -ensure-registered-redirect-uri, -request-uri-unsigned, -unsigned-request-object.
    async fn what_is_not_understood_is_refused_cleanly(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        for (name, value, code) in [
            ("response_type", "", "unsupported_response_type invalid_request"),
            ("response_type", "id_token", "unsupported_response_type unauthorized_client"),
            ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
            ("request_uri", "https://client.example/request.jwt", "request_uri_not_supported"),
            ("prompt", "none login", "invalid_request"),
            ("max_age", "-1", "invalid_request"),
            ("claims", "{", "invalid_request"),
        ] {
            let told = error_of(&mut anna, &eco.cinema, &[(name, value)]).await;
            assert!(told.as_deref().is_some_and(|told| code.split(' ').any(|word| word == told)), "{name}={value}: {told:?}, not {code}");
        }
        for uri in ["http://cinema.localhost/cb/", "http://cinema.localhost/cb?x=1", "http://cinema.localhost.evil.test/cb", "https://cinema.localhost/cb", ""] {
            let page = page_of(&mut anna, &eco.cinema, &[("redirect_uri", uri)]).await.expect(400);
            assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{uri}");
        }
        eco.close().await;
    }

    /// oidcc-display-*, -login-hint, -ui-locales, -claims-locales, -ensure-request-with-acr-values, -unknown-parameter, -without-nonce,
    /// -ensure-post-request, -server-client-secret-post, -claims-essential.
    async fn what_may_be_asked_is_taken(world: World) {
        let mut eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        let page = page_of(&mut anna, &eco.cinema, &[("ui_locales", "tlh ru en"), ("login_hint", "anna@example.org"), ("display", "touch")]).await;
        assert!(page.text().contains("lang=\"ru\""), "the first language that is spoken");
        assert!(page.text().contains("anna@example.org"), "the hint is in the field");
        eco.sign_in(&mut anna, &eco.cinema, &[]).await;
        for extra in [("display", "popup"), ("claims_locales", "fr"), ("acr_values", "urn:nobody aal1"), ("extra", "foobar")] {
            let tokens = eco.cinema.silently(&mut anna.browser, &[extra]).await;
            assert!(tokens["id_token"].is_string(), "{extra:?}");
        }
        assert_eq!(id_token(&eco.cinema.silently(&mut anna.browser, &[("acr_values", "aal1")]).await)["acr"], "aal1");

        let pending = eco.cinema.authorize(&[]);
        let pairs: Vec<(String, String)> = pending.url.query_pairs().filter(|(name, _)| name != "nonce").map(|(n, v)| (n.into(), v.into())).collect();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        // From the client's own page: a form posted to another site brings no cookies of SameSite=Lax, and still ends well.
        let posted = anna.browser.once(eco.wire.post("/oauth2/authorize").form(pairs.iter().copied())).await;
        let answer = match posted.location() {
            Some(to) if to.host_str() == Some("id.localhost") => anna.browser.open(to.as_str()).await,
            _ => posted,
        };
        let code = parameter(&eco.cinema.returned(&pending, &answer), "code").expect("a code");
        let Credentials::Basic(secret) = &eco.cinema.credentials else { panic!("a secret") };
        eco.cinema.credentials = Credentials::Post(secret.clone());
        eco.cinema.redeem(&code, &pending.verifier).await.expect(400); // registered for client_secret_basic, and for nothing else

        let claims = json!({"userinfo": {"nickname": {"essential": true}}, "id_token": {"acr": {"values": ["aal1"]}, "auth_time": null}});
        let Credentials::Post(secret) = &eco.cinema.credentials else { panic!("a secret") };
        eco.cinema.credentials = Credentials::Basic(secret.clone());
        let tokens = eco.cinema.silently(&mut anna.browser, &[("scope", "openid"), ("claims", &claims.to_string())]).await;
        assert_eq!(id_token(&tokens)["acr"], "aal1");
        let info = eco.cinema.userinfo(text(&tokens, "access_token")).await.expect(200).json();
        assert_eq!(info["nickname"], "anna", "{info}");
        eco.close().await;
    }
}
