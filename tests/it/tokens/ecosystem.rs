//! A bank, a loyalty programme and a cinema with one person who uses all three; rows are made by the storage itself.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use concord::clock::Timestamp;
use concord::crypto::digest::sha256;
use concord::crypto::envelope::DataKey;
use concord::crypto::signing::{Algorithm, KeyInfo, KeyRing, KeyState, RingKey, SigningKey};
use concord::http::server::{Server, ServerLimits};
use concord::http::{app, layers};
use concord::model::actor::Actor;
use concord::model::consent::{Consent, ConsentKind, ConsentState};
use concord::model::customer::Session;
use concord::model::flow::LinkDecision;
use concord::model::grant::{Grant, Inactive, Item, Owner};
use concord::model::ids::{ClientKey, ConsentId, CustomerId, EvidenceId, FlowId, LinkId, SectorId, ServiceId, SessionId};
use concord::model::link::{EvidenceLevel, LinkState};
use concord::model::service::{Client, ClientAuthentication, ClientDocument, Service, ServiceDocument};
use concord::protocol::acr::{Acr, Amr};
use concord::protocol::authorize::{AuthorizeRequest, Channel};
use concord::protocol::claims::ClaimsRequest;
use concord::protocol::introspect::{IntrospectionRequest, IntrospectionResponse};
use concord::protocol::locale::Locale;
use concord::protocol::params::Params;
use concord::protocol::revoke::RevocationRequest;
use concord::protocol::token::{TokenRequest, TokenResponse};
use concord::protocol::{Error, ErrorCode};
use concord::storage::evidence::NewEvidence;
use concord::storage::flows::FlowRow;
use concord::storage::links::{NewLink, Step};
use concord::storage::{self, Tx, clients, consents, customers, evidence, flows, links, services, sessions};
use concord::usecases::issue::{self, NewGrant};
use tokio_util::sync::CancellationToken;

use concord::usecases::{Core, introspect, partners, refresh_token, revoke, token};

use crate::support::World;
use crate::support::client::Credentials;
use crate::support::http::Wire;
use crate::support::keys::{challenge, random};

pub const BANK_API: &str = "https://bank.test/api";
pub const LOYALTY_API: &str = "https://loyalty.test/api";
pub const CALLBACK: &str = "https://bank.test/callback";

/// Every client that has a secret has this one.
pub const SECRET: &str = "3Yk0mC6Zt1bq8wq1n0qkzS4Hn7f0v0g1oJmS2yq8X3U";

/// Keys are made once: RSA takes a good part of a second.
pub fn ring() -> KeyRing {
    static KEYS: OnceLock<Vec<RingKey>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| Algorithm::OWN.map(ring_key).to_vec());
    KeyRing::new(keys.clone())
}

fn ring_key(algorithm: Algorithm) -> RingKey {
    let key = Arc::new(SigningKey::generate(algorithm).expect("a key"));
    let activate_at = Timestamp::from_seconds(0);
    RingKey { info: KeyInfo { kid: key.kid().to_owned(), algorithm, state: KeyState::Active, activate_at, retired_at: None }, key }
}

/// Everything in one place: clone the parts that a task needs.
pub struct Ecosystem {
    pub core: Arc<Core>,
    pub bank: ServiceId,
    pub loyalty: ServiceId,
    pub cinema: ServiceId,
}

/// A person with a session, consents and a link at the loyalty programme.
pub struct Person {
    pub customer: CustomerId,
    pub session: SessionId,
    /// The value of the browser's cookie.
    pub cookie: String,
    pub session_digest: [u8; 32],
    pub sign_in: ConsentId,
    pub profile: ConsentId,
    pub reads_loyalty: ConsentId,
    pub global_id: ConsentId,
    pub link: LinkId,
}

