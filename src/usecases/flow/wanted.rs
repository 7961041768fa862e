//! What a client wants, scope by scope: what carries each, what must be asked, what is left out and why.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Asker, Core};
use crate::clock::Timestamp;
use crate::model::consent::{Consent, ConsentKind};
use crate::model::customer::Session;
use crate::model::flow::{Gathered, Missing};
use crate::model::grant::{Item, Owner};
use crate::model::ids::ConsentId;
use crate::model::link::LinkState;
use crate::model::service::{GrantType, Service};
use crate::protocol::authorize::AuthorizeRequest;
use crate::protocol::scope::ScopeSet;
use crate::storage::{Error, Tx, connections, links};
use crate::usecases::{asked, audience, consents, partners};

/// Scopes that signing in itself carries.
const OF_SIGN_IN: [&str; 2] = ["openid", "offline_access"];

/// What a client wants, as far as it may have it, for the customer of the session.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The consent to sign in at the service, where it is given.
    pub sign_in: Option<ConsentId>,
    /// Each scope, in the order of the request.
    pub scopes: Vec<WantedScope>,
    /// Scopes that are left out, and why: named on the consent page.
    pub left_out: Vec<LeftOut>,
    /// What is to be asked.
    pub missing: Missing,
}

/// One scope that the client may have.
#[derive(Clone, Debug)]
pub struct WantedScope {
    /// The token.
    pub scope: String,
    /// What carries it; none for what signing in itself carries.
    pub share: Option<Share>,
}

/// What carries a scope that is shared.
#[derive(Clone, Debug)]
pub struct Share {
    /// The consent, where it is given.
    pub consent: Option<ConsentId>,
    /// The owner and its link; none for Concord's own.
    pub owner: Option<Owner>,
}

/// A scope that is left out.
#[derive(Clone, Debug)]
pub struct LeftOut {
    /// The token.
    pub scope: String,
    /// Why.
    pub why: Why,
}

/// Why a scope is left out.
#[derive(Clone, Debug)]
pub enum Why {
    /// The owner's account is not linked.
    NoLink(Arc<Service>),
    /// It asks for a stronger sign-in than there is.
    Level,
}

/// A request with the owners of what it asks for: looked up before a connection is taken, because looking may take another, and
/// those who each hold one and want a second would wait for each other.
pub(super) struct Asking<'a> {
    asker: &'a Asker,
    request: &'a AuthorizeRequest,
    /// By product domain.
    owners: HashMap<String, Arc<Service>>,
}

impl<'a> Asking<'a> {
    pub(super) async fn of(core: &Core, asker: &'a Asker, request: &'a AuthorizeRequest) -> Result<Self, Error> {
        let catalog = core.catalog.load_full();
        let mut owners = HashMap::new();
        for scope in asked::scopes(&catalog, request).iter() {
            let Some(domain) = catalog.scopes.get(scope).map(|scope| &scope.domain) else { continue };
            if !owners.contains_key(domain)
                && let Some(service) = partners::owner_of_domain(core, domain).await?
            {
                owners.insert(domain.clone(), service);
            }
        }
        Ok(Self { asker, request, owners })
    }
}

impl Wanted {
    /// Works out what the client of a request may have of a customer.
    pub(super) async fn of(
        tx: &mut Tx,
        core: &Core,
        asking: &Asking<'_>,
        session: &Session,
        gathered: &Gathered,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let (asker, request) = (asking.asker, asking.request);
        let recipient = asker.service.id;
        let given = consents::given(tx, session.customer, recipient, now).await?;
        let mut wanted = Self { sign_in: of_kind(&given, ConsentKind::SignIn, None), ..Self::default() };
        let shares: HashMap<&str, ConsentId> =
            given.iter().filter(|consent| consent.kind == ConsentKind::Share).map(|consent| (consent.scope.as_str(), consent.id)).collect();
        let asked = asked::scopes(&core.catalog.load(), request);
        for scope in asked.iter().filter(|scope| asker.client.document.scope.contains(scope)) {
            wanted.add(tx, core, asking, session, scope, shares.get(scope).copied()).await?;
        }
        // What was refused before matters only where something is missing.
        let missing = wanted.scopes.iter().any(|scope| scope.share.as_ref().is_some_and(|share| share.consent.is_none()));
        let quiet = if missing { consents::quiet(tx, session.customer, recipient, now).await? } else { Vec::new() };
        wanted.ask(asker, request, gathered, &quiet);
        Ok(wanted)
    }

