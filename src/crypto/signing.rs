//! Keys that sign: made once, stored wrapped, held parsed, because parsing a key costs as much as signing with it.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use zeroize::Zeroizing;

pub use super::algorithm::Algorithm;
use super::jwk::PublicJwk;
pub use super::keyring::{KeyInfo, KeyRing, KeyState, RingKey};
use super::random::for_signatures;
pub use super::rotation::{RotationPolicy, RotationStep, plan_replacement, plan_rotation};
use super::sealing::{Purpose, Sealer};

/// Why nothing was signed, or a key is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// No active key of the algorithm.
    #[error("no active signing key for this algorithm")]
    NoActiveKey,
    /// The claims are not JSON.
    #[error("the claims cannot be written as JSON")]
    Claims,
    /// The library refused to make, read or use a key.
    #[error("the signing key cannot be made or used")]
    Key,
    /// Stored under another name, with another key-encryption key, or changed.
    #[error("the stored signing key does not open: wrong key-encryption key, or the row was changed")]
    Sealed,
}

/// A private key, parsed, with its public half.
pub struct SigningKey {
    algorithm: Algorithm,
    pair: Pair,
    public: PublicJwk,
    kid: String,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed(Ed25519KeyPair),
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'a str,
    kid: &'a str,
}

impl SigningKey {
    /// A new key from the system's generator; RSA has 2048 bits and takes a good part of a second.
    pub fn generate(algorithm: Algorithm) -> Result<Self, SigningError> {
        let pair = match algorithm {
            Algorithm::ES256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::Ec),
            Algorithm::RS256 | Algorithm::PS256 => RsaKeyPair::generate(KeySize::Rsa2048).map(Pair::Rsa),
            Algorithm::EdDSA => Ed25519KeyPair::generate().map(Pair::Ed),
        };
        Self::from_pair(algorithm, pair.map_err(|_| SigningError::Key)?)
    }

    /// Reads a private key in unencrypted PKCS#8 (RFC 5208).
    pub fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, SigningError> {
        let pair = match algorithm {
            Algorithm::ES256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Pair::Ec),
            Algorithm::RS256 | Algorithm::PS256 => RsaKeyPair::from_pkcs8(der).map(Pair::Rsa),
            Algorithm::EdDSA => Ed25519KeyPair::from_pkcs8(der).map(Pair::Ed),
        };
        Self::from_pair(algorithm, pair.map_err(|_| SigningError::Key)?)
    }

    /// The private key in PKCS#8: for wrapping here, and for partners' own key files in the demo and tests.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, SigningError> {
        match &self.pair {
            Pair::Ec(pair) => pair.to_pkcs8v1().map(|der| Zeroizing::new(der.as_ref().to_vec())),
            Pair::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair).map(|der| Zeroizing::new(der.as_ref().to_vec())),
            Pair::Ed(pair) => pair.to_pkcs8v1().map(|der| Zeroizing::new(der.as_ref().to_vec())),
        }
        .map_err(|_| SigningError::Key)
    }

    /// The key as it is stored: PKCS#8 sealed for its `kid`.
    pub fn wrap(&self, sealer: &Sealer) -> Result<Vec<u8>, SigningError> {
        Ok(sealer.seal(Purpose::SigningKey, self.kid.as_bytes(), &self.to_pkcs8()?))
    }

    /// Takes a stored key into use. `kid` and `algorithm` are those of its row; a row with another's content is refused.
    pub fn unwrap(sealer: &Sealer, kid: &str, algorithm: Algorithm, wrapped: &[u8]) -> Result<Self, SigningError> {
        let der = sealer.open(Purpose::SigningKey, kid.as_bytes(), wrapped).ok_or(SigningError::Sealed)?;
        let key = Self::from_pkcs8(algorithm, &der)?;
        if key.kid == kid { Ok(key) } else { Err(SigningError::Sealed) }
    }

    /// The RFC 7638 thumbprint, which is the key's `kid`.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What it signs with.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public half, with `kid` and `alg`.
    pub const fn public_jwk(&self) -> &PublicJwk {
        &self.public
    }

    /// A compact JWS (RFC 7515 section 7.1) over the claims, with `alg`, `typ` and `kid` in the header.
    ///
    /// `kid` is [`SigningKey::kid`] for our own keys; a partner may have registered its key under a name of its own.
    pub fn sign_jws(&self, typ: &str, kid: &str, claims: &impl Serialize) -> Result<String, SigningError> {
        let header = serde_json::to_vec(&Header { alg: self.algorithm.as_str(), typ, kid }).map_err(|_| SigningError::Claims)?;
        let payload = serde_json::to_vec(claims).map_err(|_| SigningError::Claims)?;
        let mut token = String::with_capacity((header.len() + payload.len()) / 3 * 4 + 8 + 344);
        URL_SAFE_NO_PAD.encode_string(header, &mut token);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = self.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    /// The raw signature of a message, in the form that JWS uses (RFC 7518 section 3).
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let random = for_signatures();
        match &self.pair {
            Pair::Ec(pair) => pair.sign(&random, message).map(|signature| signature.as_ref().to_vec()),
            Pair::Ed(pair) => pair.try_sign(message).map(|signature| signature.as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let padding: &'static dyn RsaEncoding =
                    if self.algorithm == Algorithm::PS256 { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature).map(|()| signature)
            }
        }
        .map_err(|_| SigningError::Key)
    }

    fn from_pair(algorithm: Algorithm, pair: Pair) -> Result<Self, SigningError> {
        let public = match &pair {
            Pair::Ec(pair) => PublicJwk::own(algorithm, pair.public_key().as_ref()),
            Pair::Rsa(pair) => PublicJwk::own(algorithm, pair.public_key().modulus().big_endian_without_leading_zero()),
            Pair::Ed(pair) => PublicJwk::own(algorithm, pair.public_key().as_ref()),
        };
        let public = public.map_err(|_| SigningError::Key)?;
        let kid = public.thumbprint();
        Ok(Self { algorithm, pair, public, kid })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("algorithm", &self.algorithm).field("kid", &self.kid).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::Random;
    use crate::crypto::root_keys::RootKeys;

    #[test]
    fn every_algorithm_signs_what_its_public_key_verifies() {
        for algorithm in Algorithm::ALL {
            let key = SigningKey::generate(algorithm).unwrap();
            let signature = key.sign(b"message").unwrap();
            assert!(key.public_jwk().verifies(algorithm, b"message", &signature));
            assert!(!key.public_jwk().verifies(algorithm, b"massage", &signature));
            for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
                assert!(!key.public_jwk().verifies(other, b"message", &signature));
            }
            assert_eq!(key.kid(), key.public_jwk().thumbprint());
        }
    }

    #[test]
    fn a_wrapped_key_opens_in_its_own_row_only() {
        let sealer = Sealer::new(&RootKeys::in_memory(&Random::seeded(1)), Random::system());
        let stranger = Sealer::new(&RootKeys::in_memory(&Random::seeded(2)), Random::system());
        for algorithm in Algorithm::ALL {
            let key = SigningKey::generate(algorithm).unwrap();
            let wrapped = key.wrap(&sealer).unwrap();
            let again = SigningKey::unwrap(&sealer, key.kid(), algorithm, &wrapped).unwrap();
            assert_eq!(again.public_jwk(), key.public_jwk());
            assert!(matches!(SigningKey::unwrap(&sealer, "other", algorithm, &wrapped), Err(SigningError::Sealed)));
            assert!(matches!(SigningKey::unwrap(&stranger, key.kid(), algorithm, &wrapped), Err(SigningError::Sealed)));
        }
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let wrapped = key.wrap(&sealer).unwrap();
        assert!(matches!(SigningKey::unwrap(&sealer, key.kid(), Algorithm::RS256, &wrapped), Err(SigningError::Key)));
        assert!(!format!("{key:?}").contains("pair"));
    }
}
