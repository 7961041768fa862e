//! Every route with every kind of credential: who gets what, and that a refusal changes nothing.
//!
//! A route or method that has no line in the table fails the test.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::town::{POINTS_API, Town, text};
use super::{routes, successes};
use crate::support::client::{Client, Credentials};
use crate::support::http::{Answer, Browser, Request};
use crate::support::on_both;
use crate::support::person::Person;

/// How an address knows who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    /// By nothing: everybody may.
    Open,
    /// By a client's secret (RFC 6749 2.3).
    Client,
    /// By a person's access token for Concord (RFC 6750).
    Person,
    /// By a service's own access token.
    Service,
    /// By the cookies of a browser.
    Browser,
}

/// The columns.
const NOBODY: usize = 0;
const WRONG: usize = 1;
const OTHER: usize = 2;
const OFF: usize = 3;
const AUDIENCE: usize = 4;
const SESSION: usize = 5;
const FOREIGN: usize = 6;
const RIGHT: usize = 7;
const KINDS: [&str; 8] = [
    "no credential",
    "a wrong secret",
    "another client's credential",
    "a switched-off client's credential",
    "a token for another audience",
    "the customer's session",
    "another customer's session",
    "the right credential",
];

/// The right credential of a form is the page it stands on: session, token and all. See successes.rs, where these are sent.
const SENT: u16 = 0;

/// Method, path (`?` marks where an id of the story goes), door, and a status for each column.
type Line = (&'static str, &'static str, Door, [u16; 8]);

