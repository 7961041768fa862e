//! Redis forgets everything, goes, and comes back empty while a crowd is at work at two nodes: nothing is taken twice, nothing
//! revives, nobody sees a 5xx but a 503 that says when to come again, and the work goes on by itself (F12, SI1, SI5).

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::flush::Stage;
use super::stage::{Desk, Pair, at_both, client, eventually, scope_left, text, wire};
use crate::support::client::{Client, Credentials};
use crate::support::http::{Answer, parameter};
use crate::support::keys::Key;
use crate::support::person::Person as Visitor;
use crate::tokens::ecosystem::{Code, Person};

const ALL: &str = "openid offline_access loyalty";
const LESS: &str = "openid offline_access";

/// What the crowd does, two at each.
const WORK: [&str; 6] = ["redeem", "refresh", "authenticate", "sign in", "withdraw", "look"];

/// What was used or has ended.
#[derive(Default)]
struct Spent {
    codes: Vec<Code>,
    refresh: Vec<String>,
    assertions: Vec<String>,
    /// Inactive for ever.
    ended: Vec<(String, Instant)>,
    /// Without the loyalty programme for ever.
    narrowed: Vec<(String, Instant)>,
}

struct Town {
    pair: Pair,
    key: Key,
    bank: [Arc<Client>; 2],
    clock: Mutex<()>,
    number: AtomicUsize,
    over: AtomicBool,
    done: [AtomicUsize; WORK.len()],
    spent: Mutex<Spent>,
}

/// An answer, unless it is "come again later".
fn said(answer: Answer, began: Instant) -> Option<Answer> {
    if answer.status.as_u16() < 500 {
        return Some(answer);
    }
    assert_eq!(answer.status.as_u16(), 503, "{}: {}", answer.url, answer.text());
    assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok()), "a 503 without Retry-After");
    assert!(began.elapsed() < Duration::from_secs(30), "{}: still 503 after half a minute", answer.url);
    None
}

