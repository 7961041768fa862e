//! Ceremony C3 from acceptance to activation, and what stands in its way.

use std::time::Duration;

use concord::model::flow::LinkDecision;
use concord::model::link::{LinkState, masked};
use concord::protocol::token::LinkStatus;
use concord::usecases::endings::{self, LinkEnd, Outcome};
use concord::usecases::links;

use super::stage::operator;
use crate::support::on_both;

fn link_of(decision: LinkDecision) -> concord::model::ids::LinkId {
    match decision {
        LinkDecision::Accepted(link) => link,
        other => panic!("{other:?}"),
    }
}

on_both! {
    async fn p8_a_link_waits_until_the_code_is_redeemed(world: World) {
        let bank = world.partner("bank", &["banking"]).await;
        let anna = world.customer().await;
        let deciding = world.deciding(&bank, anna, world.propose(&bank, "client-42").await);
        let link = link_of(world.accept(&deciding).await);
        assert_eq!(world.state(link).await, LinkState::PendingActivation);
        assert_eq!(world.activate(link).await, LinkStatus::Active);
        assert_eq!(world.activate(link).await, LinkStatus::Active, "a code used twice leaves an activated link alone");
        let steps = world.rows("SELECT from_state, to_state, actor FROM link_transitions ORDER BY version").await;
        assert_eq!(steps, [
            ["-", "pending_consent", "customer"],
            ["pending_consent", "pending_activation", "customer"],
            ["pending_activation", "active", "customer"],
        ]);
        assert_eq!(world.sector_epoch(anna, &bank).await, 2, "given, then activated");
        let again = world.deciding(&bank, anna, world.propose(&bank, "client-42").await);
        assert_eq!(world.accept(&again).await, LinkDecision::AlreadyActive);
        assert_eq!(world.count("SELECT COUNT(*) FROM links").await, 1);
    }

    /// P12, P13: another customer's account is refused, without a word about whose it is and without a trace but an event.
    async fn p12_an_account_that_is_held_is_refused(world: World) {
        let bank = world.partner("bank", &[]).await;
        let (anna, boris) = (world.customer().await, world.customer().await);
        world.linked(&bank, anna, "client-42").await;
        let rival = world.deciding(&bank, boris, world.propose(&bank, "client-42").await);
        assert_eq!(world.accept(&rival).await, LinkDecision::Refused);
        let other = world.deciding(&bank, anna, world.propose(&bank, "client-43").await);
        assert_eq!(world.accept(&other).await, LinkDecision::Refused, "the bank allows one account each");
        assert_eq!(world.count("SELECT COUNT(*) FROM links").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM evidence").await, 1);
        assert_eq!(world.rows("SELECT detail FROM events WHERE kind = 'link.refused' ORDER BY detail").await, [
            [r#"{"why":"another_account"}"#], [r#"{"why":"held"}"#],
        ]);
    }

    async fn several_accounts_where_the_service_allows_them(world: World) {
        let shop = world.partner_with("shop", &[], |document| document.links.multi_account = true).await;
        let anna = world.customer().await;
        let (one, other) = (world.linked(&shop, anna, "a").await, world.linked(&shop, anna, "b").await);
        assert_eq!((world.state(one).await, world.state(other).await), (LinkState::Active, LinkState::Active));
    }

    /// domain.md 2.4: nobody can lock out the real owner by starting ceremonies.
    async fn a_newer_proof_supersedes_and_an_older_one_does_not(world: World) {
        let bank = world.partner("bank", &[]).await;
        let (anna, mallory) = (world.customer().await, world.customer().await);
        let early = world.propose(&bank, "client-42").await;
        world.pass(Duration::from_secs(5));
        let planted = link_of(world.accept(&world.deciding(&bank, mallory, world.propose(&bank, "client-42").await)).await);
        assert_eq!(world.accept(&world.deciding(&bank, anna, early)).await, LinkDecision::Refused, "proved earlier");
        world.pass(Duration::from_secs(5));
        let own = link_of(world.accept(&world.deciding(&bank, anna, world.propose(&bank, "client-42").await)).await);
        assert_eq!(world.state(planted).await, LinkState::Expired);
        assert_eq!(world.activate(planted).await, LinkStatus::Error);
        assert_eq!(world.activate(own).await, LinkStatus::Active);
        let consents = world.rows("SELECT state FROM consents ORDER BY since").await;
        assert_eq!(consents, [["terminated"], ["given"]]);
    }

    async fn what_is_not_redeemed_in_time_expires_with_its_consent(world: World) {
        let bank = world.partner("bank", &[]).await;
        let anna = world.customer().await;
        let one = link_of(world.accept(&world.deciding(&bank, anna, world.propose(&bank, "a").await)).await);
        let other = link_of(world.accept(&world.deciding(&bank, anna, world.propose(&bank, "b").await)).await);
        world.pass(Duration::from_secs(659));
        assert_eq!(links::expire_pending(&world.core, world.now()).await.expect("run"), 0);
        world.pass(Duration::from_secs(1));
        assert_eq!(world.activate(one).await, LinkStatus::Error, "late at redemption");
        assert_eq!(links::expire_pending(&world.core, world.now()).await.expect("run"), 1);
        assert_eq!(links::expire_pending(&world.core, world.now()).await.expect("run"), 0);
        for link in [one, other] {
            assert_eq!(world.state(link).await, LinkState::Expired);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM consents WHERE state = 'terminated'").await, 2);
        assert_eq!(world.count("SELECT COUNT(*) FROM consent_events WHERE kind = 'terminated'").await, 2);
    }

    async fn co7_stale_decisions_and_customers_out_of_order_are_refused(world: World) {
        let bank = world.partner("bank", &[]).await;
        let anna = world.customer().await;
        let mut stale = world.deciding(&bank, anna, world.propose(&bank, "a").await);
        stale.expression.auth_time = Some(world.now() - Duration::from_secs(301));
        assert_eq!(world.accept(&stale).await, LinkDecision::Refused, "signed in at Concord too long ago (CO7)");
        let proposal = world.propose(&bank, "a").await;
        world.pass(Duration::from_secs(600));
        assert_eq!(world.accept(&world.deciding(&bank, anna, proposal)).await, LinkDecision::Refused, "ten minutes are over");
        let waiting = link_of(world.accept(&world.deciding(&bank, anna, world.propose(&bank, "a").await)).await);
        assert_eq!(endings::lock(&world.core, anna, &operator(), world.now()).await.expect("locked"), Outcome::Done);
        let locked = world.deciding(&bank, anna, world.propose(&bank, "a").await);
        assert_eq!(world.accept(&locked).await, LinkDecision::Refused);
        assert_eq!(world.activate(waiting).await, LinkStatus::Error);
    }

    async fn a_refusal_is_kept_and_may_be_taken_back_later(world: World) {
        let bank = world.partner("bank", &[]).await;
        let anna = world.customer().await;
        let deciding = world.deciding(&bank, anna, world.propose(&bank, "client-42").await);
        let (one, now) = (deciding.clone(), world.now());
        let declined = world.write(move |tx, core| {
            let deciding = one.clone();
            Box::pin(async move { links::decline(tx, &core, &deciding, now).await })
        }).await;
        assert_eq!(world.state(declined).await, LinkState::Declined);
        assert_eq!(world.rows("SELECT kind, state FROM consents").await, [["link", "refused"]]);
        assert_eq!(world.rows("SELECT kind FROM consent_events").await, [["refused"]]);
        world.linked(&bank, anna, "client-42").await;
    }

    /// I5: what has ended stays ended; linking again is another link with proof and consent of its own.
    async fn i5_linking_again_is_a_new_link(world: World) {
        let bank = world.partner("bank", &[]).await;
        let anna = world.customer().await;
        let first = world.linked(&bank, anna, "client-42").await;
        let before = world.link(first).await;
        let ended = endings::end_link(&world.core, Some(anna), first, LinkEnd::Withdrawn, &world.on_page(), world.now()).await;
        assert_eq!(ended.expect("ended"), Outcome::Done);
        assert_eq!(world.activate(first).await, LinkStatus::Error);
        assert!(endings::reinstate(&world.core, first, &operator(), world.now()).await.expect("asked") != Outcome::Done);
        assert_eq!(world.state(first).await, LinkState::Withdrawn);
        let second = world.linked(&bank, anna, "client-42").await;
        let after = world.link(second).await;
        assert!(second != first && after.consent != before.consent && after.evidence != before.evidence);
    }

    /// Security.md 6.6, I17: the account's name is nowhere in clear, and outside it is masked.
    async fn i17_a_local_account_is_stored_sealed_only(world: World) {
        let bank = world.partner("bank", &[]).await;
        let anna = world.customer().await;
        let account = "canary-account-20394417";
        let link = world.linked(&bank, anna, account).await;
        endings::end_link(&world.core, None, link, LinkEnd::Unlinked, &operator(), world.now()).await.expect("ended");
        assert_eq!(world.link(link).await.local_account.as_deref(), Some(account));
        world.assert_nowhere(&[account]).await;
        assert_eq!(masked(account), "•••• 4417");
    }

    async fn undo_within_72_hours_and_not_after(world: World) {
        let bank = world.partner("bank", &[]).await;
        let (anna, boris) = (world.customer().await, world.customer().await);
        let first = world.linked(&bank, anna, "client-42").await;
        let undo = |customer, link| { let (page, now) = (world.on_page(), world.now()); let core = world.core.clone();
            async move { endings::undo(&core, customer, link, &page, now).await.expect("asked") } };
        assert_eq!(undo(boris, first).await, Outcome::Unknown, "somebody else's");
        world.pass(Duration::from_secs(72 * 3600 - 1));
        assert_eq!(undo(anna, first).await, Outcome::Done);
        assert_eq!(undo(anna, first).await, Outcome::Already);
        let second = world.linked(&bank, anna, "client-42").await;
        world.pass(Duration::from_secs(72 * 3600));
        assert_eq!(undo(anna, second).await, Outcome::Impossible("too_late"));
        assert_eq!(world.state(second).await, LinkState::Active);
    }
}
