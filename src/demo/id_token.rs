//! What Concord signs for a partner, verified with a library that is not Concord's own.

use std::str::FromStr;

use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{AccessToken, AccessTokenHash, ClientId, IssuerUrl, Nonce};
use serde_json::Value;

use super::Trouble;
use super::redact;
use crate::clock::Timestamp;
use crate::crypto::digest::from_base64url;
use crate::crypto::jwk::JwkSet;
use crate::crypto::verify::{self, Audience, Expectation, TokenType};
use crate::protocol::logout::LogoutTokenClaims;

/// Who signed in, as the ID token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The customer, in this partner's sector.
    pub sub: String,
    /// The session at Concord.
    pub sid: Option<String>,
    /// The token for people: decoded, without its signature.
    pub shown: String,
}

/// Verifies an ID token (OIDC Core 3.1.3.7): signature, issuer, audience, times, nonce, and that it belongs to the access token.
///
/// # Errors
/// What does not hold.
pub fn verify(id_token: &str, access_token: &str, keys: &Value, issuer: &str, client_id: &str, nonce: &str) -> Result<Identity, Trouble> {
    let wrong = |what: &str| Trouble::new(format!("the ID token does not hold: {what}"));
    let keys: CoreJsonWebKeySet = serde_json::from_value(keys.clone()).map_err(|error| wrong(&error.to_string()))?;
    let issuer = IssuerUrl::new(issuer.to_owned()).map_err(|error| wrong(&error.to_string()))?;
    let verifier = CoreIdTokenVerifier::new_public_client(ClientId::new(client_id.to_owned()), issuer, keys)
        .set_allowed_algs([CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256, CoreJwsSigningAlgorithm::EcdsaP256Sha256]);
    let token = CoreIdToken::from_str(id_token).map_err(|error| wrong(&error.to_string()))?;
    let claims = token.claims(&verifier, &Nonce::new(nonce.to_owned())).map_err(|error| wrong(&error.to_string()))?;
    if let Some(expected) = claims.access_token_hash() {
        let algorithm = token.signing_alg().map_err(|error| wrong(&error.to_string()))?;
        let key = token.signing_key(&verifier).map_err(|error| wrong(&error.to_string()))?;
        let hash = AccessTokenHash::from_token(&AccessToken::new(access_token.to_owned()), algorithm, key);
        if hash.map_err(|error| wrong(&error.to_string()))? != *expected {
            return Err(wrong("at_hash"));
        }
    }
    // The library reads no `sid`; the payload is verified by now.
    let payload = id_token.split('.').nth(1).and_then(from_base64url).unwrap_or_default();
    let sid = serde_json::from_slice::<Value>(&payload).ok().and_then(|claims| claims["sid"].as_str().map(str::to_owned));
    Ok(Identity { sub: claims.subject().to_string(), sid, shown: redact::decoded(id_token).unwrap_or_default() })
}

/// Verifies a logout token (Back-Channel Logout 2.6) and says whom and which session it is about.
///
/// # Errors
/// What does not hold.
pub fn verify_logout(
    token: &str,
    keys: &Value,
    issuer: &str,
    client_id: &str,
    now: Timestamp,
) -> Result<(Option<String>, Option<String>), Trouble> {
    let wrong = |what: &str| Trouble::new(format!("the logout token does not hold: {what}"));
    let keys = JwkSet::from_value(keys).map_err(|error| wrong(&error.to_string()))?;
    let audience = [client_id];
    let expected = Expectation::new(TokenType::Named("logout+jwt"), issuer, Audience::OneOf(&audience), now);
    let claims = verify::verify::<LogoutTokenClaims>(token, &keys, &expected).map_err(|error| wrong(&error.to_string()))?.claims;
    if claims.sub.is_none() && claims.sid.is_none() {
        return Err(wrong("neither sub nor sid"));
    }
    Ok((claims.sub, claims.sid))
}
