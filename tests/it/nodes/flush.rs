//! Redis forgets everything, or goes and comes back empty: nothing revives, nothing can be used again (F12, security.md finding 8).

use std::time::Instant;

use concord::model::actor::Actor;
use concord::usecases::apply_service;
use serde_json::json;

use super::stage::{Desk, HOST, Pair, browser, client, eventually, scope_left, text, wire, within_a_second};
use crate::support::client::{Client, Credentials, Pending};
use crate::support::http::{Browser, parameter};
use crate::support::keys::Key;
use crate::support::node::{Deployment, Node};
use crate::support::person::Person as Visitor;
use crate::support::redis::OwnRedis;
use crate::tokens::ecosystem::{CALLBACK, Code, Person};

const ALL: &str = "openid offline_access loyalty";
const LESS: &str = "openid offline_access";

pub(super) struct Stage {
    pub pair: Pair,
    pub redis: OwnRedis,
    /// Of the client `keyed-api`, which authenticates by assertions.
    pub key: Key,
}

impl Stage {
    async fn open() -> Self {
        Self::with(|deployment| deployment).await
    }

    /// With settings of its own.
    pub async fn with(change: impl FnOnce(Deployment) -> Deployment) -> Self {
        let redis = OwnRedis::start().await;
        let url = redis.url();
        let pair = Pair::with(|_, deployment| change(deployment.set("CONCORD_EPHEMERAL__URL", &url))).await;
        let key = Key::new("k1");
        let document = json!({
            "code": "keyed", "name": {"ru": "keyed", "en": "keyed", "zh": "keyed"}, "sector": "keyed", "homepage": "http://keyed.localhost/",
            "clients": [{
                "client_id": "keyed-api", "grant_types": ["client_credentials"], "scope": "", "introspection": true,
                "authentication": "private_key_jwt", "jwks": key.jwks(),
            }],
        });
        let document = serde_json::from_value(document).expect("a document");
        let operator = Actor::Operator("test".to_owned());
        apply_service::apply_document(&pair.world.core, document, false, &operator).await.unwrap_or_else(|error| panic!("{error}"));
        Self { pair, redis, key }
    }

    fn visitor(&self, name: &str, node: &Node) -> Visitor {
        Visitor::new(name, &wire(node), self.pair.world.folder.path().join("mail"))
    }

