//! The corpora of security.md 3.2 and 3.6 against the real endpoints: authorize by GET and POST, PAR, token, sign-out.

use serde_json::{Value, json};

use super::answers::{Answers, outcome};
use super::town::{RawAnswer, Town, text};
use crate::protocol::redirect_uri::{FOREIGN, REGISTERED};
use crate::support::client::{Client, Credentials};
use crate::support::http::{Answer, parameter};
use crate::support::person::Person;
use crate::support::{Backend, World, on_both};

const FORM: &str = "application/x-www-form-urlencoded";

/// A confidential client with the redirect URIs of the corpus.
async fn corpus_client(town: &Town) -> Client {
    let document = json!({
        "code": "corpus", "name": { "ru": "c", "en": "c", "zh": "c" }, "sector": "corpus", "homepage": "https://a.test/",
        // An app's own scheme is for public clients.
        "clients": [{
            "client_id": "corpus", "redirect_uris": REGISTERED[..3], "post_logout_redirect_uris": REGISTERED[..3],
            "grant_types": ["authorization_code", "refresh_token"], "scope": "openid offline_access profile", "introspection": true,
        }, {
            "client_id": "corpus-app", "authentication": "none", "redirect_uris": REGISTERED, "scope": "openid profile",
        }],
    });
    let made = town.apply(&document).await;
    Client {
        wire: town.wire.clone(),
        id: "corpus".into(),
        credentials: Credentials::Basic(text(&made["secrets"][0], "client_secret")),
        redirect_uri: REGISTERED[0].into(),
        scope: "openid offline_access profile".into(),
    }
}

/// The parameters of a good authorize request.
fn good(client: &Client, extra: &[(&str, &str)]) -> Vec<(String, String)> {
    client.authorize(extra).url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn encoded(pairs: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A GET as it is written, on a connection of its own.
async fn raw_get(town: &Town, target: &[u8], headers: &str) -> RawAnswer {
    let start = [b"GET ".as_slice(), target, b" HTTP/1.1\r\nHost: id.localhost:8080\r\nConnection: close\r\n"].concat();
    town.raw(&[&start, headers.as_bytes(), b"\r\n"].concat()).await
}

/// Where an answer sends the browser must be ours or registered, and say whose answer it is (RFC 9207).
fn leads_home(to: Option<&str>) -> Result<Option<String>, String> {
    let Some(to) = to else { return Ok(None) };
    if to.starts_with("/continue?flow=") || to.starts_with("/oauth2/logout?") || to == "/account" {
        return Ok(None);
    }
    let registered = ["https://a.test/cb?", "https://a.test/cb&", "http://127.0.0.1/cb?", "com.example.app:/cb?"];
    let url = url::Url::parse(to).map_err(|_| format!("leads to {to}"))?;
    let known = registered.iter().any(|start| to.starts_with(start)) && matches!(url.host_str(), Some("a.test" | "127.0.0.1") | None);
    if !known {
        return Err(format!("leads to {to}"));
    }
    if parameter(&url, "iss").as_deref() != Some("http://id.localhost:8080") {
        return Err(format!("does not say who answers: {to}"));
    }
    Ok(parameter(&url, "error"))
}

/// An error of RFC 6749 as JSON, as the endpoint says it.
fn oauth_error(answer: &Answer) -> Result<String, String> {
    let value: Value = serde_json::from_slice(&answer.body).map_err(|_| format!("no JSON: {}", answer.text()))?;
    let said = value["error"].as_str().ok_or_else(|| format!("no error: {value}"))?;
    let description = value["error_description"].as_str().unwrap_or_default();
    if !description.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)) {
        return Err(format!("tk13: {description:?}"));
    }
    Ok(said.to_owned())
}

