//! The schema as the last line: what not even SQL may do (I3), and the state machine arrow by arrow.

use concord::crypto::envelope::DataKey;
use concord::model::customer::CustomerState;
use concord::model::flow::LinkDecision;
use concord::model::ids::LinkId;
use concord::model::link::LinkState;
use concord::protocol::locale::Locale;
use concord::storage::customers;
use concord::storage::links::{self, Step};
use futures_util::future::join_all;

use super::stage::CUSTOMER;
use crate::support::{Backend, World, on_both};

/// A UUID as a literal of this database.
fn literal(world: &World, hex: &str) -> String {
    match world.backend {
        Backend::Sqlite => format!("X'{hex}'"),
        Backend::Postgres => format!("'{hex}'"),
    }
}

async fn one(world: &World, query: &str) -> String {
    world.rows(query).await[0][0].clone()
}

on_both! {
    /// I3, P18: an active link without evidence and consent of its own cannot be written, whoever writes.
    async fn i3_no_active_link_without_its_own_evidence_and_consent(world: World) {
        let bank = world.partner("bank", &[]).await;
        let (anna, boris) = (world.customer().await, world.customer().await);
        world.linked(&bank, anna, "client-42").await;
        let service = literal(&world, &one(&world, "SELECT id FROM services").await);
        let consent = literal(&world, &one(&world, "SELECT consent_id FROM links").await);
        let evidence = literal(&world, &one(&world, "SELECT evidence_id FROM links").await);
        let new = literal(&world, "0190000000007000800000000000abcd");
        let index = match world.backend { Backend::Sqlite => format!("X'{}'", "ab".repeat(32)), Backend::Postgres => format!("'\\x{}'", "ab".repeat(32)) };
        let insert = |customer: i64, state: &str, consent: &str, evidence: &str, activated: &str| {
            format!("INSERT INTO links (id, service_id, customer_id, state, version, local_account, local_account_index, multi_account, \
                consent_id, evidence_id, created_at, activated_at) \
                VALUES ({new}, {service}, {customer}, '{state}', 1, {index}, {index}, FALSE, {consent}, {evidence}, 1, {activated})")
        };
        let boris = boris.as_i64();
        for (customer, state, consent, evidence, activated) in [
            (boris, "active", "NULL", "NULL", "1"), (boris, "active", &*consent, &*evidence, "1"), (boris, "active", "NULL", &*evidence, "1"),
            (boris, "suspended", "NULL", "NULL", "1"), (boris, "pending_activation", &*consent, "NULL", "NULL"),
            (anna.as_i64(), "active", &*consent, &*evidence, "1"),
        ] {
            let statement = insert(customer, state, consent, evidence, activated);
            assert!(world.tamper(&statement).await.is_err(), "{statement}");
        }
        assert!(world.tamper(&insert(boris, "suggested", "NULL", "NULL", "NULL")).await.is_ok(), "an import may suggest (P18)");
        assert!(world.tamper(&format!("UPDATE links SET state = 'active', activated_at = 1 WHERE id = {new}")).await.is_err());
        let borrowed = format!("UPDATE links SET state = 'active', activated_at = 1, consent_id = {consent}, evidence_id = {evidence} WHERE id = {new}");
        assert!(world.tamper(&borrowed).await.is_err(), "another link's proof");
        for statement in [
            "UPDATE links SET consent_id = NULL WHERE state = 'active'", "UPDATE links SET local_account = NULL WHERE state = 'active'",
            "UPDATE links SET activated_at = NULL WHERE state = 'active'", "UPDATE links SET state = 'suspended', reason = NULL WHERE state = 'active'",
            "UPDATE links SET state = 'merged' WHERE state = 'active'", "DELETE FROM link_transitions", "UPDATE link_transitions SET actor = 'x'",
            "DELETE FROM consent_events", "UPDATE consent_events SET kind = 'refused'",
        ] {
            assert!(world.tamper(statement).await.is_err(), "{statement}");
        }
    }

    /// I3: its own consent is not enough when it was refused, is over, or is another service's: not by an update, not by a new row.
    async fn i3_no_active_link_whose_consent_is_not_given_to_its_service(world: World) {
        let (bank, shop) = (world.partner("bank", &[]).await, world.partner("shop", &[]).await);
        let anna = world.customer().await;
        let (deciding, now) = (world.deciding(&bank, anna, world.propose(&bank, "client-42").await), world.now());
        let declined = world.write(move |tx, core| {
            let deciding = deciding.clone();
            Box::pin(async move { concord::usecases::links::decline(tx, &core, &deciding, now).await })
        }).await;
        let uuid = |id: uuid::Uuid| literal(&world, &id.simple().to_string());
        let (shop, link) = (uuid(shop.service.id.uuid()), uuid(declined.uuid()));
        let activate = format!("UPDATE links SET state = 'active', activated_at = 1 WHERE id = {link}");
        // A row of its own beside it, with everything that the keys ask for.
        let [new, consent, evidence] = ["a1", "a2", "a3"].map(|end| literal(&world, &format!("019000000000700080000000000000{end}")));
        for statement in [
            format!("INSERT INTO consents (id, customer_id, kind, recipient_id, scope, domain, link_id, agreement, agreement_version, purpose, state, since, valid_until)
                SELECT {consent}, customer_id, kind, recipient_id, scope, domain, {new}, agreement, agreement_version, purpose, state, since, valid_until FROM consents"),
            format!("INSERT INTO evidence (id, link_id, customer_id, level, method, acr, auth_time, document, created_at, expires_at)
                SELECT {evidence}, {new}, customer_id, level, method, acr, auth_time, document, created_at, expires_at FROM evidence"),
        ] {
            assert_eq!(world.tamper(&statement).await.expect("made"), 1);
        }
        let insert = |service: &str| format!("INSERT INTO links (id, service_id, customer_id, state, version, local_account, local_account_index,
                multi_account, consent_id, evidence_id, created_at, activated_at)
            SELECT {new}, {service}, customer_id, 'active', 1, local_account, local_account_index, multi_account, {consent}, {evidence}, 1, 1
            FROM links WHERE id = {link}");
        for state in ["refused", "withdrawn", "expired", "terminated"] {
            world.tamper(&format!("UPDATE consents SET state = '{state}'")).await.expect("set");
            for statement in [&activate, &insert("service_id")] {
                let refused = world.tamper(statement).await.expect_err(state).to_string();
                assert!(refused.contains("needs its own consent, given"), "{state}: {refused}");
            }
        }
        world.tamper("UPDATE consents SET state = 'given'").await.expect("set");
        for statement in [
            insert(&shop), format!("UPDATE links SET service_id = {shop} WHERE id = {link}"),
            format!("UPDATE links SET service_id = {shop}, state = 'active', activated_at = 1 WHERE id = {link}"),
            format!("UPDATE consents SET recipient_id = {shop} WHERE link_id = {link}"),
        ] {
            assert!(world.tamper(&statement).await.is_err(), "{statement}");
        }
        assert_eq!(world.state(declined).await, LinkState::Declined);
        // Nothing but the consent stood in the way.
        assert_eq!(world.tamper(&insert("service_id")).await.expect("made"), 1);
        assert_eq!(world.tamper(&format!("UPDATE links SET state = 'withdrawn' WHERE id = {new}")).await.expect("ended"), 1);
        assert_eq!(world.tamper(&activate).await.expect("activated"), 1);
    }

    /// I2, P12: several customers with proof and consent of their own; whoever writes past the use cases, all at the same moment, makes one
    /// holder of the account and no second.
    async fn i2_not_even_by_sql_do_two_hold_one_account(world: World) {
        let bank = world.partner("bank", &[]).await;
        let mut waiting = Vec::new();
        for account in ["a", "b", "c", "d", "e", "f"] {
            let anna = world.customer().await;
            let decided = world.accept(&world.deciding(&bank, anna, world.propose(&bank, account).await)).await;
            let LinkDecision::Accepted(link) = decided else { panic!("not accepted") };
            waiting.push(literal(&world, &link.uuid().simple().to_string()));
        }
        let bytes = "ab".repeat(32);
        let index = match world.backend { Backend::Sqlite => format!("X'{bytes}'"), Backend::Postgres => format!("'\\x{bytes}'") };
        let taken = waiting.iter().map(async |id| {
            let statement = format!("UPDATE links SET state = 'active', activated_at = 1, local_account_index = {index} WHERE id = {id}");
            world.tamper(&statement).await
        });
        let taken = join_all(taken).await;
        assert_eq!(taken.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{taken:?}");
        assert_eq!(world.count("SELECT COUNT(*) FROM links WHERE state = 'active'").await, 1);
    }

    /// Every pair of states: the storage takes exactly the arrows of domain.md 2.4.
    async fn only_the_arrows_of_the_state_machine_can_be_taken(world: World) {
        let bank = world.partner("bank", &[]).await;
        let anna = world.customer().await;
        let id = world.linked(&bank, anna, "client-42").await;
        let now = world.now();
        for from in LinkState::ALL {
            for to in LinkState::ALL {
                let successor = matches!(from, LinkState::Moved | LinkState::Merged) || matches!(to, LinkState::Moved | LinkState::Merged);
                let prepared = format!("UPDATE links SET state = '{from}', reason = 'test', successor_link_id = {}",
                    if successor { "id" } else { "NULL" });
                world.tamper(&prepared).await.expect("prepared");
                let moved = world.write(move |tx, core| Box::pin(async move {
                    let link = links::by_id(tx, &core.sealer, id).await?.expect("a link");
                    links::advance(tx, &link, &Step { to, actor: &CUSTOMER, reason: Some("test"), event: None, evidence: None, now }).await
                })).await;
                assert_eq!(moved, from.may_become(to), "{from} -> {to}");
                assert_eq!(world.state(id).await, if moved { to } else { from });
            }
        }
    }

    async fn a_step_from_an_old_version_is_not_taken(world: World) {
        let bank = world.partner("bank", &[]).await;
        let anna = world.customer().await;
        let id: LinkId = world.linked(&bank, anna, "client-42").await;
        let (old, now) = (world.link(id).await, world.now());
        for (to, taken) in [(LinkState::Suspended, true), (LinkState::Withdrawn, false)] {
            let old = old.clone();
            let moved = world.write(move |tx, _| {
                let old = old.clone();
                Box::pin(async move {
                    links::advance(tx, &old, &Step { to, actor: &CUSTOMER, reason: Some("x"), event: None, evidence: None, now }).await
                })
            }).await;
            assert_eq!(moved, taken);
        }
    }

    /// I7: a customer id belongs to one customer for ever, whatever became of them.
    async fn i7_a_customer_id_is_given_once(world: World) {
        let anna = world.customer().await;
        let (now, seen) = (world.now(), "SELECT customers.id, epoch, customers.created_at, wrapped FROM customers JOIN customer_keys ON customer_id = customers.id");
        let before = world.rows(seen).await;
        for state in CustomerState::ALL {
            world.tamper(&format!("UPDATE customers SET state = '{}'", state.as_str())).await.expect("planted");
            let made = world.write(move |tx, core| Box::pin(async move {
                let wrapped = DataKey::generate(&core.random).wrap(&core.sealer, anna);
                customers::insert(tx, anna, &wrapped, None, Locale::En, now).await
            })).await;
            assert!(!made, "{}", state.as_str());
            assert_eq!(world.rows(seen).await, before, "{}", state.as_str());
            let by_hand = format!("INSERT INTO customers (id, state, locale, created_at, changed_at) VALUES ({}, 'active', 'en', 1, 1)", anna.as_i64());
            assert!(world.tamper(&by_hand).await.is_err(), "{}", state.as_str());
        }
    }
}
