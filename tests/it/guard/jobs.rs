//! Work without a request: in its time, once, in batches, and again after a failure.

use std::sync::Arc;
use std::time::Duration;

use concord::jobs::Means;
use concord::model::actor::Actor;
use concord::model::customer::Session;
use concord::model::flow::LinkDecision;
use concord::model::ids::SessionId;
use concord::model::link::LinkState;
use concord::model::notice::{About, Notice};
use concord::outbound::mail::Mailer;
use concord::protocol::acr::{Acr, Amr};
use concord::protocol::locale::Locale;
use concord::storage::{outbox, sessions, tries};
use concord::usecases::{backchannel, notices, switch_partner};

use crate::support::partner::Partner;
use crate::support::{World, on_both};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// A node that keeps its mails in memory.
fn node(world: &World) -> (Means, concord::outbound::mail::OutboxStore) {
    let mut config = world.core.config.mail.clone();
    config.transport = concord::config::MailTransport::Outbox;
    let mailer = Mailer::new(&config);
    let kept = mailer.outbox().expect("an outbox").clone();
    (Means::new(Arc::clone(&world.core), mailer).expect("means"), kept)
}

/// A node whose mails go into a folder that cannot be one until it is made so.
fn failing_node(world: &World) -> (Means, std::path::PathBuf) {
    let place = world.folder.path().join("in-the-way");
    std::fs::write(&place, "a file").expect("a file");
    let mut config = world.core.config.mail.clone();
    config.transport = concord::config::MailTransport::File;
    config.dir = place.clone();
    (Means::new(Arc::clone(&world.core), Mailer::new(&config)).expect("means"), place)
}

async fn run(means: &Means, job: &str) -> usize {
    means.run_once(job).await.expect("a job").expect("done")
}

/// Puts codes into the outbox, one for each address.
async fn enqueue(world: &World, count: usize) {
    let now = world.now();
    world
        .write(move |tx, core| {
            Box::pin(async move {
                for number in 0..count {
                    let about = About::OneTimeCode { code: "123456".into(), valid_minutes: 10, service: None };
                    let notice = Notice { to: format!("reader-{number}@example.org"), locale: Locale::En, about };
                    notices::enqueue(tx, &core, None, &notice, now).await?;
                }
                Ok(())
            })
        })
        .await;
}

/// A signed-in browser.
async fn session(world: &World, customer: concord::model::ids::CustomerId, life: Duration) -> SessionId {
    let (id, digest, now): (_, [u8; 32], _) = (SessionId::new(world.random.uuid_v7(world.now())), world.random.bytes(), world.now());
    world
        .write(move |tx, _| {
            Box::pin(async move {
                let session = Session {
                    id,
                    customer,
                    auth_time: now,
                    acr: Acr::Aal1,
                    amr: vec![Amr::Pwd],
                    device: String::new(),
                    created_at: now,
                    seen_at: now,
                    expires_at: now + life,
                };
                sessions::insert(tx, &digest, &session, 0).await
            })
        })
        .await;
    id
}

