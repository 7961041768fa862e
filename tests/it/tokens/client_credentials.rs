//! Clients for themselves.

use concord::protocol::ErrorCode;
use concord::protocol::introspect::IntrospectionResponse;

use super::ecosystem::{BANK_API, Ecosystem, LOYALTY_API, claims, header, refused};
use crate::support::on_both;

/// A client whose service names no life gets tokens of the configured one; one that names minutes keeps them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_life_of_access_tokens_is_the_configured_one_unless_the_client_names_its_own() {
    let world = crate::support::World::with(crate::support::Backend::Sqlite, "[tokens]\naccess = \"2m\"").await;
    let eco = Ecosystem::new(&world).await;
    let wire = eco.serve().await;
    let bank = eco.over(&wire, "bank-web").await;
    let life =
        async || bank.token(&[("grant_type", "client_credentials"), ("resource", BANK_API)]).await.expect(200).json()["expires_in"].clone();
    assert_eq!(life().await, 120);
    eco.amend("bank-web", |document| document.access_token_minutes = Some(7)).await;
    assert_eq!(life().await, 420);
}

on_both! {
    async fn tk9_only_confidential_clients_and_no_sub_that_a_customer_could_have(world: World) {
        let eco = Ecosystem::new(&world).await;
        assert_eq!(refused(eco.token("bank-app", &[("grant_type", "client_credentials")]).await), ErrorCode::UnauthorizedClient);
        assert_eq!(refused(eco.token("cinema-web", &[("grant_type", "client_credentials")]).await), ErrorCode::UnauthorizedClient);
        let tokens = eco.token("bank-batch", &[("grant_type", "client_credentials")]).await.expect("a token");
        assert!(tokens.refresh_token.is_none() && tokens.id_token.is_none());
        let access = claims(&tokens.access_token);
        assert_eq!(header(&tokens.access_token)["typ"], "at+jwt");
        assert_eq!((&access["sub"], &access["client_id"]), (&"client:bank-batch".into(), &"bank-batch".into()));
        assert!(access.get("auth_time").is_none() && access.get("acr").is_none());
    }

    async fn tk10_own_scopes_only_and_those_of_the_api_asked_for(world: World) {
        let eco = Ecosystem::new(&world).await;
        let ask = |pairs: &'static [(&'static str, &'static str)]| {
            let eco = &eco;
            async move {
                let mut form = vec![("grant_type", "client_credentials")];
                form.extend(pairs);
                eco.token("bank-web", &form).await
            }
        };
        assert_eq!(ask(&[]).await.expect("a token").scope.to_string(), "bank:read banking.write");
        assert_eq!(ask(&[("scope", "banking.write")]).await.expect("a token").scope.to_string(), "banking.write");
        for wide in ["openid", "profile", "loyalty", "customer_id", "unknown"] {
            assert_eq!(refused(eco.token("bank-web", &[("grant_type", "client_credentials"), ("scope", wide)]).await), ErrorCode::InvalidScope, "{wide}");
        }
        assert_eq!(ask(&[("resource", BANK_API)]).await.expect("a token").scope.to_string(), "bank:read");
        assert_eq!(ask(&[("resource", LOYALTY_API)]).await.expect("a token").scope.to_string(), "");
        assert_eq!(refused(ask(&[("resource", "https://elsewhere.test/")]).await), ErrorCode::InvalidTarget);
    }

    async fn a_client_names_its_own_api_without_listing_it(world: World) {
        let eco = Ecosystem::new(&world).await;
        assert!(eco.client("loyalty-api").await.document.resources.is_empty());
        let ask = |resource: &'static str| { let eco = &eco; async move { eco.token("loyalty-api", &[("grant_type", "client_credentials"), ("resource", resource)]).await } };
        let token = ask(LOYALTY_API).await.expect("a token for its own API").access_token;
        assert_eq!(eco.introspect("loyalty-api", &token).await.aud.as_deref(), Some(LOYALTY_API));
        assert_eq!(refused(ask(BANK_API).await), ErrorCode::InvalidTarget, "another's is listed or not named");
    }

    async fn the_audience_and_the_client_hear_of_it_and_revocation_and_switching_off_end_it(world: World) {
        let eco = Ecosystem::new(&world).await;
        for client_id in ["bank-web", "bank-batch"] {
            let ask = || async { eco.token(client_id, &[("grant_type", "client_credentials"), ("resource", BANK_API)]).await.expect("a token").access_token };
            let [one, other, last] = [ask().await, ask().await, ask().await];
            let seen = eco.introspect("bank-web", &one).await;
            assert_eq!((seen.active, seen.aud.as_deref(), seen.sub.as_deref()), (true, Some(BANK_API), Some(format!("client:{client_id}").as_str())));
            assert_eq!(seen.scope.expect("a scope").to_string(), "bank:read");
            assert_eq!(eco.introspect("loyalty-api", &one).await, IntrospectionResponse::INACTIVE);
            eco.revoke("loyalty-api", &one).await;
            assert!(eco.introspect("bank-web", &one).await.active);
            eco.revoke(client_id, &one).await;
            assert_eq!(eco.introspect("bank-web", &one).await, IntrospectionResponse::INACTIVE);
            assert!(eco.introspect("bank-web", &other).await.active);
            eco.switch_client(client_id, false).await;
            assert_eq!(eco.introspect("bank-batch", &last).await, IntrospectionResponse::INACTIVE);
            eco.switch_client(client_id, true).await;
            assert_eq!(eco.introspect("bank-batch", &last).await, IntrospectionResponse::INACTIVE, "switching on again revives nothing");
        }
    }
}
