//! Clients prove who they are; everybody else sounds the same.

use std::time::Duration;

use concord::protocol::client_auth::ClientAuth;
use concord::protocol::{Error, ErrorCode};
use concord::usecases::{Core, authenticate_client, rotate_secret, switch_partner};
use serde_json::{Value, json};

use super::{applied, apply, operator, service, web};
use crate::support::keys::{Key, random};
use crate::support::world::ISSUER;
use crate::support::{World, on_both};

const TOKEN: &str = "http://id.localhost:8080/oauth2/token";
const PAR: &str = "http://id.localhost:8080/oauth2/par";

fn basic(id: &str, secret: &str) -> ClientAuth {
    ClientAuth::SecretBasic { client_id: id.into(), secret: secret.into() }
}

fn post(id: &str, secret: &str) -> ClientAuth {
    ClientAuth::SecretPost { client_id: id.into(), secret: secret.into() }
}

fn signed(id: &str, assertion: &str) -> ClientAuth {
    ClientAuth::PrivateKeyJwt { client_id: id.into(), assertion: assertion.into() }
}

async fn at(core: &Core, endpoint: &str, shown: ClientAuth) -> Result<String, Error> {
    let client = authenticate_client::authenticate(core, &shown, endpoint, core.clock.now()).await?;
    Ok(client.document.client_id.clone())
}

async fn try_it(core: &Core, shown: ClientAuth) -> Result<String, Error> {
    at(core, TOKEN, shown).await
}

/// The refusal's detail; outside all of them are the same.
#[track_caller]
fn detail(result: Result<String, Error>) -> String {
    let error = result.expect_err("refused");
    assert_eq!((error.code, error.description()), (ErrorCode::InvalidClient, "client authentication failed"));
    error.detail.expect("a detail").into_owned()
}

/// One service with a client of each method; the secrets of the two that have one.
async fn shop(world: &World, key: &Key) -> (String, String) {
    let more = |id: &str, line: &str| format!("{}{line}\n", web(id, "openid"));
    let clients = [
        more("basic", ""),
        more("post", "authentication = \"client_secret_post\""),
        more("key", &format!("authentication = \"private_key_jwt\"\njwks = '{}'", key.jwks())),
        more("public", "authentication = \"none\""),
    ];
    let done = applied(apply(&world.core, &service("shop", "", &clients.concat())).await);
    (done.secrets[0].client_secret.clone(), done.secrets[1].client_secret.clone())
}

