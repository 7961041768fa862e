//! The table of conventions 3, row by row: the change is made at one node or by a command, the effect is seen at both.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use concord::model::ids::LinkId;
use concord::model::link::LinkState;
use concord::usecases::profile;
use serde_json::json;

use super::stage::{Desk, Pair, browser, client, eventually, scope_left, text, wire, within_a_second};
use crate::support::keys::claims;
use crate::support::partner::Partner;
use crate::tokens::ecosystem::{LOYALTY_API, Person};

const ALL: &str = "openid offline_access loyalty";
const LESS: &str = "openid offline_access";

struct Stage {
    pair: Pair,
    /// Hears of logouts, as the bank and as the cinema.
    partner: Partner,
    people: AtomicUsize,
}

/// Somebody with accounts at the bank and the loyalty programme, both linked, and what the bank and the cinema hold for them.
struct Before {
    person: Person,
    desk: Desk,
    at_bank: LinkId,
    bank: (String, String),
    /// The bank's token for the loyalty programme's own API.
    at_loyalty: String,
    cinema: (String, String),
    /// Logouts the bank and the cinema had heard of.
    told: (usize, usize),
}

/// What a client may still have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// Everything.
    Whole,
    /// All but the scopes of the loyalty programme.
    Narrower,
    Nothing,
}

impl Stage {
    async fn open() -> Self {
        let (pair, partner) = (Pair::open().await, Partner::start().await);
        pair.eco.give_backchannel_uri("bank-web", &partner.url("/bank")).await;
        pair.eco.give_backchannel_uri("cinema-web", &partner.url("/cinema")).await;
        Self { pair, partner, people: AtomicUsize::new(1) }
    }

    async fn before(&self) -> Before {
        let (pair, eco) = (&self.pair, &self.pair.eco);
        pair.look_at_the_clock();
        let number = self.people.fetch_add(1, Ordering::Relaxed);
        let account = |kind: &str| -> &'static str { Box::leak(format!("{kind}-{number}").into_boxed_str()) };
        let person = eco.person_with_account(account("L")).await;
        let at_bank = LinkId::new(eco.core.random.uuid_v7(eco.now()));
        eco.link(at_bank, person.customer, eco.bank, account("B"), LinkState::Active).await;
        let (customer, source, now, core) = (person.customer, eco.loyalty, eco.now(), eco.core.clone());
        eco.write(move |tx| {
            let core = core.clone();
            Box::pin(async move { profile::put(tx, &core, customer, "loyalty_tier", &json!("silver"), Some(source), now).await })
        })
        .await;
        let (bank, cinema) = (client(&pair.one, "bank-web"), client(&pair.one, "cinema-web"));
        let code = pair.code(&person, "bank-web", ALL).await;
        let tokens = bank.redeem(&code.code, &code.verifier).await.expect(200).json();
        let form = [("grant_type", "refresh_token"), ("refresh_token", &text(&tokens, "refresh_token")), ("resource", LOYALTY_API)];
        let for_loyalty = bank.token(&form).await.expect(200).json();
        let code = pair.code(&person, "cinema-web", LESS).await;
        let seen = cinema.redeem(&code.code, &code.verifier).await.expect(200).json();
        let told = (self.partner.received("/bank").len(), self.partner.received("/cinema").len());
        let desk = Desk::open(&pair.one, &person).await;
        let before = Before {
            person,
            desk,
            at_bank,
            bank: (text(&tokens, "access_token"), text(&for_loyalty, "refresh_token")),
            at_loyalty: text(&for_loyalty, "access_token"),
            cinema: (text(&seen, "access_token"), text(&seen, "refresh_token")),
            told,
        };
        // Both nodes have it all in memory now.
        for node in pair.nodes() {
            assert_eq!(client(node, "loyalty-api").introspect(&before.at_loyalty).await["scope"], "loyalty");
            assert_eq!(client(node, "bank-web").userinfo(&before.bank.0).await.expect(200).json()["loyalty_tier"], "silver");
        }
        self.holds(&before, "before", Left::Whole, Left::Whole, Instant::now()).await;
        before
    }