const TABLE: &[Line] = &[
    // Public documents
    ("GET", "/.well-known/openid-configuration", Door::Open, [200; 8]),
    ("GET", "/.well-known/oauth-authorization-server", Door::Open, [200; 8]),
    ("GET", "/.well-known/jwks.json", Door::Open, [200; 8]),
    ("GET", "/oauth2/jwks", Door::Open, [200; 8]),
    ("GET", "/.well-known/change-password", Door::Open, [302; 8]),
    // None is configured: 404 is its answer.
    ("GET", "/.well-known/security.txt", Door::Open, [404; 8]),
    ("GET", "/assets/{file}", Door::Open, [200; 8]),
    ("GET", "/favicon.ico", Door::Open, [200; 8]),
    ("GET", "/agreements/{code}", Door::Open, [200; 8]),
    ("GET", "/api/docs", Door::Open, [200; 8]),
    ("GET", "/", Door::Open, [303; 8]),
    // Clients
    ("POST", "/oauth2/token", Door::Client, [400, 401, 400, 401, 401, 400, 400, 200]),
    ("POST", "/oauth2/par", Door::Client, [400, 401, 400, 401, 401, 400, 400, 201]),
    // To another client the token is not active; the bodies are compared below.
    ("POST", "/oauth2/introspect", Door::Client, [401, 401, 200, 401, 401, 401, 401, 200]),
    // RFC 7009 2.2: 200 for a token that is not the caller's; it goes on living (below).
    ("POST", "/oauth2/revoke", Door::Client, [400, 401, 200, 401, 401, 400, 400, 200]),
    // Access tokens
    // 403: a client's own token holds, but it is nobody's.
    ("GET", "/oauth2/userinfo", Door::Person, [401, 401, 403, 401, 401, 401, 401, 200]),
    ("POST", "/oauth2/userinfo", Door::Person, [401, 401, 403, 401, 401, 401, 401, 200]),
    ("OPTIONS", "/oauth2/userinfo", Door::Open, [204; 8]),
    ("GET", "/api/partner/v1/profile/{domain}", Door::Service, [401, 401, 403, 401, 401, 401, 401, 200]),
    ("PUT", "/api/partner/v1/profile/{domain}", Door::Service, [401, 401, 403, 401, 401, 401, 401, 200]),
    // A flow begins for whoever comes, and goes on in the browser where it began.
    ("GET", "/oauth2/authorize", Door::Browser, [303; 8]),
    ("POST", "/oauth2/authorize", Door::Browser, [303; 8]),
    ("GET", "/login", Door::Browser, [409, 409, 409, 409, 409, 303, 409, 303]),
    ("GET", "/login/password", Door::Browser, [409, 409, 409, 409, 409, 303, 409, 303]),
    ("GET", "/login/code", Door::Browser, [409, 409, 409, 409, 409, 303, 409, 303]),
    ("GET", "/select-account", Door::Browser, [409, 409, 409, 409, 409, 200, 409, 200]),
    ("GET", "/register", Door::Browser, [409, 409, 409, 409, 409, 303, 409, 303]),
    ("GET", "/register/name", Door::Browser, [409, 409, 409, 409, 409, 303, 409, 303]),
    ("GET", "/register/password", Door::Browser, [409, 409, 409, 409, 409, 303, 409, 303]),
    ("GET", "/reauth", Door::Browser, [409, 409, 409, 409, 409, 303, 409, 303]),
    ("GET", "/link", Door::Browser, [409, 409, 409, 409, 409, 303, 409, 303]),
    ("GET", "/consent", Door::Browser, [409, 409, 409, 409, 409, 303, 409, 303]),
    ("GET", "/continue", Door::Browser, [409, 409, 409, 409, 409, 303, 409, 303]),
    ("GET", "/finished", Door::Browser, [409, 409, 409, 409, 409, 303, 409, 303]),
    // Without the form's token nothing is done, whoever sends it; from the page it leads on.
    ("POST", "/login", Door::Browser, [409, 409, 409, 409, 409, 403, 409, SENT]),
    ("POST", "/login/password", Door::Browser, [409, 409, 409, 409, 409, 403, 409, SENT]),
    ("POST", "/login/code", Door::Browser, [409, 409, 409, 409, 409, 403, 409, SENT]),
    ("POST", "/select-account", Door::Browser, [409, 409, 409, 409, 409, 403, 409, SENT]),
    ("POST", "/register", Door::Browser, [409, 409, 409, 409, 409, 403, 409, SENT]),
    ("POST", "/register/name", Door::Browser, [409, 409, 409, 409, 409, 403, 409, SENT]),
    ("POST", "/register/password", Door::Browser, [409, 409, 409, 409, 409, 403, 409, SENT]),
    ("POST", "/reauth", Door::Browser, [409, 409, 409, 409, 409, 403, 409, SENT]),
    ("POST", "/link", Door::Browser, [409, 409, 409, 409, 409, 403, 409, SENT]),
    ("POST", "/consent", Door::Browser, [409, 409, 409, 409, 409, 403, 409, SENT]),
    ("POST", "/continue", Door::Browser, [409, 409, 409, 409, 409, 403, 409, SENT]),
    ("POST", "/finished", Door::Browser, [409, 409, 409, 409, 409, 403, 409, SENT]),
    // A person's own pages: others are led to sign in; what is somebody else's is not there.
    ("GET", "/account", Door::Browser, [303, 303, 303, 303, 303, 200, 200, 200]),
    ("GET", "/account/links", Door::Browser, [303, 303, 303, 303, 303, 200, 200, 200]),
    ("GET", "/account/privacy", Door::Browser, [303, 303, 303, 303, 303, 200, 200, 200]),
    ("GET", "/account/links/{id}/end", Door::Browser, [303, 303, 303, 303, 303, 200, 404, 200]),
    ("GET", "/account/services/{code}/disconnect", Door::Browser, [303, 303, 303, 303, 303, 200, 404, 200]),
    ("GET", "/account/sessions", Door::Browser, [303, 303, 303, 303, 303, 200, 200, 200]),
    ("GET", "/account/security", Door::Browser, [303, 303, 303, 303, 303, 200, 200, 200]),
    ("GET", "/account/security/password", Door::Browser, [303, 303, 303, 303, 303, 200, 200, 200]),
    ("GET", "/account/sign-out", Door::Browser, [303; 8]),
    ("POST", "/account", Door::Browser, [303, 303, 303, 303, 303, 403, 403, SENT]),
    ("POST", "/account/links", Door::Browser, [303, 303, 303, 303, 303, 403, 403, SENT]),
    ("POST", "/account/privacy", Door::Browser, [303, 303, 303, 303, 303, 403, 403, SENT]),
    ("POST", "/account/links/{id}/end", Door::Browser, [303, 303, 303, 303, 303, 403, 403, SENT]),
    ("POST", "/account/services/{code}/disconnect", Door::Browser, [303, 303, 303, 303, 303, 403, 403, SENT]),
    ("POST", "/account/sessions", Door::Browser, [303, 303, 303, 303, 303, 403, 403, SENT]),
    ("POST", "/account/security", Door::Browser, [303, 303, 303, 303, 303, 403, 403, SENT]),
    ("POST", "/account/security/password", Door::Browser, [303, 303, 303, 303, 303, 403, 403, SENT]),
    // Signing out: asking has no effect, and the form needs its token.
    ("GET", "/logout", Door::Browser, [200; 8]),
    ("POST", "/logout", Door::Browser, [403, 403, 403, 403, 403, 403, 403, SENT]),
    ("GET", "/oauth2/logout", Door::Browser, [200; 8]),
    ("POST", "/oauth2/logout", Door::Browser, [403, 403, 403, 403, 403, 403, 403, SENT]),
];

