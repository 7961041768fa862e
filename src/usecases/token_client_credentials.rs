//! A client for itself (RFC 6749 4.4): nothing is written.

use super::access_token::{AccessToken, Holder};
use super::audience::{Audience, may_name, owns};
use super::issue::authorize_client;
use super::token::{goes_as_jwt, lifetime, sign};
use super::{Core, partners};
use crate::clock::Timestamp;
use crate::crypto::signing::Algorithm;
use crate::model::ids::TokenId;
use crate::model::service::Client;
use crate::protocol::access_token::AccessTokenClaims;
use crate::protocol::jwt::typ;
use crate::protocol::resource::Resource;
use crate::protocol::scope::ScopeSet;
use crate::protocol::token::TokenResponse;
use crate::protocol::{Error, ErrorCode};

/// Issues an access token to a client for itself: its own scopes, never a person's.
pub(super) async fn issue(
    core: &Core,
    client: &Client,
    scope: Option<&ScopeSet>,
    resources: &[Resource],
    now: Timestamp,
) -> Result<TokenResponse, Error> {
    if !client.is_confidential() {
        return Err(Error::new(ErrorCode::UnauthorizedClient, "this grant is for clients that authenticate"));
    }
    let service = partners::service(core, client.service).await?.ok_or_else(|| Error::invalid_client("no service"))?;
    authorize_client(client, &service, None).map_err(|_| Error::invalid_client("client or service is switched off"))?;
    let audience = Audience::requested(core, resources, |resource| may_name(client, &service, resource)).await?;
    let entitled = entitled(core, client, &audience);
    let scope = match scope {
        None => entitled,
        Some(wanted) if entitled.contains_all(wanted) => wanted.clone(),
        Some(_) => return Err(Error::new(ErrorCode::InvalidScope, "the client is not entitled to this scope here")),
    };
    let expires_in = lifetime(core, client);
    let issued_at = Timestamp::from_seconds(now.seconds());
    let holder = Holder::Client { client: client.key, client_epoch: client.epoch, service_epoch: service.epoch, scope: scope.clone() };
    let token = AccessToken {
        id: TokenId::new(core.random.uuid_v7(now)),
        holder,
        audience: audience.id(),
        issued_at,
        expires_at: Timestamp::from_seconds(issued_at.seconds() + i64::from(expires_in)),
    };
    let access_token =
        if goes_as_jwt(client, &service, &audience) { sign_jwt(core, client, &audience, &token, &scope)? } else { token.seal(core) };
    Ok(TokenResponse {
        access_token,
        token_type: "Bearer".to_owned(),
        expires_in,
        scope,
        refresh_token: None,
        id_token: None,
        link_status: None,
    })
}

/// What a client may do for itself: scopes of its contract that are nobody's data; at an API, those of that API.
fn entitled(core: &Core, client: &Client, audience: &Audience) -> ScopeSet {
    let catalog = core.catalog.load();
    client.document.scope.filtered(|scope| {
        let own = !catalog.scopes.contains_key(scope) && !matches!(scope, "openid" | "offline_access");
        own && audience.service().is_none_or(|api| owns(&catalog, api, scope))
    })
}

/// The `sub` of a client: with a colon, which no customer's `sub` has, so that neither passes for the other (RFC 9700 4.15).
pub(super) fn subject_of(client: &Client) -> String {
    format!("client:{}", client.document.client_id)
}

fn sign_jwt(core: &Core, client: &Client, audience: &Audience, token: &AccessToken, scope: &ScopeSet) -> Result<String, Error> {
    let claims = AccessTokenClaims {
        iss: core.config.issuer.as_str().to_owned(),
        sub: subject_of(client),
        aud: audience.as_text(core).to_owned(),
        exp: token.expires_at.into(),
        iat: token.issued_at.into(),
        jti: token.seal_jti(core),
        client_id: client.document.client_id.clone(),
        scope: scope.clone(),
        auth_time: None,
        acr: None,
        sid: None,
    };
    sign(core, Algorithm::ES256, typ::ACCESS_TOKEN, &claims)
}