const SERVICES: &str = r#"[
  {"code": "bank", "name": {"ru": "", "en": "Bank", "zh": ""}, "sector": "aurora", "homepage": "https://bank.test/", "ecosystem_member": true,
   "owns": ["banking"], "api": {"audience": "https://bank.test/api", "scopes": {"bank:read": {"ru": "", "en": "", "zh": ""}}},
   "clients": [
    {"client_id": "bank-web", "redirect_uris": ["https://bank.test/callback"], "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
     "scope": "openid offline_access profile email loyalty customer_id bank:read banking.write", "introspection": true,
     "resources": ["https://bank.test/api", "https://loyalty.test/api"]},
    {"client_id": "bank-app", "authentication": "none", "redirect_uris": ["https://bank.test/callback"], "grant_types": ["authorization_code", "refresh_token"],
     "scope": "openid profile loyalty", "access_token_format": "jwt", "id_token_signed_response_alg": "ES256",
     "resources": ["https://bank.test/api", "https://loyalty.test/api"]},
    {"client_id": "bank-batch", "grant_types": ["client_credentials"], "access_token_format": "jwt", "scope": "openid profile bank:read banking.write",
     "resources": ["https://bank.test/api"], "introspection": true},
    {"client_id": "bank-silent", "redirect_uris": ["https://bank.test/callback"], "scope": "openid"}
   ]},
  {"code": "loyalty", "name": {"ru": "", "en": "Loyalty", "zh": ""}, "sector": "stars", "homepage": "https://loyalty.test/",
   "owns": ["loyalty"], "api": {"audience": "https://loyalty.test/api"},
   "clients": [
    {"client_id": "loyalty-api", "grant_types": ["client_credentials"], "scope": "", "introspection": true}
   ]},
  {"code": "cinema", "name": {"ru": "", "en": "Cinema", "zh": ""}, "sector": "film", "homepage": "https://cinema.test/",
   "clients": [
    {"client_id": "cinema-web", "redirect_uris": ["https://bank.test/callback"], "grant_types": ["authorization_code", "refresh_token"],
     "scope": "openid offline_access profile", "introspection": true}
   ]}
]"#;

impl Ecosystem {
    pub async fn new(world: &World) -> Self {
        let core = Arc::clone(&world.core);
        core.keys.store(Arc::new(ring()));
        core.catalog.store(Arc::new(concord::usecases::catalog::built_in().expect("the catalogue")));
        let documents: Vec<ServiceDocument> = serde_json::from_str(SERVICES).expect("the services");
        let now = core.clock.now();
        let mut ids = Vec::new();
        for document in documents {
            ids.push(add_service(&core, document, now).await);
        }
        Self { core, bank: ids[0], loyalty: ids[1], cinema: ids[2] }
    }

    /// The same over HTTP: the whole router in its shell, on a free port.
    pub async fn serve(&self) -> Wire {
        let shell = layers::Shell::new(&self.core.config, 1, app::error_pages(&self.core));
        let router = layers::wrap(app::router(Arc::clone(&self.core)), &shell);
        let limits = ServerLimits::from(&self.core.config.server);
        let server = Server::bind("127.0.0.1:0".parse().expect("an address"), router, limits).await.expect("a port");
        let wire = Wire::new(self.core.config.issuer.as_str(), server.local_addr());
        tokio::spawn(server.run(CancellationToken::new()));
        wire
    }

    /// A client with its credentials, over HTTP.
    pub async fn over(&self, wire: &Wire, client_id: &str) -> crate::support::client::Client {
        let credentials = match self.client(client_id).await.document.authentication {
            ClientAuthentication::None => Credentials::None,
            _ => Credentials::Basic(SECRET.into()),
        };
        let (redirect_uri, scope) = (CALLBACK.into(), "openid".into());
        crate::support::client::Client { wire: wire.clone(), id: client_id.into(), credentials, redirect_uri, scope }
    }

    /// The node reads the feed: what is in memory counts from now on, for a moment.
    pub fn fresh(&self) {
        self.core.truth.polled(Instant::now());
    }

    pub fn now(&self) -> Timestamp {
        self.core.clock.now()
    }

    pub async fn client(&self, client_id: &str) -> Arc<Client> {
        partners::client(&self.core, client_id).await.expect("the database").expect("a client")
    }

    pub async fn service(&self, id: ServiceId) -> Arc<Service> {
        partners::service(&self.core, id).await.expect("the database").expect("a service")
    }

