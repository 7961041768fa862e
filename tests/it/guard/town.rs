//! Three services, a public client and a switched-off one around a real `concord serve`, set up by commands as an operator would.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use concord::clock::Clock;
use concord::model::identifier::Identifier;
use concord::model::ids::CustomerId;
use concord::usecases::identifiers;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::World;
use crate::support::client::{Client, Credentials, Pending};
use crate::support::database::Folder;
use crate::support::http::{Browser, Tap, Wire, parameter};
use crate::support::keys::{Key, random};
use crate::support::node::{Deployment, Node};
use crate::support::partner::Partner;
use crate::support::person::Person;
use crate::support::world::ISSUER;

/// The API of the loyalty service.
pub const POINTS_API: &str = "http://points.localhost/api";

pub struct Town {
    pub node: Node,
    pub deployment: Deployment,
    pub wire: Wire,
    /// Everything that was said to the server.
    pub tap: Tap,
    /// Confidential, secret in the header; told when sessions end.
    pub cinema: Client,
    /// Confidential, with a key; its service owns `loyalty` and has an API.
    pub points: Client,
    /// Confidential, secret in the form; reads loyalty.
    pub bank: Client,
    /// Public, with signed access tokens.
    pub app: Client,
    /// Like the cinema, but of another service.
    pub kiosk: Client,
    /// Like the kiosk: for tests that switch it off.
    pub old: Client,
    /// Where partners are told of endings.
    pub partner: Partner,
    /// Secrets as the commands printed them.
    pub secrets: Vec<String>,
    keys: Vec<(&'static str, Key)>,
    papers: Folder,
    pub world: World,
}

impl Town {
    pub async fn open(world: World) -> Self {
        Self::with(world, &[]).await
    }

    /// A town whose server has settings of its own: `("CONCORD_LOG__LEVEL", "debug")`.
    pub async fn with(world: World, settings: &[(&str, &str)]) -> Self {
        let mut deployment = world
            .deployment(ISSUER)
            .set("CONCORD_LIMITS__MAIL_PER_IP_HOUR", "1000")
            .set("CONCORD_LIMITS__CLIENT_FAILURES_MINUTE", "1000")
            .set("CONCORD_LIMITS__PASSWORD_PER_IP_MINUTE", "1000");
        for (key, value) in settings {
            deployment = deployment.set(key, value);
        }
        let (partner, papers) = (Partner::start().await, Folder::new());
        let node = Node::start(&deployment).await;
        let (wire, tap) = Wire::new(ISSUER, node.address).tapped();
        let keys = ["points", "bank"].map(|code| (code, Key::new(code)));
        let client_key = Key::new("points-client");
        let mut secrets = Vec::new();
        for document in documents(&partner, &keys, &client_key) {
            let made = apply(&deployment, &papers, &document).await;
            secrets
                .extend(made["secrets"].as_array().into_iter().flatten().map(|one| (text(one, "client_id"), text(one, "client_secret"))));
        }
        for (_, secret) in &secrets {
            crate::support::secrets::used(secret);
        }
        let secret = |id: &str| secrets.iter().find(|(known, _)| known == id).expect("a secret").1.clone();
        let client = |id: &str, credentials, scope: &str| {
            let redirect_uri = if id == "app" { "http://127.0.0.1/cb".to_owned() } else { format!("http://{id}.localhost/cb") };
            Client { wire: wire.clone(), id: id.to_owned(), credentials, redirect_uri, scope: scope.to_owned() }
        };
        Self {
            cinema: client("cinema", Credentials::Basic(secret("cinema")), "openid offline_access profile email phone address"),
            points: client("points", Credentials::Key(client_key), "openid offline_access profile"),
            bank: client("bank", Credentials::Post(secret("bank")), "openid offline_access profile"),
            app: client("app", Credentials::None, "openid profile"),
            kiosk: client("kiosk", Credentials::Basic(secret("kiosk")), "openid offline_access profile"),
            old: client("old", Credentials::Basic(secret("old")), "openid offline_access profile"),
            secrets: secrets.into_iter().map(|(_, secret)| secret).collect(),
            keys: keys.into(),
            node,
            deployment,
            wire,
            tap,
            partner,
            papers,
            world,
        }
    }

    /// A command of this deployment, to its end.
    pub async fn run(&self, arguments: &[&str]) -> String {
        run(&self.deployment, arguments).await
    }

    /// Puts a service into force; what the command said, secrets included.
    pub async fn apply(&self, document: &Value) -> Value {
        apply(&self.deployment, &self.papers, document).await
    }

    /// Somebody new, with a name nobody else has.
    pub fn person(&self, name: &str) -> Person {
        Person::new(name, &self.wire, self.mail())
    }

    pub fn mail(&self) -> PathBuf {
        self.world.folder.path().join("mail")
    }

    pub async fn customer(&self, person: &Person) -> CustomerId {
        let identifier = Identifier::parse(&person.email).expect("an address");
        let mut tx = self.world.database.read().await.expect("a connection");
        identifiers::login_holder(&mut tx, &self.world.core, &identifier).await.expect("a look-up").expect("a customer")
    }

    /// What a service says of its own account: the start of a link.
    pub fn assertion(&self, service: &str, account: &str) -> String {
        let key = &self.keys.iter().find(|(code, _)| *code == service).expect("a key").1;
        let now = Clock::System.now().seconds();
        key.sign(
            "link+jwt",
            &json!({ "iss": service, "aud": ISSUER, "sub": account, "auth_time": now, "acr": "aal1", "jti": random(), "iat": now, "exp": now + 60 }),
        )
    }

