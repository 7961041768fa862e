//! Proof Key for Code Exchange (RFC 7636), method `S256` only.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::Error;
use super::params::Params;

/// RFC 7636 4.2: the SHA-256 of the client's verifier. Not a secret, and in no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeChallenge([u8; 32]);

impl CodeChallenge {
    /// The challenge of an authorize request; `None` when it has none.
    ///
    /// # Errors
    /// `invalid_request` when it is malformed or its method is not `S256`. A missing method means `plain` (RFC 7636 4.3),
    /// which is refused; so is a method without a challenge.
    pub fn requested(params: &Params) -> Result<Option<Self>, Error> {
        match (params.get("code_challenge"), params.get("code_challenge_method")) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Error::invalid_request("code_challenge is missing")),
            (Some(challenge), Some("S256")) => challenge.parse().map(Some),
            (Some(_), _) => Err(Error::invalid_request("code_challenge_method must be S256")),
        }
    }

    /// RFC 7636 4.6: whether this is the challenge of the verifier with this SHA-256; takes the same time either way.
    pub fn matches(&self, digest_of_verifier: &[u8; 32]) -> bool {
        bool::from(self.0.ct_eq(digest_of_verifier))
    }
}

impl FromStr for CodeChallenge {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        // The engine refuses padding and trailing bits, so a digest has one spelling of 43 characters.
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.map(Self).ok_or_else(|| Error::invalid_request("code_challenge is malformed"))
    }
}

impl fmt::Display for CodeChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

serde_as_text!(CodeChallenge);

/// RFC 7636 4.1: the secret behind a challenge, 43 to 128 unreserved characters.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeVerifier(String);

impl CodeVerifier {
    /// What is hashed.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for CodeVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeVerifier")
    }
}

impl FromStr for CodeVerifier {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        if (43..=128).contains(&text.len()) && text.bytes().all(unreserved) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::invalid_request("code_verifier is malformed"))
    }
}

/// Whether the verifier shown at redemption belongs to the challenge of the authorization.
///
/// RFC 9700 4.8.2: a verifier is required exactly when there was a challenge.
///
/// # Errors
/// `invalid_grant`.
pub fn check(challenge: Option<&CodeChallenge>, verifier: Option<&CodeVerifier>, sha256: impl Fn(&[u8]) -> [u8; 32]) -> Result<(), Error> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) if challenge.matches(&sha256(verifier.as_bytes())) => Ok(()),
        (Some(_), Some(_)) => Err(Error::invalid_grant("the PKCE verifier is another one")),
        (Some(_), None) => Err(Error::invalid_grant("the PKCE verifier is missing")),
        (None, Some(_)) => Err(Error::invalid_grant("a PKCE verifier without a challenge")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::ErrorCode;

    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const DIGEST: [u8; 32] = [
        19, 211, 30, 150, 26, 26, 216, 236, 47, 22, 177, 12, 76, 152, 46, 8, 118, 168, 120, 173, 109, 241, 68, 86, 110, 225, 137, 74, 203,
        112, 249, 195,
    ];

    fn requested(pairs: &[(&str, &str)]) -> Result<Option<CodeChallenge>, ErrorCode> {
        CodeChallenge::requested(&Params::from_pairs(pairs.iter().copied()).expect("params")).map_err(|e| e.code)
    }

    #[test]
    fn pk1_only_s256() {
        assert_eq!(requested(&[]), Ok(None));
        let challenge = requested(&[("code_challenge", CHALLENGE), ("code_challenge_method", "S256")]).expect("s256").expect("one");
        assert!(challenge.matches(&DIGEST));
        assert_eq!(challenge.to_string(), CHALLENGE);
        for method in ["plain", "s256", "S512", "none", " S256"] {
            let pairs = [("code_challenge", CHALLENGE), ("code_challenge_method", method)];
            assert_eq!(requested(&pairs), Err(ErrorCode::InvalidRequest), "{method}");
        }
        assert_eq!(requested(&[("code_challenge", CHALLENGE)]), Err(ErrorCode::InvalidRequest));
        assert_eq!(requested(&[("code_challenge_method", "S256")]), Err(ErrorCode::InvalidRequest));
        for text in [
            &CHALLENGE[..42],
            &format!("{CHALLENGE}A"),
            &format!("{CHALLENGE}="),
            &CHALLENGE.replace('-', "+"),
            &CHALLENGE.replace("cM", "cN"),
        ] {
            let pairs = [("code_challenge", text), ("code_challenge_method", "S256")];
            assert_eq!(requested(&pairs), Err(ErrorCode::InvalidRequest), "{text}");
        }
    }

    #[test]
    fn pk2_a_verifier_is_required_exactly_when_there_was_a_challenge() {
        let challenge: CodeChallenge = CHALLENGE.parse().expect("challenge");
        let verifier: CodeVerifier = VERIFIER.parse().expect("verifier");
        let hash = |bytes: &[u8]| if bytes == VERIFIER.as_bytes() { DIGEST } else { [0; 32] };
        let other: CodeVerifier = "x".repeat(43).parse().expect("verifier");
        assert_eq!(check(Some(&challenge), Some(&verifier), hash), Ok(()));
        assert_eq!(check(None, None, hash), Ok(()));
        for (challenge, verifier) in [(Some(&challenge), None), (None, Some(&verifier)), (Some(&challenge), Some(&other))] {
            assert_eq!(check(challenge, verifier, hash).map_err(|e| e.code), Err(ErrorCode::InvalidGrant));
        }
    }

    #[test]
    fn pk3_a_verifier_has_43_to_128_unreserved_characters() {
        for (text, fine) in [
            ("a".repeat(42), false),
            ("a".repeat(43), true),
            ("a".repeat(128), true),
            ("a".repeat(129), false),
            (format!("{}-._~", "Z9".repeat(20)), true),
            (format!("{}+", "a".repeat(43)), false),
            (format!("{} ", "a".repeat(43)), false),
            (format!("{}é", "a".repeat(43)), false),
            (format!("{}\0", "a".repeat(43)), false),
            (String::new(), false),
        ] {
            assert_eq!(text.parse::<CodeVerifier>().is_ok(), fine, "{text:?}");
        }
    }
}
