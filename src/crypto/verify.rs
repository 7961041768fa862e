//! The one door for signed tokens of others and of ourselves (security.md 5.1, RFC 8725).
//!
//! Checks are in a fixed order: form, header, key, signature, claims. Nothing in a token chooses how it is checked: the
//! algorithm is the key record's, the key comes from configuration, the type from whoever asks.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::digest::from_base64url;
use super::jwk::{JwkSet, PublicJwk};
use crate::clock::Timestamp;
use crate::protocol::json;

/// The longest token, in bytes.
const LONGEST_TOKEN: usize = 16 * 1024;
/// The longest header, in bytes of JSON.
const LONGEST_HEADER: usize = 2 * 1024;
const DEEPEST: usize = 16;
/// The longest `sub` (OpenID Connect Core section 2) and `jti`.
const LONGEST_ID: usize = 255;
/// How far clocks may be apart (security.md JT5).
pub const LEEWAY: Duration = Duration::from_secs(10);
/// Header members that bring keys along, change what is signed or ask for extensions that we do not have.
const REFUSED: [&str; 9] = ["crit", "b64", "zip", "enc", "cty", "jku", "jwk", "x5u", "x5c"];

/// The `typ` that a token must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType<'a> {
    /// This one, with or without `application/` before it (RFC 7515 section 4.1.9).
    Named(&'a str),
    /// None, or `JWT`: ID tokens and client assertions as everybody makes them.
    Plain,
    /// As `Plain`, or this one.
    PlainOr(&'a str),
}

/// Who must be meant by `aud`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience<'a> {
    /// At least one of these.
    OneOf(&'a [&'a str]),
    /// This one, as a single string: a list is refused (conventions 7, FAPI 2.0).
    Exactly(&'a str),
    /// Anybody; the caller looks at [`Verified::audience`].
    Any,
}

/// What a token must be like. Start with [`Expectation::new`] and change what differs.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    /// The kind of token.
    pub typ: TokenType<'a>,
    /// Accepted algorithms.
    pub algorithms: &'a [Algorithm],
    /// The exact `iss`.
    pub issuer: &'a str,
    /// The exact `sub`, where it is known already.
    pub subject: Option<&'a str>,
    /// Who must be meant.
    pub audience: Audience<'a>,
    /// The longest accepted time from `iat`, or from now, to `exp`.
    pub max_lifetime: Option<Duration>,
    /// Whether a token that has ended is fine: only for an `id_token_hint`.
    pub expired_is_fine: bool,
    /// The time.
    pub now: Timestamp,
}

impl<'a> Expectation<'a> {
    /// Any algorithm and subject, no limit of lifetime, not expired.
    pub const fn new(typ: TokenType<'a>, issuer: &'a str, audience: Audience<'a>, now: Timestamp) -> Self {
        Self { typ, algorithms: &Algorithm::ALL, issuer, subject: None, audience, max_lifetime: None, expired_is_fine: false, now }
    }
}

/// A token that met every expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<C> {
    /// The claims as the caller's type reads them.
    pub claims: C,
    /// `kid` of the header.
    pub kid: Option<String>,
    /// What it was signed with.
    pub algorithm: Algorithm,
    /// `sub`, not empty.
    pub subject: Option<String>,
    /// `aud` as a list, at least one.
    pub audience: Vec<String>,
    /// `exp`.
    pub expires_at: Timestamp,
    /// `iat`.
    pub issued_at: Option<Timestamp>,
    /// `jti`, not empty. That it is used once only is for the caller to see to.
    pub id: Option<String>,
}

/// Why a token is refused. For logs and tests: what is answered outside says less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Not three canonical base64url parts of acceptable length.
    #[error("not a compact JWS")]
    Malformed,
    /// The header is not an object without duplicates, or holds what is refused.
    #[error("the header is malformed or holds a refused member")]
    Header,
    /// `typ` is another kind's.
    #[error("the token is of another type")]
    Type,
    /// `alg` is missing, unknown or not accepted here.
    #[error("the algorithm is not accepted")]
    Algorithm,
    /// No key of the expected signer for `kid` and `alg`.
    #[error("no such key")]
    UnknownKey,
    /// The signature is not the key's.
    #[error("the signature is wrong")]
    Signature,
    /// A claim is missing or of the wrong type; its name.
    #[error("claim {0} is missing or malformed")]
    Claim(&'static str),
    /// Another `iss`.
    #[error("another issuer")]
    Issuer,
    /// Another `sub`.
    #[error("another subject")]
    Subject,
    /// Meant for somebody else.
    #[error("another audience")]
    Audience,
    /// `exp` has passed.
    #[error("expired")]
    Expired,
    /// `nbf` or `iat` lies in the future.
    #[error("not valid yet")]
    NotYetValid,
    /// Lives longer than accepted.
    #[error("the lifetime is too long")]
    Lifetime,
}

