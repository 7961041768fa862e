//! Two servers in processes of their own, on one PostgreSQL and one Redis; people and partners are made from the side.

use std::sync::Arc;
use std::time::{Duration, Instant};

use concord::clock::Clock;
use serde_json::Value;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::support::client::{Client, Credentials};
use crate::support::http::{Answer, Browser, Request, Wire};
use crate::support::node::{Deployment, Node};
use crate::support::world::ISSUER;
use crate::support::{Backend, World};
use crate::tokens::ecosystem::{CALLBACK, Code, Ecosystem, Person, SECRET};

pub const HOST: &str = "id.localhost";

/// What the two nodes share is the world's; nothing here answers for them.
pub struct Pair {
    pub one: Node,
    pub other: Node,
    pub eco: Ecosystem,
    pub deployment: Deployment,
    pub world: World,
}

impl Pair {
    pub async fn open() -> Self {
        Self::with(|_, deployment| deployment).await
    }

    /// With settings of its own.
    pub async fn with(change: impl FnOnce(&World, Deployment) -> Deployment) -> Self {
        let world = World::new(Backend::Postgres).await;
        let eco = Ecosystem::new(&world).await;
        // A connection to PostgreSQL costs a debug build a good part of a second of hashing, and here sixty callers come at once.
        let deployment = world.deployment(ISSUER).set("CONCORD_DATABASE__ACQUIRE_TIMEOUT", "12s");
        let deployment = change(&world, deployment);
        let (one, other) = tokio::join!(Node::start(&deployment), Node::start(&deployment));
        Self { one, other, eco, deployment, world }
    }

    pub fn nodes(&self) -> [&Node; 2] {
        [&self.one, &self.other]
    }

    /// The world's clock stands still unless it is told what time it is.
    pub fn look_at_the_clock(&self) {
        look_at_the_clock(&self.world);
    }

    /// A code for a person who agreed to all of this.
    pub async fn code(&self, person: &Person, client_id: &str, scope: &str) -> Code {
        self.look_at_the_clock();
        let grant = self.eco.grant(person, client_id, scope).await;
        self.eco.code(&grant, client_id, None).await
    }
}

pub fn look_at_the_clock(world: &World) {
    world.pass(Clock::System.now().since(world.now()));
}

pub fn wire(node: &Node) -> Wire {
    node.wire()
}

/// A client of the ecosystem with its secret, talking to one node.
pub fn client(node: &Node, client_id: &str) -> Client {
    let (redirect_uri, scope) = (CALLBACK.into(), "openid".into());
    Client { wire: wire(node), id: client_id.into(), credentials: Credentials::Basic(SECRET.into()), redirect_uri, scope }
}

/// The same client at both nodes.
pub fn at_both(nodes: [&Node; 2], client_id: &str) -> [Arc<Client>; 2] {
    nodes.map(|node| Arc::new(client(node, client_id)))
}

/// The same form from many callers at the same moment, taking turns between the given clients.
pub async fn rush(clients: &[Arc<Client>], endpoint: &'static str, form: &[(&str, &str)], callers: usize) -> Vec<Answer> {
    let form: Vec<(String, String)> = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (form, barrier) = (Arc::new(form), Arc::new(Barrier::new(callers)));
    let mut race = JoinSet::new();
    for caller in 0..callers {
        let (client, form, barrier) = (Arc::clone(&clients[caller % clients.len()]), Arc::clone(&form), Arc::clone(&barrier));
        race.spawn(async move {
            let pairs: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            barrier.wait().await;
            client.post(endpoint, &pairs).await
        });
    }
    race.join_all().await
}

/// The scope a token still has in the eyes of a client; `None` when it is inactive.
pub async fn scope_left(client: &Client, token: &str) -> Option<String> {
    let answer = client.introspect(token).await;
    if answer["active"] != true {
        assert_eq!(answer, serde_json::json!({"active": false}), "nothing more is said of an inactive token");
        return None;
    }
    Some(answer["scope"].as_str().expect("a scope").to_owned())
}

/// Asks until `holds`, and returns how long after `since` it was first asked with that answer. Whoever asks a second or more
/// after a change must get the truth, however busy the machine is (conventions 3 and 8).
pub async fn within_a_second(what: &str, since: Instant, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    loop {
        let asked = since.elapsed();
        if holds().await {
            return asked;
        }
        assert!(asked < Duration::from_secs(1), "{what}: not true when asked {} ms after the change", asked.as_millis());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits for what has no second to keep; fails after half a minute.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < deadline, "{what}: not after half a minute");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A person's browser on an account page: what its forms carry.
pub struct Desk {
    cookies: String,
    csrf: String,
}

impl Desk {
    /// Opens a page of a person who is signed in.
    pub async fn open(node: &Node, person: &Person) -> Self {
        let mut browser = browser(node, person);
        let page = browser.open("/account/security").await.expect(200).page();
        let csrf = page.forms().into_iter().flat_map(|form| form.fields).find(|(name, _)| name == "csrf").expect("a form with a token").1;
        let known = browser.cookie(HOST, "concord_browser").expect("a browser's cookie").value;
        Self { cookies: format!("concord_browser={known}; concord_session={}", person.cookie), csrf }
    }

    /// A form of one of these pages, sent to whichever node.
    pub fn form(&self, wire: &Wire, path: &str, fields: &[(&str, &str)]) -> Request {
        let fields = fields.iter().copied().chain([("csrf", self.csrf.as_str())]);
        wire.post(path).header("cookie", &self.cookies).form(fields)
    }

    /// Takes a share back with one click.
    pub fn withdraw(&self, wire: &Wire, consent: &str) -> Request {
        self.form(wire, "/account", &[("action", "withdraw"), ("consent", consent)])
    }

    /// Ends a link, on the page that asks.
    pub fn end_link(&self, wire: &Wire, link: &str) -> Request {
        self.form(wire, &format!("/account/links/{link}/end"), &[("action", "confirm")])
    }

    pub fn disconnect(&self, wire: &Wire, service: &str) -> Request {
        self.form(wire, &format!("/account/services/{service}/disconnect"), &[("action", "confirm")])
    }
}

/// A browser in which this person is signed in.
pub fn browser(node: &Node, person: &Person) -> Browser {
    let browser = Browser::new(&wire(node));
    browser.carry(HOST, "concord_session", &person.cookie);
    browser
}

/// A text of a JSON answer.
#[track_caller]
pub fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
}

/// The value below which `share` of them lie.
pub fn percentile(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    let rank = (times.len() as f64 * share).ceil() as usize;
    times[rank.clamp(1, times.len()) - 1]
}