    pub async fn write<T: Send + 'static>(
        &self,
        work: impl for<'t> Fn(&'t mut Tx) -> futures_util::future::BoxFuture<'t, Result<T, storage::Error>> + Send + Sync + 'static,
    ) -> T {
        self.core.database.write(work).await.expect("written")
    }

    /// A person who agreed to everything at the bank and the cinema and whose loyalty account is linked.
    pub async fn person(&self) -> Person {
        self.person_with_account("L-1001").await
    }

    /// The same, with another account at the loyalty programme.
    pub async fn person_with_account(&self, account: &'static str) -> Person {
        let (core, now) = (Arc::clone(&self.core), self.now());
        let id = || core.random.uuid_v7(now);
        let cookie = core.random.token();
        let person = Person {
            customer: core.random.customer_id(),
            session: SessionId::new(id()),
            session_digest: sha256(cookie.as_bytes()),
            cookie,
            sign_in: ConsentId::new(id()),
            profile: ConsentId::new(id()),
            reads_loyalty: ConsentId::new(id()),
            global_id: ConsentId::new(id()),
            link: LinkId::new(id()),
        };
        let (customer, session, digest) = (person.customer, person.session, person.session_digest);
        let wrapped = DataKey::generate(&core.random).wrap(&core.sealer, customer);
        let agreed = [
            consent(person.sign_in, customer, ConsentKind::SignIn, self.bank, "openid", now),
            consent(person.profile, customer, ConsentKind::Share, self.bank, "profile", now),
            consent(person.reads_loyalty, customer, ConsentKind::Share, self.bank, "loyalty", now),
            consent(person.global_id, customer, ConsentKind::Share, self.bank, "customer_id", now),
            consent(ConsentId::new(id()), customer, ConsentKind::SignIn, self.cinema, "openid", now),
        ];
        self.write(move |tx| {
            let (wrapped, agreed) = (wrapped.clone(), agreed.clone());
            Box::pin(async move {
                assert!(customers::insert(tx, customer, &wrapped, None, Locale::En, now).await?);
                let session = Session {
                    id: session,
                    customer,
                    auth_time: now,
                    acr: Acr::Aal1,
                    amr: vec![Amr::Pwd],
                    device: "test".into(),
                    created_at: now,
                    seen_at: now,
                    expires_at: now + Duration::from_secs(30 * 86_400),
                };
                sessions::insert(tx, &digest, &session, 0).await?;
                for consent in &agreed {
                    assert!(consents::insert(tx, consent).await?);
                }
                Ok(())
            })
        })
        .await;
        self.link(person.link, customer, self.loyalty, account, LinkState::Active).await;
        person
    }

    /// A link in a state, with its consent and its evidence.
    pub async fn link(&self, link: LinkId, customer: CustomerId, service: ServiceId, account: &'static str, state: LinkState) {
        let (core, now) = (Arc::clone(&self.core), self.now());
        self.write(move |tx| {
            let core = Arc::clone(&core);
            Box::pin(async move { make_link(tx, &core, (link, customer, service), account, state, now).await })
        })
        .await;
    }

    pub async fn link_state(&self, link: LinkId) -> LinkState {
        let mut tx = self.core.database.read().await.expect("a connection");
        links::by_id(&mut tx, &self.core.sealer, link).await.expect("the database").expect("a link").state
    }

    /// A grant to a client for these scopes, each carried by the consent that fits.
    pub async fn grant(&self, person: &Person, client_id: &str, scope: &str) -> Grant {
        self.try_grant(person, client_id, scope).await.expect("a grant")
    }

    pub async fn try_grant(&self, person: &Person, client_id: &str, scope: &str) -> Result<Grant, Inactive> {
        self.grant_with_claims(person, client_id, scope, None).await
    }

    /// A grant whose request asked for claims by their names.
    pub async fn grant_with_claims(
        &self,
        person: &Person,
        client_id: &str,
        scope: &str,
        claims: Option<ClaimsRequest>,
    ) -> Result<Grant, Inactive> {
        let client = self.client(client_id).await;
        let sign_in = self.sign_in_consent(person, client.service).await;
        let loyalty = self.service(self.loyalty).await;
        let owner = Owner { service: loyalty.id, link: person.link, service_epoch: loyalty.epoch, connection_epoch: 0 };
        let item = |scope: &str| {
            let (consent, owner) = match scope {
                "profile" | "email" => (person.profile, None),
                "loyalty" => (person.reads_loyalty, Some(owner)),
                "customer_id" => (person.global_id, None),
                _ => (sign_in, None),
            };
            Item { scope: scope.to_owned(), consent, owner }
        };
        let items: Vec<Item> = scope.split(' ').map(item).collect();
        let (core, now, customer, session) = (Arc::clone(&self.core), self.now(), person.customer, person.session);
        self.write(move |tx| {
            let (core, client, items, claims) = (Arc::clone(&core), Arc::clone(&client), items.clone(), claims.clone());
            Box::pin(async move {
                let new = NewGrant {
                    customer,
                    client: &client,
                    session: Some(session),
                    sign_in_consent: sign_in,
                    items,
                    acr: Acr::Aal1,
                    amr: vec![Amr::Pwd],
                    auth_time: now,
                    resources: vec![BANK_API.into(), LOYALTY_API.into()],
                    claims,
                };
                issue::create_grant(tx, &core, new, now).await
            })
        })
        .await
    }

    async fn sign_in_consent(&self, person: &Person, service: ServiceId) -> ConsentId {
        let mut tx = self.core.database.read().await.expect("a connection");
        let given = consents::given(&mut tx, person.customer, service).await.expect("consents");
        given.iter().find(|consent| consent.kind == ConsentKind::SignIn).expect("a sign-in consent").id
    }

    /// The code of a grant, as the flow ends with it.
    pub async fn code(&self, grant: &Grant, client_id: &str, link: Option<LinkDecision>) -> Code {
        let verifier = random();
        let pairs = [
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", CALLBACK),
            ("scope", "openid"),
            ("nonce", "n-1"),
            ("code_challenge", &challenge(&verifier)),
            ("code_challenge_method", "S256"),
        ];
        let params = Params::from_pairs(pairs).expect("params");
        let request = AuthorizeRequest::parse(&params, client_id, CALLBACK.parse().expect("uri"), Channel::Browser).expect("a request");
        let (core, now, grant) = (Arc::clone(&self.core), self.now(), grant.clone());
        let flow = FlowId::new(core.random.uuid_v7(now));
        let code = self
            .write(move |tx| {
                let (core, grant, request) = (Arc::clone(&core), grant.clone(), request.clone());
                Box::pin(async move {
                    let row = FlowRow {
                        id: flow,
                        browser: vec![0; 32],
                        client_key: Some(grant.client),
                        request: Vec::new(),
                        facts: Vec::new(),
                        version: 1,
                        created_at: now,
                        expires_at: now + Duration::from_secs(1800),
                        finished_at: Some(now),
                    };
                    flows::insert(tx, &row).await?;
                    issue::create_code(tx, &core, &grant, flow, &request, link, now).await
                })
            })
            .await;
        Code { code, verifier }
    }

    /// A grant, its code, and the tokens for it.
    pub async fn signed_in(&self, person: &Person, client_id: &str, scope: &str) -> TokenResponse {
        let grant = self.grant(person, client_id, scope).await;
        let code = self.code(&grant, client_id, None).await;
        self.redeem(client_id, &code).await.expect("tokens")
    }

    pub async fn token(&self, client_id: &str, pairs: &[(&str, &str)]) -> Result<TokenResponse, Error> {
        let request = TokenRequest::parse(&Params::from_pairs(pairs.to_vec()).expect("params"))?;
        token::token(&self.core, &self.client(client_id).await, request, self.now()).await
    }

    pub async fn redeem(&self, client_id: &str, code: &Code) -> Result<TokenResponse, Error> {
        self.token(client_id, &code.form()).await
    }

    pub async fn refresh(&self, client_id: &str, refresh_token: &str) -> Result<TokenResponse, Error> {
        self.token(client_id, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    pub async fn introspect(&self, client_id: &str, token: &str) -> IntrospectionResponse {
        let request = IntrospectionRequest { token: token.to_owned().into(), token_type_hint: None };
        introspect::introspect(&self.core, &*self.client(client_id).await, &request, self.now()).await.expect("an answer")
    }

    /// Whether the client it was issued to hears that it holds, and for which scope.
    pub async fn scope_left(&self, client_id: &str, token: &str) -> Option<String> {
        let answer = self.introspect(client_id, token).await;
        answer.active.then(|| answer.scope.expect("a scope").to_string())
    }

    pub async fn revoke(&self, client_id: &str, token: &str) {
        let request = RevocationRequest { token: token.to_owned().into(), token_type_hint: None };
        revoke::revoke(&self.core, &*self.client(client_id).await, &request, self.now()).await.expect("no error");
    }

    /// Changes rows from the side; whoever does that in the product also writes into the feed.
    pub async fn end_consent(&self, person: &Person, consent: ConsentId) {
        let (now, customer) = (self.now(), person.customer);
        self.write(move |tx| {
            Box::pin(async move {
                assert!(consents::end(tx, consent, ConsentState::Withdrawn, now).await?);
                tx.invalidate(storage::invalidations::Kind::Customer, customer, now).await
            })
        })
        .await;
    }

    pub async fn switch_client(&self, client_id: &str, enabled: bool) {
        let (key, now) = (self.client(client_id).await.key, self.now());
        assert!(self.write(move |tx| Box::pin(async move { clients::set_enabled(tx, key, enabled, now).await })).await);
    }

    /// Changes a client's document.
    pub async fn amend(&self, client_id: &str, change: impl FnOnce(&mut ClientDocument)) {
        let (client, now) = (self.client(client_id).await, self.now());
        let (key, mut document) = (client.key, client.document.clone());
        change(&mut document);
        self.write(move |tx| {
            let document = document.clone();
            Box::pin(async move { clients::update(tx, key, &document, now).await })
        })
        .await;
    }

    pub async fn give_backchannel_uri(&self, client_id: &str, uri: &str) {
        self.amend(client_id, |document| document.backchannel_logout_uri = Some(uri.to_owned())).await;
    }

    pub async fn give_logout_uri(&self, client_id: &str, uri: &str) {
        self.amend(client_id, |document| document.post_logout_redirect_uris = vec![uri.parse().expect("uri")]).await;
    }

    pub async fn give_origin(&self, client_id: &str, origin: &str) {
        self.amend(client_id, |document| document.origins = vec![origin.to_owned()]).await;
    }

    /// Which generation of its family a refresh token is.
    pub async fn generation(&self, token: &str) -> (i64, [u8; 16]) {
        let opened = refresh_token::RefreshToken::open(&self.core, token).await.expect("asked").expect("one of ours");
        (opened.generation, opened.nonce)
    }

    pub async fn events(&self, person: &Person) -> Vec<String> {
        let mut tx = self.core.database.read().await.expect("a connection");
        let events = storage::events::of_customer(&mut tx, person.customer, 100).await.expect("events");
        events.into_iter().map(|event| event.kind).collect()
    }
}

/// A code and the verifier that goes with it.
#[derive(Clone)]
pub struct Code {
    pub code: String,
    pub verifier: String,
}

impl Code {
    pub fn form(&self) -> Vec<(&str, &str)> {
        vec![("grant_type", "authorization_code"), ("code", &self.code), ("redirect_uri", CALLBACK), ("code_verifier", &self.verifier)]
    }

    /// The form with one field replaced, or left out when it is empty.
    pub fn with<'a>(&'a self, name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
        let mut form = self.form();
        form.retain(|(known, _)| *known != name);
        form.push((name, value));
        form
    }
}

