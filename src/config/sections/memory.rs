//! `[memory]`: how much a node keeps in memory of what the database says.

use serde::Deserialize;

/// `[memory]`: how much a node keeps in memory of what the database says. `defaults.toml` explains every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryConfig {
    /// Grants, and as many subjects and relations.
    pub grants: usize,
    /// People with their values opened.
    pub people: usize,
    /// Verified JWTs.
    pub tokens: usize,
}
