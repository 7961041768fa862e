//! The endpoints over HTTP: methods, credentials, headers, bodies.

use serde_json::Value;

use super::ecosystem::{BANK_API, CALLBACK, Ecosystem, LOYALTY_API, SECRET};
use crate::support::http::{Answer, Request};
use crate::support::on_both;

const FORM: &str = "application/x-www-form-urlencoded";

fn is_oauth_error(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.error().as_str()), (status, code), "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("application/json")));
}

on_both! {
    async fn tk1_the_token_endpoint_takes_posted_forms_and_nothing_else(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        for endpoint in ["/oauth2/token", "/oauth2/par", "/oauth2/introspect", "/oauth2/revoke"] {
            for method in ["GET", "PUT", "DELETE", "PATCH"] {
                let answer = wire.request(method.parse().expect("a method"), endpoint).basic("bank-web", SECRET).send().await;
                is_oauth_error(&answer, 405, "invalid_request");
            }
            let json = wire.post(endpoint).basic("bank-web", SECRET).json(&serde_json::json!({"grant_type": "client_credentials"})).send().await;
            is_oauth_error(&json, 400, "invalid_request");
            let multipart = wire.post(endpoint).basic("bank-web", SECRET).body("multipart/form-data; boundary=x", "--x--").send().await;
            is_oauth_error(&multipart, 400, "invalid_request");
            let twice = wire.post(endpoint).basic("bank-web", SECRET).body(FORM, "token=a&token=b&grant_type=x&grant_type=y").send().await;
            is_oauth_error(&twice, 400, "invalid_request");
            let bytes = wire.post(endpoint).basic("bank-web", SECRET).body(FORM, "token=%FF&grant_type=%FF").send().await;
            is_oauth_error(&bytes, 400, "invalid_request");
        }
        let query = wire.post("/oauth2/token?grant_type=client_credentials").basic("bank-web", SECRET).body(FORM, "").send().await;
        is_oauth_error(&query, 400, "invalid_request");
        let unknown = wire.post("/oauth2/token").basic("bank-web", SECRET).form([("grant_type", "password")]).send().await;
        is_oauth_error(&unknown, 400, "unsupported_grant_type");
    }

    async fn tk6_a_failed_basic_is_challenged_other_failures_are_not(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        let ask = |request: Request| async { request.send().await };
        let pairs = [("grant_type", "client_credentials")];
        for (id, secret) in [("bank-web", "wrong"), ("nobody", SECRET), ("bank-app", SECRET), ("bank-web", "")] {
            let answer = ask(wire.post("/oauth2/token").basic(id, secret).form(pairs)).await;
            is_oauth_error(&answer, 401, "invalid_client");
            assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("Basic ")), "{id}");
        }
        let body = [("grant_type", "client_credentials"), ("client_id", "bank-web"), ("client_secret", SECRET)];
        let answer = ask(wire.post("/oauth2/token").form(body)).await;
        is_oauth_error(&answer, 400, "invalid_client");
        assert_eq!(answer.header("www-authenticate"), None);
        is_oauth_error(&ask(wire.post("/oauth2/token").form(pairs)).await, 400, "invalid_client");
        let both = ask(wire.post("/oauth2/token").basic("bank-web", SECRET).form(body)).await;
        is_oauth_error(&both, 400, "invalid_request");
        let introspect = ask(wire.post("/oauth2/introspect").form([("token", "x")])).await;
        is_oauth_error(&introspect, 401, "invalid_client");
        assert!(introspect.header("www-authenticate").is_some(), "in1: a protected resource");
        let with_a_token = ask(wire.post("/oauth2/introspect").bearer("x").form([("token", "x")])).await;
        assert!(with_a_token.status.is_client_error());
    }

    async fn tk7_tokens_are_never_stored_by_caches_and_introspection_neither(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        let bank = eco.over(&wire, "bank-web").await;
        let answer = bank.token(&[("grant_type", "client_credentials"), ("resource", BANK_API)]).await.expect(200);
        assert_eq!((answer.header("cache-control"), answer.header("pragma")), (Some("no-store"), Some("no-cache")));
        let token = answer.json()["access_token"].as_str().expect("a token").to_owned();
        let seen = bank.post("/oauth2/introspect", &[("token", &token)]).await.expect(200);
        assert_eq!(seen.header("cache-control"), Some("no-store"));
        assert_eq!(seen.json()["active"], true);
        let revoked = bank.revoke(&token).await.expect(200);
        assert!(revoked.body.is_empty() && revoked.header("cache-control") == Some("no-store"));
        let gone = bank.post("/oauth2/introspect", &[("token", &token)]).await.expect(200);
        let garbage = bank.post("/oauth2/introspect", &[("token", "garbage")]).await.expect(200);
        assert_eq!(gone.text(), r#"{"active":false}"#);
        assert_eq!(gone.body, garbage.body, "in2: byte for byte the same");
        is_oauth_error(&bank.post("/oauth2/introspect", &[]).await, 400, "invalid_request");
        bank.revoke("garbage").await.expect(200);
    }

    async fn tk14_only_registered_origins_of_public_clients_may_read_tokens(world: World) {
        let eco = Ecosystem::new(&world).await;
        eco.give_origin("bank-app", "https://app.bank.test").await;
        eco.give_origin("bank-web", "https://app.bank.test").await;
        let wire = eco.serve().await;
        let ask = |client_id: &'static str, origin: &'static str| {
            let request = wire.post("/oauth2/token").header("origin", origin);
            let pairs = [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", client_id)];
            async move { request.form(pairs).send().await }
        };
        let allowed = ask("bank-app", "https://app.bank.test").await;
        assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.bank.test"));
        for origin in ["https://evil.test", "https://app.bank.test.evil.test", "http://app.bank.test", "null", "https://app.bank.test:444"] {
            assert_eq!(ask("bank-app", origin).await.header("access-control-allow-origin"), None, "{origin}");
        }
        let confidential = wire.post("/oauth2/token").header("origin", "https://app.bank.test").basic("bank-web", SECRET);
        let answer = confidential.form([("grant_type", "client_credentials")]).send().await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert!(wire.request("OPTIONS".parse().expect("a method"), "/oauth2/token").send().await.status.is_client_error());
    }

    async fn pk5_codes_over_http_and_pushed_requests(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        let person = eco.person().await;
        let bank = eco.over(&wire, "bank-web").await;
        let code = eco.code(&eco.grant(&person, "bank-web", "openid profile").await, "bank-web", None).await;
        let tokens = bank.redeem(&code.code, &code.verifier).await.expect(200).json();
        assert!(bank.sees_active(tokens["access_token"].as_str().expect("a token")).await);
        is_oauth_error(&bank.redeem(&code.code, &code.verifier).await, 400, "invalid_grant");
        assert!(!bank.sees_active(tokens["access_token"].as_str().expect("a token")).await);

        let pending = bank.push(&[]).await;
        assert!(pending.url.as_str().contains("request_uri=urn%3Aietf"));
        let duplicate = wire.post("/oauth2/par").basic("bank-web", SECRET).body(FORM, "scope=openid&scope=email").send().await;
        is_oauth_error(&duplicate, 400, "invalid_request");
        let public = eco.over(&wire, "bank-app").await.post("/oauth2/par", &[("redirect_uri", CALLBACK)]).await;
        assert!(public.status.is_client_error());
        let large = wire.post("/oauth2/par").basic("bank-web", SECRET).body(FORM, format!("x={}", "y".repeat(70_000))).send().await;
        assert!(large.status.is_client_error());
    }

    async fn md1_metadata_and_keys_stand_where_they_are_looked_for_and_may_be_kept(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        let openid = wire.get("/.well-known/openid-configuration").send().await.expect(200);
        let oauth = wire.get("/.well-known/oauth-authorization-server").send().await.expect(200);
        assert_eq!(openid.body, oauth.body);
        let metadata = openid.json();
        assert_eq!(metadata["issuer"], eco.core.config.issuer.as_str());
        assert_eq!(openid.header("cache-control"), Some("public, max-age=3600"));
        assert_eq!(openid.header("access-control-allow-origin"), Some("*"));
        for name in ["token_endpoint", "userinfo_endpoint", "jwks_uri", "introspection_endpoint", "revocation_endpoint",
            "pushed_authorization_request_endpoint", "end_session_endpoint", "authorization_endpoint"] {
            let url = metadata[name].as_str().expect("an endpoint");
            assert_ne!(wire.get(url).send().await.status, 404, "md2: {name}");
        }
        for (name, what) in [("code_challenge_methods_supported", "S256"), ("response_types_supported", "code"),
            ("id_token_signing_alg_values_supported", "RS256"), ("subject_types_supported", "pairwise"), ("scopes_supported", "loyalty")] {
            assert!(metadata[name].as_array().is_some_and(|values| values.contains(&what.into())), "{name}");
        }
        assert!(!metadata["scopes_supported"].to_string().contains("banking.accounts"), "what no level of ours reaches is not offered");

        let keys = wire.get("/.well-known/jwks.json").send().await.expect(200);
        assert_eq!(keys.header("cache-control"), Some("public, max-age=900, stale-while-revalidate=3600, stale-if-error=86400"));
        assert_eq!(keys.body, wire.get("/oauth2/jwks").send().await.expect(200).body);
        for key in keys.json()["keys"].as_array().expect("keys") {
            assert!(key.get("d").is_none() && key["kid"].is_string() && key["use"] == "sig" && key["alg"].is_string(), "md3");
        }
        for (url, answer) in [("/.well-known/jwks.json", &keys), ("/.well-known/openid-configuration", &openid)] {
            let etag = answer.header("etag").expect("a tag").to_owned();
            let again = wire.get(url).header("if-none-match", &format!("\"x\", {etag}")).send().await;
            assert_eq!((again.status.as_u16(), again.body.len(), again.header("etag")), (304, 0, Some(etag.as_str())));
            assert_eq!(wire.get(url).header("if-none-match", "\"x\"").send().await.status, 200);
        }
    }

    async fn garbage_at_every_endpoint_is_refused_without_a_5xx(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        let bodies: Vec<Vec<u8>> = vec![
            vec![], b"=&=&=".to_vec(), b"grant_type=authorization_code&code=%00".to_vec(), b"\xff\xfe".to_vec(),
            format!("grant_type=refresh_token&refresh_token={}", "A".repeat(60_000)).into_bytes(),
            format!("token={}", "%41".repeat(10_000)).into_bytes(), b"grant_type=client_credentials&scope=%20&resource=%23".to_vec(),
            b"grant_type=authorization_code&code=x&redirect_uri=x&code_verifier=x".to_vec(), (0..100).map(|n| format!("a{n}=b&")).collect::<String>().into_bytes(),
        ];
        for endpoint in ["/oauth2/token", "/oauth2/par", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/userinfo", "/oauth2/logout"] {
            for body in &bodies {
                for authorization in ["Basic YmFuay13ZWI6M1lrMG1DNlp0MWJxOHdxMW4wcWt6UzRIbjdmMHYwZzFvSm1TMnlxOFgzVQ==", "Basic !!!", "Basic", "Bearer", "Bearer x"] {
                    let answer = wire.post(endpoint).header("authorization", authorization).body(FORM, body.clone()).send().await;
                    assert!(answer.status.as_u16() < 500, "{endpoint} {authorization}: {} {}", answer.status, answer.text());
                    if !endpoint.ends_with("logout") && answer.status.is_client_error() && !answer.body.is_empty() {
                        assert!(matches!(answer.json(), Value::Object(_)));
                    }
                }
            }
        }
    }

    async fn the_hot_paths_ask_no_database_once_they_are_warm(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        let person = eco.person().await;
        let bank = eco.over(&wire, "bank-web").await;
        let loyalty = eco.over(&wire, "loyalty-api").await;
        let grant = eco.grant(&person, "bank-web", "openid profile loyalty").await;
        let code = eco.code(&grant, "bank-web", None).await;
        let tokens = eco.redeem("bank-web", &code).await.expect("tokens");
        let other = eco.token("bank-web", &[("grant_type", "refresh_token"), ("refresh_token", tokens.refresh_token.as_deref().expect("one")),
            ("resource", LOYALTY_API)]).await.expect("tokens");
        let mut answers = Vec::new();
        for round in 0..2 {
            eco.fresh();
            let seen = bank.introspect(&tokens.access_token).await;
            let at_loyalty = loyalty.introspect(&other.access_token).await;
            let userinfo = bank.userinfo(&tokens.access_token).await.expect(200).json();
            let credentials = bank.client_credentials("bank:read").await.expect(200).json();
            assert!(seen["active"] == true && at_loyalty["active"] == true && credentials["expires_in"] == 300);
            answers.push((seen, at_loyalty, userinfo));
            if round == 0 {
                eco.core.database.close().await;
            }
        }
        assert_eq!(answers[0], answers[1]);
        tokio::time::sleep(std::time::Duration::from_millis(800)).await;
        let stale = bank.post("/oauth2/introspect", &[("token", &tokens.access_token)]).await;
        assert_eq!((stale.status.as_u16(), stale.error().as_str()), (503, "temporarily_unavailable"), "never a stale answer");
        let refreshed = bank.refresh(tokens.refresh_token.as_deref().expect("one")).await;
        assert_eq!((refreshed.status.as_u16(), refreshed.error().as_str()), (503, "temporarily_unavailable"), "tk16: no token");
        wire.get("/.well-known/jwks.json").send().await.expect(200);
    }
}