#[track_caller]
pub fn refused<T>(outcome: Result<T, Error>) -> ErrorCode {
    match outcome {
        Ok(_) => panic!("not refused"),
        Err(error) => error.code,
    }
}

/// The claims of a JWT; whoever asks trusts nobody here but the test itself.
pub fn claims(token: &str) -> serde_json::Value {
    let payload = token.split('.').nth(1).expect("a JWT");
    serde_json::from_slice(&concord::crypto::digest::from_base64url(payload).expect("base64url")).expect("claims")
}

/// The header of a JWT.
pub fn header(token: &str) -> serde_json::Value {
    let header = token.split('.').next().expect("a JWT");
    serde_json::from_slice(&concord::crypto::digest::from_base64url(header).expect("base64url")).expect("a header")
}

async fn add_service(core: &Arc<Core>, document: ServiceDocument, now: Timestamp) -> ServiceId {
    let held = Arc::clone(core);
    let id = ServiceId::new(core.random.uuid_v7(now));
    core.database
        .write::<(), storage::Error, _>(move |tx| {
            let (core, document) = (Arc::clone(&held), document.clone());
            Box::pin(async move {
                let sector = services::ensure_sector(tx, &document.sector, SectorId::new(core.random.uuid_v7(now)), now).await?;
                let service = Service { id, sector, enabled: true, epoch: 0, version: 1, document: document.clone() };
                assert!(services::insert(tx, &service, now).await?);
                services::set_domains(tx, id, &document.owns).await?;
                for client in &document.clients {
                    let key = ClientKey::new(core.random.uuid_v7(now));
                    assert!(clients::insert(tx, key, id, client, now).await?);
                    clients::add_secret(tx, key, core.random.uuid_v7(now), &sha256(SECRET.as_bytes()), now, now).await?;
                }
                Ok(())
            })
        })
        .await
        .expect("a service");
    id
}

