//! After the whole story nothing personal and nothing secret is to be found in what a deployment leaves behind.
//!
//! The secrets are not listed by hand: everything that was said to the server and by it is read for them, so that what a later
//! page or endpoint carries under a known name is looked for, too.

use serde_json::{Value, json};
use url::form_urlencoded;

use super::dumps::{Overheard, files_below};
use super::haystack::Needles;
use super::town::{POINTS_API, Town, text};
use crate::account::stage::form_with;
use crate::support::http::{Browser, Exchange, parameter};
use crate::support::keys::random;
use crate::support::on_both;
use crate::support::person::Person;

/// Members of forms, queries and JSON that are secret, or personal.
const SECRET: [&str; 26] = [
    "password",
    "new-password",
    "current-password",
    "identifier",
    "email",
    "nickname",
    "csrf",
    "state",
    "nonce",
    "code_verifier",
    "client_secret",
    "client_assertion",
    "link_assertion",
    "id_token_hint",
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "request_uri",
    "logout_token",
    "login_hint",
    "local_account",
    "phone_number",
    "birthdate",
    "family_name",
    "given_name",
];

/// Few enough people have such a thing for its digest to be guessed.
const GUESSABLE: [&str; 9] =
    ["identifier", "email", "nickname", "local_account", "phone_number", "birthdate", "family_name", "given_name", "login_hint"];

/// Digits that nobody else has.
fn digits(n: usize) -> String {
    let digits: String = random().bytes().map(|byte| char::from(b'0' + byte % 10)).collect();
    digits[..n].to_owned()
}

/// A word that nobody else has.
fn word(start: &str) -> String {
    let rest: String = random().chars().filter(char::is_ascii_lowercase).take(9).collect();
    format!("{start}{rest}{}", digits(4))
}

impl Needles {
    fn member(&mut self, name: &str, value: &str) {
        let value = value.trim();
        if name == "code" && value.len() == 6 && value.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.code(value);
        }
        if !(SECRET.contains(&name) || name == "code") || value.len() < 8 {
            return;
        }
        // A prefix that everybody knows is no secret.
        let value = value.strip_prefix("urn:ietf:params:oauth:request_uri:").unwrap_or(value);
        if GUESSABLE.contains(&name) {
            self.guessable(name, value);
        } else {
            self.text(name, value);
        }
        // Each part of a signed token is worth finding.
        for part in value.split('.').filter(|_| value.starts_with("eyJ")).skip(1).filter(|part| part.len() > 20) {
            self.text(&format!("part of {name}"), part);
        }
    }

    fn pairs(&mut self, encoded: &[u8]) {
        for (name, value) in form_urlencoded::parse(encoded) {
            self.member(&name, &value);
        }
    }

    fn json(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                for (name, inner) in members {
                    match inner {
                        // The code of a problem is its name.
                        Value::String(text) if name != "code" => self.member(name, text),
                        other => self.json(other),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.json(item)),
            _ => {}
        }
    }

    /// Everything secret that went over the wire in one request and its answer.
    fn exchange(&mut self, exchange: &Exchange) {
        let kind = |headers: &reqwest::header::HeaderMap| {
            headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned()
        };
        self.pairs(exchange.url.query().unwrap_or_default().as_bytes());
        if kind(&exchange.headers).starts_with("application/x-www-form") {
            self.pairs(&exchange.body);
        }
        for body in [&exchange.body, &exchange.answer.body] {
            if let Ok(value) = serde_json::from_slice::<Value>(body) {
                self.json(&value);
            }
        }
        for line in exchange.headers.get_all("authorization") {
            if let Some((_, credentials)) = line.to_str().ok().and_then(|line| line.split_once(' ')).filter(|(_, c)| c.len() >= 8) {
                self.text("an Authorization header", credentials);
            }
        }
        for line in exchange.answer.headers.get_all("set-cookie") {
            let pair = line.to_str().expect("ASCII").split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=').filter(|(_, value)| value.len() >= 8) {
                self.text(&format!("the cookie {name}"), value);
            }
        }
        if let Some(to) = exchange.answer.location() {
            self.pairs(to.query().unwrap_or_default().as_bytes());
            self.pairs(to.fragment().unwrap_or_default().as_bytes());
        }
    }
}