    /// Sent with an assertion of its own making: the status, at an endpoint of a node.
    async fn authenticated(&self, node: &Node, assertion: &str) -> u16 {
        let form = [
            ("token", "x"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ];
        wire(node).post("/oauth2/introspect").form(form).send().await.status.as_u16()
    }
}

/// Things that were used or ended before Redis forgot.
struct Spent {
    person: Person,
    /// A code, and what it was redeemed for.
    code: (Code, String),
    /// The first of three generations, and the last with its access token.
    refresh: (String, String, String),
    assertion: String,
    /// A pushed request that became a flow, and the browser it became one in.
    pushed: (Client, Pending, Browser),
    /// A token whose loyalty was withdrawn, one that was revoked, and one whose service was disconnected.
    narrowed: String,
    revoked: String,
    disconnected: String,
}

async fn spend(stage: &Stage, round: usize) -> Spent {
    let (pair, eco) = (&stage.pair, &stage.pair.eco);
    let (one, other) = (client(&pair.one, "bank-web"), client(&pair.other, "bank-web"));
    let account: &'static str = Box::leak(format!("L-{round}-1").into_boxed_str());
    pair.look_at_the_clock();
    let person = eco.person_with_account(account).await;
    let desk = Desk::open(&pair.one, &person).await;
    let code = pair.code(&person, "bank-web", LESS).await;
    let redeemed = text(&one.redeem(&code.code, &code.verifier).await.expect(200).json(), "access_token");

    let again = pair.code(&person, "bank-web", LESS).await;
    let first = text(&other.redeem(&again.code, &again.verifier).await.expect(200).json(), "refresh_token");
    let second = text(&one.refresh(&first).await.expect(200).json(), "refresh_token");
    let third = other.refresh(&second).await.expect(200).json();
    let refresh = (first, text(&third, "refresh_token"), text(&third, "access_token"));

    let keyed = Client { id: "keyed-api".into(), credentials: Credentials::None, ..client(&pair.one, "bank-web") };
    let assertion = stage.key.sign("JWT", &keyed.assertion());
    assert_eq!(stage.authenticated(&pair.one, &assertion).await, 200);

    // The person goes through the pages of a pushed request, to the end.
    let pusher = Client { redirect_uri: CALLBACK.into(), scope: "openid".into(), ..client(&pair.one, "bank-web") };
    let pending = pusher.push(&[]).await;
    let mut visitor = stage.visitor("anna", &pair.one);
    visitor.browser = browser(&pair.one, &person);
    let back = pusher.returned(&pending, &visitor.walk(pending.url.as_str()).await);
    assert!(parameter(&back, "code").is_some(), "{back}");

    let token = async |scope: &'static str| {
        let code = pair.code(&person, "bank-web", scope).await;
        text(&one.redeem(&code.code, &code.verifier).await.expect(200).json(), "access_token")
    };
    let (narrowed, revoked) = (token(ALL).await, token(LESS).await);
    desk.withdraw(&wire(&pair.one), &person.reads_loyalty.to_string()).send().await.expect(303);
    other.revoke(&revoked).await.expect(200);
    let disconnected = {
        let cinema = client(&pair.one, "cinema-web");
        let code = pair.code(&person, "cinema-web", LESS).await;
        text(&cinema.redeem(&code.code, &code.verifier).await.expect(200).json(), "access_token")
    };
    desk.disconnect(&wire(&pair.other), "cinema").send().await.expect(303);
    Spent {
        person,
        code: (code, redeemed),
        refresh,
        assertion,
        pushed: (pusher, pending, visitor.browser),
        narrowed,
        revoked,
        disconnected,
    }
}

