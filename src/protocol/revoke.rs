//! Revocation (RFC 7009).

use secrecy::SecretString;

use super::Error;
use super::introspect::TokenTypeHint;
use super::params::Params;

/// RFC 7009 2.1.
#[derive(Clone, Debug)]
pub struct RevocationRequest {
    /// The token to end.
    pub token: SecretString,
    /// What the client believes it to be; an unknown hint is ignored.
    pub token_type_hint: Option<TokenTypeHint>,
}

impl RevocationRequest {
    /// Reads the request. An unknown token is no error (RFC 7009 2.2), so any text is accepted.
    ///
    /// # Errors
    /// `invalid_request` when there is no token.
    pub fn parse(params: &Params) -> Result<Self, Error> {
        Ok(Self { token: params.required("token")?.into(), token_type_hint: TokenTypeHint::read(params) })
    }
}
