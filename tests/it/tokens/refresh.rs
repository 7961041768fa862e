//! Refreshing (conventions 7).

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use concord::protocol::ErrorCode;
use concord::protocol::token::TokenResponse;
use futures_util::future::join_all;

use super::ecosystem::{Ecosystem, LOYALTY_API, claims, refused};
use crate::support::{World, on_both};

fn token_of(tokens: &TokenResponse) -> String {
    tokens.refresh_token.clone().expect("a refresh token")
}

/// The outcome of 64 uses of one refresh token at once.
async fn rush(eco: &Arc<Ecosystem>, shown: &str) -> Vec<Result<TokenResponse, concord::protocol::Error>> {
    let tries = (0..64).map(|_| {
        let (eco, shown) = (Arc::clone(eco), shown.to_owned());
        tokio::spawn(async move { eco.refresh("bank-web", &shown).await })
    });
    join_all(tries).await.into_iter().map(|joined| joined.expect("no panic")).collect()
}

async fn without_grace(world: &World) -> World {
    World::with(world.backend, "[tokens]\nrefresh_grace = \"0s\"").await
}

on_both! {
    async fn rt1_each_use_gives_the_next_and_an_old_one_ends_the_family(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let first = eco.signed_in(&person, "bank-web", "openid offline_access").await;
        let second = eco.refresh("bank-web", &token_of(&first)).await.expect("the second");
        let third = eco.refresh("bank-web", &token_of(&second)).await.expect("the third");
        let original = claims(first.id_token.as_deref().expect("an ID token"));
        let renewed = claims(third.id_token.as_deref().expect("an ID token"));
        assert_eq!((&original["sub"], &original["auth_time"], &original["sid"]), (&renewed["sub"], &renewed["auth_time"], &renewed["sid"]));
        assert!(renewed.get("nonce").is_none());
        assert_eq!(refused(eco.refresh("bank-web", &token_of(&first)).await), ErrorCode::InvalidGrant);
        assert_eq!(refused(eco.refresh("bank-web", &token_of(&third)).await), ErrorCode::InvalidGrant);
        assert_eq!(eco.scope_left("bank-web", &third.access_token).await, None);
        assert!(eco.events(&person).await.contains(&"refresh.reused".to_owned()));
    }

    async fn rt6_within_the_grace_the_one_before_gets_the_same_successor(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let first = eco.signed_in(&person, "bank-web", "openid offline_access").await;
        let second = eco.refresh("bank-web", &token_of(&first)).await.expect("the second");
        world.pass(Duration::from_millis(9_999));
        let again = eco.refresh("bank-web", &token_of(&first)).await.expect("the same");
        let third = eco.refresh("bank-web", &token_of(&again)).await.expect("the third");
        assert!(eco.refresh("bank-web", &token_of(&second)).await.is_ok(), "both are the second generation");
        world.pass(Duration::from_secs(10));
        assert_eq!(refused(eco.refresh("bank-web", &token_of(&second)).await), ErrorCode::InvalidGrant);
        assert_eq!(refused(eco.refresh("bank-web", &token_of(&third)).await), ErrorCode::InvalidGrant);
    }

    async fn rc3_64_parallel_uses_with_grace_make_exactly_one_generation(world: World) {
        let eco = Arc::new(Ecosystem::new(&world).await);
        let person = eco.person().await;
        let first = eco.signed_in(&person, "bank-web", "openid offline_access").await;
        let outcomes = rush(&eco, &token_of(&first)).await;
        let mut generations = HashSet::new();
        for outcome in outcomes {
            let tokens = outcome.expect("every use within the grace succeeds");
            generations.insert(eco.generation(&token_of(&tokens)).await);
        }
        assert_eq!(generations.len(), 1, "one successor for all");
    }

    async fn rc3_64_parallel_uses_without_grace_succeed_once_and_end_the_family(world: World) {
        let world = without_grace(&world).await;
        let eco = Arc::new(Ecosystem::new(&world).await);
        let person = eco.person().await;
        let first = eco.signed_in(&person, "bank-web", "openid offline_access").await;
        let (won, lost): (Vec<_>, Vec<_>) = rush(&eco, &token_of(&first)).await.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 63));
        for outcome in lost {
            assert_eq!(refused(outcome), ErrorCode::InvalidGrant);
        }
        let tokens = won.into_iter().next().expect("one").expect("tokens");
        assert_eq!(eco.scope_left("bank-web", &tokens.access_token).await, None, "the reuse ends what it got");
        assert_eq!(refused(eco.refresh("bank-web", &token_of(&tokens)).await), ErrorCode::InvalidGrant);
    }

    async fn rt3_a_narrower_scope_for_one_token_and_never_a_wider_one(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let first = eco.signed_in(&person, "bank-web", "openid offline_access profile loyalty").await;
        let ask = |token: String, scope: &'static str| {
            let eco = &eco;
            async move { eco.token("bank-web", &[("grant_type", "refresh_token"), ("refresh_token", &token), ("scope", scope)]).await }
        };
        assert_eq!(refused(ask(token_of(&first), "openid email").await), ErrorCode::InvalidScope);
        let narrow = ask(token_of(&first), "openid profile").await.expect("a refused request rotated nothing");
        assert_eq!(narrow.scope.to_string(), "openid profile");
        assert_eq!(eco.scope_left("bank-web", &narrow.access_token).await.as_deref(), Some("openid profile"));
        let whole = eco.refresh("bank-web", &token_of(&narrow)).await.expect("the whole scope again");
        assert_eq!(whole.scope.to_string(), "openid offline_access profile loyalty");
    }

    async fn rt2_bound_to_its_client_and_to_the_resources_of_the_authorization(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let first = eco.signed_in(&person, "bank-web", "openid offline_access loyalty").await;
        assert_eq!(refused(eco.refresh("cinema-web", &token_of(&first)).await), ErrorCode::InvalidGrant);
        let ask = |token: String, resource: &'static str| {
            let eco = &eco;
            async move { eco.token("bank-web", &[("grant_type", "refresh_token"), ("refresh_token", &token), ("resource", resource)]).await }
        };
        assert_eq!(refused(ask(token_of(&first), "https://elsewhere.test/").await), ErrorCode::InvalidTarget);
        let second = ask(token_of(&first), LOYALTY_API).await.expect("another granted resource");
        assert_eq!(second.scope.to_string(), "loyalty");
        let third = eco.refresh("bank-web", &token_of(&second)).await.expect("Concord again");
        assert_eq!(third.scope.to_string(), "openid offline_access loyalty");
    }

    async fn rt4_thirty_days_idle_and_a_hundred_and_eighty_in_all(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let day = Duration::from_secs(86_400);
        let mut tokens = eco.signed_in(&person, "bank-web", "openid offline_access").await;
        for _ in 0..6 {
            world.pass(day * 29);
            tokens = eco.refresh("bank-web", &token_of(&tokens)).await.expect("used in time");
        }
        world.pass(day * 6);
        assert_eq!(refused(eco.refresh("bank-web", &token_of(&tokens)).await), ErrorCode::InvalidGrant, "day 180");
        let other = eco.person_with_account("L-2").await;
        let tokens = eco.signed_in(&other, "bank-web", "openid offline_access").await;
        world.pass(day * 30);
        assert_eq!(refused(eco.refresh("bank-web", &token_of(&tokens)).await), ErrorCode::InvalidGrant, "idle");
    }

    async fn tk10_a_narrower_effect_is_said_at_the_next_refresh(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let first = eco.signed_in(&person, "bank-web", "openid offline_access profile loyalty").await;
        eco.end_consent(&person, person.reads_loyalty).await;
        assert_eq!(eco.scope_left("bank-web", &first.access_token).await.as_deref(), Some("openid offline_access profile"));
        let second = eco.refresh("bank-web", &token_of(&first)).await.expect("narrower");
        assert_eq!(second.scope.to_string(), "openid offline_access profile");
        let only_loyalty = [("grant_type", "refresh_token"), ("refresh_token", &token_of(&second)), ("scope", "loyalty")];
        assert_eq!(refused(eco.token("bank-web", &only_loyalty).await), ErrorCode::InvalidScope);
        let at_loyalty = [("grant_type", "refresh_token"), ("refresh_token", &token_of(&second)), ("resource", LOYALTY_API)];
        assert_eq!(refused(eco.token("bank-web", &at_loyalty).await), ErrorCode::InvalidTarget);
        assert!(eco.refresh("bank-web", &token_of(&second)).await.is_ok(), "neither rotated anything");
    }

    /// A consent that ends in the very moment of a refresh: whoever is refused still has a token that counts.
    async fn what_is_refused_inside_the_rotation_rotates_nothing(world: World) {
        let world = without_grace(&world).await;
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let first = eco.signed_in(&person, "bank-web", "openid offline_access loyalty").await;
        let shown = token_of(&first);
        // Memory does not know yet: what is looked at before the rotation still stands.
        eco.fresh();
        assert!(eco.introspect("bank-web", &first.access_token).await.active);
        world.tamper("UPDATE consents SET state = 'withdrawn' WHERE scope = 'loyalty'").await.expect("withdrawn");
        for (name, value, code) in [("scope", "loyalty", ErrorCode::InvalidScope), ("resource", LOYALTY_API, ErrorCode::InvalidTarget)] {
            eco.fresh();
            let asked = [("grant_type", "refresh_token"), ("refresh_token", shown.as_str()), (name, value)];
            assert_eq!(refused(eco.token("bank-web", &asked).await), code);
        }
        assert_eq!(world.count("SELECT MAX(generation) FROM families").await, 1);
        let second = eco.refresh("bank-web", &shown).await.expect("the token shown before still counts");
        assert_eq!(second.scope.to_string(), "openid offline_access");
    }

    async fn another_database_epoch_refuses_every_token_made_before(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let tokens = eco.signed_in(&person, "bank-web", "openid offline_access").await;
        let app = eco.signed_in(&person, "bank-app", "openid").await;
        assert!(eco.introspect("bank-web", &tokens.access_token).await.active);
        let now = eco.now();
        eco.write(move |tx| Box::pin(async move { concord::storage::settings::bump_database_epoch(tx, now).await.map(drop) })).await;
        assert_eq!(eco.scope_left("bank-web", &tokens.access_token).await, None);
        assert_eq!(refused(eco.refresh("bank-web", &token_of(&tokens)).await), ErrorCode::InvalidGrant);
        assert!(concord::usecases::access_token::open(&eco.core, &app.access_token, eco.now()).await.expect("asked").is_none());
    }

    async fn bad_input_is_refused_in_one_voice(world: World) {
        let eco = Ecosystem::new(&world).await;
        let person = eco.person().await;
        let tokens = eco.signed_in(&person, "bank-web", "openid offline_access").await;
        let real = token_of(&tokens);
        let id_token = tokens.id_token.expect("an ID token");
        let flipped = real.replacen(&real[20..21], if &real[20..21] == "A" { "B" } else { "A" }, 1);
        for wrong in ["x", &real[1..], &real[..real.len() - 1], &tokens.access_token, &id_token, &flipped, &format!("{real}=")] {
            let error = eco.refresh("bank-web", wrong).await.expect_err("refused");
            assert_eq!((error.code, error.description()), (ErrorCode::InvalidGrant, "the grant is not valid"));
        }
        assert!(eco.refresh("bank-web", &real).await.is_ok());
    }
}
