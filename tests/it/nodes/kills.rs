//! kill -9 of one of two nodes while it works: nothing acknowledged is lost, nothing half done is visible (F1).

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use concord::clock::Clock;
use concord::crypto::random::Random;
use concord::model::flow::LinkDecision;
use concord::model::grant::Grant;
use concord::model::ids::LinkId;
use concord::model::link::LinkState;
use futures_util::future::join_all;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::task::JoinSet;

use super::stage::{Desk, Pair, client, eventually, look_at_the_clock, scope_left, text, wire, within_a_second};
use crate::support::World;
use crate::support::client::Client;
use crate::support::http::Answer;
use crate::support::keys::random;
use crate::support::node::Node;
use crate::tokens::ecosystem::{Code, Ecosystem, Person};

/// Of each kind, so many are under way when the node is killed.
const OF_EACH: usize = 2;
const ALL: &str = "openid offline_access loyalty";
const LESS: &str = "openid offline_access";

/// What is interrupted; every kill is aimed at one of these, in turn.
const KINDS: [&str; 4] = ["redemption", "refresh", "link activation", "withdrawal"];

/// Something that a client or a person does at a node.
enum Deed {
    Redeem { grant: Grant, code: Code },
    Refresh { grant: Grant, shown: String },
    Activate { grant: Grant, code: Code, link: LinkId },
    Withdraw { person: Person, token: String, desk: Desk },
}

impl Deed {
    fn kind(&self) -> &'static str {
        match self {
            Self::Redeem { .. } => KINDS[0],
            Self::Refresh { .. } => KINDS[1],
            Self::Activate { .. } => KINDS[2],
            Self::Withdraw { .. } => KINDS[3],
        }
    }
}

/// What became of the deeds of one kind.
#[derive(Default)]
struct Tally {
    acknowledged: usize,
    /// Committed, but nobody was told.
    done: usize,
    /// Not begun, or rolled back.
    undone: usize,
}

/// The stores and the people; the nodes come and go beside it.
struct Stage {
    /// To look from the side: a connection costs more than a look.
    side: PgPool,
    world: World,
    eco: Ecosystem,
    tallies: Mutex<BTreeMap<&'static str, Tally>>,
    accounts: AtomicUsize,
}