on_both! {
    /// Two nodes at the same messages: each is sent once, in batches, and nothing of it is kept.
    async fn each_mail_is_sent_once_however_many_nodes_there_are(world: World) {
        let ((one, first), (other, second)) = (node(&world), node(&world));
        enqueue(&world, 100).await;
        let taken = run(&one, "mails").await;
        assert_eq!(taken, 64, "a batch has a bound");
        enqueue(&world, 60).await;
        loop {
            let (a, b) = tokio::join!(run(&one, "mails"), run(&other, "mails"));
            if a + b == 0 {
                break;
            }
        }
        let mut readers: Vec<String> = first.newest_first().into_iter().chain(second.newest_first()).map(|kept| kept.mail.to).collect();
        assert_eq!(readers.len(), 160);
        readers.sort();
        readers.dedup();
        assert_eq!(readers.len(), 100, "sixty of them had two");
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL OR length(payload) > 0 OR attempts <> 1").await, 0);
    }

    /// A mail that cannot leave is tried again, later each time, and given up after a day.
    async fn a_mail_that_fails_is_tried_again_later_each_time(world: World) {
        let (means, place) = failing_node(&world);
        enqueue(&world, 1).await;
        let due = || async { world.count("SELECT due_at FROM outbox").await };
        for (attempt, pause) in [2, 8, 32, 128, 512, 2048, 3600, 3600].into_iter().enumerate() {
            assert_eq!(run(&means, "mails").await, 1, "try {attempt}");
            assert_eq!(due().await, (world.now() + Duration::from_secs(pause)).millis());
            assert_eq!(run(&means, "mails").await, 0, "not before its time");
            world.pass(Duration::from_secs(pause) - Duration::from_millis(1));
            assert_eq!(run(&means, "mails").await, 0);
            world.pass(Duration::from_millis(1));
        }
        std::fs::remove_file(&place).expect("the way is free");
        assert_eq!(run(&means, "mails").await, 1);
        assert_eq!(std::fs::read_dir(&place).expect("a folder").count(), 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE sent_at IS NOT NULL").await, 1);

        std::fs::remove_dir_all(&place).expect("removed");
        std::fs::write(&place, "a file").expect("a file");
        enqueue(&world, 1).await;
        world.pass(DAY);
        assert_eq!(run(&means, "mails").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE given_up_at IS NOT NULL").await, 1);
        world.pass(DAY);
        assert_eq!(run(&means, "mails").await, 0);
    }

    /// A node that dies with a message in its hands: another sends it when the claim is over, not before.
    async fn a_claimed_mail_comes_back_after_its_claim(world: World) {
        let (means, kept) = node(&world);
        enqueue(&world, 1).await;
        let now = world.now();
        let claimed = world
            .write(move |tx, _| {
                Box::pin(async move {
                    let id = outbox::due(tx, now).await?[0].id;
                    let first = outbox::claim(tx, id, now, now + MINUTE).await?;
                    Ok((first, outbox::claim(tx, id, now, now + MINUTE).await?))
                })
            })
            .await;
        assert_eq!(claimed, (true, false), "one claim at a time");
        world.pass(MINUTE - Duration::from_millis(1));
        assert_eq!(run(&means, "mails").await, 0);
        world.pass(Duration::from_millis(1));
        assert_eq!((run(&means, "mails").await, kept.newest_first().len()), (1, 1));
    }

    /// A message that was tampered with is given up at once, and the others are sent.
    async fn a_mail_that_does_not_open_is_given_up(world: World) {
        let (means, kept) = node(&world);
        enqueue(&world, 3).await;
        let swapped = "UPDATE outbox SET payload = (SELECT payload FROM outbox ORDER BY id DESC LIMIT 1) WHERE id = (SELECT id FROM outbox ORDER BY id LIMIT 1)";
        world.tamper(swapped).await.expect("changed");
        assert_eq!(run(&means, "mails").await, 3);
        assert_eq!(kept.newest_first().len(), 2);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE given_up_at IS NOT NULL").await, 1);
    }

    /// Clients are told of an ending; one that does not answer is told again, one that is gone is not.
    async fn logouts_are_delivered_and_repeated(world: World) {
        let (means, _) = node(&world);
        let client = Partner::start().await;
        let told = client.url("/logout");
        let shop = world.partner("shop", &[]).await;
        let document = format!("{{\"client_id\":\"shop\",\"scope\":\"openid\",\"redirect_uris\":[\"https://shop.test/cb\"],\"backchannel_logout_uri\":\"{told}\",\"grant_types\":[\"authorization_code\"]}}");
        world.tamper(&format!("UPDATE clients SET document = '{document}'")).await.expect("changed");
        let customer = world.customer().await;
        let sign_in = world.sign_in_consent(&shop, customer).await;
        world.grant(&shop, customer, sign_in, &[]).await;
        let now = world.now();
        client.answers("/logout", 503, &serde_json::Value::Null);
        world.write(move |tx, core| Box::pin(async move { backchannel::customer_ended(tx, &core, customer, "locked", now).await })).await;
        assert_eq!(run(&means, "logouts").await, 1);
        assert_eq!(run(&means, "logouts").await, 0, "not before its time");
        world.pass(Duration::from_secs(2));
        client.answers("/logout", 200, &serde_json::Value::Null);
        assert_eq!(run(&means, "logouts").await, 1);
        assert_eq!(client.received("/logout").len(), 2);
        world.pass(DAY);
        assert_eq!(run(&means, "logouts").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE sent_at IS NOT NULL").await, 1);
    }

    /// A service that is switched off has many to tell; whoever signs out meanwhile is told of before. Each customer is told of,
    /// also those of whom nothing but the grant is known.
    async fn a_sign_out_does_not_wait_for_a_client_that_is_switched_off(world: World) {
        let (means, _) = node(&world);
        let told = Partner::start().await;
        let (shop, bank) = (world.partner("shop", &[]).await, world.partner("bank", &[]).await);
        for code in ["shop", "bank"] {
            let (before, after) = (format!("https://{code}.test/logout"), told.url(&format!("/{code}")));
            world.tamper(&format!("UPDATE clients SET document = REPLACE(document, '{before}', '{after}')")).await.expect("changed");
        }
        for _ in 0..3 {
            let customer = world.customer().await;
            let sign_in = world.sign_in_consent(&shop, customer).await;
            world.grant(&shop, customer, sign_in, &[]).await;
        }
        let anna = world.customer().await;
        let sign_in = world.sign_in_consent(&bank, anna).await;
        world.grant(&bank, anna, sign_in, &[]).await;

        assert!(switch_partner::client(&world.core, "shop", false, &Actor::System("test")).await.expect("off"));
        let mut tx = world.database.read().await.expect("a connection");
        let due = outbox::due_of_kind(&mut tx, backchannel::SWITCHED_OFF, world.now()).await.expect("messages");
        drop(tx);
        assert!(backchannel::tell_switched_off(&world.core, &due[0].payload, world.now()).await.expect("told"), "all of them");
        world.pass(Duration::from_secs(1));
        let now = world.now();
        world.write(move |tx, core| Box::pin(async move { backchannel::customer_ended(tx, &core, anna, "locked", now).await })).await;

        assert_eq!(run(&means, "logouts").await, 1, "hers, although three are older");
        assert_eq!((told.received("/bank").len(), told.received("/shop").len()), (1, 0));
        assert_eq!(run(&means, "switched-off").await, 4, "the three, and the message that named the client");
        let subject = |request: &crate::support::partner::Received| {
            let token = request.field("logout_token").expect("a token");
            crate::tokens::ecosystem::claims(&token)["sub"].as_str().expect("a sub").to_owned()
        };
        let subjects: std::collections::BTreeSet<String> = told.received("/shop").iter().map(subject).collect();
        assert_eq!(subjects.len(), 3, "each of them once");
    }

    /// A row that cannot be read stays as it is, and those after it are done.
    async fn one_unreadable_row_stops_nobody(world: World) {
        let (means, _) = node(&world);
        let mut links = Vec::new();
        for (code, domain) in [("stars", "loyalty"), ("bank", "banking")] {
            let partner = world.partner(code, &[domain]).await;
            let customer = world.customer().await;
            let deciding = world.deciding(&partner, customer, world.propose(&partner, "A-1").await);
            let LinkDecision::Accepted(link) = world.accept(&deciding).await else { panic!("accepted") };
            links.push(link);
            let other = world.customer().await;
            let sign_in = world.sign_in_consent(&partner, other).await;
            session(&world, other, DAY).await;
            world.grant(&partner, other, sign_in, &[]).await;
        }
        let to_sessions = "UPDATE grants SET session_id = (SELECT s.id FROM sessions s WHERE s.customer_id = grants.customer_id)";
        assert_eq!(world.tamper(to_sessions).await.expect("changed"), 2);
        assert_eq!(world.tamper("UPDATE services SET document = 'not a document' WHERE code = 'stars'").await.expect("changed"), 1);

        world.pass(MINUTE * 20);
        assert_eq!(run(&means, "links").await, 1);
        assert_eq!((world.state(links[0]).await, world.state(links[1]).await), (LinkState::PendingActivation, LinkState::Expired));
        world.pass(DAY);
        assert_eq!(run(&means, "sessions").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL").await, 1);
        world.pass(DAY * 365 * 3);
        let done = run(&means, "consents").await;
        let given = |code: &'static str| {
            let count = format!("SELECT COUNT(*) FROM consents c JOIN services s ON s.id = c.recipient_id WHERE c.state = 'given' AND s.code = '{code}'");
            let world = &world;
            async move { world.count(&count).await }
        };
        assert!(done > 0 && given("bank").await == 0 && given("stars").await > 0, "{done} done");
        assert_eq!(run(&means, "consents").await, 0);
    }

    /// A table that cannot be cleaned is named, and the others are cleaned.
    async fn one_table_that_fails_does_not_keep_the_others_from_being_cleaned(world: World) {
        let (means, _) = node(&world);
        enqueue(&world, 2).await;
        run(&means, "mails").await;
        world.pass(DAY * 8);
        world.tamper("ALTER TABLE tries RENAME TO tries_elsewhere").await.expect("renamed");
        let failed = means.run_once("cleanup").await.expect("a job").expect_err("a table is missing");
        assert!(failed.starts_with("tries: ") && !failed.contains("; "), "{failed}");
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox").await, 0);
        world.tamper("ALTER TABLE tries_elsewhere RENAME TO tries").await.expect("renamed");
        run(&means, "cleanup").await;
    }

    /// The lease: while one node has the work, another leaves it alone; when the node is gone, the other goes on.
    async fn work_for_one_node_is_done_by_one_node(world: World) {
        let ((one, _), (other, _)) = (node(&world), node(&world));
        let stars = world.partner("stars", &["loyalty"]).await;
        let waiting = |account: &'static str| async {
            let customer = world.customer().await;
            let deciding = world.deciding(&stars, customer, world.propose(&stars, account).await);
            let LinkDecision::Accepted(link) = world.accept(&deciding).await else { panic!("accepted") };
            link
        };
        let link = waiting("L-1").await;
        assert_eq!(one.take_turn("links").await, Some(Ok(0)), "not over yet");
        assert_eq!(other.take_turn("links").await, Some(Ok(0)));
        world.pass(Duration::from_secs(70));
        one.take_turn("links").await;
        world.pass(Duration::from_secs(70));
        one.take_turn("links").await;
        for _ in 0..9 {
            world.pass(MINUTE);
            assert_eq!(other.take_turn("links").await, Some(Ok(0)), "it is the other's turn");
            one.take_turn("links").await;
        }
        assert_eq!(world.state(link).await, LinkState::Expired, "by the one");
        assert_eq!(world.count("SELECT COUNT(*) FROM consents WHERE state = 'terminated'").await, 1);

        let link = waiting("L-2").await;
        world.pass(Duration::from_secs(661));
        assert_eq!(other.take_turn("links").await, Some(Ok(1)), "the one has been gone for too long");
        assert_eq!(world.state(link).await, LinkState::Expired);
        assert_eq!(one.take_turn("links").await, Some(Ok(0)), "now it is the other's");
        assert_eq!(world.count("SELECT COUNT(*) FROM leases").await, 1);
        assert_eq!(one.take_turn("nothing of this name").await, None);
    }

    /// Consents end by the calendar: a link's consent suspends its link, shares and the sign-in are noted.
    async fn consents_run_out(world: World) {
        let (means, _) = node(&world);
        let stars = world.partner("stars", &["loyalty"]).await;
        let bank = world.partner("bank", &["banking"]).await;
        let customer = world.customer().await;
        let link = world.linked(&stars, customer, "L-1").await;
        world.sign_in_consent(&bank, customer).await;
        world.share(&bank, customer, "loyalty").await;
        assert_eq!(run(&means, "consents").await, 0);
        world.pass(DAY * 365 * 3);
        assert_eq!(run(&means, "consents").await, 3);
        assert_eq!(run(&means, "consents").await, 0, "once");
        assert_eq!(world.state(link).await, LinkState::Suspended);
        assert_eq!(world.count("SELECT COUNT(*) FROM consents WHERE state = 'expired'").await, 3);
    }

    /// Sessions end by the calendar, and not a moment before.
    async fn sessions_run_out(world: World) {
        let (means, _) = node(&world);
        let customer = world.customer().await;
        session(&world, customer, DAY).await;
        session(&world, customer, DAY * 2).await;
        world.pass(DAY - Duration::from_millis(1));
        assert_eq!(run(&means, "sessions").await, 0);
        world.pass(Duration::from_millis(1));
        assert_eq!(run(&means, "sessions").await, 1);
        assert_eq!(run(&means, "sessions").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL").await, 1);
        let other = world.customer().await;
        for _ in 0..205 {
            session(&world, other, MINUTE).await;
        }
        world.pass(MINUTE);
        assert_eq!(run(&means, "sessions").await, 200, "a batch has a bound");
        assert_eq!(run(&means, "sessions").await, 5);
    }

    /// A signing key's whole life, by the job alone: published, active, retired, destroyed, and always one that signs.
    async fn signing_keys_live_by_the_calendar(world: World) {
        let (means, _) = node(&world);
        let count = |state: &'static str| { let world = &world; async move { world.count(&format!("SELECT COUNT(*) FROM signing_keys WHERE state = '{state}'")).await } };
        assert_eq!((run(&means, "signing-keys").await, count("active").await, count("pending").await), (0, 2, 0));
        world.pass(DAY * 89 + MINUTE);
        assert!(run(&means, "signing-keys").await > 0);
        assert_eq!((count("active").await, count("pending").await), (2, 2), "published a day ahead");
        world.pass(DAY);
        run(&means, "signing-keys").await;
        assert_eq!((count("active").await, count("pending").await, count("retired").await), (2, 0, 2));
        world.pass(DAY * 2 + MINUTE);
        run(&means, "signing-keys").await;
        assert_eq!((count("active").await, count("retired").await, count("destroyed").await), (2, 0, 2));
        assert_eq!(world.count("SELECT COUNT(*) FROM signing_keys WHERE state = 'destroyed' AND wrapped IS NOT NULL").await, 0);
    }

    /// What is over goes, in batches; what is not stays.
    async fn cleanup_removes_what_is_over_and_nothing_else(world: World) {
        let (means, _) = node(&world);
        let now = world.now();
        world.write(move |tx, _| Box::pin(async move {
            for number in 0..1100_u32 {
                let mut subject = [0; 32];
                subject[..4].copy_from_slice(&number.to_be_bytes());
                tries::count(tx, "test", &subject, now, now + if number < 1050 { MINUTE } else { DAY }).await?;
            }
            Ok(())
        })).await;
        enqueue(&world, 2).await;
        run(&means, "mails").await;
        enqueue(&world, 1).await;
        world.pass(MINUTE * 3);
        run(&means, "cleanup").await;
        assert_eq!(world.count("SELECT COUNT(*) FROM tries").await, 50);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox").await, 3);
        world.pass(DAY * 7);
        assert!(run(&means, "cleanup").await >= 52);
        assert_eq!(world.count("SELECT COUNT(*) FROM tries").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox").await, 1, "what was not sent is not forgotten");
        assert_eq!(run(&means, "cleanup").await, 0);
        assert!(world.count("SELECT COUNT(*) FROM consent_texts").await > 0);
    }
}
