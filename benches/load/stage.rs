//! A deployment to be measured: a service with its clients, a person who signed in and agreed, and the tokens they have.
//!
//! Everything is made through the server itself, as partners and people do it.

use concord::model::actor::Actor;
use concord::model::service::ServiceDocument;
use concord::usecases::apply_service;
use serde_json::{Value, json};

use super::generator::Load;
use super::server::Pinned;
use crate::support::client::{Client, Credentials};
use crate::support::http::Wire;
use crate::support::keys::challenge;
use crate::support::node::Deployment;
use crate::support::person::Person;
use crate::support::world::ISSUER;
use crate::support::{Backend, World};

/// The API of the service.
pub const API: &str = "https://bench.example/api";
const CALLBACK: &str = "https://bench.example/callback";
const SCOPE: &str = "openid offline_access profile email";
const VERIFIER: &str = "nobody-has-to-guess-the-verifier-of-a-benchmark";

/// How many grants tokens are spread over.
const GRANTS: usize = 64;

pub struct Stage {
    runtime: tokio::runtime::Runtime,
    world: World,
    deployment: Deployment,
    secrets: Vec<(String, String)>,
    person: Person,
    pub server: Pinned,
}

impl Stage {
    /// A deployment on fresh stores, its server running.
    pub fn new(backend: Backend) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let (world, secrets) = runtime.block_on(async {
            let world = World::new(backend).await;
            let secrets = apply(&world).await;
            (world, secrets)
        });
        let deployment = world.deployment(ISSUER);
        let server = Pinned::concord(&deployment, &[]);
        let wire = Wire::new(ISSUER, server.address);
        let person = Person::new("somebody", &wire, world.folder.path().join("mail"));
        let mut stage = Self { runtime, world, deployment, secrets, person, server };
        stage.sign_in();
        stage
    }

    /// Another server on the same stores, with settings of its own: `CONCORD_SECTION__KEY`.
    pub fn serve(&mut self, settings: &[(&str, &str)]) {
        // The embedded database has one server at a time.
        self.server.stop();
        self.server = Pinned::concord(&self.deployment, settings);
        self.person.browser.move_to(self.server.address);
    }

    fn client(&self, id: &str) -> Client {
        Client {
            wire: Wire::new(ISSUER, self.server.address),
            id: id.to_owned(),
            credentials: Credentials::Basic(self.secret(id).to_owned()),
            redirect_uri: CALLBACK.into(),
            scope: if id == "bench-jwt" { "openid".into() } else { SCOPE.into() },
        }
    }

    fn secret(&self, id: &str) -> &str {
        &self.secrets.iter().find(|(client, _)| client == id).expect("a client").1
    }

    /// HTTP Basic (RFC 6749 2.3.1).
    pub fn authorization(&self, id: &str) -> String {
        use base64::Engine as _;
        let pair = format!("{id}:{}", self.secret(id));
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    }

    /// Registers the person and lets them agree to what both clients want.
    fn sign_in(&mut self) {
        for id in ["bench-web", "bench-jwt"] {
            let client = self.client(id);
            let person = &mut self.person;
            self.runtime.block_on(async {
                let pending = client.authorize(&[]);
                let answer = person.walk(pending.url.as_str()).await;
                client.returned(&pending, &answer);
            });
        }
    }

    /// The answers of the token endpoint to as many authorizations.
    fn authorize(&mut self, id: &str, resource: Option<&str>, count: usize) -> Vec<Value> {
        let client = self.client(id);
        let extra: Vec<(&str, &str)> = resource.map(|resource| ("resource", resource)).into_iter().collect();
        let browser = &mut self.person.browser;
        self.runtime.block_on(async {
            let mut answers = Vec::new();
            for _ in 0..count {
                let pending = client.authorize(&extra);
                let answer = browser.open(pending.url.as_str()).await;
                let back = client.returned(&pending, &answer);
                let code = crate::support::http::parameter(&back, "code").expect("a code");
                let mut form = vec![("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
                form.extend([("code_verifier", pending.verifier.as_str())]);
                form.extend(extra.iter().copied());
                answers.push(client.token(&form).await.expect(200).json());
            }
            answers
        })
    }

    fn tokens(&mut self, id: &str, resource: Option<&str>, kind: &str, count: usize) -> Vec<String> {
        let answers = self.authorize(id, resource, count);
        answers.iter().map(|answer| answer[kind].as_str().unwrap_or_else(|| panic!("no {kind}: {answer}")).to_owned()).collect()
    }

    fn form(&self, path: &str, id: &str, bodies: Vec<String>) -> Load {
        Load::post(&self.server, path, &self.authorization(id), bodies)
    }

    pub fn get(&self, path: &str) -> Load {
        Load::get(&self.server, path)
    }

    /// The service's API asks about its callers' tokens; `bench-jwt` has JWTs, `bench-web` opaque ones.
    pub fn introspection(&mut self, holder: &str) -> Load {
        let tokens = self.tokens(holder, Some(API), "access_token", GRANTS);
        self.form("/oauth2/introspect", "bench-web", tokens.iter().map(|token| format!("token={token}")).collect())
    }

    /// `bench-jwt` gets JWTs, `bench-web` opaque tokens.
    pub fn client_credentials(&self, id: &str) -> Load {
        let body =
            format!("grant_type=client_credentials&resource={}", url::form_urlencoded::byte_serialize(API.as_bytes()).collect::<String>());
        self.form("/oauth2/token", id, vec![body])
    }

    pub fn userinfo(&mut self) -> Load {
        let token = self.tokens("bench-web", None, "access_token", 1).remove(0);
        let mut load = self.get("/oauth2/userinfo");
        load.headers.push(("Authorization".into(), format!("Bearer {token}")));
        load
    }

    /// Each answer's refresh token is the next request's.
    pub fn refresh(&mut self) -> Load {
        // wrk asks for one request beforehand, to look at it.
        let tokens = self.tokens("bench-web", None, "refresh_token", super::generator::CONNECTIONS + 8);
        let list: Vec<String> = tokens.iter().map(|token| format!("\"{token}\"")).collect();
        let script = include_str!("refresh.lua").replace("AUTHORIZATION", &self.authorization("bench-web"));
        Load { script: Some(script.replace("TOKENS", &list.join(","))), ..self.get("/oauth2/token") }
    }

    /// Authorize, the flow's page, token: the browser is signed in, the person has agreed before.
    pub fn code_flow(&self) -> Load {
        let mut url = url::Url::parse(ISSUER).expect("an address").join("/oauth2/authorize").expect("an address");
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", "bench-web"),
            ("redirect_uri", CALLBACK),
            ("scope", SCOPE),
            ("state", "state"),
            ("nonce", "nonce"),
            ("code_challenge", &challenge(VERIFIER)),
            ("code_challenge_method", "S256"),
        ]);
        let path = format!("{}?{}", url.path(), url.query().unwrap_or_default());
        let callback: String = url::form_urlencoded::byte_serialize(CALLBACK.as_bytes()).collect();
        let cookies = ["concord_browser", "concord_session"].map(|name| {
            let cookie = self.person.browser.cookie("id.localhost", name).unwrap_or_else(|| panic!("no cookie {name}"));
            format!("{name}={}", cookie.value)
        });
        let script = include_str!("code_flow.lua")
            .replace("AUTHORIZATION", &self.authorization("bench-web"))
            .replace("COOKIES", &cookies.join("; "))
            .replace("START", &path)
            .replace("REDIRECT_URI", &callback)
            .replace("VERIFIER", VERIFIER);
        Load { script: Some(script), ..self.get("/oauth2/authorize") }
    }

    pub fn backend(&self) -> Backend {
        self.world.backend
    }
}

async fn apply(world: &World) -> Vec<(String, String)> {
    let name = json!({"ru": "Bench", "en": "Bench", "zh": "Bench"});
    let client = |id: &str, format: &str, scope: &str| {
        json!({
            "client_id": id, "redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "scope": scope, "resources": [API], "access_token_format": format, "access_token_minutes": 15,
            "id_token_signed_response_alg": "ES256", "introspection": true,
        })
    };
    let document: ServiceDocument = serde_json::from_value(json!({
        "code": "bench", "name": name, "sector": "bench", "homepage": "https://bench.example/",
        "api": {"audience": API, "scopes": {"bench:read": name}},
        "clients": [
            client("bench-web", "opaque", "openid offline_access profile email bench:read"),
            client("bench-jwt", "jwt", "openid bench:read"),
        ],
    }))
    .expect("a service document");
    let applied = apply_service::apply_document(&world.core, document, false, &Actor::Operator("bench".to_owned())).await;
    let applied = applied.unwrap_or_else(|error| panic!("not applied: {error}"));
    applied.secrets.iter().map(|secret| (secret.client_id.clone(), secret.client_secret.clone())).collect()
}
