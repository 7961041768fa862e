//! `[sessions]`: how long what was proved in a browser counts.

use serde::Deserialize;

use crate::config::Period;

/// `[sessions]`: how long what was proved in a browser counts. `defaults.toml` explains every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionsConfig {
    /// A browser session, used or not.
    pub lifetime: Period,
    /// What was proved at aal2.
    pub two_factor: Period,
    /// The same without use.
    pub two_factor_idle: Period,
    /// What was proved at aal3.
    pub fresh: Period,
    /// A sign-in transaction.
    pub flow: Period,
    /// Staff without use.
    pub staff_idle: Period,
    /// Contact centre without use.
    pub agent_idle: Period,
    /// Staff in all.
    pub staff_lifetime: Period,
}
