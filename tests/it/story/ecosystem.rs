//! Three partner services and a running Concord, for stories.

use std::sync::Arc;
use std::time::Duration;

use concord::crypto::random::Random;
use concord::http::app;
use concord::http::layers::{Shell, wrap};
use concord::http::server::{Server, ServerLimits};
use concord::model::actor::Actor;
use concord::model::consent::ConsentKind;
use concord::model::identifier::Identifier;
use concord::model::ids::CustomerId;
use concord::model::link::LinkState;
use concord::model::notice::About;
use concord::model::service::{Service, ServiceDocument};
use concord::storage::{self, Tx, links as link_rows, outbox};
use concord::usecases::endings::{LinkEnd, end_link, withdraw};
use concord::usecases::expression::Expression;
use concord::usecases::{apply_service, consents, identifiers, links, notices, partners, profile};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::support::World;
use crate::support::client::{Client, Credentials, Pending};
use crate::support::http::{Wire, parameter};
use crate::support::keys::{Key, random};
use crate::support::person::Person;

/// The API of the loyalty service.
pub const POINTS_API: &str = "http://points.localhost/api";

/// A running Concord with its partners.
pub struct Ecosystem {
    pub world: World,
    pub wire: Wire,
    pub cinema: Client,
    pub points: Client,
    pub bank: Client,
    keys: Vec<(String, Key)>,
    stop: CancellationToken,
    pump: tokio::task::JoinHandle<()>,
}

impl Ecosystem {
    pub async fn open(world: World) -> Self {
        let core = &world.core;
        let shell = Shell::new(&core.config, Random::system().u64(), app::error_pages(core));
        let router = wrap(app::router(Arc::clone(core)), &shell);
        let server = Server::bind("127.0.0.1:0".parse().expect("an address"), router, ServerLimits::from(&core.config.server))
            .await
            .expect("a listener");
        let wire = Wire::new(core.config.issuer.as_str(), server.local_addr());
        let stop = CancellationToken::new();
        tokio::spawn(server.run(stop.clone()));
        let pump = tokio::spawn(pump(Arc::clone(core), world.folder.path().join("mail"), stop.clone()));
        // Keeps the caches fresh, as the poll of a serving node does.
        let keys: Vec<(String, Key)> = ["polar-points", "aurora-bank"].map(|code| (code.to_owned(), Key::new(code))).into();
        let cinema =
            register(&world, &wire, document("kinograd", "cinema", None, "openid offline_access profile email address phone", None)).await;
        let points =
            register(&world, &wire, document("polar-points", "points", Some(&keys[0].1), "openid offline_access profile", Some("loyalty")))
                .await;
        let bank =
            register(&world, &wire, document("aurora-bank", "bank", Some(&keys[1].1), "openid offline_access profile loyalty", None)).await;
        Self { world, wire, cinema, points, bank, keys, stop, pump }
    }

    pub async fn close(self) {
        self.stop.cancel();
        self.pump.await.expect("the mail pump ends");
    }

    pub fn person(&self, name: &str) -> Person {
        Person::new(name, &self.wire, self.world.folder.path().join("mail"))
    }

    /// A person signs in at a client by the pages, whatever they ask.
    pub async fn sign_in(&self, person: &mut Person, client: &Client, extra: &[(&str, &str)]) -> Value {
        let pending = client.authorize(extra);
        self.redeem(person, client, pending).await
    }

    async fn redeem(&self, person: &mut Person, client: &Client, pending: Pending) -> Value {
        let answer = person.walk(pending.url.as_str()).await;
        let back = client.returned(&pending, &answer);
        let code = parameter(&back, "code").unwrap_or_else(|| panic!("no code in {back}"));
        client.redeem(&code, &pending.verifier).await.expect(200).json()
    }

    /// Ceremony C3: the service proves the account, pushes the request, the person accepts, the service redeems.
    pub async fn connect(&self, person: &mut Person, client: &Client, service: &str, account: &str) -> Value {
        let assertion = self.assertion(service, account);
        let pending = client.push(&[("link_assertion", &assertion)]).await;
        self.redeem(person, client, pending).await
    }

    pub fn assertion(&self, service: &str, account: &str) -> String {
        let key = &self.keys.iter().find(|(code, _)| code == service).expect("a key").1;
        let now = self.world.now().seconds();
        let issuer = self.world.core.issuer();
        key.sign(
            "link+jwt",
            &json!({ "iss": service, "aud": issuer, "sub": account, "auth_time": now, "acr": "aal1", "jti": random(), "iat": now, "exp": now + 60 }),
        )
    }

    pub async fn follow(&self, _: &mut Person, client: &Client, pending: &Pending, back: Url) -> Url {
        assert!(back.as_str().starts_with(&client.redirect_uri) && parameter(&back, "state").as_ref() == Some(&pending.state));
        back
    }

    async fn tx(&self) -> Tx {
        self.world.database.read().await.expect("a connection")
    }

    pub async fn customer(&self, person: &Person) -> CustomerId {
        let identifier = Identifier::parse(&person.email).expect("an address");
        identifiers::login_holder(&mut self.tx().await, &self.world.core, &identifier).await.expect("a look-up").expect("a customer")
    }

