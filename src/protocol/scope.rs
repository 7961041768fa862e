//! Scope (RFC 6749 3.3): a set of tokens, written with single spaces.

use std::fmt;
use std::str::FromStr;

use super::{Error, ErrorCode};

/// The most tokens one scope may have.
const MAX_TOKENS: usize = 64;
/// The longest token, in bytes.
const MAX_TOKEN: usize = 128;

/// A set of scope tokens. Keeps the order it was written in; two sets with the same tokens are equal.
#[derive(Clone, Debug, Default)]
pub struct ScopeSet(Vec<Box<str>>);

impl ScopeSet {
    /// The empty set.
    pub const EMPTY: Self = Self(Vec::new());

    /// Whether `token` is in the set.
    pub fn contains(&self, token: &str) -> bool {
        self.0.iter().any(|known| **known == *token)
    }

    /// Whether every token of `other` is in this set.
    pub fn contains_all(&self, other: &Self) -> bool {
        other.iter().all(|token| self.contains(token))
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of tokens.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The tokens in the order they were written.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|token| &**token)
    }

    /// What both sets have, in the order of this one.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.filtered(|token| other.contains(token))
    }

    /// What this set has and `other` has not.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.filtered(|token| !other.contains(token))
    }

    /// What either set has: this one's tokens first. Not bounded: both sides are.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut tokens = self.0.clone();
        tokens.extend(other.0.iter().filter(|token| !self.contains(token)).cloned());
        Self(tokens)
    }

    /// The tokens that `keep` says yes to.
    #[must_use]
    pub fn filtered(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|token| keep(token)).cloned().collect())
    }
}

impl PartialEq for ScopeSet {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.contains_all(other)
    }
}

impl Eq for ScopeSet {}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, token) in self.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            f.write_str(token)?;
        }
        Ok(())
    }
}

/// Whether `token` is one scope token: visible ASCII without quotation mark and backslash, at most 128 bytes.
pub fn is_token(token: &str) -> bool {
    (1..=MAX_TOKEN).contains(&token.len()) && token.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

fn wrong(description: &'static str) -> Error {
    Error::new(ErrorCode::InvalidScope, description)
}

impl FromStr for ScopeSet {
    type Err = Error;

    /// Reads `token *( SP token )`; the empty text is the empty set, repeated tokens count once.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.is_empty() {
            return Ok(Self::EMPTY);
        }
        Self::from_tokens(text.split(' '))
    }
}

impl ScopeSet {
    /// The set of these tokens.
    ///
    /// # Errors
    /// `invalid_scope` when one is malformed or there are too many.
    pub fn from_tokens<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let mut set = Self::EMPTY;
        for (position, token) in tokens.into_iter().enumerate() {
            if position >= MAX_TOKENS {
                return Err(wrong("scope has too many tokens"));
            }
            if !is_token(token) {
                return Err(wrong("scope is malformed"));
            }
            if !set.contains(token) {
                set.0.push(token.into());
            }
        }
        Ok(set)
    }
}

impl<'a> FromIterator<&'a str> for ScopeSet {
    /// For tokens that come from a catalog or another set: what is not a token is left out.
    fn from_iter<I: IntoIterator<Item = &'a str>>(tokens: I) -> Self {
        let mut set = Self::EMPTY;
        for token in tokens {
            if is_token(token) && !set.contains(token) {
                set.0.push(token.into());
            }
        }
        set
    }
}

serde_as_text!(ScopeSet);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(text: &str) -> ScopeSet {
        text.parse().expect("a scope")
    }

    #[test]
    fn order_is_kept_and_does_not_matter() {
        assert_eq!(set("openid profile openid email").to_string(), "openid profile email");
        assert_eq!(set("a b"), set("b a"));
        assert_ne!(set("a b"), set("a"));
        assert_eq!(set(""), ScopeSet::EMPTY);
        assert_eq!(set("a b c").intersection(&set("c a")).to_string(), "a c");
        assert_eq!(set("a b c").difference(&set("c a")).to_string(), "b");
        assert_eq!(set("a b").union(&set("c a")).to_string(), "a b c");
    }

    #[test]
    fn malformed_scopes_are_refused() {
        let many = (0..65).map(|n| format!("s{n}")).collect::<Vec<_>>().join(" ");
        let long = "x".repeat(129);
        for text in [" ", "a  b", " a", "a ", "a\tb", "a\nb", "a\"b", "a\\b", "ä", "a\u{202e}", "a\u{0}", many.as_str(), long.as_str()] {
            assert_eq!(text.parse::<ScopeSet>().map_err(|e| e.code), Err(ErrorCode::InvalidScope), "{text:?}");
        }
    }

    #[test]
    fn serde_uses_the_text() {
        let json = serde_json::to_string(&set("openid email")).expect("text");
        assert_eq!(json, r#""openid email""#);
        assert_eq!(serde_json::from_str::<ScopeSet>(&json).expect("scope"), set("email openid"));
        assert!(serde_json::from_str::<ScopeSet>(r#""a  b""#).is_err());
    }

    fn any_set() -> impl Strategy<Value = ScopeSet> {
        proptest::collection::vec("[a-d]{1,2}", 0..12).prop_map(|tokens| tokens.iter().map(String::as_str).collect())
    }

    proptest! {
        #[test]
        fn scope_algebra(a in any_set(), b in any_set(), c in any_set()) {
            prop_assert_eq!(a.intersection(&b), b.intersection(&a));
            prop_assert_eq!(a.union(&b), b.union(&a));
            prop_assert_eq!(a.intersection(&b.union(&c)), a.intersection(&b).union(&a.intersection(&c)));
            prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a.clone());
            prop_assert!(a.difference(&b).intersection(&b).is_empty());
            prop_assert!(a.contains_all(&a.intersection(&b)));
            prop_assert_eq!(a.union(&b).contains_all(&c), c.iter().all(|t| a.contains(t) || b.contains(t)));
            prop_assert_eq!(a.to_string().parse::<ScopeSet>().expect("a scope"), a);
        }

        #[test]
        fn reading_never_panics_and_is_exact(text in ".*") {
            if let Ok(set) = text.parse::<ScopeSet>() {
                prop_assert!(set.iter().all(is_token));
                prop_assert!(text.split(' ').all(|token| token.is_empty() || set.contains(token)));
            }
        }
    }
}
