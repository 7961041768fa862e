//! Signing in on the way to a page, and proving again who one is before a change.

use std::time::Duration;

use concord::model::notice::About;
use concord::storage::outbox;
use concord::usecases::notices;

use super::stage::{House, form_with, sign_in};
use crate::support::http::Answer;
use crate::support::person::Person;
use crate::support::{World, on_both};

on_both! {
    /// Whoever signs in on the way to a page of theirs arrives there, and nowhere else.
    async fn signing_in_leads_back_to_the_page_that_was_asked_for(world: World) {
        let house = House::open(&world).await;
        let (_, anna) = house.resident(&world, "anna").await;
        for (asked, arrived) in [
            ("/account", "/account"),
            ("/account/privacy", "/account/privacy"),
            ("/account/privacy?done=withdrawn&service=evil", "/account/privacy"),
            ("/account/security/password?next=//evil.example/", "/account/security/password"),
        ] {
            let mut other = anna.elsewhere(&house.wire);
            let page = other.browser.open(asked).await.expect(200);
            assert_eq!(page.url.path(), "/login", "{asked}");
            let home = finish(&mut other, page).await;
            assert_eq!((home.url.host_str(), home.url.path(), home.url.query()), (Some("id.localhost"), arrived, None), "{asked}");
        }
        // What no address of ours can name is not taken from the query either.
        let mut other = anna.elsewhere(&house.wire);
        let page = other.browser.open("/login?page=//evil.example/&to=https://evil.example/").await.expect(200);
        assert_eq!(finish(&mut other, page).await.url.path(), "/account");
        assert_eq!(other.browser.open("/account//evil.example").await.status, 404);
    }

    /// A form sent after its session ended leads to signing in and back to its page; nothing was done.
    async fn a_form_without_a_session_leads_back_to_its_page(world: World) {
        let house = House::open(&world).await;
        let (_, mut anna) = house.resident(&world, "anna").await;
        let page = anna.browser.open("/account/security").await.expect(200);
        let form = form_with(&page, "save-nickname").fill("nickname", "somebody else").press("action=save-nickname");
        world.rows("UPDATE sessions SET expires_at = 0 WHERE ended_at IS NULL RETURNING 1").await;
        let page = anna.browser.submit(form).await.expect(200);
        assert_eq!(page.url.path(), "/login");
        let back = finish(&mut anna, page).await;
        assert_eq!(back.url.path(), "/account/security");
        assert!(!back.page().text().contains("somebody else"));
    }

    /// Without a password to ask for, a first one is chosen by whoever has just proved who they are: by a code, and back again.
    async fn a_first_password_follows_a_fresh_proof(world: World) {
        let house = House::open(&world).await;
        let (_, mut anna) = house.resident(&world, "anna").await;
        world.rows("DELETE FROM passwords RETURNING 1").await;
        let page = anna.browser.open("/account/security/password").await.expect(200);
        assert_eq!(page.url.path(), "/account/security/password", "signed in a moment ago");

        world.pass(Duration::from_secs(301));
        let again = anna.browser.open("/account/security/password").await.expect(200);
        assert_eq!(again.url.path(), "/reauth");
        assert!(again.page().by_id("password").is_none(), "there is no password to ask for");
        let before = session(&anna);
        let back = prove(&world, &mut anna, again).await;
        assert_eq!(back.url.path(), "/account/security/password");
        assert_ne!(session(&anna), before, "a new cookie after the proof (P19)");

        // The form was open for too long: proof again, then the form again.
        world.pass(Duration::from_secs(301));
        let chosen = "a lighthouse keeper reads at night";
        let again = anna.browser.submit(form_with(&back, "action=continue").fill("new-password", chosen).press("action=continue")).await;
        assert_eq!(again.url.path(), "/reauth");
        let back = prove(&world, &mut anna, again.expect(200)).await;
        let done = anna.browser.submit(form_with(&back, "action=continue").fill("new-password", chosen).press("action=continue")).await;
        assert_eq!((done.url.path(), done.url.query()), ("/account/security", Some("done=password")));
        let mut other = anna.elsewhere(&house.wire);
        assert_eq!(sign_in(&mut other.browser, &anna.email, chosen).await.url.path(), "/account");
    }
}

fn session(person: &Person) -> Option<String> {
    person.browser.cookie("id.localhost", "concord_session").map(|cookie| cookie.value)
}

/// From the first page of signing in to wherever it ends.
async fn finish(person: &mut Person, page: Answer) -> Answer {
    let form = page.page().form(&["identifier"]).fill("identifier", &person.email).press("action=continue");
    let page = person.browser.submit(form).await.expect(200).page();
    person.browser.submit(page.form(&["password"]).fill("password", &person.password).press("action=continue")).await.expect(200)
}

/// Asks for a code instead of the password, and types it.
async fn prove(world: &World, person: &mut Person, page: Answer) -> Answer {
    let page = person.browser.submit(form_with(&page, "action=code").press("action=code")).await.expect(200);
    assert_eq!(page.url.path(), "/login/code");
    let code = newest_code(world, &person.email).await;
    person.browser.submit(page.page().form(&["code"]).fill("code", &code).press("action=continue")).await.expect(200)
}

/// The newest code on its way to an address.
async fn newest_code(world: &World, to: &str) -> String {
    let mut tx = world.database.read().await.expect("a connection");
    let rows = outbox::due(&mut tx, world.now()).await.expect("the outbox");
    let codes = rows.iter().filter_map(|row| {
        let notice = notices::open(&world.core, row.id, &row.payload)?;
        match notice.about {
            About::OneTimeCode { code, .. } if notice.to == to => Some((row.id, code)),
            _ => None,
        }
    });
    codes.max_by_key(|(id, _)| id.uuid()).expect("a code").1.clone()
}
