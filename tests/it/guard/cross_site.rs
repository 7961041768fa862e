//! Every form of every page, posted by another site or with another's token: refused, and nothing is changed.

use super::town::{POINTS_API, Town, text};
use crate::account::stage::form_with;
use crate::support::html::Form;
use crate::support::http::{Answer, Browser};
use crate::support::on_both;
use crate::support::person::Person;

/// How a form is sent by somebody who should not be able to.
const TRICKS: [&str; 8] = [
    "no token",
    "a made-up token",
    "the token of another browser",
    "the token of another page",
    "from another origin",
    "from a neighbouring host",
    "from another site, as the browser says",
    "from the same site, as the browser says",
];

struct Forger {
    /// Tokens of another person's browser, and of another page of the same browser.
    stranger: String,
    tried: usize,
}

fn token_of(page: &Answer) -> Option<String> {
    page.page().forms().into_iter().flat_map(|form| form.fields).find(|(name, _)| name == "csrf").map(|(_, token)| token)
}

impl Forger {
    /// Sends each form of the page in each wrong way, with each of its buttons.
    async fn try_all(&mut self, town: &Town, browser: &Browser, page: &Answer, elsewhere: &str) {
        for form in page.page().forms().into_iter().filter(|form| form.post) {
            let own = form.fields.iter().find(|(name, _)| name == "csrf").map(|(_, token)| token.clone());
            let own = own.unwrap_or_else(|| panic!("{}: a form without a token", page.url));
            let buttons: Vec<Option<(String, String)>> =
                form.buttons.iter().map(|button| button.name.clone().map(|name| (name, button.value.clone()))).collect();
            for button in buttons {
                for trick in TRICKS {
                    let answer = self.send(town, browser, page, &form, button.as_ref(), trick, (&own, elsewhere)).await;
                    assert_eq!(answer.status.as_u16(), 403, "{} {button:?} with {trick}: {}", page.url, answer.page().text());
                    self.tried += 1;
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    async fn send(
        &self,
        town: &Town,
        browser: &Browser,
        page: &Answer,
        form: &Form,
        button: Option<&(String, String)>,
        trick: &str,
        (own, elsewhere): (&str, &str),
    ) -> Answer {
        let target = if form.action.is_empty() { page.url.clone() } else { page.url.join(&form.action).expect("an address") };
        let token = match trick {
            "no token" => None,
            "a made-up token" => Some("ZQgEXzW0w5p1m3yJ4o8h2tq9u7r6s5d4f3g2h1j0k9l"),
            "the token of another browser" => Some(self.stranger.as_str()),
            "the token of another page" => Some(elsewhere),
            _ => Some(own),
        };
        let mut fields: Vec<(&str, &str)> =
            form.fields.iter().filter(|(name, _)| name != "csrf").map(|(n, v)| (n.as_str(), v.as_str())).collect();
        fields.extend(button.map(|(name, value)| (name.as_str(), value.as_str())));
        fields.extend(token.map(|token| ("csrf", token)));
        let request = town.wire.post(target.as_str()).form(fields);
        let request = match trick {
            "from another origin" => request.header("origin", "https://evil.test"),
            "from a neighbouring host" => request.header("origin", "http://evil.id.localhost:8080"),
            "from another site, as the browser says" => request.header("sec-fetch-site", "cross-site"),
            "from the same site, as the browser says" => request.header("sec-fetch-site", "same-site"),
            _ => request,
        };
        browser.clone().once(request).await
    }

    /// Walks through whatever is asked, and tries each page on the way.
    async fn walk(&mut self, town: &Town, person: &mut Person, target: &str, elsewhere: &str) -> Answer {
        let mut answer = person.browser.open(target).await;
        for _ in 0..20 {
            if answer.location().is_some() {
                return answer;
            }
            let before = town.state().await;
            self.try_all(town, &person.browser, &answer, elsewhere).await;
            assert_eq!(town.state().await, before, "{}", answer.url);
            match person.fill(&answer.page()).await {
                Some(form) => answer = person.browser.submit(form).await,
                None => return answer,
            }
        }
        panic!("walked in circles");
    }
}

on_both! {
    /// WE3, SE12, CO4: a form works from its own page in its own browser, and from nowhere else.
    async fn we3_a_form_works_only_from_its_own_page(world: World) {
        let town = Town::open(world).await;
        let (mut anna, mut boris) = (town.person("anna"), town.person("boris"));
        town.sign_in(&mut boris, &town.cinema, &[]).await;
        let stranger = token_of(&boris.browser.open("/account/security").await).expect("a token");
        let mut forger = Forger { stranger: stranger.clone(), tried: 0 };

        // Registration, consent, a link, and every way of signing in.
        let pending = town.cinema.authorize(&[]);
        forger.walk(&town, &mut anna, pending.url.as_str(), &stranger).await;
        let elsewhere = token_of(&anna.browser.open("/account/security").await).expect("a token");
        let assertion = town.assertion("points", "PP-1");
        let pending = town.points.push(&[("link_assertion", &assertion)]).await;
        let back = forger.walk(&town, &mut anna, pending.url.as_str(), &elsewhere).await;
        let code = crate::support::http::parameter(&town.points.returned(&pending, &back), "code").expect("a code");
        assert_eq!(town.points.redeem(&code, &pending.verifier).await.expect(200).json()["link_status"], "active");
        for prompt in ["login", "select_account", "login select_account"] {
            forger.walk(&town, &mut anna, town.cinema.authorize(&[("prompt", prompt)]).url.as_str(), &elsewhere).await;
        }
        let mut other = anna.elsewhere(&town.wire).known();
        forger.walk(&town, &mut other, "/account", &elsewhere).await;
        let login = Browser::new(&town.wire).open("/login").await;
        forger.try_all(&town, &anna.browser, &anna.browser.clone().open("/login").await, &elsewhere).await;
        assert!(token_of(&login).is_some());
        let reading = town.sign_in(&mut anna, &town.bank, &[("scope", "openid profile loyalty"), ("resource", POINTS_API)]).await;

        // Her own pages.
        let before = town.state().await;
        let leaving = token_of(&anna.browser.open("/logout").await).expect("a token");
        let link = anna.browser.open("/account/links").await;
        let link = link.page().forms().into_iter().flat_map(|form| form.fields).find(|(name, _)| name == "link").expect("a link").1;
        for path in [
            "/account".to_owned(), "/account/links".into(), "/account/privacy".into(), "/account/sessions".into(), "/account/security".into(),
            "/account/security/password".into(), format!("/account/links/{link}/end"), "/account/services/points/disconnect".into(),
            "/logout".into(), "/oauth2/logout".into(),
        ] {
            let page = anna.browser.open(&path).await.expect(200);
            let tried = forger.tried;
            let other_page = if path.ends_with("logout") { &elsewhere } else { &leaving };
            forger.try_all(&town, &anna.browser, &page, other_page).await;
            assert!(forger.tried > tried, "{path} has no form");
        }
        assert_eq!(town.state().await, before);
        assert!(forger.tried > 300, "only {}", forger.tried);
        assert!(town.bank.sees_active(&text(&reading, "access_token")).await);

        // And from its own page a form works.
        let page = anna.browser.open("/account/links").await.expect(200);
        let form = page.page().forms().into_iter().find(|form| form.offers("action=undo")).expect("a link");
        assert_eq!(anna.browser.submit(form.press("action=undo")).await.expect(200).url.query(), Some("done=link-ended&service=points"));
        let page = anna.browser.open("/logout").await.expect(200);
        anna.browser.submit(form_with(&page, "sign-out").press("action=sign-out")).await.expect(200);
    }
}
