//! Sessions, password, name, signing out.

use super::stage::{House, form_with, sign_in};
use crate::support::{Backend, World, on_both};

on_both! {
    /// Another browser is signed out from here, one by one or all at once.
    async fn other_browsers_are_signed_out(world: World) {
        let house = House::open(&world).await;
        let (customer, mut anna) = house.resident(&world, "anna").await;
        let mut others = Vec::new();
        for _ in 0..3 {
            let mut other = anna.elsewhere(&house.wire);
            sign_in(&mut other.browser, &anna.email, &anna.password).await;
            others.push(other);
        }
        let page = anna.browser.open("/account/sessions").await.expect(200);
        let form = page.page().forms().into_iter().find(|form| form.offers("action=end")).expect("another session");
        let done = anna.browser.submit(form.press("action=end")).await.expect(200);
        assert_eq!(done.url.query(), Some("done=session-ended"));
        let done = anna.browser.submit(form_with(&done, "end-others").press("action=end-others")).await.expect(200);
        assert_eq!(done.url.query(), Some("done=others-ended"));
        for other in &mut others {
            assert_eq!(other.browser.open("/account").await.url.path(), "/login");
        }
        assert_eq!(anna.browser.open("/account").await.url.path(), "/account");
        let held = concord::usecases::account::overview(&world.core, customer, world.now()).await.expect("read");
        assert_eq!(held.sessions.len(), 1);
    }

    /// A new password needs the present one; other browsers are signed out, this one goes on under a new cookie.
    async fn a_password_is_changed_with_the_present_one(world: World) {
        let house = House::open(&world).await;
        let (_, mut anna) = house.resident(&world, "anna").await;
        let mut other = anna.elsewhere(&house.wire);
        sign_in(&mut other.browser, &anna.email, &anna.password).await;
        let cookie = |person: &crate::support::person::Person| person.browser.cookie("id.localhost", "concord_session").map(|cookie| cookie.value);
        let before = cookie(&anna);
        assert!(before.is_some());

        let moved = anna.browser.open("/.well-known/change-password").await.expect(200);
        assert_eq!(moved.url.path(), "/account/security/password");
        let new = "a lighthouse keeper reads at night";
        for (current, chosen, said) in [
            ("", new, "current-password"),
            ("not the present password", new, "current-password"),
            (anna.password.as_str(), "short", "new-password"),
            (anna.password.as_str(), "", "new-password"),
        ] {
            let page = anna.browser.open("/account/security/password").await.expect(200);
            let form = form_with(&page, "action=continue").fill("current-password", current).fill("new-password", chosen);
            let again = anna.browser.submit(form.press("action=continue")).await.expect(200);
            let links = again.page().links();
            assert!(links.iter().any(|(to, _)| to == &format!("#{said}")), "{current:?} {chosen:?}: {links:?}");
        }
        assert_eq!(cookie(&anna), before);
        let page = anna.browser.open("/account/security/password").await.expect(200);
        let form = form_with(&page, "action=continue").fill("current-password", &anna.password).fill("new-password", new);
        let done = anna.browser.submit(form.press("action=continue")).await.expect(200);
        assert_eq!((done.url.path(), done.url.query()), ("/account/security", Some("done=password")));
        assert_ne!(cookie(&anna), before);
        assert_eq!(other.browser.open("/account").await.url.path(), "/login");
        let home = sign_in(&mut other.browser, &anna.email, new).await;
        assert_eq!(home.url.path(), "/account");
    }

    /// A right present password is no failed try, whatever else is wrong; too many wrong ones are refused before the new one is looked at.
    async fn a_weak_new_password_is_no_failed_try(world: World) {
        let house = House::open(&world).await;
        let (_, mut anna) = house.resident(&world, "anna").await;
        let right = anna.password.clone();
        for _ in 0..8 {
            let said = refused_change(&mut anna, &right, "short").await;
            assert!(said.iter().any(|to| to == "#new-password"), "{said:?}");
        }
        assert_eq!(world.count("SELECT COALESCE(MAX(count), 0) FROM tries").await, 0);
        for _ in 0..5 {
            refused_change(&mut anna, "not the present password", "short").await;
        }
        let counted = world.count("SELECT COALESCE(MAX(count), 0) FROM tries").await;
        assert_eq!(counted, 5);
        let page = anna.browser.open("/account/security/password").await.expect(200);
        let form = form_with(&page, "action=continue").fill("current-password", &right).fill("new-password", "short");
        let again = anna.browser.submit(form.press("action=continue")).await.expect(200);
        assert!(again.page().text().contains("Too many"), "{}", again.page().text());
    }

    /// A name is changed; one that is too long or empty is not.
    async fn a_name_is_changed(world: World) {
        let house = House::open(&world).await;
        let (_, mut anna) = house.resident(&world, "anna").await;
        for wrong in [" ".to_owned(), "n".repeat(65), "a\u{7}b".to_owned()] {
            let page = anna.browser.open("/account/security").await.expect(200);
            let again = anna.browser.submit(form_with(&page, "save-nickname").fill("nickname", &wrong).press("action=save-nickname")).await;
            assert!(again.expect(200).page().by_id("error-summary").is_some(), "{wrong:?}");
        }
        let page = anna.browser.open("/account/security").await.expect(200);
        assert!(!page.text().contains(&anna.email));
        let form = form_with(&page, "save-nickname").fill("nickname", "Аня & <b>");
        let done = anna.browser.submit(form.press("action=save-nickname")).await.expect(200);
        assert!(done.text().contains("Аня &#38; &#60;b&#62;") || done.text().contains("Аня &amp; &lt;b&gt;"), "{}", done.text());
    }

    /// Signing out ends the session; on the way through a flow it leads back there, and the flow asks who it is.
    async fn signing_out_ends_the_session_and_a_flow_goes_on(world: World) {
        let house = House::open(&world).await;
        let (_, mut anna) = house.resident(&world, "anna").await;
        let page = anna.browser.open("/account/sign-out").await.expect(200);
        assert_eq!(page.url.path(), "/logout");
        let stayed = anna.browser.submit(form_with(&page, "stay").press("action=stay")).await.expect(200);
        assert_eq!(stayed.url.path(), "/account");
        let mut old = anna.browser.clone();
        let page = anna.browser.open("/logout").await.expect(200);
        let gone = anna.browser.submit(form_with(&page, "sign-out").press("action=sign-out")).await.expect(200);
        assert_eq!(gone.url.path(), "/logout");
        assert_eq!(gone.header("clear-site-data"), Some("\"cache\", \"storage\""), "nothing is left for whoever presses Back");
        assert_eq!(stayed.header("clear-site-data"), None);
        assert!(anna.browser.cookie("id.localhost", "concord_session").is_none());
        assert_eq!(old.open("/account").await.url.path(), "/login", "the old cookie is worth nothing");

        sign_in(&mut anna.browser, &anna.email, &anna.password).await;
        let flow = concord::model::ids::FlowId::new(world.random.uuid_v7(world.now()));
        let page = anna.browser.open(&format!("/logout?flow={flow}")).await.expect(200);
        let answer = anna.browser.submit_once(form_with(&page, "sign-out").press("action=sign-out")).await;
        assert_eq!(answer.location().map(|to| to.path().to_owned()).as_deref(), Some("/continue"));
        assert_eq!(answer.header("clear-site-data"), None, "the flow goes on");
        assert_eq!(anna.browser.open("/account").await.url.path(), "/login");
    }
}

