//! `[limits]`: how often something may be tried.

use serde::Deserialize;

use crate::config::Period;

/// `[limits]`: how often something may be tried. `defaults.toml` explains every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// Life of a one-time code.
    pub code: Period,
    /// Tries of one code.
    pub code_tries: u32,
    /// Mails to one address per hour.
    pub mail_per_address_hour: u32,
    /// Mails at the wish of one client address per hour.
    pub mail_per_ip_hour: u32,
    /// Failed passwords of one person before waiting begins.
    pub password_tries: u32,
    /// The first wait; each further failure doubles it.
    pub password_wait: Period,
    /// The longest wait.
    pub password_wait_max: Period,
    /// Failed sign-ins from one client address per minute.
    pub password_per_ip_minute: u32,
    /// Failed authentications of one client per minute.
    pub client_failures_minute: u32,
}