/// Verifies a token with the keys of the party that must have signed it.
pub fn verify<C: DeserializeOwned>(token: &str, keys: &JwkSet, expected: &Expectation<'_>) -> Result<Verified<C>, VerifyError> {
    verify_with(token, expected, |kid, algorithm| keys.find(kid, algorithm))
}

/// The `iss` that a token claims, unverified: only for finding the keys that it is then verified with.
pub fn claimed_issuer(token: &str) -> Option<String> {
    claimed(token, "iss")
}

/// The `sub` that a token claims, unverified: only for finding the client whose keys a client assertion is verified with.
pub fn claimed_subject(token: &str) -> Option<String> {
    claimed(token, "sub")
}

fn claimed(token: &str, name: &str) -> Option<String> {
    let payload = Parts::split(token).ok().and_then(|parts| parts.payload().ok())?;
    payload.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// The checks in their order; `pick` gives the key of the expected signer.
pub(super) fn verify_with<'k, C: DeserializeOwned>(
    token: &str,
    expected: &Expectation<'_>,
    pick: impl FnOnce(Option<&str>, Algorithm) -> Option<&'k PublicJwk>,
) -> Result<Verified<C>, VerifyError> {
    let parts = Parts::split(token)?;
    let header = parts.header()?;
    check_type(&header, expected.typ)?;
    let algorithm = check_algorithm(&header, expected.algorithms)?;
    let kid = check_kid(&header)?;
    let key = pick(kid.as_deref(), algorithm).ok_or(VerifyError::UnknownKey)?;
    if !key.verifies(algorithm, parts.signed.as_bytes(), &parts.signature) {
        return Err(VerifyError::Signature);
    }
    let payload = parts.payload()?;
    let (expires_at, issued_at) = check_times(&payload, expected)?;
    check_issuer(&payload, expected.issuer)?;
    let subject = check_subject(&payload, expected.subject)?;
    let audience = check_audience(&payload, expected.audience)?;
    let id = short_text(&payload, "jti")?;
    let claims = C::deserialize(Value::Object(payload)).map_err(|_| VerifyError::Claim("of its own"))?;
    Ok(Verified { claims, kid, algorithm, subject, audience, expires_at, issued_at, id })
}

/// A compact JWS, split and decoded but not believed.
struct Parts<'t> {
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
    signed: &'t str,
}

