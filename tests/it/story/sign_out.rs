//! A sign-out and a flow that ends at the same moment: one of them sees the other.

use std::sync::Arc;

use concord::model::flow::{Answer, Next};
use concord::storage::clients;
use concord::usecases::flow::{self, Finished, Flow, Opened, Visitor};
use concord::usecases::{account, logout, partners};
use tokio::sync::Barrier;

use super::ecosystem::Ecosystem;
use crate::support::http::parameter;
use crate::support::on_both;
use crate::support::person::Person;

/// A flow of a person who is signed in and has agreed before, with nothing left to do but to answer.
async fn ready(eco: &Ecosystem, person: &mut Person) -> (Flow, Visitor) {
    let pending = eco.cinema.authorize(&[]);
    let begun = person.browser.once(eco.wire.get(pending.url.as_str())).await.location().expect("a flow");
    let id = parameter(&begun, "flow").expect("its id").parse().expect("an id");
    let cookie = |name: &str| person.browser.cookie("id.localhost", name).map(|cookie| cookie.value);
    let visitor = Visitor {
        browser: cookie("concord_browser").expect("a browser"),
        session: cookie("concord_session"),
        network: "192.0.2.0/24".to_owned(),
        device: String::new(),
        locale: concord::protocol::locale::Locale::En,
    };
    let Opened::Here(flow) = flow::open(&eco.world.core, &visitor, id, eco.world.now()).await.expect("opened") else { panic!("not here") };
    assert_eq!(flow.next, Next::Respond(Answer::Grant));
    (*flow, visitor)
}

async fn grants(eco: &Ecosystem) -> i64 {
    eco.world.count("SELECT COUNT(*) FROM grants").await
}

on_both! {
    async fn a_session_that_ends_while_its_flow_is_answered_gives_no_grant(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        eco.sign_in(&mut anna, &eco.cinema, &[]).await;
        let (flow, _) = ready(&eco, &mut anna).await;
        let before = grants(&eco).await;
        let answering = flow::finish(&eco.world.core, &flow, eco.world.now());
        let answered = eco.world.while_held(&["UPDATE sessions SET ended_at = 1 WHERE ended_at IS NULL"], answering).await;
        assert!(matches!(answered, Ok(Finished::Stale)));
        assert_eq!(grants(&eco).await, before);
        let page = anna.browser.open(&format!("/continue?flow={}", flow.id)).await.expect(200);
        assert_eq!(page.url.path(), "/login", "the flow is not over: it asks who is there");
        eco.close().await;
    }

    /// SE11: whatever the session gave is over, and whoever has an offline grant from it is told.
    async fn se11_a_sign_out_beside_an_answer_misses_no_grant(world: World) {
        let eco = Ecosystem::open(world).await;
        let core = &eco.world.core;
        let mut anna = eco.person("anna");
        eco.sign_in(&mut anna, &eco.cinema, &[]).await;
        let (cinema, now) = (partners::client(core, "cinema").await.expect("asked").expect("a client"), eco.world.now());
        let done: Result<(), concord::storage::Error> = eco.world.database.write(move |tx| {
            let (key, mut document) = (cinema.key, cinema.document.clone());
            document.backchannel_logout_uri = Some("https://cinema.example/logout".to_owned());
            Box::pin(async move { clients::update(tx, key, &document, now).await.map(drop) })
        }).await;
        done.expect("changed");
        let told = || eco.world.count("SELECT COUNT(*) FROM outbox WHERE kind = 'backchannel_logout'");
        let mut answers = 0;
        for round in 0..12 {
            // A session of its own for each round.
            anna.browser.forget_cookies();
            assert_eq!(anna.walk("/account").await.url.path(), "/account");
            let (flow, visitor) = ready(&eco, &mut anna).await;
            let session = account::signed_in(core, visitor.session.as_deref(), now).await.expect("asked").expect("a session");
            let (had, had_told) = (grants(&eco).await, told().await);
            let barrier = Arc::new(Barrier::new(2));
            let (held, waits) = (Arc::clone(core), Arc::clone(&barrier));
            let answering = tokio::spawn(async move {
                waits.wait().await;
                flow::finish(&held, &flow, now).await
            });
            let (held, waits) = (Arc::clone(core), barrier);
            let leaving = tokio::spawn(async move {
                waits.wait().await;
                logout::end_session(&held, session.customer, session.id, now).await
            });
            let (answered, left) = (answering.await.expect("a task"), leaving.await.expect("a task"));
            assert!(left.expect("the database"), "signed out once");
            let granted = match answered.expect("the database") {
                Finished::Answer(_) => 1,
                Finished::Stale => 0,
                Finished::Account(_) => panic!("a client asked"),
            };
            answers += granted;
            assert_eq!((grants(&eco).await, told().await), (had + granted, had_told + granted), "round {round}");
        }
        println!("{answers} of 12 answered first");
        eco.close().await;
    }
}
