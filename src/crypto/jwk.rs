//! Public keys of clients, services and ourselves as JWK (RFC 7517), and the policy that they must meet.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::RsaPublicKeyComponents;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256};
use serde::Serialize;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::digest::{base64url, from_base64url, sha256};
use crate::protocol::json;

/// The largest accepted JWK Set, in bytes.
const LONGEST_DOCUMENT: usize = 64 * 1024;
/// The most keys in a set.
const MOST_KEYS: usize = 16;
const DEEPEST: usize = 8;
const LONGEST_KID: usize = 255;
/// 65537, the only accepted RSA exponent.
const EXPONENT: &[u8] = &[1, 0, 1];
/// Members that only a private or a shared key has (RFC 7518 sections 6.2.2, 6.3.2, 6.4.1; RFC 8037 section 2).
const PRIVATE: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];
/// Encodings of Ed25519 points of small order, sign bit cleared: under such a key one signature fits many messages.
const SMALL_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    point(1, 0, 0),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
        0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
        0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    point(0xec, 0xff, 0x7f),
    point(0xed, 0xff, 0x7f),
    point(0xee, 0xff, 0x7f),
];

const fn point(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

/// Why a key or a set is not accepted. The texts name the rule, for whoever registers the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// Not JSON, duplicate members, not an object with `keys`, too long.
    #[error("not a JWK Set: a JSON object with a list `keys`, at most 64 KiB, no member twice")]
    Malformed,
    /// Too many keys.
    #[error("a JWK Set may hold at most 16 keys")]
    Count,
    /// A private or shared key: it is compromised now.
    #[error("this is a private or shared key: it must be replaced, and only its public part registered")]
    Private,
    /// Not RSA, EC P-256 or Ed25519.
    #[error("the key type is not accepted: use RSA, EC with P-256, or OKP with Ed25519")]
    Type,
    /// The values do not make a sound key.
    #[error("the key is not sound: RSA needs at least 2048 bits and e=65537, EC and OKP a point on the curve in full length")]
    Unsound,
    /// `use`, `key_ops` or `alg` contradict the type or each other.
    #[error("`use`, `key_ops` or `alg` do not allow verifying signatures with this key")]
    Usage,
    /// Missing, empty, too long or repeated `kid`.
    #[error("`kid` must be a text of 1 to 255 characters, different for each key; only a single key may go without")]
    KeyId,
}

/// A public key that met the policy, parsed and ready to verify.
#[derive(Clone)]
pub struct PublicJwk {
    kid: Option<String>,
    material: Material,
    verifiers: Arc<[(Algorithm, ParsedPublicKey)]>,
}

#[derive(Clone, PartialEq, Eq)]
enum Material {
    Rsa { n: Vec<u8> },
    P256 { x: Vec<u8>, y: Vec<u8> },
    Ed25519 { x: Vec<u8> },
}

impl PublicJwk {
    /// Reads a key and holds it against the policy: RSA of 2048 to 8192 bits with e=65537, EC on P-256, Ed25519; no
    /// private members, no shared keys; `use`, `key_ops` and `alg` as for a signature key.
    pub fn from_value(value: &Value) -> Result<Self, JwkError> {
        let members = value.as_object().ok_or(JwkError::Malformed)?;
        refuse_private(members)?;
        let material = Material::read(members)?;
        let algorithms = allowed_algorithms(members, &material)?;
        let kid = match members.get("kid") {
            None => None,
            Some(Value::String(kid)) if (1..=LONGEST_KID).contains(&kid.len()) => Some(kid.clone()),
            Some(_) => return Err(JwkError::KeyId),
        };
        Self::build(kid, material, &algorithms)
    }

    /// A key of ours: `kid` is the thumbprint.
    pub(super) fn own(algorithm: Algorithm, encoded: &[u8]) -> Result<Self, JwkError> {
        let material = match algorithm {
            Algorithm::RS256 | Algorithm::PS256 => Material::Rsa { n: encoded.to_vec() },
            Algorithm::EdDSA => Material::Ed25519 { x: encoded.to_vec() },
            Algorithm::ES256 => match encoded.strip_prefix(&[4]).and_then(|point| point.split_at_checked(32)) {
                Some((x, y)) => Material::P256 { x: x.to_vec(), y: y.to_vec() },
                None => return Err(JwkError::Unsound),
            },
        };
        let kid = material.thumbprint();
        Self::build(Some(kid), material, &[algorithm])
    }

    fn build(kid: Option<String>, material: Material, algorithms: &[Algorithm]) -> Result<Self, JwkError> {
        let parse = |algorithm: &Algorithm| Ok((*algorithm, material.parse(*algorithm)?));
        let verifiers = algorithms.iter().map(parse).collect::<Result<_, JwkError>>()?;
        Ok(Self { kid, material, verifiers })
    }

