//! Introspection (RFC 7662): starts from "inactive", and says only what the caller may know (conventions 3).

use std::sync::Arc;

use secrecy::ExposeSecret;

use super::access_token::{self, AccessToken, Holder};
use super::audience::{audience_of, owns};
use super::issue::{Parties, authorize_client, authorize_issue};
use super::refresh_token::RefreshToken;
use super::relation::Relation;
use super::token_client_credentials::subject_of;
use super::{Core, grants, pairwise, partners};
use crate::clock::Timestamp;
use crate::crypto::digest::equal;
use crate::model::grant::{GrantView, Mask};
use crate::model::ids::ClientKey;
use crate::model::service::{Client, Service};
use crate::protocol::introspect::{IntrospectionRequest, IntrospectionResponse, MAX_TOKEN};
use crate::protocol::scope::ScopeSet;
use crate::protocol::{Error, ErrorCode};
use crate::storage::families;
use crate::telemetry::metrics;

const INACTIVE: IntrospectionResponse = IntrospectionResponse::INACTIVE;

/// What a token is worth to the caller, now.
///
/// # Errors
/// `unauthorized_client` for a client that may not ask; whatever is wrong with the token is an answer, not an error.
pub async fn introspect(
    core: &Core,
    caller: &Client,
    request: &IntrospectionRequest,
    now: Timestamp,
) -> Result<IntrospectionResponse, Error> {
    if !caller.is_confidential() || !caller.document.introspection {
        return Err(Error::new(ErrorCode::UnauthorizedClient, "this client may not introspect tokens"));
    }
    let shown = request.token.expose_secret();
    if shown.len() > MAX_TOKEN {
        return Ok(INACTIVE);
    }
    let Some(token) = access_token::open(core, shown, now).await? else { return refresh_token(core, caller, shown, now).await };
    let (answer, remembered) = match &token.holder {
        Holder::Grant { grant, customer, mask } => {
            let remembered = core.grants.get(grant);
            let from_memory = remembered.is_some();
            let view = match remembered {
                Some(view) => Some(view),
                None => grants::view_of(core, *grant, *customer).await?,
            };
            let Some(view) = view else { return Ok(INACTIVE) };
            (of_grant(core, caller, &token, &view, *mask, now).await?, from_memory)
        }
        Holder::Client { client, client_epoch, service_epoch, scope } => {
            (of_client(core, caller, &token, *client, (*client_epoch, *service_epoch), scope).await?, true)
        }
    };
    metrics::introspection(answer.active, remembered);
    Ok(answer)
}

/// Who asks, seen from a token.
enum Role {
    /// The API that the token is for.
    Api(Arc<Service>),
    /// The client that it was issued to.
    Holder,
}

/// The audience first: a client's own API sees what an API sees.
async fn role(core: &Core, caller: &Client, token: &AccessToken, holder: ClientKey) -> Result<Option<Role>, Error> {
    if token.audience == Some(caller.service) {
        let service = partners::service(core, caller.service).await?;
        return Ok(service.filter(|service| service.enabled && service.document.api.is_some()).map(Role::Api));
    }
    Ok((caller.key == holder).then_some(Role::Holder))
}

async fn of_grant(
    core: &Core,
    caller: &Client,
    token: &AccessToken,
    view: &GrantView,
    carried: Mask,
    now: Timestamp,
) -> Result<IntrospectionResponse, Error> {
    let Some(role) = role(core, caller, token, view.grant.client).await? else { return Ok(INACTIVE) };
    if view.revoked.contains(&token.id) {
        return Ok(INACTIVE);
    }
    let Some(parties) = Parties::of(core, &view.grant).await? else { return Ok(INACTIVE) };
    let Ok(mask) = authorize_issue(core, view, &parties, now) else { return Ok(INACTIVE) };
    let mask = mask & carried;
    // No scope left: inactive, but at the API of the client's own service the grant itself suffices.
    if mask == 0 && token.audience != Some(parties.service.id) {
        return Ok(INACTIVE);
    }
    let plain = plain(core, token, &parties.client, view);
    match role {
        Role::Holder => {
            let subject = pairwise::subject(core, view.grant.customer, parties.service.sector, now).await?;
            Ok(IntrospectionResponse {
                scope: Some(view.scopes(mask).collect()),
                sub: Some(String::clone(&subject)),
                aud: audience_text(core, token).await?,
                grant_id: Some(view.grant.id.to_string()),
                ..plain
            })
        }
        Role::Api(service) => for_api(core, caller, &service, (view, &parties), mask, plain, now).await,
    }
}