    async fn add(
        &mut self,
        tx: &mut Tx,
        core: &Core,
        asking: &Asking<'_>,
        session: &Session,
        scope: &str,
        consent: Option<ConsentId>,
    ) -> Result<(), Error> {
        let (catalog, asker) = (core.catalog.load(), asking.asker);
        let known = catalog.scopes.get(scope);
        // A client's own service is no exception: whoever holds the session would see what is in the token's reach.
        if known.is_some_and(|known| session.acr < known.class.least_acr()) {
            self.left_out.push(LeftOut { scope: scope.to_owned(), why: Why::Level });
            return Ok(());
        }
        if OF_SIGN_IN.contains(&scope) || audience::owns(&catalog, &asker.service, scope) {
            let useless = scope == "offline_access" && !asker.client.may(GrantType::RefreshToken);
            if !useless {
                self.scopes.push(WantedScope { scope: scope.to_owned(), share: None });
            }
            return Ok(());
        }
        // A scope that stands in no catalogue means nothing to anybody: it is not grantable.
        let Some(known) = known else { return Ok(()) };
        if scope == "customer_id" && !asker.service.document.ecosystem_member {
            return Ok(());
        }
        let owner = if catalog.domains.get(&known.domain).is_some_and(|domain| domain.concord) {
            None
        } else {
            let Some(service) = asking.owners.get(&known.domain) else { return Ok(()) };
            let Some(owner) = owner_now(tx, core, session, service).await? else {
                self.left_out.push(LeftOut { scope: scope.to_owned(), why: Why::NoLink(Arc::clone(service)) });
                return Ok(());
            };
            Some(owner)
        };
        self.scopes.push(WantedScope { scope: scope.to_owned(), share: Some(Share { consent, owner }) });
        Ok(())
    }

    /// What is missing and was not decided in this flow; what was refused within a year is asked only when it is needed or the client insists.
    fn ask(&mut self, asker: &Asker, request: &AuthorizeRequest, gathered: &Gathered, quiet: &[(ConsentKind, String)]) {
        let insist = request.prompt.consent;
        let asked = |scope: &WantedScope| {
            let Some(share) = &scope.share else { return false };
            let needed = asker.client.document.required_scope.contains(&scope.scope);
            let is_quiet = quiet.iter().any(|(kind, other)| *kind == ConsentKind::Share && *other == scope.scope);
            !gathered.decided.contains(&scope.scope) && if share.consent.is_some() { insist } else { needed || insist || !is_quiet }
        };
        let scopes = self.scopes.iter().filter(|scope| asked(scope)).map(|scope| scope.scope.as_str());
        let scopes = ScopeSet::from_tokens(scopes).unwrap_or_default();
        let again = insist && !gathered.decided.contains("openid");
        self.missing = Missing { sign_in: self.sign_in.is_none() || again, scopes };
    }

    /// Whether a scope that is shared has its consent.
    pub(super) fn is_given(&self, scope: &str) -> bool {
        self.scopes.iter().any(|known| known.scope == scope && known.share.as_ref().is_some_and(|share| share.consent.is_some()))
    }

    /// The items of a grant: everything that has its consent by now. `None` without the consent to sign in.
    pub(super) fn items(&self) -> Option<(ConsentId, Vec<Item>)> {
        let sign_in = self.sign_in?;
        let items = self.scopes.iter().filter_map(|scope| match &scope.share {
            None => Some(Item { scope: scope.scope.clone(), consent: sign_in, owner: None }),
            Some(share) => share.consent.map(|consent| Item { scope: scope.scope.clone(), consent, owner: share.owner }),
        });
        Some((sign_in, items.take(63).collect()))
    }

    /// The needed scopes that the person could give and did not.
    pub(super) fn refused_needs(&self, asker: &Asker) -> bool {
        let needed = |scope: &&WantedScope| asker.client.document.required_scope.contains(&scope.scope);
        self.scopes.iter().filter(needed).any(|scope| scope.share.as_ref().is_some_and(|share| share.consent.is_none()))
    }
}

fn of_kind(given: &[Consent], kind: ConsentKind, scope: Option<&str>) -> Option<ConsentId> {
    given.iter().find(|consent| consent.kind == kind && scope.is_none_or(|scope| consent.scope == scope)).map(|consent| consent.id)
}

/// The owner's link to the customer as it is now, when it conveys anything.
async fn owner_now(tx: &mut Tx, core: &Core, session: &Session, service: &Service) -> Result<Option<Owner>, Error> {
    if !service.enabled {
        return Ok(None);
    }
    let open = links::open_at_service(tx, &core.sealer, session.customer, service.id).await?;
    let Some(link) = open.iter().find(|link| link.state == LinkState::Active) else { return Ok(None) };
    let connection_epoch = connections::epoch(tx, session.customer, service.id).await?;
    Ok(Some(Owner { service: service.id, link: link.id, service_epoch: service.epoch, connection_epoch }))
}