pub fn consent(id: ConsentId, customer: CustomerId, kind: ConsentKind, recipient: ServiceId, scope: &str, now: Timestamp) -> Consent {
    Consent {
        id,
        customer,
        kind,
        recipient,
        scope: scope.to_owned(),
        domain: "concord".to_owned(),
        link: None,
        agreement: ("share".to_owned(), 1),
        purpose: "service.provision".to_owned(),
        state: ConsentState::Given,
        since: now,
        valid_until: now + Duration::from_secs(730 * 86_400),
        ended_at: None,
    }
}

async fn make_link(
    tx: &mut Tx,
    core: &Core,
    (link, customer, service): (LinkId, CustomerId, ServiceId),
    account: &str,
    state: LinkState,
    now: Timestamp,
) -> Result<(), storage::Error> {
    let consent_id = ConsentId::new(core.random.uuid_v7(now));
    let evidence_id = EvidenceId::new(core.random.uuid_v7(now));
    let agreed = Consent { link: Some(link), scope: String::new(), ..consent(consent_id, customer, ConsentKind::Link, service, "", now) };
    assert!(consents::insert(tx, &agreed).await?);
    let proof = NewEvidence {
        id: evidence_id,
        link,
        customer,
        level: EvidenceLevel::L3,
        method: "assertion",
        acr: Acr::Aal1,
        auth_time: now,
        document: b"{}",
        created_at: now,
        expires_at: now + Duration::from_secs(86_400),
    };
    evidence::insert(tx, &core.sealer, &proof).await?;
    let step = |to| Step { to, actor: &Actor::Customer, reason: None, event: None, evidence: Some(evidence_id), now };
    let index = sha256(account.as_bytes());
    let new = NewLink {
        id: link,
        service,
        customer,
        state: LinkState::PendingConsent,
        local_account: account,
        index: &index,
        multi_account: false,
        evidence: None,
        consent: None,
        now,
    };
    assert!(links::insert(tx, &core.sealer, &new, &step(LinkState::PendingConsent)).await?);
    // As the flow says it before there is a code: its own half an hour, and the code's life.
    let until = now + Duration::from_secs(1860);
    assert!(links::agreed(tx, link, consent_id, evidence_id, until, &step(LinkState::PendingActivation)).await?);
    if state == LinkState::Active {
        let waiting = links::by_id(tx, &core.sealer, link).await?.expect("the link");
        assert!(links::activate(tx, &waiting, &step(LinkState::Active)).await?);
    }
    Ok(())
}