/// What holds for everybody who may know of the token at all.
fn plain(core: &Core, token: &AccessToken, client: &Client, view: &GrantView) -> IntrospectionResponse {
    IntrospectionResponse {
        active: true,
        client_id: Some(client.document.client_id.clone()),
        token_type: Some("Bearer".to_owned()),
        exp: Some(token.expires_at.into()),
        iat: Some(token.issued_at.into()),
        iss: Some(core.config.issuer.as_str().to_owned()),
        auth_time: Some(view.grant.auth_time.into()),
        acr: Some(view.grant.acr),
        ..INACTIVE
    }
}

/// What the API of a service hears: its own scopes, its own links, its own sector's `sub`.
async fn for_api(
    core: &Core,
    caller: &Client,
    service: &Service,
    (view, parties): (&GrantView, &Parties),
    mask: Mask,
    plain: IntrospectionResponse,
    now: Timestamp,
) -> Result<IntrospectionResponse, Error> {
    let catalog = core.catalog.load();
    let mask = mask & view.mask_of(|scope| owns(&catalog, service, scope));
    if mask == 0 && service.id != parties.service.id {
        return Ok(INACTIVE);
    }
    let relation = Relation::of(core, view, service, now).await?;
    Ok(IntrospectionResponse {
        scope: Some(view.scopes(mask).collect()),
        sub: Some(String::clone(&relation.subject)),
        aud: Some(audience_of(service).to_owned()),
        customer_id: relation.may_see_customer_id(service, now).then(|| view.grant.customer.to_string()),
        grant_id: (caller.key == view.grant.client).then(|| view.grant.id.to_string()),
        links: Some(relation.links.clone()),
        consents: Some(relation.consents(view, mask)),
        consent_epoch: Some(relation.consent_epoch),
        ..plain
    })
}

async fn audience_text(core: &Core, token: &AccessToken) -> Result<Option<String>, Error> {
    let Some(id) = token.audience else { return Ok(Some(core.config.issuer.as_str().to_owned())) };
    Ok(partners::service(core, id).await?.map(|service| audience_of(&service).to_owned()))
}

/// A token of a client for itself.
async fn of_client(
    core: &Core,
    caller: &Client,
    token: &AccessToken,
    holder: ClientKey,
    seen: (i64, i64),
    carried: &ScopeSet,
) -> Result<IntrospectionResponse, Error> {
    let Some(role) = role(core, caller, token, holder).await? else { return Ok(INACTIVE) };
    let Some(client) = partners::client_by_key(core, holder).await? else { return Ok(INACTIVE) };
    let Some(service) = partners::service(core, client.service).await? else { return Ok(INACTIVE) };
    if authorize_client(&client, &service, Some(seen)).is_err() || client.revoked.contains(&token.id) {
        return Ok(INACTIVE);
    }
    let catalog = core.catalog.load();
    let known = |scope: &str| match &role {
        Role::Api(api) => owns(&catalog, api, scope),
        Role::Holder => true,
    };
    Ok(IntrospectionResponse {
        active: true,
        scope: Some(carried.filtered(|scope| client.document.scope.contains(scope) && known(scope))),
        client_id: Some(client.document.client_id.clone()),
        token_type: Some("Bearer".to_owned()),
        exp: Some(token.expires_at.into()),
        iat: Some(token.issued_at.into()),
        iss: Some(core.config.issuer.as_str().to_owned()),
        sub: Some(subject_of(&client)),
        aud: audience_text(core, token).await?,
        ..INACTIVE
    })
}

/// A refresh token, for the client that holds it: whether it could be used now. Asked rarely, so from the database.
async fn refresh_token(core: &Core, caller: &Client, shown: &str, now: Timestamp) -> Result<IntrospectionResponse, Error> {
    let Some(token) = RefreshToken::open(core, shown).await? else { return Ok(INACTIVE) };
    let Some(view) = grants::view_of(core, token.grant, token.customer).await? else { return Ok(INACTIVE) };
    if view.grant.client != caller.key {
        return Ok(INACTIVE);
    }
    let Some(parties) = Parties::of(core, &view.grant).await? else { return Ok(INACTIVE) };
    let Ok(mask) = authorize_issue(core, &view, &parties, now) else { return Ok(INACTIVE) };
    let found = families::find(&mut core.database.read().await?, token.family).await?;
    let usable = found.filter(|family| {
        let current = family.generation == token.generation && equal(&family.nonce, &token.nonce);
        current && family.ended_at.is_none() && now < family.idle_until && now < family.expires_at
    });
    let (Some(family), true) = (usable, mask != 0) else { return Ok(INACTIVE) };
    Ok(IntrospectionResponse {
        active: true,
        scope: Some(view.scopes(mask).collect()),
        client_id: Some(caller.document.client_id.clone()),
        exp: Some(family.idle_until.into()),
        iat: Some(family.rotated_at.into()),
        iss: Some(core.config.issuer.as_str().to_owned()),
        sub: Some(String::clone(&*pairwise::subject(core, token.customer, parties.service.sector, now).await?)),
        grant_id: Some(token.grant.to_string()),
        ..INACTIVE
    })
}
