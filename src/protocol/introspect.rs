//! Introspection (RFC 7662): starts from "inactive" and says only what the caller may know (conventions.md 3).

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::Error;
use super::acr::Acr;
use super::jwt::NumericDate;
use super::params::Params;
use super::scope::ScopeSet;

/// Tokens longer than this are not ours; they are inactive, not an error.
pub const MAX_TOKEN: usize = 8192;

/// What a client believes a token to be (RFC 7009 2.1, RFC 7662 2.1): a hint, never believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenTypeHint {
    /// `access_token`
    AccessToken,
    /// `refresh_token`
    RefreshToken,
}

impl TokenTypeHint {
    /// The hint of a request; an unknown one counts as none.
    pub(super) fn read(params: &Params) -> Option<Self> {
        match params.get("token_type_hint") {
            Some("access_token") => Some(Self::AccessToken),
            Some("refresh_token") => Some(Self::RefreshToken),
            _ => None,
        }
    }
}

/// RFC 7662 2.1.
#[derive(Clone, Debug)]
pub struct IntrospectionRequest {
    /// The token asked about.
    pub token: SecretString,
    /// What the caller believes it to be.
    pub token_type_hint: Option<TokenTypeHint>,
}

impl IntrospectionRequest {
    /// Reads the request. A token that cannot be one of ours is still a request: its answer is `active:false`.
    ///
    /// # Errors
    /// `invalid_request` when there is no token.
    pub fn parse(params: &Params) -> Result<Self, Error> {
        Ok(Self { token: params.required("token")?.into(), token_type_hint: TokenTypeHint::read(params) })
    }
}

/// A link of the asking service, never another's.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkInfo {
    /// The link's state, in the words of the model.
    pub state: String,
    /// The asking service's own account id.
    pub local_account: String,
    /// When it became active.
    pub since: NumericDate,
}

/// A consent behind the scopes shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentInfo {
    /// The consent's id (`cns_...`).
    pub id: String,
    /// What for.
    pub purpose: String,
    /// When it was given.
    pub since: NumericDate,
    /// When it ends by itself; none when it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<NumericDate>,
}

/// RFC 7662 2.2 with the members of domain.md 5.3; what the caller may not know is absent.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntrospectionResponse {
    /// Whether the token holds for this caller now.
    pub active: bool,
    /// The effective scope the caller may know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeSet>,
    /// Whom it was issued to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// `Bearer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// When it stops being valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<NumericDate>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<NumericDate>,
    /// The customer in the caller's sector, or the client itself for client_credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Whom it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// Us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// When the person proved who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<NumericDate>,
    /// The level reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<Acr>,
    /// The global customer id, for entitled callers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// The grant's id, for the service it belongs to only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<String>,
    /// The caller's own links to this customer, so that it finds its own account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Vec<LinkInfo>>,
    /// The consents behind the scopes shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consents: Option<Vec<ConsentInfo>>,
    /// Counts changes of consents and links for this customer and the caller's sector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent_epoch: Option<i64>,
}

impl IntrospectionResponse {
    /// What everybody hears about a token that is unknown, ended, or none of their business: exactly `{"active":false}`.
    pub const INACTIVE: Self = Self {
        active: false,
        scope: None,
        client_id: None,
        token_type: None,
        exp: None,
        iat: None,
        sub: None,
        aud: None,
        iss: None,
        auth_time: None,
        acr: None,
        customer_id: None,
        grant_id: None,
        links: None,
        consents: None,
        consent_epoch: None,
    };
}

impl std::fmt::Debug for IntrospectionResponse {
    /// The rest is about a person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IntrospectionResponse").field("active", &self.active).field("scope", &self.scope).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in2_inactive_says_nothing_else() {
        assert_eq!(serde_json::to_string(&IntrospectionResponse::INACTIVE).expect("json"), r#"{"active":false}"#);
        assert_eq!(IntrospectionResponse::default(), IntrospectionResponse::INACTIVE);
    }

    #[test]
    fn a_token_is_all_that_is_needed() {
        let parse = |body: &str| IntrospectionRequest::parse(&Params::decode(body.as_bytes()).expect("params"));
        assert_eq!(parse("token=x&token_type_hint=refresh_token").expect("request").token_type_hint, Some(TokenTypeHint::RefreshToken));
        assert_eq!(parse("token=x&token_type_hint=saml").expect("request").token_type_hint, None);
        assert!(parse("token=").is_err());
        assert!(parse("").is_err());
    }
}
