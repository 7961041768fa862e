//! Who hears what about a token (conventions 3).

use concord::protocol::ErrorCode;
use concord::protocol::introspect::{IntrospectionRequest, IntrospectionResponse};
use concord::usecases::introspect;

use super::ecosystem::{BANK_API, Ecosystem, LOYALTY_API, claims, header, refused};
use crate::support::on_both;

on_both! {
    async fn in1_only_confidential_clients_registered_for_it_may_ask(world: World) {
        let eco = Ecosystem::new(&world).await;
        let request = IntrospectionRequest { token: "x".to_owned().into(), token_type_hint: None };
        for client_id in ["bank-app", "bank-silent"] {
            let client = eco.client(client_id).await;
            assert_eq!(refused(introspect::introspect(&eco.core, &client, &request, eco.now()).await), ErrorCode::UnauthorizedClient);
        }
        assert_eq!(eco.introspect("bank-web", "x").await, IntrospectionResponse::INACTIVE);
    }

    async fn in2_foreign_malformed_and_altered_tokens_sound_the_same(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let tokens = eco.signed_in(&person, "bank-web", "openid offline_access profile").await;
        let jwt = eco.signed_in(&person, "bank-app", "openid profile").await.access_token;
        let id_token = tokens.id_token.clone().expect("an ID token");
        let middle = jwt.split('.').nth(1).expect("a payload");
        let altered = jwt.replace(middle, &middle.replacen(&middle[30..31], if &middle[30..31] == "A" { "B" } else { "A" }, 1));
        let huge = "a".repeat(100_000);
        let wrong = ["", "a.b.c", &jwt[..jwt.len() - 1], &altered, &id_token, &tokens.access_token[1..], &huge, "Bearer x"];
        for token in wrong {
            assert_eq!(eco.introspect("bank-web", token).await, IntrospectionResponse::INACTIVE, "{token:.40}");
        }
        for stranger in ["cinema-web", "loyalty-api", "bank-batch"] {
            assert_eq!(eco.introspect(stranger, &tokens.access_token).await, IntrospectionResponse::INACTIVE, "{stranger}");
            assert_eq!(eco.introspect(stranger, tokens.refresh_token.as_deref().expect("one")).await, IntrospectionResponse::INACTIVE);
        }
        world.pass(std::time::Duration::from_secs(300));
        assert_eq!(eco.introspect("bank-web", &tokens.access_token).await, IntrospectionResponse::INACTIVE, "expired");
    }

    async fn the_client_sees_the_plain_fields(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let tokens = eco.signed_in(&person, "bank-web", "openid offline_access loyalty").await;
        let answer = eco.introspect("bank-web", &tokens.access_token).await;
        let sub = claims(tokens.id_token.as_deref().expect("an ID token"))["sub"].as_str().expect("a sub").to_owned();
        assert_eq!(answer.sub, Some(sub.clone()));
        assert_eq!(answer.scope.expect("a scope").to_string(), "openid offline_access loyalty");
        assert_eq!((answer.client_id.as_deref(), answer.token_type.as_deref()), (Some("bank-web"), Some("Bearer")));
        assert_eq!(answer.aud.as_deref(), Some(eco.core.config.issuer.as_str()));
        assert_eq!(answer.exp.expect("exp").0 - answer.iat.expect("iat").0, 300);
        assert!(answer.grant_id.is_some_and(|id| id.starts_with("grt_")) && answer.acr.is_some() && answer.auth_time.is_some());
        assert!(answer.links.is_none() && answer.consents.is_none() && answer.consent_epoch.is_none() && answer.customer_id.is_none());
        let refresh = eco.introspect("bank-web", tokens.refresh_token.as_deref().expect("one")).await;
        assert_eq!((refresh.active, refresh.sub, refresh.token_type), (true, Some(sub), None));
    }

    async fn co12_an_api_sees_its_own_scopes_links_and_sub_and_nobody_elses(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let grant = eco.grant(&person, "bank-web", "openid profile loyalty bank:read customer_id").await;
        let code = eco.code(&grant, "bank-web", None).await;
        let form = code.with("resource", LOYALTY_API);
        let tokens = eco.token("bank-web", &form).await.expect("a token for the loyalty API");
        assert_eq!(tokens.scope.to_string(), "loyalty");
        let bank_sub = claims(tokens.id_token.as_deref().expect("an ID token"))["sub"].as_str().expect("a sub").to_owned();

        let seen = eco.introspect("loyalty-api", &tokens.access_token).await;
        assert!(seen.active);
        assert_eq!(seen.scope.as_ref().map(ToString::to_string).as_deref(), Some("loyalty"));
        assert_eq!((seen.aud.as_deref(), seen.client_id.as_deref()), (Some(LOYALTY_API), Some("bank-web")));
        assert_ne!(seen.sub.as_deref(), Some(bank_sub.as_str()), "each sector has its own sub");
        let links = seen.links.expect("its own links");
        assert_eq!(links.iter().map(|link| (link.state.as_str(), link.local_account.as_str())).collect::<Vec<_>>(), [("active", "L-1001")]);
        let consents = seen.consents.expect("the consents behind the scopes");
        assert_eq!(consents.iter().map(|consent| consent.id.clone()).collect::<Vec<_>>(), [person.reads_loyalty.to_string()]);
        assert_eq!((seen.consent_epoch, seen.customer_id, seen.grant_id), (Some(0), None, None), "not a member, not its grant");

        let own = eco.introspect("bank-web", &tokens.access_token).await;
        assert_eq!((own.sub.as_deref(), own.aud.as_deref()), (Some(bank_sub.as_str()), Some(LOYALTY_API)));
        assert!(own.links.is_none(), "an audience of another service sees its links, the client does not");
        assert_eq!(eco.introspect("cinema-web", &tokens.access_token).await, IntrospectionResponse::INACTIVE);

        let tokens = eco.token("bank-web", &[("grant_type", "refresh_token"), ("refresh_token", tokens.refresh_token.as_deref().expect("one")),
            ("resource", BANK_API)]).await.expect("a token for the bank's own API");
        assert_eq!(tokens.scope.to_string(), "bank:read");
        let seen = eco.introspect("bank-web", &tokens.access_token).await;
        assert_eq!((seen.sub.as_deref(), seen.customer_id), (Some(bank_sub.as_str()), Some(person.customer.to_string())));
        assert!(seen.grant_id.is_some() && seen.links.is_some_and(|links| links.is_empty()));
    }

    async fn at_its_own_api_the_grant_itself_suffices_and_at_a_foreign_one_it_does_not(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let grant = eco.grant(&person, "bank-web", "openid loyalty").await;
        let [code, other] = [eco.code(&grant, "bank-web", None).await, eco.code(&eco.grant(&person, "bank-web", "openid loyalty").await, "bank-web", None).await];
        let own = eco.token("bank-web", &code.with("resource", BANK_API)).await.expect("its own API");
        let foreign = eco.token("bank-web", &other.with("resource", LOYALTY_API)).await.expect("a foreign API");
        eco.end_consent(&person, person.reads_loyalty).await;
        assert_eq!(eco.scope_left("bank-web", &own.access_token).await.as_deref(), Some(""));
        assert_eq!(eco.introspect("loyalty-api", &foreign.access_token).await, IntrospectionResponse::INACTIVE);
        assert_eq!(eco.introspect("bank-web", &foreign.access_token).await, IntrospectionResponse::INACTIVE);
    }

    async fn tk11_a_foreign_api_without_any_granted_scope_is_no_target(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let grant = eco.grant(&person, "bank-web", "openid profile").await;
        let code = eco.code(&grant, "bank-web", None).await;
        for resource in [LOYALTY_API, "https://unknown.test/"] {
            assert_eq!(refused(eco.token("bank-web", &code.with("resource", resource)).await), ErrorCode::InvalidTarget);
        }
        let mut two = code.form();
        two.extend([("resource", BANK_API), ("resource", LOYALTY_API)]);
        assert_eq!(refused(eco.token("bank-web", &two).await), ErrorCode::InvalidTarget);
        assert!(eco.token("bank-web", &code.with("resource", eco.core.config.issuer.as_str())).await.is_ok(), "the code is still good");
    }

    async fn jt7_a_jwt_has_the_claims_of_rfc_9068_and_none_of_another_sector(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let tokens = eco.signed_in(&person, "bank-app", "openid profile loyalty").await;
        assert_eq!((&header(&tokens.access_token)["alg"], &header(&tokens.access_token)["typ"]), (&"ES256".into(), &"at+jwt".into()));
        assert_eq!(header(tokens.id_token.as_deref().expect("an ID token"))["alg"], "ES256", "as registered");
        let access = claims(&tokens.access_token);
        let id_token = claims(tokens.id_token.as_deref().expect("an ID token"));
        assert_eq!((&access["iss"], &access["aud"], &access["client_id"]), (&id_token["iss"], &id_token["iss"], &"bank-app".into()));
        assert_eq!((&access["sub"], &access["acr"], &access["auth_time"], &access["sid"]), (&id_token["sub"], &id_token["acr"], &id_token["auth_time"], &id_token["sid"]));
        assert_eq!(access["scope"], "openid profile loyalty");
        assert_eq!(access["exp"].as_i64().expect("exp") - access["iat"].as_i64().expect("iat"), 300);
        let jti = access["jti"].as_str().expect("a jti");
        assert!(!jti.contains("grt_") && jti.len() < 255);
        let refresh_token = tokens.refresh_token.expect("one");
        let foreign = eco.token("bank-app", &[("grant_type", "refresh_token"), ("refresh_token", &refresh_token), ("resource", LOYALTY_API)]).await;
        let foreign = foreign.expect("a token").access_token;
        assert!(!foreign.contains('.'), "a JWT would tell the bank the other sector's sub");
        assert!(eco.introspect("loyalty-api", &foreign).await.active);
    }

    async fn in5_in6_revoking_a_refresh_token_ends_everything_an_access_token_only_itself(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let first = eco.signed_in(&person, "bank-web", "openid offline_access").await;
        let refresh_token = first.refresh_token.clone().expect("one");
        let second = eco.refresh("bank-web", &refresh_token).await.expect("tokens");
        for stranger in ["cinema-web", "loyalty-api", "bank-silent"] {
            eco.revoke(stranger, &second.access_token).await;
            eco.revoke(stranger, second.refresh_token.as_deref().expect("one")).await;
        }
        assert!(eco.introspect("bank-web", &second.access_token).await.active, "in5: other clients' tokens stay");
        eco.revoke("bank-web", &first.access_token).await;
        assert!(!eco.introspect("bank-web", &first.access_token).await.active);
        assert!(eco.introspect("bank-web", &second.access_token).await.active);
        eco.revoke("bank-web", "nonsense").await;
        eco.revoke("bank-web", second.refresh_token.as_deref().expect("one")).await;
        assert!(!eco.introspect("bank-web", &second.access_token).await.active);
        assert_eq!(refused(eco.refresh("bank-web", second.refresh_token.as_deref().expect("one")).await), ErrorCode::InvalidGrant);
    }
}