impl Stage {
    async fn open() -> (Self, [Node; 2]) {
        // Longer than a busy machine may need to look at what became of a round.
        let pair = Pair::with(|_, deployment| deployment.set("CONCORD_TOKENS__REFRESH_GRACE", "60s")).await;
        let Pair { one, other, eco, world, .. } = pair;
        let side = PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(30));
        let side = side.connect(world.database_url()).await.expect("PostgreSQL answers");
        (Self { side, world, eco, tallies: Mutex::default(), accounts: AtomicUsize::new(1) }, [one, other])
    }

    fn account(&self, kind: &str) -> &'static str {
        Box::leak(format!("{kind}-{}", self.accounts.fetch_add(1, Ordering::Relaxed)).into_boxed_str())
    }

    async fn deeds(&self, node: &Node) -> Vec<Deed> {
        look_at_the_clock(&self.world);
        let eco = &self.eco;
        let mut deeds = Vec::new();
        for _ in 0..OF_EACH {
            let person = eco.person_with_account(self.account("L")).await;
            let grant = eco.grant(&person, "bank-web", ALL).await;
            let code = eco.code(&grant, "bank-web", None).await;
            deeds.push(Deed::Redeem { grant, code });

            let grant = eco.grant(&person, "bank-web", ALL).await;
            let code = eco.code(&grant, "bank-web", None).await;
            let shown = eco.redeem("bank-web", &code).await.expect("tokens").refresh_token.expect("one");
            deeds.push(Deed::Refresh { grant, shown });

            let link = LinkId::new(eco.core.random.uuid_v7(eco.now()));
            eco.link(link, person.customer, eco.bank, self.account("B"), LinkState::PendingActivation).await;
            let grant = eco.grant(&person, "bank-web", LESS).await;
            let code = eco.code(&grant, "bank-web", Some(LinkDecision::Accepted(link))).await;
            deeds.push(Deed::Activate { grant, code, link });

            let person = eco.person_with_account(self.account("L")).await;
            let token = eco.signed_in(&person, "bank-web", ALL).await.access_token;
            let desk = Desk::open(node, &person).await;
            deeds.push(Deed::Withdraw { person, token, desk });
        }
        deeds
    }

    /// One number of the database, seen from the side.
    async fn count(&self, query: impl Display) -> i64 {
        let query = sqlx::AssertSqlSafe(query.to_string());
        sqlx::query_scalar(query).fetch_one(&self.side).await.expect("a number")
    }

    /// Whether a code was used; used or not, all of what belongs to that is there or none of it.
    async fn used(&self, grant: &Grant) -> bool {
        let id = grant.id.uuid();
        let used = self.count(format!("SELECT COUNT(*) FROM codes WHERE grant_id = '{id}' AND used_at IS NOT NULL")).await;
        let families =
            self.count(format!("SELECT COUNT(*) FROM families WHERE grant_id = '{id}' AND generation = 1 AND ended_at IS NULL")).await;
        assert_eq!(used, families, "a code is used exactly when its family was made");
        assert_eq!(self.count(format!("SELECT COUNT(*) FROM grants WHERE id = '{id}' AND ended_at IS NOT NULL")).await, 0);
        used == 1
    }

    /// Looks at one deed from the node that survived.
    async fn look(&self, deed: Deed, answer: Option<Answer>, survivor: &Client) -> Acknowledged {
        let (told, kind) = (answer.is_some(), deed.kind());
        let (done, left) = match deed {
            Deed::Redeem { grant, code } => self.look_at_code(&grant, &code, answer, survivor, None).await,
            Deed::Activate { grant, code, link } => self.look_at_code(&grant, &code, answer, survivor, Some(link)).await,
            Deed::Refresh { grant, shown } => self.look_at_refresh(&grant, &shown, answer, survivor).await,
            Deed::Withdraw { person, token, desk } => self.look_at_withdrawal(&person, token, &desk, answer, survivor).await,
        };
        let mut tallies = self.tallies.lock().expect("tallies");
        let tally = tallies.entry(kind).or_default();
        match (told, done) {
            (true, _) => tally.acknowledged += 1,
            (false, true) => tally.done += 1,
            (false, false) => tally.undone += 1,
        }
        left
    }

    async fn look_at_code(
        &self,
        grant: &Grant,
        code: &Code,
        answer: Option<Answer>,
        survivor: &Client,
        link: Option<LinkId>,
    ) -> (bool, Acknowledged) {
        let done = self.used(grant).await;
        if let Some(link) = link {
            self.look_at_link(link, done).await;
        }
        let scope = if link.is_some() { LESS } else { ALL };
        let tokens = match answer {
            Some(answer) => {
                assert!(done, "acknowledged and lost");
                answer.expect(200).json()
            }
            // Nobody has the tokens; whoever tries again is told so.
            None if done => {
                assert_eq!(survivor.redeem(&code.code, &code.verifier).await.expect(400).error(), "invalid_grant");
                return (true, Acknowledged::Nothing);
            }
            None => survivor.redeem(&code.code, &code.verifier).await.expect(200).json(),
        };
        if let Some(link) = link {
            assert_eq!(tokens["link_status"], "active");
            self.look_at_link(link, true).await;
        }
        let access = text(&tokens, "access_token");
        assert_eq!(scope_left(survivor, &access).await.as_deref(), Some(scope), "an acknowledged token is active");
        let renewed = survivor.refresh(&text(&tokens, "refresh_token")).await.expect(200).json();
        assert_eq!(scope_left(survivor, &text(&renewed, "access_token")).await.as_deref(), Some(scope));
        (done, Acknowledged::Scope(access, scope))
    }

    /// A link is active with its own evidence and consent, or it waits; never something between.
    async fn look_at_link(&self, link: LinkId, active: bool) {
        let expected = if active { LinkState::Active } else { LinkState::PendingActivation };
        assert_eq!(self.eco.link_state(link).await, expected, "as its code");
        let (id, at) = (link.uuid(), if active { "NOT NULL" } else { "NULL" });
        let whole = format!(
            "SELECT COUNT(*) FROM links l
             JOIN consents c ON c.id = l.consent_id AND c.link_id = l.id AND c.customer_id = l.customer_id AND c.state = 'given'
             JOIN evidence e ON e.id = l.evidence_id AND e.link_id = l.id AND e.customer_id = l.customer_id
             WHERE l.id = '{id}' AND l.activated_at IS {at}"
        );
        assert_eq!(self.count(whole).await, 1, "{expected:?} with its evidence and consent");
        let steps = format!("SELECT COUNT(*) FROM link_transitions WHERE link_id = '{id}' AND to_state = 'active'");
        assert_eq!(self.count(steps).await, i64::from(active));
    }

    async fn look_at_refresh(&self, grant: &Grant, shown: &str, answer: Option<Answer>, survivor: &Client) -> (bool, Acknowledged) {
        let (id, before) = (grant.id.uuid(), self.eco.generation(shown).await.0);
        let generation = self.count(format!("SELECT generation FROM families WHERE grant_id = '{id}' AND ended_at IS NULL")).await;
        assert!(generation == before || generation == before + 1, "{generation}");
        let done = generation == before + 1;
        if answer.is_some() {
            assert!(done, "acknowledged and lost");
        }
        let told = answer.is_some();
        let tokens = match answer {
            Some(answer) => answer.expect(200).json(),
            // An answer was lost on the way: the same token gets the same successor, or the first.
            None => survivor.refresh(shown).await.expect(200).json(),
        };
        assert_eq!(self.eco.generation(&text(&tokens, "refresh_token")).await.0, before + 1, "one generation was made, whoever made it");
        let access = text(&tokens, "access_token");
        assert_eq!(scope_left(survivor, &access).await.as_deref(), Some(ALL));
        assert!(survivor.refresh(&text(&tokens, "refresh_token")).await.status.is_success(), "it goes on");
        (done, if told { Acknowledged::Scope(access, ALL) } else { Acknowledged::Nothing })
    }

    async fn look_at_withdrawal(
        &self,
        person: &Person,
        token: String,
        desk: &Desk,
        answer: Option<Answer>,
        survivor: &Client,
    ) -> (bool, Acknowledged) {
        let since = Instant::now();
        let (consent, customer) = (person.reads_loyalty, person.customer);
        let withdrawn = format!("SELECT COUNT(*) FROM consents WHERE id = '{}' AND state = 'withdrawn'", consent.uuid());
        let events = format!("SELECT COUNT(*) FROM consent_events WHERE consent_id = '{}' AND kind = 'withdrawn'", consent.uuid());
        let feed = format!("SELECT COUNT(*) FROM invalidations WHERE kind = 'customer' AND key = '{customer}'");
        let done = self.count(&withdrawn).await == 1;
        assert_eq!(self.count(&events).await, i64::from(done), "withdrawn exactly when the ledger says so");
        assert_eq!(self.count(&feed).await > 0, done, "and when every node is told");
        match answer {
            Some(answer) => {
                assert!(done, "acknowledged and lost");
                assert_eq!(answer.expect(303).header("location"), Some("/account?done=withdrawn&service=bank"));
            }
            None if !done => {
                assert_eq!(scope_left(survivor, &token).await.as_deref(), Some(ALL), "nothing was withdrawn");
                desk.withdraw(&survivor.wire, &consent.to_string()).send().await.expect(303);
            }
            None => {}
        }
        within_a_second("the withdrawal", since.max(Instant::now()), async || scope_left(survivor, &token).await.as_deref() == Some(LESS))
            .await;
        (done, Acknowledged::Scope(token, LESS))
    }
}

