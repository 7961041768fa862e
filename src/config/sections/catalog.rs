//! `[catalog]`: product domains, scopes and texts.

use std::path::PathBuf;

use serde::Deserialize;

/// `[catalog]`: product domains, scopes and texts. `defaults.toml` explains every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogConfig {
    /// Folder; `None`: the built-in catalogue.
    #[serde(deserialize_with = "crate::config::optional")]
    pub dir: Option<PathBuf>,
}