/// Nothing of it may be used again or come back, at either node.
async fn nothing_comes_back(stage: &Stage, spent: Spent) {
    let pair = &stage.pair;
    let since = Instant::now();
    for node in pair.nodes() {
        let (bank, cinema) = (client(node, "bank-web"), client(node, "cinema-web"));
        assert_eq!(scope_left(&bank, &spent.code.1).await.as_deref(), Some(LESS), "what is alive lives");
        within_a_second("withdrawn", since, async || scope_left(&bank, &spent.narrowed).await.as_deref() == Some(LESS)).await;
        within_a_second("revoked", since, async || scope_left(&bank, &spent.revoked).await.is_none()).await;
        within_a_second("disconnected", since, async || scope_left(&cinema, &spent.disconnected).await.is_none()).await;
        assert_eq!(stage.authenticated(node, &spent.assertion).await, 401, "a jti is used once");
    }

    // The request_uri: another browser gets no flow of it, and the one that finished it no second answer.
    let (pusher, pending, mut finished) = spent.pushed;
    let mut stranger = stage.visitor("mallory", &pair.other);
    stranger.browser = browser(&pair.other, &spent.person);
    let shown = stranger.browser.open(pending.url.as_str()).await;
    assert!(shown.location().is_none_or(|to| parameter(&to, "code").is_none()), "a request_uri is one flow: {:?}", shown.location());
    finished.move_to(pair.other.address);
    let shown = finished.open(pending.url.as_str()).await;
    assert!(shown.location().is_none_or(|to| parameter(&to, "code").is_none()), "a finished flow is finished: {:?}", shown.location());
    let found = pusher.redirect_uri.as_str();
    assert!(shown.location().is_none_or(|to| !to.as_str().starts_with(found)), "and says so on a page");

    // A used code and a replaced refresh token: refused, and what they got before ends.
    let [one, other] = pair.nodes().map(|node| client(node, "bank-web"));
    let (code, redeemed) = spent.code;
    assert_eq!(other.redeem(&code.code, &code.verifier).await.expect(400).error(), "invalid_grant");
    let (stale, last, access) = spent.refresh;
    assert_eq!(one.refresh(&stale).await.expect(400).error(), "invalid_grant");
    assert_eq!(other.refresh(&last).await.expect(400).error(), "invalid_grant");
    let since = Instant::now();
    for client in [&one, &other] {
        within_a_second("reused", since, async || scope_left(client, &redeemed).await.is_none()).await;
        within_a_second("reused", since, async || scope_left(client, &access).await.is_none()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f12_a_flush_and_a_restart_of_redis_revive_nothing_and_allow_no_replay() {
    let mut stage = Stage::open().await;
    let spent = spend(&stage, 1).await;
    stage.redis.flush().await;
    nothing_comes_back(&stage, spent).await;

    let spent = spend(&stage, 2).await;
    stage.redis.start_again().await;
    nothing_comes_back(&stage, spent).await;
    for node in stage.pair.nodes() {
        eventually("ready again", async || node.readiness().await.0 == 200).await;
    }

    // Without Redis: the nodes say so, and go on with the truth.
    stage.redis.stop();
    let (status, failed) = stage.pair.one.readiness().await;
    assert_eq!((status, failed), (503, vec!["ephemeral".to_owned()]));
    let spent = spend(&stage, 3).await;
    nothing_comes_back(&stage, spent).await;
}

/// Typed codes and the tries at them are counted where a flush cannot forget them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f12_one_time_codes_and_their_tries_outlive_a_flush() {
    let stage = Stage::open().await;
    let cinema = client(&stage.pair.one, "cinema-web");
    let address = cinema.authorize(&[("scope", "openid")]).url;
    let mut anna = stage.visitor("nadia", &stage.pair.one);
    let page = anna.browser.open(address.as_str()).await.expect(200).page();
    let page = anna.browser.submit(page.form(&["action=register"]).press("action=register")).await.expect(200).page();
    let page = anna.browser.submit(page.form(&["email"]).fill("email", &anna.email).press("action=continue")).await.expect(200).page();
    let code = anna.code().await;
    let form = page.form(&["code"]);
    let wrong = if code == "000000" { "000001" } else { "000000" };

    // Four of five tries, a flush, the fifth: the right code comes too late, at either node.
    let mut twin = anna.browser.clone();
    for _ in 0..4 {
        anna.browser.submit(form.clone().fill("code", wrong).press("action=continue")).await;
    }
    stage.redis.flush().await;
    anna.browser.submit(form.clone().fill("code", wrong).press("action=continue")).await;
    stage.redis.flush().await;
    twin.move_to(stage.pair.other.address);
    for browser in [&mut anna.browser, &mut twin] {
        let shown = browser.submit(form.clone().fill("code", &code).press("action=continue")).await.page();
        let register = ["nickname", "password"];
        assert!(!shown.forms().iter().any(|form| register.iter().any(|name| form.offers(name))), "it did not go on: {}", shown.text());
        let used = "SELECT COUNT(*) FROM one_time_codes WHERE used_at IS NOT NULL";
        assert_eq!(stage.pair.world.count(used).await, 0, "the code was not taken");
    }

    // Another flow, its code used; the same code again after a flush begins nothing.
    let mut boris = stage.visitor("oleg", &stage.pair.one);
    let page = boris.browser.open(address.as_str()).await.expect(200).page();
    let page = boris.browser.submit(page.form(&["action=register"]).press("action=register")).await.expect(200).page();
    let page = boris.browser.submit(page.form(&["email"]).fill("email", &boris.email).press("action=continue")).await.expect(200).page();
    let code = boris.code().await;
    let form = page.form(&["code"]).fill("code", &code).press("action=continue");
    let mut twin = boris.browser.clone();
    let next = boris.browser.submit(form.clone()).await.expect(200);
    assert!(!next.page().forms().iter().any(|form| form.offers("code")), "the code was right: {}", next.page().text());
    stage.redis.flush().await;
    let before = stage.pair.world.rows("SELECT used_at FROM one_time_codes WHERE used_at IS NOT NULL").await;
    twin.submit(form).await;
    let after = stage.pair.world.rows("SELECT used_at FROM one_time_codes WHERE used_at IS NOT NULL").await;
    assert_eq!((before.len(), before), (1, after), "used once");
    assert!(twin.cookie(HOST, "concord_session").is_none(), "nobody is signed in by it");
}