/// What must hold at the killed node, too, when it is back.
enum Acknowledged {
    Scope(String, &'static str),
    Nothing,
}

/// Sends everything to one node at once.
fn send_all(deeds: &[Deed], node: &Node) -> JoinSet<(usize, Option<Answer>)> {
    let mut under_way = JoinSet::new();
    for (number, deed) in deeds.iter().enumerate() {
        let client = client(node, "bank-web");
        match deed {
            Deed::Redeem { code, .. } | Deed::Activate { code, .. } => {
                let form: Vec<(String, String)> = code.form().into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
                under_way.spawn(async move {
                    let form: Vec<_> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                    (number, acknowledged(client.try_post("/oauth2/token", &form).await))
                });
            }
            Deed::Refresh { shown, .. } => {
                let shown = shown.clone();
                under_way.spawn(async move {
                    let form = [("grant_type", "refresh_token"), ("refresh_token", shown.as_str())];
                    (number, acknowledged(client.try_post("/oauth2/token", &form).await))
                });
            }
            Deed::Withdraw { person, desk, .. } => {
                let request = desk.withdraw(&wire(node), &person.reads_loyalty.to_string());
                under_way.spawn(async move { (number, acknowledged(request.try_send().await)) });
            }
        }
    }
    under_way
}

/// Whether it was acknowledged; a node that could not (503) promised nothing.
fn acknowledged(answer: Result<Answer, reqwest::Error>) -> Option<Answer> {
    let answer = answer.ok()?;
    assert!(matches!(answer.status.as_u16(), 200 | 303 | 503), "{} {}: {}", answer.status, answer.url, answer.text());
    (answer.status.as_u16() != 503).then_some(answer)
}

/// When a node is killed.
enum Moment {
    /// With so many deeds of a kind answered.
    Answered(usize),
    /// So long after all were sent.
    After(Duration),
}

/// Waits for the moment; what was answered until then.
async fn wait_for(
    moment: &Moment,
    kind: &str,
    deeds: &[Deed],
    under_way: &mut JoinSet<(usize, Option<Answer>)>,
) -> Vec<(usize, Option<Answer>)> {
    let mut answered = Vec::new();
    match *moment {
        Moment::After(later) => tokio::time::sleep(later).await,
        Moment::Answered(count) => {
            let of_the_kind = |answered: &[(usize, _)]| answered.iter().filter(|(number, _)| deeds[*number].kind() == kind).count();
            while of_the_kind(&answered) < count {
                let Some(answer) = under_way.join_next().await else { break };
                answered.push(answer.expect("no panic"));
            }
        }
    }
    answered
}

/// Aims each kill at the kinds in turn: now when some of the kind are answered, now at a time within what that took before.
struct Aim {
    chance: Random,
    took: BTreeMap<&'static str, Duration>,
}

impl Aim {
    fn kind(round: usize) -> &'static str {
        KINDS[round % KINDS.len()]
    }

