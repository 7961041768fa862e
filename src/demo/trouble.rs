//! Why the demo cannot go on.

use std::fmt;

/// A sentence for whoever runs the demo.
#[derive(Clone, Debug)]
pub struct Trouble(String);

impl Trouble {
    /// With a sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Trouble {}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<crate::storage::Error> for Trouble {
    fn from(error: crate::storage::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<crate::config::ConfigError> for Trouble {
    fn from(error: crate::config::ConfigError) -> Self {
        Self(error.to_string())
    }
}

impl From<super::relying_party::Refused> for Trouble {
    fn from(refused: super::relying_party::Refused) -> Self {
        Self(refused.to_string())
    }
}