on_both! {
    /// AZ1, AZ2: an address that is not registered is never gone to; the refusal is a page, or JSON where programs ask.
    async fn az1_no_foreign_redirect_uri_is_taken_anywhere(world: World) {
        let town = Town::open(world).await;
        let client = corpus_client(&town).await;
        let mut anna = town.person("anna");
        town.sign_in(&mut anna, &client, &[]).await;
        let before = town.state().await;
        let long = format!("https://a.test/cb{}", "x".repeat(10_000));
        let longer = format!("https://a.test/cb?{}", "x".repeat(10_000));
        let app = Client { id: "corpus-app".into(), credentials: Credentials::None, scope: "openid profile".into(), wire: town.wire.clone(), redirect_uri: REGISTERED[3].into() };
        let mut wrong = Vec::new();
        for uri in FOREIGN.iter().copied().chain([long.as_str(), longer.as_str()]) {
            let mut complain = |place: &str, what: String| wrong.push(format!("{place} {:?}: {what}", uri.chars().take(80).collect::<String>()));
            // What cannot stand in an address at all is a malformed request; everything else is an address that nobody registered.
            let malformed = uri.bytes().any(|byte| byte.is_ascii_control()) || uri.len() > 2048;
            let refusal = if malformed { "page 400 bad_request" } else { "page 400 bad_redirect_uri" };
            let pairs = good(&client, &[("redirect_uri", uri)]);
            let borrowed = || pairs.iter().map(|(n, v)| (n.as_str(), v.as_str()));
            // Signed in or not, with a page or without: prompt=none would answer at once.
            let silent = good(&client, &[("redirect_uri", uri), ("prompt", "none")]);
            let silent = silent.iter().map(|(n, v)| (n.as_str(), v.as_str()));
            for (place, request) in [
                ("GET authorize", town.wire.get("/oauth2/authorize").query(borrowed())),
                ("GET authorize, silently", town.wire.get("/oauth2/authorize").query(silent)),
                ("POST authorize", town.wire.post("/oauth2/authorize").form(borrowed())),
            ] {
                let answer = anna.browser.clone().once(request).await;
                let page = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
                let said = outcome(answer.status.as_u16(), answer.header("location"), &answer.text());
                if said != refusal || answer.header("location").is_some() || !page {
                    complain(place, format!("{} to {:?}", answer.status, answer.header("location")));
                }
                if answer.page().links().iter().any(|(to, _)| answer.url.join(to).map(|to| to.origin()) != Ok(answer.url.origin())) {
                    complain(place, "the page leads there".into());
                }
            }
            let pushed = client.post("/oauth2/par", &borrowed().collect::<Vec<_>>()).await;
            if pushed.status != 400 || oauth_error(&pushed).as_deref() != Ok("invalid_request") {
                complain("PAR", pushed.text());
            }
            let of_app = anna.browser.clone().once(town.wire.get(app.authorize(&[("redirect_uri", uri), ("prompt", "none")]).url.as_str())).await;
            if outcome(of_app.status.as_u16(), of_app.header("location"), &of_app.text()) != refusal {
                complain("GET authorize, for the app", format!("{} to {:?}", of_app.status, of_app.header("location")));
            }
            let leave = [("client_id", "corpus"), ("post_logout_redirect_uri", uri), ("state", "x")];
            let left = anna.browser.clone().once(town.wire.get("/oauth2/logout").query(leave)).await;
            if left.status.as_u16() >= 500 || left.header("location").is_some() || (left.status != 400 && !uri.is_empty()) {
                complain("sign-out", format!("{} to {:?}", left.status, left.header("location")));
            }
        }
        assert!(wrong.is_empty(), "{} surprises:\n{}", wrong.len(), wrong.join("\n"));
        assert_eq!(town.state().await, before, "something was changed");

        // A code that is really there, for the first registered address: no other redeems it, and it is none the worse for that.
        let pending = client.authorize(&[]);
        let back = client.returned(&pending, &anna.browser.open(pending.url.as_str()).await);
        let code = parameter(&back, "code").expect("a code");
        for uri in FOREIGN.iter().copied().chain([long.as_str(), REGISTERED[1], REGISTERED[2], REGISTERED[3]]) {
            let pairs = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", uri), ("code_verifier", &pending.verifier)];
            let redeemed = client.token(&pairs).await;
            let said = oauth_error(&redeemed);
            assert!(redeemed.status == 400 && matches!(said.as_deref(), Ok("invalid_grant" | "invalid_request")), "{uri:?}: {}", redeemed.text());
        }
        assert_eq!(client.redeem(&code, &pending.verifier).await.expect(200).json()["token_type"], "Bearer", "the code was good all along");

        // Missing where there are several, given twice; and what is registered is taken, the port of a loopback address aside.
        let twice = format!("{}&redirect_uri=https%3A%2F%2Fa.test%2Fcb", encoded(&good(&client, &[])));
        let got = raw_get(&town, format!("/oauth2/authorize?{twice}").as_bytes(), "").await;
        assert_eq!((got.status, got.header("location")), (400, None), "az7");
        assert_eq!(town.wire.post("/oauth2/authorize").body(FORM, twice).send().await.status, 400);
        for uri in REGISTERED[..3].iter().copied().chain(["http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb"]) {
            let answer = anna.browser.clone().open(client.authorize(&[("redirect_uri", uri)]).url.as_str()).await;
            let to = answer.location().unwrap_or_else(|| panic!("{uri}: {} {}", answer.status, answer.page().text()));
            assert!(to.as_str().starts_with(uri) && parameter(&to, "code").is_some(), "{uri}: {to}");
        }
    }
}

