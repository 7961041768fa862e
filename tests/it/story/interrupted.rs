//! Sign-ins that are interrupted: by somebody else at the same browser, by a session that ends, by a lock, by another tab.

use super::ecosystem::Ecosystem;
use super::text;
use crate::support::client::Pending;
use crate::support::html::Form;
use crate::support::http::{Answer, parameter};
use crate::support::on_both;
use crate::support::person::Person;

fn form_with(page: &Answer, action: &str) -> Form {
    let found = page.page().forms().into_iter().find(|form| form.offers(action));
    found.unwrap_or_else(|| panic!("no {action} on {}: {}", page.url, page.page().text())).press(&format!("action={action}"))
}

/// The same person, at the keyboard of another one's browser.
fn at_the_browser_of(other: &Person, person: &Person, eco: &Ecosystem) -> Person {
    let mut here = person.elsewhere(&eco.wire);
    here.browser = other.browser.clone();
    here
}

/// Does what one page asks.
async fn goes_on(person: &mut Person, page: &Answer) -> Answer {
    let form = person.fill(&page.page()).await.unwrap_or_else(|| panic!("nothing to do on {}", page.url));
    person.browser.submit(form).await.expect(200)
}

/// Goes through what is left and redeems the code.
async fn finished(eco: &Ecosystem, person: &mut Person, pending: &Pending, target: &str) -> serde_json::Value {
    let answer = person.walk(target).await;
    let back = eco.points.returned(pending, &answer);
    let code = parameter(&back, "code").unwrap_or_else(|| panic!("no code in {back}"));
    eco.points.redeem(&code, &pending.verifier).await.expect(200).json()
}

/// A browser that has typed the address and asked for a code.
async fn asked_for_a_code(person: &mut Person, target: &str) -> Answer {
    let page = person.browser.open(target).await.expect(200);
    let typed = page.page().form(&["identifier"]).fill("identifier", &person.email).press("action=continue");
    let page = person.browser.submit(typed).await.expect(200);
    person.browser.submit(form_with(&page, "code")).await.expect(200)
}

async fn typed_the_code(person: &mut Person, page: &Answer) -> Answer {
    let code = person.code().await;
    person.browser.submit(page.page().form(&["code"]).fill("code", &code).press("action=continue")).await.expect(200)
}