/// Whoever the story needs, and what they hold.
struct Scene {
    town: Town,
    anna: Person,
    boris: Person,
    /// A flow of Anna's browser that asks who is there.
    flow: String,
    link: String,
    /// Anna's tokens at the cinema.
    access: String,
    refresh: String,
    /// For the bank to show to the API of the loyalty service.
    for_points: String,
    /// A token of the switched-off client, from before.
    off_access: String,
    off_writer: String,
    other_writer: String,
    writer: String,
    asset: String,
}

impl Scene {
    async fn new(town: Town) -> Self {
        let (mut anna, mut boris) = (town.person("anna"), town.person("boris"));
        let at_cinema = town.sign_in(&mut anna, &town.cinema, &[]).await;
        town.connect(&mut anna, &town.points, "points", "PP-1").await;
        town.sign_in(&mut boris, &town.cinema, &[]).await;
        let both = [("scope", "openid offline_access profile loyalty"), ("resource", POINTS_API)];
        let reading = town.sign_in(&mut anna, &town.bank, &both).await;
        let narrow = [("grant_type", "refresh_token"), ("refresh_token", &text(&reading, "refresh_token")), ("resource", POINTS_API)];
        let for_points = text(&town.bank.token(&narrow).await.expect(200).json(), "access_token");
        let off = text(&town.sign_in(&mut anna, &town.old, &[]).await, "access_token");
        let off_writer = town.writer(&town.old).await;
        town.run(&["client", "disable", "old", "--yes"]).await;
        // The command is another process: the node hears of it within a second.
        let deadline = Instant::now() + Duration::from_secs(20);
        while town.old.post("/oauth2/introspect", &[("token", "x")]).await.status != 401 {
            assert!(Instant::now() < deadline, "the client is still switched on");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // And what the client had ends, which it is told: then nothing is under way any more.
        town.partner.wait_for("/old/logout", 1).await;
        let links = anna.browser.open("/account/links").await.expect(200);
        let link = links.page().forms().into_iter().flat_map(|form| form.fields).find(|(name, _)| name == "link").map(|(_, id)| id);
        let asset = links.text().split("\"/assets/").nth(1).and_then(|rest| rest.split('"').next()).expect("an asset").to_owned();
        let begun = anna.browser.tab().open(town.cinema.authorize(&[("prompt", "login select_account")]).url.as_str()).await;
        let flow = crate::support::http::parameter(&begun.url, "flow").unwrap_or_else(|| panic!("no flow: {}", begun.url));
        Self {
            flow,
            link: link.expect("a link"),
            access: text(&at_cinema, "access_token"),
            refresh: text(&at_cinema, "refresh_token"),
            for_points,
            off_access: off,
            off_writer,
            other_writer: town.writer(&town.kiosk).await,
            writer: town.writer(&town.points).await,
            asset,
            anna,
            boris,
            town,
        }
    }

    fn target(&self, path: &str) -> String {
        let id = if path.starts_with("/account/links") { self.link.as_str() } else { "" };
        let code = if path.starts_with("/agreements") { "sign_in" } else { "points" };
        let path = path.replace("{id}", id).replace("{code}", code).replace("{file}", &self.asset).replace("{domain}", "loyalty");
        let bare = path.split('?').next().unwrap_or_default();
        match bare {
            "/login" | "/login/password" | "/login/code" | "/select-account" | "/register" | "/register/name" | "/register/password"
            | "/reauth" | "/link" | "/consent" | "/continue" | "/finished" => format!("{path}?flow={}", self.flow),
            "/api/partner/v1/profile/loyalty" => format!("{path}?local_account=PP-1"),
            _ => path,
        }
    }

    /// A request that would work with the right credential.
    fn request(&self, method: &str, path: &str) -> Request {
        let request = self.town.wire.request(method.parse().expect("a method"), &self.target(path));
        let authorize = self.town.cinema.authorize(&[]);
        let pairs: Vec<(String, String)> = authorize.url.query_pairs().map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
        let pairs = |without: &str| pairs.iter().filter(|(n, _)| n != without).map(|(n, v)| (n.as_str(), v.as_str())).collect::<Vec<_>>();
        match (method, path) {
            ("GET", "/oauth2/authorize") => request.query(pairs("")),
            ("POST", "/oauth2/authorize") => request.form(pairs("")),
            ("POST", "/oauth2/par") => request.form(pairs("client_id")),
            ("POST", "/oauth2/token") => request.form([("grant_type", "refresh_token"), ("refresh_token", self.refresh.as_str())]),
            ("POST", "/oauth2/introspect") => request.form([("token", self.access.as_str())]),
            ("POST", "/oauth2/revoke") => request.form([("token", self.access.as_str())]),
            ("PUT", _) => request.json(&json!({
                "local_account": "PP-1", "values": { "loyalty_tier": "gold" }, "observed_at": concord::clock::Clock::System.now().rfc3339(),
            })),
            ("POST", "/oauth2/logout" | "/logout") => request.form([("action", "sign-out")]),
            ("POST", _) => request.form([
                ("action", "accept"),
                ("identifier", "eve@example.org"),
                ("email", "eve@example.org"),
                ("password", self.anna.password.as_str()),
                ("nickname", "eve"),
                ("link", self.link.as_str()),
                ("new-password", "an evil plan for the evening"),
            ]),
            _ => request,
        }
    }

    fn basic(request: Request, client: &Client) -> Request {
        let Credentials::Basic(secret) = &client.credentials else { panic!("{} has no secret", client.id) };
        request.basic(&client.id, secret)
    }

    /// One request with one kind of credential.
    async fn ask(&self, method: &str, path: &str, door: Door, kind: usize) -> Answer {
        let request = self.request(method, path);
        let town = &self.town;
        let mut browser = match kind {
            SESSION => self.anna.browser.clone(),
            FOREIGN => self.boris.browser.clone(),
            RIGHT if door == Door::Browser => self.anna.browser.clone(),
            _ => Browser::new(&town.wire),
        };
        let request = match (kind, door) {
            (NOBODY | SESSION | FOREIGN, _) | (RIGHT, Door::Open | Door::Browser) => request,
            (WRONG, Door::Client | Door::Open) => request.basic("cinema", "not the secret of the cinema"),
            (WRONG, Door::Person | Door::Service) => request.bearer("not-a-token-of-anybody"),
            (WRONG, Door::Browser) => request.header("cookie", "concord_browser=made-up-by-somebody; concord_session=made-up-by-somebody"),
            (OTHER, Door::Service) => request.bearer(&self.other_writer),
            (OTHER, Door::Person) => request.bearer(&self.writer),
            (OTHER, _) => Self::basic(request, &town.kiosk),
            (OFF, Door::Service) => request.bearer(&self.off_writer),
            (OFF, Door::Person) => request.bearer(&self.off_access),
            (OFF, _) => Self::basic(request, &town.old),
            (AUDIENCE, _) => request.bearer(&self.for_points),
            (RIGHT, Door::Client) => Self::basic(request, &town.cinema),
            (RIGHT, Door::Person) => request.bearer(&self.access),
            (RIGHT, Door::Service) => request.bearer(&self.writer),
            _ => unreachable!("every kind has its place"),
        };
        browser.once(request).await
    }
}

impl Town {
    /// Everything that matters, as it stands: what a refusal must leave alone.
    pub async fn state(&self) -> BTreeMap<&'static str, Vec<Vec<String>>> {
        let tables = [
            ("customers", "SELECT id, state, epoch FROM customers ORDER BY id"),
            ("identifiers", "SELECT id, customer_id, usage, valid_to FROM identifiers ORDER BY id"),
            ("passwords", "SELECT customer_id, phc FROM passwords ORDER BY customer_id"),
            ("profile", "SELECT customer_id, claim, sealed FROM profile_values ORDER BY customer_id, claim"),
            ("sessions", "SELECT id, digest, ended_at FROM sessions ORDER BY id"),
            ("links", "SELECT id, state, version FROM links ORDER BY id"),
            ("consents", "SELECT id, state FROM consents ORDER BY id"),
            ("consent events", "SELECT id FROM consent_events ORDER BY id"),
            ("grants", "SELECT id, ended_at FROM grants ORDER BY id"),
            ("families", "SELECT id, generation, ended_at FROM families ORDER BY id"),
            ("codes", "SELECT digest, used_at FROM codes ORDER BY digest"),
            ("revocations", "SELECT token_id FROM token_revocations ORDER BY token_id"),
            ("clients", "SELECT id, enabled, epoch, document FROM clients ORDER BY id"),
            ("services", "SELECT id, enabled, epoch, version FROM services ORDER BY id"),
            ("messages", "SELECT id FROM outbox ORDER BY id"),
            ("pushed", "SELECT digest FROM pushed_requests ORDER BY digest"),
        ];
        let rows = self.world.rows_of(&tables.map(|(_, query)| query)).await;
        tables.iter().map(|(name, _)| *name).zip(rows).collect()
    }
}

