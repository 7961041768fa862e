//! The listeners beside the public one: management, and the demo's partners and hub.

use std::collections::BTreeSet;

use reqwest::Method;

use super::routes;
use super::town::Town;
use crate::support::http::Wire;
use crate::support::on_both;

/// Everything on the management listener; no credential is asked for, and none changes anything.
const MANAGEMENT: &[&str] = &["/livez", "/readyz", "/healthz", "/metrics"];

on_both! {
    /// Whoever reaches the management listener may look and can do nothing; the public one has none of it.
    async fn the_management_listener_shows_and_takes_nothing(world: World) {
        let town = Town::open(world).await;
        assert_eq!(routes::management(), MANAGEMENT.iter().map(|path| (*path).to_owned()).collect::<BTreeSet<_>>());
        let inside = Wire::new("http://id.localhost:8080", town.node.management);
        let mut wrong = Vec::new();
        for path in MANAGEMENT {
            for (kind, credential) in [("none", ""), ("a wrong token", "Bearer not-a-token"), ("a wrong secret", "Basic eDp5"), ("nonsense", "x")] {
                let asked = inside.get(path);
                let answer = if credential.is_empty() { asked } else { asked.header("authorization", credential) }.send().await;
                let personal = ["postgres://", "redis://", "@", "sqlite:"].iter().any(|word| answer.text().contains(word));
                if answer.status != 200 || personal || answer.header("set-cookie").is_some() {
                    wrong.push(format!("GET {path} with {kind}: {} {}", answer.status, answer.text()));
                }
            }
            for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE"] {
                let answer = inside.request(method.parse::<Method>().expect("a method"), path).send().await;
                if answer.status != 405 {
                    wrong.push(format!("{method} {path}: {}", answer.status));
                }
            }
            let outside = town.wire.get(path).send().await;
            if outside.status != 404 {
                wrong.push(format!("{path} stands on the public listener: {}", outside.status));
            }
        }
        for path in routes::paths(&town.world.core) {
            let answer = inside.get(&path.replace(['{', '}'], "x")).send().await;
            if answer.status != 404 {
                wrong.push(format!("{path} stands on the management listener: {}", answer.status));
            }
        }
        assert!(wrong.is_empty(), "{} surprises:\n{}", wrong.len(), wrong.join("\n"));
    }
}

#[cfg(feature = "demo")]
mod demo {
    use std::fs;
    use std::net::SocketAddr;
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;
    use crate::architecture::{files, root};
    use crate::support::database::Folder;
    use crate::support::http::Answer;
    use crate::support::node::free_port;

    /// Hosts, method, path, and what somebody without session, token or ticket is answered.
    const TABLE: &[(&[&str], &str, &str, u16)] = &[
        (SITES, "GET", "/", 200),
        // No session, no token of a page: back to the first page, and nothing is done.
        (SITES, "POST", "/", 303),
        (SITES, "GET", "/oidc/callback", 303),
        (SITES, "GET", "/oidc/signed-out", 303),
        (SITES, "POST", "/oidc/backchannel-logout", 400),
        (&["points"], "GET", "/api/tier", 401),
        (HUBS, "GET", "/", 200),
        (HUBS, "POST", "/", 303),
        (HUBS, "GET", "/simulated", 200),
        (&["id"], "GET", "/demo", 200),
        (&["id"], "POST", "/demo", 303),
        (&["id"], "GET", "/demo/simulated", 200),
        (&["id"], "GET", "/demo/become", 303),
    ];
    const SITES: &[&str] = &["bank", "points", "cinema"];
    const HUBS: &[&str] = &["demo"];

    struct Running(Child);

    impl Drop for Running {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// The paths that the demo's sources give to their routers.
    fn written() -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for file in files(&root().join("src/demo"), ".rs") {
            let source = fs::read_to_string(file).expect("text");
            for part in source.split(".route(").skip(1) {
                let first = part.split(',').next().unwrap_or_default().trim();
                let path = match first.strip_prefix('"') {
                    Some(path) => path.trim_end_matches('"').to_owned(),
                    None => {
                        let constant = format!("const {first}: &str = \"");
                        source.split(&constant).nth(1).and_then(|rest| rest.split('"').next()).expect("a constant path").to_owned()
                    }
                };
                found.insert(path);
            }
        }
        found
    }

    /// Nobody gets anything at a partner or at the hub by asking for it, and another site's form does nothing.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_route_of_the_demo_without_a_credential() {
        let known: BTreeSet<String> = TABLE.iter().map(|line| line.2.to_owned()).collect();
        assert_eq!(written(), known, "a route without a line, or a line without a route");
        let folder = Folder::new();
        let (port, management) = (free_port(), free_port());
        let log = fs::File::create(folder.path().join("log")).expect("a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_concord"));
        command.args(["demo", "--data", "demo", "--listen", &format!("127.0.0.1:{port}")]).current_dir(folder.path());
        command.env("CONCORD_SERVER__MANAGEMENT_LISTEN", format!("127.0.0.1:{management}"));
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file")).stderr(log);
        let _running = Running(command.spawn().expect("the demo starts"));
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let at = |host: &str| Wire::new(&format!("http://{host}.localhost:{port}"), address);
        let deadline = Instant::now() + Duration::from_secs(60);
        while !at("id").get("/.well-known/openid-configuration").try_send().await.is_ok_and(|answer| answer.status == 200) {
            assert!(Instant::now() < deadline, "the demo does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let mut wrong = Vec::new();
        for (hosts, method, path, expected) in TABLE {
            for host in *hosts {
                let form = [("action", "persona"), ("persona", "anna"), ("csrf", "guessed"), ("logout_token", "e.e.e")];
                let ask = || {
                    let request = at(host).request(method.parse().expect("a method"), path);
                    if *method == "POST" { request.form(form) } else { request }
                };
                let mut kinds: Vec<(&str, Answer)> = vec![("nothing", ask().send().await)];
                kinds.push(("a made-up session", ask().header("cookie", "session=made-up; concord_session=made-up").send().await));
                kinds.push(("a wrong token", ask().bearer("not-a-token").send().await));
                if *method == "POST" {
                    let forged = ask().header("origin", "https://evil.test").header("sec-fetch-site", "cross-site");
                    kinds.push(("another site's form", forged.send().await));
                }
                for (kind, answer) in kinds {
                    let status = answer.status.as_u16();
                    let refused = status == *expected || (kind == "another site's form" && (400..500).contains(&status));
                    // Whoever is new is given an empty session to hold on to; nobody's is handed out.
                    let session = answer.headers.get_all("set-cookie").iter().any(|line| line.as_bytes().starts_with(b"concord_session"));
                    let away = answer.location().is_some_and(|to| to.host_str().is_some_and(|host| !host.ends_with("localhost")));
                    if !refused || session || away {
                        wrong.push(format!(
                            "{method} {host}{path} with {kind}: {status} to {:?}: {:.300}",
                            answer.header("location"),
                            answer.page().text()
                        ));
                    }
                }
            }
        }
        let nobody = at("evil").get("/").send().await;
        assert_eq!(nobody.status, 421, "a host that nobody has");
        assert!(wrong.is_empty(), "{} surprises:\n{}", wrong.len(), wrong.join("\n"));
    }
}
