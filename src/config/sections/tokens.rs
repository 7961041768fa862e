//! `[tokens]`: lifetimes of codes and tokens.

use serde::Deserialize;

use crate::config::Period;

/// `[tokens]`: lifetimes of codes and tokens. `defaults.toml` explains every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokensConfig {
    /// Authorization code.
    pub code: Period,
    /// Access token, unless the client has its own.
    pub access: Period,
    /// ID token.
    pub id_token: Period,
    /// Back-channel logout token.
    pub logout_token: Period,
    /// Pushed authorization request.
    pub pushed_request: Period,
    /// A refresh family without use.
    pub refresh_idle: Period,
    /// A refresh family in all.
    pub refresh_total: Period,
    /// The generation just before the current one; zero: never.
    pub refresh_grace: Period,
}
