//! The one gate every grant passes, when it is made and whenever something is issued from it (security.md section 0, finding 6),
//! and what ends an authorization: the grant and its code.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Core, partners};
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::crypto::sealing::Purpose;
use crate::model::flow::LinkDecision;
use crate::model::grant::{Grant, GrantView, Inactive, Item, Mask, Surroundings};
use crate::model::ids::{ConsentId, CustomerId, FlowId, GrantId, ServiceId, SessionId};
use crate::model::service::{Client, Service};
use crate::protocol::acr::{Acr, Amr};
use crate::protocol::authorize::AuthorizeRequest;
use crate::protocol::claims::ClaimsRequest;
use crate::protocol::pkce::CodeChallenge;
use crate::protocol::scope::ScopeSet;
use crate::protocol::token::LinkStatus;
use crate::storage::authorization_codes::AuthorizationCode;
use crate::storage::{Error, Tx, authorization_codes, grants, links};

/// The partners that a grant depends on, as they are now.
pub struct Parties {
    /// The grant's client.
    pub client: Arc<Client>,
    /// The client's service.
    pub service: Arc<Service>,
    /// The owners of its items' product domains.
    owners: Vec<Arc<Service>>,
}

impl Parties {
    /// Gathers them; `None` when the client or its service is unknown.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn of(core: &Core, grant: &Grant) -> Result<Option<Self>, Error> {
        let Some(client) = partners::client_by_key(core, grant.client).await? else { return Ok(None) };
        let Some(service) = partners::service(core, client.service).await? else { return Ok(None) };
        let mut owners: Vec<Arc<Service>> = Vec::new();
        for owner in grant.items.iter().filter_map(|item| item.owner) {
            if !owners.iter().any(|known| known.id == owner.service) {
                owners.extend(partners::service(core, owner.service).await?);
            }
        }
        Ok(Some(Self { client, service, owners }))
    }

    fn owner(&self, id: ServiceId) -> Option<Arc<Service>> {
        self.owners.iter().find(|service| service.id == id).map(Arc::clone)
    }
}

/// Whether anything may be issued from a grant now, and which of its items are in force: the rule of conventions 3.
///
/// Client, service and customer enabled and at the epochs seen, sign-in consent given, and for each item its consent, its
/// owner's link, the client's entitlement and the level of authentication. Nothing is issued or answered from a grant
/// around this function.
///
/// # Errors
/// Why the grant is inactive.
pub fn authorize_issue(core: &Core, view: &GrantView, parties: &Parties, now: Timestamp) -> Result<Mask, Inactive> {
    let catalog = core.catalog.load();
    let owner = |id| parties.owner(id);
    view.effective(&Surroundings { client: &parties.client, service: &parties.service, owner: &owner, catalog: &catalog, now })
}

/// The same for what a client asks for itself: there is no person, so client and service are all there is to look at.
///
/// # Errors
/// Which of the two is switched off, or was since the epochs seen.
pub fn authorize_client(client: &Client, service: &Service, seen: Option<(i64, i64)>) -> Result<(), Inactive> {
    if !client.enabled || seen.is_some_and(|(epoch, _)| epoch != client.epoch) {
        return Err(Inactive::Client);
    }
    if !service.enabled || seen.is_some_and(|(_, epoch)| epoch != service.epoch) {
        return Err(Inactive::Service);
    }
    Ok(())
}

/// What a person agreed to, to become a grant.
#[derive(Clone, Debug)]
pub struct NewGrant<'a> {
    /// Whose.
    pub customer: CustomerId,
    /// To whom.
    pub client: &'a Client,
    /// The browser session it comes from.
    pub session: Option<SessionId>,
    /// The consent to sign in at the client's service: it carries `openid`, `offline_access` and the service's own scopes.
    pub sign_in_consent: ConsentId,
    /// What it holds, at most 63.
    pub items: Vec<Item>,
    /// Level reached.
    pub acr: Acr,
    /// Methods used.
    pub amr: Vec<Amr>,
    /// When the person authenticated.
    pub auth_time: Timestamp,
    /// Resources of the request, checked.
    pub resources: Vec<String>,
    /// The `claims` parameter.
    pub claims: Option<ClaimsRequest>,
}

