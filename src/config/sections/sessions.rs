//! `[sessions]`: how long what was proved in a browser counts.

use serde::Deserialize;

use crate::config::Period;

/// `[sessions]`: how long what was proved in a browser counts. `defaults.toml` explains every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionsConfig {
    /// A browser session, used or not.
    pub lifetime: Period,
    /// A sign-in transaction.
    pub flow: Period,
}