on_both! {
    /// P7: a link and the ticks belong to whoever decided about them. When somebody else goes on in the same flow, by "not you?" or after
    /// a sign-out in another tab, they are asked themselves, and the link that waited waits no more.
    async fn p7_a_decision_counts_for_nobody_else(world: World) {
        let eco = Ecosystem::open(world).await;
        let (mut anna, mut boris) = (eco.person("anna"), eco.person("boris"));
        eco.sign_in(&mut boris, &eco.cinema, &[]).await;
        for by_the_button in [true, false] {
            eco.sign_in(&mut anna, &eco.cinema, &[]).await;
            let pending = eco.points.push(&[("link_assertion", &eco.assertion("polar-points", "PP-104417")), ("prompt", "consent")]).await;
            let page = anna.browser.open(pending.url.as_str()).await.expect(200);
            assert_eq!(page.url.path(), "/link");
            let page = anna.browser.submit(form_with(&page, "accept")).await.expect(200);
            assert_eq!(page.url.path(), "/consent");
            let flow = page.url.as_str().to_owned();
            let leaving = if by_the_button {
                anna.browser.submit(form_with(&page, "other")).await.expect(200)
            } else {
                anna.browser.open("/logout").await.expect(200)
            };
            assert_eq!(leaving.url.path(), "/logout");
            anna.browser.submit(form_with(&leaving, "sign-out")).await.expect(200);

            let mut other = at_the_browser_of(&anna, &boris, &eco);
            other.answer = "decline";
            let page = other.browser.open(&flow).await.expect(200);
            assert_eq!(page.url.path(), "/login");
            let page = goes_on(&mut other, &page).await;
            let page = goes_on(&mut other, &page).await;
            assert_eq!(page.url.path(), "/link", "he is asked himself");
            assert_eq!(eco.world.count("SELECT COUNT(*) FROM links WHERE state <> 'expired' AND state <> 'declined'").await, 0, "hers waits no more");
            assert_eq!(eco.world.count("SELECT COUNT(*) FROM consents WHERE kind = 'link' AND state = 'given'").await, 0);
            let page = other.browser.submit(form_with(&page, "decline")).await.expect(200);
            assert_eq!(page.url.path(), "/consent", "and about what the service may read");
            other.answer = "accept";
            let tokens = finished(&eco, &mut other, &pending, page.url.as_str()).await;
            assert_eq!(tokens["link_status"], "declined");
            let seen = eco.points.introspect(text(&tokens, "access_token")).await;
            assert_eq!(seen["active"], true);
            assert!(seen["links"].as_array().is_none_or(Vec::is_empty), "{seen}");
            anna.browser = anna.elsewhere(&eco.wire).browser;
        }
        assert!(eco.link_states(&anna, "polar-points").await.is_empty());
        eco.close().await;
    }

    /// Somebody who is known and whose session ends in the middle signs in again, however they had introduced themselves.
    async fn a_session_that_ends_in_the_middle_leads_to_signing_in(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        // Registered in this very flow.
        let pending = eco.cinema.authorize(&[]);
        let mut page = anna.browser.open(pending.url.as_str()).await.expect(200);
        while page.url.path() != "/consent" {
            page = goes_on(&mut anna, &page).await;
        }
        for by_code in [false, true] {
            eco.world.rows("UPDATE sessions SET expires_at = 0 WHERE ended_at IS NULL RETURNING 1").await;
            let again = anna.browser.open(page.url.as_str()).await.expect(200);
            assert_eq!(again.url.path(), "/login", "by code: {by_code}");
            if !by_code {
                let sent = asked_for_a_code(&mut anna, again.url.as_str()).await;
                page = typed_the_code(&mut anna, &sent).await;
                assert_eq!(page.url.path(), "/consent");
            }
        }
        let answer = anna.walk(page.url.as_str()).await;
        let code = parameter(&eco.cinema.returned(&pending, &answer), "code").expect("signed in");
        eco.cinema.redeem(&code, &pending.verifier).await.expect(200);
        eco.close().await;
    }

    /// Whoever proves an address whose account is locked is told so, and can begin anew.
    async fn a_locked_account_is_told_to_who_proved_its_address(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut anna = eco.person("anna");
        eco.sign_in(&mut anna, &eco.cinema, &[]).await;
        eco.world.rows("UPDATE customers SET state = 'locked', epoch = epoch + 1 RETURNING 1").await;
        let mut elsewhere = anna.elsewhere(&eco.wire);
        let pending = eco.cinema.authorize(&[]);
        let sent = asked_for_a_code(&mut elsewhere, pending.url.as_str()).await;
        let told = typed_the_code(&mut elsewhere, &sent).await;
        assert_eq!(told.url.path(), "/login");
        assert!(told.page().text().contains("is locked for now"), "{}: {}", told.url, told.page().text());
        assert!(elsewhere.browser.cookie("id.localhost", "concord_session").is_none());
        let typed = told.page().form(&["identifier"]).fill("identifier", "boris@example.org").press("action=continue");
        let other = elsewhere.browser.submit(typed).await.expect(200);
        assert!(!other.page().text().contains("locked"), "another address is another matter");
        eco.close().await;
    }

    /// Two browsers register one address: the second one is led to signing in, with the password that is good by then.
    async fn an_address_registered_meanwhile_is_signed_in_to(world: World) {
        let eco = Ecosystem::open(world).await;
        let mut second = eco.person("anna");
        let pending = eco.cinema.authorize(&[]);
        let mut page = second.browser.open(pending.url.as_str()).await.expect(200);
        while page.url.path() != "/register/password" {
            page = goes_on(&mut second, &page).await;
        }
        // Has read the same mails, and registers too.
        let mut first = second.elsewhere(&eco.wire).stranger();
        eco.sign_in(&mut first, &eco.cinema, &[]).await;
        let led = goes_on(&mut second, &page).await;
        assert_eq!(led.url.path(), "/login/password");
        let answer = second.walk(led.url.as_str()).await;
        let code = parameter(&eco.cinema.returned(&pending, &answer), "code").expect("signed in");
        eco.cinema.redeem(&code, &pending.verifier).await.expect(200);
        assert_eq!(eco.world.count("SELECT COUNT(*) FROM customers").await, 1);
        eco.close().await;
    }
}
