//! The commands themselves: what an operator types, and what comes back.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Output;

use concord::outbound::guarded::GuardedClient;
use concord::usecases::service_doctor::{self, Finding, Weight};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{applied, apply, service, web};
use crate::support::keys::Key;
use crate::support::world::ISSUER;
use crate::support::{World, on_both};

/// Runs a command to its end beside the test; the exit code, standard output and standard error.
async fn run(world: &World, arguments: &[&str]) -> (i32, String, String) {
    let mut command = world.deployment(ISSUER).command(arguments);
    let output: Output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("a code"), text(output.stdout), text(output.stderr))
}

async fn json(world: &World, arguments: &[&str]) -> Value {
    let (code, out, error) = run(world, &[arguments, &["--output", "json"]].concat()).await;
    assert_eq!(code, 0, "{arguments:?}: {error}");
    serde_json::from_str(&out).unwrap_or_else(|_| panic!("not JSON: {out}"))
}

fn file(world: &World, text: &str) -> (PathBuf, String) {
    let path = world.folder.path().join("service.toml");
    std::fs::write(&path, text).expect("a file");
    let name = path.display().to_string();
    (path, name)
}

on_both! {
    async fn a_service_is_applied_shown_and_switched_by_commands(world: World) {
        let text = service("shop", "", &web("shop-web", "openid profile"));
        let (_, name) = file(&world, &text);
        let (code, out, _) = run(&world, &["service", "apply", &name, "--dry-run"]).await;
        assert!(code == 0 && out.contains("service shop: would be created") && out.contains("+ clients.shop-web.scope: profile"), "{out}");
        assert_eq!(json(&world, &["service", "list"]).await, serde_json::json!([]));

        let done = json(&world, &["service", "apply", &name]).await;
        let secret = done["secrets"][0]["client_secret"].as_str().expect("a secret").to_owned();
        assert_eq!((done["outcome"].as_str(), secret.len()), (Some("created"), 43));
        let shown = json(&world, &["service", "show", "shop"]).await;
        assert_eq!(shown["clients"][0]["document"]["scope"], "openid profile");
        assert!(!shown.to_string().contains(&secret));
        let (_, out, _) = run(&world, &["client", "list", "--service", "shop"]).await;
        assert!(out.contains("shop-web") && out.contains("client_secret_basic"), "{out}");

        // Nobody to ask, and nobody said yes: nothing happens.
        let (code, _, error) = run(&world, &["client", "rotate-secret", "shop-web"]).await;
        assert!(code == 2 && error.contains("works for 24 h more") && error.contains("--yes"), "{error}");
        let rotated = json(&world, &["client", "rotate-secret", "shop-web", "--yes"]).await;
        assert_ne!(rotated["client_secret"], Value::String(secret));
        assert_eq!(json(&world, &["client", "show", "shop-web"]).await["secrets"].as_array().map(Vec::len), Some(2));

        json(&world, &["client", "disable", "shop-web", "--yes"]).await;
        json(&world, &["service", "disable", "shop", "--yes"]).await;
        let off = json(&world, &["service", "show", "shop"]).await;
        assert!(off["enabled"] == false && off["clients"][0]["enabled"] == false && off["epoch"] == 1);
        assert_eq!(json(&world, &["service", "enable", "shop", "--yes"]).await["result"]["changed"], true);
        assert_eq!(json(&world, &["service", "enable", "shop", "--yes"]).await["result"]["changed"], false);
        for missing in [["service", "show"], ["service", "doctor"], ["service", "disable"], ["client", "show"], ["client", "rotate-secret"]] {
            let (code, _, error) = run(&world, &[missing[0], missing[1], "nobody"]).await;
            assert!(code == 1 && error.contains("nobody"), "{missing:?}: {error}");
        }

        let (_, name) = file(&world, &text.replace("scope =", "scopes ="));
        let (code, _, error) = run(&world, &["service", "apply", &name]).await;
        assert!(code == 1 && error.contains("service.toml: line 10: `scopes` is unknown here; did you mean `scope`?"), "{error}");
    }

    async fn keys_are_listed_rotated_and_replaced_by_commands(world: World) {
        let before = json(&world, &["keys", "list"]).await;
        assert_eq!(before.as_array().map(Vec::len), Some(2));
        json(&world, &["keys", "rotate", "--algorithm", "ES256", "--yes"]).await;
        let set = json(&world, &["keys", "export-jwks"]).await;
        assert_eq!(set["keys"].as_array().map(Vec::len), Some(3));
        assert!(set.to_string().find("\"d\"").is_none());
        let active = before.as_array().unwrap().iter().find(|key| key["algorithm"] == "ES256").unwrap()["kid"].as_str().unwrap();
        json(&world, &["keys", "retire", active, "--now", "--yes"]).await;
        let (_, out, _) = run(&world, &["keys", "list"]).await;
        assert!(out.contains("destroyed") && !out.contains("pending"), "{out}");
        // One in 64 ids begins with a hyphen, and is no option for that.
        for asked in [["keys", "retire", "-lCdh", "--yes", "--now"], ["keys", "retire", "--now", "--yes", "-lCdh"]] {
            let (code, _, error) = run(&world, &asked).await;
            assert!(code == 1 && error.contains("-lCdh"), "{code}: {error}");
        }
        let (code, _, _) = run(&world, &["keys", "rotate", "--algorithm", "HS256", "--yes"]).await;
        assert_eq!(code, 2);
    }

    async fn the_doctor_calls_and_says_what_to_mend(world: World) {
        let here = partner(400).await;
        let careless = partner(200).await;
        let jwks = Key::new("k1").jwks();
        let client = |id: &str, at: SocketAddr| {
            format!(
                "[[clients]]\nclient_id = \"{id}\"\nauthentication = \"private_key_jwt\"\njwks = '{jwks}'\n\
                 redirect_uris = [\"http://127.0.0.1:{}/cb\"]\nbackchannel_logout_uri = \"http://127.0.0.1:{}/logout\"\nscope = \"openid\"\n",
                at.port(), at.port()
            )
        };
        let text = service("shop", &format!("jwks = '{jwks}'"), &(client("good", here) + &client("careless", careless)));
        applied(apply(&world.core, &text.replace("https://shop.test/", &format!("http://127.0.0.1:{}/", here.port()))).await);
        let calls = GuardedClient::new(&world.core.config.outbound).expect("a client");
        let found = service_doctor::look(&world.core, &calls, "shop").await.expect("looks").expect("a service");
        let says = |about: &str, what: &str| found.iter().find(|one| one.about == about && one.what.contains(what)).map(|one| one.weight);
        assert_eq!(says("homepage", "answers"), Some(Weight::Good), "{found:?}");
        assert_eq!(says("jwks", "1 for link assertions"), Some(Weight::Good));
        assert_eq!(says("client good backchannel_logout_uri", "refuses"), Some(Weight::Good));
        assert_eq!(says("client careless backchannel_logout_uri", "accepts what is no logout token"), Some(Weight::Problem));
        assert_eq!(says("clock", "1994"), None);
        assert!(found.iter().any(|one| one.about == "clock" && one.weight == Weight::Problem), "its clock stands in 1994");
        assert_eq!(found.iter().filter(|one: &&Finding| one.weight == Weight::Problem).count(), 2, "{found:?}");
        let (code, out, error) = run(&world, &["service", "doctor", "shop"]).await;
        assert!(code == 1 && out.contains("contract") && error.contains("2 of"), "{out}{error}");
    }
}

/// A partner's server: every page is there, and a back-channel logout gets this status.
async fn partner(logout: u16) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap_or(0);
            let status = if request[..length].starts_with(b"POST") { logout } else { 200 };
            let answer =
                format!("HTTP/1.1 {status} x\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}
