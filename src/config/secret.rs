//! A configured value that must not be shown.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

/// A secret value, or a URL that may carry a password. Never printed, wiped when dropped.
#[derive(Clone, Default)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself, for the one place that uses it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// True for the empty text, which means "not set".
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "Secret(not set)" } else { "Secret(***)" })
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(String::deserialize(deserializer)?))
    }
}

/// What may be shown of a secret: of a URL everything but user name, password and parameters, of anything else nothing.
pub(super) fn redacted(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        let plain_file = text.strip_prefix("sqlite:").is_some_and(|rest| !rest.contains(['?', '@']));
        return if text.is_empty() || plain_file { text.to_owned() } else { "***".to_owned() };
    };
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    let place = place.split(['?', '#']).next().unwrap_or_default();
    let mark = if place.len() == rest.len() { "" } else { "***@" };
    format!("{scheme}://{mark}{place}")
}

#[cfg(test)]
mod tests {
    use super::{Secret, redacted};

    #[test]
    fn nothing_shows_a_secret() {
        assert_eq!(format!("{:?}", Secret::new("hush")), "Secret(***)");
        assert_eq!(redacted("hush"), "***");
        assert_eq!(redacted(""), "");
        assert_eq!(redacted("postgres://u:p@ss@db:5432/c?password=p"), "postgres://***@db:5432/c");
        assert_eq!(redacted("redis://127.0.0.1:6379"), "redis://127.0.0.1:6379");
        assert_eq!(redacted("sqlite:data/concord.sqlite"), "sqlite:data/concord.sqlite");
    }
}