impl<'t> Parts<'t> {
    fn split(token: &'t str) -> Result<Self, VerifyError> {
        if token.len() > LONGEST_TOKEN {
            return Err(VerifyError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(VerifyError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(VerifyError::Malformed)?;
        // A fourth part would leave a dot in the payload, which is no base64url.
        let decode = |part: &str| from_base64url(part).filter(|bytes| !bytes.is_empty()).ok_or(VerifyError::Malformed);
        Ok(Self { header: decode(header)?, payload: decode(payload)?, signature: decode(signature)?, signed })
    }

    fn header(&self) -> Result<Map<String, Value>, VerifyError> {
        let header = json::parse_object(&self.header, LONGEST_HEADER, DEEPEST).map_err(|_| VerifyError::Header)?;
        if REFUSED.iter().any(|name| header.contains_key(*name)) { Err(VerifyError::Header) } else { Ok(header) }
    }

    fn payload(&self) -> Result<Map<String, Value>, VerifyError> {
        json::parse_object(&self.payload, LONGEST_TOKEN, DEEPEST).map_err(|_| VerifyError::Malformed)
    }
}

/// RFC 8725 section 3.11: a token of one kind must not pass as another.
fn check_type(header: &Map<String, Value>, expected: TokenType<'_>) -> Result<(), VerifyError> {
    let typ = match header.get("typ") {
        None => None,
        Some(Value::String(typ)) => Some(short_media_type(typ)),
        Some(_) => return Err(VerifyError::Type),
    };
    let is = |name: &str| typ.is_some_and(|typ| typ.eq_ignore_ascii_case(name));
    let plain = typ.is_none() || is("JWT");
    let fits = match expected {
        TokenType::Named(name) => is(name),
        TokenType::Plain => plain,
        TokenType::PlainOr(name) => plain || is(name),
    };
    if fits { Ok(()) } else { Err(VerifyError::Type) }
}

fn short_media_type(typ: &str) -> &str {
    match typ.split_at_checked("application/".len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
        _ => typ,
    }
}

/// RFC 8725 sections 3.1 and 3.2. `none` and HMAC have no value in [`Algorithm`].
fn check_algorithm(header: &Map<String, Value>, accepted: &[Algorithm]) -> Result<Algorithm, VerifyError> {
    let named = header.get("alg").and_then(Value::as_str).and_then(|name| name.parse().ok());
    named.filter(|algorithm| accepted.contains(algorithm)).ok_or(VerifyError::Algorithm)
}

fn check_kid(header: &Map<String, Value>) -> Result<Option<String>, VerifyError> {
    match header.get("kid") {
        None => Ok(None),
        Some(Value::String(kid)) if (1..=LONGEST_ID).contains(&kid.len()) => Ok(Some(kid.clone())),
        Some(_) => Err(VerifyError::Header),
    }
}

/// `exp`, `nbf` and `iat` (RFC 7519 section 4.1): whole seconds; `exp` must be there.
fn check_times(payload: &Map<String, Value>, expected: &Expectation<'_>) -> Result<(Timestamp, Option<Timestamp>), VerifyError> {
    let expires_at = time(payload, "exp")?.ok_or(VerifyError::Claim("exp"))?;
    let not_before = time(payload, "nbf")?;
    let issued_at = time(payload, "iat")?;
    if expected.now >= expires_at + LEEWAY && !expected.expired_is_fine {
        return Err(VerifyError::Expired);
    }
    if [not_before, issued_at].into_iter().flatten().any(|from| from > expected.now + LEEWAY) {
        return Err(VerifyError::NotYetValid);
    }
    if let Some(longest) = expected.max_lifetime {
        let from_issue = issued_at.is_none_or(|issued_at| expires_at <= issued_at + longest);
        if !from_issue || expires_at > expected.now + longest + LEEWAY {
            return Err(VerifyError::Lifetime);
        }
    }
    Ok((expires_at, issued_at))
}

fn time(payload: &Map<String, Value>, name: &'static str) -> Result<Option<Timestamp>, VerifyError> {
    match payload.get(name) {
        None => Ok(None),
        Some(value) => match value.as_i64().filter(|seconds| *seconds >= 0) {
            Some(seconds) => Ok(Some(Timestamp::from_seconds(seconds))),
            None => Err(VerifyError::Claim(name)),
        },
    }
}

/// A text, and exactly this one: a list that contains it is refused.
fn check_issuer(payload: &Map<String, Value>, expected: &str) -> Result<(), VerifyError> {
    let issuer = payload.get("iss").and_then(Value::as_str).ok_or(VerifyError::Claim("iss"))?;
    if issuer == expected { Ok(()) } else { Err(VerifyError::Issuer) }
}

fn check_subject(payload: &Map<String, Value>, expected: Option<&str>) -> Result<Option<String>, VerifyError> {
    let subject = short_text(payload, "sub")?;
    match expected {
        Some(expected) if subject.as_deref() != Some(expected) => Err(VerifyError::Subject),
        _ => Ok(subject),
    }
}

/// A text or a list of texts (RFC 7519 section 4.1.3).
fn check_audience(payload: &Map<String, Value>, expected: Audience<'_>) -> Result<Vec<String>, VerifyError> {
    let malformed = VerifyError::Claim("aud");
    let (list, single) = match payload.get("aud") {
        Some(Value::String(one)) => (vec![one.clone()], true),
        Some(Value::Array(many)) => {
            let texts = many.iter().map(|one| one.as_str().map(str::to_owned));
            (texts.collect::<Option<Vec<_>>>().ok_or(malformed)?, false)
        }
        _ => return Err(malformed),
    };
    if list.is_empty() {
        return Err(malformed);
    }
    let fits = match expected {
        Audience::OneOf(accepted) => list.iter().any(|one| accepted.contains(&one.as_str())),
        Audience::Exactly(accepted) => single && list[0] == accepted,
        Audience::Any => true,
    };
    if fits { Ok(list) } else { Err(VerifyError::Audience) }
}

fn short_text(payload: &Map<String, Value>, name: &'static str) -> Result<Option<String>, VerifyError> {
    match payload.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if (1..=LONGEST_ID).contains(&text.len()) => Ok(Some(text.clone())),
        Some(_) => Err(VerifyError::Claim(name)),
    }
}

#[cfg(test)]
mod tests;
