//! Two banks, a loyalty service and their customers, on the use cases themselves.

use std::sync::Arc;
use std::time::Duration;

use concord::crypto::envelope::DataKey;
use concord::model::actor::Actor;
use concord::model::flow::LinkDecision;
use concord::model::grant::{Grant, Item, Owner};
use concord::model::ids::{ClientKey, ConsentId, CustomerId, LinkId, ServiceId, SessionId};
use concord::model::link::{Link, LinkProposal, LinkState};
use concord::model::service::{Client, ClientDocument, Service, ServiceDocument};
use concord::protocol::acr::Acr;
use concord::protocol::locale::Locale;
use concord::protocol::token::LinkStatus;
use concord::storage::{Error, Tx, clients, connections, customers, services};
use concord::usecases::consents::{self, NewConsent};
use concord::usecases::expression::Expression;
use concord::usecases::issue::{self, NewGrant};
use concord::usecases::links::{self, Deciding};
use concord::usecases::{Core, partners};
use futures_util::future::BoxFuture;
use serde_json::json;

use crate::support::World;
use crate::support::keys::Key;

/// A service with a client and the key of its assertions.
pub struct Partner {
    pub service: Arc<Service>,
    pub client: Arc<Client>,
    pub key: Key,
}

/// A service's document with nothing but what it needs.
pub fn document(code: &str, sector: &str, owns: &[&str], key: &Key) -> ServiceDocument {
    serde_json::from_value(json!({
        "code": code,
        "name": { "ru": code, "en": code, "zh": code },
        "sector": sector,
        "homepage": format!("https://{code}.test"),
        "owns": owns,
        "jwks": key.jwks(),
    }))
    .expect("a document")
}

