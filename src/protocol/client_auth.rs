//! Client authentication (RFC 6749 2.3, RFC 7523): which one method a request uses, and what it shows.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

use super::authorize::MAX_CLIENT_ID;
use super::jwt::{Audience, NumericDate};
use super::params::{Params, decode_component};
use super::{Error, json};

/// RFC 7523 2.2: the only assertion type.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The longest secret, in bytes.
const MAX_SECRET: usize = 512;
/// The longest assertion, in bytes.
const MAX_ASSERTION: usize = 8192;
/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 10;

/// How a client authenticates (the registry of RFC 7591 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthMethod {
    /// Secret by HTTP Basic.
    ClientSecretBasic,
    /// Secret in the body.
    ClientSecretPost,
    /// An assertion signed with the client's own key.
    PrivateKeyJwt,
    /// A public client.
    None,
}

impl AuthMethod {
    /// Every method.
    pub const ALL: [Self; 4] = [Self::ClientSecretBasic, Self::ClientSecretPost, Self::PrivateKeyJwt, Self::None];

    /// The method's registered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::None => "none",
        }
    }
}

/// Not a method of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown client authentication method")]
pub struct UnknownAuthMethod;

impl FromStr for AuthMethod {
    type Err = UnknownAuthMethod;

    fn from_str(text: &str) -> Result<Self, UnknownAuthMethod> {
        Self::ALL.into_iter().find(|method| method.as_str() == text).ok_or(UnknownAuthMethod)
    }
}

impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

serde_as_text!(AuthMethod);

/// What a request shows to authenticate its client; nothing is verified yet.
#[derive(Clone, Debug)]
pub enum ClientAuth {
    /// RFC 6749 2.3.1, by HTTP Basic.
    SecretBasic {
        /// Who it claims to be.
        client_id: String,
        /// The secret shown.
        secret: SecretString,
    },
    /// RFC 6749 2.3.1, in the body.
    SecretPost {
        /// Who it claims to be.
        client_id: String,
        /// The secret shown.
        secret: SecretString,
    },
    /// RFC 7523 2.2.
    PrivateKeyJwt {
        /// Who it claims to be: the assertion's unverified `sub`, to find the keys by.
        client_id: String,
        /// The assertion shown.
        assertion: SecretString,
    },
    /// A public client names itself.
    None {
        /// Who it claims to be.
        client_id: String,
    },
}

impl ClientAuth {
    /// Finds the one method a request uses. `authorization` are the values of all `Authorization` headers.
    ///
    /// # Errors
    /// `invalid_request` when there are several methods or they name different clients (RFC 6749 2.3 and 5.2);
    /// `invalid_client` when what is shown is malformed or there is nothing at all.
    pub fn read(authorization: &[&[u8]], params: &Params) -> Result<Self, Error> {
        let assertion = params.get("client_assertion").or(params.get("client_assertion_type"));
        let methods = [!authorization.is_empty(), params.get("client_secret").is_some(), assertion.is_some()];
        if methods.into_iter().filter(|used| *used).count() > 1 || authorization.len() > 1 {
            return Err(Error::invalid_request("more than one way of client authentication"));
        }
        let auth = match methods {
            [true, ..] => read_basic(authorization.first().copied().unwrap_or_default())?,
            [_, true, _] => Self::SecretPost {
                client_id: named_client(params)?.ok_or_else(|| Error::invalid_client("client_secret without client_id"))?,
                secret: bounded_secret(params.get("client_secret").unwrap_or_default().to_owned())?,
            },
            [.., true] => read_assertion(params)?,
            _ => {
                let client_id = named_client(params)?.ok_or_else(|| Error::invalid_client("no client authentication"))?;
                return Ok(Self::None { client_id });
            }
        };
        match named_client(params)? {
            Some(named) if named != auth.client_id() => Err(Error::invalid_request("client_id is another one")),
            _ => Ok(auth),
        }
    }

    /// Who the client claims to be.
    pub fn client_id(&self) -> &str {
        match self {
            Self::SecretBasic { client_id, .. }
            | Self::SecretPost { client_id, .. }
            | Self::PrivateKeyJwt { client_id, .. }
            | Self::None { client_id } => client_id,
        }
    }

    /// The method used; the client's registered one must be the same.
    pub const fn method(&self) -> AuthMethod {
        match self {
            Self::SecretBasic { .. } => AuthMethod::ClientSecretBasic,
            Self::SecretPost { .. } => AuthMethod::ClientSecretPost,
            Self::PrivateKeyJwt { .. } => AuthMethod::PrivateKeyJwt,
            Self::None { .. } => AuthMethod::None,
        }
    }
}

/// RFC 6749 appendix A.1: visible ASCII and space.
fn is_client_id(text: &str) -> bool {
    (1..=MAX_CLIENT_ID).contains(&text.len()) && text.bytes().all(|b| matches!(b, 0x20..=0x7e))
}

fn named_client(params: &Params) -> Result<Option<String>, Error> {
    match params.get("client_id") {
        Some(text) if !is_client_id(text) => Err(Error::invalid_client("client_id is malformed")),
        named => Ok(named.map(str::to_owned)),
    }
}