/// Makes a grant. It sees the epochs of this transaction.
///
/// # Errors
/// Inside: customer, client or service are not in force. Outside: the database refused.
pub async fn create_grant(tx: &mut Tx, core: &Core, new: NewGrant<'_>, now: Timestamp) -> Result<Result<Grant, Inactive>, Error> {
    let Some(seen) = grants::seen_now(tx, new.customer, new.client.key).await? else { return Ok(Err(Inactive::Customer)) };
    let grant = Grant {
        id: GrantId::new(core.random.uuid_v7(now)),
        customer: new.customer,
        client: new.client.key,
        session: new.session,
        offline: new.items.iter().any(|item| item.scope == "offline_access"),
        seen,
        sign_in_consent: new.sign_in_consent,
        resources: new.resources,
        claims: new.claims.filter(|claims| !claims.is_empty()),
        acr: new.acr,
        amr: new.amr,
        auth_time: new.auth_time,
        created_at: now,
        items: new.items,
    };
    if grant.items.len() > 63 {
        return Err(Error::Corrupt("a grant of more than 63 scopes".into()));
    }
    grants::insert(tx, &grant).await?;
    Ok(Ok(grant))
}

/// What the redemption of a code must match or repeat; stored sealed with the code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Bound {
    /// Exactly as requested.
    pub redirect_uri: String,
    /// RFC 7636 4.4.
    pub code_challenge: Option<CodeChallenge>,
    /// For the ID token.
    pub nonce: Option<String>,
    /// What the request asked for: the answer says the scope only together with it.
    pub scope: ScopeSet,
    /// How the link ended, where that is known already.
    pub link_status: Option<LinkStatus>,
}

impl Bound {
    pub(super) fn open(core: &Core, code: &AuthorizationCode) -> Result<Self, Error> {
        let plain = core.sealer.open(Purpose::AuthorizationCode, &code.digest, &code.request);
        plain.and_then(|plain| serde_json::from_slice(&plain).ok()).ok_or_else(|| Error::Corrupt("codes.request cannot be opened".into()))
    }
}

/// Makes the one code of a grant. Only its digest is stored. A link that waits for it waits as long as it lives (conventions 5).
///
/// # Errors
/// The database refused.
pub async fn create_code(
    tx: &mut Tx,
    core: &Core,
    grant: &Grant,
    flow: FlowId,
    request: &AuthorizeRequest,
    link: Option<LinkDecision>,
    now: Timestamp,
) -> Result<String, Error> {
    let code = core.random.token();
    let digest = sha256(code.as_bytes());
    let (link_id, link_status) = match link {
        None => (None, None),
        Some(LinkDecision::Accepted(link)) => (Some(link), None),
        Some(LinkDecision::Declined) => (None, Some(LinkStatus::Declined)),
        Some(LinkDecision::AlreadyActive) => (None, Some(LinkStatus::Active)),
        Some(LinkDecision::Refused) => (None, Some(LinkStatus::Error)),
    };
    let bound = Bound {
        redirect_uri: request.redirect_uri.as_str().to_owned(),
        code_challenge: request.code_challenge,
        nonce: request.nonce.clone(),
        scope: request.scope.clone(),
        link_status,
    };
    let plain = serde_json::to_vec(&bound).map(Zeroizing::new).map_err(|_| Error::Corrupt("a request that cannot be written".into()))?;
    let row = AuthorizationCode {
        digest: digest.to_vec(),
        grant_id: grant.id,
        flow_id: flow,
        client_key: grant.client,
        request: core.sealer.seal(Purpose::AuthorizationCode, &digest, &plain),
        link_id,
        created_at: now,
        expires_at: now + core.config.tokens.code.get(),
        used_at: None,
        session_ended_at: None,
    };
    authorization_codes::insert(tx, &row).await?;
    if let Some(link) = link_id {
        // Whether it still waits is for the redemption to find out: the tokens come without it, when it does not.
        links::wait_until(tx, link, row.expires_at).await?;
    }
    Ok(code)
}
