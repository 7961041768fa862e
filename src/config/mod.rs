//! Layered, typed configuration: `defaults.toml`, files, environment; validated once at start.
//!
//! A new key is a line with its explanation in `defaults.toml` and a field in its section; nothing else.

mod check;
mod cidr;
mod error;
mod load;
mod origin;
mod period;
mod provenance;
mod secret;
mod sections;
mod suggest;

pub use check::{Finding, Severity};
pub use cidr::Cidr;
pub use error::ConfigError;
pub use load::SYSTEM_FILE;
pub use origin::Origin;
pub use period::Period;
pub use provenance::{Explanation, Provenance, Source};
pub use secret::Secret;
pub use sections::brand::BrandConfig;
pub use sections::catalog::CatalogConfig;
pub use sections::database::DatabaseConfig;
pub use sections::ephemeral::EphemeralConfig;
pub use sections::keys::KeysConfig;
pub use sections::limits::LimitsConfig;
pub use sections::log::{LogConfig, LogFormat};
pub use sections::mail::{MailConfig, MailTransport};
pub use sections::memory::MemoryConfig;
pub use sections::outbound::OutboundConfig;
pub use sections::password::PasswordConfig;
pub use sections::server::ServerConfig;
pub use sections::sessions::SessionsConfig;
pub use sections::tokens::TokensConfig;
pub use suggest::closest;

use std::path::PathBuf;

use serde::Deserialize;

/// Everything that can be set. Made by [`Config::load`] or [`Config::from_toml`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The issuer: what every token names and every link starts with.
    pub issuer: Origin,
    /// Where the embedded database and the file mails live.
    pub data_dir: PathBuf,
    /// Listeners, limits of requests and connections.
    pub server: ServerConfig,
    /// The database.
    pub database: DatabaseConfig,
    /// The store of short-lived things.
    pub ephemeral: EphemeralConfig,
    /// How much is kept in memory.
    pub memory: MemoryConfig,
    /// Key-encryption key, pepper, rotation of signing keys.
    pub keys: KeysConfig,
    /// Browser sessions and flows.
    pub sessions: SessionsConfig,
    /// Lifetimes of codes and tokens.
    pub tokens: TokensConfig,
    /// How often something may be tried.
    pub limits: LimitsConfig,
    /// Password hashing and rules.
    pub password: PasswordConfig,
    /// How mails leave.
    pub mail: MailConfig,
    /// Calls to others.
    pub outbound: OutboundConfig,
    /// Logs.
    pub log: LogConfig,
    /// Product domains, scopes and texts.
    pub catalog: CatalogConfig,
    /// What people see.
    pub brand: BrandConfig,
}

/// `""` in a file means "not set".
fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    use serde::de::IntoDeserializer;
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let inner: serde::de::value::StringDeserializer<D::Error> = text.into_deserializer();
    T::deserialize(inner).map(Some)
}