    /// What is left of everything that does not change anything by being looked at, at both nodes.
    async fn holds(&self, before: &Before, row: &str, bank: Left, cinema: Left, since: Instant) {
        for node in self.pair.nodes() {
            let clients = ["bank-web", "cinema-web", "loyalty-api"].map(|id| client(node, id));
            let expected = |left, whole: &str| match left {
                Left::Whole => Some(whole.to_owned()),
                Left::Narrower => Some(LESS.to_owned()),
                Left::Nothing => None,
            };
            within_a_second(&format!("{row}: the bank's token"), since, async || {
                scope_left(&clients[0], &before.bank.0).await == expected(bank, ALL)
            })
            .await;
            within_a_second(&format!("{row}: the cinema's token"), since, async || {
                scope_left(&clients[1], &before.cinema.0).await == expected(cinema, LESS)
            })
            .await;
            within_a_second(&format!("{row}: at the loyalty programme"), since, async || {
                clients[2].sees_active(&before.at_loyalty).await == (bank == Left::Whole)
            })
            .await;
            let info = clients[0].userinfo(&before.bank.0).await;
            match bank {
                Left::Whole => assert_eq!(info.expect(200).json()["loyalty_tier"], "silver", "{row}"),
                Left::Narrower => assert!(info.expect(200).json().get("loyalty_tier").is_none(), "{row}"),
                Left::Nothing => assert_eq!(info.status.as_u16(), 401, "{row}"),
            }
        }
    }

    /// The refresh tokens say the same, at the node where nothing was changed.
    async fn refreshes(&self, before: &Before, row: &str, bank: Left, cinema: Left) {
        for (id, token, left, whole) in [("bank-web", &before.bank.1, bank, ALL), ("cinema-web", &before.cinema.1, cinema, LESS)] {
            let answer = client(&self.pair.other, id).refresh(token).await;
            match left {
                Left::Whole => assert_eq!(answer.expect(200).json()["scope"], whole, "{row}"),
                Left::Narrower => assert_eq!(answer.expect(200).json()["scope"], LESS, "{row}: narrower, and says so"),
                Left::Nothing => assert_eq!(answer.expect(400).error(), "invalid_grant", "{row}"),
            }
        }
    }

    /// Both, and who was told by back-channel logout: those whose grants ended, and nobody else.
    async fn row(&self, before: &Before, row: &str, bank: Left, cinema: Left) {
        self.holds(before, row, bank, cinema, Instant::now()).await;
        self.refreshes(before, row, bank, cinema).await;
        self.everybody_is_told().await;
        for (path, left, heard) in [("/bank", bank, before.told.0), ("/cinema", cinema, before.told.1)] {
            if left == Left::Nothing {
                let received = self.partner.wait_for(path, heard + 1).await;
                let token = claims(&received[heard].field("logout_token").expect("a token"));
                assert!(token["sub"].is_string() && token["sid"].is_string(), "{row}: {token}");
            } else {
                assert_eq!(self.partner.received(path).len(), heard, "{row}: nobody else is told");
            }
        }
    }

    /// Nobody waits to be told of a logout any more: from here on a message that has not come will not come.
    async fn everybody_is_told(&self) {
        let world = &self.pair.world;
        // Whoever was switched off is worked off in batches; only then does the outbox hold all of it.
        let waiting = "SELECT COUNT(*) FROM outbox WHERE kind <> 'mail' AND sent_at IS NULL AND given_up_at IS NULL";
        eventually("everybody is told", async || world.count(waiting).await == 0).await;
    }

    async fn link_is(&self, link: LinkId, state: LinkState, row: &str) {
        assert_eq!(self.pair.eco.link_state(link).await, state, "{row}");
    }