/// What an operator sets, and only the database and the operator's shell see.
struct Entered {
    values: Vec<(&'static str, String)>,
}

impl Entered {
    fn new() -> Self {
        let values = vec![
            ("phone_number", format!("+7916{}", digits(7))),
            ("given_name", word("Anneliese")),
            ("family_name", word("Berghaus")),
            ("birthdate", "1987-03-14".to_owned()),
            ("website", format!("https://{}.example.net/", word("home"))),
            ("login", word("annelog")),
        ];
        Self { values }
    }
}

/// Registration, links, tokens, and everything that ends them.
async fn the_story(town: &Town, anna: &mut Person, entered: &Entered, account: &str) {
    let cinema = town.sign_in(anna, &town.cinema, &[]).await;
    let customer = town.customer(anna).await.to_string();
    let values: Vec<String> = entered.values.iter().map(|(claim, value)| format!("{claim}={value}")).collect();
    let arguments: Vec<&str> = ["customer", "set", &customer].into_iter().chain(values.iter().map(String::as_str)).collect();
    town.run(&arguments).await;
    town.run(&["customer", "show", &customer]).await;
    let info = town.cinema.userinfo(&text(&cinema, "access_token")).await.expect(200).json();
    assert_eq!((&info["phone_number"], &info["email"]), (&json!(entered.values[0].1), &json!(anna.email)), "{info}");

    assert_eq!(town.connect(anna, &town.points, "points", account).await["link_status"], "active");
    assert_eq!(town.connect(anna, &town.bank, "bank", &word("AB-")).await["link_status"], "active");
    let writer = town.writer(&town.points).await;
    town.write(&writer, account, json!({ "loyalty_tier": "silver", "loyalty_points": 1240 })).await;
    let shown = town.wire.get("/api/partner/v1/profile/loyalty").query([("local_account", account)]).bearer(&writer).send().await;
    assert_eq!(shown.expect(200).json()["values"]["loyalty_tier"]["value"], "silver");

    let both = [("scope", "openid offline_access profile loyalty"), ("resource", POINTS_API)];
    let reading = town.sign_in(anna, &town.bank, &both).await;
    let info = town.bank.userinfo(&text(&reading, "access_token")).await.expect(200).json();
    assert_eq!(info["loyalty_tier"], "silver", "{info}");
    let refresh = text(&reading, "refresh_token");
    let at_points = town.bank.token(&[("grant_type", "refresh_token"), ("refresh_token", &refresh), ("resource", POINTS_API)]).await;
    let at_points = at_points.expect(200).json();
    let seen = town.points.introspect(&text(&at_points, "access_token")).await;
    assert_eq!(seen["links"][0]["local_account"], account);
    let app = town.sign_in(anna, &town.app, &[("redirect_uri", "http://127.0.0.1/cb")]).await;
    assert!(text(&app, "access_token").starts_with("eyJ"));
    town.app.userinfo(&text(&app, "access_token")).await.expect(200);

    the_account_pages(anna).await;
    the_errors(town, anna, &cinema).await;
    town.cinema.revoke(&text(&cinema, "refresh_token")).await.expect(200);
    the_end(town, anna, &cinema).await;
}

/// A name, a password, a consent, a link: changed on the person's own pages.
async fn the_account_pages(anna: &mut Person) {
    let page = anna.browser.open("/account/security").await.expect(200);
    anna.nickname = word("Anneke");
    let form = form_with(&page, "save-nickname").fill("nickname", &anna.nickname);
    anna.browser.submit(form.press("action=save-nickname")).await.expect(200);
    let page = anna.browser.open("/account/security/password").await.expect(200);
    let new = format!("a new {} for the lighthouse", word("secret"));
    let form = form_with(&page, "action=continue").fill("current-password", &anna.password).fill("new-password", &new);
    let done = anna.browser.submit(form.press("action=continue")).await.expect(200);
    assert_eq!(done.url.query(), Some("done=password"));
    anna.password = new;
    let page = anna.browser.open("/account/privacy").await.expect(200);
    let form = page.page().forms().into_iter().find(|form| form.offers("action=withdraw")).expect("a consent");
    anna.browser.submit(form.press("action=withdraw")).await.expect(200);
    let page = anna.browser.open("/account/links").await.expect(200);
    let form = page.page().forms().into_iter().find(|form| form.offers("action=undo")).expect("a link");
    anna.browser.submit(form.press("action=undo")).await.expect(200);
}

/// Everything that is refused, with what is secret in places where it does not belong.
async fn the_errors(town: &Town, anna: &Person, tokens: &Value) {
    let (wire, access) = (&town.wire, text(tokens, "access_token"));
    let mut wrong = anna.elsewhere(wire);
    for _ in 0..2 {
        let guess = format!("a wrong {} of the lighthouse", word("guess"));
        crate::account::stage::sign_in(&mut wrong.browser, &anna.email, &guess).await;
    }
    let mut stranger = Browser::new(wire);
    crate::account::stage::sign_in(&mut stranger, &format!("{}@example.org", word("nobody")), &word("whatever password ")).await;

    // A registration that is given up after a wrong code.
    let mut page = Browser::new(wire);
    let first = page.open("/register").await.expect(200);
    let address = format!("{}@example.com", word("giveup"));
    let asked = page.submit(first.page().form(&["email"]).fill("email", &address).press("action=continue")).await.expect(200);
    let again = page.submit(asked.page().form(&["code"]).fill("code", "000000").press("action=continue")).await.expect(200);
    page.submit(form_with(&again, "action=resend").press("action=resend")).await.expect(200);
    let first = page.open("/login").await.expect(200);
    let odd = format!("{} not an address", word("Odd"));
    page.submit(first.page().form(&["identifier"]).fill("identifier", &odd).press("action=continue")).await;

    let email = anna.email.as_str();
    wire.get("/oauth2/userinfo").query([("access_token", access.as_str())]).send().await.expect(401);
    wire.get("/oauth2/userinfo").bearer(&format!("{access}x")).send().await.expect(401);
    wire.get(&format!("/account/{email}")).send().await.expect(404);
    wire.get(&format!("/agreements/{email}")).send().await.expect(404);
    wire.get("/login").query([("flow", email)]).send().await.expect(404);
    wire.post("/oauth2/token").basic(email, &anna.password).form([("grant_type", "client_credentials")]).send().await.expect(401);
    wire.post("/oauth2/token")
        .form([("grant_type", email), ("client_id", email), ("client_secret", &anna.password)])
        .send()
        .await
        .expect(400);
    wire.post("/oauth2/introspect").basic("cinema", &word("wrong secret ")).form([("token", access.as_str())]).send().await.expect(401);
    wire.post("/oauth2/revoke").basic("cinema", email).form([("token", email)]).send().await.expect(401);
    wire.post("/oauth2/par").basic("cinema", email).form([("client_id", "cinema"), ("login_hint", email)]).send().await.expect(401);
    wire.get("/oauth2/authorize").query([("client_id", email), ("login_hint", email)]).send().await.expect(400);
    wire.get("/oauth2/authorize").query([("client_id", "cinema"), ("redirect_uri", email)]).send().await.expect(400);
    wire.get("/oauth2/logout").query([("id_token_hint", text(tokens, "id_token").as_str()), ("client_id", email)]).send().await;
    wire.get("/oauth2/logout").query([("id_token_hint", email)]).send().await.expect(400);
    wire.request(reqwest::Method::PUT, "/api/partner/v1/profile/loyalty")
        .bearer(&access)
        .json(&json!({ "local_account": email }))
        .send()
        .await;
    let writer = town.writer(&town.points).await;
    let put = || wire.request(reqwest::Method::PUT, "/api/partner/v1/profile/loyalty").bearer(&writer);
    put().json(&json!({ "local_account": email, "values": { "x": email }, "observed_at": email })).send().await.expect(422);
    put().body("application/json", format!("{{\"local_account\": \"{email}\", {email}")).send().await.expect(400);

    // A hint that names her, a code for the wrong client, a code twice, an old refresh token.
    let pending = town.cinema.authorize(&[("login_hint", email), ("prompt", "login"), ("ui_locales", "ru")]);
    let mut elsewhere = anna.elsewhere(wire);
    let answer = elsewhere.walk(pending.url.as_str()).await;
    let back = town.cinema.returned(&pending, &answer);
    let code = parameter(&back, "code").expect("a code");
    assert_eq!(town.bank.redeem(&code, &pending.verifier).await.expect(400).error(), "invalid_grant");
    assert_eq!(town.cinema.redeem(&code, &random()).await.expect(400).error(), "invalid_grant");
    let last = town.cinema.redeem(&code, &pending.verifier).await;
    assert!(last.status.as_u16() < 500, "{}", last.text());
    assert_eq!(town.cinema.redeem(&code, &pending.verifier).await.expect(400).error(), "invalid_grant");
    let twice = text(tokens, "refresh_token");
    for _ in 0..3 {
        assert!(town.cinema.refresh(&twice).await.status.as_u16() < 500);
    }
    assert_eq!(town.kiosk.refresh(&twice).await.expect(400).error(), "invalid_grant");
}

/// Signing out with a hint, the partners are told, the customer is locked.
async fn the_end(town: &Town, anna: &mut Person, tokens: &Value) {
    let fresh = town.sign_in(anna, &town.cinema, &[("prompt", "login")]).await;
    let hint = text(&fresh, "id_token");
    let leave = format!("/oauth2/logout?id_token_hint={hint}&post_logout_redirect_uri=http://cinema.localhost/bye&state={}", random());
    let mut left = anna.browser.open(&leave).await;
    if left.location().is_none() {
        left = anna.browser.submit(form_with(&left, "sign-out").press("action=sign-out")).await;
    }
    assert!(left.location().is_some_and(|to| to.as_str().starts_with("http://cinema.localhost/bye")), "{}", left.text());
    town.partner.wait_for("/cinema/logout", 1).await;
    assert!(!town.cinema.sees_active(&text(tokens, "access_token")).await);
    let customer = town.customer(anna).await.to_string();
    town.run(&["customer", "lock", &customer, "--reason", "the story is over", "--yes"]).await;
    crate::account::stage::sign_in(&mut anna.browser, &anna.email, &anna.password).await;
}

on_both! {
    /// Issue 3: a database dump and the logs after the whole run contain none of the e-mails, phones, passwords or tokens used in it.
    async fn i17_nothing_that_was_used_is_left_lying_about(world: World) {
        let overheard = match world.redis_url() {
            Some(url) => Some(Overheard::begin(&url).await),
            None => None,
        };
        let mut town = Town::with(world, &[("CONCORD_LOG__LEVEL", "debug"), ("CONCORD_LOG__FORMAT", "json")]).await;
        let (mut anna, entered, account) = (town.person(&word("anneliese")), Entered::new(), word("PP-"));
        let mut boris = town.person(&word("borislav"));
        the_story(&town, &mut anna, &entered, &account).await;
        town.sign_in(&mut boris, &town.cinema, &[]).await;
        town.sign_in(&mut boris, &town.points, &[]).await;
        boris.answer = "decline";
        assert_eq!(town.connect(&mut boris, &town.points, "points", &word("PP-")).await["link_status"], "declined");

        let mut needles = Needles::default();
        for exchange in town.tap.lock().expect("the tap").iter() {
            needles.exchange(exchange);
        }
        for (claim, value) in &entered.values {
            needles.guessable(claim, value);
        }
        needles.guessable("the phone's digits", entered.values[0].1.trim_start_matches('+'));
        needles.guessable("the local account", &account);
        for secret in &town.secrets {
            needles.text("a client secret", secret);
        }
        for told in town.partner.received("/cinema/logout") {
            needles.text("a logout token", &told.field("logout_token").expect("a logout token"));
        }
        assert!(needles.len() > 1000, "only {} spellings", needles.len());

        // Nothing is left to be written: the messages are gone, the node is stopped.
        let url = format!("http://{}/metrics", town.node.management);
        let metrics = reqwest::Client::builder().no_proxy().build().expect("a client").get(url).send().await.expect("the metrics");
        let metrics = metrics.bytes().await.expect("the metrics").to_vec();
        assert!(metrics.windows(20).any(|part| part == b"concord_logins_total"), "{}", String::from_utf8_lossy(&metrics));
        let live = town.world.piles().await;
        assert_eq!(town.node.stop().await, Some(0));
        let log = town.node.log().into_bytes();
        assert!(log.split(|byte| *byte == b'\n').count() > 200, "a log at debug level says more");
        let mut piles = live;
        piles.extend(town.world.piles().await);
        piles.extend(files_below(town.world.folder.path(), &town.mail()));
        piles.push(("the log".to_owned(), log));
        // Numbers are no codes: what is measured stands behind the last space.
        let names: Vec<u8> = metrics.split(|byte| *byte == b'\n').flat_map(|line| [line.rsplitn(2, |byte| *byte == b' ').last().unwrap_or_default(), b"\n"].concat()).collect();
        piles.push(("the metrics".to_owned(), names));
        if let Some(overheard) = overheard {
            let said = overheard.end();
            assert!(!said.is_empty());
            piles.push(("what redis was told".to_owned(), said));
        }
        let mut found = Vec::new();
        for (name, bytes) in &piles {
            found.extend(needles.found_in(bytes).into_iter().map(|what| format!("{name}: {what}")));
        }
        found.sort();
        found.dedup();
        assert!(found.is_empty(), "{} of {} spellings:\n{}", found.len(), needles.len(), found.join("\n"));
        // The look is worth something: what may stand there is found by the same eyes.
        let mut known = Needles::default();
        known.text("a public name", "sector-of-cinema");
        assert!(piles.iter().filter(|(_, bytes)| !known.found_in(bytes).is_empty()).count() >= 2);
    }
}