    async fn service(&self, code: &str) -> Arc<Service> {
        partners::service_by_code(&self.world.core, code).await.expect("a look-up").expect("a service")
    }

    /// How the person's links at a service stand that are not over.
    pub async fn link_states(&self, person: &Person, service: &str) -> Vec<LinkState> {
        let (customer, service) = (self.customer(person).await, self.service(service).await);
        let open = link_rows::open_at_service(&mut self.tx().await, &self.world.core.sealer, customer, service.id).await.expect("links");
        open.into_iter().map(|link| link.state).collect()
    }

    /// The loyalty service writes what it knows of its own account.
    pub async fn write_tier(&self, account: &str, tier: &'static str) {
        let (core, now) = (Arc::clone(&self.world.core), self.world.now());
        let service = self.service("polar-points").await;
        let (customer, _) = links::customer_of(&mut self.tx().await, &core, &service, account).await.expect("a look-up").expect("a link");
        let done: Result<bool, storage::Error> = self
            .world
            .database
            .write(move |tx| {
                let (core, source) = (Arc::clone(&core), service.id);
                Box::pin(async move { profile::put(tx, &core, customer, "loyalty_tier", &json!(tier), Some(source), now).await })
            })
            .await;
        assert!(done.expect("written"));
    }

    /// The person withdraws what the bank may read.
    pub async fn withdraw(&self, person: &Person, scope: &str) {
        let customer = self.customer(person).await;
        let bank = self.service("aurora-bank").await;
        let given = consents::given(&mut self.tx().await, customer, bank.id, self.world.now()).await.expect("consents");
        let consent = given.iter().find(|consent| consent.kind == ConsentKind::Share && consent.scope == scope).expect("given before");
        let by = Expression::by_command(Actor::Operator("test".to_owned()), "a test");
        withdraw(&self.world.core, Some(customer), consent.id, &by, self.world.now()).await.expect("withdrawn");
    }

    /// The person ends their link at a service.
    pub async fn end_link(&self, person: &Person, service: &str) {
        let customer = self.customer(person).await;
        let service = self.service(service).await;
        let open = link_rows::open_at_service(&mut self.tx().await, &self.world.core.sealer, customer, service.id).await.expect("links");
        let link = open.iter().find(|link| link.state == LinkState::Active).expect("an active link");
        let by = Expression::by_command(Actor::Operator("test".to_owned()), "a test");
        end_link(&self.world.core, Some(customer), link.id, LinkEnd::Withdrawn, &by, self.world.now()).await.expect("ended");
    }
}

fn document(code: &str, client: &str, key: Option<&Key>, scope: &str, owns: Option<&str>) -> ServiceDocument {
    let name = json!({ "ru": code, "en": code, "zh": code });
    let mut document = json!({
        "code": code, "name": name, "sector": format!("sector-of-{code}"), "homepage": format!("http://{client}.localhost/"),
        "clients": [{
            "client_id": client, "redirect_uris": [format!("http://{client}.localhost/cb")], "scope": scope,
            "grant_types": ["authorization_code", "refresh_token"], "introspection": true,
        }],
    });
    if let Some(key) = key {
        document["jwks"] = key.jwks();
    }
    if let Some(domain) = owns {
        document["owns"] = json!([domain]);
        document["api"] = json!({ "audience": POINTS_API });
    }
    if client == "bank" {
        document["clients"][0]["resources"] = json!([POINTS_API]);
    }
    serde_json::from_value(document).expect("a service document")
}

async fn register(world: &World, wire: &Wire, document: ServiceDocument) -> Client {
    let client = document.clients[0].clone();
    let applied = apply_service::apply_document(&world.core, document, false, &Actor::Operator("test".to_owned())).await;
    let applied = applied.unwrap_or_else(|error| panic!("not applied: {error}"));
    let secret = applied.secrets.first().expect("a secret").client_secret.clone();
    Client {
        wire: wire.clone(),
        id: client.client_id.clone(),
        credentials: Credentials::Basic(secret),
        redirect_uri: client.redirect_uris[0].as_str().to_owned(),
        scope: "openid offline_access profile".to_owned() + if client.client_id == "cinema" { " email" } else { "" },
    }
}

/// Puts the codes that wait in the outbox into files, as the mail transport does.
async fn pump(core: Arc<concord::usecases::Core>, folder: std::path::PathBuf, stop: CancellationToken) {
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut seen = std::collections::HashSet::new();
    while !stop.is_cancelled() {
        let rows = match core.database.read().await {
            Ok(mut tx) => outbox::due(&mut tx, core.clock.now()).await.unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        for row in rows.iter().filter(|row| row.kind == notices::KIND) {
            let Some(notice) = notices::open(&core, row.id, &row.payload) else { continue };
            if let (true, About::OneTimeCode { code, .. }) = (seen.insert(row.id), &notice.about) {
                std::fs::write(folder.join(row.id.to_string()), format!("To: {}\n\n{code}\n", notice.to)).expect("a mail");
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
