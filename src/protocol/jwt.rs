//! What the claims of all our JWTs share (RFC 7519 section 4.1).

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Seconds since the Unix epoch, whole (RFC 7519 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NumericDate(pub i64);

impl From<Timestamp> for NumericDate {
    fn from(at: Timestamp) -> Self {
        Self(at.seconds())
    }
}

impl From<NumericDate> for Timestamp {
    fn from(date: NumericDate) -> Self {
        Self::from_seconds(date.0)
    }
}

/// Whom a token is for: one string or a list (RFC 7519 4.1.3). Which of the two it was is kept, because FAPI 2.0 asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// A single string.
    One(String),
    /// A list.
    Many(Vec<String>),
}

impl Audience {
    /// Whether `name` is among those the token is for.
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Many(many) => many.iter().any(|one| one == name),
        }
    }

    /// Whether the token is for `name`, written as a single string, and for nobody else.
    pub fn is_exactly(&self, name: &str) -> bool {
        matches!(self, Self::One(one) if one == name)
    }
}

/// `typ` headers, one for each kind of token, so that none passes for another (RFC 8725 3.11).
pub mod typ {
    /// ID tokens (OIDC Core names no other).
    pub const ID_TOKEN: &str = "JWT";
    /// RFC 9068 section 2.1.
    pub const ACCESS_TOKEN: &str = "at+jwt";
    /// OIDC Back-Channel Logout 1.0 section 2.4.
    pub const LOGOUT_TOKEN: &str = "logout+jwt";
    /// conventions.md 5.
    pub const LINK_ASSERTION: &str = "link+jwt";
}

/// OIDC Core 3.1.3.6 and 3.3.2.11: the left half of the SHA-256 of a token or code, in base64url (`at_hash`, `c_hash`).
pub fn half_hash(sha256: &[u8; 32]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&sha256[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jt6_an_audience_is_a_string_or_strings() {
        let read = |text: &str| serde_json::from_str::<Audience>(text);
        assert!(read(r#""a""#).expect("one").is_exactly("a"));
        let many = read(r#"["a","b"]"#).expect("many");
        assert!(many.contains("b") && !many.contains("c") && !many.is_exactly("a"));
        for text in ["1", "null", "[1]", "{}", r#"["a",null]"#] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(!read("[]").expect("an empty list").contains(""));
    }

    #[test]
    fn dates_are_whole_seconds() {
        assert_eq!(NumericDate::from(Timestamp::from_millis(1999)), NumericDate(1));
        for text in ["1.5", r#""1""#, "1e400", "null", "[1]"] {
            assert!(serde_json::from_str::<NumericDate>(text).is_err(), "{text}");
        }
    }
}
