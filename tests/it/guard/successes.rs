//! Every form of every page, sent as it stands there by whoever it was shown to: what is refused elsewhere is taken here.

use std::collections::BTreeSet;

use super::town::Town;
use crate::account::stage::form_with;
use crate::support::html::Form;
use crate::support::http::{Answer, Browser, parameter};
use crate::support::person::Person;

/// Somebody who sends forms, and the addresses where they were taken.
struct Sender {
    person: Person,
    taken: BTreeSet<String>,
}

impl Sender {
    /// Sends a form and goes where it leads; the address counts when the answer is not the same page again.
    async fn send(&mut self, form: Form) -> Answer {
        let sent = self.person.browser.submit_once(form).await;
        let path = sent.url.path().to_owned();
        assert!(matches!(sent.status.as_u16(), 200 | 303), "POST {path}: {} {}", sent.status, sent.page().text());
        let onward = sent.location();
        if onward.as_ref().is_some_and(|to| to.path() != path || to.query() != sent.url.query()) {
            self.taken.insert(template(&path));
        }
        match onward {
            Some(to) if to.origin() == sent.url.origin() => self.person.browser.open(to.as_str()).await,
            _ => sent,
        }
    }

    /// Does what the pages ask, as `Person::walk`.
    async fn walk(&mut self, target: &str) -> Answer {
        let mut answer = self.person.browser.open(target).await;
        for _ in 0..20 {
            if answer.location().is_some() {
                return answer;
            }
            match self.person.fill(&answer.page()).await {
                Some(form) => answer = self.send(form).await,
                None => return answer,
            }
        }
        panic!("walked in circles, last at {}", answer.url);
    }

    /// Presses a button of a page; `named` picks among several forms.
    async fn press(&mut self, page: &str, action: &str) -> Answer {
        let shown = self.person.browser.open(page).await.expect(200);
        let button = format!("action={action}");
        let form = form_with(&shown, &button).press(&button);
        self.send(form).await
    }

    /// Leaving ends on a page, not with a redirect.
    async fn leave(&mut self, page: &str) {
        let path = page.split('?').next().unwrap_or_default().to_owned();
        let shown = self.person.browser.open(page).await.expect(200);
        let left = self.person.browser.submit_once(form_with(&shown, "action=sign-out").press("action=sign-out")).await;
        assert!(matches!(left.status.as_u16(), 200 | 303), "{path}: {}", left.status);
        let again = self.person.browser.open("/account/security").await;
        assert!(again.url.path().starts_with("/login"), "{path} signed nobody out: {}", again.url);
        self.taken.insert(path);
    }
}

/// As the router writes it.
fn template(path: &str) -> String {
    match path.split('/').collect::<Vec<_>>()[..] {
        ["", "account", "links", _, "end"] => "/account/links/{id}/end".to_owned(),
        ["", "account", "services", _, "disconnect"] => "/account/services/{code}/disconnect".to_owned(),
        _ => path.to_owned(),
    }
}

/// The addresses of all forms that were taken.
pub async fn of_every_form(town: &Town) -> BTreeSet<String> {
    let mut vera = Sender { person: town.person("vera"), taken: BTreeSet::new() };
    vera.walk("/register").await.expect(200);
    at_sign_in(town, &mut vera).await;
    let account = vera.person.browser.open("/account").await.expect(200);
    assert!(account.text().contains("vera"), "signed in at last: {}", account.page().text());
    at_account(town, &mut vera).await;
    vera.taken
}

/// The pages of a flow.
async fn at_sign_in(town: &Town, vera: &mut Sender) {
    let (cinema, points) = (&town.cinema, &town.points);
    let home = vera.walk(cinema.authorize(&[]).url.as_str()).await;
    assert!(home.location().is_some(), "back at the cinema: {}", home.url);
    // A proof asked for anew, a choice among people, and signing in on another browser.
    for asked in [&[("max_age", "0")][..], &[("prompt", "login")], &[("prompt", "select_account")]] {
        vera.walk(cinema.authorize(asked).url.as_str()).await;
    }
    let own = std::mem::replace(&mut vera.person.browser, Browser::new(&town.wire));
    vera.walk(cinema.authorize(&[]).url.as_str()).await;
    // A form of an earlier step changes nothing, and leads to the one that is due.
    for stale in ["/continue", "/finished"] {
        let shown = vera.person.browser.open(cinema.authorize(&[("prompt", "login")]).url.as_str()).await;
        let flow = parameter(&shown.url, "flow").expect("a flow");
        let mut form = shown.page().forms().into_iter().find(|form| form.post).expect("a form");
        form.action = format!("{stale}?flow={flow}");
        vera.send(form).await.expect(200);
    }
    vera.person.browser = own;
    for (client, service, account) in [(points, "points", "PP-7"), (&town.bank, "bank", "AB-7")] {
        let pending = client.push(&[("link_assertion", &town.assertion(service, account))]).await;
        let answer = vera.walk(pending.url.as_str()).await;
        let code = parameter(&client.returned(&pending, &answer), "code").expect("a code");
        client.redeem(&code, &pending.verifier).await.expect(200);
    }
}

/// The pages of an account, the gentle ones first.
async fn at_account(town: &Town, vera: &mut Sender) {
    vera.press("/account/security", "save-nickname").await.expect(200);
    vera.press("/account/sessions", "end-others").await.expect(200);
    let shown = vera.person.browser.open("/account/security/password").await.expect(200);
    let new = "a kettle sings in the kitchen at dawn";
    let form = form_with(&shown, "action=continue").fill("current-password", &vera.person.password).fill("new-password", new);
    vera.send(form.press("action=continue")).await.expect(200);
    vera.person.password = new.to_owned();
    // A new link is undone on the list, an older one ended on a page of its own, which is there for both.
    vera.press("/account/links", "undo").await.expect(200);
    let links = vera.person.browser.open("/account/links").await.expect(200);
    let left = form_with(&links, "action=undo").fields.into_iter().find(|(name, _)| name == "link").expect("the other link").1;
    vera.press(&format!("/account/links/{left}/end"), "confirm").await.expect(200);
    vera.press("/account/privacy", "withdraw").await.expect(200);
    vera.press("/account/services/cinema/disconnect", "confirm").await.expect(200);
    // The buttons of the first page are those of links and consents; the same handler takes them.
    let privacy = vera.person.browser.open("/account/privacy").await.expect(200);
    if let Some(mut form) = privacy.page().forms().into_iter().find(|form| form.post) {
        form.action = "/account".to_owned();
        form.fields.retain(|(name, _)| name == "csrf");
        let answer = vera.person.browser.submit_once(form).await;
        assert!(answer.status.as_u16() != 403, "the token of its own session: {}", answer.status);
        vera.taken.insert("/account".to_owned());
    }
    vera.leave("/logout").await;
    vera.walk(town.cinema.authorize(&[]).url.as_str()).await;
    vera.leave("/oauth2/logout").await;
}