    /// The key's name, where it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The algorithms that this key verifies: the one in `alg`, else all of its type.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.verifiers.iter().map(|(algorithm, _)| *algorithm)
    }

    /// RFC 7638: base64url of the SHA-256 of the required members.
    pub fn thumbprint(&self) -> String {
        self.material.thumbprint()
    }

    /// Whether `signature` is this key's over `message`; `false` also for an algorithm that is not the key's.
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let verifier = self.verifiers.iter().find(|(own, _)| *own == algorithm);
        verifier.is_some_and(|(_, key)| key.verify_sig(message, signature).is_ok())
    }

    /// The key as it is published: public members, `use`, `kid`, and `alg` where the key has exactly one.
    pub fn to_value(&self) -> Value {
        let mut members = self.material.members();
        members.push(("use", "sig".to_owned()));
        if let [(algorithm, _)] = self.verifiers.as_ref() {
            members.push(("alg", algorithm.as_str().to_owned()));
        }
        members.extend(self.kid.clone().map(|kid| ("kid", kid)));
        Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect())
    }
}

impl Serialize for PublicJwk {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl fmt::Debug for PublicJwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicJwk").field(&self.thumbprint()).finish()
    }
}

impl PartialEq for PublicJwk {
    fn eq(&self, other: &Self) -> bool {
        self.kid == other.kid && self.material == other.material && self.algorithms().eq(other.algorithms())
    }
}

impl Eq for PublicJwk {}

impl Material {
    fn read(members: &Map<String, Value>) -> Result<Self, JwkError> {
        let text = |name| members.get(name).and_then(Value::as_str);
        let bytes = |name| text(name).and_then(from_base64url).ok_or(JwkError::Unsound);
        match (text("kty"), text("crv")) {
            (Some("RSA"), None) => {
                let (n, e) = (bytes("n")?, bytes("e")?);
                let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
                let plain = n.first().is_some_and(|byte| *byte != 0) && n.last().is_some_and(|byte| byte % 2 == 1);
                if plain && (2048..=8192).contains(&bits) && e == EXPONENT { Ok(Self::Rsa { n }) } else { Err(JwkError::Unsound) }
            }
            (Some("EC"), Some("P-256")) => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                if x.len() == 32 && y.len() == 32 { Ok(Self::P256 { x, y }) } else { Err(JwkError::Unsound) }
            }
            (Some("OKP"), Some("Ed25519")) => {
                let x = bytes("x")?;
                let mut unsigned: [u8; 32] = x.as_slice().try_into().map_err(|_| JwkError::Unsound)?;
                unsigned[31] &= 0x7f;
                // 2^255 - 19 and above are second spellings of small numbers.
                let canonical = unsigned[31] != 0x7f || unsigned[1..31].iter().any(|byte| *byte != 0xff) || unsigned[0] < 0xed;
                if canonical && !SMALL_ORDER.contains(&unsigned) { Ok(Self::Ed25519 { x }) } else { Err(JwkError::Unsound) }
            }
            _ => Err(JwkError::Type),
        }
    }

    /// What the type can verify.
    const fn algorithms(&self) -> &'static [Algorithm] {
        match self {
            Self::Rsa { .. } => &[Algorithm::RS256, Algorithm::PS256],
            Self::P256 { .. } => &[Algorithm::ES256],
            Self::Ed25519 { .. } => &[Algorithm::EdDSA],
        }
    }

    /// The public members in the order of RFC 7638 section 3.2, which is lexicographic.
    fn members(&self) -> Vec<(&'static str, String)> {
        let text = str::to_owned;
        match self {
            Self::Rsa { n } => vec![("e", base64url(EXPONENT)), ("kty", text("RSA")), ("n", base64url(n))],
            Self::P256 { x, y } => vec![("crv", text("P-256")), ("kty", text("EC")), ("x", base64url(x)), ("y", base64url(y))],
            Self::Ed25519 { x } => vec![("crv", text("Ed25519")), ("kty", text("OKP")), ("x", base64url(x))],
        }
    }

    /// None of the values needs escaping: they are base64url and fixed names.
    fn thumbprint(&self) -> String {
        let members: Vec<_> = self.members().iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
        base64url(&sha256(format!("{{{}}}", members.join(",")).as_bytes()))
    }

    /// Parses for use; the library refuses points off the curve.
    fn parse(&self, algorithm: Algorithm) -> Result<ParsedPublicKey, JwkError> {
        match (self, algorithm) {
            (Self::Rsa { n }, Algorithm::RS256) => {
                RsaPublicKeyComponents { n: n.as_slice(), e: EXPONENT }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            }
            (Self::Rsa { n }, Algorithm::PS256) => {
                RsaPublicKeyComponents { n: n.as_slice(), e: EXPONENT }.to_parsed_public_key(&RSA_PSS_2048_8192_SHA256)
            }
            (Self::P256 { x, y }, Algorithm::ES256) => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, [[4].as_slice(), x, y].concat()),
            (Self::Ed25519 { x }, Algorithm::EdDSA) => ParsedPublicKey::new(&ED25519, x),
            _ => return Err(JwkError::Usage),
        }
        .map_err(|_| JwkError::Unsound)
    }
}

