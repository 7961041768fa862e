//! The signing keys of one moment: an immutable snapshot that is swapped as a whole when keys change.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::algorithm::Algorithm;
use super::digest::{base64url, sha256};
use super::jwk::PublicJwk;
use super::signing::{SigningError, SigningKey};
use super::verify::{Expectation, Verified, VerifyError, verify_with};
use crate::clock::Timestamp;

/// The most published keys of one algorithm (security.md 6.2).
const MOST_PUBLISHED: usize = 5;

/// Where a signing key stands in its life (conventions 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyState {
    /// Published, so that everybody has it before the first signature; does not sign.
    Pending,
    /// Signs.
    Active,
    /// Published until the last thing it signed has expired; does not sign.
    Retired,
    /// Gone.
    Destroyed,
}

impl KeyState {
    /// The word as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Destroyed => "destroyed",
        }
    }

    /// Reads the stored word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Active, Self::Retired, Self::Destroyed].into_iter().find(|state| state.as_str() == text)
    }
}

/// What is known of a signing key without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// The RFC 7638 thumbprint.
    pub kid: String,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// Where it stands.
    pub state: KeyState,
    /// When it becomes, or became, active.
    pub activate_at: Timestamp,
    /// When it was retired.
    pub retired_at: Option<Timestamp>,
}

/// A key of the ring.
#[derive(Clone, Debug)]
pub struct RingKey {
    /// Its public facts.
    pub info: KeyInfo,
    /// The key, parsed.
    pub key: Arc<SigningKey>,
}

/// All keys that sign or verify now. Held behind an `ArcSwap`; a change makes a new ring.
#[derive(Debug)]
pub struct KeyRing {
    keys: Vec<RingKey>,
    signing: Vec<(Algorithm, Arc<SigningKey>)>,
    archive: Vec<PublicJwk>,
    jwks: Bytes,
    etag: String,
}

impl KeyRing {
    /// The ring of these keys; destroyed ones are dropped.
    pub fn new(mut keys: Vec<RingKey>) -> Self {
        keys.retain(|key| key.info.state != KeyState::Destroyed);
        keys.sort_by(|one, other| order(one).cmp(&order(other)));
        // Of several active keys the youngest signs: a switch may be half done.
        let youngest = |algorithm| {
            let active = keys.iter().rev().find(|key| key.info.algorithm == algorithm && key.info.state == KeyState::Active);
            active.map(|key| (algorithm, Arc::clone(&key.key)))
        };
        let signing = Algorithm::ALL.into_iter().filter_map(youngest).collect();
        let published: Vec<_> = published(&keys).map(|key| key.key.public_jwk().to_value()).collect();
        let jwks = Bytes::from(serde_json::json!({ "keys": published }).to_string());
        let etag = format!("\"{}\"", base64url(&sha256(&jwks)[..16]));
        Self { keys, signing, archive: Vec::new(), jwks, etag }
    }

    /// Adds public halves of destroyed keys: they verify what may be shown after its end, an `id_token_hint`.
    #[must_use]
    pub fn with_archive(mut self, archive: Vec<PublicJwk>) -> Self {
        self.archive = archive;
        self
    }

    /// Signs claims with the active key of the algorithm, as a compact JWS of the type.
    pub fn sign(&self, algorithm: Algorithm, typ: &str, claims: &impl Serialize) -> Result<String, SigningError> {
        let (_, key) = self.signing.iter().find(|(own, _)| *own == algorithm).ok_or(SigningError::NoActiveKey)?;
        key.sign_jws(typ, key.kid(), claims)
    }

    /// Whether something can be signed with the algorithm.
    pub fn can_sign(&self, algorithm: Algorithm) -> bool {
        self.signing.iter().any(|(own, _)| *own == algorithm)
    }

    /// The published JWK Set: pending, active and retired keys in a stable order, serialised once.
    pub fn jwks_json(&self) -> Bytes {
        self.jwks.clone()
    }

    /// A strong entity tag of [`KeyRing::jwks_json`], with its quotes (RFC 9110 section 8.8.3).
    pub fn jwks_etag(&self) -> &str {
        &self.etag
    }

    /// The keys' public facts, in the published order.
    pub fn infos(&self) -> impl Iterator<Item = &KeyInfo> {
        self.keys.iter().map(|key| &key.info)
    }

    /// Verifies a token that we signed: an ID token shown as a hint (let `expectation.expired_is_fine` be true), a logout
    /// token, a JWT access token. The archive counts only where an expired token is fine.
    pub fn verify_own<C: DeserializeOwned>(&self, token: &str, expectation: &Expectation<'_>) -> Result<Verified<C>, VerifyError> {
        verify_with(token, expectation, |kid, algorithm| {
            let kid = kid?;
            let ring = self.keys.iter().map(|key| key.key.public_jwk());
            let archive = self.archive.iter().filter(|_| expectation.expired_is_fine);
            ring.chain(archive).find(|key| key.kid() == Some(kid) && key.algorithms().any(|own| own == algorithm))
        })
    }
}

fn order(key: &RingKey) -> (Algorithm, Timestamp, &str) {
    (key.info.algorithm, key.info.activate_at, &key.info.kid)
}