/// The lengths that an operator set are those of the page and of the check, when registering and when changing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lengths_of_passwords_are_those_of_the_configuration() {
    let world = World::with(Backend::Sqlite, "[password]\nmin_length = 20\nmax_length = 64").await;
    let house = House::open(&world).await;
    let (_, mut anna) = house.resident(&world, "anna").await;
    let page = anna.browser.open("/account/security/password").await.expect(200).page().text();
    assert!(page.contains("20") && !page.contains("15"), "{page}");
    let current = anna.password.clone();
    for (chosen, limit) in [("shelf umbrella 17 m", "20"), (&"shelf umbrella seventeen moths ".repeat(3)[..65], "64")] {
        let page = anna.browser.open("/account/security/password").await.expect(200);
        let form = form_with(&page, "action=continue").fill("current-password", &current).fill("new-password", chosen);
        let again = anna.browser.submit(form.press("action=continue")).await.expect(200).page();
        let said = again.by_id("error-summary").expect("refused");
        assert!(said.contains(limit), "{chosen}: {said}");
    }
    let page = anna.browser.open("/account/security/password").await.expect(200);
    let form = form_with(&page, "action=continue").fill("current-password", &current).fill("new-password", "shelf umbrella seventeen");
    let done = anna.browser.submit(form.press("action=continue")).await.expect(200);
    assert_eq!(done.url.path(), "/account/security");
}

/// Where the summary of errors leads after a change that is not made.
async fn refused_change(person: &mut crate::support::person::Person, current: &str, chosen: &str) -> Vec<String> {
    let page = person.browser.open("/account/security/password").await.expect(200);
    let form = form_with(&page, "action=continue").fill("current-password", current).fill("new-password", chosen);
    let again = person.browser.submit(form.press("action=continue")).await.expect(200);
    again.page().links().into_iter().map(|(to, _)| to).collect()
}
