//! A node that has lost its database: 503 in the protocol's form, never a stale answer, and well again by itself (F5, F10).

use std::time::{Duration, Instant};

use concord::model::ids::LinkId;
use concord::model::link::LinkState;
use tokio::task::JoinSet;

use super::stage::{Desk, client, eventually, look_at_the_clock, scope_left, text, wire};
use crate::support::client::Client;
use crate::support::http::Answer;
use crate::support::node::Node;
use crate::support::proxy::Proxy;
use crate::support::world::ISSUER;
use crate::support::{Backend, World};
use crate::tokens::ecosystem::{Ecosystem, Person};

/// One node behind a wire that can be cut, and one beside it.
pub(super) struct Stage {
    pub far: Node,
    pub near: Node,
    pub proxy: Proxy,
    pub eco: Ecosystem,
    world: World,
}

/// Somebody with a link at the bank, and what the bank holds for them.
pub(super) struct Linked {
    pub person: Person,
    desk: Desk,
    link: LinkId,
    pub access: String,
    refresh: String,
}

impl Stage {
    pub async fn open() -> Self {
        let world = World::new(Backend::Postgres).await;
        let eco = Ecosystem::new(&world).await;
        let mut url = url::Url::parse(world.database_url()).expect("an address");
        let port = url.port().expect("a port");
        let proxy = Proxy::to([([127, 0, 0, 1], port).into()]).await;
        url.set_port(Some(proxy.address.port())).expect("a port");
        // Every question in full, so that the wire can be told which one to look out for.
        url.query_pairs_mut().append_pair("statement-cache-capacity", "0");
        // A request that hangs is given up soon: the test waits for it.
        let deployment = world.deployment(ISSUER).set("CONCORD_SERVER__REQUEST_TIMEOUT", "4s");
        let behind = deployment.clone().set("CONCORD_DATABASE__URL", url.as_str());
        let (far, near) = tokio::join!(Node::start(&behind), Node::start(&deployment));
        Self { far, near, proxy, eco, world }
    }

    /// Both nodes have the token in memory.
    pub async fn linked(&self, account: &'static str) -> Linked {
        look_at_the_clock(&self.world);
        let person = self.eco.person_with_account(account).await;
        let link = LinkId::new(self.eco.core.random.uuid_v7(self.eco.now()));
        self.eco.link(link, person.customer, self.eco.bank, account, LinkState::Active).await;
        let tokens = self.eco.signed_in(&person, "bank-web", "openid offline_access").await;
        for node in [&self.far, &self.near] {
            assert!(scope_left(&client(node, "bank-web"), &tokens.access_token).await.is_some());
        }
        let desk = Desk::open(&self.near, &person).await;
        Linked { person, desk, link, access: tokens.access_token, refresh: tokens.refresh_token.expect("one") }
    }

    /// Ends a link at the node that has its database, and says since when that is the truth.
    pub async fn end(&self, linked: &Linked) -> Instant {
        linked.desk.end_link(&wire(&self.near), &linked.link.to_string()).send().await.expect(303);
        Instant::now()
    }
}

