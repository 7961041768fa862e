//! `[password]`: Argon2id and the rules for passwords.

use serde::Deserialize;

use crate::config::Period;

/// `[password]`: Argon2id and the rules for passwords. `defaults.toml` explains every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordConfig {
    /// Memory of one hash in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub iterations: u32,
    /// Lanes.
    pub lanes: u32,
    /// Threads that only hash; 0: one per core.
    pub threads: usize,
    /// Hashes waiting for a thread.
    pub queue: usize,
    /// Longest wait of one hash.
    pub deadline: Period,
    /// Fewest code points of a password.
    pub min_length: usize,
    /// Most code points.
    pub max_length: usize,
}
