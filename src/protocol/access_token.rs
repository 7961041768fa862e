//! Access tokens as JWT (RFC 9068). Nothing personal is in them; scopes of class D2 and D3 never travel this way.

use serde::{Deserialize, Serialize};

use super::acr::Acr;
use super::jwt::NumericDate;
use super::scope::ScopeSet;

/// RFC 9068 section 2.2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    /// Us.
    pub iss: String,
    /// The customer as the audience's sector knows them, or the client itself for client_credentials.
    pub sub: String,
    /// The one API it is for.
    pub aud: String,
    /// When it stops being valid.
    pub exp: NumericDate,
    /// When it was made.
    pub iat: NumericDate,
    /// Its own id, by which it can be revoked.
    pub jti: String,
    /// Whom it was issued to.
    pub client_id: String,
    /// What it allows at this API.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub scope: ScopeSet,
    /// When the person proved who they are; none for client_credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<NumericDate>,
    /// The level reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<Acr>,
    /// The session, as this client may know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}
