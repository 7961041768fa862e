//! People and clients whose connection breaks in the middle of a request: nothing is left half done, and nothing is left open.

use std::time::Duration;

use concord::storage::{Error, settings};
use tokio::time::timeout;

use super::ecosystem::Ecosystem;
use super::text;
use crate::support::http::parameter;
use crate::support::{Backend, on_both};

const ROUNDS: u64 = 24;

/// From at once to sixty milliseconds: before the request is read, in the middle of it, while it is answered.
fn moment(round: u64) -> Duration {
    Duration::from_micros(round * round * 120)
}

/// What must not be in the database at any time, because each is written with its other half.
const HALVES: [(&str, &str); 6] = [
    ("consents without an event", "consents WHERE NOT EXISTS (SELECT 1 FROM consent_events e WHERE e.consent_id = consents.id)"),
    ("grants without a code", "grants WHERE NOT EXISTS (SELECT 1 FROM codes WHERE codes.grant_id = grants.id)"),
    ("grants without an item", "grants WHERE NOT EXISTS (SELECT 1 FROM grant_items WHERE grant_items.grant_id = grants.id)"),
    ("codes of flows that go on", "codes JOIN flows ON flows.id = codes.flow_id WHERE flows.finished_at IS NULL"),
    (
        "used codes without a family",
        "codes JOIN grants ON grants.id = codes.grant_id WHERE codes.used_at IS NOT NULL AND grants.offline
         AND NOT EXISTS (SELECT 1 FROM families WHERE families.grant_id = grants.id)",
    ),
    ("families of unused codes", "families JOIN codes ON codes.grant_id = families.grant_id WHERE codes.used_at IS NULL"),
];

on_both! {
    async fn sockets_closed_in_the_middle_leave_nothing_half_done(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        eco.sign_in(&mut anna, &eco.cinema, &[]).await;
        for round in 0..ROUNDS {
            let brief = moment(round);
            let asked = eco.cinema.authorize(&[]);
            let _ = timeout(brief, anna.browser.clone().once(eco.wire.get(asked.url.as_str()))).await;

            // The same code again is good if the first request did not arrive; else it ends what that one got.
            let pending = eco.cinema.authorize(&[]);
            let back = eco.cinema.returned(&pending, &anna.browser.open(pending.url.as_str()).await);
            let code = parameter(&back, "code").expect("a code");
            let _ = timeout(brief, eco.cinema.redeem(&code, &pending.verifier)).await;
            let again = eco.cinema.redeem(&code, &pending.verifier).await;
            assert!(again.status.as_u16() == 200 || again.error() == "invalid_grant", "{}: {}", again.status, again.text());

            let pending = eco.cinema.authorize(&[("prompt", "consent")]);
            let page = anna.browser.open(pending.url.as_str()).await.expect(200);
            assert_eq!(page.url.path(), "/consent");
            let form = anna.fill(&page.page()).await.expect("the form of the consent page");
            let _ = timeout(brief, anna.browser.clone().submit_once(form)).await;
            let seen = anna.browser.open(page.url.as_str()).await;
            assert!(seen.status.as_u16() < 500, "{}: {}", seen.status, seen.text());
        }
        for (what, rows) in HALVES {
            assert_eq!(eco.world.count(&format!("SELECT COUNT(*) FROM {rows}")).await, 0, "{what}");
        }

        // Requests that nobody waits for come to their end; then no transaction is open and every connection works.
        let core = &eco.world.core;
        if eco.world.backend == Backend::Postgres {
            let open = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
            let mut left = 400;
            while eco.world.count(open).await > 0 {
                assert!(left > 0, "a transaction stays open");
                left -= 1;
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        }
        let database = &core.config.database;
        let connections = if eco.world.backend == Backend::Postgres { database.max_connections } else { database.read_connections };
        let mut held = Vec::new();
        for _ in 0..connections {
            let mut tx = core.database.read().await.expect("a connection");
            settings::database_epoch(&mut tx).await.expect("it works");
            held.push(tx);
        }
        drop(held);
        core.database.write(|_| Box::pin(async { Ok::<_, Error>(()) })).await.expect("a write");
        let tokens = eco.cinema.silently(&mut anna.browser, &[]).await;
        assert!(eco.cinema.sees_active(text(&tokens, "access_token")).await);
        eco.close().await;
    }
}
