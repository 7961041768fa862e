//! Endings are idempotent, tell clients once, and are somebody's own.

use std::sync::Arc;

use concord::model::ids::{ConsentId, LinkId};
use concord::model::link::LinkState;
use concord::usecases::endings::{self, LinkEnd, Outcome};

use super::chain::verified;
use super::stage::operator;
use crate::support::{World, on_both};

on_both! {
    async fn withdrawing_twice_changes_nothing_more(world: World) {
        let (bank, shop) = (world.partner("bank", &["banking"]).await, world.partner("shop", &[]).await);
        let (anna, boris) = (world.customer().await, world.customer().await);
        let share = world.share(&shop, anna, "banking").await;
        let withdraw = |whose, id| { let (core, page, now) = (Arc::clone(&world.core), world.on_page(), world.now());
            async move { endings::withdraw(&core, whose, id, &page, now).await.expect("asked") } };
        assert_eq!(withdraw(Some(boris), share).await, Outcome::Unknown, "somebody else's");
        let nothing = ConsentId::new(world.random.uuid_v7(world.now()));
        assert_eq!(withdraw(None, nothing).await, Outcome::Unknown);
        let before = (world.sector_epoch(anna, &shop).await, world.sector_epoch(anna, &bank).await);
        assert_eq!(withdraw(Some(anna), share).await, Outcome::Done);
        let after = (world.sector_epoch(anna, &shop).await, world.sector_epoch(anna, &bank).await);
        assert_eq!(after, (before.0 + 1, before.1 + 1), "the recipient's sector and the owner's notice");
        let feed = world.count("SELECT COUNT(*) FROM invalidations").await;
        for _ in 0..3 {
            assert_eq!(withdraw(Some(anna), share).await, Outcome::Already);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM invalidations").await, feed);
        assert_eq!((world.sector_epoch(anna, &shop).await, world.sector_epoch(anna, &bank).await), after);
        assert_eq!(verified(&world, anna).await.len(), 2);
        assert_eq!(world.count("SELECT COUNT(*) FROM events WHERE kind = 'consent.withdrawn'").await, 1);
    }

    async fn a_links_own_consent_ends_the_link(world: World) {
        let bank = world.partner("bank", &["banking"]).await;
        let anna = world.customer().await;
        let link = world.linked(&bank, anna, "client-42").await;
        let consent = world.link(link).await.consent.expect("a consent");
        let outcome = endings::withdraw(&world.core, Some(anna), consent, &world.on_page(), world.now()).await;
        assert_eq!(outcome.expect("asked"), Outcome::Done);
        assert_eq!(world.state(link).await, LinkState::Withdrawn);
        assert_eq!(world.count("SELECT COUNT(*) FROM consents WHERE state = 'withdrawn'").await, 1);
    }

    /// T9, T10: kept and blocked, then free again; the account stays taken all the while.
    async fn suspend_and_reinstate(world: World) {
        let bank = world.partner("bank", &["banking"]).await;
        let (anna, boris) = (world.customer().await, world.customer().await);
        let link = world.linked(&bank, anna, "client-42").await;
        let suspend = |reason: &'static str| { let (core, now) = (Arc::clone(&world.core), world.now());
            async move { endings::suspend(&core, link, reason, &operator(), now).await.expect("asked") } };
        let reinstate = || { let (core, now) = (Arc::clone(&world.core), world.now());
            async move { endings::reinstate(&core, link, &operator(), now).await.expect("asked") } };
        assert_eq!(reinstate().await, Outcome::Already);
        assert_eq!(suspend("risk").await, Outcome::Done);
        assert_eq!(suspend("risk").await, Outcome::Already);
        assert_eq!(suspend("other").await, Outcome::Impossible("suspended"));
        let rival = world.deciding(&bank, boris, world.propose(&bank, "client-42").await);
        assert_eq!(world.accept(&rival).await, concord::model::flow::LinkDecision::Refused);
        assert_eq!(reinstate().await, Outcome::Done);
        assert_eq!(world.state(link).await, LinkState::Active);
        assert_eq!(suspend("risk").await, Outcome::Done);
        world.pass(std::time::Duration::from_secs(800 * 86_400));
        assert_eq!(reinstate().await, Outcome::Impossible("consent_over"));
        assert_eq!(endings::end_link(&world.core, None, link, LinkEnd::Unlinked, &operator(), world.now()).await.unwrap(), Outcome::Done);
        assert_eq!(reinstate().await, Outcome::Impossible("unlinked"));
        assert_eq!(suspend("risk").await, Outcome::Impossible("unlinked"));
        let nothing = LinkId::new(world.random.uuid_v7(world.now()));
        assert_eq!(endings::suspend(&world.core, nothing, "x", &operator(), world.now()).await.unwrap(), Outcome::Unknown);
    }

    async fn locking_suspends_every_link_and_unlocking_frees_those_alone(world: World) {
        let (bank, shop) = (world.partner("bank", &[]).await, world.partner("shop", &[]).await);
        let anna = world.customer().await;
        let (one, other) = (world.linked(&bank, anna, "a").await, world.linked(&shop, anna, "b").await);
        endings::suspend(&world.core, other, "risk", &operator(), world.now()).await.expect("suspended");
        let lock = || endings::lock(&world.core, anna, &OPERATOR, world.now());
        let unlock = || endings::unlock(&world.core, anna, &OPERATOR, world.now());
        assert_eq!(unlock().await.unwrap(), Outcome::Already);
        assert_eq!(lock().await.unwrap(), Outcome::Done);
        assert_eq!(lock().await.unwrap(), Outcome::Already);
        assert_eq!((world.state(one).await, world.state(other).await), (LinkState::Suspended, LinkState::Suspended));
        assert_eq!(endings::reinstate(&world.core, one, &OPERATOR, world.now()).await.unwrap(), Outcome::Impossible("customer_not_active"));
        assert_eq!(unlock().await.unwrap(), Outcome::Done);
        assert_eq!((world.state(one).await, world.state(other).await), (LinkState::Active, LinkState::Suspended));
        assert_eq!(world.link(other).await.reason.as_deref(), Some("risk"));
    }

    /// Conventions 5: the customer hears of a new link, with 72 hours to undo it; and of what they took back.
    async fn a6_3_7_mails_tell_of_a_new_link_and_of_a_withdrawal(world: World) {
        use concord::model::notice::About;
        let (bank, shop) = (world.partner("bank", &["banking"]).await, world.partner("shop", &[]).await);
        let anna = world.customer().await;
        reachable(&world, anna).await;
        world.linked(&bank, anna, "account-20394417").await;
        let [mail] = &*mails(&world).await else { panic!("one mail") };
        let About::LinkActivated { local_account, undo_until, .. } = &mail.about else { panic!("another mail") };
        assert_eq!((mail.to.as_str(), local_account.as_str()), ("anna@example.test", "•••• 4417"));
        assert_eq!(undo_until.since(world.now()).as_secs(), 72 * 3600);
        let share = world.share(&shop, anna, "banking").await;
        endings::withdraw(&world.core, Some(anna), share, &world.on_page(), world.now()).await.expect("withdrawn");
        let mails = mails(&world).await;
        assert!(mails.iter().any(|mail| matches!(&mail.about, About::ConsentWithdrawn { service, .. } if service.en == "shop")));
        assert_eq!(mails.len(), 2);
        world.assert_nowhere(&["anna@example.test", "account-20394417"]).await;
    }

    /// T9: by time. A lapsed link is suspended, and only new proof with new consent replaces it.
    async fn consents_run_out(world: World) {
        let (bank, shop) = (world.partner("bank", &["banking"]).await, world.partner("shop", &[]).await);
        let anna = world.customer().await;
        let link = world.linked(&bank, anna, "client-42").await;
        let sign_in = world.sign_in_consent(&bank, anna).await;
        let share = world.share(&shop, anna, "banking").await;
        let grant = world.grant(&bank, anna, sign_in, &[]).await;
        assert_eq!(endings::expire_consents(&world.core, world.now()).await.expect("run"), 0);
        world.pass(std::time::Duration::from_secs(731 * 86_400));
        assert_eq!(world.effective(&grant).await, "inactive");
        // D2 data and links last two years at most.
        let ended = endings::expire_consents(&world.core, world.now()).await.expect("run");
        assert_eq!(ended, 3);
        assert_eq!(endings::expire_consents(&world.core, world.now()).await.expect("run"), 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM consents WHERE state = 'expired'").await, 3);
        let lapsed = world.link(link).await;
        assert_eq!((lapsed.state, lapsed.reason.as_deref()), (LinkState::Suspended, Some("consent_expired")));
        assert_eq!(endings::reinstate(&world.core, link, &operator(), world.now()).await.unwrap(), Outcome::Impossible("consent_over"));
        assert_eq!(endings::withdraw(&world.core, None, share, &operator(), world.now()).await.unwrap(), Outcome::Already);
        let again = world.linked(&bank, anna, "client-42").await;
        assert_eq!((world.state(link).await, world.state(again).await), (LinkState::Unlinked, LinkState::Active));
        verified(&world, anna).await;
    }

    /// Disconnecting takes back everything that the service was given, and tells its client once.
    async fn disconnecting_ends_sign_in_link_and_shares(world: World) {
        let (bank, shop) = (world.partner("bank", &["banking"]).await, world.partner("shop", &["retail"]).await);
        let anna = world.customer().await;
        world.linked(&bank, anna, "client-42").await;
        let sign_in = world.sign_in_consent(&bank, anna).await;
        world.share(&bank, anna, "email").await;
        let kept = world.share(&shop, anna, "banking").await;
        world.grant(&bank, anna, sign_in, &[]).await;
        let page = world.on_page();
        let disconnect = || endings::disconnect(&world.core, anna, bank.service.id, &page, world.now());
        assert_eq!(disconnect().await.unwrap(), Outcome::Done);
        assert_eq!(disconnect().await.unwrap(), Outcome::Already);
        assert_eq!(world.rows("SELECT state, COUNT(*) FROM consents GROUP BY state ORDER BY state").await, [["given", "1"], ["withdrawn", "3"]]);
        let mut tx = world.database.read().await.expect("a connection");
        let left = concord::storage::consents::of_customer(&mut tx, anna).await.expect("asked");
        assert!(left.iter().any(|consent| consent.id == kept && consent.state == concord::model::consent::ConsentState::Given));
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE kind = 'backchannel_logout'").await, 1);
        verified(&world, anna).await;
    }
}

static OPERATOR: std::sync::LazyLock<concord::usecases::expression::Expression> = std::sync::LazyLock::new(operator);

/// An address that mails reach.
async fn reachable(world: &World, customer: concord::model::ids::CustomerId) {
    let now = world.now();
    world
        .write(move |tx, core| {
            Box::pin(async move {
                let email = concord::model::identifier::Identifier::parse("anna@example.test").expect("an address");
                assert!(concord::usecases::identifiers::add(tx, &core, customer, &email, "login", Some(now), now).await?);
                Ok(())
            })
        })
        .await;
}

async fn mails(world: &World) -> Vec<concord::model::notice::Notice> {
    let mut tx = world.database.read().await.expect("a connection");
    let due = concord::storage::outbox::due(&mut tx, world.now()).await.expect("asked");
    let mails = due.iter().filter(|row| row.kind == "mail");
    mails.map(|row| concord::usecases::notices::open(&world.core, row.id, &row.payload).expect("opens")).collect()
}
