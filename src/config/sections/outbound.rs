//! `[outbound]`: calls to others.

use std::path::PathBuf;

use serde::Deserialize;

use crate::config::Period;

/// `[outbound]`: calls to others. `defaults.toml` explains every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutboundConfig {
    /// May calls to URLs given by clients reach loopback?
    pub allow_loopback: bool,
    /// One call.
    pub timeout: Period,
    /// PEM file of further certificate authorities.
    #[serde(deserialize_with = "crate::config::optional")]
    pub trust_anchor: Option<PathBuf>,
}