fn refuse_private(members: &Map<String, Value>) -> Result<(), JwkError> {
    if members.get("kty").and_then(Value::as_str) == Some("oct") || PRIVATE.iter().any(|name| members.contains_key(*name)) {
        return Err(JwkError::Private);
    }
    Ok(())
}

/// What `use`, `key_ops` and `alg` leave of the algorithms of the key's type (RFC 7517 sections 4.2 to 4.4).
fn allowed_algorithms(members: &Map<String, Value>, material: &Material) -> Result<Vec<Algorithm>, JwkError> {
    if members.get("use").is_some_and(|usage| usage != "sig") {
        return Err(JwkError::Usage);
    }
    // A public key that also claims to sign, or to encrypt, was not made with care.
    if members.get("key_ops").is_some_and(|operations| operations.as_array().is_none_or(|list| list.as_slice() != ["verify"])) {
        return Err(JwkError::Usage);
    }
    let of_type = material.algorithms();
    match members.get("alg") {
        None => Ok(of_type.to_vec()),
        Some(name) => {
            let named = of_type.iter().find(|algorithm| name == algorithm.as_str());
            named.map(|algorithm| vec![*algorithm]).ok_or(JwkError::Usage)
        }
    }
}

/// The signature keys of one party.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JwkSet(Vec<PublicJwk>);

impl JwkSet {
    /// Reads a JWK Set (RFC 7517 section 5) and holds each key against the policy. Keys for encryption (`use: enc`)
    /// are left out; one bad key refuses the set, because half a registration is worse than an error.
    pub fn parse(text: &[u8]) -> Result<Self, JwkError> {
        Self::from_value(&json::parse(text, LONGEST_DOCUMENT, DEEPEST).map_err(|_| JwkError::Malformed)?)
    }

    /// As [`JwkSet::parse`], for JSON that was read already; the reader must have refused duplicate members.
    pub fn from_value(value: &Value) -> Result<Self, JwkError> {
        let listed = value.get("keys").and_then(Value::as_array).ok_or(JwkError::Malformed)?;
        if listed.len() > MOST_KEYS {
            return Err(JwkError::Count);
        }
        let mut keys = Vec::with_capacity(listed.len());
        for entry in listed {
            refuse_private(entry.as_object().ok_or(JwkError::Malformed)?)?;
            if entry.get("use").is_none_or(|usage| usage != "enc") {
                keys.push(PublicJwk::from_value(entry)?);
            }
        }
        Self::new(keys)
    }

    /// A set of these keys, each with its own `kid` unless it is the only one. An empty set verifies nothing.
    pub fn new(keys: Vec<PublicJwk>) -> Result<Self, JwkError> {
        if keys.len() > MOST_KEYS {
            return Err(JwkError::Count);
        }
        let mut kids: Vec<_> = keys.iter().filter_map(PublicJwk::kid).collect();
        kids.sort_unstable();
        kids.dedup();
        if kids.len() < keys.len() && keys.len() > 1 {
            return Err(JwkError::KeyId);
        }
        Ok(Self(keys))
    }

    /// The keys.
    pub fn keys(&self) -> &[PublicJwk] {
        &self.0
    }

    /// The one key for a token: the one named by `kid`; without `kid` the only one that has the algorithm.
    pub fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<&PublicJwk> {
        let mut fitting = self.0.iter().filter(|key| key.algorithms().any(|own| own == algorithm));
        match kid {
            // A single key registered without a name answers to any name.
            Some(kid) => fitting.find(|key| key.kid().map_or(self.0.len() == 1, |own| own == kid)),
            None => fitting.next().filter(|_| fitting.next().is_none()),
        }
    }

    /// The set as it is published.
    pub fn to_value(&self) -> Value {
        serde_json::json!({ "keys": self.0.iter().map(PublicJwk::to_value).collect::<Vec<_>>() })
    }
}

#[cfg(test)]
mod tests;