/// Unavailable in the protocol's own form: RFC 6749 5.2, with the time after which to come again.
#[track_caller]
fn unavailable(answer: &Answer) {
    assert_eq!(answer.status.as_u16(), 503, "{}: {}", answer.url, answer.text());
    assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{}", answer.url);
    assert_eq!(answer.error(), "temporarily_unavailable", "{}", answer.url);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

async fn introspected(client: &Client, token: &str) -> Answer {
    client.post("/oauth2/introspect", &[("token", token)]).await
}

/// Asks for a while, several at a time; each answer must be 503, or true: what ended may be called active only by those
/// who asked within the second that the truth may take.
async fn never_stale(stage: &Stage, ended: &str, alive: &str, since: Instant, long: Duration) -> usize {
    let mut askers = JoinSet::new();
    for asker in 0..6 {
        let (client, token, dead) = (client(&stage.far, "bank-web"), if asker % 2 == 0 { ended } else { alive }.to_owned(), asker % 2 == 0);
        askers.spawn(async move {
            let mut refused = 0;
            while since.elapsed() < long {
                let asked = since.elapsed();
                let answer = introspected(&client, &token).await;
                match answer.status.as_u16() {
                    200 => {
                        let active = answer.json()["active"] == true;
                        assert!(!(dead && active) || asked < Duration::from_secs(1), "stale when asked {} ms after", asked.as_millis());
                        assert!(dead || active, "an answer that is not true");
                    }
                    _ => {
                        unavailable(&answer);
                        refused += 1;
                    }
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            refused
        });
    }
    askers.join_all().await.into_iter().sum()
}

/// The node answers again, and truly, without having been started again.
async fn well_again(stage: &Stage, process: u32, ended: &str, alive: &str) {
    let client = client(&stage.far, "bank-web");
    eventually("it answers again", async || introspected(&client, alive).await.status.as_u16() == 200).await;
    eventually("it is ready again", async || stage.far.readiness().await.0 == 200).await;
    let mut run = 0;
    // Connections that broke while nobody used them are noticed one by one.
    eventually("it is well again", async || {
        let answer = introspected(&client, ended).await;
        if answer.status.as_u16() == 200 {
            assert_eq!(answer.json(), serde_json::json!({"active": false}), "never stale");
            run += 1;
        } else {
            unavailable(&answer);
            run = 0;
        }
        run >= 20
    })
    .await;
    assert!(scope_left(&client, alive).await.is_some());
    assert_eq!(stage.far.process(), process, "it was not started again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f5_a_lost_database_gives_503_and_never_a_stale_answer() {
    let stage = Stage::open().await;
    let process = stage.far.process();
    let far = client(&stage.far, "bank-web");
    let (leaving, staying) = (stage.linked("B-1").await, stage.linked("B-2").await);
    let (ended, alive) = (leaving.access.as_str(), staying.access.as_str());
    let grant = stage.eco.grant(&staying.person, "bank-web", "openid offline_access").await;
    let code = stage.eco.code(&grant, "bank-web", None).await;
    assert_eq!(stage.far.readiness().await, (200, vec![]));
    assert_eq!(far.userinfo(alive).await.status.as_u16(), 200);

    // Cut: what this node has in memory is true for a moment more, then it says nothing.
    stage.proxy.cut();
    let since = stage.end(&leaving).await;
    let refused = never_stale(&stage, ended, alive, since, Duration::from_secs(3)).await;
    assert!(refused > 0, "an answer without a database");
    for answer in [
        introspected(&far, alive).await,
        far.userinfo(alive).await,
        far.redeem(&code.code, &code.verifier).await,
        far.refresh(&staying.refresh).await,
        far.revoke(alive).await,
    ] {
        unavailable(&answer);
    }
    let page = staying.desk.withdraw(&wire(&stage.far), &staying.person.reads_loyalty.to_string()).send().await.expect(503);
    assert!(page.header("retry-after").is_some() && page.page().heading().len() > 3, "a page for people");
    for public in ["/oauth2/jwks", "/.well-known/openid-configuration"] {
        wire(&stage.far).get(public).send().await.expect(200);
    }
    let (status, failed) = stage.far.readiness().await;
    assert!(status == 503 && failed.contains(&"database".to_owned()) && failed.contains(&"invalidations".to_owned()), "{failed:?}");
    assert_eq!(stage.near.readiness().await.0, 200, "the other node goes on");

    // Back: by itself, with the truth, and with whatever was refused still to be had once.
    stage.proxy.mend();
    well_again(&stage, process, ended, alive).await;
    assert_eq!(far.refresh(&leaving.refresh).await.expect(400).error(), "invalid_grant");
    let tokens = far.redeem(&code.code, &code.verifier).await.expect(200).json();
    assert_eq!(client(&stage.near, "bank-web").redeem(&code.code, &code.verifier).await.expect(400).error(), "invalid_grant");
    assert_ne!(text(&tokens, "access_token"), alive);
    far.refresh(&staying.refresh).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f10_a_hiccup_and_a_silent_network_leave_nothing_stale() {
    let stage = Stage::open().await;
    let process = stage.far.process();
    let (first, second, staying) = (stage.linked("B-1").await, stage.linked("B-2").await, stage.linked("B-3").await);
    let alive = staying.access.as_str();

    // Every connection breaks, new ones are welcome.
    stage.proxy.hiccup();
    let since = stage.end(&first).await;
    never_stale(&stage, &first.access, alive, since, Duration::from_secs(2)).await;
    well_again(&stage, process, &first.access, alive).await;

    // Nothing breaks, nothing passes: whoever asks waits, and hears 503.
    stage.proxy.hold();
    let since = stage.end(&second).await;
    let refused = never_stale(&stage, &second.access, alive, since, Duration::from_secs(6)).await;
    assert!(refused > 0, "an answer without a database");
    assert_eq!(stage.far.readiness().await.0, 503);
    stage.proxy.release();
    well_again(&stage, process, &second.access, alive).await;

    // Another host has taken over, and nobody told the connections to the one before: they are given up one way or another.
    stage.proxy.strand();
    well_again(&stage, process, &second.access, alive).await;
}
