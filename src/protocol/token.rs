//! The token endpoint (RFC 6749 4.1.3, 4.4.2, 6; OIDC Core 3.1.3.3).

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::params::Params;
use super::pkce::CodeVerifier;
use super::resource::Resource;
use super::scope::ScopeSet;
use super::{Error, ErrorCode};

/// The longest code or refresh token, in bytes; ours are shorter.
const MAX_TOKEN: usize = 4096;

/// A way to get a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantType {
    /// RFC 6749 4.1.
    AuthorizationCode,
    /// RFC 6749 6.
    RefreshToken,
    /// RFC 6749 4.4.
    ClientCredentials,
}

impl GrantType {
    /// Every grant type.
    pub const ALL: [Self; 3] = [Self::AuthorizationCode, Self::RefreshToken, Self::ClientCredentials];

    /// The value of the parameter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
        }
    }
}

impl std::str::FromStr for GrantType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|grant| grant.as_str() == text);
        known.ok_or_else(|| Error::new(ErrorCode::UnsupportedGrantType, "the grant_type is not supported"))
    }
}

impl std::fmt::Display for GrantType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

serde_as_text!(GrantType);

/// A token request; who asks is client authentication's matter.
#[derive(Clone, Debug)]
pub enum TokenRequest {
    /// RFC 6749 4.1.3.
    AuthorizationCode {
        /// The code.
        code: SecretString,
        /// Must be the one of the authorize request.
        redirect_uri: Option<String>,
        /// RFC 7636 4.5.
        code_verifier: Option<CodeVerifier>,
        /// RFC 8707 2.2.
        resource: Vec<Resource>,
    },
    /// RFC 6749 6.
    RefreshToken {
        /// The refresh token.
        refresh_token: SecretString,
        /// A narrower scope for this access token.
        scope: Option<ScopeSet>,
        /// RFC 8707 2.2.
        resource: Vec<Resource>,
    },
    /// RFC 6749 4.4.2.
    ClientCredentials {
        /// The scope asked for.
        scope: Option<ScopeSet>,
        /// RFC 8707 2.2.
        resource: Vec<Resource>,
    },
}

impl TokenRequest {
    /// Reads a token request; parameters that are not ours are ignored.
    ///
    /// # Errors
    /// `invalid_request`, `unsupported_grant_type`, `invalid_scope`, `invalid_target`.
    pub fn parse(params: &Params) -> Result<Self, Error> {
        let secret = |name| params.required_bounded(name, MAX_TOKEN).map(SecretString::from);
        let scope = || params.get("scope").map(str::parse).transpose();
        let resource = Resource::list(params)?;
        match params.required("grant_type")?.parse()? {
            GrantType::AuthorizationCode => Ok(Self::AuthorizationCode {
                code: secret("code")?,
                redirect_uri: params.bounded("redirect_uri", MAX_TOKEN)?.map(str::to_owned),
                code_verifier: params.get("code_verifier").map(str::parse).transpose()?,
                resource,
            }),
            GrantType::RefreshToken => Ok(Self::RefreshToken { refresh_token: secret("refresh_token")?, scope: scope()?, resource }),
            GrantType::ClientCredentials => Ok(Self::ClientCredentials { scope: scope()?, resource }),
        }
    }

    /// The grant type asked for; the client must be registered for it.
    pub const fn grant_type(&self) -> GrantType {
        match self {
            Self::AuthorizationCode { .. } => GrantType::AuthorizationCode,
            Self::RefreshToken { .. } => GrantType::RefreshToken,
            Self::ClientCredentials { .. } => GrantType::ClientCredentials,
        }
    }
}

/// How the link of ceremony C3 ended, told with the tokens (conventions.md 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkStatus {
    /// The accounts are connected.
    Active,
    /// The person said no.
    Declined,
    /// It could not be done: a collision or a time-out.
    Error,
}

/// RFC 6749 5.1, OIDC Core 3.1.3.3.
#[derive(Clone, Serialize, Deserialize)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: String,
    /// RFC 6750: always `Bearer` so far.
    pub token_type: String,
    /// The access token's lifetime in seconds.
    pub expires_in: u32,
    /// The scope left; always said.
    pub scope: ScopeSet,
    /// For `offline_access` or by the client's policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// For OpenID Connect requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// Only when the authorize request had a `link_assertion`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_status: Option<LinkStatus>,
}

impl std::fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenResponse").field("scope", &self.scope).field("link_status", &self.link_status).finish_non_exhaustive()
    }
}
