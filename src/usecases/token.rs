//! The token endpoint: which grant it is, and what every answer is made of.

use std::sync::Arc;

use serde_json::Map;

use super::access_token::{AccessToken, Holder};
use super::audience::Audience;
use super::issue::Parties;
use super::{Core, pairwise, token_client_credentials, token_code, token_refresh};
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::crypto::signing::Algorithm;
use crate::model::grant::{GrantView, Mask, fits_a_jwt};
use crate::model::ids::TokenId;
use crate::model::service::{Client, GrantType, Service, TokenFormat};
use crate::protocol::access_token::AccessTokenClaims;
use crate::protocol::id_token::IdTokenClaims;
use crate::protocol::jwt::{half_hash, typ};
use crate::protocol::scope::ScopeSet;
use crate::protocol::token::{LinkStatus, TokenRequest, TokenResponse};
use crate::protocol::{Error, ErrorCode};
use crate::telemetry::metrics;

/// Answers a token request of an authenticated client (RFC 6749 section 3.2).
///
/// # Errors
/// The errors of RFC 6749 5.2 and RFC 8707.
pub async fn token(core: &Arc<Core>, client: &Arc<Client>, request: TokenRequest, now: Timestamp) -> Result<TokenResponse, Error> {
    let (grant_type, counted) = match &request {
        TokenRequest::AuthorizationCode { .. } => (GrantType::AuthorizationCode, "authorization_code"),
        TokenRequest::RefreshToken { .. } => (GrantType::RefreshToken, "refresh_token"),
        TokenRequest::ClientCredentials { .. } => (GrantType::ClientCredentials, "client_credentials"),
    };
    if !client.may(grant_type) {
        return Err(Error::new(ErrorCode::UnauthorizedClient, "this client may not use this grant type"));
    }
    let answer = match request {
        TokenRequest::AuthorizationCode { code, redirect_uri, code_verifier, resource } => {
            let shown = token_code::Shown { code, redirect_uri, code_verifier, resource };
            token_code::redeem(core, client, shown, now).await
        }
        TokenRequest::RefreshToken { refresh_token, scope, resource } => {
            token_refresh::refresh(core, client, &refresh_token, scope.as_ref(), &resource, now).await
        }
        TokenRequest::ClientCredentials { scope, resource } => {
            token_client_credentials::issue(core, client, scope.as_ref(), &resource, now).await
        }
    };
    if let Ok(answer) = &answer {
        metrics::token_issued(counted, if answer.access_token.contains('.') { "jwt" } else { "opaque" });
    }
    answer
}

/// What tokens are made of, once the gate was passed.
pub(super) struct Issue<'a> {
    pub parties: &'a Parties,
    pub view: &'a GrantView,
    /// The items in force, as far as they were asked for.
    pub mask: Mask,
    pub audience: &'a Audience,
    /// The customer as the client's sector knows them.
    pub subject: &'a str,
    /// The same as the audience's sector does.
    pub audience_subject: &'a str,
    /// The refresh token, sealed.
    pub refresh_token: Option<String>,
    pub nonce: Option<String>,
    pub link_status: Option<LinkStatus>,
    pub now: Timestamp,
}

