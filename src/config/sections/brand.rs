//! `[brand]`: what people see.

use serde::Deserialize;

/// `[brand]`: what people see. `defaults.toml` explains every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrandConfig {
    /// The name on pages and in mails.
    pub name: String,
}