    /// A person signs in at a client by the pages, whatever they ask.
    pub async fn sign_in(&self, person: &mut Person, client: &Client, extra: &[(&str, &str)]) -> Value {
        self.finish(person, client, client.authorize(extra)).await
    }

    /// Ceremony C3, from the service's proof to the tokens.
    pub async fn connect(&self, person: &mut Person, client: &Client, service: &str, account: &str) -> Value {
        let assertion = self.assertion(service, account);
        let pending = client.push(&[("link_assertion", &assertion)]).await;
        self.finish(person, client, pending).await
    }

    async fn finish(&self, person: &mut Person, client: &Client, pending: Pending) -> Value {
        let answer = person.walk(pending.url.as_str()).await;
        let back = client.returned(&pending, &answer);
        let code = parameter(&back, "code").unwrap_or_else(|| panic!("no code in {back}"));
        client.redeem(&code, &pending.verifier).await.expect(200).json()
    }

    /// The token with which a service writes about its accounts.
    pub async fn writer(&self, client: &Client) -> String {
        text(&client.client_credentials("profile.write").await.expect(200).json(), "access_token")
    }

    /// What the owner of a product domain knows about an account.
    pub async fn write(&self, token: &str, account: &str, values: Value) {
        let body = json!({ "local_account": account, "values": values, "observed_at": Clock::System.now().rfc3339() });
        let put = self.wire.request(reqwest::Method::PUT, "/api/partner/v1/profile/loyalty").bearer(token).json(&body);
        put.send().await.expect(200);
    }

    /// Bytes as they are, whatever is in them, and what comes back: no library mends anything on the way.
    pub async fn raw(&self, bytes: &[u8]) -> RawAnswer {
        let mut stream = TcpStream::connect(self.node.address).await.expect("the node answers");
        // The server may answer before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        let headers =
            head.lines().skip(1).filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned())).collect();
        RawAnswer { status, headers, body: body.to_owned() }
    }

    /// A value that the server gave this browser.
    pub fn cookie(&self, browser: &Browser, base: &str) -> Option<String> {
        browser.cookie("id.localhost", &format!("concord_{base}")).map(|cookie| cookie.value)
    }
}

/// What came back over a bare connection; status 0: nothing did.
pub struct RawAnswer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl RawAnswer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// A text of a JSON object.
#[track_caller]
pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

async fn run(deployment: &Deployment, arguments: &[&str]) -> String {
    let (deployment, arguments): (_, Vec<String>) = (deployment.clone(), arguments.iter().map(|a| (*a).to_owned()).collect());
    let work = move || deployment.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(work).await.expect("the command")
}

async fn apply(deployment: &Deployment, papers: &Folder, document: &Value) -> Value {
    let file = papers.path().join(format!("{}.toml", text(document, "code")));
    std::fs::write(&file, toml::to_string(document).expect("TOML")).expect("a file");
    let said = run(deployment, &["service", "apply", &file.display().to_string(), "--output", "json"]).await;
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("not JSON: {said}"))
}

fn documents(partner: &Partner, keys: &[(&str, Key)], client_key: &Key) -> Vec<Value> {
    let told = |id: &str| partner.url(&format!("/{id}/logout"));
    let both = json!(["authorization_code", "refresh_token", "client_credentials"]);
    let client = |id: &str, scope: &str| {
        json!({
            "client_id": id, "redirect_uris": [format!("http://{id}.localhost/cb")], "scope": scope, "grant_types": both, "introspection": true,
            "post_logout_redirect_uris": [format!("http://{id}.localhost/bye")], "backchannel_logout_uri": told(id),
        })
    };
    let service = |code: &str, clients: Value| {
        json!({
            "code": code, "name": { "ru": code, "en": code, "zh": code }, "sector": format!("sector-of-{code}"),
            "homepage": format!("http://{code}.localhost/"), "clients": clients,
        })
    };
    let mut points_client = client("points", "openid offline_access profile profile.write");
    points_client["authentication"] = json!("private_key_jwt");
    points_client["jwks"] = client_key.jwks();
    let mut points = service("points", json!([points_client]));
    points["owns"] = json!(["loyalty"]);
    points["api"] = json!({ "audience": POINTS_API });
    points["jwks"] = keys[0].1.jwks();
    let mut bank_client = client("bank", "openid offline_access profile loyalty profile.write");
    bank_client["authentication"] = json!("client_secret_post");
    bank_client["resources"] = json!([POINTS_API]);
    let app = json!({
        "client_id": "app", "authentication": "none", "redirect_uris": ["http://127.0.0.1/cb"], "scope": "openid profile",
        "grant_types": ["authorization_code", "refresh_token"], "access_token_format": "jwt",
    });
    let mut bank = service("bank", json!([bank_client, app]));
    bank["owns"] = json!(["banking"]);
    bank["jwks"] = keys[1].1.jwks();
    let cinema = service("cinema", json!([client("cinema", "openid offline_access profile email phone address")]));
    let owner = |code: &str, domain: &str| {
        let mut document = service(code, json!([client(code, "openid offline_access profile profile.write")]));
        document["owns"] = json!([domain]);
        document
    };
    vec![cinema, points, bank, owner("kiosk", "mobility"), owner("old", "dining")]
}
