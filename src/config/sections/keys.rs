//! `[keys]`: root keys and rotation of signing keys.

use std::path::PathBuf;

use serde::Deserialize;

use crate::config::{Period, Secret};

/// `[keys]`: root keys and rotation of signing keys. `defaults.toml` explains every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    /// Folder of the key-encryption key and the pepper.
    pub dir: PathBuf,
    /// The key-encryption key itself, base64url; empty: a file in `dir`.
    pub kek: Secret,
    /// The pepper itself, base64url; empty: a file in `dir`.
    pub pepper: Secret,
    /// How long a signing key is `pending`.
    pub publish_before: Period,
    /// How long a signing key is `active`.
    pub rotate_after: Period,
    /// How long a signing key is `retired` before it is destroyed.
    pub keep_retired: Period,
}