/// What is done to one parameter.
enum Change {
    /// The value is replaced by these bytes, already encoded.
    Value(&'static str),
    /// This is added behind everything; `NAME` stands for the parameter.
    Added(&'static str),
    /// The name is written so; `NAME` stands for the parameter, `Name` for it with capitals.
    Renamed(&'static str),
    /// The value is this, so many times.
    Repeated(&'static str, usize),
    /// Where a body is sent, this stands in the address, too; `NAME` stands for the parameter.
    InQuery(&'static str),
}

/// The corpus of 3.2: what is done, and whether the request must be refused whatever the parameter means.
const VECTORS: &[(&str, Change, bool)] = &[
    ("twice, the same", Change::Added("&NAME=VALUE"), true),
    ("twice, another value", Change::Added("&NAME=other"), true),
    ("twice, once empty", Change::Added("&NAME="), true),
    ("twice, once without a value", Change::Added("&NAME"), true),
    ("an array", Change::Renamed("NAME[]"), false),
    ("an array with a number", Change::Renamed("NAME%5B0%5D"), false),
    ("a name in another case", Change::Renamed("Name"), false),
    ("a name in capitals", Change::Renamed("NAME_CAPITALS"), false),
    ("in query and body", Change::InQuery("NAME=VALUE"), false),
    ("another one in the query", Change::InQuery("NAME=other"), false),
    ("a value without a name", Change::Added("&=b"), false),
    ("a name without a value", Change::Added("&a"), false),
    ("a name with a space", Change::Renamed("NAME+"), false),
    ("a name after a space", Change::Renamed("%20NAME"), false),
    ("a name after a byte order mark", Change::Renamed("%EF%BB%BFNAME"), false),
    ("no name", Change::Added("&=x&=y"), false),
    ("no name twice with values", Change::Added("&=x"), false),
    ("empty pairs", Change::Added("&&&"), false),
    ("an unknown parameter", Change::Added("&foo=1"), false),
    ("an unknown parameter twice", Change::Added("&foo=1&foo=2"), true),
    ("a semicolon as a separator", Change::Added(";NAME=other"), false),
    ("empty", Change::Value(""), false),
    ("a single percent sign", Change::Value("%25%"), true),
    ("half an escape", Change::Value("x%F"), true),
    ("no digits", Change::Value("%GG"), true),
    ("a byte that is no UTF-8", Change::Value("%FF"), true),
    ("an overlong NUL", Change::Value("%C0%80"), true),
    ("a lone surrogate", Change::Value("%ED%A0%80"), true),
    ("beyond Unicode", Change::Value("%F4%90%80%80"), true),
    ("NUL first", Change::Value("%00x"), true),
    ("NUL in the middle", Change::Value("x%00y"), true),
    ("NUL last", Change::Value("x%00"), true),
    ("a name with NUL", Change::Added("&a%00b=1"), true),
    ("plus", Change::Value("+"), false),
    ("a line break", Change::Value("x%0D%0ALocation:%20https://evil.test/"), false),
    ("a tab", Change::Value("%09"), false),
    ("from right to left", Change::Value("%E2%80%AEx"), false),
    ("a joiner", Change::Value("x%E2%80%8Dy"), false),
    ("the replacement character", Change::Value("%EF%BF%BD"), false),
    ("four bytes", Change::Value("%F0%9F%98%80"), false),
    ("composed", Change::Value("%C3%A9"), false),
    ("decomposed", Change::Value("e%CC%81"), false),
    ("an exponent", Change::Value("1e3"), false),
    ("a sign", Change::Value("%2B1"), false),
    ("a leading zero", Change::Value("01"), false),
    ("minus", Change::Value("-1"), false),
    ("too large a number", Change::Value("9223372036854775808"), false),
    ("not a number", Change::Value("NaN"), false),
    ("minus nothing", Change::Value("-0"), false),
    ("a truth", Change::Value("True"), false),
    ("yes", Change::Value("yes"), false),
    ("an array of JSON", Change::Value("[]"), false),
    ("null", Change::Value("null"), false),
    ("a number of JSON", Change::Value("1"), false),
    ("arrays 10,000 deep", Change::Repeated("[", 10_000), false),
    ("objects 2,000 deep", Change::Repeated("%7B%22a%22:", 2_000), false),
    ("members twice", Change::Value("%7B%22userinfo%22%3A%7B%7D%2C%22userinfo%22%3A%7B%7D%7D"), false),
    ("garbage behind JSON", Change::Value("%7B%7Dx"), false),
    ("SQL", Change::Value("'%20OR%201%3D1--"), false),
    ("a template", Change::Value("%7B%7B7*7%7D%7D%24%7B7*7%7D"), false),
    ("markup", Change::Value("%22%3E%3Cscript%3Ealert(1)%3C/script%3E"), false),
    ("a foreign address", Change::Value("https%3A%2F%2Fevil.test%2F"), false),
    ("dots", Change::Value("..............."), false),
    ("three empty parts", Change::Value(".."), false),
];

fn changed(pairs: &[(String, String)], slot: &str, change: &Change) -> String {
    let value = pairs.iter().find(|(name, _)| name == slot).map_or_else(|| "x".to_owned(), |(_, value)| value.clone());
    let escaped: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let others: Vec<_> = pairs.iter().filter(|(name, _)| name != slot).cloned().collect();
    let others = encoded(&others);
    match change {
        Change::Value(new) => format!("{others}&{slot}={new}"),
        Change::Repeated(new, times) => format!("{others}&{slot}={}", new.repeat(*times)),
        Change::InQuery(_) => encoded(pairs),
        Change::Renamed(name) => {
            let name = name.replace("NAME_CAPITALS", &slot.to_uppercase()).replace("NAME", slot).replace("Name", &capitals(slot));
            format!("{others}&{name}={escaped}")
        }
        Change::Added(more) => format!("{others}&{slot}={escaped}{}", more.replace("NAME", slot).replace("VALUE", &escaped)),
    }
}

/// `Client_Id`.
fn capitals(slot: &str) -> String {
    let words = slot.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect::<Vec<_>>().join("_")
}

/// An endpoint's address with what a vector puts into it.
fn address(path: &str, pairs: &[(String, String)], slot: &str, change: &Change) -> String {
    let Change::InQuery(query) = change else { return path.to_owned() };
    let value = pairs.iter().find(|(name, _)| name == slot).map_or("x", |(_, value)| value.as_str());
    let escaped: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    format!("{path}?{}", query.replace("NAME", slot).replace("VALUE", &escaped))
}

const AUTHORIZE: &[&str] = &[
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "display",
    "ui_locales",
    "claims",
    "login_hint",
    "id_token_hint",
    "acr_values",
    "resource",
    "request",
    "request_uri",
    "link_assertion",
];
const TOKEN: &[&str] = &[
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
    "resource",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

/// RFC 8707 2: of all parameters this one may be there several times.
fn may_repeat(slot: &str, vector: &str) -> bool {
    slot == "resource" && vector.starts_with("twice")
}

/// The errors that the specifications know for these endpoints.
const ERRORS: &[&str] = &[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "unsupported_response_type",
    "access_denied",
    "request_not_supported",
    "request_uri_not_supported",
    "invalid_request_uri",
    "login_required",
    "consent_required",
    "interaction_required",
    "account_selection_required",
    "registration_not_supported",
    "invalid_request_object",
    "unmet_authentication_requirements",
    "invalid_token",
];

struct Judge {
    wrong: Vec<String>,
    asked: usize,
}

impl Judge {
    /// At the authorization endpoint a refusal is a page, or an answer to the registered address.
    fn authorize(&mut self, what: &str, must_refuse: bool, status: u16, to: Option<&str>) {
        self.asked += 1;
        let error = leads_home(to);
        let refused = matches!(&error, Ok(Some(_))) || (400..500).contains(&status);
        let known = match &error {
            Ok(Some(code)) => ERRORS.contains(&code.as_str()),
            Ok(None) => true,
            Err(_) => false,
        };
        if status >= 500 || status == 0 || !known || (must_refuse && !refused) || (to.is_some() && status != 303) {
            self.wrong.push(format!("{what}: {status} {to:?} {error:?}"));
        }
    }

    /// Elsewhere it is JSON.
    fn oauth(&mut self, what: &str, must_refuse: bool, answer: &Answer) {
        self.asked += 1;
        let status = answer.status.as_u16();
        let fine = match status {
            200 | 201 => !must_refuse,
            400 | 401 | 413 => match oauth_error(answer) {
                Ok(code) => ERRORS.contains(&code.as_str()) && (!must_refuse || code == "invalid_request"),
                Err(_) => false,
            },
            _ => false,
        };
        if !fine || answer.header("location").is_some() {
            self.wrong.push(format!("{what}: {status} {}", answer.text()));
        }
    }
}

async fn every_parameter(world: World) {
    // Everything on one database; on the other, which is slower, every third.
    let step = if world.backend == Backend::Sqlite { 1 } else { 3 };
    let town = Town::open(world).await;
    let client = corpus_client(&town).await;
    let mut anna = town.person("anna");
    town.sign_in(&mut anna, &client, &[]).await;
    let mut before = town.state().await;
    let mut judge = Judge { wrong: Vec::new(), asked: 0 };
    let mut answers = Answers::default();
    let cookie = |person: &Person| {
        let value = |base| town.cookie(&person.browser, base).unwrap_or_default();
        format!("Cookie: concord_browser={}; concord_session={}\r\n", value("browser"), value("session"))
    };
    let cookies = cookie(&anna);
    let mut number = 0_usize;
    for slot in AUTHORIZE {
        let pairs = good(&client, &[]);
        for (name, change, must_refuse) in VECTORS {
            let must_refuse = &(*must_refuse && !may_repeat(slot, name));
            number += 1;
            if !number.is_multiple_of(step) {
                continue;
            }
            let body = changed(&pairs, slot, change);
            let what = |place: &str| format!("{place} {slot}, {name}");
            let there = |path: &str| address(path, &pairs, slot, change);
            if !matches!(change, Change::InQuery(_)) {
                let got = raw_get(&town, format!("/oauth2/authorize?{body}").as_bytes(), &cookies).await;
                judge.authorize(&what("GET authorize"), *must_refuse, got.status, got.header("location"));
                answers.add("GET authorize", slot, name, outcome(got.status, got.header("location"), &got.body));
            }
            let posted = town.wire.post(&there("/oauth2/authorize")).body(FORM, body.clone()).send().await;
            judge.authorize(&what("POST authorize"), *must_refuse, posted.status.as_u16(), posted.header("location"));
            answers.add("POST authorize", slot, name, outcome(posted.status.as_u16(), posted.header("location"), &posted.text()));
            let Credentials::Basic(secret) = &client.credentials else { panic!("a secret") };
            let pushed = town.wire.post(&there("/oauth2/par")).basic("corpus", secret).body(FORM, body).send().await;
            judge.oauth(&what("PAR"), *must_refuse, &pushed);
            answers.add("PAR", slot, name, outcome(pushed.status.as_u16(), None, &pushed.text()));
        }
    }
    let verifier = crate::support::keys::random();
    let good_token: Vec<(String, String)> =
        [("grant_type", "authorization_code"), ("code", "not-a-code"), ("redirect_uri", REGISTERED[0]), ("code_verifier", &verifier)]
            .map(|(n, v)| (n.to_owned(), v.to_owned()))
            .into();
    for slot in TOKEN {
        for (name, change, must_refuse) in VECTORS {
            let must_refuse = &(*must_refuse && !may_repeat(slot, name));
            number += 1;
            if !number.is_multiple_of(step) {
                continue;
            }
            let Credentials::Basic(secret) = &client.credentials else { panic!("a secret") };
            let body = changed(&good_token, slot, change);
            let there = address("/oauth2/token", &good_token, slot, change);
            let answer = town.wire.post(&there).basic("corpus", secret).body(FORM, body).send().await;
            judge.oauth(&format!("token {slot}, {name}"), *must_refuse, &answer);
            answers.add("token", slot, name, outcome(answer.status.as_u16(), None, &answer.text()));
            if answer.status == 200 {
                judge.wrong.push(format!("token {slot}, {name}: a token for a code that never was"));
            }
        }
    }
    let mut after = town.state().await;
    sizes(&town, &client, &cookies, &mut judge).await;
    assert!(judge.wrong.is_empty(), "{} of {} surprises:\n{}", judge.wrong.len(), judge.asked, judge.wrong.join("\n"));
    assert!(judge.asked > 3000 / step, "{}", judge.asked);
    answers.compare(step == 1);
    for harmless in ["pushed", "codes", "grants", "families"] {
        // A request that is good in spite of what was done to it may be taken; nobody's browser followed it.
        let grown = (before.remove(harmless).map(|rows| rows.len()), after.remove(harmless).map(|rows| rows.len()));
        assert!(harmless == "pushed" || grown.0 == grown.1, "{harmless}: {grown:?}");
    }
    assert_eq!(after, before);
    // The server is well.
    let tokens = town.sign_in(&mut anna, &client, &[]).await;
    client.userinfo(&text(&tokens, "access_token")).await.expect(200);
}

/// Parameters in the query and in the body, very many of them, and very long ones.
async fn sizes(town: &Town, client: &Client, cookies: &str, judge: &mut Judge) {
    let Credentials::Basic(secret) = &client.credentials else { panic!("a secret") };
    let good = encoded(&good(client, &[]));
    let many: String = (0..10_000).map(|n| format!("&p{n}=1")).collect();
    let some: String = (0..1000).map(|n| format!("&p{n}=1")).collect();
    let megabyte = "x".repeat(1 << 20);
    let claims = format!("&claims=%7B%22userinfo%22%3A%7B%22{megabyte}%22%3Anull%7D%7D");
    for (name, more) in
        [("10,000 parameters", many), ("1000 parameters", some), ("1 MB", format!("&state2={megabyte}")), ("1 MB of claims", claims)]
    {
        let got = raw_get(town, format!("/oauth2/authorize?{good}{more}").as_bytes(), cookies).await;
        judge.authorize(&format!("GET authorize, {name}"), true, got.status, got.header("location"));
        let body = format!("{good}&token=x{more}");
        let places = ["/oauth2/authorize", "/oauth2/par", "/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"];
        if body.len() > 65_536 {
            // Refused by its length, before a byte of it is sent: whoever goes on sending would not hear the answer.
            for place in places {
                let head = format!(
                    "POST {place} HTTP/1.1\r\nHost: id.localhost:8080\r\nConnection: close\r\nContent-Type: {FORM}\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                let answer = town.raw(head.as_bytes()).await;
                judge.asked += 1;
                let said = if place == "/oauth2/authorize" { "<!doctype html" } else { "\"invalid_request\"" };
                if answer.status != 413 || !answer.body.to_ascii_lowercase().contains(said) {
                    judge.wrong.push(format!("{place}, {name}: {} {}", answer.status, answer.body));
                }
            }
            continue;
        }
        let posted = town.wire.post(places[0]).body(FORM, body.clone()).send().await;
        judge.authorize(&format!("POST authorize, {name}"), true, posted.status.as_u16(), posted.header("location"));
        for place in &places[1..] {
            let answer = town.wire.post(place).basic("corpus", secret).body(FORM, body.clone()).send().await;
            judge.oauth(&format!("{place}, {name}"), true, &answer);
        }
    }
    // az15: up to the limit exactly as it came, beyond it refused, never cut.
    for length in [64, 384, 1000, 2048] {
        let state = "s".repeat(length);
        let pairs = self::good(client, &[("state", &state), ("nonce", &state), ("prompt", "none")]);
        let begun = raw_get(town, format!("/oauth2/authorize?{}", encoded(&pairs)).as_bytes(), cookies).await;
        let to = begun.header("location").unwrap_or_else(|| panic!("{length}: {} {}", begun.status, begun.body)).to_owned();
        let end = if to.starts_with("/continue") { raw_get(town, to.as_bytes(), cookies).await.headers["location"].clone() } else { to };
        assert_eq!(parameter(&url::Url::parse(&end).expect("an address"), "state"), Some(state), "{length}");
    }
    let long = encoded(&self::good(client, &[("state", &"s".repeat(10_000))]));
    let got = raw_get(town, format!("/oauth2/authorize?{long}").as_bytes(), cookies).await;
    judge.authorize("a state of 10,000", true, got.status, got.header("location"));
    for place in ["/oauth2/token", "/oauth2/par", "/oauth2/introspect", "/oauth2/revoke"] {
        let answer =
            town.wire.post(&format!("{place}?client_id=corpus&token=x")).basic("corpus", secret).body(FORM, "token=x").send().await;
        if place == "/oauth2/token" || place == "/oauth2/par" {
            judge.oauth(&format!("{place} with a query"), true, &answer);
        } else {
            judge.oauth(&format!("{place} with a query"), false, &answer);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_parameter_of_every_endpoint_on_sqlite() {
    every_parameter(World::new(Backend::Sqlite).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_parameter_of_every_endpoint_on_postgres() {
    every_parameter(World::new(Backend::Postgres).await).await;
}