    /// A command in a process of its own, as an operator types it.
    async fn command(&self, arguments: &[&str]) {
        let (deployment, mut arguments) = (self.pair.deployment.clone(), arguments.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        arguments.push("--yes".to_owned());
        let run = move || deployment.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        tokio::task::spawn_blocking(run).await.expect("the command");
    }
}

use Left::{Narrower, Nothing, Whole};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn co3_what_ends_with_a_link_and_with_a_consent() {
    let stage = Stage::open().await;
    let (eco, one) = (&stage.pair.eco, wire(&stage.pair.one));

    let row = "the bank's link is withdrawn, on a page";
    let before = stage.before().await;
    before.desk.end_link(&one, &before.at_bank.to_string()).send().await.expect(303);
    stage.row(&before, row, Nothing, Whole).await;
    stage.link_is(before.at_bank, LinkState::Withdrawn, row).await;
    assert!(eco.try_grant(&before.person, "bank-web", LESS).await.is_ok(), "{row}: the person may sign in again, without the link");

    let row = "the loyalty programme's link is ended, by a command";
    let before = stage.before().await;
    stage.command(&["link", "end", &before.person.link.to_string()]).await;
    stage.row(&before, row, Narrower, Whole).await;
    stage.link_is(before.person.link, LinkState::Unlinked, row).await;
    stage.link_is(before.at_bank, LinkState::Active, row).await;

    let row = "the bank's link is suspended, by a command";
    let before = stage.before().await;
    stage.command(&["link", "suspend", &before.at_bank.to_string()]).await;
    stage.row(&before, row, Nothing, Whole).await;
    stage.link_is(before.at_bank, LinkState::Suspended, row).await;
    stage.command(&["link", "reinstate", &before.at_bank.to_string()]).await;
    stage.holds(&before, "reinstating revives nothing", Nothing, Whole, Instant::now()).await;

    let row = "the loyalty programme's link is suspended, by a command";
    let before = stage.before().await;
    stage.command(&["link", "suspend", &before.person.link.to_string()]).await;
    stage.row(&before, row, Narrower, Whole).await;
    stage.command(&["link", "reinstate", &before.person.link.to_string()]).await;
    stage.holds(&before, "reinstating revives nothing", Narrower, Whole, Instant::now()).await;

    let row = "what the bank may read is withdrawn, on a page";
    let before = stage.before().await;
    before.desk.withdraw(&one, &before.person.reads_loyalty.to_string()).send().await.expect(303);
    stage.row(&before, row, Narrower, Whole).await;
    stage.link_is(before.person.link, LinkState::Active, row).await;
    stage.link_is(before.at_bank, LinkState::Active, row).await;

    let row = "what the bank may read is withdrawn, by a command";
    let before = stage.before().await;
    stage.command(&["consent", "withdraw", &before.person.reads_loyalty.to_string()]).await;
    stage.row(&before, row, Narrower, Whole).await;

    let row = "the bank is disconnected, on a page";
    let before = stage.before().await;
    before.desk.disconnect(&one, "bank").send().await.expect(303);
    stage.row(&before, row, Nothing, Whole).await;
    stage.link_is(before.at_bank, LinkState::Withdrawn, row).await;
    stage.link_is(before.person.link, LinkState::Active, row).await;

    let row = "the loyalty programme is disconnected, on a page";
    let before = stage.before().await;
    before.desk.disconnect(&one, "loyalty").send().await.expect(303);
    stage.row(&before, row, Narrower, Whole).await;
    stage.link_is(before.person.link, LinkState::Withdrawn, row).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn se5_what_ends_with_the_customer_a_session_and_a_token() {
    let stage = Stage::open().await;

    let row = "the customer is locked, by a command";
    let before = stage.before().await;
    let customer = before.person.customer.to_string();
    stage.command(&["customer", "lock", &customer]).await;
    stage.row(&before, row, Nothing, Nothing).await;
    for link in [before.at_bank, before.person.link] {
        stage.link_is(link, LinkState::Suspended, row).await;
    }
    stage.command(&["customer", "unlock", &customer]).await;
    stage.holds(&before, "unlocking revives nothing", Nothing, Nothing, Instant::now()).await;
    stage.refreshes(&before, "unlocking revives nothing", Nothing, Nothing).await;

    let row = "the session ends at Concord, on a page";
    let before = stage.before().await;
    let code = stage.pair.code(&before.person, "bank-web", "openid").await;
    let online = client(&stage.pair.one, "bank-web").redeem(&code.code, &code.verifier).await.expect(200).json();
    let mut leaving = browser(&stage.pair.one, &before.person);
    let page = leaving.open("/logout").await.expect(200).page();
    leaving.submit(page.form(&["action=sign-out"]).press("action=sign-out")).await.expect(200);
    let since = Instant::now();
    for node in stage.pair.nodes() {
        let bank = client(node, "bank-web");
        within_a_second(row, since, async || scope_left(&bank, &text(&online, "access_token")).await.is_none()).await;
    }
    let other = client(&stage.pair.other, "bank-web");
    assert_eq!(other.refresh(&text(&online, "refresh_token")).await.expect(400).error(), "invalid_grant", "{row}");
    stage.holds(&before, "offline_access outlives the session", Whole, Whole, since).await;
    stage.refreshes(&before, "offline_access outlives the session", Whole, Whole).await;
    stage.link_is(before.at_bank, LinkState::Active, row).await;
    for (path, heard) in [("/bank", before.told.0), ("/cinema", before.told.1)] {
        stage.partner.wait_for(path, heard + 1).await;
        stage.everybody_is_told().await;
        assert_eq!(stage.partner.received(path).len(), heard + 1, "{row}: one for each client");
    }

    let row = "a refresh token is revoked";
    let before = stage.before().await;
    client(&stage.pair.one, "bank-web").revoke(&before.bank.1).await.expect(200);
    let since = Instant::now();
    stage.holds(&before, row, Nothing, Whole, since).await;
    stage.refreshes(&before, row, Nothing, Whole).await;

    let row = "an access token is revoked, and nothing else";
    let before = stage.before().await;
    client(&stage.pair.one, "bank-web").revoke(&before.bank.0).await.expect(200);
    let since = Instant::now();
    for node in stage.pair.nodes() {
        within_a_second(row, since, async || scope_left(&client(node, "bank-web"), &before.bank.0).await.is_none()).await;
        assert!(client(node, "loyalty-api").sees_active(&before.at_loyalty).await, "{row}");
    }
    stage.refreshes(&before, row, Whole, Whole).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rt5_what_ends_with_a_client_and_with_a_service() {
    let stage = Stage::open().await;
    let nodes = || stage.pair.nodes();

    let row = "the bank's client is switched off";
    let before = stage.before().await;
    stage.command(&["client", "disable", "bank-web"]).await;
    let since = Instant::now();
    for node in nodes() {
        let (bank, loyalty) = (client(node, "bank-web"), client(node, "loyalty-api"));
        within_a_second(row, since, async || bank.post("/oauth2/introspect", &[("token", "x")]).await.status.as_u16() == 401).await;
        within_a_second(row, since, async || !loyalty.sees_active(&before.at_loyalty).await).await;
        within_a_second(row, since, async || bank.userinfo(&before.bank.0).await.status.as_u16() == 401).await;
        assert_eq!(scope_left(&client(node, "cinema-web"), &before.cinema.0).await.as_deref(), Some(LESS), "{row}");
    }
    stage.command(&["client", "enable", "bank-web"]).await;
    // What is not active can be seen by the bank itself again, and stays so.
    for node in nodes() {
        let bank = client(node, "bank-web");
        within_a_second(row, Instant::now(), async || bank.post("/oauth2/introspect", &[("token", "x")]).await.status.as_u16() == 200)
            .await;
    }
    stage.row(&before, "switching the client on again revives nothing", Nothing, Whole).await;
    stage.link_is(before.at_bank, LinkState::Active, row).await;

    let row = "the loyalty programme is switched off";
    let before = stage.before().await;
    stage.command(&["service", "disable", "loyalty"]).await;
    let since = Instant::now();
    for node in nodes() {
        let (bank, loyalty) = (client(node, "bank-web"), client(node, "loyalty-api"));
        within_a_second(row, since, async || scope_left(&bank, &before.bank.0).await.as_deref() == Some(LESS)).await;
        within_a_second(row, since, async || loyalty.post("/oauth2/introspect", &[("token", "x")]).await.status.as_u16() == 401).await;
    }
    stage.link_is(before.person.link, LinkState::Active, "link rows of a disabled service stay as they are").await;
    stage.command(&["service", "enable", "loyalty"]).await;
    for node in nodes() {
        let loyalty = client(node, "loyalty-api");
        within_a_second(row, Instant::now(), async || loyalty.post("/oauth2/introspect", &[("token", "x")]).await.status.as_u16() == 200)
            .await;
    }
    stage.row(&before, "switching the loyalty programme on again revives nothing", Narrower, Whole).await;

    let row = "the bank is switched off";
    let before = stage.before().await;
    stage.command(&["service", "disable", "bank"]).await;
    let since = Instant::now();
    for node in nodes() {
        let (bank, loyalty) = (client(node, "bank-web"), client(node, "loyalty-api"));
        within_a_second(row, since, async || !loyalty.sees_active(&before.at_loyalty).await).await;
        within_a_second(row, since, async || bank.userinfo(&before.bank.0).await.status.as_u16() == 401).await;
    }
    stage.command(&["service", "enable", "bank"]).await;
    for node in nodes() {
        let bank = client(node, "bank-web");
        within_a_second(row, Instant::now(), async || bank.post("/oauth2/introspect", &[("token", "x")]).await.status.as_u16() == 200)
            .await;
    }
    stage.row(&before, "switching the bank on again revives nothing", Nothing, Whole).await;
    stage.link_is(before.at_bank, LinkState::Active, "link rows of a disabled service stay as they are").await;
}