on_both! {
    async fn tk2_the_registered_method_and_no_other(world: World) {
        let (core, key) = (&world.core, Key::new("k1"));
        let (first, second) = shop(&world, &key).await;
        let none = |id: &str| ClientAuth::None { client_id: id.into() };
        let assertion = |id: &str| signed(id, &key.sign("JWT", &claims(&world, id)));
        for (registered, secret) in [("basic", &first), ("post", &second), ("key", &first), ("public", &first)] {
            for (method, shown) in [("basic", basic(registered, secret)), ("post", post(registered, secret)), ("key", assertion(registered)), ("public", none(registered))] {
                let answer = try_it(core, shown).await;
                assert_eq!(answer.is_ok(), method == registered, "{registered} by {method}: {answer:?}");
            }
        }
    }

    async fn an_unknown_client_and_a_wrong_secret_sound_the_same(world: World) {
        let core = &world.core;
        let (secret, _) = shop(&world, &Key::new("k1")).await;
        for (shown, said) in [
            (basic("nobody", &secret), "no such client"),
            (basic("basic", "wrong"), "wrong secret"),
            (basic("basic", ""), "wrong secret"),
            (basic("basic", &secret[..42]), "wrong secret"),
        ] {
            assert_eq!(detail(try_it(core, shown).await), said);
        }
        switch_partner::client(core, "basic", false, &operator()).await.unwrap();
        assert_eq!(detail(try_it(core, basic("basic", &secret)).await), "the client is switched off");
        switch_partner::client(core, "basic", true, &operator()).await.unwrap();
        switch_partner::service(core, "shop", false, &operator()).await.unwrap();
        assert_eq!(detail(try_it(core, basic("basic", &secret)).await), "the client's service is switched off");
    }

    async fn tk5_two_secrets_overlap_and_only_digests_are_kept(world: World) {
        let core = &world.core;
        let (first, _) = shop(&world, &Key::new("k1")).await;
        let hour = Duration::from_secs(3600);
        let second = rotate_secret::rotate(core, "basic", hour, &operator()).await.unwrap();
        assert_eq!(second.old_ends_at, Some((world.now() + hour).rfc3339()));
        for secret in [&first, &second.client_secret] {
            assert!(try_it(core, basic("basic", secret)).await.is_ok());
        }
        world.pass(Duration::from_secs(1));
        let third = rotate_secret::rotate(core, "basic", 24 * hour, &operator()).await.unwrap();
        assert_eq!(detail(try_it(core, basic("basic", &first)).await), "wrong secret", "two are live at a time");
        assert!(try_it(core, basic("basic", &second.client_secret)).await.is_ok());
        world.pass(24 * hour);
        assert_eq!(detail(try_it(core, basic("basic", &second.client_secret)).await), "wrong secret");
        assert!(try_it(core, basic("basic", &third.client_secret)).await.is_ok());
        let at_once = rotate_secret::rotate(core, "basic", Duration::ZERO, &operator()).await.unwrap();
        assert!(try_it(core, basic("basic", &third.client_secret)).await.is_err());
        assert!(try_it(core, basic("basic", &at_once.client_secret)).await.is_ok());
        assert!(rotate_secret::rotate(core, "public", hour, &operator()).await.is_err());
        assert!(rotate_secret::rotate(core, "key", hour, &operator()).await.is_err());
    }

    async fn tk12_wrong_secrets_are_throttled_and_shut_nobody_out(world: World) {
        let core = &world.core;
        let (secret, _) = shop(&world, &Key::new("k1")).await;
        let limit = usize::try_from(core.config.limits.client_failures_minute).unwrap();
        let mut said = Vec::new();
        for number in 0..50 {
            said.push(detail(try_it(core, basic("basic", &format!("wrong-{number}"))).await));
        }
        assert_eq!(said.iter().filter(|text| *text == "wrong secret").count(), limit, "what is counted one by one");
        assert!(said[limit..].iter().all(|text| text == "wrong secret, throttled"));
        // 256 bits cannot be guessed: a stranger's tries must not lock the client out.
        assert!(try_it(core, basic("basic", &secret)).await.is_ok());
        world.pass(Duration::from_secs(60));
        assert_eq!(detail(try_it(core, basic("basic", "wrong")).await), "wrong secret");
    }

    async fn tk4_an_assertion_counts_once_even_in_parallel(world: World) {
        let (core, key) = (world.core.clone(), Key::new("k1"));
        shop(&world, &key).await;
        let assertion = key.sign("JWT", &claims(&world, "key"));
        let tries: Vec<_> = (0..16)
            .map(|_| {
                let (core, shown) = (core.clone(), signed("key", &assertion));
                tokio::spawn(async move { try_it(&core, shown).await })
            })
            .collect();
        let mut accepted = 0;
        for result in tries {
            match result.await.unwrap() {
                Ok(_) => accepted += 1,
                Err(error) => assert_eq!(error.detail.as_deref(), Some("assertion: jti was used before")),
            }
        }
        assert_eq!(accepted, 1);
        // Every assertion that could still be accepted is remembered.
        world.pass(Duration::from_secs(65));
        assert!(detail(try_it(&core, signed("key", &assertion)).await).starts_with("assertion: "));
    }

    async fn tk3_assertions_are_addressed_to_us_and_short(world: World) {
        let (core, key) = (&world.core, Key::new("k1"));
        shop(&world, &key).await;
        let now = world.now().seconds();
        for (endpoint, audience) in [(TOKEN, json!(ISSUER)), (TOKEN, json!(TOKEN)), (PAR, json!(PAR)), (PAR, json!(TOKEN)), (PAR, json!([ISSUER, "https://other.test"]))] {
            let assertion = key.sign("JWT", &with(&world, "aud", audience.clone()));
            assert!(at(core, endpoint, signed("key", &assertion)).await.is_ok(), "{audience} at {endpoint}");
        }
        let typed = key.sign("client-authentication+jwt", &claims(&world, "key"));
        assert!(try_it(core, signed("key", &typed)).await.is_ok());
        for (name, value) in [
            ("aud", json!(PAR)),
            ("aud", json!("https://other.test")),
            ("aud", json!(format!("{ISSUER}/"))),
            ("aud", json!([])),
            ("aud", Value::Null),
            ("iss", json!("basic")),
            ("sub", json!("basic")),
            ("exp", json!(now - 60)),
            ("exp", json!(now + 3700)),
            ("exp", json!("soon")),
            ("exp", Value::Null),
            ("iat", json!(now + 60)),
            ("nbf", json!(now + 60)),
            ("jti", json!("")),
            ("jti", Value::Null),
            ("jti", json!("x".repeat(300))),
        ] {
            let assertion = key.sign("JWT", &with(&world, name, value.clone()));
            let text = detail(try_it(core, signed("key", &assertion)).await);
            assert!(text.starts_with("assertion: "), "{name} {value}: {text}");
        }
        for header in [json!({"alg": "none"}), json!({"alg": "HS256", "kid": "k1"}), json!({"alg": "ES256", "kid": "k2"}), json!({"alg": "ES256", "typ": "at+jwt", "kid": "k1"})] {
            assert!(try_it(core, signed("key", &key.sign_with(&header, &claims(&world, "key")))).await.is_err(), "{header}");
        }
        let stranger = Key::new("k1").sign("JWT", &claims(&world, "key"));
        assert!(detail(try_it(core, signed("key", &stranger)).await).contains("signature"));
        // Without a name the only key that fits is taken.
        let nameless = key.sign_with(&json!({"alg": "ES256"}), &claims(&world, "key"));
        assert!(try_it(core, signed("key", &nameless)).await.is_ok());
    }
}

fn claims(world: &World, id: &str) -> Value {
    let now = world.now().seconds();
    json!({"iss": id, "sub": id, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": random()})
}

/// Claims of the client `key` with one of them changed, or taken out by `null`.
fn with(world: &World, name: &str, value: Value) -> Value {
    let mut claims = claims(world, "key");
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}
