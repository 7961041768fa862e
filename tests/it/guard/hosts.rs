//! Nothing is derived from what a request says about hosts and proxies (security.md section 0, finding 9).

use super::town::{Town, text};
use crate::support::http::{Answer, Browser, Wire};
use crate::support::on_both;
use crate::support::world::ISSUER;

/// Headers with which proxies, and those who pretend to be one, speak of hosts.
const LIES: [(&str, &str); 8] = [
    ("x-forwarded-host", "evil.test"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-port", "4443"),
    ("x-forwarded-prefix", "/evil.test"),
    ("forwarded", "for=203.0.113.9;host=evil.test;proto=https"),
    ("x-forwarded-for", "203.0.113.9"),
    ("x-host", "evil.test"),
    ("x-original-url", "http://evil.test/account"),
];

fn speaks_of_evil(answer: &Answer) -> bool {
    answer.text().contains("evil.test") || answer.headers.values().any(|value| value.to_str().is_ok_and(|text| text.contains("evil.test")))
}

/// A server behind TLS, whose proxy is trusted.
async fn behind_tls(backend: crate::support::Backend) -> (crate::support::World, crate::account::stage::House, Wire) {
    let settings = "issuer = \"https://id.example\"\n[server]\ntrusted_proxies = [\"127.0.0.1/32\"]";
    let world = crate::support::World::with(backend, settings).await;
    let house = crate::account::stage::House::open(&world).await;
    let wire = house.wire.under("https://id.example");
    (world, house, wire)
}

on_both! {
    /// operations.md 3.1: a proxy that says another scheme than the issuer's meets a page that explains; one that says nothing is served.
    async fn a_page_by_the_wrong_scheme_says_what_to_mend(world: World) {
        let (tls, _house, wire) = behind_tls(world.backend).await;
        for said in ["http", "http, https", "HTTP", "", "nonsense"] {
            for page in ["/login", "/account", "/oauth2/authorize?client_id=x"] {
                let answer = wire.get(page).header("x-forwarded-proto", said).send().await.expect(421);
                let shown = answer.page();
                assert_eq!(shown.by_id("error-code").as_deref(), Some("wrong_scheme"), "{said:?} {page}");
                assert!(shown.text().contains("X-Forwarded-Proto"), "{}", shown.text());
                assert!(shown.links().iter().any(|(to, _)| to == "https://id.example"));
                assert!(answer.header("set-cookie").is_none() && answer.location().is_none());
            }
            let document = wire.get("/.well-known/openid-configuration").header("x-forwarded-proto", said).send().await.expect(200);
            assert_eq!(document.json()["issuer"], "https://id.example", "programs are answered alike");
        }
        for said in ["https", "HTTPS", "https, http"] {
            let answer = wire.get("/login").header("x-forwarded-proto", said).send().await.expect(303);
            assert!(answer.header("set-cookie").is_some_and(|cookie| cookie.starts_with("__Host-") && cookie.contains("Secure")), "{said}");
        }
        wire.get("/login").send().await.expect(303);
        assert_eq!(tls.count("SELECT COUNT(*) FROM flows").await, 4, "no flow begins at a refused page");
    }

    /// The switches of language and theme keep an error page.
    async fn an_error_page_stays_in_another_language(world: World) {
        let house = crate::account::stage::House::open(&world).await;
        let mut browser = Browser::new(&house.wire);
        for (target, status, code) in [
            ("/nowhere?a=1", 404, "not_found"),
            ("/oauth2/authorize?client_id=nobody&state=x", 400, "bad_redirect_uri"),
            ("/oauth2/authorize?state=x&redirect_uri=https%3A%2F%2Fsomewhere.test%2F&client_id=nobody", 400, "bad_client"),
            ("/continue?flow=x", 404, "not_found"),
            ("/agreements/none", 404, "not_found"),
        ] {
            let mut page = browser.open(target).await.expect(status);
            for (language, words) in [("ru", "Код"), ("zh", "代码"), ("en", "Code")] {
                let links = page.page().links();
                let to = links.iter().find(|(to, _)| to.contains(&format!("lang={language}"))).map(|(to, _)| to.clone());
                page = browser.open(&to.unwrap_or_else(|| panic!("{target}: {links:?}"))).await.expect(status);
                let tag = if language == "zh" { "zh-Hans" } else { language };
                assert_eq!(page.page().language(), Some(tag), "{target} {words}");
                assert_eq!(page.page().by_id("error-code").as_deref(), Some(code), "{target}");
                assert_eq!(page.url.path(), target.split('?').next().expect("a path"));
            }
        }
    }

    /// A page under a foreign name is refused and says where it is; what programs ask is answered alike under every name.
    async fn pages_are_shown_under_the_issuers_name_only(world: World) {
        let town = Town::open(world).await;
        let before = town.state().await;
        let pages = ["/login", "/register", "/account", "/account/security", "/logout", "/oauth2/logout", "/continue?flow=x"];
        let authorize = town.cinema.authorize(&[]).url;
        let flows = town.world.count("SELECT COUNT(*) FROM flows").await;
        for host in ["evil.test", "evil.test:8080", "id.localhost", "id.localhost:80", "id.localhost:8080.evil.test", "127.0.0.1:8080"] {
            for page in pages.iter().copied().chain([authorize.as_str()]) {
                let answer = town.wire.get(page).header("host", host).send().await;
                assert_eq!(answer.status.as_u16(), 421, "{page} at {host}");
                assert!(!speaks_of_evil(&answer) && answer.header("set-cookie").is_none() && answer.location().is_none(), "{page} at {host}");
                assert!(answer.page().by_id("go-on").is_some(), "it says where to go on");
                assert!(answer.page().links().iter().any(|(to, _)| to == ISSUER), "{:?}", answer.page().links());
                assert_eq!(answer.header("cache-control"), Some("no-store"));
            }
            let posted = town.wire.post("/login").header("host", host).form([("identifier", "anna@example.org")]).send().await;
            assert_eq!(posted.status.as_u16(), 421);
            for document in ["/.well-known/openid-configuration", "/.well-known/jwks.json"] {
                let (here, there) = (town.wire.get(document).send().await, town.wire.get(document).header("host", host).send().await);
                assert_eq!(here.body, there.body, "{document} at {host}");
            }
            let token = town.wire.post("/oauth2/token").header("host", host).form([("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", "x")]);
            assert_eq!(token.send().await.expect(400).error(), "invalid_grant");
        }
        assert_eq!(town.world.count("SELECT COUNT(*) FROM flows").await, flows, "no flow begins under a foreign name");
        assert_eq!(town.state().await, before);
        assert_eq!(town.wire.get("/login").header("host", "ID.LOCALHOST:8080").send().await.status.as_u16(), 303, "names have no case");
    }

    /// SV3: what an untrusted peer says about proxies changes no page, no link, no mail, no token and no limit.
    async fn sv3_forged_proxy_headers_are_not_believed(world: World) {
        let mut town = Town::open(world).await;
        let lying = |mut request: crate::support::http::Request| {
            for (name, value) in LIES {
                request = request.header(name, value);
            }
            request
        };
        for page in ["/login", "/account", "/.well-known/openid-configuration", "/.well-known/change-password", "/", "/nowhere"] {
            let answer = lying(town.wire.get(page)).send().await;
            assert!(!speaks_of_evil(&answer) && answer.status.as_u16() < 500, "{page}");
            assert_eq!(answer.status, town.wire.get(page).send().await.status, "{page}");
            assert!(answer.location().is_none_or(|to| to.origin() == answer.url.origin()), "{page}");
        }
        // A registration in which every request lies: the mail and the tokens speak of the issuer.
        let mut browser = Browser::new(&town.wire);
        let begun = browser.once(lying(town.wire.get("/register"))).await.expect(303);
        let page = browser.once(lying(town.wire.get(begun.location().expect("a flow").as_str()))).await.expect(200);
        let form = page.page().form(&["email"]).fill("email", "mara@example.org").press("action=continue");
        let pairs: Vec<(String, String)> = form.fields.clone();
        let request = town.wire.post(page.url.as_str()).form(pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())));
        let sent = browser.once(lying(request)).await.expect(303);
        assert!(!speaks_of_evil(&sent));
        let mut mara = town.person("mara");
        let code = mara.code().await;
        assert_eq!(code.len(), 6);
        assert!(mara.mails().iter().all(|mail| !mail.contains("evil.test") && mail.contains("id.localhost")));
        let tokens = town.sign_in(&mut town.person("nils"), &town.cinema, &[]).await;
        let claims = crate::support::keys::claims(&text(&tokens, "id_token"));
        assert_eq!(claims["iss"], ISSUER);
        let refreshed = lying(town.wire.post("/oauth2/token").form([("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", "app")]));
        assert!(!speaks_of_evil(&refreshed.send().await.expect(400)));
        assert_eq!(town.node.stop().await, Some(0));
        let log = town.node.log();
        assert!(log.contains("127.0.0.0") && !log.contains("203.0.113") && !log.contains("evil.test"));
    }
}
