//! Several customers link one account at the same moment, each in a browser of their own, at two nodes: one link (I2, P12, RC5).

use std::sync::Arc;

use concord::clock::Clock;
use concord::model::actor::Actor;
use concord::usecases::apply_service;
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::stage::{Pair, browser, text, wire};
use crate::support::client::{Client, Credentials, Pending};
use crate::support::html::Form;
use crate::support::http::parameter;
use crate::support::keys::{Key, random};
use crate::support::node::Node;
use crate::support::person::Person as Visitor;
use crate::support::world::ISSUER;

const RIVALS: usize = 6;
const CALLBACK: &str = "http://shop.localhost/cb";

/// A service that says whose account it is.
struct Shop {
    key: Key,
    secret: String,
}

impl Shop {
    async fn open(pair: &Pair) -> Self {
        let key = Key::new("k1");
        let document = json!({
            "code": "shop", "name": {"ru": "shop", "en": "shop", "zh": "shop"}, "sector": "shop", "homepage": "http://shop.localhost/",
            "jwks": key.jwks(),
            "clients": [{
                "client_id": "shop-web", "redirect_uris": [CALLBACK], "scope": "openid", "grant_types": ["authorization_code", "refresh_token"],
                "introspection": true,
            }],
        });
        let document = serde_json::from_value(document).expect("a document");
        let operator = Actor::Operator("test".to_owned());
        let applied = apply_service::apply_document(&pair.world.core, document, false, &operator).await;
        let applied = applied.unwrap_or_else(|error| panic!("{error}"));
        Self { key, secret: applied.secrets[0].client_secret.clone() }
    }

    fn client(&self, node: &Node) -> Client {
        let credentials = Credentials::Basic(self.secret.clone());
        Client { wire: wire(node), id: "shop-web".into(), credentials, redirect_uri: CALLBACK.into(), scope: "openid".into() }
    }

    fn assertion(&self, account: &str) -> String {
        let now = Clock::System.now().seconds();
        let claims = json!({
            "iss": "shop", "aud": ISSUER, "sub": account, "auth_time": now, "acr": "aal1", "jti": random(), "iat": now, "exp": now + 100,
        });
        self.key.sign("link+jwt", &claims)
    }
}

/// Somebody who proved the account and has the page before them that asks.
struct Rival {
    visitor: Visitor,
    client: Client,
    pending: Pending,
    form: Form,
}

impl Rival {
    async fn arrive(pair: &Pair, shop: &Shop, node: &Node, account: &str, own: &'static str) -> Self {
        pair.look_at_the_clock();
        let person = pair.eco.person_with_account(own).await;
        let mut visitor = Visitor::new("rival", &wire(node), pair.world.folder.path().join("mail")).known();
        visitor.browser = browser(node, &person);
        let client = shop.client(node);
        let pending = client.push(&[("link_assertion", &shop.assertion(account))]).await;
        let page = visitor.browser.open(pending.url.as_str()).await.expect(200);
        assert_eq!(page.url.path(), "/link", "{}", page.page().text());
        let form = page.page().forms().into_iter().find(|form| form.offers("accept")).expect("a question");
        Self { visitor, client, pending, form: form.press("action=accept") }
    }

    /// Accepts, does what else is asked, and redeems the code: how the link ended.
    async fn go(mut self) -> String {
        let mut answer = self.visitor.browser.submit(self.form).await;
        for _ in 0..5 {
            if answer.location().is_some() {
                break;
            }
            assert!(answer.status.as_u16() < 500, "{} {}: {}", answer.status, answer.url, answer.page().text());
            let next = self.visitor.fill(&answer.page()).await.unwrap_or_else(|| panic!("{}: {}", answer.url, answer.page().text()));
            answer = self.visitor.browser.submit(next).await;
        }
        let code = parameter(&self.client.returned(&self.pending, &answer), "code").expect("a code");
        text(&self.client.redeem(&code, &self.pending.verifier).await.expect(200).json(), "link_status")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_of_rivals_at_two_nodes_one_gets_the_account() {
    let pair = Pair::open().await;
    let shop = Shop::open(&pair).await;
    for round in 0..3 {
        let account = format!("S-{round}");
        let mut rivals = Vec::new();
        for number in 0..RIVALS {
            let own = Box::leak(format!("L-{round}-{number}").into_boxed_str());
            rivals.push(Rival::arrive(&pair, &shop, pair.nodes()[number % 2], &account, own).await);
        }
        let barrier = Arc::new(Barrier::new(RIVALS));
        let mut race = JoinSet::new();
        for rival in rivals {
            let barrier = Arc::clone(&barrier);
            race.spawn(async move {
                barrier.wait().await;
                rival.go().await
            });
        }
        let mut outcomes = race.join_all().await;
        outcomes.sort_unstable();
        assert_eq!(outcomes[0], "active", "{outcomes:?}");
        assert!(outcomes[1..].iter().all(|status| status == "error"), "{outcomes:?}");
        let at_the_shop = "service_id = (SELECT id FROM services WHERE code = 'shop')";
        let whole = format!(
            "SELECT COUNT(*) FROM links l JOIN consents c ON c.id = l.consent_id AND c.link_id = l.id AND c.customer_id = l.customer_id
                 AND c.state = 'given' JOIN evidence e ON e.id = l.evidence_id AND e.link_id = l.id AND e.customer_id = l.customer_id
             WHERE l.state = 'active' AND l.{at_the_shop}"
        );
        assert_eq!(pair.world.count(&whole).await, round + 1, "one link a round, with its own evidence and consent");
        let left = format!("SELECT COUNT(*) FROM links WHERE {at_the_shop} AND state <> 'active' AND ended_at IS NULL");
        assert_eq!(pair.world.count(&left).await, 0, "nobody waits any more");
        let given = "SELECT COUNT(*) FROM consents WHERE kind = 'link' AND state = 'given'
             AND recipient_id = (SELECT id FROM services WHERE code = 'shop')";
        assert_eq!(pair.world.count(given).await, round + 1, "and no consent of a link that did not come about");
    }
}
