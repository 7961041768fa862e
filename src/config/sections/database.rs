//! `[database]`: which database and how patiently.

use serde::Deserialize;

use crate::config::{Period, Secret};

/// `[database]`: which database and how patiently. `defaults.toml` explains every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite:PATH` or `postgres://...`; filled in when it was empty.
    pub url: Secret,
    /// The role that owns the tables; empty: `url`.
    pub owner_url: Secret,
    /// PostgreSQL: connections in the pool.
    pub max_connections: u32,
    /// SQLite: reading connections.
    pub read_connections: u32,
    /// Opening the first connection.
    pub connect_timeout: Period,
    /// Waiting for a free connection.
    pub acquire_timeout: Period,
    /// PostgreSQL: one statement.
    pub statement_timeout: Period,
    /// PostgreSQL: a transaction that does nothing.
    pub idle_in_transaction_timeout: Period,
    /// Trying a write again after collisions.
    pub write_deadline: Period,
}
