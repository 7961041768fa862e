//! `[ephemeral]`: the store of short-lived things.

use serde::Deserialize;

use crate::config::{Period, Secret};

/// `[ephemeral]`: the store of short-lived things. `defaults.toml` explains every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EphemeralConfig {
    /// `redis://...`; empty: in this process.
    pub url: Secret,
    /// Before every key.
    pub prefix: String,
    /// One command.
    pub timeout: Period,
}