    /// A kind's turns: answered, early, answered, late, and so on; exactly when is for chance to say.
    fn moment(&self, round: usize) -> Moment {
        let share = (self.chance.u64() % 1000) as f64 / 1000.0;
        match round / KINDS.len() % 4 {
            // Before the fastest of them can all be through.
            1 => Moment::After(self.took.values().min().expect("all were measured").mul_f64(0.75 * share)),
            3 => Moment::After(self.took[Self::kind(round)].mul_f64(0.5 + share)),
            _ => Moment::Answered(1 + self.chance.u64() as usize % OF_EACH),
        }
    }
}

/// A node that has just started opens its connections and fills its memory first: that is not what is to be interrupted.
async fn warm(node: &Node) {
    let client = Arc::new(client(node, "bank-web"));
    let mut callers = JoinSet::new();
    for _ in 0..4 * OF_EACH {
        let client = Arc::clone(&client);
        callers.spawn(async move { client.redeem("no such code", &random()).await.expect(400) });
    }
    callers.join_all().await;
}

/// Kills nodes in turn, each at a moment that chance picks.
async fn kills(rounds: usize) {
    let seed = std::env::var("TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| Clock::System.now().millis().unsigned_abs());
    println!("{rounds} kills, TEST_SEED={seed}");
    let mut aim = Aim { chance: Random::seeded(seed), took: BTreeMap::new() };
    let (stage, mut nodes) = Stage::open().await;
    let mut deeds = stage.deeds(&nodes[0]).await;
    for round in 0..rounds {
        let [one, other] = &mut nodes;
        let (doomed, staying) = if aim.chance.u64().is_multiple_of(2) { (one, other) } else { (other, one) };
        let (back, survivor) = (client(doomed, "bank-web"), client(staying, "bank-web"));
        warm(doomed).await;
        warm(doomed).await;
        let (kind, moment) = (Aim::kind(round), aim.moment(round));
        let mut under_way = send_all(&deeds, doomed);
        let sent = Instant::now();
        let mut answers = wait_for(&moment, kind, &deeds, &mut under_way).await;
        if matches!(moment, Moment::Answered(_)) {
            aim.took.insert(kind, sent.elapsed());
        }
        doomed.kill();
        answers.extend(under_way.join_all().await);
        answers.sort_by_key(|(number, _)| *number);
        settled(&stage).await;
        let looks = deeds.into_iter().zip(answers).map(|(deed, (_, answer))| stage.look(deed, answer, &survivor));
        // The killed node comes back while the other is asked what became of it all.
        let (kept, (), next) = tokio::join!(join_all(looks), doomed.restart(), stage.deeds(staying));
        for acknowledged in kept {
            if let Acknowledged::Scope(token, scope) = acknowledged {
                assert_eq!(scope_left(&back, &token).await.as_deref(), Some(scope), "round {round}: at the node that was killed");
            }
        }
        deeds = next;
    }
    let tallies = std::mem::take(&mut *stage.tallies.lock().expect("tallies"));
    for (kind, tally) in &tallies {
        println!("  {kind}: {} acknowledged, {} done and not told, {} not done", tally.acknowledged, tally.done, tally.undone);
    }
    let links = "SELECT COUNT(*) FROM links WHERE state = 'active' AND (consent_id IS NULL OR evidence_id IS NULL)";
    assert_eq!(stage.count(links).await, 0);
    // The proof is not empty: of each kind as many were under way, some were acknowledged before a kill and some cut by one.
    for kind in KINDS {
        let tally = &tallies[kind];
        assert_eq!(tally.acknowledged + tally.done + tally.undone, rounds * OF_EACH, "{kind}");
        assert!(tally.acknowledged > 0, "{kind}: nothing was acknowledged");
        assert!(tally.done + tally.undone > 0, "{kind}: no kill met it under way");
    }
}

/// PostgreSQL may still be busy with the last transaction of a process that is gone: until it is not, nothing is decided.
async fn settled(stage: &Stage) {
    let running = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'concord'
                   AND state <> 'idle' AND xact_start < now() - INTERVAL '100 milliseconds'";
    eventually("the killed node's transactions end", async || stage.count(running).await == 0).await;
    tokio::time::sleep(Duration::from_millis(120)).await;
    eventually("the killed node's transactions end", async || stage.count(running).await == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f1_twenty_kills_lose_nothing_acknowledged_and_leave_nothing_half_done() {
    kills(20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: make soak"]
async fn soak_f1_two_hundred_kills_lose_nothing_acknowledged_and_leave_nothing_half_done() {
    kills(200).await;
}
