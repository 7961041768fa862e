//! Used once, however many come at the same moment and at whichever node.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use super::stage::{Pair, at_both, client, look_at_the_clock, rush, scope_left, text, within_a_second};
use crate::support::client::Client;
use crate::support::http::Answer;
use crate::support::node::Node;
use crate::support::world::ISSUER;
use crate::support::{Backend, World};
use crate::tokens::ecosystem::Ecosystem;

const CALLERS: usize = 64;

/// The one success among refusals that are all `invalid_grant`.
#[track_caller]
fn the_one(answers: Vec<Answer>) -> serde_json::Value {
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status.as_u16() == 200);
    for answer in &lost {
        assert_eq!((answer.status.as_u16(), answer.error().as_str()), (400, "invalid_grant"), "{}", answer.text());
    }
    assert_eq!((won.len(), lost.len()), (1, CALLERS - 1));
    won[0].json()
}

/// Nothing that was issued is worth anything, at whichever node one asks.
async fn ended_everywhere(clients: &[Arc<Client>], tokens: &serde_json::Value, since: Instant) {
    for client in clients {
        within_a_second("what was issued", since, async || scope_left(client, &text(tokens, "access_token")).await.is_none()).await;
        assert_eq!(client.refresh(&text(tokens, "refresh_token")).await.expect(400).error(), "invalid_grant");
    }
}

async fn codes_are_redeemed_once(eco: &Ecosystem, world: &World, clients: &[Arc<Client>]) {
    let person = eco.person().await;
    look_at_the_clock(world);
    let grant = eco.grant(&person, "bank-web", "openid offline_access loyalty").await;
    let code = eco.code(&grant, "bank-web", None).await;
    let tokens = the_one(rush(clients, "/oauth2/token", &code.form(), CALLERS).await);
    ended_everywhere(clients, &tokens, Instant::now()).await;
    assert_eq!(eco.events(&person).await.iter().filter(|kind| *kind == "code.reused").count(), 1, "ended once, told once");

    // One after the other: what the first got works until the second comes, wherever that is.
    let grant = eco.grant(&person, "bank-web", "openid offline_access").await;
    let code = eco.code(&grant, "bank-web", None).await;
    let (first, last) = (&clients[0], &clients[clients.len() - 1]);
    let tokens = first.redeem(&code.code, &code.verifier).await.expect(200).json();
    for client in clients {
        assert_eq!(scope_left(client, &text(&tokens, "access_token")).await.as_deref(), Some("openid offline_access"));
    }
    assert_eq!(last.redeem(&code.code, &code.verifier).await.expect(400).error(), "invalid_grant");
    ended_everywhere(clients, &tokens, Instant::now()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rc1_of_64_parallel_redemptions_at_two_nodes_one_succeeds_and_reuse_ends_it() {
    let pair = Pair::open().await;
    codes_are_redeemed_once(&pair.eco, &pair.world, &at_both(pair.nodes(), "bank-web")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rc1_of_64_parallel_redemptions_at_one_sqlite_server_one_succeeds_and_reuse_ends_it() {
    let world = World::new(Backend::Sqlite).await;
    let eco = Ecosystem::new(&world).await;
    let node = Node::start(&world.deployment(ISSUER)).await;
    codes_are_redeemed_once(&eco, &world, &[Arc::new(client(&node, "bank-web"))]).await;
}

/// Conventions 7: within the grace every caller gets the same successor.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rc3_64_parallel_refreshes_at_two_nodes_with_grace_make_one_generation() {
    // Longer than a busy machine may need for 64 answers.
    let pair = Pair::with(|_, deployment| deployment.set("CONCORD_TOKENS__REFRESH_GRACE", "60s")).await;
    let clients = at_both(pair.nodes(), "bank-web");
    let person = pair.eco.person().await;
    let code = pair.code(&person, "bank-web", "openid offline_access").await;
    let first = clients[0].redeem(&code.code, &code.verifier).await.expect(200).json();
    let (shown, before) = (text(&first, "refresh_token"), pair.eco.generation(&text(&first, "refresh_token")).await.0);
    let form = [("grant_type", "refresh_token"), ("refresh_token", shown.as_str())];
    let mut generations = HashSet::new();
    let mut last = None;
    for answer in rush(&clients, "/oauth2/token", &form, CALLERS).await {
        let tokens = answer.expect(200).json();
        generations.insert(pair.eco.generation(&text(&tokens, "refresh_token")).await);
        for client in &clients {
            assert!(scope_left(client, &text(&tokens, "access_token")).await.is_some());
        }
        last = Some(tokens);
    }
    assert_eq!(generations.iter().map(|(generation, _)| *generation).collect::<Vec<_>>(), [before + 1], "one successor for all");
    assert!(clients[1].refresh(&text(&last.expect("tokens"), "refresh_token")).await.status.is_success(), "and it goes on");
}

/// Conventions 7: with no grace the second use is a reuse, which ends what the first one got.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rc3_64_parallel_refreshes_at_two_nodes_without_grace_succeed_once_and_end_the_family() {
    let pair = Pair::with(|_, deployment| deployment.set("CONCORD_TOKENS__REFRESH_GRACE", "0s")).await;
    let clients = at_both(pair.nodes(), "bank-web");
    let person = pair.eco.person().await;
    let code = pair.code(&person, "bank-web", "openid offline_access").await;
    let first = clients[0].redeem(&code.code, &code.verifier).await.expect(200).json();
    let shown = text(&first, "refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", shown.as_str())];
    let tokens = the_one(rush(&clients, "/oauth2/token", &form, CALLERS).await);
    let since = Instant::now();
    ended_everywhere(&clients, &tokens, since).await;
    within_a_second("the first token", since, async || scope_left(&clients[1], &text(&first, "access_token")).await.is_none()).await;
    assert_eq!(pair.eco.events(&person).await.iter().filter(|kind| *kind == "refresh.reused").count(), 1, "ended once, told once");
}