on_both! {
    /// AU1: who gets what at every address, and a refusal changes nothing.
    async fn au1_every_route_with_every_kind_of_credential(world: World) {
        let town = Town::open(world).await;
        let scene = Scene::new(town).await;
        let written: BTreeSet<String> = TABLE.iter().map(|(_, path, _, _)| (*path).to_owned()).collect();
        let known = routes::paths(&scene.town.world.core);
        assert_eq!(known.difference(&written).collect::<Vec<_>>(), Vec::<&String>::new(), "routes without a line in the table");
        assert_eq!(written.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "lines without a route");

        let before = scene.town.state().await;
        let mut wrong = Vec::new();
        for (method, path, door, expected) in TABLE {
            for kind in [NOBODY, WRONG, OTHER, OFF, AUDIENCE, SESSION, FOREIGN] {
                let answer = scene.ask(method, path, *door, kind).await;
                if answer.status.as_u16() != expected[kind] {
                    wrong.push(format!("{method} {path} with {}: {} instead of {}", KINDS[kind], answer.status.as_u16(), expected[kind]));
                }
                check_shape(method, path, *door, &answer, &mut wrong);
                if *path == "/oauth2/introspect" && kind == OTHER {
                    assert_eq!(answer.text(), r#"{"active":false}"#);
                }
            }
        }
        assert!(wrong.is_empty(), "{} surprises:\n{}", wrong.len(), wrong.join("\n"));
        assert_eq!(scene.town.state().await, before, "a refusal changed something");

        // The same requests are good ones: with the right credential they work. Revoking comes last.
        let rights = TABLE.iter().filter(|line| line.1 != "/oauth2/revoke").chain(TABLE.iter().filter(|line| line.1 == "/oauth2/revoke"));
        for (method, path, door, expected) in rights {
            if expected[RIGHT] == SENT {
                continue;
            }
            let answer = scene.ask(method, path, *door, RIGHT).await;
            assert_eq!(answer.status.as_u16(), expected[RIGHT], "{method} {path}: {}", answer.text());
            if *path == "/oauth2/introspect" {
                assert_eq!(answer.json()["active"], true);
            }
        }
        assert!(!scene.town.cinema.sees_active(&scene.access).await, "the right client has revoked it");

        // Every form, from the page it stands on.
        let sent = successes::of_every_form(&scene.town).await;
        let missing: Vec<_> = TABLE.iter().filter(|line| line.3[RIGHT] == SENT && !sent.contains(line.1)).map(|line| line.1).collect();
        assert!(missing.is_empty(), "nobody has sent the forms of {missing:?}; sent: {sent:?}");
    }

    /// SV4: other methods are answered 405, and the answer says which there are.
    async fn sv4_other_methods_are_refused_and_the_right_ones_named(world: World) {
        let scene = Scene::new(Town::open(world).await).await;
        let mut wrong = Vec::new();
        for path in routes::paths(&scene.town.world.core) {
            let mut allowed: BTreeSet<String> = TABLE.iter().filter(|line| line.1 == path).map(|line| line.0.to_owned()).collect();
            if allowed.contains("GET") {
                allowed.insert("HEAD".to_owned());
            }
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"] {
                let answer = scene.town.wire.request(method.parse::<Method>().expect("a method"), &scene.target(&path)).send().await;
                let status = answer.status.as_u16();
                if (status == 405) == allowed.contains(method) || status >= 500 {
                    wrong.push(format!("{method} {path}: {status}"));
                }
                if method == "HEAD" && status != 405 && !answer.body.is_empty() {
                    wrong.push(format!("HEAD {path} has a body"));
                }
                let named: BTreeSet<String> = answer.header("allow").unwrap_or_default().split(',').map(|word| word.trim().to_owned()).collect();
                if status == 405 && !["TRACE", "PROPFIND", "get"].contains(&method) && named != allowed {
                    wrong.push(format!("{method} {path} names {named:?} instead of {allowed:?}"));
                }
                if status == 405 && answer.header("allow").is_none() {
                    wrong.push(format!("{method} {path} names nothing"));
                }
            }
        }
        assert!(wrong.is_empty(), "{} surprises:\n{}", wrong.len(), wrong.join("\n"));
    }

    /// Wrong kinds of body, and too much of it: refused in the address's own voice, never a fault.
    async fn other_bodies_are_refused(world: World) {
        let scene = Scene::new(Town::open(world).await).await;
        let before = scene.town.state().await;
        let mut wrong = Vec::new();
        for (method, path, door, _) in TABLE.iter().filter(|line| line.0 == "POST" || line.0 == "PUT") {
            for (kind, body) in [
                ("application/json", b"{\"a\":1}".to_vec()),
                ("application/json", b"{".to_vec()),
                ("text/plain", b"csrf=a&action=b".to_vec()),
                ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--\r\n".to_vec()),
                ("application/x-www-form-urlencodedX", b"a=b".to_vec()),
                ("application/x-www-form-urlencoded; charset=utf-16", b"a=b".to_vec()),
                ("application/x-www-form-urlencoded", b"a=%FF&%00=1".to_vec()),
                ("", b"a=b".to_vec()),
            ] {
                let credential = self_credential(&scene, *door);
                let mut request = scene.town.wire.request(method.parse().expect("a method"), &scene.target(path)).body(kind, body.clone());
                if let Some(token) = credential {
                    request = request.bearer(&token);
                } else if *door == Door::Client {
                    request = Scene::basic(request, &scene.town.cinema);
                }
                let answer = scene.anna.browser.clone().once(request).await;
                let status = answer.status.as_u16();
                // Userinfo reads no body at all; everything else refuses.
                if !(*path == "/oauth2/userinfo" && status == 200 || (400..500).contains(&status)) {
                    wrong.push(format!("{method} {path} with {kind:?} ({} bytes): {status}", body.len()));
                }
                if status >= 400 {
                    check_shape(method, path, *door, &answer, &mut wrong);
                }
            }
            // Refused by the length alone, before a byte of it is sent.
            for (kind, length) in [("application/x-www-form-urlencoded", 65_537), ("application/json", 1_048_577), ("application/octet-stream", 65_537)] {
                let target = scene.target(path);
                let head = format!("{method} {target} HTTP/1.1\r\nHost: id.localhost:8080\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
                let answer = scene.town.raw(head.as_bytes()).await;
                if answer.status != 413 {
                    wrong.push(format!("{method} {path} with {length} bytes of {kind}: {}", answer.status));
                }
            }
        }
        assert!(wrong.is_empty(), "{} surprises:\n{}", wrong.len(), wrong.join("\n"));
        assert_eq!(scene.town.state().await, before);
    }
}

fn self_credential(scene: &Scene, door: Door) -> Option<String> {
    match door {
        Door::Person => Some(scene.access.clone()),
        Door::Service => Some(scene.writer.clone()),
        _ => None,
    }
}

/// A refusal speaks the language of its address; no answer may be kept by a cache that should not be; no answer sends anybody away.
fn check_shape(method: &str, path: &str, door: Door, answer: &Answer, wrong: &mut Vec<String>) {
    let status = answer.status.as_u16();
    let mut complain = |what: &str| wrong.push(format!("{method} {path}: {status} {what}"));
    if status >= 500 {
        complain("is a fault");
    }
    let kind = answer.header("content-type").unwrap_or_default();
    if (400..500).contains(&status) && !answer.body.is_empty() {
        let expected = match door {
            Door::Client | Door::Person => "application/json",
            Door::Service => "application/problem+json",
            Door::Browser => "text/html",
            Door::Open => "",
        };
        if !kind.starts_with(expected) {
            complain(&format!("speaks {kind:?}"));
        }
    }
    if status == 401 && answer.header("www-authenticate").is_none() {
        complain("does not say how to authenticate");
    }
    if door != Door::Open && answer.header("cache-control") != Some("no-store") {
        complain("may be kept by caches");
    }
    if answer.location().is_some_and(|to| to.origin() != answer.url.origin()) {
        complain("leads away");
    }
    let page = kind.starts_with("text/html");
    let shared = !page && CROSS_ORIGIN.contains(&path);
    let resource_policy = [("cross-origin-resource-policy", if shared { "cross-origin" } else { "same-origin" })];
    for (name, value) in EVERYWHERE.iter().chain(&resource_policy).chain(if page { PAGES } else { NOT_PAGES }) {
        let said = answer.header(name).map(|said| if page { without_client(said) } else { said.to_owned() });
        if said.as_deref() != Some(value) {
            complain(&format!("says {said:?} in {name}"));
        }
    }
}

/// A policy without the one client that a page's form may end at.
fn without_client(policy: &str) -> String {
    let own = "form-action 'self'";
    let Some((before, (client, after))) = policy.split_once(own).and_then(|(before, rest)| Some((before, rest.split_once(';')?))) else {
        return policy.to_owned();
    };
    let plain = client.strip_prefix(' ').is_none_or(|client| client.contains(':') && !client.contains([' ', '*', '\'']));
    if plain { format!("{before}{own};{after}") } else { policy.to_owned() }
}

/// Headers of every answer (security.md 5.10).
const EVERYWHERE: &[(&str, &str)] = &[("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")];
/// What scripts of other origins may read.
const CROSS_ORIGIN: &[&str] = &[
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/jwks.json",
    "/oauth2/jwks",
    "/oauth2/userinfo",
];
/// Headers of what is no page: a policy that lets nothing be loaded, whatever a browser takes it for.
const NOT_PAGES: &[(&str, &str)] = &[("content-security-policy", "default-src 'none'; frame-ancestors 'none'")];
/// Headers of every page.
const PAGES: &[(&str, &str)] = &[
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("origin-agent-cluster", "?1"),
    (
        "permissions-policy",
        "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=()",
    ),
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; \
         base-uri 'none'; frame-ancestors 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types default",
    ),
];