impl World {
    /// One transaction.
    pub async fn write<T, F>(&self, work: F) -> T
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx, Arc<Core>) -> BoxFuture<'t, Result<T, Error>> + Send + Sync + 'static,
    {
        self.try_write(work).await.expect("written")
    }

    pub async fn try_write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx, Arc<Core>) -> BoxFuture<'t, Result<T, Error>> + Send + Sync + 'static,
    {
        let core = Arc::clone(&self.core);
        self.database.write(move |tx| work(tx, Arc::clone(&core))).await
    }

    pub async fn partner(&self, code: &str, owns: &[&str]) -> Partner {
        self.partner_with(code, owns, |_| ()).await
    }

    pub async fn partner_with(&self, code: &str, owns: &[&str], change: impl Fn(&mut ServiceDocument)) -> Partner {
        let key = Key::new("k1");
        let mut document = document(code, &format!("{code}-company"), owns, &key);
        change(&mut document);
        let client: ClientDocument = serde_json::from_value(json!({
            "client_id": code,
            "redirect_uris": [format!("https://{code}.test/cb")],
            "scope": "openid email loyalty banking retail",
            "backchannel_logout_uri": format!("https://{code}.test/logout"),
            "grant_types": ["authorization_code", "refresh_token"],
        }))
        .expect("a client");
        let now = self.now();
        let (id, row) = (ServiceId::new(self.random.uuid_v7(now)), ClientKey::new(self.random.uuid_v7(now)));
        self.write(move |tx, core| {
            let (document, client) = (document.clone(), client.clone());
            Box::pin(async move {
                let fresh = concord::model::ids::SectorId::new(core.random.uuid_v7(now));
                let sector = services::ensure_sector(tx, &document.sector, fresh, now).await?;
                let owns = document.owns.clone();
                let service = Service { id, sector, enabled: true, epoch: 0, version: 1, document };
                assert!(services::insert(tx, &service, now).await?);
                assert_eq!(services::set_domains(tx, id, &owns).await?, None);
                assert!(clients::insert(tx, row, id, &client, now).await?);
                Ok(())
            })
        })
        .await;
        Partner { service: self.service(id).await, client: self.client_row(row).await, key }
    }

    pub async fn service(&self, id: ServiceId) -> Arc<Service> {
        partners::service(&self.core, id).await.expect("asked").expect("a service")
    }

    async fn client_row(&self, key: ClientKey) -> Arc<Client> {
        partners::client_by_key(&self.core, key).await.expect("asked").expect("a client")
    }

    pub async fn customer(&self) -> CustomerId {
        let (id, now) = (self.random.customer_id(), self.now());
        self.write(move |tx, core| {
            Box::pin(async move {
                let wrapped = DataKey::generate(&core.random).wrap(&core.sealer, id);
                assert!(customers::insert(tx, id, &wrapped, None, Locale::En, now).await?);
                Ok(())
            })
        })
        .await;
        id
    }

    /// The service's signed word that this is its account, as it would push it.
    pub fn assertion(&self, partner: &Partner, account: &str) -> serde_json::Value {
        let now = self.now().seconds();
        json!({
            "iss": partner.service.document.code, "aud": self.core.config.issuer.as_str(), "sub": account,
            "auth_time": now - 20, "acr": "aal1", "jti": crate::support::keys::random(), "iat": now, "exp": now + 100,
        })
    }

    pub async fn propose(&self, partner: &Partner, account: &str) -> LinkProposal {
        let signed = partner.key.sign("link+jwt", &self.assertion(partner, account));
        links::propose(&self.core, &partner.client, &signed, self.now()).await.expect("a proposal")
    }

    /// How a person who signed in a moment ago decides on a page.
    pub fn on_page(&self) -> Expression {
        let session = SessionId::new(self.random.uuid_v7(self.now()));
        Expression::on_page(session, Locale::Ru, Acr::Aal1, self.now() - Duration::from_secs(30))
    }

    pub fn deciding(&self, partner: &Partner, customer: CustomerId, proposal: LinkProposal) -> Deciding {
        Deciding {
            customer,
            service: Arc::clone(&partner.service),
            proposal,
            expression: self.on_page(),
            waits_until: self.now() + Duration::from_secs(660),
        }
    }

    pub async fn accept(&self, deciding: &Deciding) -> LinkDecision {
        let (deciding, now) = (deciding.clone(), self.now());
        self.write(move |tx, core| {
            let deciding = deciding.clone();
            Box::pin(async move { links::accept(tx, &core, &deciding, now).await })
        })
        .await
    }

    pub async fn activate(&self, link: LinkId) -> LinkStatus {
        let now = self.now();
        let customer = self.link(link).await.customer;
        self.write(move |tx, core| Box::pin(async move { links::activate_pending(tx, &core, link, customer, now).await })).await
    }

    /// Proposed, accepted, redeemed.
    pub async fn linked(&self, partner: &Partner, customer: CustomerId, account: &str) -> LinkId {
        let deciding = self.deciding(partner, customer, self.propose(partner, account).await);
        let LinkDecision::Accepted(link) = self.accept(&deciding).await else { panic!("not accepted") };
        assert_eq!(self.activate(link).await, LinkStatus::Active);
        link
    }

    pub async fn link(&self, id: LinkId) -> Link {
        let mut tx = self.database.read().await.expect("a connection");
        concord::storage::links::by_id(&mut tx, &self.core.sealer, id).await.expect("asked").expect("a link")
    }

    pub async fn state(&self, id: LinkId) -> LinkState {
        self.link(id).await.state
    }

    pub async fn give(&self, new: NewConsent) -> ConsentId {
        let now = self.now();
        self.write(move |tx, core| {
            let new = new.clone();
            Box::pin(async move { consents::give(tx, &core, &new, now).await })
        })
        .await
    }

    pub async fn sign_in_consent(&self, partner: &Partner, customer: CustomerId) -> ConsentId {
        self.give(NewConsent::to_sign_in(customer, Arc::clone(&partner.service), self.on_page())).await
    }

    pub async fn share(&self, partner: &Partner, customer: CustomerId, scope: &str) -> ConsentId {
        self.give(NewConsent::to_share(customer, Arc::clone(&partner.service), scope, self.on_page())).await
    }

    /// What a flow would have made of the consents: `openid`, and each share, carried by the owner's link where one is named.
    pub async fn grant(
        &self,
        partner: &Partner,
        customer: CustomerId,
        sign_in: ConsentId,
        shares: &[(&'static str, ConsentId, Option<LinkId>)],
    ) -> Grant {
        self.grant_at(Acr::Aal1, partner, customer, sign_in, shares).await
    }

    /// The same for a person who signed in at this level.
    pub async fn grant_at(
        &self,
        acr: Acr,
        partner: &Partner,
        customer: CustomerId,
        sign_in: ConsentId,
        shares: &[(&'static str, ConsentId, Option<LinkId>)],
    ) -> Grant {
        let (client, shares, now) = (Arc::clone(&partner.client), shares.to_vec(), self.now());
        self.write(move |tx, core| {
            let (client, shares) = (Arc::clone(&client), shares.clone());
            Box::pin(async move {
                let mut items = vec![Item { scope: "openid".to_owned(), consent: sign_in, owner: None }];
                for (scope, consent, link) in shares {
                    let owner = match link {
                        Some(link) => Some(owner(tx, &core, link).await?),
                        None => None,
                    };
                    items.push(Item { scope: scope.to_owned(), consent, owner });
                }
                let new = NewGrant {
                    customer,
                    client: &client,
                    session: None,
                    sign_in_consent: sign_in,
                    items,
                    acr,
                    amr: vec![],
                    auth_time: now,
                    resources: vec![],
                    claims: None,
                };
                Ok(issue::create_grant(tx, &core, new, now).await?.expect("in force"))
            })
        })
        .await
    }

    /// The scopes of a grant that are in force, or `inactive`.
    pub async fn effective(&self, grant: &Grant) -> String {
        let view = concord::usecases::grants::view(&self.core, grant.id).await.expect("asked").expect("a grant");
        let parties = issue::Parties::of(&self.core, &view.grant).await.expect("asked").expect("partners");
        match issue::authorize_issue(&self.core, &view, &parties, self.now()) {
            Ok(mask) => view.scopes(mask).collect::<Vec<_>>().join(" "),
            Err(_) => "inactive".to_owned(),
        }
    }

    pub async fn sector_epoch(&self, customer: CustomerId, partner: &Partner) -> i64 {
        let mut tx = self.database.read().await.expect("a connection");
        concord::storage::consent_epochs::epoch(&mut tx, customer, partner.service.sector).await.expect("asked")
    }
}

async fn owner(tx: &mut Tx, core: &Core, link: LinkId) -> Result<Owner, Error> {
    let link = concord::storage::links::by_id(tx, &core.sealer, link).await?.expect("a link");
    let service = services::by_id(tx, link.service).await?.expect("a service");
    let connection_epoch = connections::epoch(tx, link.customer, link.service).await?;
    Ok(Owner { service: service.id, link: link.id, service_epoch: service.epoch, connection_epoch })
}

pub fn operator() -> Expression {
    Expression::by_command(Actor::Operator("tester".to_owned()), "a test")
}

pub const CUSTOMER: Actor = Actor::Customer;