impl Issue<'_> {
    /// Makes the answer: an access token always, an ID token when `openid` is in force.
    pub fn respond(self, core: &Core) -> Result<TokenResponse, Error> {
        let catalog = core.catalog.load();
        let client = &self.parties.client;
        let jwt = goes_as_jwt(client, &self.parties.service, self.audience);
        let known = self.view.mask_of(|scope| {
            let fits = !jwt || catalog.scopes.get(scope).is_none_or(|scope| fits_a_jwt(scope.class));
            fits && self.audience.may_know(&catalog, scope)
        });
        let mask = self.mask & known;
        let scope: ScopeSet = self.view.scopes(mask).collect();
        let expires_in = lifetime(core, client);
        let issued_at = Timestamp::from_seconds(self.now.seconds());
        let token = AccessToken {
            id: TokenId::new(core.random.uuid_v7(self.now)),
            holder: Holder::Grant { grant: self.view.grant.id, customer: self.view.grant.customer, mask },
            audience: self.audience.id(),
            issued_at,
            expires_at: Timestamp::from_seconds(issued_at.seconds() + i64::from(expires_in)),
        };
        let access_token = if jwt { self.sign_access_token(core, &token, &scope)? } else { token.seal(core) };
        let openid = self.view.scopes(self.mask).any(|scope| scope == "openid");
        let id_token = if openid { Some(self.sign_id_token(core, &access_token)?) } else { None };
        Ok(TokenResponse {
            access_token,
            token_type: "Bearer".to_owned(),
            expires_in,
            scope,
            refresh_token: self.refresh_token,
            id_token,
            link_status: self.link_status,
        })
    }

    fn session_id(&self, core: &Core) -> Option<String> {
        self.view.grant.session.map(|session| pairwise::session_id(core, session, self.parties.service.sector))
    }

    /// RFC 9068.
    fn sign_access_token(&self, core: &Core, token: &AccessToken, scope: &ScopeSet) -> Result<String, Error> {
        let claims = AccessTokenClaims {
            iss: core.config.issuer.as_str().to_owned(),
            sub: self.audience_subject.to_owned(),
            aud: self.audience.as_text(core).to_owned(),
            exp: token.expires_at.into(),
            iat: token.issued_at.into(),
            jti: token.seal_jti(core),
            client_id: self.parties.client.document.client_id.clone(),
            scope: scope.clone(),
            auth_time: Some(self.view.grant.auth_time.into()),
            acr: Some(self.view.grant.acr),
            sid: self.session_id(core),
        };
        sign(core, Algorithm::ES256, typ::ACCESS_TOKEN, &claims)
    }

    /// OIDC Core 2; class D0 only (conventions 7).
    fn sign_id_token(&self, core: &Core, access_token: &str) -> Result<String, Error> {
        let grant = &self.view.grant;
        let client = &self.parties.client;
        let entitled = self.parties.service.document.ecosystem_member && self.view.scopes(self.mask).any(|scope| scope == "customer_id");
        let mut further = Map::new();
        further.insert("azp".to_owned(), client.document.client_id.clone().into());
        let claims = IdTokenClaims {
            iss: core.config.issuer.as_str().to_owned(),
            sub: self.subject.to_owned(),
            aud: client.document.client_id.clone(),
            exp: (self.now + core.config.tokens.id_token.get()).into(),
            iat: self.now.into(),
            auth_time: grant.auth_time.into(),
            nonce: self.nonce.clone(),
            acr: grant.acr,
            amr: grant.amr.clone(),
            sid: self.session_id(core),
            at_hash: Some(half_hash(&sha256(access_token.as_bytes()))),
            c_hash: None,
            customer_id: entitled.then(|| grant.customer.to_string()),
            further,
        };
        sign(core, id_token_algorithm(client), typ::ID_TOKEN, &claims)
    }
}

/// RS256 unless the client registered ES256 (conventions 7); logout tokens are signed the same way.
pub(super) fn id_token_algorithm(client: &Client) -> Algorithm {
    match client.document.id_token_signed_response_alg.as_deref() {
        Some("ES256") => Algorithm::ES256,
        _ => Algorithm::RS256,
    }
}

/// Signs claims of ours; a missing key is our fault, not the client's.
pub(super) fn sign(core: &Core, algorithm: Algorithm, typ: &str, claims: &impl serde::Serialize) -> Result<String, Error> {
    let signed = core.keys.load().sign(algorithm, typ, claims);
    signed.map_err(|error| Error::new(ErrorCode::ServerError, "a token could not be signed").with_detail(error.to_string()))
}

/// A JWT can be read by its holder, so one with another sector's `sub` in it would tell two sectors who their common customer
/// is: tokens for such an API are opaque whatever the client asked for.
pub(super) fn goes_as_jwt(client: &Client, service: &Service, audience: &Audience) -> bool {
    client.document.access_token_format == TokenFormat::Jwt && audience.service().is_none_or(|api| api.sector == service.sector)
}

/// Seconds: 1 to 15 minutes by client (conventions 7), as configured for one that names none.
pub(super) fn lifetime(core: &Core, client: &Client) -> u32 {
    match client.document.access_token_minutes {
        Some(minutes) => u32::from(minutes.clamp(1, 15)) * 60,
        None => u32::try_from(core.config.tokens.access.as_secs()).unwrap_or(LONGEST).clamp(60, LONGEST),
    }
}

/// Fifteen minutes in seconds.
const LONGEST: u32 = 900;

/// Which items of a grant a request's `scope` asks for: all, when it names none.
///
/// # Errors
/// `invalid_scope` when it asks for more than was granted (RFC 6749 section 6).
pub(super) fn wanted(view: &GrantView, scope: Option<&ScopeSet>) -> Result<Mask, Error> {
    let Some(scope) = scope else { return Ok(Mask::MAX) };
    let granted = |token: &str| view.grant.items.iter().any(|item| item.scope == token);
    if scope.iter().all(granted) {
        return Ok(view.mask_of(|token| scope.contains(token)));
    }
    Err(Error::new(ErrorCode::InvalidScope, "the scope is wider than what was granted"))
}
