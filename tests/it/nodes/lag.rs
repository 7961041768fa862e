//! How long after a person's click a node still tells the old truth: 500 tries with Redis and 500 without,
//! half of them withdrawals and half link ends, each seen at both nodes (conventions 3 and 8).

use std::sync::Arc;
use std::time::{Duration, Instant};

use concord::model::ids::LinkId;
use concord::model::link::LinkState;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::stage::{Desk, Pair, client, percentile, scope_left, wire};
use crate::support::client::Client;
use crate::support::http::{Request, Wire};
use crate::tokens::ecosystem::Person;

/// Each takes a share back and then ends a link: 250 tries of either kind.
const PEOPLE: usize = 250;
/// How many of them click at the same time.
const AT_ONCE: usize = 6;
/// How many are prepared at the same time.
const PREPARED_AT_ONCE: usize = 4;

/// A person with one token that tells of both.
struct Ready {
    person: Person,
    desk: Desk,
    link: LinkId,
    token: String,
}

async fn prepare(pair: &Pair, number: usize) -> Ready {
    let person = pair.eco.person_with_account(Box::leak(format!("L-{number}").into_boxed_str())).await;
    let link = LinkId::new(pair.eco.core.random.uuid_v7(pair.eco.now()));
    let account: &'static str = Box::leak(format!("B-{number}").into_boxed_str());
    pair.eco.link(link, person.customer, pair.eco.bank, account, LinkState::Active).await;
    let tokens = pair.eco.signed_in(&person, "bank-web", "openid offline_access loyalty").await;
    let desk = Desk::open(&pair.one, &person).await;
    Ready { person, desk, link, token: tokens.access_token }
}

/// When the first question was asked that was answered by the new truth; every later one must be, too.
async fn told(client: &Client, token: &str, old: Option<&str>, new: Option<&str>, since: Instant) -> Duration {
    loop {
        let asked = since.elapsed();
        let scope = scope_left(client, token).await;
        if scope.as_deref() == new {
            assert_eq!(scope_left(client, token).await.as_deref(), new, "told once, told for good");
            return asked;
        }
        assert_eq!(scope.as_deref(), old, "neither the old truth nor the new");
        assert!(asked < Duration::from_secs(10), "still the old truth after ten seconds");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// From the answer to the click on; both nodes are watched while it is made.
async fn click(clients: &[Client; 2], request: Request, token: &str, old: &str, new: Option<&str>) -> [Duration; 2] {
    for client in clients {
        assert_eq!(scope_left(client, token).await.as_deref(), Some(old), "the truth before");
    }
    let began = Instant::now();
    loop {
        let answer = request.clone().send().await;
        if answer.status.as_u16() != 503 {
            answer.expect(303);
            break;
        }
        // A busy machine promised nothing: the person clicks again.
        assert!(began.elapsed() < Duration::from_secs(30) && answer.header("retry-after").is_some(), "{}", answer.text());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let since = Instant::now();
    let [one, other] = clients;
    tokio::join!(told(one, token, Some(old), new, since), told(other, token, Some(old), new, since)).into()
}

async fn measure(pair: Pair, name: &str) {
    pair.look_at_the_clock();
    let pair = Arc::new(pair);
    let mut people = JoinSet::new();
    let gate = Arc::new(Semaphore::new(PREPARED_AT_ONCE));
    let began = Instant::now();
    for number in 0..PEOPLE {
        let (pair, gate) = (Arc::clone(&pair), Arc::clone(&gate));
        people.spawn(async move {
            let _turn = gate.acquire().await.expect("a turn");
            prepare(&pair, number).await
        });
    }
    let people = people.join_all().await;
    let prepared = began.elapsed();

    let mut tries = JoinSet::new();
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let nodes: [Wire; 2] = pair.nodes().map(wire);
    let clients = Arc::new(pair.nodes().map(|node| client(node, "bank-web")));
    for (number, ready) in people.into_iter().enumerate() {
        // People come to either node in turn.
        let (gate, clients, node) = (Arc::clone(&gate), Arc::clone(&clients), nodes[number % 2].clone());
        tries.spawn(async move {
            let _turn = gate.acquire().await.expect("a turn");
            let (whole, less) = ("openid offline_access loyalty", "openid offline_access");
            let withdraw = ready.desk.withdraw(&node, &ready.person.reads_loyalty.to_string());
            let withdrawn = click(&clients, withdraw, &ready.token, whole, Some(less)).await;
            let end = ready.desk.end_link(&node, &ready.link.to_string());
            let ended = click(&clients, end, &ready.token, less, None).await;
            (withdrawn, ended, number % 2)
        });
    }
    let (mut withdrawals, mut ends, mut elsewhere) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(done) = tries.join_next().await {
        let (withdrawn, ended, at) = done.expect("no panic");
        elsewhere.extend([withdrawn[1 - at], ended[1 - at]]);
        withdrawals.push(*withdrawn.iter().max().expect("two nodes"));
        ends.push(*ended.iter().max().expect("two nodes"));
    }
    let mut all: Vec<_> = withdrawals.iter().chain(&ends).copied().collect();
    println!("{name}: {} tries, people made in {} ms, all in {} ms", all.len(), prepared.as_millis(), began.elapsed().as_millis());
    assert_eq!((withdrawals.len(), ends.len()), (PEOPLE, PEOPLE), "every click was measured at both nodes");
    for (what, times) in [
        ("withdrawals", &mut withdrawals),
        ("link ends", &mut ends),
        ("both, at the other node", &mut elsewhere),
        ("both, at the later node", &mut all),
    ] {
        let [p50, p99, most] = [0.5, 0.99, 1.0].map(|share| percentile(times, share).as_millis());
        println!("  {what}: p50 {p50} ms, p99 {p99} ms, most {most} ms");
        assert!(percentile(times, 0.99) < Duration::from_secs(1), "{what}: p99 of the lag is not under a second");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i4_withdrawals_and_link_ends_are_known_everywhere_within_a_second_with_redis() {
    measure(Pair::open().await, "lag with Redis").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i4_withdrawals_and_link_ends_are_known_everywhere_within_a_second_without_redis() {
    measure(Pair::with(|_, deployment| deployment.set("CONCORD_EPHEMERAL__URL", "")).await, "lag without Redis").await;
}