/// All keys, but of an algorithm with too many only the five youngest: the oldest are retired ones.
fn published(keys: &[RingKey]) -> impl Iterator<Item = &RingKey> {
    keys.iter().enumerate().filter_map(|(at, key)| {
        let younger = keys[at + 1..].iter().filter(|other| other.info.algorithm == key.info.algorithm).count();
        (younger < MOST_PUBLISHED).then_some(key)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::crypto::verify::{Audience, TokenType};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn ring_key(algorithm: Algorithm, state: KeyState, day: u64) -> RingKey {
        let key = Arc::new(SigningKey::generate(algorithm).unwrap());
        let activate_at = NOW + Duration::from_hours(day * 24);
        RingKey { info: KeyInfo { kid: key.kid().to_owned(), algorithm, state, activate_at, retired_at: None }, key }
    }

    fn claims() -> Value {
        json!({"iss": "https://id.test", "aud": "shop", "sub": "s", "exp": NOW.seconds() + 60, "iat": NOW.seconds()})
    }

    fn expectation(typ: TokenType<'_>) -> Expectation<'_> {
        Expectation::new(typ, "https://id.test", Audience::OneOf(&["shop"]), NOW)
    }

    #[test]
    fn the_youngest_active_key_signs_and_all_but_destroyed_are_published() {
        let [old, new] = [1, 2].map(|day| ring_key(Algorithm::ES256, KeyState::Active, day));
        let pending = ring_key(Algorithm::ES256, KeyState::Pending, 3);
        let retired = ring_key(Algorithm::ES256, KeyState::Retired, 0);
        let destroyed = ring_key(Algorithm::ES256, KeyState::Destroyed, 4);
        let rsa = ring_key(Algorithm::RS256, KeyState::Active, 0);
        let kids = [&retired, &old, &new, &pending, &rsa].map(|key| key.info.kid.clone());
        let all = vec![rsa, pending, destroyed.clone(), new.clone(), retired, old];
        let ring = KeyRing::new(all.clone());

        let set: Value = serde_json::from_slice(&ring.jwks_json()).unwrap();
        let published: Vec<_> = set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
        assert_eq!(published, kids);
        assert!(set["keys"][0]["use"] == "sig" && set["keys"][0]["alg"] == "ES256" && set["keys"][4]["e"] == "AQAB");
        assert!(set.to_string().find("\"d\"").is_none());
        assert_eq!(ring.jwks_etag(), KeyRing::new(all.into_iter().rev().collect()).jwks_etag());

        let token = ring.sign(Algorithm::ES256, "at+jwt", &claims()).unwrap();
        let verified = ring.verify_own::<Value>(&token, &expectation(TokenType::Named("at+jwt"))).unwrap();
        assert_eq!((verified.kid, verified.claims), (Some(new.info.kid), claims()));
        assert!(ring.can_sign(Algorithm::RS256) && !ring.can_sign(Algorithm::EdDSA));
        assert_eq!(ring.sign(Algorithm::EdDSA, "JWT", &claims()), Err(SigningError::NoActiveKey));
        let strange = destroyed.key.sign_jws("at+jwt", destroyed.key.kid(), &claims()).unwrap();
        let refused = ring.verify_own::<Value>(&strange, &expectation(TokenType::Named("at+jwt")));
        assert_eq!(refused.unwrap_err(), VerifyError::UnknownKey);
    }

    #[test]
    fn never_more_than_five_of_an_algorithm_are_published() {
        let keys: Vec<_> =
            (0..8).map(|day| ring_key(Algorithm::ES256, if day < 7 { KeyState::Retired } else { KeyState::Active }, day)).collect();
        let youngest: Vec<_> = keys[3..].iter().map(|key| key.info.kid.clone()).collect();
        let set: Value = serde_json::from_slice(&KeyRing::new(keys).jwks_json()).unwrap();
        let published: Vec<_> = set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect();
        assert_eq!(published, youngest);
    }

    #[test]
    fn jt14_a_token_of_one_kind_is_none_of_another() {
        let ring = KeyRing::new(vec![ring_key(Algorithm::RS256, KeyState::Active, 0)]);
        let kinds = ["JWT", "at+jwt", "logout+jwt", "secevent+jwt", "token-introspection+jwt"];
        for made in kinds {
            let token = ring.sign(Algorithm::RS256, made, &claims()).unwrap();
            for asked in kinds {
                let typ = if asked == "JWT" { TokenType::Plain } else { TokenType::Named(asked) };
                assert_eq!(ring.verify_own::<Value>(&token, &expectation(typ)).is_ok(), made == asked, "{made} as {asked}");
            }
        }
    }

    #[test]
    fn an_expired_hint_is_read_even_when_its_key_is_gone() {
        let key = ring_key(Algorithm::RS256, KeyState::Active, 0);
        let token = KeyRing::new(vec![key.clone()]).sign(Algorithm::RS256, "JWT", &claims()).unwrap();
        let later = KeyRing::new(Vec::new()).with_archive(vec![key.key.public_jwk().clone()]);
        let mut expected = expectation(TokenType::Plain);
        assert_eq!(later.verify_own::<Value>(&token, &expected).unwrap_err(), VerifyError::UnknownKey);
        expected.now = NOW + Duration::from_hours(24 * 400);
        expected.expired_is_fine = true;
        assert!(later.verify_own::<Value>(&token, &expected).is_ok());
    }
}