fn bounded_secret(secret: String) -> Result<SecretString, Error> {
    if secret.is_empty() || secret.len() > MAX_SECRET {
        return Err(Error::invalid_client("the secret is empty or too long"));
    }
    Ok(secret.into())
}

/// RFC 6749 2.3.1: id and secret are form-encoded before they become the two halves of RFC 7617.
fn read_basic(header: &[u8]) -> Result<ClientAuth, Error> {
    let wrong = || Error::invalid_client("the Authorization header is not valid HTTP Basic");
    let header = std::str::from_utf8(header).map_err(|_| wrong())?;
    let (scheme, credentials) = header.split_once(' ').ok_or_else(wrong)?;
    if !scheme.eq_ignore_ascii_case("basic") || credentials.len() > 4 * (MAX_SECRET + MAX_CLIENT_ID) {
        return Err(wrong());
    }
    let decoded = STANDARD.decode(credentials.trim_matches(' ')).map_err(|_| wrong())?;
    let colon = decoded.iter().position(|b| *b == b':').ok_or_else(wrong)?;
    let client_id = decode_component(&decoded[..colon]).map_err(|_| wrong())?;
    let secret = decode_component(&decoded[colon + 1..]).map_err(|_| wrong())?;
    if !is_client_id(&client_id) {
        return Err(wrong());
    }
    Ok(ClientAuth::SecretBasic { client_id, secret: bounded_secret(secret)? })
}

fn read_assertion(params: &Params) -> Result<ClientAuth, Error> {
    if params.get("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(Error::invalid_client("the client_assertion_type is missing or unknown"));
    }
    let assertion = params.get("client_assertion").filter(|text| text.len() <= MAX_ASSERTION);
    let assertion = assertion.ok_or_else(|| Error::invalid_client("the client_assertion is missing or too long"))?;
    let client_id = claimed_subject(assertion).ok_or_else(|| Error::invalid_client("the client_assertion is malformed"))?;
    Ok(ClientAuth::PrivateKeyJwt { client_id, assertion: assertion.into() })
}

/// The `sub` an assertion claims, unverified: only good for finding the keys that it is then verified with.
fn claimed_subject(assertion: &str) -> Option<String> {
    let mut parts = assertion.split('.');
    let (_, payload, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims = json::parse_object(&payload, MAX_ASSERTION, 16).ok()?;
    claims.get("sub")?.as_str().filter(|sub| is_client_id(sub)).map(str::to_owned)
}

/// The claims of a client assertion (RFC 7523 section 3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientAssertionClaims {
    /// The client.
    pub iss: String,
    /// The client again.
    pub sub: String,
    /// Us.
    pub aud: Audience,
    /// When it stops being valid.
    pub exp: NumericDate,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<NumericDate>,
    /// When it starts being valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<NumericDate>,
    /// Makes it usable once.
    pub jti: String,
}

/// Whom an assertion may be addressed to (conventions.md 7).
#[derive(Clone, Copy, Debug)]
pub struct AssertionRules<'a> {
    /// Our issuer: always right.
    pub issuer: &'a str,
    /// The URLs of the token endpoint and of the endpoint called: right for clients that are not FAPI clients.
    pub endpoints: &'a [&'a str],
    /// A FAPI client addresses the issuer alone, as a single string, and its assertions live five minutes.
    pub fapi: bool,
}

impl ClientAssertionClaims {
    /// What must hold beside the signature; that `jti` is new is for the database to say, until [`Self::remember_until`].
    ///
    /// # Errors
    /// `invalid_client`.
    pub fn check(&self, client_id: &str, rules: &AssertionRules<'_>, now: Timestamp) -> Result<(), Error> {
        let wrong = |detail: &'static str| Err(Error::invalid_client(detail));
        let now = now.seconds();
        let addressed = self.aud.contains(rules.issuer) || rules.endpoints.iter().any(|url| self.aud.contains(url));
        let lifetime = if rules.fapi { 300 } else { 3600 };
        if self.iss != client_id || self.sub != client_id {
            return wrong("assertion: iss and sub must be the client");
        }
        if !addressed || (rules.fapi && !self.aud.is_exactly(rules.issuer)) {
            return wrong("assertion: aud is not us");
        }
        if self.jti.is_empty() || self.jti.len() > 255 {
            return wrong("assertion: jti is empty or too long");
        }
        if self.exp.0 <= now - LEEWAY || self.exp.0 > now + lifetime + LEEWAY {
            return wrong("assertion: expired, or valid for too long");
        }
        if [self.iat, self.nbf].into_iter().flatten().any(|date| date.0 > now + LEEWAY) {
            return wrong("assertion: iat or nbf lies in the future");
        }
        Ok(())
    }

    /// How long its `jti` must be remembered: as long as it could be shown again.
    pub fn remember_until(&self) -> Timestamp {
        Timestamp::from_seconds(self.exp.0.saturating_add(LEEWAY))
    }
}
