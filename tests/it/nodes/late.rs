//! Two ways in which memory could keep an old truth for ever: a change that commits long after its number, and a load that is
//! overtaken by a change (conventions 8).

use std::time::{Duration, Instant};

use concord::clock::Clock;
use sqlx::{Connection, Executor};

use super::cut::Stage;
use super::stage::{Desk, Pair, client, scope_left, wire, within_a_second};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_numbered_early_and_committed_late_is_known_within_a_second() {
    let pair = Pair::open().await;
    pair.look_at_the_clock();
    let (early, later) = (pair.eco.person_with_account("L-1").await, pair.eco.person_with_account("L-2").await);
    let early_token = pair.eco.signed_in(&early, "bank-web", "openid offline_access").await.access_token;
    let later_token = pair.eco.signed_in(&later, "bank-web", "openid offline_access").await.access_token;
    let clients = pair.nodes().map(|node| client(node, "bank-web"));
    for client in &clients {
        assert!(scope_left(client, &early_token).await.is_some() && scope_left(client, &later_token).await.is_some());
    }

    // An ending as a use case makes it, which takes its number and then its time.
    let mut slow = sqlx::PgConnection::connect(pair.world.database_url()).await.expect("PostgreSQL answers");
    let (customer, number, now) = (early.customer, early.customer.as_i64(), Clock::System.now().millis());
    let invalidation = format!("INSERT INTO invalidations (kind, key, at) VALUES ('customer', '{customer}', {now})");
    slow.execute("BEGIN").await.expect("begun");
    slow.execute(sqlx::AssertSqlSafe(invalidation)).await.expect("a number");
    slow.execute(sqlx::AssertSqlSafe(format!("UPDATE customers SET epoch = epoch + 1 WHERE id = {number}"))).await.expect("ended");

    // Others are numbered after it, committed before it, and read by both nodes, more than once.
    let desk = Desk::open(&pair.one, &later).await;
    desk.disconnect(&wire(&pair.one), "bank").send().await.expect(303);
    let since = Instant::now();
    for client in &clients {
        within_a_second("the later change", since, async || scope_left(client, &later_token).await.is_none()).await;
    }
    tokio::time::sleep(Duration::from_millis(800)).await;
    for client in &clients {
        assert!(scope_left(client, &early_token).await.is_some(), "not committed yet");
    }

    slow.execute("COMMIT").await.expect("committed");
    let since = Instant::now();
    for client in &clients {
        within_a_second("the early change", since, async || scope_left(client, &early_token).await.is_none()).await;
        assert_eq!(scope_left(client, &early_token).await, None, "told once, told for good");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_overtaken_by_a_change_is_not_remembered() {
    let stage = Stage::open().await;
    let far = client(&stage.far, "bank-web");
    let leaving = stage.linked("B-1").await;
    // A second token of the same person, which the node has not seen yet: it must ask its database.
    let unseen = stage.eco.signed_in(&leaving.person, "bank-web", "openid offline_access").await.access_token;
    stage.proxy.hold_answer_to("customer_epoch_now");
    let asked = tokio::spawn({
        let (far, unseen) = (client(&stage.far, "bank-web"), unseen.clone());
        async move { far.post("/oauth2/introspect", &[("token", unseen.as_str())]).await }
    });
    stage.proxy.holds_an_answer().await;

    // PostgreSQL has answered with what was true before the change; the node hears it after it has applied the change.
    let since = stage.end(&leaving).await;
    within_a_second("the change", since, async || scope_left(&far, &leaving.access).await.is_none()).await;
    stage.proxy.let_go();
    asked.await.expect("no panic").expect(200);
    for _ in 0..20 {
        assert_eq!(scope_left(&far, &unseen).await, None, "the old truth was kept");
    }
}
