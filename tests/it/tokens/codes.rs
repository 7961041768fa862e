//! Redeeming codes.

use std::sync::Arc;
use std::time::Duration;

use concord::model::flow::LinkDecision;
use concord::model::link::LinkState;
use concord::protocol::ErrorCode;
use concord::protocol::token::LinkStatus;
use concord::storage::authorization_codes;
use futures_util::future::join_all;

use super::ecosystem::{BANK_API, Ecosystem, claims, header, refused};
use crate::support::on_both;

on_both! {
    async fn tk7_a_code_gives_an_access_token_an_id_token_and_a_refresh_token(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let tokens = eco.signed_in(&person, "bank-web", "openid offline_access profile customer_id").await;
        assert_eq!((tokens.token_type.as_str(), tokens.expires_in), ("Bearer", 300));
        assert_eq!(tokens.scope.to_string(), "openid offline_access profile customer_id");
        assert!(tokens.refresh_token.is_some() && tokens.link_status.is_none());
        let id_token = tokens.id_token.expect("an ID token");
        assert_eq!((&header(&id_token)["alg"], &header(&id_token)["typ"]), (&"RS256".into(), &"JWT".into()));
        let claims = claims(&id_token);
        let now = eco.now().seconds();
        assert_eq!(claims["iss"], eco.core.config.issuer.as_str());
        assert_eq!((&claims["aud"], &claims["azp"], &claims["nonce"], &claims["acr"]), (&"bank-web".into(), &"bank-web".into(), &"n-1".into(), &"aal1".into()));
        assert_eq!((claims["iat"].as_i64(), claims["exp"].as_i64(), claims["auth_time"].as_i64()), (Some(now), Some(now + 300), Some(now)));
        assert_eq!(claims["customer_id"], person.customer.to_string(), "the bank is a member of the ecosystem and has the consent");
        assert_eq!(claims["sub"].as_str().map(str::len), Some(43));
        assert!(claims["sid"].as_str().is_some_and(|sid| sid != person.session.to_string()));
        let hash = concord::crypto::digest::sha256(tokens.access_token.as_bytes());
        assert_eq!(claims["at_hash"], concord::protocol::jwt::half_hash(&hash));
        for personal in ["name", "email", "nickname"] {
            assert!(claims.get(personal).is_none(), "an ID token is of class D0");
        }
    }

    async fn pk5_a_second_use_ends_what_the_first_one_got(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let grant = eco.grant(&person, "bank-web", "openid profile").await;
        let code = eco.code(&grant, "bank-web", None).await;
        let tokens = eco.redeem("bank-web", &code).await.expect("tokens");
        assert_eq!(eco.scope_left("bank-web", &tokens.access_token).await.as_deref(), Some("openid profile"));
        assert_eq!(refused(eco.redeem("bank-web", &code).await), ErrorCode::InvalidGrant);
        assert_eq!(eco.scope_left("bank-web", &tokens.access_token).await, None);
        let refresh_token = tokens.refresh_token.expect("a refresh token");
        assert_eq!(refused(eco.refresh("bank-web", &refresh_token).await), ErrorCode::InvalidGrant);
        assert!(eco.events(&person).await.contains(&"code.reused".to_owned()));
        assert_eq!(refused(eco.redeem("bank-web", &code).await), ErrorCode::InvalidGrant);
        assert_eq!(eco.events(&person).await.iter().filter(|kind| *kind == "code.reused").count(), 1, "ended once, told once");
    }

    async fn rc1_of_64_parallel_redemptions_exactly_one_succeeds_and_is_ended(world: World) {
        let eco = Arc::new(Ecosystem::new(&world).await);
        let person = eco.person().await;
        let grant = eco.grant(&person, "bank-web", "openid").await;
        let code = eco.code(&grant, "bank-web", None).await;
        let tries = (0..64).map(|_| {
            let (eco, code) = (Arc::clone(&eco), code.clone());
            tokio::spawn(async move { eco.redeem("bank-web", &code).await })
        });
        let outcomes: Vec<_> = join_all(tries).await.into_iter().map(|joined| joined.expect("no panic")).collect();
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1);
        for outcome in lost {
            assert_eq!(refused(outcome), ErrorCode::InvalidGrant);
        }
        let tokens = won.into_iter().next().expect("one").expect("tokens");
        assert_eq!(eco.scope_left("bank-web", &tokens.access_token).await, None);
        assert_eq!(refused(eco.refresh("bank-web", tokens.refresh_token.as_deref().expect("a token")).await), ErrorCode::InvalidGrant);
    }

    /// Whatever ends while a redemption waits for the code's row is seen by it, and nothing is used up.
    async fn what_ends_while_a_code_is_redeemed_is_seen(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let grant = eco.grant(&person, "bank-web", "openid").await;
        let code = eco.code(&grant, "bank-web", None).await;
        let ending = ["UPDATE codes SET used_at = NULL", "UPDATE grants SET ended_at = 1, end_reason = 'test'"];
        assert_eq!(refused(world.while_held(&ending, eco.redeem("bank-web", &code)).await), ErrorCode::InvalidGrant);
        assert_eq!(world.count("SELECT COUNT(*) FROM families").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM codes WHERE used_at IS NULL").await, 1);
    }

    /// A second use that comes when the code's time is just over, and waits for the first, ends what that got all the same.
    async fn pk5_a_second_use_after_the_time_beside_the_first_ends_what_it_got(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let grant = eco.grant(&person, "bank-web", "openid").await;
        let code = eco.code(&grant, "bank-web", None).await;
        world.pass(Duration::from_secs(60));
        assert_eq!(refused(world.while_held(&["UPDATE codes SET used_at = 1"], eco.redeem("bank-web", &code)).await), ErrorCode::InvalidGrant);
        assert_eq!(world.count("SELECT COUNT(*) FROM grants WHERE ended_at IS NOT NULL AND end_reason = 'code_reused'").await, 1);
    }

    async fn pk4_a_code_lives_sixty_seconds(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let [early, late] = [eco.grant(&person, "bank-web", "openid").await, eco.grant(&person, "bank-web", "openid").await];
        let [early, late] = [eco.code(&early, "bank-web", None).await, eco.code(&late, "bank-web", None).await];
        world.pass(Duration::from_secs(59));
        assert!(eco.redeem("bank-web", &early).await.is_ok());
        world.pass(Duration::from_secs(1));
        assert_eq!(refused(eco.redeem("bank-web", &late).await), ErrorCode::InvalidGrant);
    }

    async fn pk6_a_code_is_bound_to_its_client_redirect_uri_and_verifier(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let grant = eco.grant(&person, "bank-web", "openid").await;
        let code = eco.code(&grant, "bank-web", None).await;
        let other = "A".repeat(43);
        assert_eq!(refused(eco.redeem("cinema-web", &code).await), ErrorCode::InvalidGrant);
        for (name, value, expected) in [
            ("redirect_uri", "https://bank.test/callback/", ErrorCode::InvalidGrant),
            ("redirect_uri", "", ErrorCode::InvalidGrant),
            ("code_verifier", other.as_str(), ErrorCode::InvalidGrant),
            ("code_verifier", "", ErrorCode::InvalidGrant),
            ("code_verifier", "short", ErrorCode::InvalidRequest),
            ("code", "unknown", ErrorCode::InvalidGrant),
        ] {
            assert_eq!(refused(eco.token("bank-web", &code.with(name, value)).await), expected, "{name}={value}");
        }
        assert!(eco.redeem("bank-web", &code).await.is_ok(), "pk8: whoever else tried, the code is still good");
    }

    async fn pk7_only_the_digest_of_a_code_is_stored_and_what_it_is_bound_to_is_sealed(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let grant = eco.grant(&person, "bank-web", "openid offline_access").await;
        let code = eco.code(&grant, "bank-web", None).await;
        let tokens = eco.redeem("bank-web", &code).await.expect("tokens");
        let digest = concord::crypto::digest::sha256(code.code.as_bytes());
        let mut tx = eco.core.database.read().await.expect("a connection");
        let row = authorization_codes::find(&mut tx, &digest).await.expect("the database").expect("a row");
        assert!(row.used_at.is_some() && !row.request.windows(9).any(|w| w == b"challenge"));
        drop(tx);
        let refresh_token = tokens.refresh_token.expect("a refresh token");
        world.assert_nowhere(&[&code.code, &code.verifier, &tokens.access_token, &refresh_token]).await;
    }

    async fn pk10_a_code_is_useless_once_the_person_signed_out_or_the_client_was_switched_off(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let mut codes = Vec::new();
        for scope in ["openid", "openid offline_access"] {
            let grant = eco.grant(&person, "bank-web", scope).await;
            codes.push(eco.code(&grant, "bank-web", None).await);
        }
        assert!(concord::usecases::logout::end_session(&eco.core, person.customer, person.session, eco.now()).await.expect("ended"));
        for code in &codes {
            assert_eq!(refused(eco.redeem("bank-web", code).await), ErrorCode::InvalidGrant);
        }

        let person = eco.person_with_account("L-1002").await;
        let grant = eco.grant(&person, "bank-web", "openid").await;
        let code = eco.code(&grant, "bank-web", None).await;
        eco.switch_client("bank-web", false).await;
        eco.switch_client("bank-web", true).await;
        assert_eq!(refused(eco.redeem("bank-web", &code).await), ErrorCode::InvalidGrant, "switching it on again revives nothing");
    }

    async fn the_answer_says_how_the_link_ended(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        for (decision, expected) in [
            (LinkDecision::Declined, LinkStatus::Declined),
            (LinkDecision::AlreadyActive, LinkStatus::Active),
            (LinkDecision::Refused, LinkStatus::Error),
        ] {
            let grant = eco.grant(&person, "bank-web", "openid").await;
            let code = eco.code(&grant, "bank-web", Some(decision)).await;
            assert_eq!(eco.redeem("bank-web", &code).await.expect("tokens").link_status, Some(expected));
        }
    }

    async fn p8_redeeming_with_the_verifier_activates_the_link_that_waited_and_a_reuse_leaves_it(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let link = concord::model::ids::LinkId::new(eco.core.random.uuid_v7(eco.now()));
        eco.link(link, person.customer, eco.bank, "B-1", LinkState::PendingActivation).await;
        let grant = eco.grant(&person, "bank-web", "openid bank:read").await;
        let code = eco.code(&grant, "bank-web", Some(LinkDecision::Accepted(link))).await;
        assert_eq!(refused(eco.token("bank-web", &code.with("code_verifier", &"A".repeat(43))).await), ErrorCode::InvalidGrant);
        assert_eq!(eco.link_state(link).await, LinkState::PendingActivation, "p8: not by somebody without the verifier");
        let tokens = eco.token("bank-web", &code.with("resource", BANK_API)).await.expect("tokens");
        assert_eq!(tokens.link_status, Some(LinkStatus::Active));
        let links = eco.introspect("bank-web", &tokens.access_token).await.links.expect("its own links");
        assert_eq!(links.iter().map(|link| link.local_account.as_str()).collect::<Vec<_>>(), ["B-1"]);
        assert_eq!(refused(eco.redeem("bank-web", &code).await), ErrorCode::InvalidGrant);
        assert!(!eco.introspect("bank-web", &tokens.access_token).await.active);
        assert_eq!(eco.link_state(link).await, LinkState::Active, "an activated link stays");
    }

    /// T5, conventions 5: from the moment the code is made the link waits as long as the code lives, and no flow's half an hour.
    async fn p8_a_link_does_not_outlive_its_code(world: World) {
        let eco = Ecosystem::new(&world).await;
        let (person, other) = (eco.person().await, eco.person_with_account("L-1002").await);
        let id = || concord::model::ids::LinkId::new(eco.core.random.uuid_v7(eco.now()));
        let (link, undecided, next) = (id(), id(), id());
        eco.link(link, person.customer, eco.bank, "B-1", LinkState::PendingActivation).await;
        eco.link(undecided, other.customer, eco.bank, "B-2", LinkState::PendingActivation).await;
        let grant = eco.grant(&person, "bank-web", "openid").await;
        world.pass(Duration::from_secs(600));
        let code = eco.code(&grant, "bank-web", Some(LinkDecision::Accepted(link))).await;
        let job = || async { concord::usecases::links::expire_pending(&eco.core, eco.now()).await.expect("run") };
        world.pass(Duration::from_secs(59));
        assert_eq!((job().await, eco.link_state(link).await), (0, LinkState::PendingActivation));
        world.pass(Duration::from_secs(2));
        assert_eq!((job().await, eco.link_state(link).await), (1, LinkState::Expired));
        assert_eq!(eco.link_state(undecided).await, LinkState::PendingActivation, "there is no code yet");
        let consents = world.rows("SELECT c.state, l.state FROM consents c JOIN links l ON l.consent_id = c.id ORDER BY l.created_at, l.state").await;
        assert_eq!(consents.iter().filter(|row| **row == ["terminated", "expired"]).count(), 1, "{consents:?}");
        assert_eq!(refused(eco.redeem("bank-web", &code).await), ErrorCode::InvalidGrant);
        // The account is free for whoever proves it next.
        eco.link(next, other.customer, eco.bank, "B-1", LinkState::Active).await;
        assert_eq!(eco.link_state(next).await, LinkState::Active);
    }

    async fn p12_a_collision_at_redemption_gives_tokens_without_the_link(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let [first, second] = [0, 1].map(|_| concord::model::ids::LinkId::new(eco.core.random.uuid_v7(eco.now())));
        eco.link(first, person.customer, eco.bank, "B-1", LinkState::PendingActivation).await;
        eco.link(second, person.customer, eco.bank, "B-2", LinkState::PendingActivation).await;
        for (link, expected) in [(first, LinkStatus::Active), (second, LinkStatus::Error)] {
            let grant = eco.grant(&person, "bank-web", "openid").await;
            let code = eco.code(&grant, "bank-web", Some(LinkDecision::Accepted(link))).await;
            let tokens = eco.redeem("bank-web", &code).await.expect("tokens either way");
            assert_eq!(tokens.link_status, Some(expected));
            assert!(eco.introspect("bank-web", &tokens.access_token).await.active);
        }
    }

    async fn tk8_a_client_that_may_not_refresh_gets_no_refresh_token(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let tokens = eco.signed_in(&person, "bank-silent", "openid").await;
        assert!(tokens.refresh_token.is_none());
        assert_eq!(refused(eco.refresh("bank-silent", "x").await), ErrorCode::UnauthorizedClient);
    }
}