/// Asks until there is one.
macro_rules! asked {
    ($send:expr) => {{
        let began = Instant::now();
        loop {
            if let Some(answer) = said($send.await, began) {
                break answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }};
}

impl Town {
    /// One of the answers of both nodes is a success, the other says `invalid_grant`.
    async fn once(&self, form: &[(&str, &str)]) -> serde_json::Value {
        let [one, other] = &self.bank;
        let (a, b) = tokio::join!(async { asked!(one.token(form)) }, async { asked!(other.token(form)) });
        let (won, lost) = if a.status.as_u16() == 200 { (a, b) } else { (b, a) };
        assert_eq!(lost.expect(400).error(), "invalid_grant", "taken twice");
        won.expect(200).json()
    }

    fn spend(&self, note: impl FnOnce(&mut Spent)) {
        note(&mut self.spent.lock().expect("what is spent"));
    }

    async fn code(&self, person: &Person, client_id: &str, scope: &str) -> Code {
        {
            let _one = self.clock.lock().expect("the clock");
            self.pair.look_at_the_clock();
        }
        let grant = self.pair.eco.grant(person, client_id, scope).await;
        self.pair.eco.code(&grant, client_id, None).await
    }

    async fn person(&self) -> Person {
        let account = format!("L-{}", self.number.fetch_add(1, Ordering::Relaxed));
        self.pair.eco.person_with_account(Box::leak(account.into_boxed_str())).await
    }

    /// A code shown at both nodes at once is taken once, and ends with that.
    async fn redeem(&self, person: &Person) {
        let code = self.code(person, "bank-web", LESS).await;
        let tokens = self.once(&code.form()).await;
        self.spend(|spent| {
            spent.codes.push(code);
            spent.refresh.push(text(&tokens, "refresh_token"));
            spent.ended.push((text(&tokens, "access_token"), Instant::now()));
        });
    }

    /// Two renewals at two nodes; then one token at both at once.
    async fn refresh(&self, person: &Person) {
        let [one, other] = &self.bank;
        let code = self.code(person, "bank-web", LESS).await;
        let mut tokens = asked!(one.redeem(&code.code, &code.verifier)).expect(200).json();
        let mut shown = vec![text(&tokens, "refresh_token")];
        for client in [other, one] {
            let last = shown.last().expect("a token").clone();
            tokens = asked!(client.refresh(&last)).expect(200).json();
            shown.push(text(&tokens, "refresh_token"));
        }
        let last = shown.last().expect("a token").clone();
        let next = self.once(&[("grant_type", "refresh_token"), ("refresh_token", &last)]).await;
        shown.push(text(&next, "refresh_token"));
        let now = Instant::now();
        self.spend(|spent| {
            spent.refresh.extend(shown);
            spent.ended.extend([(text(&tokens, "access_token"), now), (text(&next, "access_token"), now)]);
        });
    }

    async fn present(&self, at: usize, assertion: &str) -> u16 {
        let form = [
            ("token", "x"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ];
        asked!(wire(self.pair.nodes()[at]).post("/oauth2/introspect").form(form).send()).status.as_u16()
    }

    /// An assertion shown at both nodes at once counts once.
    async fn authenticate(&self) {
        let keyed = Client { id: "keyed-api".into(), credentials: Credentials::None, ..client(&self.pair.one, "bank-web") };
        let assertion = self.key.sign("JWT", &keyed.assertion());
        let (a, b) = tokio::join!(self.present(0, &assertion), self.present(1, &assertion));
        assert_eq!([a.min(b), a.max(b)], [200, 401], "an assertion counts once");
        self.spend(|spent| spent.assertions.push(assertion));
    }

    /// Another browser of somebody who has a password: signs in by the pages at one node, the code is redeemed at the other.
    async fn sign_in(&self, visitor: &Visitor, round: usize) {
        let (here, there) = (self.pair.nodes()[round % 2], self.pair.nodes()[(round + 1) % 2]);
        let mut visitor = visitor.elsewhere(&wire(here));
        let cinema = client(here, "cinema-web");
        let pending = cinema.authorize(&[]);
        let back = cinema.returned(&pending, &visitor.walk(pending.url.as_str()).await);
        let code = parameter(&back, "code").expect("a code");
        let elsewhere = client(there, "cinema-web");
        asked!(elsewhere.redeem(&code, &pending.verifier)).expect(200);
    }

    /// A person takes back what the bank may read: known at both nodes within a second.
    async fn withdraw(&self, round: usize) {
        let person = self.person().await;
        let (here, desk) = (self.pair.nodes()[round % 2], Desk::open(&self.pair.one, &person).await);
        let code = self.code(&person, "bank-web", ALL).await;
        let tokens = asked!(self.bank[0].redeem(&code.code, &code.verifier)).expect(200).json();
        let token = text(&tokens, "access_token");
        assert_eq!(scope_left(&self.bank[1], &token).await.as_deref(), Some(ALL));
        let consent = person.reads_loyalty.to_string();
        asked!(desk.withdraw(&wire(here), &consent).send()).expect(303);
        let since = Instant::now();
        for client in &self.bank {
            loop {
                let asked = since.elapsed();
                if scope_left(client, &token).await.as_deref() == Some(LESS) {
                    break;
                }
                assert!(asked < Duration::from_secs(1), "not known {} ms after it was withdrawn", asked.as_millis());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        self.spend(|spent| spent.narrowed.push((token, since)));
    }

    /// What has ended is looked at again and again, the oldest and the newest: it stays as it was told.
    async fn look(&self, round: usize) {
        let (ended, narrowed) = {
            let spent = self.spent.lock().expect("what is spent");
            let known = |of: &[(String, Instant)]| {
                let of: Vec<_> =
                    of.iter().filter(|(_, since)| since.elapsed() > Duration::from_secs(1)).map(|(token, _)| token.clone()).collect();
                of.iter().take(2).chain(of.iter().rev().take(2)).cloned().collect::<Vec<_>>()
            };
            (known(&spent.ended), known(&spent.narrowed))
        };
        let client = &self.bank[round % 2];
        for token in ended {
            assert_eq!(scope_left(client, &token).await, None, "ended and back");
        }
        for token in narrowed {
            assert_eq!(scope_left(client, &token).await.as_deref(), Some(LESS), "withdrawn and back");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    /// One of the crowd, until it is over.
    async fn work(self: Arc<Self>, kind: usize, visitor: Option<Visitor>) {
        let person = self.person().await;
        for round in 0.. {
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            match WORK[kind] {
                "redeem" => self.redeem(&person).await,
                "refresh" => self.refresh(&person).await,
                "authenticate" => self.authenticate().await,
                "sign in" => self.sign_in(visitor.as_ref().expect("somebody with a password"), round).await,
                "withdraw" => self.withdraw(round).await,
                _ => self.look(round).await,
            }
            self.done[kind].fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counted(&self) -> [usize; WORK.len()] {
        std::array::from_fn(|kind| self.done[kind].load(Ordering::Relaxed))
    }

    /// Nothing that was used before may be used again, at either node.
    async fn nothing_can_be_used_again(&self) {
        let spent = std::mem::take(&mut *self.spent.lock().expect("what is spent"));
        println!(
            "  {} codes, {} refresh tokens, {} assertions, {} tokens ended and {} narrowed",
            spent.codes.len(),
            spent.refresh.len(),
            spent.assertions.len(),
            spent.ended.len(),
            spent.narrowed.len()
        );
        for (at, client) in self.bank.iter().enumerate() {
            for code in &spent.codes {
                assert_eq!(client.redeem(&code.code, &code.verifier).await.expect(400).error(), "invalid_grant");
            }
            for token in &spent.refresh {
                assert_eq!(client.refresh(token).await.expect(400).error(), "invalid_grant");
            }
            for assertion in &spent.assertions {
                assert_eq!(self.present(at, assertion).await, 401);
            }
            for (token, _) in &spent.ended {
                assert_eq!(scope_left(client, token).await, None);
            }
            for (token, _) in &spent.narrowed {
                assert_eq!(scope_left(client, token).await.as_deref(), Some(LESS));
            }
        }
    }
}

/// The crowd, and whether all of it goes on.
struct Crowd {
    town: Arc<Town>,
    workers: JoinSet<()>,
}

impl Crowd {
    async fn gather(pair: Pair, key: Key) -> Self {
        let bank = at_both(pair.nodes(), "bank-web");
        let (clock, number, over, done, spent) = Default::default();
        let town = Arc::new(Town { pair, key, bank, clock, number, over, done, spent });
        let mut workers = JoinSet::new();
        for name in ["anna", "boris"] {
            let mut visitor = Visitor::new(name, &wire(&town.pair.one), town.pair.world.folder.path().join("mail"));
            let cinema = client(&town.pair.one, "cinema-web");
            let pending = cinema.authorize(&[]);
            let registered = visitor.walk(pending.url.as_str()).await;
            assert!(parameter(&cinema.returned(&pending, &registered), "code").is_some());
            for (kind, work) in WORK.into_iter().enumerate() {
                let visitor = (work == "sign in").then(|| visitor.elsewhere(&wire(&town.pair.one)));
                workers.spawn(Arc::clone(&town).work(kind, visitor));
            }
        }
        Self { town, workers }
    }

    /// Work of every kind that began after this moment comes to its end.
    async fn goes_on(&mut self, when: &str) {
        let (before, began) = (self.town.counted(), Instant::now());
        // Two of each kind were under way.
        while self.town.counted().iter().zip(before).any(|(now, before)| *now < before + 3) {
            if let Some(Err(stopped)) = self.workers.try_join_next() {
                panic!("{when}: {stopped}");
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{when}: {WORK:?} from {before:?} to {:?}", self.town.counted());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn disperse(self) -> Arc<Town> {
        self.town.over.store(true, Ordering::Relaxed);
        self.workers.join_all().await;
        self.town
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f12_while_a_crowd_is_at_work_a_flush_and_a_restart_of_redis_stop_nothing_and_allow_nothing_twice() {
    let stage = Stage::with(|deployment| {
        // No grace: one use of a refresh token, and no more. What is refused here on purpose is no attack.
        deployment.set("CONCORD_TOKENS__REFRESH_GRACE", "0s").set("CONCORD_LIMITS__CLIENT_FAILURES_MINUTE", "1000000")
    })
    .await;
    let Stage { pair, mut redis, key } = stage;
    let mut crowd = Crowd::gather(pair, key).await;
    crowd.goes_on("before").await;
    for _ in 0..2 {
        redis.flush().await;
        crowd.goes_on("after a flush").await;
    }
    for _ in 0..2 {
        redis.stop();
        crowd.goes_on("without Redis").await;
        redis.start_again().await;
        crowd.goes_on("with an empty Redis").await;
    }
    println!("crowd: {WORK:?} {:?}", crowd.town.counted());
    let town = crowd.disperse().await;
    for node in town.pair.nodes() {
        eventually("ready again", async || node.readiness().await.0 == 200).await;
    }
    town.nothing_can_be_used_again().await;
    redis.flush().await;
    let person = town.person().await;
    town.redeem(&person).await;
    town.nothing_can_be_used_again().await;
}
