//! What the pages say when an account cannot be linked, and what a link changes in the browser.

use serde_json::json;

use super::ecosystem::{Ecosystem, POINTS_API};
use super::text;
use crate::support::client::Pending;
use crate::support::http::{Answer, parameter};
use crate::support::on_both;
use crate::support::person::Person;

async fn proposed(eco: &Ecosystem, account: &str) -> Pending {
    eco.points.push(&[("link_assertion", &eco.assertion("polar-points", account))]).await
}

fn session(person: &Person) -> String {
    person.browser.cookie("id.localhost", "concord_session").expect("signed in").value
}

fn link_form(page: &Answer, action: &str) -> crate::support::html::Form {
    let found = page.page().forms().into_iter().find(|form| form.offers(action));
    found.unwrap_or_else(|| panic!("no {action} on {}: {}", page.url, page.page().text())).press(&format!("action={action}"))
}

on_both! {
    /// Conventions 5: already active for the same customer is `active`, without a page, without a fresh sign-in, and nothing is made twice.
    async fn a_link_that_is_active_already_is_not_asked_for_again(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        let linked = eco.connect(&mut anna, &eco.points, "polar-points", "PP-104417").await;
        assert_eq!(linked["link_status"], "active");
        let cookie = session(&anna);
        let counts = || async {
            (eco.world.count("SELECT COUNT(*) FROM links").await, eco.world.count("SELECT COUNT(*) FROM consents").await)
        };
        let before = counts().await;
        eco.world.pass(std::time::Duration::from_secs(3600));
        for _ in 0..2 {
            let pending = proposed(&eco, "PP-104417").await;
            let back = eco.points.returned(&pending, &anna.browser.open(pending.url.as_str()).await);
            let code = parameter(&back, "code").expect("no page was shown");
            let tokens = eco.points.redeem(&code, &pending.verifier).await.expect(200).json();
            assert_eq!(tokens["link_status"], "active");
            assert_eq!(eco.link_states(&anna, "polar-points").await, [concord::model::link::LinkState::Active]);
        }
        assert_eq!((counts().await, session(&anna)), (before, cookie));
        // Once it has ended, it is a question again.
        eco.end_link(&anna, "polar-points").await;
        let pending = proposed(&eco, "PP-104417").await;
        assert_eq!(anna.browser.open(pending.url.as_str()).await.expect(200).url.path(), "/reauth");
        eco.close().await;
    }

    /// What one person decided in a flow does not become somebody else's who signs in before it ends.
    async fn a_link_accepted_by_one_is_not_activated_by_another(world: World) {
        let eco = Ecosystem::open(world).await;
        let (mut anna, mut boris) = (eco.person("anna"), eco.person("boris"));
        eco.sign_in(&mut anna, &eco.cinema, &[]).await;
        eco.sign_in(&mut boris, &eco.cinema, &[]).await;
        let pending = proposed(&eco, "PP-104417").await;
        let page = anna.browser.open(pending.url.as_str()).await.expect(200);
        let page = anna.browser.submit(link_form(&page, "accept")).await.expect(200);
        assert_eq!(page.url.path(), "/consent");
        // "Not you?": he signs in on her browser, and is asked himself.
        let leave = anna.browser.submit(link_form(&page, "other")).await.expect(200);
        let login = anna.browser.submit(link_form(&leave, "sign-out")).await.expect(200);
        assert_eq!(login.url.path(), "/login", "{}", login.page().text());
        boris.browser = anna.browser.tab();
        let page = boris.browser.open(pending.url.as_str()).await.expect(200);
        let form = page.page().form(&["identifier"]).fill("identifier", &boris.email).press("action=continue");
        let page = boris.browser.submit(form).await.expect(200);
        let form = page.page().form(&["password"]).fill("password", &boris.password).press("action=continue");
        let page = boris.browser.submit(form).await.expect(200);
        assert_eq!(page.url.path(), "/link", "{}", page.page().text());
        let page = boris.browser.submit(link_form(&page, "decline")).await.expect(200);
        let answer = boris.browser.submit(link_form(&page, "accept")).await;
        let back = eco.points.returned(&pending, &answer);
        let code = parameter(&back, "code").expect("a code of his");
        let tokens = eco.points.redeem(&code, &pending.verifier).await.expect(200).json();
        assert_eq!(tokens["link_status"], "declined");
        assert!(!eco.link_states(&anna, "polar-points").await.contains(&concord::model::link::LinkState::Active));
        eco.close().await;
    }

    /// P12: who proves an account that is linked elsewhere is told so, not by whom it is held, and signs in without the link.
    async fn p12_a_link_that_is_refused_is_told_and_signing_in_goes_on(world: World) {
        let eco = Ecosystem::open(world).await;
        let (mut anna, mut boris) = (eco.person("anna"), eco.person("boris"));
        eco.sign_in(&mut anna, &eco.cinema, &[]).await;
        eco.sign_in(&mut boris, &eco.cinema, &[]).await;

        // Free while he looks at it; linked by her before he accepts.
        let pending = proposed(&eco, "PP-104417").await;
        let page = boris.browser.open(pending.url.as_str()).await.expect(200);
        assert_eq!(page.url.path(), "/link");
        let before = session(&boris);
        let linked = eco.connect(&mut anna, &eco.points, "polar-points", "PP-104417").await;
        assert_eq!(linked["link_status"], "active");
        let told = boris.browser.submit(link_form(&page, "accept")).await.expect(200);
        assert_eq!(told.url.path(), "/link");
        assert!(told.page().text().contains("already linked with another Concord ID"), "{}", told.page().text());
        assert!(!told.text().contains("anna") && !told.page().forms().iter().any(|form| form.offers("accept")));
        assert_eq!(session(&boris), before, "nothing happened");

        // Another of his tabs still shows the button: it leads to the same words.
        let again = boris.browser.submit(link_form(&page, "accept")).await.expect(200);
        assert!(again.page().by_id("continue").is_some());
        let answer = boris.walk(pending.url.as_str()).await;
        let back = eco.points.returned(&pending, &answer);
        let code = parameter(&back, "code").expect("signed in without the link");
        let tokens = eco.points.redeem(&code, &pending.verifier).await.expect(200).json();
        assert_eq!(tokens["link_status"], "error");
        let seen = eco.points.introspect(text(&tokens, "access_token")).await;
        assert!(seen["links"].as_array().is_none_or(Vec::is_empty), "{seen}");
        eco.close().await;
    }

    /// A second click and a second tab leave nothing on record: one decision, one consent event.
    async fn a_stale_decision_about_a_link_changes_nothing(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        eco.sign_in(&mut anna, &eco.cinema, &[]).await;
        let pending = proposed(&eco, "PP-104417").await;
        let page = anna.browser.open(pending.url.as_str()).await.expect(200);
        let clicks = ["decline", "decline", "accept", "accept"].map(|action| {
            let (mut tab, form) = (anna.browser.clone(), link_form(&page, action));
            async move { tab.submit_once(form).await.status.as_u16() }
        });
        let answered = futures_util::future::join_all(clicks).await;
        assert!(answered.iter().all(|status| matches!(status, 303 | 403)), "{answered:?}");
        assert_eq!(eco.world.count("SELECT COUNT(*) FROM links").await, 1);
        assert_eq!(eco.world.count("SELECT COUNT(*) FROM consents WHERE kind = 'link'").await, 1);
        assert_eq!(eco.world.count("SELECT COUNT(*) FROM events WHERE kind = 'link.refused'").await, 0);
        eco.close().await;
    }

    /// P19: after linking the browser goes on under another session cookie; the one before, and forms made under it, are worth nothing.
    async fn p19_a_link_gives_the_session_a_new_cookie_and_new_forms(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        eco.sign_in(&mut anna, &eco.cinema, &[]).await;
        let (cookie, mut fixed) = (session(&anna), anna.browser.clone());
        let form = link_form(&anna.browser.open("/account/security").await.expect(200), "save-nickname").fill("nickname", "Planted");

        let linked = eco.connect(&mut anna, &eco.points, "polar-points", "PP-104417").await;
        assert_eq!(linked["link_status"], "active");
        assert_ne!(session(&anna), cookie);
        assert_eq!(fixed.open("/account").await.url.path(), "/login", "the cookie of before is nobody's");
        assert_eq!(anna.browser.submit(form).await.status, 403, "so is a form of before");
        let page = anna.browser.open("/account/security").await.expect(200);
        assert!(!page.page().text().contains("Planted"));
        let form = link_form(&page, "save-nickname").fill("nickname", "Anna");
        assert_eq!(anna.browser.submit(form).await.expect(200).url.query(), Some("done=nickname"));
        eco.close().await;
    }

    /// T11: what a service wrote about an account goes with the link; another account of the person starts with nothing.
    async fn values_of_an_ended_link_do_not_show_under_the_next_one(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        eco.sign_in(&mut anna, &eco.cinema, &[]).await;
        eco.connect(&mut anna, &eco.points, "polar-points", "PP-1").await;
        eco.write_tier("PP-1", "gold").await;
        let reads = [("scope", "openid profile loyalty")];
        let before = eco.sign_in(&mut anna, &eco.bank, &reads).await;
        assert_eq!(eco.bank.userinfo(text(&before, "access_token")).await.expect(200).json()["loyalty_tier"], "gold");

        eco.end_link(&anna, "polar-points").await;
        assert_eq!(eco.connect(&mut anna, &eco.points, "polar-points", "PP-2").await["link_status"], "active");
        let after = eco.sign_in(&mut anna, &eco.bank, &reads).await;
        assert!(text(&after, "scope").contains("loyalty"), "{after}");
        let info = eco.bank.userinfo(text(&after, "access_token")).await.expect(200).json();
        assert!(info.get("loyalty_tier").is_none() && info["nickname"] == "anna", "{info}");
        eco.write_tier("PP-2", "silver").await;
        assert_eq!(eco.bank.userinfo(text(&after, "access_token")).await.expect(200).json()["loyalty_tier"], "silver");
        eco.close().await;
    }

    /// RFC 8707: the API of its own service is a client's to name, at authorize and at the token endpoint, listed or not.
    async fn a_client_names_its_own_api_without_listing_it(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        let tokens = eco.sign_in(&mut anna, &eco.points, &[("resource", POINTS_API)]).await;
        let form = [("grant_type", "refresh_token"), ("refresh_token", text(&tokens, "refresh_token")), ("resource", POINTS_API)];
        let own = eco.points.token(&form).await.expect(200).json();
        let seen = eco.points.introspect(text(&own, "access_token")).await;
        assert_eq!((&seen["active"], &seen["aud"]), (&json!(true), &json!(POINTS_API)));
        let pending = eco.cinema.authorize(&[("resource", POINTS_API)]);
        let back = eco.cinema.returned(&pending, &anna.browser.open(pending.url.as_str()).await);
        assert_eq!(parameter(&back, "error").as_deref(), Some("invalid_target"));
        eco.close().await;
    }
}
